//! Forms that check what is typed as it is typed.
//!
//! A validator turns what was typed into what it means, and puts [`Findings`] about what it cannot mean. A [`Form`] is
//! what modifies the dialog by them: each field's row has the style of the worst finding and its words below it, and
//! the button that would act is off while anything stops it, and says what.

use std::cell::RefCell;

use adw::prelude::*;

use crate::widgets::accessible;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It works, but perhaps not as it was meant.
    Warning,
    /// It cannot be done yet, since nothing was typed here: the button says so, and the row blames nobody.
    Lacking,
    /// It cannot be done.
    Error,
}

/// The style classes that rows have for findings.
const CLASSES: &[(Level, &str)] = &[(Level::Warning, "warning"), (Level::Error, "error")];

/// Something about a field that is to be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The field's name; no user reads it.
    pub field: String,
    /// How bad it is.
    pub level: Level,
    /// Why, in the user's language.
    pub words: String,
}

/// What validators found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Adds one.
    pub fn add(&mut self, field: &str, level: Level, words: impl Into<String>) {
        self.0.push(Finding { field: field.to_owned(), level, words: words.into() });
    }

    /// The value that a validator gives; where it gives a reason, that is an error of the field.
    pub fn take<T>(&mut self, field: &str, checked: Result<T, String>) -> Option<T> {
        checked.map_err(|words| self.add(field, Level::Error, words)).ok()
    }

    /// The worst about a field, and of those the first.
    pub fn of(&self, field: &str) -> Option<&Finding> {
        let about = |level| self.0.iter().find(|finding| finding.field == field && finding.level == level);
        about(Level::Error).or_else(|| about(Level::Warning))
    }

    /// What stops it: the first of what cannot be done.
    pub fn stopping(&self) -> Option<&Finding> {
        self.0.iter().find(|finding| finding.level >= Level::Lacking)
    }
}

/// A field's row, and the one below it that has the words.
struct Field {
    name: String,
    row: gtk::Widget,
    words: adw::PreferencesRow,
    label: gtk::Label,
}

/// The rows of a dialog, and the button that acts.
pub struct Form {
    fields: RefCell<Vec<Field>>,
    button: gtk::Button,
    findings: RefCell<Findings>,
}

impl Form {
    /// A form without fields yet.
    pub fn new(button: &gtk::Button) -> Form {
        Form { fields: RefCell::default(), button: button.clone(), findings: RefCell::default() }
    }

    /// Adds a field. Gives the row that has the words about it, which is to be put below it.
    pub fn field(&self, name: &str, row: &impl IsA<gtk::Widget>) -> adw::PreferencesRow {
        let label = gtk::Label::builder()
            .xalign(0.0)
            .wrap(true)
            .margin_start(12)
            .margin_end(12)
            .margin_top(6)
            .margin_bottom(8)
            .css_classes(["caption"])
            .build();
        let words = adw::PreferencesRow::builder()
            .child(&label)
            .activatable(false)
            .selectable(false)
            .focusable(false)
            .visible(false)
            .build();
        let field = Field { name: name.to_owned(), row: row.clone().upcast(), words: words.clone(), label };
        self.fields.borrow_mut().push(field);
        words
    }

    /// Forgets a field that is gone.
    pub fn forget(&self, name: &str) {
        self.fields.borrow_mut().retain(|field| field.name != name);
    }

    /// Shows what was found, on the rows and on the button.
    pub fn show(&self, findings: Findings) {
        for field in self.fields.borrow().iter() {
            field.show(findings.of(&field.name));
        }
        let stopping = findings.stopping();
        self.button.set_sensitive(stopping.is_none());
        self.button.set_tooltip_text(stopping.map(|finding| &*finding.words));
        accessible::describe(&self.button, stopping.map_or("", |finding| &*finding.words));
        self.findings.replace(findings);
    }

    /// Moves the focus to the field that stops it; false where nothing does.
    pub fn go_to_trouble(&self) -> bool {
        let findings = self.findings.borrow();
        let Some(finding) = findings.stopping() else { return false };
        self.fields
            .borrow()
            .iter()
            .find(|field| field.name == finding.field)
            .is_some_and(|field| field.row.grab_focus())
    }
}

impl Field {
    fn show(&self, finding: Option<&Finding>) {
        for widget in [&self.row, self.label.upcast_ref()] {
            for &(level, class) in CLASSES {
                match finding.is_some_and(|finding| finding.level == level) {
                    true => widget.add_css_class(class),
                    false => widget.remove_css_class(class),
                }
            }
        }
        let words = finding.map_or("", |finding| &*finding.words);
        self.label.set_label(words);
        self.words.set_visible(finding.is_some());
        accessible::describe(&self.row, words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_a_field_is_shown_and_the_first_error_stops() {
        let mut findings = Findings::default();
        assert!(findings.stopping().is_none());
        findings.add("folder", Level::Warning, "odd");
        assert!(findings.stopping().is_none());
        assert_eq!(findings.take("program", Err::<(), _>("none".to_owned())), None);
        assert_eq!(findings.take("program", Ok(7)), Some(7));
        findings.add("folder", Level::Error, "gone");
        findings.add("folder", Level::Error, "closed");
        assert_eq!(findings.of("folder").map(|finding| &*finding.words), Some("gone"));
        assert_eq!(findings.stopping().map(|finding| &*finding.words), Some("none"));
        assert!(findings.of("output").is_none());
        let mut findings = Findings::default();
        findings.add("program", Level::Lacking, "which?");
        assert!(findings.of("program").is_none() && findings.stopping().is_some());
    }
}
