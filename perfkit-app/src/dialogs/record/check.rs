//! What was typed into the dialog for a new recording, and what it means: a validator for each field. They look at files
//! and ask tools, so they run off the main thread.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gtk::glib;
use perfkit_agent::Error;
use perfkit_agent::channel::{self, Launch, Plan, Subject, conduct};
use perfkit_agent::cli::words;
use perfkit_agent::source::{Readiness, Source, Spec, sources};

use crate::dialogs::form::{Findings, Level};
use crate::link::recording::Wanted;
use crate::wording::{marked, tr, tr_with};

/// Whether each source can be used, by its name: asked once, since tools are started to know.
pub type States = HashMap<&'static str, Readiness>;

/// Asks all of them. Takes a second.
pub fn states() -> States {
    sources().iter().map(|source| (source.name(), source.readiness())).collect()
}

/// The target, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aim {
    /// A program to start.
    Start(Start),
    /// A process that runs.
    Attach(i32),
}

/// A program to start, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// Its name, as a shell finds it, or its path.
    pub program: String,
    /// Its arguments, as a shell reads them.
    pub arguments: String,
    /// Its folder; may be empty.
    pub folder: String,
    /// Variables: the field's name, the variable's, its value.
    pub environment: Vec<(String, String, String)>,
}

/// All that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// The target.
    pub aim: Aim,
    /// Sources that are on, each with its options: what follows its name after `--with`.
    pub sources: Vec<(&'static str, String)>,
    /// For how long at most; may be empty.
    pub most: String,
    /// The session's file; none where one is to be proposed.
    pub output: Option<String>,
    /// The folder of one that is proposed.
    pub folder: PathBuf,
}

/// What came of it.
#[derive(Debug)]
pub struct Checked {
    /// What is to be known about the fields.
    pub findings: Findings,
    /// What is to be recorded; none where something stops it.
    pub wanted: Option<Wanted>,
    /// The session's file that is proposed.
    pub proposed: PathBuf,
}

/// Names of fields; those of variables are the dialog's, those of sources [`source_field`].
pub const PROGRAM: &str = "program";
/// As above.
pub const ARGUMENTS: &str = "arguments";
/// As above.
pub const FOLDER: &str = "folder";
/// As above.
pub const PROCESS: &str = "process";
/// As above.
pub const SOURCES: &str = "sources";
/// As above.
pub const MOST: &str = "most";
/// As above.
pub const OUTPUT: &str = "output";

/// Programs that run others where the recorder is not.
const SANDBOXES: &[&str] = &["flatpak", "snap", "bwrap"];

/// The field of a source.
pub fn source_field(name: &str) -> String {
    format!("source {name}")
}

/// Checks everything, and makes a plan of it.
pub fn check(typed: &Typed, states: &States) -> Checked {
    let mut findings = Findings::default();
    let subject = match &typed.aim {
        Aim::Start(start) => launch(start, &mut findings).map(Subject::Start),
        Aim::Attach(pid) => findings.take(PROCESS, process(*pid)).map(Subject::Attach),
    };
    let specs = specs(typed, states, &mut findings);
    let most = findings.take(MOST, most(&typed.most));
    let named = match (&subject, &typed.aim) {
        (Some(subject), _) => conduct::named_after(subject),
        (None, Aim::Start(Start { program, .. })) if !program.trim().is_empty() => {
            conduct::named_after(&Subject::Start(Launch::new(program.trim(), [""; 0])))
        }
        _ => PathBuf::from("recording.perfkit"),
    };
    let proposed = typed.folder.join(named);
    let proposed = conduct::free(&proposed).unwrap_or(proposed);
    let written = typed.output.clone().unwrap_or_else(|| proposed.display().to_string());
    let output = findings.take(OUTPUT, output(&written));
    let wanted = match (subject, most, output) {
        (Some(subject), Some(most), Some(output)) if findings.stopping().is_none() => {
            Some(Wanted { plan: Plan { subject, sources: specs }, output, most })
        }
        _ => None,
    };
    Checked { findings, wanted, proposed }
}

