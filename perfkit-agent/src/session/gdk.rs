//! What gdkrecord records, as series: one for each kind of its own table, made from that table.
//!
//! The series of the kind `window-map` is `gdk_window_map`. A field `duration` is the rows' duration, all others
//! are columns; an exposure has one row for each of its rectangles. Threads, modules and facts are no series: the
//! session has tables of its own for them.

use gdkrecord::field::FieldType;
use gdkrecord::{Body, KINDS, Kind, Value};

use super::{Cell, Column, ColumnType, Schema, Shape, Unit};

/// The columns that stand for a field of rectangles.
const RECT: [&str; 4] = ["x", "y", "width", "height"];

/// The series of a kind; `None` for those that are no series.
pub fn schema(kind: &Kind) -> Option<Schema> {
    if matches!(kind.name, "string" | "thread" | "module" | "fact") {
        return None;
    }
    let columns = kind.fields.iter().filter(|field| field.name != "duration").flat_map(|field| {
        let (of, unit) = match field.of {
            FieldType::Bool | FieldType::Uint(_) | FieldType::Int(_) => (ColumnType::Int, Unit::None),
            FieldType::Float => (ColumnType::Real, Unit::None),
            FieldType::Span => (ColumnType::Int, Unit::Nanoseconds),
            FieldType::Text | FieldType::Name(_) | FieldType::Bytes => (ColumnType::Name, Unit::None),
            FieldType::Rects => {
                return RECT.map(|name| Column::new(name, ColumnType::Int, Unit::Pixels, field.doc)).to_vec();
            }
        };
        vec![Column::new(field.name, of, unit, field.doc)]
    });
    let columns: Vec<Column> = columns.collect();
    let shape = if is_span(kind) { Shape::Span } else { Shape::Point };
    let name = format!("gdk_{}", kind.name.replace('-', "_"));
    Some(Schema { name: name.into(), doc: kind.doc.into(), shape, columns: columns.into() })
}

/// Every series of gdkrecord.
pub fn schemas() -> Vec<Schema> {
    KINDS.iter().filter_map(schema).collect()
}

/// Whether the rows of a kind are stretches of time.
pub fn is_span(kind: &Kind) -> bool {
    kind.fields.first().is_some_and(|field| field.name == "duration")
}

/// Gives the rows of an event: the duration where its kind has one and it is known, and the cells.
pub fn rows(body: &Body, row: &mut dyn FnMut(Option<i64>, &[Cell<'_>])) {
    let values = body.values();
    let (duration, fields) = match is_span(body.kind()) {
        true => (
            match values.first() {
                Some(&Value::Uint(ns)) => Some(ns as i64),
                _ => None,
            },
            &values[1..],
        ),
        false => (None, &values[..]),
    };
    let mut cells = Vec::with_capacity(fields.len() + RECT.len());
    let mut rects = None;
    for field in fields {
        cells.push(match field {
            Value::None => Cell::Null,
            Value::Bool(is) => Cell::Int((*is).into()),
            Value::Int(value) => Cell::Int(*value),
            Value::Uint(value) => Cell::Int(i64::try_from(*value).unwrap_or(i64::MAX)),
            Value::Float(value) => Cell::Real(f64::from(*value)),
            Value::Text("") => Cell::Null,
            Value::Text(text) => Cell::Text(text),
            Value::Rects(all) => {
                rects = Some((cells.len(), *all));
                continue;
            }
        });
    }
    let Some((at, all)) = rects else { return row(duration, &cells) };
    for rect in all {
        let sides = [i64::from(rect.x), i64::from(rect.y), i64::from(rect.width), i64::from(rect.height)];
        let mut cells = cells.clone();
        cells.splice(at..at, sides.map(Cell::Int));
        row(duration, &cells);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gdkrecord::field::{Rects, Span};
    use gdkrecord::kind::{Exposure, Poll};
    use gdkrecord::sets::Exposed;

    #[test]
    fn every_kind_but_four_is_a_series_of_its_own() {
        let all = schemas();
        assert_eq!(all.len(), KINDS.len() - 4);
        let exposure = all.iter().find(|schema| schema.name == "gdk_exposure").unwrap();
        let names: Vec<_> = exposure.columns.iter().map(|column| &*column.name).collect();
        assert_eq!(names, ["window", "frame", "what", "x", "y", "width", "height"]);
        let dispatch = all.iter().find(|schema| schema.name == "gdk_dispatch").unwrap();
        assert_eq!((dispatch.shape, &*dispatch.columns[0].name), (Shape::Span, "source"));
    }

    #[test]
    fn an_exposure_is_a_row_a_rectangle_and_an_unknown_duration_is_none() {
        let mut seen = Vec::new();
        let mut row = |duration, cells: &[Cell<'_>]| seen.push((duration, format!("{cells:?}")));
        let rects = Rects(vec![gdkrecord::Rect::new(1, 2, 3, 4), gdkrecord::Rect::new(5, 6, 7, 8)]);
        rows(&Body::Exposure(Exposure { window: 9, frame: 1, what: Exposed::Damage, rects }), &mut row);
        rows(&Body::Poll(Poll { duration: Span::UNKNOWN, timeout: -1, ready: 0 }), &mut row);
        rows(&Body::Poll(Poll { duration: Span::from_ns(64), timeout: -1, ready: 0 }), &mut row);
        assert_eq!(seen.len(), 4);
        assert!(seen[1].1.ends_with("Int(5), Int(6), Int(7), Int(8)]"), "{seen:?}");
        assert_eq!((seen[0].0, seen[2].0, seen[3].0), (None, None, Some(64)));
    }
}
