//! Scripts as files: they are opened and saved, and one that was edited never goes unasked.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use adw::prelude::*;
use futures_channel::oneshot;
use gtk::glib;

use super::{Page, SUFFIX};
use crate::dialogs::file::{self, Asked};
use crate::link::away;
use crate::window::Window;
use crate::wording::{self, plain, tr, tr_with};

impl Page {
    /// Whether there is something in it that is in no file, and in no session.
    pub fn is_edited(&self) -> bool {
        *self.saved.borrow() != self.editor.text()
    }

    /// Asks what becomes of an edited script that is about to go, and does so. Whether it may go.
    pub async fn give_up(self: &Rc<Self>, window: &Window) -> bool {
        if !self.is_edited() {
            return true;
        }
        // Who asks a second time is answered by the question that stands there.
        if self.asking.replace(true) {
            return false;
        }
        let named = self.file.borrow().is_some();
        let goes = match &*ask(window, &self.name(), named).await {
            SAVE if named => self.save(window).await,
            SAVE => self.ask_and_save(window).await,
            DISCARD => {
                self.saved.replace(self.editor.text());
                true
            }
            _ => false,
        };
        self.asking.set(false);
        goes
    }

    /// Asks for a script to open.
    pub(super) fn open(self: &Rc<Self>) {
        let (Some(window), page) = (self.window(), Rc::clone(self)) else { return };
        glib::spawn_future_local(async move {
            let asked = Asked {
                title: tr("Open a Script"),
                accept: tr("_Open"),
                kinds: vec![(tr("Scripts of input"), vec!["*.perfinput"])],
                folder: file::beside(page.document.path()),
                ..Asked::default()
            };
            if let Some(path) = file::to_read(&window, asked).await.and_then(|file| file.path()) {
                page.open_file(path);
            }
        });
    }

    /// Shows the script of a file in place of what is shown.
    pub(super) fn open_file(self: &Rc<Self>, path: PathBuf) {
        // From now on it is this that is shown, and not what the session has.
        self.opening.set(true);
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            let at = path.clone();
            let read = away(move || std::fs::read_to_string(&at)).await;
            page.opening.set(false);
            let Some(window) = page.window() else { return };
            match read {
                Some(Ok(text)) => {
                    if page.give_up(&window).await {
                        page.load(&text, Some(path));
                    }
                    return;
                }
                Some(Err(error)) => {
                    let error = perfkit_agent::Error::file("read", &path)(error);
                    window.complain(&tr("Cannot Open the Script"), &wording::error(&error));
                }
                None => window.complain(&tr("Cannot Open the Script"), &tr("Reading it failed unexpectedly")),
            }
            // What the session has may have come meanwhile, and was not wanted.
            page.read();
        });
    }

    /// Asks where to save it, and does so.
    pub(super) fn save_as(self: &Rc<Self>) {
        let (Some(window), page) = (self.window(), Rc::clone(self)) else { return };
        glib::spawn_future_local(async move { page.ask_and_save(&window).await });
    }

    async fn ask_and_save(&self, window: &Window) -> bool {
        let asked = Asked {
            title: tr("Save the Script"),
            accept: tr("_Save"),
            kinds: vec![(tr("Scripts of input"), vec!["*.perfinput"])],
            name: self.name(),
            folder: self.file.borrow().as_deref().map_or_else(|| file::beside(self.document.path()), file::beside),
        };
        let Some(to) = file::to_write(window, asked).await else { return false };
        self.save_to(window, if to.extension().is_some() { to } else { to.with_extension(SUFFIX) }).await
    }

    /// Saves it where it was opened or saved before; whether that was done.
    async fn save(&self, window: &Window) -> bool {
        let file = self.file.borrow().clone();
        match file {
            Some(file) => self.save_to(window, file).await,
            None => false,
        }
    }

    async fn save_to(&self, window: &Window, to: PathBuf) -> bool {
        let (at, text) = (to.clone(), self.editor.text());
        let written = text.clone();
        let why = match away(move || std::fs::write(&at, written)).await {
            Some(Ok(())) => {
                let name = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.saved.replace(text);
                self.file.replace(Some(to));
                self.counted(true);
                self.document.tell(&tr_with("Saved {name}", &[("name", &name)]));
                return true;
            }
            Some(Err(error)) => wording::error(&perfkit_agent::Error::file("write", &to)(error)),
            None => tr("Writing it failed unexpectedly"),
        };
        window.complain(&tr("Cannot Save the Script"), &why);
        false
    }

    /// The name of its file, or of a new one for it.
    fn name(&self) -> String {
        let file = self.file.borrow();
        let named = file.as_deref().unwrap_or(Path::new(self.document.title())).with_extension(SUFFIX);
        named.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Whether new files can be put into a folder.
pub fn can_write(folder: &Path) -> bool {
    crate::dialogs::record::check::writable(folder.to_owned()).is_ok()
}

const CANCEL: &str = "cancel";
const DISCARD: &str = "discard";
const SAVE: &str = "save";

/// Asks what becomes of a script; `named` where it has a file already.
async fn ask(window: &Window, name: &str, named: bool) -> String {
    let words = tr_with("{name} was edited. What is not saved is lost.", &[("name", name)]);
    let dialog = adw::MessageDialog::new(Some(window), Some(&tr("Save the Script?")), Some(&plain(&words)));
    dialog.add_response(CANCEL, &tr("_Cancel"));
    dialog.add_response(DISCARD, &tr("_Discard"));
    dialog.add_response(SAVE, &if named { tr("_Save") } else { tr("_Save…") });
    dialog.set_response_appearance(DISCARD, adw::ResponseAppearance::Destructive);
    dialog.set_response_appearance(SAVE, adw::ResponseAppearance::Suggested);
    dialog.set_default_response(Some(SAVE));
    dialog.set_close_response(CANCEL);
    let (tell, told) = oneshot::channel();
    let tell = std::cell::Cell::new(Some(tell));
    dialog.connect_response(None, move |_, response| {
        if let Some(tell) = tell.take() {
            // The window may be gone.
            let _ = tell.send(response.to_owned());
        }
    });
    dialog.present();
    told.await.unwrap_or_else(|_| CANCEL.to_owned())
}
