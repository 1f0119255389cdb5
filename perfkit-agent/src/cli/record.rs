//! `record`: a program, or a process that runs already, into a session.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use gdkrecord::units;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

use super::FAILED;
use super::progress::Progress;
use super::symbolise;
use super::words;
use crate::channel::{self, Attendant, Company, Ended, Launch, Order, Plan, Recording, Subject, conduct, ward};
use crate::error::{Error, Result};
use crate::source::{Source, Spec, sources, specs, usual};
use crate::symbols::When;
use crate::template::Template;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent record -- gtk4-demo
  perfkit-agent record -o slow.perfkit --with gdkrecord,strace,proc@10Hz -- ./myprog --fast
  perfkit-agent record --with perf,proc --duration 10s --attach 4711

Signals: INT and TERM stop, twice at once; USR1 pauses and resumes; USR2 starts again. `perfkit-agent control` does \
the same by the session's name.

The exit status is the program's, or 128 plus the signal that ended it; 127 where it is not found, 126 where it cannot \
be started, 125 where the recording cannot be made, or written to its end.")]
pub struct Args {
    /// Where to write the session [default: the program's name with .perfkit, with a number where that is taken].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The sources, as `perfkit-agent sources` lists them: strace,proc@10Hz,script:./x.py; can be repeated
    /// [default: those that cost next to nothing].
    #[arg(short, long, value_name = "SOURCES")]
    with: Vec<String>,
    /// End the recording after this time, as 10s or 5m, and with it the program, but not one that was attached to.
    #[arg(short, long, value_name = "TIME", value_parser = words::duration)]
    duration: Option<Duration>,
    /// Record a process that runs already, and leave it running.
    #[arg(long, value_name = "PID", conflicts_with = "program")]
    attach: Option<i32>,
    /// Take what is not given here from a template.
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// Keep what is given here as a template.
    #[arg(long, value_name = "NAME")]
    save_template: Option<String>,
    /// Set a variable for the program; can be repeated.
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,
    /// The program's working folder.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Say nothing but errors.
    #[arg(short, long)]
    quiet: bool,
    /// The program and its arguments; all that follows is the program's, also with no -- before it.
    #[arg(trailing_var_arg = true, required_unless_present = "attach", value_name = "PROGRAM")]
    program: Vec<OsString>,
}

fn variable(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must be NAME=VALUE".to_owned()),
    }
}

/// What was asked for.
#[derive(Debug)]
struct Wanted {
    subject: Subject,
    specs: Vec<Spec>,
    duration: Option<Duration>,
    output: Option<PathBuf>,
    quiet: bool,
}

pub fn run(args: Args) -> Result<ExitCode> {
    let sources = sources();
    let wanted = meant(args, &sources)?;
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2])
        .map_err(Error::file("listen for", Path::new("signals")))?;
    let mut again = false;
    channel::adopt(Company::None);
    // Without it a recording is as good, as long as nobody kills it.
    ward::begin().unwrap_or_else(|error| super::say(&error.to_string()));
    loop {
        let output = output(&wanted, again)?;
        let code;
        (again, code) = once(&wanted, &output, &sources, &mut signals)?;
        if !again {
            return Ok(code);
        }
    }
}

/// From what was typed to what it means.
fn meant(args: Args, sources: &[Box<dyn Source>]) -> Result<Wanted> {
    let template = args.template.as_deref().map(Template::load).transpose()?.unwrap_or_default();
    let with = if args.with.is_empty() { template.with } else { args.with };
    let seconds = template.duration.map(|seconds| {
        Duration::try_from_secs_f64(seconds).map_err(|_| {
            let name = args.template.as_deref().unwrap_or_default();
            Error::Invalid(format!("the template {name} has a duration of {seconds} s, which is none"))
        })
    });
    let duration = args.duration.or(seconds.transpose()?);
    let mut environment: BTreeMap<String, String> = template.environment;
    environment.extend(args.env);
    let specs = match with.is_empty() {
        true => usual(sources),
        false => {
            let specs: std::result::Result<Vec<_>, String> = with.iter().map(|with| specs(with, sources)).collect();
            specs.map_err(Error::Invalid)?.concat()
        }
    };
    if let Some(name) = &args.save_template {
        let with = specs.iter().map(Spec::to_string).collect();
        let seconds = duration.map(|duration| duration.as_secs_f64());
        let path = Template { with, duration: seconds, environment: environment.clone() }.save(name)?;
        if !args.quiet {
            super::say(&format!("template {}", path.display()));
        }
    }
    let subject = match (args.attach, args.program.split_first()) {
        (Some(pid), _) => Subject::Attach(pid),
        (None, Some((program, arguments))) => {
            let mut launch = Launch::new(program, arguments);
            launch.folder = args.folder.unwrap_or_default();
            launch.environment = environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
            Subject::Start(launch)
        }
        (None, None) => return Err(Error::Invalid("no program was given".to_owned())),
    };
    Ok(Wanted { subject, specs, duration, output: args.output, quiet: args.quiet })
}

