//! What users read: their language, and numbers with units.

use std::io::ErrorKind;
use std::path::Path;

use gdkrecord::units;
use gtk::glib;
use perfkit_agent::Error;

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
    gettextrs::ngettext(one, many, number).replace("{}", &units::count(count))
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

/// Why something could not be done, and what to do about it.
pub fn error(error: &Error) -> String {
    let about = |text: &str, path: &Path| tr_with(text, &[("file", &path.to_string_lossy())]);
    match error {
        Error::File { path, error, .. } => match error.kind() {
            ErrorKind::NotFound => about(marked("There is no {file}"), path),
            ErrorKind::PermissionDenied => about(marked("You may not use {file}"), path),
            ErrorKind::IsADirectory => about(marked("{file} is a folder"), path),
            ErrorKind::ReadOnlyFilesystem => about(marked("{file} cannot be written: its disk is read-only"), path),
            ErrorKind::StorageFull => about(marked("There is no room for {file}: the disk is full"), path),
            _ => error.to_string(),
        },
        Error::NotASession(path) => about(marked("{file} is no session of perfkit"), path),
        Error::Exists(path) => about(marked("{file} is there already; choose another name"), path),
        Error::Full(path) => about(marked("There is no room for {file}: the disk is full"), path),
        Error::TooNew { path, .. } => {
            about(marked("{file} was made by a later perfkit than this one: update perfkit"), path)
        }
        Error::Store { path, error } => {
            let words = [("file", path.to_string_lossy().into_owned()), ("why", error.to_string())];
            tr_with("{file} is damaged: {why}", &words.each_ref().map(|(name, value)| (*name, value.as_str())))
        }
        other => other.to_string(),
    }
}

/// A value of a counter in words, with its unit; of what counts up, how fast it rises in a second.
pub fn measured(value: f64, unit: &str, counts_up: bool) -> String {
    let number = |value: f64| match value {
        _ if value.abs() >= 1e4 || value.fract() == 0.0 => {
            let sign = if value <= -0.5 { "−" } else { "" };
            format!("{sign}{}", units::count(value.abs().round() as u64))
        }
        _ => format!("{value:.2}"),
    };
    let words = match unit {
        "ns" => units::duration(value.max(0.0) as u64),
        "bytes" => units::bytes(value.max(0.0) as u64),
        "share" => units::share(value),
        // A processor's seconds in a second are a share of it.
        "s" if counts_up => return units::share(value),
        "" | "count" => number(value),
        unit => format!("{} {unit}", number(value)),
    };
    match unit {
        "ns" if counts_up => units::share(value / 1e9),
        _ if counts_up => format!("{words}/s"),
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_file() {
        let path = Path::new("/tmp/a.perfkit");
        let failed = |kind: ErrorKind| error(&Error::File { what: "open", path: path.to_owned(), error: kind.into() });
        assert_eq!(failed(ErrorKind::NotFound), "There is no /tmp/a.perfkit");
        assert_eq!(failed(ErrorKind::IsADirectory), "/tmp/a.perfkit is a folder");
        assert_eq!(error(&Error::NotASession(path.to_owned())), "/tmp/a.perfkit is no session of perfkit");
    }

    #[test]
    fn a_value_has_the_unit_of_its_counter() {
        for (value, unit, counts_up, words) in [
            (2.5e8, "ns", true, "25.0 %"),
            (2_500.0, "ns", false, "2.50 µs"),
            (12_800.0, "bytes", true, "12.5 KiB/s"),
            (-3.0, "", false, "−3"),
            (0.25, "", true, "0.25/s"),
            (7.5, "%", false, "7.50 %"),
        ] {
            assert_eq!(measured(value, unit, counts_up), words);
        }
    }
}
