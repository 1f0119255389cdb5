//! What the target has sent to the system's journal, as lines of the log, by `journalctl`.

use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::{Map, Value};

use super::line_format::level_of;
use super::{Collector, Level, Outlet, Readiness, Source, Spec, Stop, Tool};
use crate::channel::Target;
use crate::error::{Error, Result};
use crate::session::clock::{Pair, now};
use crate::session::{Cell, Track, schemas};

/// Where the journal takes lines: it runs where this is.
const SOCKET: &str = "/run/systemd/journal/socket";
/// Microseconds that a line may be on its way; what is more is a wall clock that was set.
const LATE_MAX: i64 = 1_000_000;
const REMEDY: &str = "apt install systemd";

/// The source.
#[derive(Debug)]
pub struct Journal;

impl Source for Journal {
    fn name(&self) -> &'static str {
        "journal"
    }

    fn about(&self) -> &'static str {
        "what the target sends to the system's journal, as lines of the log"
    }

    fn usage(&self) -> &'static str {
        "journal[:UNIT]   lines of a systemd unit beside the target's own"
    }

    fn readiness(&self) -> Readiness {
        let said = Command::new("journalctl").arg("--version").output();
        let Some(said) = said.ok().filter(|said| said.status.success()) else {
            return Readiness::Missing { remedy: format!("there is no journalctl: {REMEDY}") };
        };
        if !std::path::Path::new(SOCKET).exists() {
            return Readiness::Missing { remedy: "systemd-journald does not run here; `output` needs none".to_owned() };
        }
        let said = String::from_utf8_lossy(&said.stdout);
        let version = said.split_whitespace().nth(1).unwrap_or_default().to_owned();
        Readiness::Ready { version, path: None }
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        match &spec.argument {
            Some(unit) if unit.starts_with('-') || unit.contains(char::is_whitespace) => {
                Err(Error::Invalid(format!("{spec}: `{unit}` is no name of a systemd unit")))
            }
            unit => Ok(Box::new(Following { unit: unit.clone(), tool: None })),
        }
    }
}

#[derive(Debug)]
struct Following {
    unit: Option<String>,
    tool: Option<Tool>,
}

impl Collector for Following {
    fn attach(&mut self, target: &Target) -> Result<()> {
        let mut command = Command::new("journalctl");
        // From now on, rather than from when it has found out where the journal ends.
        let since = Pair::now().realtime / 1_000_000_000;
        command.args(["--follow", "--no-tail", "--output=json", "--quiet"]).arg(format!("--since=@{since}"));
        command.arg(format!("_PID={}", target.pid));
        if let Some(unit) = &self.unit {
            command.arg("+").arg(format!("_SYSTEMD_UNIT={unit}"));
        }
        self.tool = Some(Tool::start("journalctl", &mut command, Signal::SIGTERM, REMEDY)?);
        Ok(())
    }

    fn run(mut self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        if self.tool.is_none() {
            self.attach(target)?;
        }
        let Some(tool) = self.tool.take() else { return Ok(()) };
        let mut unreadable = 0;
        let result = tool.run(outlet, stop, &mut |outlet, line| match read(line) {
            Some(entry) => put(&entry, target.pid, outlet),
            None => unreadable += 1,
        });
        outlet.dropped("unreadable lines", unreadable);
        result
    }
}

/// An entry of the journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// CLOCK_MONOTONIC nanoseconds, by the sender's clock where the journal kept that.
    pub time: Option<i64>,
    /// The process that sent it.
    pub pid: Option<i32>,
    /// How severe.
    pub level: Option<Level>,
    /// GLib's log domain, or the name that the sender gave itself.
    pub domain: Option<String>,
    /// The text.
    pub message: String,
}

/// Reads one line of `journalctl --output=json`.
pub fn read(line: &str) -> Option<Entry> {
    let fields: Map<String, Value> = serde_json::from_str(line).ok()?;
    let field = |names: &[&str]| names.iter().find_map(|name| text(fields.get(*name)?));
    let micros = |name: &str| field(&[name]).and_then(|time| time.parse::<i64>().ok());
    // The journal's own times are those of the arrival; by how much the sender's was before is told by the wall clock.
    let late = |arrival: i64| Some(arrival.checked_sub(micros("_SOURCE_REALTIME_TIMESTAMP")?)?.clamp(0, LATE_MAX));
    let late = micros("__REALTIME_TIMESTAMP").and_then(late).unwrap_or(0);
    let arrival = micros("__MONOTONIC_TIMESTAMP").and_then(|time| time.checked_sub(late));
    let time = micros("_SOURCE_MONOTONIC_TIMESTAMP").or(arrival);
    Some(Entry {
        time: time.and_then(|time| time.checked_mul(1000)),
        pid: field(&["_PID", "SYSLOG_PID"]).and_then(|pid| pid.parse().ok()),
        level: field(&["PRIORITY"]).and_then(|level| level_of(&level)),
        domain: field(&["GLIB_DOMAIN", "SYSLOG_IDENTIFIER", "_COMM"]),
        message: field(&["MESSAGE"])?,
    })
}

/// A field: a text, an array of bytes where it is no UTF-8, or an array of several of both.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(all) => {
            let bytes: Option<Vec<u8>> =
                all.iter().map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect();
            match bytes {
                Some(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
                None => all.iter().find_map(|value| value.as_str().map(str::to_owned)),
            }
        }
        _ => None,
    }
}

fn put(entry: &Entry, target: i32, outlet: &mut Outlet) {
    let track = outlet.track(&Track { pid: entry.pid.unwrap_or(target), tid: 0, label: String::new() });
    let logs = outlet.series(&schemas::LOGS);
    let cells = [
        Cell::Text("journal"),
        Cell::text(entry.level.map(Level::name)),
        Cell::text(entry.domain.as_deref()),
        Cell::Text(&entry.message),
    ];
    outlet.point(logs, entry.time.unwrap_or_else(now), track, &cells);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Written by journalctl 252, from a journal with such entries.
    const ENTRIES: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/journal/entries.json"));

    #[test]
    fn what_journalctl_writes_is_read() {
        let entry = |time: i64, level, domain: &str, message: &str| Entry {
            time: Some(time),
            pid: Some(4711),
            level: Some(level),
            domain: Some(domain.to_owned()),
            message: message.to_owned(),
        };
        let read: Vec<_> = ENTRIES.lines().filter_map(read).collect();
        assert_eq!(
            read,
            [
                // Sent 51 µs before it came.
                entry(899_397_600_000, Level::Warning, "Gtk", "Could not load theme"),
                entry(899_397_652_000, Level::Error, "gtk3-demo", "two\nlines"),
                entry(899_397_653_000, Level::Info, "gtk3-demo", "no \u{fffd} text"),
            ]
        );
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        assert_eq!(read(r#"{"MESSAGE":null}"#), None);
        assert_eq!(read("-- No entries --"), None);
        let late = r#"{"MESSAGE":"x","__MONOTONIC_TIMESTAMP":"-9223372036854775808",
            "__REALTIME_TIMESTAMP":"9","_SOURCE_REALTIME_TIMESTAMP":"1"}"#;
        assert_eq!(read(late).map(|entry| entry.time), Some(None));
        let odd = Entry { message: "x".to_owned(), ..Entry::default() };
        assert_eq!(read(r#"{"MESSAGE":"x","_PID":{},"__MONOTONIC_TIMESTAMP":"9999999999999999999"}"#), Some(odd));
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in "[{}\\[\\]\":, a-zA-Z_0-9]{0,60}") {
            let _ = read(&line);
        }
    }
}
