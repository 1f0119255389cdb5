//! `record`: a program, or a process that runs already, into a session.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use gdkrecord::units;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

use super::FAILED;
use super::control::{Order, Orders};
use super::progress::{self, Progress};
use super::symbolise;
use super::templates::Template;
use super::words;
use crate::channel::{self, Launch, Plan, Recording, Subject, ward};
use crate::error::{Error, Result};
use crate::session::Store;
use crate::source::{Readiness, Source, Spec, sources};
use crate::symbols::When;

/// What is recorded where nothing is asked for: the sources that cost next to nothing, as far as they are here.
const USUAL: &[&str] = &["gdkrecord", "counters", "proc", "output"];
/// From one look at the target, the signals and the orders to the next, while the recording is being finished.
const LOOK: Duration = Duration::from_millis(20);
/// While it goes on, looks are a twentieth of what it has lasted apart: a short program's end is seen at once, and
/// days of monitoring cost next to nothing. Nobody waits longer than this for an answer.
const LONGEST_LOOK: Duration = Duration::from_millis(200);
const SHORTEST_LOOK: Duration = Duration::from_millis(5);

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

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The target has ended, or is to end.
    Stop,
    /// It is to be recorded again.
    Restart,
}

pub fn run(args: Args) -> Result<ExitCode> {
    let sources = sources();
    let wanted = meant(args, &sources)?;
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2])
        .map_err(Error::file("listen for", Path::new("signals")))?;
    let mut again = false;
    channel::adopt();
    // Without it a recording is as good, as long as nobody kills it.
    ward::begin().unwrap_or_else(|error| super::say(&error.to_string()));
    loop {
        let output = output(&wanted, again)?;
        let (end, code) = once(&wanted, &output, &sources, &mut signals)?;
        if end != End::Restart {
            return Ok(code);
        }
        again = true;
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
            let specs: std::result::Result<Vec<_>, String> =
                with.iter().map(|with| words::specs(with, sources)).collect();
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

fn usual(sources: &[Box<dyn Source>]) -> Vec<Spec> {
    let ready = |source: &dyn Source| !matches!(source.readiness(), Readiness::Missing { .. });
    let usual = sources.iter().filter(|source| USUAL.contains(&source.name()) && ready(&***source));
    usual.map(|source| Spec { source: source.name().to_owned(), argument: None, rate: None }).collect()
}

/// Records once.
fn once(wanted: &Wanted, output: &Path, sources: &[Box<dyn Source>], signals: &mut Signals) -> Result<(End, ExitCode)> {
    let store = Store::create(output)?;
    let plan = Plan { subject: wanted.subject.clone(), sources: wanted.specs.clone() };
    let started = Recording::start(plan, sources, move |receiver| store.run(receiver));
    let mut recording = match started {
        Ok(recording) => recording,
        Err(error) => {
            // A session of a program that never ran helps nobody.
            let _ = std::fs::remove_file(output);
            return not_started(error);
        }
    };
    // Without orders there are still signals.
    let orders = Orders::listen(output).map_err(|error| super::say(&error.to_string())).ok();
    let mut progress = Progress::new(wanted.quiet);
    let end = watch(&mut recording, wanted, signals, orders.as_ref(), &mut progress);
    let outcome = match finish(recording, signals, &mut progress) {
        Ok(outcome) => outcome,
        Err(signal) => {
            super::say(&format!("stopped at once; {} has what was there a moment ago", output.display()));
            return Ok((End::Stop, ExitCode::from(128 + signal as u8)));
        }
    };
    if !outcome.whole {
        // Why was said. Of a program that ended well the status tells that its session is not whole.
        return Ok((end, ExitCode::from(if outcome.code == 0 { FAILED } else { outcome.code })));
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
    Ok((end, ExitCode::from(outcome.code)))
}

/// A program that cannot be started gives the status that a shell gives.
fn not_started(error: Error) -> Result<(End, ExitCode)> {
    let status = match &error {
        Error::Start { error, .. } if error.kind() == std::io::ErrorKind::NotFound => 127,
        Error::Start { .. } => 126,
        _ => return Err(error),
    };
    super::say(&error.to_string());
    Ok((End::Stop, ExitCode::from(status)))
}

/// Goes on until there is a reason to end.
fn watch(
    recording: &mut Recording,
    wanted: &Wanted,
    signals: &mut Signals,
    orders: Option<&Orders>,
    progress: &mut Progress,
) -> End {
    loop {
        for signal in signals.pending() {
            match signal {
                SIGUSR1 => recording.pause(!recording.paused()),
                SIGUSR2 => return End::Restart,
                _ => return End::Stop,
            }
        }
        if let Some((order, stream)) = orders.and_then(Orders::next) {
            let end = obey(order, recording);
            // Whoever asked may be gone.
            let _ = writeln!(&stream, "{}", status(recording));
            if let Some(end) = end {
                return end;
            }
        }
        if recording.ended() || wanted.duration.is_some_and(|most| recording.time() >= most) {
            return End::Stop;
        }
        say_problems(recording, progress);
        progress.tick(recording);
        std::thread::sleep((recording.time() / 20).clamp(SHORTEST_LOOK, LONGEST_LOOK));
    }
}

fn obey(order: Order, recording: &mut Recording) -> Option<End> {
    match order {
        Order::Pause => recording.pause(true),
        Order::Resume => recording.pause(false),
        Order::Restart => return Some(End::Restart),
        Order::Stop => return Some(End::Stop),
        Order::Status => {}
    }
    None
}

fn status(recording: &Recording) -> String {
    use std::sync::atomic::Ordering;
    let (rows, dropped) =
        (recording.flow().rows.load(Ordering::Relaxed), recording.flow().dropped.load(Ordering::Relaxed));
    let rate = rows as f64 / recording.time().as_secs_f64().max(1e-9);
    progress::line(recording.time(), rows, rate, dropped, recording.paused())
}

fn say_problems(recording: &Recording, progress: &mut Progress) {
    for problem in recording.problems() {
        progress.clear();
        super::say(&problem);
    }
}

/// Ends it; another signal meanwhile ends it at once, and is the error.
fn finish(
    recording: Recording,
    signals: &mut Signals,
    progress: &mut Progress,
) -> std::result::Result<channel::Outcome, i32> {
    progress.clear();
    let (later, killer) = (recording.later_problems(), recording.killer());
    let ending = std::thread::spawn(move || recording.finish());
    while !ending.is_finished() {
        if let Some(signal) = signals.pending().find(|signal| matches!(*signal, SIGINT | SIGTERM)) {
            killer.kill();
            return Err(signal);
        }
        std::thread::sleep(LOOK);
    }
    let outcome = ending.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    later.take().iter().for_each(|problem| super::say(problem));
    Ok(outcome)
}

/// The session's file: as asked for, or named after the program. One that is there is never overwritten: a name that
/// was asked for is refused then, by the store, and others get a number, as does a recording that is made again.
fn output(wanted: &Wanted, again: bool) -> Result<PathBuf> {
    let asked = match (&wanted.output, &wanted.subject) {
        (Some(path), _) => path.clone(),
        (None, Subject::Start(launch)) => PathBuf::from(format!("{}.perfkit", channel::name(&launch.program))),
        (None, Subject::Attach(pid)) => {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            PathBuf::from(format!("{}-{pid}.perfkit", name.trim().replace('/', "-")))
        }
    };
    if wanted.output.is_some() && !again {
        return Ok(asked);
    }
    let numbered = |number: u32| {
        let stem = asked.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        asked.with_file_name(format!("{stem}-{number}.perfkit"))
    };
    let free = std::iter::once(asked.clone()).chain((2..10_000).map(numbered)).find(|path| !path.exists());
    free.ok_or_else(|| Error::Invalid(format!("{} and all names like it are taken", asked.display())))
}
