//! Save As: the session under another name, which the window shows from then on.

use std::path::{Path, PathBuf};

use gtk::glib;
use perfkit_agent::{Error, session};

use super::file::{self, Asked};
use super::working::work;
use crate::model::Document;
use crate::window::Window;
use crate::wording::{self, tr, tr_with};

/// Asks for the name, and saves.
pub fn present(window: &Window) {
    let Some(document) = window.document() else { return };
    let window = window.clone();
    glib::spawn_future_local(async move {
        let title = Path::new(document.title());
        let asked = Asked {
            title: tr("Save the Session As"),
            accept: tr("_Save"),
            kinds: vec![(tr("Sessions"), vec!["*.perfkit"])],
            name: title.with_extension("perfkit").to_string_lossy().into_owned(),
            folder: file::beside(document.path()),
        };
        let Some(to) = file::to_write(&window, asked).await else { return };
        let to = if to.extension().is_some() { to } else { to.with_extension("perfkit") };
        match save(&window, &document, &to).await {
            Ok(()) => show(&window, &document, to).await,
            Err(Error::Cancelled) => {}
            Err(error) => window.complain(&tr("Cannot Save the Session"), &wording::error(&error)),
        }
    });
}

async fn save(window: &Window, document: &Document, to: &Path) -> perfkit_agent::Result<()> {
    let (from, at) = (document.path().to_owned(), to.to_owned());
    let same = std::fs::canonicalize(&at).is_ok_and(|at| std::fs::canonicalize(&from).is_ok_and(|from| from == at));
    if same {
        // Whatever is done to a session is in its file at once.
        return Ok(());
    }
    let title = tr("Saving the Session");
    let done = work(window, &title, move |progress| {
        let session = session::Session::open(&from)?;
        session::copy(&session, &at, &mut |all, done| progress.tell(done, all))
    });
    done.await.unwrap_or_else(|| Err(Error::Invalid(tr("The session could not be copied"))))
}

/// Shows the new file where the old one was looked at.
async fn show(window: &Window, before: &Document, to: PathBuf) {
    let title = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let document = match Document::open(&to, &title).await {
        Ok(document) => document,
        Err(error) => return window.complain(&tr("Cannot Open the File"), &wording::error(&error)),
    };
    document.set_visible(before.visible());
    document.set_selection(before.selection());
    document.set_cursor(before.cursor());
    window.leave_script(move |window| {
        let page = window.page();
        window.show(document);
        window.show_page(&page);
        window.toast(&tr_with("Saved as {name}", &[("name", &title)]));
    });
}
