//! What users read: their language, and numbers with units.

use gtk::glib;

/// The text in the user's language.
pub fn tr(text: &str) -> String {
    gettextrs::gettext(text)
}

/// A text that is translated where it is shown: it stands in a table, where [`tr`] cannot be.
pub const fn marked(text: &'static str) -> &'static str {
    text
}

/// The text for a number of things in the user's language, with the number for `{}`.
pub fn tr_many(one: &str, many: &str, count: u64) -> String {
    let number = u32::try_from(count).unwrap_or(u32::MAX);
    gettextrs::ngettext(one, many, number).replace("{}", &gdkrecord::units::count(count))
}

/// The text in the user's language, with values for `{name}`.
pub fn tr_with(text: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(tr(text), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// A text as markup, for where labels take markup and the text came from outside.
pub fn plain(text: &str) -> String {
    glib::markup_escape_text(text).into()
}

/// A length of time in nanoseconds, as "3.2 ms".
pub fn time(ns: i64) -> String {
    perfkit_agent::analysis::words::time(ns)
}
