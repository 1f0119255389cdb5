//! perf at work: it attaches to the waiting target, and what it says is read until it ends.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{Machine, Plan, REMEDY, Rows, Stat, Text};
use crate::channel::Target;
use crate::error::{Error, Result};
use crate::source::{Collector, Outlet, Stop, Tool};

/// How long perf may take to attach: it looks at all that the processes have mapped.
const TO_ATTACH: Duration = Duration::from_secs(20);
/// How long its reader is listened to before perf is asked again whether it has attached.
const TO_READ: Duration = Duration::from_millis(1);

/// What `perf record` says at every end.
const NOISE: &[&str] = &["[ perf record: "];

/// A collector.
#[derive(Debug)]
pub struct Perf {
    plan: Plan,
    running: Vec<Running>,
    /// What `perf script` said before `perf record` had attached.
    early: Vec<String>,
    /// How they were called.
    commands: Vec<String>,
}

/// One of the tools, and what its lines are.
#[derive(Debug)]
struct Running {
    tool: Tool,
    says: Says,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// What another tool reads.
    Nothing,
    Records,
    Counts,
}

impl Perf {
    /// One that has yet to be attached.
    pub fn new(plan: Plan) -> Perf {
        Perf { plan, running: Vec::new(), early: Vec::new(), commands: Vec::new() }
    }

    fn record(&mut self, mut command: Command, mut control: Control) -> Result<()> {
        let mut script = self.plan.script();
        self.commands.extend([words(&command), words(&script)]);
        let mut recorder = Tool::start("perf record", &mut command, Signal::SIGINT, REMEDY)?.without(NOISE);
        let mut reader = Tool::start_reading("perf script", &mut script, &mut recorder, REMEDY)?;
        control.ask()?;
        let early = &mut self.early;
        recorder.wait_until(TO_ATTACH, &mut || {
            // Before it answers perf writes what is mapped and which threads there are, more than its pipes hold: both
            // are read meanwhile. That the reader says nothing now is no failure, and one that dies ends the recorder.
            let _ = reader.wait_for_output(TO_READ, &mut |line| {
                early.push(line.to_owned());
                false
            });
            control.answered()
        })?;
        self.running.push(Running { tool: recorder, says: Says::Nothing });
        self.running.push(Running { tool: reader, says: Says::Records });
        Ok(())
    }

    fn stat(&mut self, mut command: Command, mut control: Control) -> Result<()> {
        self.commands.push(words(&command));
        let mut tool = Tool::start("perf stat", &mut command, Signal::SIGINT, REMEDY)?.without(NOISE);
        control.ask()?;
        tool.wait_until(TO_ATTACH, &mut || control.answered())?;
        self.running.push(Running { tool, says: Says::Counts });
        Ok(())
    }
}

impl Collector for Perf {
    fn attach(&mut self, target: &Target) -> Result<()> {
        let control = Control::new(&target.scratch, "record")?;
        if let Some(command) = self.plan.record(target.pid, !target.attached, &control.words) {
            self.record(command, control)?;
        }
        let control = Control::new(&target.scratch, "stat")?;
        if let Some(command) = self.plan.stat(target.pid, &control.words) {
            self.stat(command, control)?;
        }
        Ok(())
    }

    fn run(self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        for command in &self.commands {
            outlet.fact("perf.command", command);
        }
        let (says, mut tools): (Vec<Says>, Vec<Tool>) =
            self.running.into_iter().map(|running| (running.says, running.tool)).unzip();
        let (mut text, mut rows, mut stat) = (Text::default(), Rows::new(Machine::this()), Stat::new(target.pid));
        for line in &self.early {
            text.line(line, &mut |record| rows.take(outlet, &record));
        }
        let result = Tool::run_all(&mut tools, outlet, stop, &mut |outlet, at, line| match says[at] {
            Says::Records => text.line(line, &mut |record| rows.take(outlet, &record)),
            Says::Counts => stat.line(outlet, line),
            Says::Nothing => {}
        });
        text.finish(&mut |record| rows.take(outlet, &record));
        rows.finish(outlet);
        outlet.dropped("lines of perf that mean nothing", text.take_unread() + stat.take_unread());
        result
    }
}

/// A pair of named pipes by which a perf that has attached can be asked whether it has.
#[derive(Debug)]
struct Control {
    /// What perf is told: the pipes' paths.
    words: String,
    asking: File,
    answers: File,
}

impl Control {
    fn new(folder: &Path, name: &str) -> Result<Control> {
        let pipe = |way: &str| {
            let path = folder.join(format!("perf-{name}.{way}"));
            match mkfifo(&path, Mode::S_IRWXU) {
                Ok(()) | Err(Errno::EEXIST) => {}
                Err(errno) => return Err(Error::file("create", &path)(errno.into())),
            }
            // Open for both ways, so that neither end waits for the other.
            let open = OpenOptions::new().read(true).write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&path);
            Ok((open.map_err(Error::file("open", &path))?, path))
        };
        let ((asking, ask), (answers, answer)) = (pipe("ask")?, pipe("answer")?);
        Ok(Control { words: format!("{},{}", ask.display(), answer.display()), asking, answers })
    }

    fn ask(&mut self) -> Result<()> {
        self.asking.write_all(b"ping\n").map_err(Error::file("write to", Path::new("perf's pipe")))
    }

    fn answered(&mut self) -> bool {
        self.answers.read(&mut [0; 64]).is_ok_and(|got| got > 0)
    }
}

/// A command as it would be typed.
fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
