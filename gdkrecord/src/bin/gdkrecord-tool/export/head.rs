//! What an export says of the recording as a whole: one table a part, read by the exporters and the schemas.

use gdkrecord::field::FieldType;
use gdkrecord::layout::{Header, RING, TARGETS, TEXT_KEPT};
use gdkrecord::reader::{Info, WindowInfo};
use gdkrecord::sets::Role;
use gdkrecord::{Body, Kind, Value};

/// One value that an export says of a header or a window.
pub struct Column<T: 'static> {
    /// Its name.
    pub name: &'static str,
    /// Its type; every one may also be unknown.
    pub of: FieldType,
    /// Takes it.
    pub get: for<'a> fn(&'a T) -> Value<'a>,
}

/// What is said of the file.
pub const HEADER: &[Column<Header>] = &[
    Column { name: "pid", of: FieldType::Uint(4), get: |h| Value::Uint(h.pid.into()) },
    Column { name: "monotonic", of: FieldType::Uint(8), get: |h| Value::Uint(h.monotonic) },
    Column { name: "realtime", of: FieldType::Uint(8), get: |h| Value::Uint(h.realtime) },
    Column { name: "closed", of: FieldType::Uint(8), get: |h| h.closed.map_or(Value::None, Value::Uint) },
    Column { name: "tree", of: FieldType::Uint(8), get: |h| Value::Uint(h.tree) },
    Column { name: "text_kept", of: FieldType::Bool, get: |h| Value::Bool(h.flags & TEXT_KEPT != 0) },
    Column { name: "targets", of: FieldType::Bool, get: |h| Value::Bool(h.flags & TARGETS != 0) },
    Column { name: "ring", of: FieldType::Bool, get: |h| Value::Bool(h.flags & RING != 0) },
    Column { name: "minor_version", of: FieldType::Uint(2), get: |h| Value::Uint(h.minor.into()) },
];

/// What is said of a window.
pub const WINDOW: &[Column<WindowInfo>] = &[
    Column { name: "id", of: FieldType::Uint(4), get: |w| Value::Uint(w.id.into()) },
    Column { name: "parent", of: FieldType::Uint(4), get: |w| Value::Uint(w.parent.into()) },
    Column { name: "role", of: FieldType::Name(Role::NAMES), get: |w| Value::Text(w.role.name()) },
    Column { name: "class", of: FieldType::Text, get: |w| Value::Text(&w.class) },
    Column { name: "xid", of: FieldType::Uint(4), get: |w| Value::Uint(w.xid.into()) },
    Column { name: "title", of: FieldType::Text, get: |w| Value::Text(&w.title) },
    Column { name: "owner", of: FieldType::Text, get: |w| Value::Text(&w.owner) },
    Column { name: "name", of: FieldType::Text, get: |w| Value::Text(&w.name) },
    Column { name: "created", of: FieldType::Uint(8), get: |w| Value::Uint(w.created) },
    Column { name: "destroyed", of: FieldType::Uint(8), get: |w| w.destroyed.map_or(Value::None, Value::Uint) },
    Column { name: "x", of: FieldType::Int(4), get: |w| place(w.geometry.as_ref().and_then(|g| g.x.0)) },
    Column { name: "y", of: FieldType::Int(4), get: |w| place(w.geometry.as_ref().and_then(|g| g.y.0)) },
    Column { name: "width", of: FieldType::Int(4), get: |w| place(w.geometry.as_ref().map(|g| g.width)) },
    Column { name: "height", of: FieldType::Int(4), get: |w| place(w.geometry.as_ref().map(|g| g.height)) },
    Column {
        name: "scale",
        of: FieldType::Float,
        get: |w| w.geometry.as_ref().and_then(|g| g.scale.known()).map_or(Value::None, Value::Float),
    },
];

fn place(number: Option<i32>) -> Value<'static> {
    number.map_or(Value::None, |number| Value::Int(number.into()))
}

/// A part of the recording that is a list of records of one kind.
pub struct Part {
    /// The list's name.
    pub list: &'static str,
    /// The name of the kind.
    pub kind: &'static str,
    /// Takes the records.
    pub get: fn(&Info) -> Vec<Body>,
}

/// The lists of records that are the same all through a recording.
pub const PARTS: &[Part] = &[
    Part { list: "threads", kind: "thread", get: |info| info.threads.iter().cloned().map(Body::Thread).collect() },
    Part { list: "modules", kind: "module", get: |info| info.modules.iter().cloned().map(Body::Module).collect() },
    Part { list: "hooks", kind: "hook", get: |info| info.hooks.iter().cloned().map(Body::Hook).collect() },
    Part { list: "devices", kind: "device", get: |info| info.devices.iter().cloned().map(Body::Device).collect() },
];

/// Dropped records by the name of their kind.
pub fn dropped(header: &Header) -> impl Iterator<Item = (&'static str, u64)> + '_ {
    header.dropped.iter().map(|&(code, count)| (Kind::by_code(code).map_or("unknown", |kind| kind.name), count.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_name_kinds_that_exist() {
        for part in PARTS {
            assert!(Kind::by_name(part.kind).is_some(), "{}", part.list);
        }
    }
}
