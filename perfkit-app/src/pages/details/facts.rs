//! The facts of a session, read and put into sections: pure but for the reading.

use gdkrecord::units;
use gtk::glib;
use perfkit_agent::Result;

use crate::link::Reader;
use crate::model::Range;
use crate::wording::{marked, time, tr, tr_many, tr_with};

/// A fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What it is about.
    pub name: String,
    /// What is so.
    pub value: String,
    /// A style class for the value; empty for none.
    pub style: &'static str,
}

impl Fact {
    fn new(name: impl Into<String>, value: impl Into<String>) -> Fact {
        Fact { name: name.into(), value: value.into(), style: "" }
    }

    fn styled(self, style: &'static str) -> Fact {
        Fact { style, ..self }
    }
}

/// Facts that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Its title, in the user's language.
    pub title: String,
    /// What is said while it is closed; such a section is closed at first, others never are.
    pub closed: Option<String>,
    /// Its facts.
    pub facts: Vec<Fact>,
}

/// A file with code, and where it was.
#[derive(Clone, Debug)]
pub struct Module {
    /// The file.
    pub path: String,
    /// Its build id; may be empty.
    pub build_id: String,
    /// What its names come from, or why it has none.
    pub names: String,
    /// Bytes that it was mapped with.
    pub bytes: Option<i64>,
    /// The process.
    pub pid: Option<i64>,
}

/// A series.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Its name.
    pub name: String,
    /// What a row of it is.
    pub doc: String,
    /// How many rows there are.
    pub rows: i64,
    /// Bytes in the file.
    pub bytes: i64,
    /// From its first row to its last.
    pub place: Option<Range>,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// In the order in which they are shown.
    pub sections: Vec<Section>,
    /// Files with code.
    pub modules: Vec<Module>,
    /// Series.
    pub series: Vec<Rows>,
}

/// What facts of known names are called; they come in this order.
const KNOWN: &[(&str, &str)] = &[
    ("command", marked("Command")),
    ("program", marked("Program")),
    ("executable", marked("Executable")),
    ("arguments", marked("Arguments")),
    ("folder", marked("Folder")),
    ("cwd", marked("Folder")),
    ("exit", marked("Exit status")),
    ("pid", marked("Process")),
    ("parent", marked("Parent process")),
    ("toolkit", marked("Toolkit")),
    ("toolkit.version", marked("Version of the toolkit")),
    ("glib.version", marked("Version of GLib")),
    ("backend", marked("Backend")),
    ("renderer", marked("Renderer")),
    ("display", marked("Display")),
    ("start.realtime", marked("Started")),
    ("recorder.version", marked("Version of the recorder")),
    ("version", marked("Version")),
    ("hostname", marked("Machine")),
    ("os", marked("Operating system")),
    ("kernel", marked("Kernel")),
    ("machine", marked("Architecture")),
    ("architecture", marked("Architecture")),
    ("cpu", marked("Processor")),
    ("cpus", marked("Processors")),
];

/// What only programs read.
const DULL: &[&str] = &["start.monotonic", "start.ticks"];

/// The place of a name among the known ones, and what it is called.
fn known(name: &str) -> (usize, String) {
    match KNOWN.iter().position(|(known, _)| *known == name) {
        Some(place) => (place, tr(KNOWN[place].1)),
        None => (KNOWN.len(), name.to_owned()),
    }
}

/// Named values as facts, those of known names first; empty ones are none.
fn named(all: &[(String, String)]) -> Vec<Fact> {
    let mut facts: Vec<(usize, Fact)> = Vec::new();
    let arguments = all.iter().filter(|(name, _)| name.starts_with("arg."));
    let arguments: Vec<&str> = arguments.map(|(_, value)| value.as_str()).collect();
    if arguments.len() > 1 {
        let (place, name) = known("arguments");
        facts.push((place, Fact::new(name, arguments[1..].join(" "))));
    }
    for (name, value) in all.iter().filter(|(name, value)| !value.is_empty() && !DULL.contains(&name.as_str())) {
        if name.starts_with("arg.") || name.starts_with("env.") {
            continue;
        }
        let value = match name.as_str() {
            "start.realtime" => moment(value).unwrap_or_else(|| value.clone()),
            _ => value.clone(),
        };
        let (place, name) = known(name);
        facts.push((place, Fact::new(name, value)));
    }
    facts.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
    facts.into_iter().map(|(_, fact)| fact).collect()
}