/// The program with all that belongs to it. Every part is looked at, whether or not another is wrong.
fn launch(start: &Start, findings: &mut Findings) -> Option<Launch> {
    let folder = findings.take(FOLDER, folder(&start.folder));
    let arguments = findings.take(ARGUMENTS, arguments(&start.arguments));
    let environment = environment(&start.environment, findings);
    let mut launch = Launch::new(home(start.program.trim()), arguments.clone().unwrap_or_default());
    launch.folder = folder.clone().unwrap_or_default();
    launch.environment = environment.iter().map(|(name, value)| (name.into(), value.into())).collect();
    if launch.program.is_empty() {
        findings.add(PROGRAM, Level::Lacking, tr("Enter a program, or choose an application"));
        return None;
    }
    findings.take(PROGRAM, program(&launch))?;
    let name = channel::name(&launch.program);
    if SANDBOXES.contains(&&*name) {
        let words = marked("{program} runs applications in a sandbox, into which gdkrecord is not loaded");
        findings.add(PROGRAM, Level::Warning, tr_with(words, &[("program", &name)]));
    }
    folder.and(arguments).map(|_| launch)
}

/// Whether there is the program that would be started, as whatever starts it looks for it.
pub fn program(launch: &Launch) -> Result<(), String> {
    match channel::find(launch) {
        Ok(_) => Ok(()),
        Err(Error::Start { error, .. }) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(tr("This file may not be executed; chmod +x makes it a program"))
        }
        Err(Error::Start { .. }) if Path::new(&launch.program).components().count() > 1 => {
            Err(tr("There is no such file"))
        }
        Err(Error::Start { .. }) => Err(tr("There is no such program in any folder of PATH")),
        Err(other) => Err(other.to_string()),
    }
}

/// The words of the arguments, as a shell splits them.
pub fn arguments(text: &str) -> Result<Vec<String>, String> {
    shlex::split(text).ok_or_else(|| tr("A quotation mark is not closed, or a backslash stands at the end"))
}

/// The working folder; empty stands for that of this program.
pub fn folder(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(home(text.trim()));
    match path.metadata() {
        _ if path.as_os_str().is_empty() => Ok(path),
        Ok(data) if !data.is_dir() => Err(tr("This is a file, and not a folder")),
        Ok(_) if !allowed(&path, nix::unistd::AccessFlags::X_OK) => Err(tr("You may not enter this folder")),
        Ok(_) => Ok(path),
        Err(_) => Err(tr("There is no such folder")),
    }
}

/// The variables by name. Rows that are empty are none.
fn environment(rows: &[(String, String, String)], findings: &mut Findings) -> BTreeMap<String, String> {
    let mut seen = BTreeSet::new();
    let mut variables = BTreeMap::new();
    for (field, name, value) in rows.iter().filter(|(_, name, value)| !name.is_empty() || !value.is_empty()) {
        match variable(name) {
            Err((Level::Error, words)) => {
                findings.add(field, Level::Error, words);
                continue;
            }
            Err((level, words)) => findings.add(field, level, words),
            Ok(()) => {}
        }
        if !seen.insert(name) {
            findings.add(field, Level::Warning, tr("This variable is set above too; the last value counts"));
        }
        variables.insert(name.clone(), value.clone());
    }
    variables
}

fn variable(name: &str) -> Result<(), (Level, String)> {
    let usual = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match name.chars().next() {
        None => Err((Level::Error, tr("A variable needs a name"))),
        Some(_) if name.contains(['=', '\0']) => Err((Level::Error, tr("The name of a variable has no = in it"))),
        Some(first) if first.is_ascii_digit() || !name.chars().all(usual) => {
            Err((Level::Warning, tr("Shells know only names of letters, digits and _ that begin with no digit")))
        }
        Some(_) => Ok(()),
    }
}

/// Whether a process can be looked at.
fn process(pid: i32) -> Result<i32, String> {
    use nix::errno::Errno;
    match nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None) {
        Ok(()) => Ok(pid),
        Err(Errno::EPERM) => Err(tr("This process belongs to another user: start perfkit as that user, or as root")),
        Err(_) => Err(tr("This process has ended")),
    }
}

