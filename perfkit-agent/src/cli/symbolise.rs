//! `symbolise`: names for the addresses in a session, found once and kept in it.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use gdkrecord::units;

use crate::error::Result;
use crate::symbols::{Search, Summary, Symbolizer, When, symbolise};

/// How long it may take at the end of a recording: what is left out then, the command does.
const PATIENCE: Duration = Duration::from_secs(20);
/// From one line of progress to the next; what is faster shows none.
const STEP: Duration = Duration::from_millis(250);

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  perfkit-agent symbolise a.perfkit

Names come from the files of the modules and their debug files, as far as they are here: beside \
the modules, in /usr/lib/debug, and in the cache of debuginfod's clients. One that is not of the build that ran is never \
used.")]
pub struct Args {
    /// The session.
    #[arg(value_name = "FILE")]
    session: PathBuf,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let summary = work(&args.session, When::Later, true, &mut || true)?;
    let mut text = format!("{}\n", words(&summary));
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (module, why) in &summary.lacking {
        reasons.entry(why).or_default().push(module.rsplit('/').next().unwrap_or(module));
    }
    for (why, modules) in reasons {
        text.push_str(&format!("{why}: {}\n", modules.join(", ")));
    }
    super::print(&text)
}

/// Symbolises what was just recorded or imported, for as long as it may take and `go_on` says so. That there are no
/// names is no reason to fail: what was recorded is there.
pub fn after(session: &Path, when: When, quiet: bool, go_on: &mut dyn FnMut() -> bool) {
    let begun = Instant::now();
    match work(session, when, !quiet, &mut || begun.elapsed() < PATIENCE && go_on()) {
        Err(error) => super::say(&format!("addresses stay without names: {error}")),
        Ok(summary) if quiet || summary.frames + summary.callbacks.0 == 0 => {}
        Ok(summary) => {
            super::say(&words(&summary));
            if summary.cut {
                super::say(&format!("for the other names: perfkit-agent symbolise {}", session.display()));
            }
        }
    }
}

fn work(session: &Path, when: When, shown: bool, go_on: &mut dyn FnMut() -> bool) -> Result<Summary> {
    let shown = shown && io::stderr().is_terminal();
    let (mut last, mut line) = (Instant::now(), false);
    let mut symbolizer = Symbolizer::new(Search::system());
    let done = symbolise(session, &mut symbolizer, when, &mut |done, total| {
        if shown && last.elapsed() >= STEP {
            // A lost progress line is no reason to stop.
            let _ =
                write!(io::stderr(), "\r\x1b[Knames: {} of {}", units::count(done as u64), units::count(total as u64));
            (last, line) = (Instant::now(), true);
        }
        go_on()
    });
    if line {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    done
}

fn words(summary: &Summary) -> String {
    let count = |number: usize| units::count(number as u64);
    let Summary { frames, named, lines, callbacks, lacking, .. } = summary;
    let mut parts = vec![format!(
        "names for {} of {} addresses, {} with source lines",
        count(*named),
        count(*frames),
        count(*lines)
    )];
    if callbacks.0 > 0 {
        parts.push(format!("and for {} of {} callbacks that had none", count(callbacks.1), count(callbacks.0)));
    }
    if !lacking.is_empty() {
        parts.push(format!("(modules that cannot be read: {})", count(lacking.len())));
    }
    parts.join(" ")
}
