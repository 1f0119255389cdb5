//! Rows as a list model. An item is made when it is asked for, so that a million rows cost nothing but themselves.

use std::cell::RefCell;

use gtk::prelude::*;
use gtk::subclass::prelude::*;
use gtk::{gio, glib};

use super::rows::Rows;

mod imp {
    use super::*;

    #[derive(Debug, Default)]
    pub struct List {
        pub rows: RefCell<Rows>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for List {
        const NAME: &'static str = "PerfkitTableList";
        type Type = super::List;
        type Interfaces = (gio::ListModel,);
    }

    impl ObjectImpl for List {}

    impl ListModelImpl for List {
        fn item_type(&self) -> glib::Type {
            glib::BoxedAnyObject::static_type()
        }

        fn n_items(&self) -> u32 {
            self.rows.borrow().order.len() as u32
        }

        fn item(&self, at: u32) -> Option<glib::Object> {
            (at < self.n_items()).then(|| glib::BoxedAnyObject::new(at).upcast())
        }
    }
}

glib::wrapper! {
    /// The model, see the module. Its items are the places of rows.
    pub struct List(ObjectSubclass<imp::List>) @implements gio::ListModel;
}

impl List {
    /// Without rows.
    pub fn new() -> List {
        glib::Object::new()
    }

    /// What is shown.
    pub fn rows(&self) -> Rows {
        self.imp().rows.borrow().clone()
    }

    /// Shows other rows.
    pub fn set_rows(&self, rows: Rows) {
        let before = self.n_items();
        self.imp().rows.replace(rows);
        self.items_changed(0, before, self.n_items());
    }

    /// A cell in words.
    pub fn words(&self, at: u32, column: usize) -> (String, &'static str) {
        let rows = self.imp().rows.borrow();
        let row = rows.row(at as usize);
        row.map_or(Default::default(), |row| (rows.words(row, column), row.style))
    }
}

impl Default for List {
    fn default() -> List {
        List::new()
    }
}

/// The place of the row that an item stands for.
pub fn place(item: &glib::Object) -> Option<u32> {
    item.downcast_ref::<glib::BoxedAnyObject>()?.try_borrow::<u32>().ok().map(|at| *at)
}
