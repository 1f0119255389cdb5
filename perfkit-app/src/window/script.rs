//! The script of input that a window shows, on the page of a session or alone; where it was edited, it never goes unasked.

use std::path::Path;
use std::rc::{Rc, Weak};

use adw::subclass::prelude::*;
use gtk::glib;

use super::Window;
use crate::model::Document;
use crate::pages::input;

impl Window {
    /// Shows a script of input: on the page of the session that is there, or alone.
    pub(super) fn open_script(&self, path: &Path) {
        if let Some(document) = self.document() {
            self.show_page("input");
            return document.want_script(path);
        }
        let path = path.to_owned();
        self.leave_script(move |window| {
            let document = Document::of_nothing();
            window.tells(&document);
            let page = input::make(&document);
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            window.put("script", &page, &name);
            document.want_script(&path);
        });
    }

    /// It is this page that has its script of input.
    pub fn set_script(&self, page: Weak<input::Page>) {
        self.imp().script.replace(page);
    }

    /// The page of a script that was edited and not saved.
    pub(super) fn edited_script(&self) -> Option<Rc<input::Page>> {
        let page = self.imp().script.borrow().upgrade();
        page.filter(|page| page.window().as_ref() == Some(self) && page.is_edited())
    }

    /// Does what takes the script of input away; where that was edited, it is asked first what becomes of it.
    pub fn leave_script(&self, then: impl FnOnce(&Window) + 'static) {
        let Some(page) = self.edited_script() else { return then(self) };
        let window = self.clone();
        glib::spawn_future_local(async move {
            if page.give_up(&window).await {
                then(&window);
            }
        });
    }
}