/// Nanoseconds of the wall clock as date and time.
fn moment(ns: &str) -> Option<String> {
    let seconds = ns.parse::<i64>().ok()? / 1_000_000_000;
    let local = glib::DateTime::from_unix_local(seconds).ok()?;
    local.format("%x %X").ok().map(String::from)
}

/// A source, as a session tells it.
#[derive(Clone, Debug, Default)]
struct Source {
    name: String,
    spec: String,
    begun: i64,
    ended: Option<i64>,
    error: Option<String>,
}

/// What sections are made from.
#[derive(Clone, Debug, Default)]
struct Raw {
    /// Source, name and value.
    facts: Vec<(String, String, String)>,
    sources: Vec<Source>,
    /// Source and text.
    notes: Vec<(String, String)>,
    /// Source, kind and number.
    drops: Vec<(String, String, i64)>,
    /// Number, name, command, and how many threads.
    processes: Vec<(i64, String, String, i64)>,
    /// Name of the file, its bytes, and how long the session is.
    file: (String, i64, i64),
}

impl Raw {
    /// The facts below a dotted name, without it; they are taken out.
    fn take(&mut self, prefix: &str) -> Vec<(String, String)> {
        let mut taken = Vec::new();
        self.facts.retain(|(_, name, value)| match name.strip_prefix(prefix) {
            Some(rest) => {
                taken.push((rest.to_owned(), value.clone()));
                false
            }
            None => true,
        });
        taken
    }

    fn sections(mut self) -> Vec<Section> {
        let mut sections = Vec::new();
        let mut add = |title: String, closed: Option<String>, facts: Vec<Fact>| {
            if !facts.is_empty() {
                sections.push(Section { title, closed, facts });
            }
        };
        let notes = self.notes.iter().map(|(source, text)| {
            let name = if source.is_empty() { tr("Note") } else { source.clone() };
            Fact::new(name, text)
        });
        add(tr("Notes"), None, notes.collect());
        let lost = self.drops.iter().map(|(source, kind, count)| {
            let count = units::count(u64::try_from(*count).unwrap_or(0));
            Fact::new(source, tr_with("{count} {kind}", &[("count", &count), ("kind", kind)])).styled("warning")
        });
        add(tr("Lost"), None, lost.collect());
        let mut recording = vec![
            Fact::new(tr("Session"), &self.file.0),
            Fact::new(tr("Length"), time(self.file.2)),
            Fact::new(tr("Size"), units::bytes(u64::try_from(self.file.1).unwrap_or(0))),
        ];
        recording.extend(named(&self.take("target.")));
        add(tr("Recording"), None, recording);
        let mut pids: Vec<String> = Vec::new();
        for (_, name, _) in &self.facts {
            let pid = name.strip_prefix("process.").and_then(|rest| rest.split('.').next());
            if let Some(pid) = pid.filter(|pid| !pids.iter().any(|known| known == pid)) {
                pids.push(pid.to_owned());
            }
        }
        let mut environment = self.take("environment.");
        for pid in pids {
            let all = self.take(&format!("process.{pid}."));
            let value = |name: &str| all.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
            let title = match value("program") {
                "" => tr_with("Process {pid}", &[("pid", &pid)]),
                program => program.to_owned(),
            };
            let known = |(name, _): &(String, String)| environment.iter().any(|(known, _)| known == name);
            let own =
                all.iter().filter_map(|(name, value)| Some((name.strip_prefix("env.")?.to_owned(), value.clone())));
            let more: Vec<(String, String)> = own.filter(|pair| !known(pair)).collect();
            environment.extend(more);
            // The machine is told once, below.
            let machine = ["hostname", "kernel", "machine", "os", "cpus"];
            let own: Vec<_> = all.iter().filter(|(name, _)| !machine.contains(&name.as_str())).cloned().collect();
            if !self.facts.iter().any(|(_, name, _)| name.starts_with("machine.")) {
                let told = all.iter().filter(|(name, _)| machine.contains(&name.as_str()));
                let told: Vec<_> =
                    told.map(|(name, value)| (String::new(), format!("machine.{name}"), value.clone())).collect();
                self.facts.extend(told);
            }
            add(title, None, named(&own));
        }
        let sources = self.sources();
        add(tr("Sources"), None, sources);
        add(tr("Machine"), None, named(&self.take("machine.")));
        let mut perfkit = named(&self.take("perfkit."));
        perfkit.iter_mut().for_each(|fact| fact.style = "");
        add("perfkit".to_owned(), None, perfkit);
        environment.sort();
        let words = tr_many("{} variable", "{} variables", environment.len() as u64);
        let variables = environment.into_iter().map(|(name, value)| Fact::new(name, value)).collect();
        add(tr("Environment"), Some(words), variables);
        let processes: Vec<Fact> = self
            .processes
            .iter()
            .map(|(pid, name, command, threads)| {
                let threads = tr_many("{} thread", "{} threads", u64::try_from(*threads).unwrap_or(0));
                let command = if command.is_empty() { threads } else { format!("{command}\n{threads}") };
                Fact::new(format!("{name} ({pid})"), command)
            })
            .collect();
        let words = tr_many("{} process", "{} processes", processes.len() as u64);
        add(tr("Processes"), Some(words), processes);
        let rest: Vec<Fact> = self
            .facts
            .iter()
            .filter(|(.., value)| !value.is_empty())
            .map(|(_, name, value)| Fact::new(name, value))
            .collect();
        let words = tr_many("{} fact", "{} facts", rest.len() as u64);
        add(tr("Other Facts"), Some(words), rest);
        sections
    }

