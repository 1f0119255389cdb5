//! What SQL over a session can ask beside its tables.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::Query;
use super::scan::Shared;
use crate::analysis;
use crate::session::origin;
use crate::symbols::{Name, callback_names};

/// Frames of a stack that are put into words at most: a damaged file may have a stack without an end.
const DEEPEST: usize = 4096;

/// Makes the functions known to a connection.
pub fn register(db: &Connection, shared: Arc<Shared>) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    let begin = shared.with(|session| origin(session.db()))?;
    db.create_scalar_function("seconds", 1, flags, move |context| {
        let time: Option<i64> = context.get(0)?;
        Ok(time.map(|time| (i128::from(time) - i128::from(begin)) as f64 / 1e9))
    })?;
    let of = Arc::clone(&shared);
    let names = OnceLock::new();
    db.create_scalar_function("callback_name", 1, flags, move |context| {
        let Some(recorded) = context.get::<Option<String>>(0)? else { return Ok(None) };
        let names = names.get_or_init(|| of.with(|session| callback_names(session.db()).unwrap_or_default()));
        Ok(Some(names.get(&recorded).map_or(recorded, Name::words)))
    })?;
    let of = Arc::clone(&shared);
    let waits = OnceLock::new();
    db.create_scalar_function("frame_wait", 3, flags, move |context| {
        let frame = (context.get::<i64>(0)?, context.get::<i64>(1)?, context.get::<i64>(2)?);
        Ok(waits.get_or_init(|| frame_waits(&of)).get(&frame).copied())
    })?;
    db.create_scalar_function("stack_text", 1, flags, move |context| {
        let Some(stack) = context.get::<Option<i64>>(0)? else { return Ok(None) };
        shared.with(|session| stack_text(session.db(), stack)).map(Some)
    })
}

/// How long each frame, by thread, clock and begin, waited; none where the session cannot be read, which whoever asks
/// will be told by the rows.
fn frame_waits(shared: &Shared) -> HashMap<(i64, i64, i64), i64> {
    let waits = || analysis::frame_waits(&Query::over(shared.with(|session| session.again())?)?);
    waits().unwrap_or_default()
}

/// The functions of a stack from the outermost to the innermost, joined by `;` as flame graphs want them; those that
/// were inlined among them.
fn stack_text(db: &Connection, stack: i64) -> Result<String> {
    let sql = "SELECT stack.parent, symbol.function, module.path, symbol.address, symbol.id FROM stack
               JOIN symbol ON symbol.id = stack.symbol LEFT JOIN module ON module.id = symbol.module
               WHERE stack.id = ?1";
    let mut select = db.prepare_cached(sql)?;
    let mut places = db.prepare_cached("SELECT function FROM place WHERE symbol = ?1 ORDER BY level DESC")?;
    let mut frames = Vec::new();
    let mut next = Some(stack);
    while let Some(id) = next.filter(|_| frames.len() < DEEPEST) {
        let frame = select.query_row(params![id], |row| {
            let (function, module): (String, Option<String>) = (row.get(1)?, row.get(2)?);
            Ok((row.get::<_, Option<i64>>(0)?, place(function, module, row.get(3)?), row.get::<_, i64>(4)?))
        });
        let Some((parent, words, symbol)) = frame.optional()? else { break };
        let known = frames.len();
        for function in places.query_map(params![symbol], |row| row.get(0))? {
            frames.push(function?);
        }
        if frames.len() == known {
            frames.push(words);
        }
        next = parent;
    }
    frames.reverse();
    Ok(frames.join(";"))
}

/// The function, or what is known where that is not.
fn place(function: String, module: Option<String>, address: i64) -> String {
    if !function.is_empty() {
        return function;
    }
    let module = module.as_deref().map_or("?", |path| path.rsplit('/').next().unwrap_or(path));
    format!("{module}+{address:#x}")
}
