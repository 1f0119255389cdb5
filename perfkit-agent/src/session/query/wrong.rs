//! What is wrong with a question, in words: SQLite's own, and what is likely to be meant.

use super::{Query, views};
use crate::error::{Error, similar};

impl Query {
    /// The error of a question, without the file, which is not to blame.
    pub fn wrong(&self, error: rusqlite::Error) -> Error {
        let words = match error {
            rusqlite::Error::SqlInputError { msg, .. } => msg,
            rusqlite::Error::SqliteFailure(_, Some(words)) => words,
            error => error.to_string(),
        };
        let hint = self.hint(&words);
        Error::Invalid(format!("the query: {words}{hint}"))
    }

    fn hint(&self, words: &str) -> String {
        let tables = || views(self.series()).into_iter().map(|view| view.name);
        // A table that cannot be looked at has told that itself.
        let columns = || tables().flat_map(|table| self.columns(&table).unwrap_or_default());
        let near = |name: &str, known: Vec<String>| similar(name, known.iter().map(String::as_str));
        if let Some(name) = words.strip_prefix("no such table: ") {
            return near(name, tables().collect());
        }
        if let Some(name) = words.strip_prefix("no such column: ") {
            return near(name.rsplit('.').next().unwrap_or(name), columns().collect());
        }
        let word = words.strip_prefix("near \"").and_then(|rest| rest.strip_suffix("\": syntax error"));
        match word.and_then(|word| columns().find(|column| column.eq_ignore_ascii_case(word))) {
            Some(name) => format!("; `{name}` is a word of SQL, so the column is written \"{name}\", in double quotes"),
            None => String::new(),
        }
    }
}
