//! A session under another name: one whole file, also of a session that is being written.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::reader::Session;
use crate::error::{Error, Result};

/// Pages from one look at whether to go on to the next: a few milliseconds' worth.
const STEP: i32 = 1024;
/// How long a writer is waited for that holds the session just then.
const PAUSE: Duration = Duration::from_millis(10);

/// Copies a session to `to`, where it appears when it is whole; a file that is there is replaced.
///
/// `goes_on` is told how many pages there are and how many of them are copied, and says whether to go on. Ends with
/// [`Error::Cancelled`] where it does not, and leaves nothing then.
pub fn copy(session: &Session, to: &Path, goes_on: &mut dyn FnMut(u64, u64) -> bool) -> Result<()> {
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".perfkit-").permissions(Permissions::from_mode(0o666));
    let fresh = builder.tempfile_in(folder).map_err(Error::file("write to", to))?;
    let mut db = Connection::open(fresh.path()).map_err(Error::store(to))?;
    let source = session.connect()?;
    let backup = Backup::new(&source, &mut db).map_err(Error::store(to))?;
    loop {
        let done = backup.step(STEP).map_err(Error::store(to))?;
        let progress = backup.progress();
        let (all, left) = (progress.pagecount.max(0) as u64, progress.remaining.max(0) as u64);
        if !goes_on(all, all.saturating_sub(left)) {
            return Err(Error::Cancelled);
        }
        match done {
            StepResult::Done => break,
            StepResult::More => {}
            // Somebody writes just now.
            _ => std::thread::sleep(PAUSE),
        }
    }
    drop(backup);
    // One file needs no log beside it.
    db.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(())).map_err(Error::store(to))?;
    db.close().map_err(|(_, error)| Error::store(to)(error))?;
    fresh.persist(to).map(drop).map_err(|failed| Error::file("write to", to)(failed.error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Store;

    /// Whether a file says of itself that no log lies beside it.
    fn is_single(path: &Path) -> bool {
        std::fs::read(path).unwrap()[18] == 1
    }

    fn fixture() -> (tempfile::TempDir, Session) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.perfkit");
        let first = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/session/version-1.perfkit");
        std::fs::copy(first, &path).unwrap();
        let session = Session::open(&path).unwrap();
        (folder, session)
    }

    #[test]
    fn a_copy_is_one_whole_session() {
        let (folder, session) = fixture();
        let to = folder.path().join("b.perfkit");
        std::fs::write(&to, "was here before").unwrap();
        let mut last = (0, 0);
        copy(&session, &to, &mut |all, done| {
            assert!(done >= last.1 && done <= all, "{last:?} {all} {done}");
            last = (all, done);
            true
        })
        .unwrap();
        assert_eq!(last.0, last.1);
        assert!(is_single(&to));
        let copied = Session::open(&to).unwrap();
        let count = |session: &Session| {
            session.db().query_row("SELECT sum(rows) FROM chunk", [], |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!(count(&copied), count(&session));
        drop(copied);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_session_that_is_being_written_is_copied_as_it_is_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.perfkit");
        let _writer = Store::create(&path).unwrap();
        let to = folder.path().join("b.perfkit");
        copy(&Session::open(&path).unwrap(), &to, &mut |_, _| true).unwrap();
        assert!(is_single(&to));
        Session::open(&to).unwrap();
    }

    #[test]
    fn one_that_is_cancelled_or_has_no_place_leaves_nothing() {
        let (folder, session) = fixture();
        let to = folder.path().join("b.perfkit");
        assert!(matches!(copy(&session, &to, &mut |_, _| false), Err(Error::Cancelled)));
        let nowhere = folder.path().join("none/b.perfkit");
        let error = copy(&session, &nowhere, &mut |_, _| true).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot write to {}", nowhere.display())), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
