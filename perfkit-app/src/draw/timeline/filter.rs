//! The rows of one window: the pyramid has those of all windows together, so they are gathered once, and a stretch of
//! them is put into columns from there.

use std::collections::HashMap;

use perfkit_agent::Result;
use perfkit_agent::session::query::On;

use super::kinds::track_kind;
use super::lanes::{Lane, Member};
use super::scene::{Ask, Column, Content};
use crate::link::Reader;

/// The rows of a window.
#[derive(Debug, Default)]
pub struct Filter {
    /// The window.
    pub window: i64,
    /// Begin and duration of each row by its track, in the order of their begins; of tracks whose rows have windows.
    rows: HashMap<Member, Vec<(i64, i64)>>,
}

impl Filter {
    /// Gathers the rows of a window; `goes_on` is asked from time to time.
    ///
    /// # Errors
    /// Where the session cannot be read.
    pub fn read(reader: &Reader, window: i64, goes_on: &dyn Fn() -> bool) -> Result<Filter> {
        let mut filter = Filter { window, rows: HashMap::new() };
        for (at, series) in reader.session.series().iter().enumerate() {
            let Some(column) = series.schema.column("window") else { continue };
            if track_kind(&series.schema.name).is_none() {
                continue;
            }
            for (track, _) in reader.session.tracks(series.id)? {
                filter.rows.insert(Member { series: at, track }, Vec::new());
            }
            let mut walk = reader.query.walk(series, i64::MIN, i64::MAX, On::All)?;
            while goes_on() && walk.advance()? {
                if walk.cell(column)?.int() == Some(window) {
                    let member = Member { series: at, track: walk.track()?.0 };
                    let row = (walk.time(), walk.duration()?.unwrap_or(0).max(0));
                    filter.rows.entry(member).or_default().push(row);
                }
            }
        }
        Ok(filter)
    }

    /// Whether it knows the rows of a lane.
    pub fn knows(&self, lane: &Lane) -> bool {
        lane.members.iter().any(|member| self.rows.contains_key(member))
    }

    /// How many rows of a lane begin in the stretch that is asked for.
    pub fn count(&self, lane: &Lane, ask: &Ask) -> usize {
        lane.members.iter().map(|member| self.stretch(*member, ask).len()).sum()
    }

    fn stretch(&self, member: Member, ask: &Ask) -> &[(i64, i64)] {
        let all = self.rows.get(&member).map_or(&[][..], Vec::as_slice);
        let begin = all.partition_point(|row| row.0 < ask.range.begin);
        let end = all.partition_point(|row| row.0 < ask.range.end);
        all.get(begin..end).unwrap_or_default()
    }

    /// What a lane measures, column by column.
    pub fn columns(&self, lane: &Lane, ask: &Ask) -> Content {
        let mut columns = vec![Column::EMPTY; ask.columns];
        let spans = lane.kind.look.spans();
        for (place, member) in (0u16..).zip(&lane.members) {
            for &(time, duration) in self.stretch(*member, ask) {
                let from = i128::from(time) - i128::from(ask.range.begin);
                let at = from * ask.columns as i128 / i128::from(ask.range.length().max(1));
                if let Some(column) = columns.get_mut(at as usize) {
                    column.add(place, time, if spans { duration as f64 } else { 1.0 });
                }
            }
        }
        Content::Columns { columns, reach: None }
    }
}
