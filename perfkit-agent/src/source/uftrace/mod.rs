//! Calls of functions, through uftrace: of the program's own and of those that it calls in libraries, at a tenth of a
//! microsecond each, without ptrace.
//!
//! What is recorded into is a library in the target, which `uftrace record` brings along for the program that it
//! starts. Started as its child the target would not be ours any more, nor have its exit status; so uftrace is given
//! a stand-in to start, and the target gets the stand-in's environment: it finds the recorder through a named pipe in
//! the folder for the data.
//!
//! [`dump`] reads `uftrace dump --chrome`, the quickest of its outputs that has arguments and results (the time of
//! `uftrace dump`, half of that of `uftrace replay`); [`tasks`] and [`symbols`] read files of its folder.

mod dump;
mod orphan;
mod symbols;
mod tasks;

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

pub use self::dump::Dump;
use self::orphan::Orphan;
pub use self::symbols::Symbols;
pub use self::tasks::Tasks;
use super::{Collector, Outlet, Readiness, Source, Spec, Stop, Stopper, Tool, installed, tracer};
use crate::channel::{Launch, Target};
use crate::error::{Error, Result};

/// uftrace.
#[derive(Debug)]
pub struct Uftrace;

const REMEDY: &str = "apt install uftrace";
/// How long the recorder may take to begin.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the target is looked at.
const BEAT: Duration = Duration::from_millis(50);
/// The stand-in: it tells its environment, and ends when nobody holds the other end of its pipe any more.
const STAND_IN: &str = "env -0 > \"$1\"; read line < \"$2\"; exit 0";
/// Variables that the stand-in has from uftrace, by the begin of their names.
const GIVEN: &[&str] = &["UFTRACE_", "XRAY_", "LD_PRELOAD", "LD_LIBRARY_PATH"];

/// What can be asked for: word, uftrace's options, meaning.
const PARTS: &[(&str, &[&str], &str)] = &[
    ("calls", &[], "library functions that the program calls"),
    ("functions", &["-P", "."], "the program's own functions too; this is the default"),
    ("nested", &["-P", ".", "-l"], "and what libraries call in other libraries"),
    ("args", &["-P", ".", "-a"], "arguments and results of known functions"),
];

impl Source for Uftrace {
    fn name(&self) -> &'static str {
        "uftrace"
    }

    fn about(&self) -> &'static str {
        "calls of the program's functions and of libraries, with depth, read when the program has ended"
    }

    fn usage(&self) -> &'static str {
        "uftrace[:PART+…]   parts: functions (the program's own and what they call in libraries; the default), calls \
         (the latter alone), nested (also what libraries call in others), args (arguments and results), depth=N"
    }

    fn readiness(&self) -> Readiness {
        tracer::readiness("uftrace")
    }

    fn attaches(&self) -> bool {
        false
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        if spec.rate.is_some() {
            return Err(Error::Invalid(format!("{spec}: uftrace sees every call and has no rate")));
        }
        Ok(Box::new(Collecting { options: options(spec)?, recorder: None }))
    }
}

fn options(spec: &Spec) -> Result<Vec<String>> {
    let mut options: Vec<String> = Vec::new();
    for part in spec.argument.as_deref().unwrap_or("functions").split('+') {
        let known = PARTS.iter().find(|(word, ..)| *word == part);
        let depth = part.strip_prefix("depth=").and_then(|depth| depth.parse::<u16>().ok()).filter(|depth| *depth > 0);
        match (known, depth) {
            (Some((_, given, _)), _) => {
                // `-P` may come from several parts.
                let fresh = given.iter().filter(|option| !options.iter().any(|have| have == *option));
                options.extend(fresh.map(|option| (*option).to_owned()).collect::<Vec<_>>());
            }
            (None, Some(depth)) => options.extend(["-D".to_owned(), depth.to_string()]),
            (None, None) => {
                let parts = PARTS.iter().map(|(word, _, about)| format!("{word} ({about})")).collect::<Vec<_>>();
                let parts = parts.join(", ");
                return Err(Error::Invalid(format!("{spec}: there is no part `{part}`; there are {parts}, depth=N")));
            }
        }
    }
    Ok(options)
}

/// uftrace at work.
struct Collecting {
    options: Vec<String>,
    recorder: Option<Recorder>,
}

/// The running recorder.
struct Recorder {
    tool: Tool,
    folder: PathBuf,
    /// The stand-in lives as long as this is open.
    stand_in: File,
    /// Our own end of the pipe through which the target speaks to the recorder. While it is open the target does not
    /// die of writing to a recorder that is no more.
    channel: File,
}

impl Collector for Collecting {
    fn prepare(&mut self, launch: &mut Launch) -> Result<()> {
        // The target goes through `env`, which must not be found in the place of a program that is missing.
        let program = Path::new(&launch.program);
        let there = program.components().count() > 1 && launch.folder.join(program).is_file();
        if !there && installed::find(&launch.program.to_string_lossy()).is_none() {
            return Ok(());
        }
        let (recorder, given) = Recorder::start(&launch.scratch, &self.options)?;
        let mut words: Vec<OsString> = Vec::new();
        for (name, value) in given {
            let mut word = OsString::from(&name);
            word.push("=");
            word.push(&value);
            if let Some(old) = launch.variable(&name).filter(|old| name.starts_with("LD_") && !old.is_empty()) {
                word.push(":");
                word.push(old);
            }
            words.push(word);
        }
        words.push(std::mem::replace(&mut launch.program, "env".into()));
        words.append(&mut launch.arguments);
        launch.arguments = words;
        self.recorder = Some(recorder);
        Ok(())
    }

