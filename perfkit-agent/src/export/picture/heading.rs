//! What a picture's heading says: the program, what it ran on, when, and what was lost.

use gdkrecord::draw::scale::Range;
use gdkrecord::draw::timeline::Heading;
use gdkrecord::units;

use super::super::{Done, Reading};
use crate::export::syscap::iso8601;

pub fn of(reading: &Reading<'_>, range: Range) -> Done<Heading> {
    // What gdkrecord tells of a process is called `process.PID.NAME`.
    let fact = |name: &str| -> Done<Option<String>> {
        let sql = "SELECT value FROM main.fact WHERE name LIKE 'process.%.' || ?1 AND value <> ''
                   ORDER BY source, name LIMIT 1";
        Ok(reading.ask_with(sql, name)?.into_iter().next())
    };
    let started = "SELECT coalesce(name, command) FROM main.process WHERE coalesce(name, command) <> ''
                   ORDER BY coalesce(start, 9e18), pid LIMIT 1";
    let started = reading.ask(started, |row| row.get::<_, String>(0))?.into_iter().next();
    let stem = reading.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let program = fact("program")?.or(started).unwrap_or(stem);
    let title = program.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(&program).to_owned();
    let mut facts = Vec::new();
    facts.extend(fact("toolkit.version")?.map(|version| format!("GTK {version}")));
    facts.extend(fact("backend")?);
    facts.extend(fact("renderer")?);
    if let Some(wall) = reading.wall()? {
        let date = iso8601(reading.begin().saturating_add(wall));
        facts.push(date.replace('T', " ").replace('Z', " UTC"));
    }
    facts.push(units::duration(range.length()));
    let after = range.from as i64 - reading.begin();
    if after > 0 {
        facts.push(format!("from {}", units::duration(after as u64)));
    }
    let sources = reading.ask("SELECT name FROM sources WHERE id > 0 ORDER BY id", |row| row.get::<_, String>(0))?;
    if !sources.is_empty() {
        facts.push(format!("seen by {}", sources.join(", ")));
    }
    let lost = reading.ask("SELECT coalesce(sum(count), 0) FROM main.dropped", |row| row.get::<_, u64>(0))?;
    let warning = match lost.first() {
        Some(&lost @ 1..) => format!("{} lost", units::plural(lost, "event")),
        _ => String::new(),
    };
    Ok(Heading { title, facts, warning })
}
