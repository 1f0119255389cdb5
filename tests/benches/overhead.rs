//! The CPU time of an application with the recorder beside the same without it, under the same driven input.
//!
//! Start-up and steady use are told apart: the first is a cost in milliseconds, the second a ratio. The machine
//! is shared and its processor's speed changes, so runs alternate in the order A B B A, each such block gives one
//! ratio, and the median of the blocks' ratios is given with the interval that holds it in 19 of 20 cases; of fewer
//! than six blocks that is their range, which holds it less often.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;

use gdkrecord::Recording;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use perfkit_tests::error::Context;
use perfkit_tests::figures::{median, quantile};
use perfkit_tests::{App, Display, Launch, Loading, Result, figures};

/// Blocks of four runs; PERFKIT_BLOCKS says otherwise.
const BLOCKS: usize = 9;
const PROGRAMS: [&str; 3] = ["gnome-calculator", "gtk3-demo", "gtk4-demo"];

fn main() -> ExitCode {
    figures::main("overhead", run)
}

fn run() -> Result<String> {
    let blocks = std::env::var("PERFKIT_BLOCKS").ok().and_then(|text| text.parse().ok()).unwrap_or(BLOCKS);
    let mut text = String::from(
        "| program | start, ms | recorder adds, ms | use, ms | ratio in use | interval | records | bytes each |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for program in PROGRAMS {
        let mut all = Blocks::default();
        for _ in 0..blocks {
            all.block(program)?;
        }
        text.push_str(&all.row(program));
    }
    Ok(text)
}

/// What the blocks of one program gave.
#[derive(Default)]
struct Blocks {
    start: Vec<f64>,
    start_added: Vec<f64>,
    used: Vec<f64>,
    ratio: Vec<f64>,
    records: Vec<f64>,
    size: Vec<f64>,
}

impl Blocks {
    fn block(&mut self, program: &str) -> Result<()> {
        let [mut plain, mut recorded] = [(0.0, 0.0); 2];
        for loading in [Loading::None, Loading::Modules, Loading::Modules, Loading::None] {
            let run = one_run(program, loading)?;
            let sum = if loading == Loading::None { &mut plain } else { &mut recorded };
            (sum.0, sum.1) = (sum.0 + run.start / 2.0, sum.1 + run.used / 2.0);
            if let Some((records, size)) = run.recording {
                self.records.push(records);
                self.size.push(size / records.max(1.0));
            }
        }
        self.start.push(plain.0);
        self.start_added.push(recorded.0 - plain.0);
        self.used.push(plain.1);
        self.ratio.push(recorded.1 / plain.1);
        eprintln!(
            "{program}: start {:.0} + {:.1} ms, use {:.0} ms, ratio {:.4}",
            plain.0,
            recorded.0 - plain.0,
            plain.1,
            recorded.1 / plain.1
        );
        Ok(())
    }

    fn row(&mut self, program: &str) -> String {
        let (low, high) = interval(&mut self.ratio);
        format!(
            "| {program} | {:.0} | {:.1} ({:.1} to {:.1}) | {:.0} | {:.3} | {low:.3} to {high:.3} | {:.0} | {:.1} |\n",
            median(&mut self.start),
            median(&mut self.start_added),
            quantile(&mut self.start_added, 0.25),
            quantile(&mut self.start_added, 0.75),
            median(&mut self.used),
            median(&mut self.ratio),
            median(&mut self.records),
            median(&mut self.size)
        )
    }
}

/// The values between which the median lies in 95 of 100 cases, whatever their distribution: by the binomial
/// distribution of how many lie below it.
fn interval(values: &mut [f64]) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    let (mut below, mut term, mut cut) = (0.0, 0.5f64.powi(count as i32), 0);
    for at in 0..count / 2 {
        below += term;
        if below > 0.025 {
            break;
        }
        cut = at + 1;
        term *= (count - at) as f64 / (at + 1) as f64;
    }
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    (at(cut.saturating_sub(1)), at(count.saturating_sub(cut.max(1))))
}

/// One run of a program.
struct Run {
    /// Milliseconds of CPU until its window had painted.
    start: f64,
    /// And from then, after some first use, to the end of the input.
    used: f64,
    /// Records, and bytes on the disk.
    recording: Option<(f64, f64)>,
}

fn one_run(program: &str, loading: Loading) -> Result<Run> {
    let display = Display::start()?;
    let mut app = App::start(&display, &Launch::new(program).loading(loading))?;
    let pid = app.process().pid();
    let start = on_cpu(pid)?;
    drive(&app, &display, 60)?;
    let warm = on_cpu(pid)?;
    drive(&app, &display, 900)?;
    let used = on_cpu(pid)? - warm;
    app.close()?;
    if loading == Loading::None {
        return Ok(Run { start, used, recording: None });
    }
    let records = Recording::open(app.recording()).cannot("read the recording")?.events().count();
    let size = fs::metadata(app.recording()).cannot("measure the recording")?.blocks() * 512;
    Ok(Run { start, used, recording: Some((records as f64, size as f64)) })
}

/// Hovers, scrolls and resizes in so many steps, and waits until all is painted.
fn drive(app: &App, display: &Display, steps: i32) -> Result<()> {
    let at = app.window.geometry(display)?;
    let mut pointer = app.pointer();
    for step in 0..steps {
        pointer = pointer.to(at.x + step * 37 % at.width, at.y + 60 + step * 23 % (at.height - 60)).pause(6);
        if step % 6 == 0 {
            pointer = pointer.click(if step / 6 % 20 < 10 { 5 } else { 4 });
        }
    }
    pointer.play()?;
    for step in 0..steps / 60 {
        app.window.resize(display, at.width - step % 5 * 8, at.height - step % 7 * 4)?;
    }
    app.window.resize(display, at.width, at.height)?;
    app.settle()
}

/// Milliseconds that a process ran: all its threads, those that have ended too.
fn on_cpu(pid: i32) -> Result<f64> {
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(pid)).cannot("find the program's CPU clock")?;
    let time = clock_gettime(clock).cannot("read the program's CPU clock")?;
    Ok(time.tv_sec() as f64 * 1e3 + time.tv_nsec() as f64 / 1e6)
}