/// Records once; whether it is to be done again, and the status.
fn once(
    wanted: &Wanted,
    output: &Path,
    sources: &[Box<dyn Source>],
    signals: &mut Signals,
) -> Result<(bool, ExitCode)> {
    let plan = Plan { subject: wanted.subject.clone(), sources: wanted.specs.clone() };
    let mut terminal = Terminal { signals, progress: Progress::new(wanted.quiet), left: None };
    let Ended { again, outcome } = match conduct(plan, output, wanted.duration, sources, &mut terminal) {
        Ok(ended) => ended,
        Err(error) => return not_started(error),
    };
    let Some(outcome) = outcome else {
        super::say(&format!("stopped at once; {} has what was there a moment ago", output.display()));
        return Ok((false, ExitCode::from(128 + terminal.left.unwrap_or(0) as u8)));
    };
    if !outcome.whole {
        // Why was said. Of a program that ended well the status tells that its session is not whole.
        return Ok((again, ExitCode::from(if outcome.code == 0 { FAILED } else { outcome.code })));
    }
    let stopped = |signal| matches!(signal, SIGINT | SIGTERM);
    symbolise::after(output, When::Recorded, wanted.quiet, &mut || !signals.pending().any(stopped));
    if !wanted.quiet {
        let size = std::fs::metadata(output).map_or(0, |data| data.len());
        let (rows, size) = (units::count(outcome.rows), units::bytes(size));
        let lost =
            if outcome.dropped > 0 { format!(", {} dropped", units::count(outcome.dropped)) } else { String::new() };
        let seconds = outcome.time.as_secs_f64();
        super::say(&format!("{}: {rows} events in {seconds:.1} s{lost}, {size}", output.display()));
    }
    Ok((again, ExitCode::from(outcome.code)))
}

/// A program that cannot be started gives the status that a shell gives.
fn not_started(error: Error) -> Result<(bool, ExitCode)> {
    let status = match &error {
        Error::Start { error, .. } if error.kind() == std::io::ErrorKind::NotFound => 127,
        Error::Start { .. } => 126,
        _ => return Err(error),
    };
    super::say(&error.to_string());
    Ok((false, ExitCode::from(status)))
}

/// Signals tell a recording what to do, and standard error shows how it goes.
struct Terminal<'a> {
    signals: &'a mut Signals,
    progress: Progress,
    /// The signal that ended it at once.
    left: Option<i32>,
}

impl Attendant for Terminal<'_> {
    fn order(&mut self, recording: &Recording, wait: Duration) -> Option<Order> {
        if let Some(signal) = self.signals.pending().next() {
            return Some(match signal {
                SIGUSR1 if recording.paused() => Order::Resume,
                SIGUSR1 => Order::Pause,
                SIGUSR2 => Order::Restart,
                _ => Order::Stop,
            });
        }
        self.progress.tick(recording);
        std::thread::sleep(wait);
        None
    }

    fn problem(&mut self, line: &str) {
        self.progress.clear();
        super::say(line);
    }

    fn ending(&mut self) {
        self.progress.clear();
    }

    fn leaves(&mut self) -> bool {
        self.left = self.signals.pending().find(|signal| matches!(*signal, SIGINT | SIGTERM));
        self.left.is_some()
    }
}

/// The session's file: as asked for, or named after the program. A name that was asked for and is taken is refused, by
/// the store; others get a number then, as does a recording that is made again.
fn output(wanted: &Wanted, again: bool) -> Result<PathBuf> {
    match &wanted.output {
        Some(path) if !again => Ok(path.clone()),
        asked => conduct::free(&asked.clone().unwrap_or_else(|| conduct::named_after(&wanted.subject))),
    }
}
