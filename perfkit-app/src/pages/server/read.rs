//! The server's counters of a session, over a stretch.

use std::collections::HashSet;

use perfkit_agent::Result;
use perfkit_agent::server::names::{Named, Part};
use perfkit_agent::session::Shape;

use crate::link::Reader;
use crate::model::Range;
use crate::model::server::{History, Series};
use crate::pages::counters::read::{beside, points};
use crate::pages::follow::Wanted;

/// Reads them, into so many columns.
pub fn history(reader: &Reader, range: Range, whole: Range, columns: usize, wanted: &Wanted) -> Result<History> {
    let sql = "SELECT name FROM names WHERE semantics = 'counter'";
    let count_up: HashSet<String> = reader.query.read(sql, [], |row| row.get(0))?.into_iter().collect();
    let mut all = Vec::new();
    for series in reader.session.series().iter().filter(|series| series.schema.shape == Shape::Sample) {
        for (track, of) in reader.session.tracks(series.id)? {
            let Some(named) = Named::read(&of.label) else { continue };
            if !wanted.still() {
                return Ok(History::default());
            }
            let mut found = beside(reader, series, track, range, whole, false)?.into_iter().collect::<Vec<_>>();
            found.extend(points(reader, series, track, range, columns)?);
            // What counts up is as much as it was last in a column; of what does not, the most must not be missed.
            let points = found.iter().map(|point| (point.time, point.max)).collect();
            let counts_up = named.part != Part::Value || count_up.contains(&of.label);
            all.push(Series { named, counts_up, points });
        }
    }
    Ok(History::new(all))
}
