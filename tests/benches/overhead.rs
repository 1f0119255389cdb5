//! The CPU time of an application with the recorder beside the same without it, under the same driven input.
//!
//! Start-up and steady use are told apart: the first is a cost in milliseconds, the second a ratio. The machine is
//! shared and its processors change their speed from second to second by more than what is measured, so three run at
//! the same time on displays of their own, two of them without the recorder, and turns of about a second of the same
//! input go to them in the order A B C C B A. Each round of turns gives a ratio, and one of the two without the recorder,
//! which would be 1 if nothing but the recorder made a difference: it tells what the other is worth. Their medians
//! are given with the intervals that hold them in 19 of 20 cases. Programs are started anew after so many rounds, as
//! where a process happens to lie in memory counts too.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;

use gdkrecord::layout::{Header, RECORD_HEAD, RecordHead, SEGMENT_HEAD, SegmentHead};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use perfkit_tests::error::Context;
use perfkit_tests::figures::{median, quantile};
use perfkit_tests::{App, Display, Launch, Loading, Result, figures};

/// Threes of processes; PERFKIT_BLOCKS says otherwise.
const BLOCKS: usize = 6;
/// Rounds of turns of each three.
const ROUNDS: usize = 16;
/// Steps of input in a turn.
const STEPS: i32 = 120;
/// Of the three, the one with the recorder.
const RECORDED: usize = 2;
const PROGRAMS: [&str; 3] = ["gnome-calculator", "gtk3-demo", "gtk4-demo"];

fn main() -> ExitCode {
    figures::main("overhead", run)
}

fn run() -> Result<String> {
    let blocks = std::env::var("PERFKIT_BLOCKS").ok().and_then(|text| text.parse().ok()).unwrap_or(BLOCKS);
    let mut text = String::from(
        "| program | start, ms | recorder adds, ms | a turn, ms | ratio in use | interval | without / without | interval | records | bytes a record | on the disk |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
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
    null: Vec<f64>,
    records: Vec<f64>,
    length: Vec<f64>,
    size: Vec<f64>,
}

impl Blocks {
    fn block(&mut self, program: &str) -> Result<()> {
        let displays = [Display::start()?, Display::start()?, Display::start()?];
        let mut apps = Vec::new();
        let mut starts = Vec::new();
        for (display, loading) in displays.iter().zip([Loading::None, Loading::None, Loading::Modules]) {
            let mut app = App::start(display, &Launch::new(program).loading(loading))?;
            starts.push(on_cpu(app.process().pid())?);
            apps.push(app);
        }
        let before = (starts[0] + starts[1]) / 2.0;
        let added = starts[RECORDED] - before;
        self.start.push(before);
        self.start_added.push(added);
        let mut turn = |which: usize| -> Result<f64> {
            let app = &mut apps[which];
            let pid = app.process().pid();
            let before = on_cpu(pid)?;
            drive(app, &displays[which], STEPS)?;
            Ok(on_cpu(pid)? - before)
        };
        for which in 0..=RECORDED {
            turn(which)?;
        }
        let from = self.ratio.len();
        for round in 0..ROUNDS {
            let mut used = [0.0; RECORDED + 1];
            for at in 0..=RECORDED {
                let which = if round % 2 == 0 { at } else { RECORDED - at };
                used[which] = turn(which)?;
            }
            let plain = (used[0] + used[1]) / 2.0;
            self.used.push(plain);
            self.ratio.push(used[RECORDED] / plain);
            self.null.push(used[1] / used[0]);
        }
        eprintln!(
            "{program}: start {before:.0} + {added:.1} ms, ratio {:.3}, without / without {:.3}",
            median(&mut self.ratio[from..].to_vec()),
            median(&mut self.null[from..].to_vec())
        );
        for app in &mut apps {
            app.close()?;
        }
        let recorded = &apps[RECORDED];
        let (records, bytes) = records(&fs::read(recorded.recording()).cannot("read the recording")?);
        let size = fs::metadata(recorded.recording()).cannot("measure the recording")?.blocks() * 512;
        self.records.push(records);
        self.length.push(bytes / records.max(1.0));
        self.size.push(size as f64 / records.max(1.0));
        Ok(())
    }

    fn row(&mut self, program: &str) -> String {
        let (low, high) = interval(&mut self.ratio);
        let (null_low, null_high) = interval(&mut self.null);
        format!(
            "| {program} | {:.0} | {:.1} ({:.1} to {:.1}) | {:.0} | {:.3} | {low:.3} to {high:.3} | {:.3} | {null_low:.3} to {null_high:.3} | {:.0} | {:.1} | {:.1} |\n",
            median(&mut self.start),
            median(&mut self.start_added),
            quantile(&mut self.start_added, 0.25),
            quantile(&mut self.start_added, 0.75),
            median(&mut self.used),
            median(&mut self.ratio),
            median(&mut self.null),
            median(&mut self.records),
            median(&mut self.length),
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

/// How many records a recording has, texts too, and how many bytes they take.
fn records(file: &[u8]) -> (f64, f64) {
    let Ok(header) = Header::decode(file) else { return (0.0, 0.0) };
    let (mut count, mut bytes) = (0.0, 0.0);
    for segment in file[header.head as usize..].chunks(header.segment as usize) {
        if !matches!(SegmentHead::decode(segment), Ok(Some(_))) {
            continue;
        }
        let mut at = SEGMENT_HEAD;
        let word =
            |at: usize| segment.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_le_bytes);
        while let Some(record) = RecordHead::decode(word(at), word(at + 4)) {
            (count, bytes, at) = (count + 1.0, bytes + record.length as f64, at + record.length.max(RECORD_HEAD));
        }
    }
    (count, bytes)
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
