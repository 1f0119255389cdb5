//! How many replays of an interaction deliver the same input to the same widgets and end with the same picture: five
//! programs, an interaction of each recorded once, and played again on a display of its own each time.
//!
//! Whether what arrived is what was recorded is the agent's judgement, which is its exit status. The picture is held
//! against that of the recording's end, pixel by pixel; carets do not blink. One more is played at a time than
//! there are processors, so that none has a quiet machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use perfkit_tests::error::Context;
use perfkit_tests::figures::{median, quantile};
use perfkit_tests::replay::{INTERACTIONS, Interaction, Scripted, marked, replay, scripted};
use perfkit_tests::{Failure, Launch, Result, Screen, figures, wait};

/// Replays of each; PERFKIT_RUNS says otherwise.
const RUNS: usize = 100;

fn main() -> ExitCode {
    figures::main("replay", run)
}

fn run() -> Result<String> {
    let runs = std::env::var("PERFKIT_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(RUNS);
    let mut text = String::from(
        "| program | steps | replays | same input to the same widgets | same picture | both | recorded, s | a replay, s | 99 %, s |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    let mut otherwise = String::new();
    for interaction in INTERACTIONS {
        let tally = Tally::of(interaction, runs)?;
        text.push_str(&tally.row(interaction.program));
        eprintln!("{}", text.lines().last().unwrap_or_default());
        for (why, times) in &tally.otherwise {
            otherwise.push_str(&format!("- {}, {times} ×: {why}\n", interaction.program));
        }
    }
    if !otherwise.is_empty() {
        text.push_str(&format!("\nWhat was otherwise:\n\n{otherwise}"));
    }
    Ok(text)
}

/// What the replays of one interaction came to.
#[derive(Default)]
struct Tally {
    steps: usize,
    /// How long it took when it was recorded, in seconds.
    recorded: f64,
    same_input: usize,
    same_picture: usize,
    both: usize,
    /// Seconds that each replay took, from its begin to the end of all that it started.
    took: Vec<f64>,
    /// What was otherwise, and how often.
    otherwise: BTreeMap<String, usize>,
}

impl Tally {
    fn of(interaction: &Interaction, runs: usize) -> Result<Tally> {
        let folder = figures::folder()?.join("replay").join(interaction.program);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).cannot(format_args!("create {}", folder.display()))?;
        let scripted = scripted(Launch::new(interaction.program), interaction.act)?;
        let script = fs::read_to_string(&scripted.path).cannot("read the script")?;
        for (from, to) in [(&scripted.path, "script.perfinput"), (&scripted.end, "recorded.png")] {
            fs::copy(from, folder.join(to)).cannot(format_args!("keep {to}"))?;
        }
        let mut tally = Tally::default();
        for step in script.lines().filter_map(|line| line.strip_prefix('+')) {
            let after: f64 = step.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0.0);
            let held = step.split("for=").nth(1).and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0.0);
            (tally.steps, tally.recorded) = (tally.steps + 1, tally.recorded + after + held);
        }
        let (next, shared) = (AtomicUsize::new(1), Mutex::new(tally));
        let turns = || -> Result<()> {
            loop {
                let run = next.fetch_add(1, Ordering::Relaxed);
                if run > runs {
                    return Ok(());
                }
                let played = Played::once(&scripted, &folder.join(format!("run-{run}.perfkit")), run)?;
                shared.lock().unwrap_or_else(PoisonError::into_inner).count(played);
            }
        };
        let side_by_side = std::thread::available_parallelism().map_or(1, usize::from) + 1;
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..side_by_side).map(|_| scope.spawn(turns)).collect();
            let ended = threads.into_iter().map(|thread| thread.join().unwrap_or(Err(Failure::new("a thread ended"))));
            ended.collect::<Result<Vec<()>>>()
        })?;
        Ok(shared.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn count(&mut self, played: Played) {
        self.took.push(played.took);
        self.same_input += usize::from(played.input.is_none());
        self.same_picture += usize::from(played.picture.is_none());
        self.both += usize::from(played.input.is_none() && played.picture.is_none());
        let why: Vec<String> = played.input.into_iter().chain(played.picture).collect();
        if !why.is_empty() {
            *self.otherwise.entry(why.join("; ")).or_default() += 1;
        }
    }

    fn row(&self, program: &str) -> String {
        let mut took = self.took.clone();
        format!(
            "| {program} | {} | {} | {} | {} | {} | {:.1} | {:.1} | {:.1} |\n",
            self.steps,
            self.took.len(),
            self.same_input,
            self.same_picture,
            self.both,
            self.recorded,
            median(&mut took),
            quantile(&mut took, 0.99)
        )
    }
}

/// One replay.
struct Played {
    /// Seconds from its begin to the end of all that it started.
    took: f64,
    /// What was otherwise about the input, or about what it left behind.
    input: Option<String>,
    /// What was otherwise about the picture.
    picture: Option<String>,
}

impl Played {
    /// Session and picture are kept where something was otherwise.
    fn once(scripted: &Scripted, session: &Path, run: usize) -> Result<Played> {
        let begun = Instant::now();
        let mark = format!("{}-{run}", scripted.display.name());
        let mut command = replay(&scripted.path, session, &mark)?;
        let output = command.args(["--speed", "fast"]).stdin(Stdio::null()).output().cannot("run the agent")?;
        let left = wait::until("the end of all processes", || marked(&mark).is_empty().then_some(()));
        let took = begun.elapsed().as_secs_f64();
        let input = match (output.status.success(), left) {
            (true, Ok(())) => None,
            (true, Err(_)) => Some("processes were left behind".to_owned()),
            (false, _) => {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                let line = said.lines().rfind(|line| line.contains("could not be done") || line.contains("arrive"));
                Some(line.unwrap_or("it failed").trim_start_matches("perfkit-agent: ").to_owned())
            }
        };
        let kept = session.with_extension("png");
        let other = Screen::read(&kept)?.difference(&Screen::read(&scripted.end)?);
        let picture = other.map(|area| {
            let (width, height) = (area.right - area.left, area.bottom - area.top);
            format!("the picture, in {width}×{height} pixels at {},{}", area.left, area.top)
        });
        if input.is_none() && picture.is_none() {
            let _ = fs::remove_file(session).and_then(|()| fs::remove_file(&kept));
        }
        Ok(Played { took, input, picture })
    }
}
