//! The rows for variables of the program's environment.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use adw::prelude::*;

use super::icon_button;
use crate::dialogs::form::Form;
use crate::widgets::accessible;
use crate::wording::tr;

/// The group.
pub struct Environment {
    /// Its widget.
    pub group: adw::PreferencesGroup,
    add: gtk::Button,
    rows: Rc<RefCell<Vec<Row>>>,
    /// Rows that were ever made, so that each has a name of its own.
    made: Rc<Cell<usize>>,
    /// What a new row is connected to.
    connected: Rc<RefCell<Option<Connected>>>,
}

/// A row.
#[derive(Clone)]
struct Row {
    field: String,
    name: gtk::Entry,
    value: gtk::Entry,
    row: adw::PreferencesRow,
    words: adw::PreferencesRow,
}

/// The form that has the fields, and what is called when something was typed.
type Connected = (Rc<Form>, Rc<dyn Fn()>);

impl Environment {
    /// Without variables yet.
    pub fn new() -> Environment {
        let add = icon_button("list-add-symbolic", &tr("Add a Variable"));
        let group = adw::PreferencesGroup::builder()
            .title(tr("Environment"))
            .description(tr("Variables that the program has beside those of this session"))
            .header_suffix(&add)
            .build();
        let (rows, made, connected) = Default::default();
        Environment { group, add, rows, made, connected }
    }

    /// Calls `changed` when something was typed; fields are added to `form`.
    pub fn connect(&self, form: &Rc<Form>, changed: Rc<dyn Fn()>) {
        self.connected.replace(Some((Rc::clone(form), changed)));
        let this = self.weak();
        self.add.connect_clicked(move |_| {
            if let Some(row) = this().and_then(|this| this.add("", "")) {
                row.name.grab_focus();
            }
        });
    }

    /// The variables: the field's name, the variable's, its value.
    pub fn rows(&self) -> Vec<(String, String, String)> {
        let rows = self.rows.borrow();
        rows.iter().map(|row| (row.field.clone(), row.name.text().into(), row.value.text().into())).collect()
    }

    /// Puts other variables in the place of those that are there.
    pub fn replace<'a>(&self, variables: impl Iterator<Item = (&'a str, &'a str)>) {
        let before: Vec<Row> = self.rows.borrow().clone();
        before.iter().for_each(|row| self.remove(&row.field));
        variables.for_each(|(name, value)| drop(self.add(name, value)));
    }

    fn add(&self, name: &str, value: &str) -> Option<Row> {
        let (form, changed) = self.connected.borrow().clone()?;
        let field = format!("variable {}", self.made.get());
        self.made.set(self.made.get() + 1);
        let entry = |text: &str, title: &str, hint: &str| {
            let entry = gtk::Entry::builder().text(text).placeholder_text(hint).activates_default(true).build();
            accessible::name(&entry, title);
            entry
        };
        let (name, value) = (
            entry(name, &tr("Name of the Variable"), &tr("NAME")),
            entry(value, &tr("Value of the Variable"), &tr("value")),
        );
        name.set_width_chars(14);
        value.set_hexpand(true);
        let line = gtk::Box::builder().spacing(6).margin_start(12).margin_end(6).margin_top(6).margin_bottom(6).build();
        let remove = icon_button("list-remove-symbolic", &tr("Remove This Variable"));
        line.append(&name);
        line.append(&gtk::Label::new(Some("=")));
        line.append(&value);
        line.append(&remove);
        let row = adw::PreferencesRow::builder().child(&line).activatable(false).focusable(false).build();
        let words = form.field(&field, &name);
        self.group.add(&row);
        self.group.add(&words);
        for entry in [&name, &value] {
            let changed = Rc::clone(&changed);
            entry.connect_changed(move |_| changed());
        }
        let (this, gone) = (self.weak(), field.clone());
        remove.connect_clicked(move |_| {
            if let Some(this) = this() {
                this.remove(&gone);
            }
        });
        let row = Row { field, name, value, row, words };
        self.rows.borrow_mut().push(row.clone());
        changed();
        Some(row)
    }

    fn remove(&self, field: &str) {
        let Some((form, changed)) = self.connected.borrow().clone() else { return };
        let at = self.rows.borrow().iter().position(|row| row.field == field);
        let Some(row) = at.map(|at| self.rows.borrow_mut().remove(at)) else { return };
        form.forget(field);
        self.group.remove(&row.row);
        self.group.remove(&row.words);
        self.add.grab_focus();
        changed();
    }

    /// The same again, for a closure that does not hold it.
    fn weak(&self) -> impl Fn() -> Option<Environment> + use<> {
        let (group, add) = (self.group.downgrade(), self.add.downgrade());
        let (rows, made, connected) =
            (Rc::downgrade(&self.rows), Rc::clone(&self.made), Rc::downgrade(&self.connected));
        move || {
            Some(Environment {
                group: group.upgrade()?,
                add: add.upgrade()?,
                rows: rows.upgrade()?,
                made: Rc::clone(&made),
                connected: connected.upgrade()?,
            })
        }
    }
}
