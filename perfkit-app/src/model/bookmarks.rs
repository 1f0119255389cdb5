//! The bookmarks of a document: they are kept in its session, and every page shows them.

use gtk::glib;
use gtk::prelude::*;
use gtk::subclass::prelude::*;
use perfkit_agent::Result;
use perfkit_agent::session::{Bookmark, Bookmarks, bookmarks};

use super::Document;
use crate::link::away;
use crate::wording::{tr, tr_with};

impl Document {
    /// The bookmarks, in the order of their begins.
    pub fn bookmarks(&self) -> Vec<Bookmark> {
        self.imp().bookmarks.borrow().clone()
    }

    /// Called when the bookmarks have changed.
    pub fn connect_bookmarks(&self, changed: impl Fn(&Document) + 'static) -> glib::SignalHandlerId {
        self.connect_closure("bookmarked", false, glib::closure_local!(move |document: Document| changed(&document)))
    }

    /// Reads the bookmarks.
    pub async fn read_bookmarks(&self) {
        // A session whose bookmarks cannot be read has none to show.
        let read = self.ask(|reader| bookmarks::list(reader.session.db()).unwrap_or_default()).await;
        self.set_bookmarks(read.unwrap_or_default());
    }

    fn set_bookmarks(&self, list: Vec<Bookmark>) {
        if *self.imp().bookmarks.borrow() != list {
            self.imp().bookmarks.replace(list);
            self.emit_by_name::<()>("bookmarked", &[]);
        }
    }

    /// Changes the bookmarks, and tells the user where that is not possible. `None` where it was not.
    async fn edit<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Bookmarks) -> Result<T> + Send + 'static,
    ) -> Option<T> {
        let path = self.path().to_owned();
        let work = move || {
            let bookmarks = Bookmarks::open(&path)?;
            let done = change(&bookmarks)?;
            Ok((done, bookmarks.list()?))
        };
        match away(work).await {
            Some(Ok((done, list))) => {
                self.set_bookmarks(list);
                Some(done)
            }
            Some(Err(error)) => {
                let error: perfkit_agent::Error = error;
                self.tell(&error.to_string());
                None
            }
            None => {
                self.tell(&tr("The bookmark could not be changed"));
                None
            }
        }
    }

    /// Bookmarks what is selected, or the moment that is looked at.
    pub async fn add_bookmark(&self) -> Option<Bookmark> {
        let selection = self.selection();
        let (begin, end) = match selection.is_empty() {
            true => (self.cursor(), self.cursor()),
            false => (selection.begin, selection.end),
        };
        let added = self.edit(move |bookmarks| bookmarks.add(begin, end, "")).await?;
        let place = added.place(self.whole().begin);
        self.tell(&tr_with("Bookmarked {time}", &[("time", &place)]));
        Some(added)
    }

    /// Puts a bookmark back that was removed.
    pub async fn restore_bookmark(&self, bookmark: Bookmark) {
        self.edit(move |bookmarks| bookmarks.add(bookmark.begin, bookmark.end, &bookmark.text)).await;
    }

    /// Gives a bookmark another text.
    pub async fn change_bookmark(&self, bookmark: Bookmark) {
        self.edit(move |bookmarks| bookmarks.change(&bookmark)).await;
    }

    /// Removes a bookmark, and tells what it was.
    pub async fn remove_bookmark(&self, id: i64) -> Option<Bookmark> {
        self.edit(move |bookmarks| bookmarks.remove(id)).await
    }
}
