//! `export`: hands a session on to another tool.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gdkrecord::units;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::words;
use crate::error::{Error, Result};
use crate::export::{FORMATS, Format, Look, Reading, Target, WIDTHS, Wanted, export};
use crate::session::query::Query;

/// From one update of the progress to the next.
const STEP: Duration = Duration::from_millis(250);
/// The status of a program that SIGINT has ended, as shells tell it.
const INTERRUPTED: u8 = 130;

#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub struct Args {
    /// The session.
    #[arg(value_name = "FILE")]
    session: PathBuf,
    /// The format.
    #[arg(long, value_parser = words::one_of(FORMATS, |format| format.name), hide_possible_values = true)]
    format: &'static Format,
    /// Where it goes; `-` is standard output [default: beside the session, with the format's suffix].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    part: words::Part,
    /// Only this series; may be given more than once. For csv and json tables and views have names too.
    #[arg(long, value_name = "NAME")]
    series: Vec<String>,
    /// Pictures light on dark.
    #[arg(long)]
    dark: bool,
    /// Pixels that pictures are wide [default: 1400].
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(i64::from(*WIDTHS.start())..=i64::from(*WIDTHS.end())))]
    width: Option<u32>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    args.part.check()?;
    let session = super::readable(&args.session)?;
    let query = Query::open(session.path())?;
    let told = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&told)).map_err(Error::file("wait for", "signals".as_ref()))?;
    }
    let progress = Progress::new(total(&query, &args.session)?);
    let tick = |rows| {
        progress.tick(rows);
        !told.load(Ordering::Relaxed)
    };
    let wanted = Wanted {
        from: args.part.from,
        to: args.part.to,
        series: args.series.clone(),
        look: Look { dark: args.dark, width: args.width },
    };
    let reading = Reading::new(&query, &args.session, &wanted, &tick)?;
    let target = match &args.output {
        Some(path) if path.as_os_str() == "-" => Target::Stdout,
        Some(path) => Target::Path(path.clone()),
        None => Target::Path(args.session.with_extension(args.format.suffix)),
    };
    let done = export(args.format, &reading, &target);
    progress.clear();
    query.damaged().iter().for_each(|line| super::say(line));
    if !done? {
        super::say("interrupted; nothing was written");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    Ok(ExitCode::SUCCESS)
}

fn total(query: &Query, path: &std::path::Path) -> Result<u64> {
    let sql = "SELECT coalesce(sum(rows), 0) FROM main.chunk";
    query.db().query_row(sql, [], |row| row.get(0)).map_err(Error::store(path))
}

fn help() -> String {
    let lines = FORMATS.iter().map(|format| format!("  {:<12} {}\n", format.name, format.about));
    format!(
        "Formats:\n{}
Examples:
  perfkit-agent export a.perfkit --format chrome                 a.trace.json, for ui.perfetto.dev
  perfkit-agent export a.perfkit --format csv --series syscalls -o -
  perfkit-agent export a.perfkit --format collapsed --from 2s --to 3s -o - | inferno-flamegraph > a.svg",
        lines.collect::<String>()
    )
}

/// One line on a terminal: how many rows were gone through.
struct Progress {
    total: u64,
    shown: Cell<bool>,
    last: Cell<Instant>,
    wanted: bool,
}

impl Progress {
    fn new(total: u64) -> Progress {
        let wanted = io::stderr().is_terminal();
        Progress { total, shown: Cell::new(false), last: Cell::new(Instant::now()), wanted }
    }

    fn tick(&self, rows: u64) {
        if !self.wanted || self.last.get().elapsed() < STEP {
            return;
        }
        // Some formats go through the rows more than once.
        let of = if rows <= self.total { format!(" of {}", units::count(self.total)) } else { String::new() };
        // A lost progress line is no reason to stop.
        let _ = write!(io::stderr(), "\r\x1b[K{}{of} rows", units::count(rows));
        self.shown.set(true);
        self.last.set(Instant::now());
    }

    fn clear(&self) {
        if self.shown.take() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