/// The sources that are on, and what is wrong with each.
fn specs(typed: &Typed, states: &States, findings: &mut Findings) -> Vec<Spec> {
    let known = sources();
    let on = typed.sources.iter();
    let mut on: Vec<(&dyn Source, &str)> = on
        .filter_map(|(name, options)| Some((&**known.iter().find(|source| source.name() == *name)?, options.trim())))
        .collect();
    if let Aim::Attach(_) = typed.aim {
        on.retain(|(source, _)| source.attaches());
    }
    if on.is_empty() {
        findings.add(SOURCES, Level::Error, tr("Choose at least one source: what else would be recorded?"));
    }
    let mut claimed = HashMap::new();
    let mut specs = Vec::new();
    for (source, options) in on {
        let field = source_field(source.name());
        for &claim in source.claims() {
            if let Some(other) = claimed.insert(claim, source.name()) {
                let (what, way_out) = claim.conflict();
                let values = [("other", other), ("what", what), ("remedy", way_out)];
                findings.add(&field, Level::Error, tr_with("{other} needs it too: {what}; {remedy}", &values));
            }
        }
        match states.get(source.name()) {
            Some(Readiness::Missing { remedy }) => findings.add(&field, Level::Error, remedy),
            Some(Readiness::Limited { remedy, .. }) => findings.add(&field, Level::Warning, remedy),
            // Without an answer yet, it is asked when the recording starts.
            Some(Readiness::Ready { .. }) | None => {}
        }
        let spec = spec(source.name(), options).and_then(|spec| match source.open(&spec) {
            Ok(_) => Ok(spec),
            Err(error) => Err(error.to_string()),
        });
        specs.extend(findings.take(&field, spec));
    }
    specs
}

/// A source with its options.
pub fn spec(name: &str, options: &str) -> Result<Spec, String> {
    match options.is_empty() || options.starts_with('@') {
        true => format!("{name}{options}").parse(),
        false => format!("{name}:{options}").parse(),
    }
}

/// The options of a source, as [`spec`] takes them.
pub fn options(spec: &Spec) -> String {
    let rate = spec.rate.map_or(String::new(), |rate| format!("@{rate}Hz"));
    format!("{}{rate}", spec.argument.as_deref().unwrap_or_default())
}

/// How long at most; none where nothing is said.
fn most(text: &str) -> Result<Option<Duration>, String> {
    match text.trim() {
        "" => Ok(None),
        text => words::duration(text)
            .map(Some)
            .map_err(|_| tr("A length of time is a number and ms, s, m or h, as 10s or 5m")),
    }
}

/// The session's file, which is not there yet, in a folder that can be written.
fn output(text: &str) -> Result<PathBuf, String> {
    let mut path = PathBuf::from(home(text.trim()));
    if path.file_name().is_none() || text.trim().ends_with('/') {
        return Err(tr("Enter the name of a file"));
    }
    if path.is_relative() {
        path = glib::home_dir().join(path);
    }
    if path.extension().is_none_or(|extension| extension != "perfkit") {
        path.as_mut_os_string().push(".perfkit");
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    match folder.metadata() {
        Err(_) => Err(tr_with("There is no folder {folder}", &[("folder", &folder.display().to_string())])),
        Ok(data) if !data.is_dir() => {
            Err(tr_with("{folder} is a file, and not a folder", &[("folder", &folder.display().to_string())]))
        }
        Ok(_) if !allowed(folder, nix::unistd::AccessFlags::W_OK) => Err(tr("You may not write into this folder")),
        Ok(_) if path.exists() => Err(tr("There is a file of this name already, and none is ever overwritten")),
        Ok(_) => Ok(path),
    }
}

/// A folder, where files can be written into it.
pub fn writable(folder: PathBuf) -> Result<PathBuf, String> {
    match allowed(&folder, nix::unistd::AccessFlags::W_OK) {
        true => Ok(folder),
        false => Err(tr("You may not write into this folder")),
    }
}

fn allowed(path: &Path, how: nix::unistd::AccessFlags) -> bool {
    nix::unistd::access(path, how).is_ok()
}

/// A path in which a leading `~` stands for the user's folder.
fn home(text: &str) -> String {
    match text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/')) {
        Some(rest) => format!("{}{rest}", glib::home_dir().display()),
        // No path has a zero in it, and nothing can be started with one.
        None => CString::new(text.as_bytes()).map_or_else(|_| text.replace('\0', ""), |_| text.to_owned()),
    }
}