    /// Each source with its version, its command line, and how it ended.
    fn sources(&mut self) -> Vec<Fact> {
        let mut facts = Vec::new();
        for source in std::mem::take(&mut self.sources) {
            let version = self.take(&format!("tool.{}.version", source.name));
            let command = self.take(&format!("{}.command", source.name));
            if source.name == "perfkit" {
                // It is told in a section of its own.
                self.facts
                    .extend(command.into_iter().map(|(_, value)| (String::new(), "perfkit.command".to_owned(), value)));
                continue;
            }
            let mut lines = vec![source.spec.clone()];
            if let Some((_, version)) = version.into_iter().find(|(_, version)| !version.is_empty()) {
                lines[0] = tr_with("{spec}, version {version}", &[("spec", &source.spec), ("version", &version)]);
            }
            lines.push(match (&source.error, source.ended) {
                (Some(error), _) => tr_with("ended early: {why}", &[("why", error)]),
                (None, Some(ended)) => tr_with("collected for {time}", &[("time", &time(ended - source.begun))]),
                (None, None) => tr("its end was not recorded"),
            });
            lines.extend(command.into_iter().map(|(_, command)| command));
            let style = if source.error.is_some() { "warning" } else { "" };
            facts.push(Fact::new(source.name, lines.join("\n")).styled(style));
        }
        facts
    }
}

