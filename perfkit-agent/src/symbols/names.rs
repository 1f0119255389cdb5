//! The names that a session has stored, read back.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::error::{Error, Result};

/// What a callback is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The function.
    pub function: String,
    /// The source file of its first code; `None` where that is not known.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u32>,
}

impl Name {
    /// As people read it: `on_row_activated (app.c:210)`.
    pub fn words(&self) -> String {
        let file = self.file.as_deref().map(|file| file.rsplit('/').next().unwrap_or(file));
        match (file, self.line) {
            (Some(file), Some(line)) => format!("{} ({file}:{line})", self.function),
            _ => self.function.clone(),
        }
    }
}

/// The names of a session's callbacks, by the words that they were recorded with.
pub fn callback_names(db: &Connection) -> Result<HashMap<String, Name>> {
    let read = || {
        let mut select = db.prepare("SELECT recorded, function, file, line FROM main.callback")?;
        let name = |row: &rusqlite::Row<'_>| {
            Ok((row.get(0)?, Name { function: row.get(1)?, file: row.get(2)?, line: row.get(3)? }))
        };
        select.query_map([], name)?.collect::<rusqlite::Result<HashMap<_, _>>>()
    };
    read().map_err(|error| Error::Invalid(format!("the session's names cannot be read: {error}")))
}