/// Whether a file is one that can be started.
pub fn is_program(path: &Path) -> bool {
    path.is_file() && !path.as_os_str().as_bytes().is_empty() && allowed(path, nix::unistd::AccessFlags::X_OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(start: Start) -> Typed {
        Typed {
            aim: Aim::Start(start),
            sources: vec![("proc", String::new())],
            most: String::new(),
            output: None,
            folder: std::env::temp_dir(),
        }
    }

    fn sleep() -> Start {
        Start { program: "sleep".into(), arguments: "1".into(), ..Start::default() }
    }

    /// What stops it, by field.
    fn stops(typed: &Typed, field: &str) -> Option<String> {
        let checked = check(typed, &States::new());
        let words = checked.findings.stopping().filter(|finding| finding.field == field);
        let words = words.map(|finding| finding.words.clone());
        assert_eq!(checked.wanted.is_none(), words.is_some(), "{words:?} {:?}", checked.findings);
        words
    }

    #[test]
    fn what_is_right_becomes_a_plan() {
        let environment = vec![("v0".into(), "A".into(), "1".into()), ("v1".into(), String::new(), String::new())];
        let start = Start { arguments: "'a b' c\\ d".into(), environment, folder: "~".into(), ..sleep() };
        let with = [("gdkrecord", "@x"), ("proc", "process@10Hz")].map(|(name, options)| (name, options.to_owned()));
        let typed = Typed { sources: with[1..].to_vec(), most: "1.5s".into(), ..typed(start) };
        let checked = check(&typed, &States::new());
        assert_eq!(checked.findings, Findings::default());
        let wanted = checked.wanted.unwrap();
        assert_eq!(wanted.output.file_name().unwrap(), "sleep.perfkit");
        assert_eq!(wanted.most, Some(Duration::from_millis(1500)));
        assert_eq!(wanted.plan.sources[0].to_string(), "proc:process@10Hz");
        let Subject::Start(launch) = wanted.plan.subject else { panic!() };
        assert_eq!(launch.arguments, ["a b", "c d"]);
        assert_eq!((launch.variable("A").unwrap(), launch.folder), ("1".into(), glib::home_dir()));
        assert_eq!(launch.environment.len(), 1);
    }

    #[test]
    fn programs_that_are_not_there_or_none_are_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("text"), "x").unwrap();
        let inside = folder.path().display().to_string();
        let program = |program: &str| {
            let start = Start { program: program.into(), folder: inside.clone(), ..Start::default() };
            stops(&typed(start), PROGRAM)
        };
        assert!(program("").unwrap().contains("Enter a program"));
        assert!(program("no-such-program-here").unwrap().contains("PATH"));
        assert!(program("./nothing").unwrap().contains("no such file"));
        assert!(program("./text").unwrap().contains("chmod"));
        assert!(program("sh").is_none());
        // A program of the folder itself, and one that the program's own PATH has.
        std::os::unix::fs::symlink("/bin/sh", folder.path().join("mine")).unwrap();
        assert!(program("./mine").is_none() && program("mine").is_some());
        let environment = vec![("v".into(), "PATH".into(), inside.clone())];
        let start = Start { program: "mine".into(), environment, ..Start::default() };
        assert!(stops(&typed(start), PROGRAM).is_none());
    }

    #[test]
    fn arguments_folder_and_variables_are_checked() {
        for (arguments, fine) in [("", true), ("a 'b c'", true), ("a 'b", false), ("\"", false), ("a\\", false)] {
            let start = Start { arguments: arguments.into(), ..sleep() };
            assert_eq!(stops(&typed(start), ARGUMENTS).is_none(), fine, "{arguments}");
        }
        for (folder, word) in [("/", ""), ("", ""), ("/nonexistent", "no such folder"), ("/etc/passwd", "a file")] {
            let start = Start { folder: folder.into(), ..sleep() };
            let words = stops(&typed(start), FOLDER);
            assert_eq!(words.is_none(), word.is_empty(), "{folder}");
            assert!(words.unwrap_or_default().contains(word), "{folder}");
        }
        let environment = |rows: &[(&str, &str)]| {
            let rows = rows.iter().map(|(name, value)| ("v".to_owned(), (*name).to_owned(), (*value).to_owned()));
            Start { environment: rows.collect(), ..sleep() }
        };
        for (name, value, fine) in [("A", "", true), ("A B", "x", true), ("", "x", false), ("A=B", "x", false)] {
            assert_eq!(stops(&typed(environment(&[(name, value)])), "v").is_none(), fine, "{name}");
        }
        let warned = |rows: &[(&str, &str)]| {
            let checked = check(&typed(environment(rows)), &States::new());
            assert!(checked.wanted.is_some());
            checked.findings.of("v").is_some()
        };
        assert!(warned(&[("1A", "x")]) && warned(&[("A", "1"), ("A", "2")]) && !warned(&[("A", "1"), ("B", "2")]));
    }

    #[test]
    fn sources_that_conflict_lack_something_or_are_none_are_told() {
        let with = |sources: &[(&'static str, &str)], states: &States| {
            let sources = sources.iter().map(|(name, options)| (*name, (*options).to_owned())).collect();
            check(&Typed { sources, ..typed(sleep()) }, states)
        };
        let none = States::new();
        assert!(with(&[], &none).findings.of(SOURCES).is_some());
        let both = with(&[("strace", ""), ("ltrace", "")], &none);
        let words = &both.findings.of("source ltrace").unwrap().words;
        assert!(words.starts_with("strace needs it too") && words.contains("ptrace"), "{words}");
        assert!(both.wanted.is_none());
        for (name, options, fine) in
            [("proc", "@10Hz", true), ("proc", "nonsense", false), ("proc", "@manyHz", false), ("output", "x", false)]
        {
            let checked = with(&[(name, options)], &none);
            assert_eq!(checked.wanted.is_some(), fine, "{name} {options}");
            assert_eq!(checked.findings.of(&source_field(name)).is_none(), fine, "{name} {options}");
        }
        let missing = States::from([("proc", Readiness::Missing { remedy: "apt install it".into() })]);
        let checked = with(&[("proc", "")], &missing);
        assert_eq!(checked.findings.of("source proc").unwrap().words, "apt install it");
        let (version, path) = (String::new(), None);
        let limited = States::from([("proc", Readiness::Limited { version, path, remedy: "less".into() })]);
        let checked = with(&[("proc", "")], &limited);
        assert!(checked.wanted.is_some());
        assert_eq!(checked.findings.of("source proc").unwrap().level, Level::Warning);
    }

    #[test]
    fn options_read_back() {
        for (name, options) in
            [("proc", "@10Hz"), ("proc", "process+net@2Hz"), ("gdkrecord", "widgets=on"), ("perf", "")]
        {
            assert_eq!(super::options(&spec(name, options).unwrap()), options);
        }
    }

    #[test]
    fn times_and_files_are_checked() {
        for (most, fine) in [("", true), ("10s", true), ("2", true), ("soon", false), ("-1", false), ("0", false)] {
            assert_eq!(stops(&Typed { most: most.into(), ..typed(sleep()) }, MOST).is_none(), fine, "{most}");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.perfkit"), "").unwrap();
        let inside = |name: &str| folder.path().join(name).display().to_string();
        for (output, word) in [
            (inside("new"), ""),
            (inside("new.perfkit"), ""),
            (inside("a"), "already"),
            (inside("no/new"), "no folder"),
            (inside("a.perfkit/x"), "a file"),
            (String::new(), "name of a file"),
            (inside("x/"), "name of a file"),
        ] {
            let words = stops(&Typed { output: Some(output.clone()), ..typed(sleep()) }, OUTPUT);
            assert_eq!(words.is_none(), word.is_empty(), "{output}");
            assert!(words.unwrap_or_default().contains(word), "{output}");
        }
        let typed = Typed { output: Some(inside("new")), ..typed(sleep()) };
        assert_eq!(check(&typed, &States::new()).wanted.unwrap().output, folder.path().join("new.perfkit"));
    }

    #[test]
    fn processes_are_there_or_not_and_some_sources_come_too_late_for_them() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id() as i32;
        let sources = vec![("gdkrecord", String::new()), ("proc", String::new())];
        let attach = Typed { aim: Aim::Attach(pid), sources, ..typed(sleep()) };
        let checked = check(&attach, &States::new());
        let wanted = checked.wanted.unwrap();
        assert_eq!(wanted.plan.sources.iter().map(|spec| &*spec.source).collect::<Vec<_>>(), ["proc"]);
        assert_eq!(wanted.output.file_name().unwrap().to_str().unwrap(), format!("sleep-{pid}.perfkit"));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(stops(&attach, PROCESS).unwrap().contains("ended"));
    }
}
