//! The virtual tables as SQLite wants them: structs that begin with its own. All that they do is in `scan.rs`.
#![allow(unsafe_code)]

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_int};
use std::sync::Arc;

use rusqlite::types::ToSqlOutput;
use rusqlite::vtab::{
    Context, CreateVTab, Filters, IndexConstraintOp, IndexInfo, Module, VTab, VTabConfig, VTabConnection, VTabCursor,
    VTabKind, sqlite3_vtab, sqlite3_vtab_cursor,
};
use rusqlite::{Connection, Result};

use super::plan::{self, Bounds, Place, Test};
use super::scan::{Scan, Shared, Table};

/// The name of the module in SQL.
pub const MODULE: &str = "perfkit_series";

/// Makes the module known to a connection.
pub fn register(db: &Connection, shared: Arc<Shared>) -> Result<()> {
    db.create_module(MODULE, const { &Module::<SeriesTable>::read_only_module() }, Some(shared))
}

/// A series as a virtual table.
#[repr(C)]
pub struct SeriesTable {
    base: sqlite3_vtab,
    table: Arc<Table>,
    places: Arc<[Place]>,
}

/// A walk through one.
#[repr(C)]
pub struct SeriesCursor {
    base: sqlite3_vtab_cursor,
    scan: Scan,
    places: Arc<[Place]>,
}

fn failed(error: crate::Error) -> rusqlite::Error {
    rusqlite::Error::ModuleError(error.to_string())
}

// SAFETY: the struct is `repr(C)` and its first field is SQLite's own, which nothing else here touches.
unsafe impl<'vtab> VTab<'vtab> for SeriesTable {
    type Aux = Arc<Shared>;
    type Cursor = SeriesCursor;

    fn connect(
        db: &mut VTabConnection,
        shared: Option<&Arc<Shared>>,
        _module: &[u8],
        _database: &[u8],
        _table: &[u8],
        arguments: &[&[u8]],
    ) -> Result<(Cow<'static, CStr>, SeriesTable)> {
        let asked = arguments.first().and_then(|id| std::str::from_utf8(id).ok()?.parse().ok());
        let series = |shared: &Arc<Shared>| {
            let find = |id: u32| shared.with(|s| s.series().iter().find(|series| series.id == id).cloned());
            Some((Arc::clone(shared), find(asked?)?))
        };
        let none = || rusqlite::Error::ModuleError("there is no such series".to_owned());
        let (shared, series) = shared.and_then(series).ok_or_else(none)?;
        // Reading rows does nothing else, so views may use it where the file itself is not trusted.
        db.config(VTabConfig::Innocuous)?;
        let places = plan::places(&series);
        let column = |&place: &Place| {
            let (name, of) = plan::column(&series, place);
            let hidden = if place == Place::Track { " HIDDEN" } else { "" };
            format!("\"{}\" {of}{hidden}", name.replace('"', "\"\""))
        };
        let columns: Vec<String> = places.iter().map(column).collect();
        let sql = CString::new(format!("CREATE TABLE series({})", columns.join(", ")))?;
        let table = Arc::new(Table::new(shared, series).map_err(failed)?);
        Ok((sql.into(), SeriesTable { base: sqlite3_vtab::default(), table, places: places.into() }))
    }

    fn best_index(&self, info: &mut IndexInfo) -> Result<bool> {
        let mut letters = String::new();
        let mut used = Vec::new();
        for (at, constraint) in info.constraints().enumerate() {
            let place = usize::try_from(constraint.column()).ok().and_then(|column| self.places.get(column));
            let test = match constraint.operator() {
                IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ => Test::Equal,
                IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GT | IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GE => {
                    Test::More
                }
                IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LT | IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LE => {
                    Test::Less
                }
                _ => continue,
            };
            let letter = place.and_then(|&place| plan::letter(place, test));
            // Only bytes are compared here, so another collation's equal texts would be missed.
            let comparable = place != Some(&Place::Label) || info.collation(at)? == "BINARY";
            if let Some(letter) = letter.filter(|_| constraint.is_usable() && comparable) {
                letters.push(letter);
                used.push(at);
            }
        }
        for (argument, &at) in (1..).zip(&used) {
            info.constraint_usage(at).set_argv_index(argument);
        }
        let rows = letters.chars().map(plan::share).fold(self.table.rows(), |rows, share| rows * share).max(1.0);
        info.set_estimated_rows(rows as i64);
        // A chunk that is opened costs about as much as some hundred rows that are given.
        let columns = f64::from(info.col_used().count_ones());
        info.set_estimated_cost(500.0 + rows * (1.0 + columns / 4.0));
        let by_time = {
            let mut order = info.order_bys();
            let first = order.next().map(|by| (by.column(), by.is_order_by_desc()));
            first == Some((0, false)) && order.next().is_none()
        };
        info.set_order_by_consumed(by_time);
        info.set_idx_str(&letters);
        Ok(true)
    }

    fn open(&'vtab mut self) -> Result<SeriesCursor> {
        let scan = Scan::new(Arc::clone(&self.table)).map_err(failed)?;
        Ok(SeriesCursor { base: sqlite3_vtab_cursor::default(), scan, places: Arc::clone(&self.places) })
    }
}

impl CreateVTab<'_> for SeriesTable {
    const KIND: VTabKind = VTabKind::Default;
}

// SAFETY: the struct is `repr(C)` and its first field is SQLite's own, which nothing else here touches.
unsafe impl VTabCursor for SeriesCursor {
    fn filter(&mut self, _number: c_int, plan: Option<&str>, values: &Filters<'_>) -> Result<()> {
        self.scan.start(Bounds::new(plan.unwrap_or_default(), values.iter())).map_err(failed)
    }

    fn next(&mut self) -> Result<()> {
        self.scan.advance().map_err(failed)
    }

    fn eof(&self) -> bool {
        self.scan.ended()
    }

    fn column(&self, context: &mut Context, column: c_int) -> Result<()> {
        let place = usize::try_from(column).ok().and_then(|column| self.places.get(column));
        let Some(&place) = place else { return Ok(()) };
        self.scan.value(place, &mut |value| context.set_result(ToSqlOutput::Borrowed(value))).map_err(failed)?
    }

    fn rowid(&self) -> Result<i64> {
        Ok(self.scan.id())
    }
}
