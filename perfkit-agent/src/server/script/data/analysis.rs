//! `analysis`: what was slow and why, as the report tells it.

use std::path::Path;

use serde_json::Value;

use super::{Reading, sql};
use crate::report::{self, Report};
use crate::server::script::Answer;
use crate::session;

/// `analysis({ from, to })`: the report's JSON with its verdict, without its treemaps.
pub fn analysis(reading: &Reading<'_>, arguments: &[Value]) -> Result<Answer, String> {
    let db = reading.query.db();
    let path = db.path().map(Path::new).ok_or("the session has no file")?;
    let origin = session::origin(db).map_err(sql::wrong)?;
    let bytes = db.query_row("SELECT coalesce(sum(length(data)), 0) FROM main.chunk", [], |row| row.get::<_, i64>(0));
    reading.count(bytes.map_err(sql::wrong)?.unsigned_abs())?;
    let place = arguments.first().unwrap_or(&Value::Null);
    let time = |of: &str| place[of].as_f64().map(|time| (time as i64).saturating_sub(origin));
    let report = Report::of(path, time("from"), time("to")).map_err(|error| error.to_string())?;
    let mut answer = report::json(&report);
    if let Some(members) = answer.as_object_mut() {
        members.remove("treemaps");
        members.insert("verdict".to_owned(), report::sentences(&report).into());
    }
    Ok(Answer::from(answer))
}