/// Reads all of it.
pub fn read(reader: &Reader, path: &str, whole: Range) -> Result<Facts> {
    let query = &reader.query;
    let facts = query.read("SELECT coalesce(source, ''), name, value FROM facts ORDER BY name", [], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    let sources = query.read("SELECT name, spec, begun, ended, error FROM sources ORDER BY id", [], |row| {
        let (name, spec) = (row.get(0)?, row.get(1)?);
        Ok(Source { name, spec, begun: row.get(2)?, ended: row.get(3)?, error: row.get(4)? })
    })?;
    let notes = query
        .read("SELECT coalesce(source, ''), text FROM notes ORDER BY time", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let drops = query.read("SELECT coalesce(source, ''), kind, count FROM drops ORDER BY count DESC", [], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    let processes = query.read(
        "SELECT pid, coalesce(name, ''), coalesce(command, ''), (SELECT count(*) FROM threads WHERE threads.pid = processes.pid) FROM processes
         ORDER BY pid",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?;
    let modules =
        query.read("SELECT coalesce(path, ''), coalesce(build_id, ''), coalesce(names, ''), length, pid FROM modules ORDER BY path, pid", [], |row| {
            let (path, build_id, names) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Module { path, build_id, names, bytes: row.get(3)?, pid: row.get(4)? })
        })?;
    let series = query.read(
        "SELECT name, doc, coalesce(sum(rows), 0), coalesce(sum(length(data)), 0), min(first), max(until)
         FROM main.series LEFT JOIN main.chunk ON chunk.series = series.id GROUP BY series.id ORDER BY 3 DESC, name",
        [],
        |row| {
            let place = row.get::<_, Option<i64>>(4)?.zip(row.get::<_, Option<i64>>(5)?);
            let place = place.map(|(first, until)| Range::new(first, until.max(first + 1)));
            Ok(Rows { name: row.get(0)?, doc: row.get(1)?, rows: row.get(2)?, bytes: row.get(3)?, place })
        },
    )?;
    let bytes = std::fs::metadata(path).map_or(0, |about| i64::try_from(about.len()).unwrap_or(i64::MAX));
    let file = (path.to_owned(), bytes, whole.length());
    Ok(Facts { sections: Raw { facts, sources, notes, drops, processes, file }.sections(), modules, series })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(name: &str, value: &str) -> (String, String, String) {
        ("source".into(), name.into(), value.into())
    }

    #[test]
    fn each_fact_stands_in_one_section_under_its_name() {
        let source = |name: &str, error: Option<&str>| Source {
            name: name.into(),
            spec: format!("{name}@10Hz"),
            begun: 5,
            ended: Some(2_000_000_005),
            error: error.map(str::to_owned),
        };
        let raw = Raw {
            facts: vec![
                fact("environment.LANG", "C"),
                fact("machine.kernel", "6.1"),
                fact("perf.command", "perf script -i -"),
                fact("perfkit.command", "perfkit-agent record"),
                fact("process.7.arg.0", "/bin/a"),
                fact("process.7.arg.1", "--fast"),
                fact("process.7.env.GTK_MODULES", "gdkrecord"),
                fact("process.7.kernel", "Linux 6.1"),
                fact("process.7.program", "a"),
                fact("process.7.start.ticks", "12"),
                fact("strange.thing", "yes"),
                fact("target.exit", "0"),
                fact("tool.perf.version", "6.1"),
                fact("tool.proc.version", ""),
            ],
            sources: vec![source("perfkit", None), source("perf", None), source("proc", Some("it is gone"))],
            drops: vec![("perf".into(), "samples".into(), 1_200)],
            ..Raw::default()
        };
        let sections = raw.sections();
        let titles: Vec<_> = sections.iter().map(|section| section.title.as_str()).collect();
        assert_eq!(titles, ["Lost", "Recording", "a", "Sources", "Machine", "perfkit", "Environment", "Other Facts"]);
        let facts = |title: &str| {
            let section = sections.iter().find(|section| section.title == title).unwrap();
            section.facts.iter().map(|fact| format!("{}: {}", fact.name, fact.value)).collect::<Vec<_>>()
        };
        assert_eq!(facts("a"), ["Program: a", "Arguments: --fast"]);
        assert_eq!(
            facts("Sources"),
            [
                "perf: perf@10Hz, version 6.1\ncollected for 2 s\nperf script -i -",
                "proc: proc@10Hz\nended early: it is gone"
            ]
        );
        assert_eq!(facts("Machine"), ["Kernel: 6.1"]);
        assert_eq!(facts("perfkit"), ["Command: perfkit-agent record"]);
        assert_eq!(facts("Environment"), ["GTK_MODULES: gdkrecord", "LANG: C"]);
        assert_eq!(facts("Other Facts"), ["strange.thing: yes"]);
        assert_eq!(facts("Lost"), ["perf: 1\u{202f}200 samples"]);
    }
}
