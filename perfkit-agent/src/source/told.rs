//! A source as JSON: for `perfkit-agent sources --json`, and for who asks a server.

use serde_json::json;

use super::{Readiness, Source};

/// What it is called, what it yields, and whether it can run here. Looks for its tool, which takes a moment.
pub fn told(source: &dyn Source) -> serde_json::Value {
    let (state, version, path, remedy) = match source.readiness() {
        Readiness::Ready { version, path } => ("ready", version, path, None),
        Readiness::Limited { version, path, remedy } => ("limited", version, path, Some(remedy)),
        Readiness::Missing { remedy } => ("missing", String::new(), None, Some(remedy)),
    };
    json!({
        "name": source.name(),
        "about": source.about(),
        "usage": source.usage(),
        "fastest": source.fastest(),
        "state": state,
        "version": Some(version).filter(|version| !version.is_empty()),
        "path": path,
        "remedy": remedy,
    })
}
