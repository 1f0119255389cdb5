//! From a file that somebody opens to a session: a session itself, or an import of what another tool wrote, which is
//! kept in the user's cache so that it is done once.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use gtk::glib;
use perfkit_agent::{Error, Result, import, session};

use crate::link::{Progress, away};
use crate::model::Document;
use crate::wording::{marked, tr_with};

/// Opens a session, or anything that can be imported.
pub async fn open(path: &Path, progress: &Progress) -> Result<Document> {
    let title = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let (at, watched) = (path.to_owned(), progress.clone());
    let failed = || Error::Invalid(format!("{}: opening it failed by an error of perfkit", path.display()));
    let session = away(move || as_session(&at, &watched)).await.ok_or_else(failed)??;
    let document = Document::open(&session, &title).await?;
    if progress.is_cancelled() { Err(Error::Cancelled) } else { Ok(document) }
}

/// The session for a file.
fn as_session(path: &Path, progress: &Progress) -> Result<PathBuf> {
    if session::is_session(path)? {
        return Ok(path.to_owned());
    }
    let format = recognised(path)?;
    let at = cached(path)?;
    if at.exists() && session::is_session(&at)? {
        return Ok(at);
    }
    let folder = at.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    // Under another name first: one that is there is whole.
    let unfinished = at.with_extension(format!("{}.part", std::process::id()));
    let watched = progress.clone();
    let wanted = move |rows| watched.tell(rows, 0);
    import::make_while(&[(path.to_owned(), format)], &unfinished, wanted)?;
    std::fs::rename(&unfinished, &at).map_err(Error::file("keep", &at))?;
    Ok(at)
}

/// What a file is that is no session.
fn recognised(path: &Path) -> Result<&'static import::Format> {
    let refused = |text: &str| Error::Invalid(tr_with(text, &[("file", &path.to_string_lossy())]));
    let about = std::fs::metadata(path).map_err(Error::file("open", path))?;
    match (about.is_dir(), about.len()) {
        (true, _) => Err(refused(marked("{file} is a folder"))),
        (false, 0) => Err(refused(marked("{file} is empty"))),
        (false, _) => import::recognise(path).map_err(|error| match error {
            // Its words are about the command line.
            Error::Invalid(_) => refused(marked("{file} is no session, and no recording that perfkit can read")),
            other => other,
        }),
    }
}

/// Where the import of a file is kept: it depends on the file and on when it was written last.
fn cached(path: &Path) -> Result<PathBuf> {
    let about = std::fs::metadata(path).map_err(Error::file("open", path))?;
    let mut hash = DefaultHasher::new();
    (about.dev(), about.ino(), about.size(), about.mtime(), about.mtime_nsec()).hash(&mut hash);
    env!("CARGO_PKG_VERSION").hash(&mut hash);
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let folder = glib::user_cache_dir().join("perfkit").join("imports");
    Ok(folder.join(format!("{name}-{:016x}.perfkit", hash.finish())))
}
