//! Search: the rows that have a text in any of their columns, as the words that are shown for it.

use std::collections::HashSet;

use perfkit_agent::Result;
use perfkit_agent::session::query::{On, Value};
use perfkit_agent::session::{ColumnType, Series};
use perfkit_agent::symbols::callback_names;

use super::hit::Spot;
use super::kinds::track_kind;
use super::lanes::{Lane, Member};
use crate::link::Reader;

/// Rows that are found at most: more are not told apart, and nobody steps through them.
const MOST: usize = 100_000;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The rows, in the order of their begins.
    pub spots: Vec<Spot>,
    /// Whether there are more.
    pub more: bool,
}

/// What is looked for, by number where that is how rows have it.
struct Needle {
    text: String,
    names: HashSet<i64>,
    stacks: HashSet<i64>,
}

impl Needle {
    fn new(reader: &Reader, text: &str) -> Result<Needle> {
        let text = text.to_lowercase();
        let mut pattern = String::from("%");
        for letter in text.chars() {
            if ['%', '_', '\\'].contains(&letter) {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        pattern.push('%');
        let ids = |sql: &str, value: &str| reader.query.read(sql, [value], |row| row.get::<_, i64>(0));
        let mut names: HashSet<i64> =
            ids("SELECT id FROM main.string WHERE text LIKE ?1 ESCAPE '\\'", &pattern)?.into_iter().collect();
        // What callbacks are called is not what was recorded of them.
        for (recorded, name) in callback_names(reader.query.db())? {
            if name.words().to_lowercase().contains(&text) {
                names.extend(ids("SELECT id FROM main.string WHERE text = ?1", &recorded)?);
            }
        }
        let stacks = ids("SELECT id FROM stacks WHERE function LIKE ?1 ESCAPE '\\'", &pattern)?.into_iter().collect();
        Ok(Needle { text, names, stacks })
    }

    fn is_in(&self, value: &Value) -> bool {
        match value {
            Value::Name(id, _) => self.names.contains(id),
            Value::Stack(id) => self.stacks.contains(id),
            Value::Text(text) => text.to_lowercase().contains(&self.text),
            _ => false,
        }
    }

    /// The columns in which it may be.
    fn columns(&self, series: &Series) -> Vec<usize> {
        let may = |of: ColumnType| match of {
            ColumnType::Name => !self.names.is_empty(),
            ColumnType::Stack => !self.stacks.is_empty(),
            ColumnType::Text => true,
            ColumnType::Int | ColumnType::Real => false,
        };
        let columns = series.schema.columns.iter().enumerate();
        columns.filter(|(_, column)| may(column.of)).map(|(place, _)| place).collect()
    }
}

/// Finds the rows with a text; `goes_on` is asked from time to time.
///
/// # Errors
/// Where the session cannot be read.
pub fn search(reader: &Reader, lanes: &[Lane], text: &str, goes_on: &dyn Fn() -> bool) -> Result<Found> {
    let needle = Needle::new(reader, text)?;
    let mut found = Found::default();
    let place = |member: Member| lanes.iter().position(|lane| lane.members.contains(&member));
    for (at, series) in reader.session.series().iter().enumerate() {
        let columns = needle.columns(series);
        if columns.is_empty() || track_kind(&series.schema.name).is_none() {
            continue;
        }
        let mut lane_of: std::collections::HashMap<u32, Option<usize>> = std::collections::HashMap::new();
        let mut walk = reader.query.walk(series, i64::MIN, i64::MAX, On::All)?;
        while goes_on() && walk.advance()? {
            let mut is = false;
            for &column in &columns {
                is |= needle.is_in(&walk.cell(column)?);
            }
            if !is {
                continue;
            }
            let member = Member { series: at, track: walk.track()?.0 };
            let lane = *lane_of.entry(member.track).or_insert_with(|| place(member));
            if let Some(lane) = lane {
                found.more = found.spots.len() >= MOST;
                if found.more {
                    break;
                }
                found.spots.push(Spot { lane, member, time: walk.time(), duration: walk.duration()? });
            }
        }
    }
    found.spots.sort_by_key(|spot| (spot.time, spot.lane));
    Ok(found)
}
