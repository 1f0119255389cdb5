//! What lies under the pointer.

use super::lanes::{Lane, Member};
use super::scene::{Column, Content, Row, Scene, Wanted};

/// So far beside a row, in device pixels, it is still meant.
const NEAR: i64 = 4;

/// A row, as it is pointed at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    /// The lane's place among those of the session.
    pub lane: usize,
    /// The track that it lies on.
    pub member: Member,
    /// Its begin.
    pub time: i64,
    /// Its duration; `None` where it has none, or that is unknown.
    pub duration: Option<i64>,
}

impl Spot {
    /// Its end, which is its begin where it has no duration.
    pub fn end(&self) -> i64 {
        self.time.saturating_add(self.duration.unwrap_or(0))
    }
}

/// What is under the pointer.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The row that is meant: of many the greatest.
    pub spot: Spot,
    /// How many rows share its pixel column.
    pub count: u64,
    /// What it is called; empty where that was not read.
    pub text: String,
    /// The value, on a lane of values.
    pub value: Option<f64>,
}

impl Scene {
    /// What lies on a lane in a column, `y` pixels below the lane's top.
    pub fn hit(&self, lanes: &[Lane], lane: usize, column: i64, y: f64) -> Option<Hit> {
        let (wanted, content) = self.lanes.iter().find(|(wanted, _)| wanted.lane == lane)?;
        let of = lanes.get(lane)?;
        let spot = |member: u16, time: i64, duration: Option<i64>| {
            let member = *of.members.get(usize::from(member))?;
            Some(Spot { lane, member, time, duration })
        };
        match content {
            Content::Rows(rows) => {
                let row = self.row(rows, column, y, wanted)?;
                let spot = spot(row.member, row.time, row.duration)?;
                Some(Hit { spot, count: 1, text: row.text.clone(), value: None })
            }
            Content::Values(values) => {
                let time = self.time(column);
                let at = values.partition_point(|(taken, _)| *taken <= time).checked_sub(1)?;
                let (taken, value) = *values.get(at)?;
                let spot = spot(0, taken, None)?;
                Some(Hit { spot, count: 1, text: String::new(), value: Some(value) })
            }
            Content::Columns { columns, reach } => {
                let spans = of.kind.look.spans();
                let reached = reach.filter(|(reach, _)| reach.at as f64 + reach.duration > self.time(column) as f64);
                let reached = reached.map(|(reach, member)| (reach.at, reach.duration, member, 1));
                let (at, most, member, count) = self
                    .column(columns, column, spans)
                    .map(|column| (column.at, column.max, column.member, column.count))
                    .or(reached)?;
                let spot = spot(member, at, spans.then_some(most as i64))?;
                let value = (of.kind.look == super::kinds::Look::Values).then_some(most);
                Some(Hit { spot, count, text: String::new(), value })
            }
        }
    }

    /// The moment at the middle of a column.
    fn time(&self, column: i64) -> i64 {
        let share = (column as f64 + 0.5) / self.columns.max(1) as f64;
        self.range.begin.saturating_add((share * self.range.length() as f64) as i64)
    }

    fn place(&self, time: i64) -> i64 {
        let from = i128::from(time) - i128::from(self.range.begin);
        (from * self.columns as i128).div_euclid(i128::from(self.range.length().max(1))) as i64
    }

    /// The row that is meant: the deepest one around, of those in whose height the pointer is, else the nearest.
    fn row<'a>(&self, rows: &'a [Row], column: i64, y: f64, wanted: &Wanted) -> Option<&'a Row> {
        let deepest = rows.iter().map(|row| row.depth).max().unwrap_or(0);
        let level = (y / wanted.height * f64::from(deepest + 1)) as u8;
        let away = |row: &Row| {
            let (left, right) = (self.place(row.time), self.place(row.time.saturating_add(row.duration.unwrap_or(0))));
            (left - column).max(column - right).max(0)
        };
        let near = rows.iter().map(|row| (row, away(row))).filter(|(_, away)| *away <= NEAR);
        let order = |(row, away): &(&Row, i64)| (*away, row.depth.abs_diff(level), row.duration.unwrap_or(0));
        near.min_by_key(order).map(|(row, _)| row)
    }

    /// The column that is meant: the greatest near the pointer, else the one whose bar the pointer is on.
    fn column<'a>(&self, columns: &'a [Column], at: i64, spans: bool) -> Option<&'a Column> {
        let most = columns.len() as i64;
        let place = |column: i64| column.clamp(0, most) as usize;
        let near = columns.get(place(at - NEAR)..place(at + NEAR + 1))?.iter().filter(|column| column.count > 0);
        let greatest = |a: &&Column, b: &&Column| a.max.total_cmp(&b.max);
        near.max_by(greatest).or_else(|| {
            let before = columns.get(..place(at))?.iter().filter(|column| spans && column.count > 0);
            let time = self.time(at) as f64;
            before.filter(|column| column.at as f64 + column.max >= time).max_by(greatest)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::kinds::track_kind;
    use super::*;
    use crate::model::Range;

    fn lane(series: &str) -> Lane {
        Lane {
            kind: track_kind(series).unwrap(),
            title: String::new(),
            members: vec![Member { series: 0, track: 7 }],
            pid: 1,
            tid: 1,
            count: 3,
            reach: (0.0, 1.0),
            counts_up: false,
            unit: String::new(),
            shown: true,
        }
    }

    fn row(time: i64, duration: i64, depth: u8) -> Row {
        Row { member: 0, time, duration: Some(duration), depth, text: String::new(), bad: false, phases: vec![] }
    }

    fn scene(content: Content) -> Scene {
        let wanted = Wanted { lane: 0, top: 0.0, height: 40.0 };
        Scene { range: Range::new(0, 1000), columns: 100, lanes: vec![(wanted, content)] }
    }

    #[test]
    fn the_row_at_the_pointers_height_is_meant_and_a_near_one_where_none_is_there() {
        let scene = scene(Content::Rows(vec![row(100, 500, 0), row(200, 100, 1), row(800, 5, 0)]));
        let lanes = [lane("gdk_dispatch")];
        let hit = |column, y| scene.hit(&lanes, 0, column, y).map(|hit| hit.spot.time);
        assert_eq!([hit(25, 5.0), hit(25, 30.0), hit(50, 30.0)], [Some(100), Some(200), Some(100)]);
        assert_eq!([hit(77, 5.0), hit(90, 5.0)], [Some(800), None]);
    }

    #[test]
    fn of_many_rows_the_longest_near_the_pointer_is_meant() {
        let empty = Column { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY, at: 0, member: 0 };
        let mut columns = vec![empty; 100];
        columns[10] = Column { count: 5, sum: 90.0, max: 60.0, at: 104, ..empty };
        columns[12] = Column { count: 2, sum: 400.0, max: 390.0, at: 121, ..empty };
        let scene = scene(Content::Columns { columns, reach: None });
        let lanes = [lane("syscalls")];
        let hit = |column| scene.hit(&lanes, 0, column, 5.0).map(|hit| (hit.spot.time, hit.count));
        assert_eq!([hit(10), hit(7), hit(40), hit(60)], [Some((121, 2)), Some((104, 5)), Some((121, 2)), None]);
    }
}
