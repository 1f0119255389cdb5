//! The call stacks of a session, by number: which place was called from which, and what each is called.

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};

use super::Reading;
use crate::error::{Error, Result};

/// Frames of a stack at most: a damaged file may have a stack without an end.
const DEEPEST: usize = 4096;

/// Every call stack of a session: 8 bytes for each of its places.
#[derive(Debug)]
pub struct Stacks {
    /// Caller and symbol by the number of the stack, from 1; 0 is none.
    places: Vec<(u32, u32)>,
}

/// What lies at a place of a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbol {
    /// The function itself last, before it those that were inlined, the innermost first; at least one.
    pub functions: Vec<Function>,
    /// Whether they are known.
    pub known: bool,
    /// The file's number, 0 where it is not known.
    pub module: u32,
    /// The file; empty where it is not known.
    pub file: Arc<str>,
    /// The address in the file, or the absolute one where the file is not known.
    pub address: u64,
}

/// A function, and where in its source the place is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// Its name, or file and address where that is not known.
    pub name: Arc<str>,
    /// The source file, where it is known.
    pub source: Option<Arc<str>>,
    /// The line in it, where it is known.
    pub line: Option<i64>,
}

impl Stacks {
    /// Reads them.
    pub fn read(reading: &Reading<'_>) -> Result<Stacks> {
        let mut places = vec![(0, 0)];
        let number = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
        reading.ask("SELECT id, parent, symbol FROM main.stack ORDER BY id", |row| {
            let (id, place) = (number(row.get(0)?), (number(row.get(1)?), number(row.get(2)?)));
            // Numbers count up from 1; in a damaged file they may not.
            if id as usize == places.len() {
                places.push(place);
            }
            Ok(())
        })?;
        Ok(Stacks { places })
    }

    /// The symbols of a stack, the innermost first.
    pub fn symbols(&self, stack: u32) -> impl Iterator<Item = u32> {
        let mut next = stack;
        let each = move || {
            let &(caller, symbol) = self.places.get(next as usize).filter(|_| next > 0)?;
            next = caller;
            Some(symbol)
        };
        std::iter::from_fn(each).take(DEEPEST)
    }
}

/// Reads a symbol by its number.
pub fn symbol(reading: &Reading<'_>, id: u32) -> Result<Symbol> {
    let sql = "SELECT function, coalesce(module, 0), coalesce(path, ''), address FROM main.symbol
               LEFT JOIN main.module ON module.id = symbol.module WHERE symbol.id = ?1";
    let read = || {
        let db = reading.query().db();
        let mut select =
            db.prepare_cached("SELECT function, file, line FROM main.place WHERE symbol = ?1 ORDER BY level DESC")?;
        let function =
            |row: &rusqlite::Row<'_>| Ok(Function { name: row.get(0)?, source: row.get(1)?, line: row.get(2)? });
        let functions = select.query_map(params![id], function)?.collect::<rusqlite::Result<Vec<Function>>>()?;
        let symbol = db.prepare_cached(sql)?.query_row(params![id], |row| {
            let (function, file): (Arc<str>, Arc<str>) = (row.get(0)?, row.get(2)?);
            let address = row.get::<_, i64>(3)? as u64;
            let known = !function.is_empty() || !functions.is_empty();
            let short = file.rsplit('/').next().filter(|short| !short.is_empty()).unwrap_or("?");
            let name = if known { function } else { format!("{short}+{address:#x}").into() };
            let itself = || vec![Function { name, source: None, line: None }];
            let functions = if functions.is_empty() { itself() } else { functions };
            Ok(Symbol { functions, known, module: row.get(1)?, file, address })
        });
        symbol.optional()
    };
    let nothing = || {
        let functions = vec![Function { name: "?".into(), source: None, line: None }];
        Symbol { functions, known: false, module: 0, file: "".into(), address: 0 }
    };
    Ok(read().map_err(Error::store(reading.path()))?.unwrap_or_else(nothing))
}

/// The number of a stack that a row has, 0 where it has none.
pub fn number(value: Option<&crate::session::query::Value>) -> u32 {
    match value {
        Some(crate::session::query::Value::Stack(id)) => u32::try_from(*id).unwrap_or(0),
        _ => 0,
    }
}