    fn attach(&mut self, target: &Target) -> Result<()> {
        match target.attached {
            false => Ok(()),
            true => Err(Error::Invalid("uftrace must be there when a program starts: start it with this".to_owned())),
        }
    }

    fn run(self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        let Some(recorder) = self.recorder else { return Ok(()) };
        while !target.ended() && recorder.tool.running() && !stop.wait(BEAT) {
            outlet.tick();
        }
        let died = !recorder.tool.running();
        let Recorder { tool, folder, stand_in, mut channel } = recorder;
        drop(stand_in);
        let recorded = tool.run(outlet, stop, &mut |_, _| ());
        if died {
            let mut orphan = Orphan::new(&fs::read_to_string(folder.join("task.txt")).unwrap_or_default());
            while !target.ended() && !stop.wait(BEAT) {
                outlet.tick();
                orphan.tend(&mut channel);
            }
            orphan.tend(&mut channel);
        }
        let read = read(&folder, target.pid, outlet);
        recorded.and(read)
    }
}

impl Recorder {
    /// Starts it with a stand-in; and the variables that the target needs.
    fn start(scratch: &Path, options: &[String]) -> Result<(Recorder, Vec<(String, OsString)>)> {
        let folder = scratch.join("uftrace");
        let (variables, pipe) = (scratch.join("uftrace.environment"), scratch.join("uftrace.pipe"));
        mkfifo(&pipe, Mode::S_IRWXU).map_err(|errno| Error::file("create", &pipe)(errno.into()))?;
        let mut command = Command::new("uftrace");
        command.args(["record", "--force", "--no-event", "--no-pager"]).args(options).arg("-d").arg(&folder);
        command.args(["sh", "-c", STAND_IN, "sh"]).arg(&variables).arg(&pipe);
        let mut tool = Tool::start("uftrace", &mut command, Signal::SIGINT, REMEDY)?;
        let mut stand_in = None;
        tool.wait_until(PATIENCE, &mut || {
            // Refused until the stand-in has opened the other end.
            stand_in = OpenOptions::new().write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&pipe).ok();
            stand_in.is_some()
        })?;
        let stand_in = stand_in.ok_or_else(|| Error::Invalid("uftrace's stand-in did not begin".to_owned()))?;
        let channel = folder.join(".channel");
        let channel = OpenOptions::new()
            .read(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(&channel)
            .map_err(Error::file("open", &channel))?;
        let bytes = fs::read(&variables).map_err(Error::file("read", &variables))?;
        Ok((Recorder { tool, folder, stand_in, channel }, given(&bytes)))
    }
}

/// The variables that uftrace gives its program, in an environment as `env -0` writes it. Of lists the first entry
/// is uftrace's.
fn given(environment: &[u8]) -> Vec<(String, OsString)> {
    let variable = |entry: &[u8]| {
        let at = memchr::memchr(b'=', entry)?;
        let name = std::str::from_utf8(&entry[..at]).ok()?;
        let wanted = GIVEN.iter().any(|begin| name.starts_with(begin)) && name != "UFTRACE_ARGS";
        let value = &entry[at + 1..];
        let end = if name.starts_with("LD_") { memchr::memchr2(b':', b' ', value) } else { None };
        let value = std::ffi::OsStr::from_bytes(&value[..end.unwrap_or(value.len())]).to_owned();
        wanted.then(|| (name.to_owned(), value))
    };
    environment.split(|byte| *byte == 0).filter_map(variable).collect()
}

/// Reads what was recorded of a process and its descendants.
fn read(folder: &Path, pid: i32, outlet: &mut Outlet) -> Result<()> {
    let list = folder.join("task.txt");
    let list = fs::read(&list).map_err(Error::file("read", &list))?;
    let tasks = Tasks::read(&String::from_utf8_lossy(&list), pid);
    tasks.tell(outlet);
    let mut dump = Dump::new(outlet, Symbols::read(folder, &tasks.programs()));
    let mut command = Command::new("uftrace");
    command.args(["dump", "--chrome", "--no-pager", "-d"]).arg(folder);
    // What was recorded is read to its end, though the recording itself is over.
    let (_stopper, stop) = Stopper::new().map_err(Error::file("make", Path::new("a pipe")))?;
    let tool = Tool::start("uftrace", &mut command, Signal::SIGINT, REMEDY)?;
    let result = tool.run(outlet, &stop, &mut |outlet, line| dump.line(outlet, line, &|pid| tasks.has(pid)));
    let calls = dump.finish(outlet);
    result?;
    match calls {
        0 => Err(Error::Invalid(
            "it saw no call: it sees none in static programs, nor in those that change users or drop LD_PRELOAD"
                .to_owned(),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_become_options_and_others_are_refused() {
        let of = |spec: &str| options(&spec.parse().unwrap()).map_err(|error| error.to_string());
        assert_eq!(of("uftrace").unwrap(), ["-P", "."]);
        assert!(of("uftrace:calls").unwrap().is_empty());
        assert_eq!(of("uftrace:nested+args+depth=3").unwrap(), ["-P", ".", "-l", "-a", "-D", "3"]);
        assert!(of("uftrace:all").unwrap_err().contains("there is no part `all`; there are calls ("));
        assert!(of("uftrace:depth=0").is_err());
    }

    #[test]
    fn the_variables_of_the_stand_in_are_told_from_others() {
        let environment = b"HOME=/root\0UFTRACE_DIR=/tmp/a b\0LD_PRELOAD=/x/libmcount.so:/y.so\0UFTRACE_ARGS=sh\0";
        let expected = [("UFTRACE_DIR", "/tmp/a b"), ("LD_PRELOAD", "/x/libmcount.so")];
        assert_eq!(given(environment), expected.map(|(name, value)| (name.to_owned(), OsString::from(value))));
    }
}
