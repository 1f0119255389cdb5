//! The window records itself: it shows a session of ten million events on a display of its own, is panned and zoomed
//! by wheel, pointer and keys, and the recording tells what its main loop took.
//!
//! `cargo xtask bench gui` runs it after the timeline's bench; `cargo xtask bench gui-itself` runs it alone.

#![allow(missing_docs, dead_code, reason = "a program, and what it shares with another")]

mod synthetic;

use std::path::Path;
use std::process::ExitCode;

use nix::time::{ClockId, clock_gettime};
use perfkit_tests::error::Context;
use perfkit_tests::input::{Pointer, Window};
use perfkit_tests::session::Row;
use perfkit_tests::{Display, Failure, Gui, Result, figures, query};

/// Events of the session that is shown.
const EVENTS: usize = 10_000_000;
/// Milliseconds from one input to the next: as a wheel or a touchpad gives them.
const STEP: u32 = 16;
/// What a frame may take, in milliseconds, at the display's sixty a second.
const BUDGET: f64 = 1000.0 / 60.0;
/// Rounds of the script.
const ROUNDS: usize = 4;

fn main() -> ExitCode {
    figures::main("gui-itself", run)
}

/// Now, on the clock of recordings.
fn now() -> i64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |now| now.tv_sec() * 1_000_000_000 + now.tv_nsec())
}

fn run() -> Result<String> {
    let folder = figures::folder()?;
    let (shown, recorded) = (folder.join("gui-itself.perfkit"), folder.join("gui-itself-recorded.perfkit"));
    let clear = || [&shown, &recorded].iter().for_each(|path| drop(std::fs::remove_file(path)));
    clear();
    let events = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(EVENTS);
    synthetic::make(&shown, events).cannot("make a session")?;
    let parts = drive(&shown, &recorded);
    let told = parts.and_then(|parts| tell(&recorded, &parts));
    if std::env::var_os("PERFKIT_KEEP").is_none() {
        clear();
    }
    told
}

/// What was done, and from when to when.
struct Part {
    title: &'static str,
    begin: i64,
    end: i64,
}

/// Turns the wheel by so many notches.
fn wheel(pointer: Pointer<'_>, button: u8, count: usize) -> Pointer<'_> {
    (0..count).fold(pointer, |pointer, _| pointer.click(button).pause(STEP))
}

fn drive(shown: &Path, recorded: &Path) -> Result<Vec<Part>> {
    let display = Display::start()?;
    let mut gui = Gui::recorded(&display, &[shown], "gdkrecord,perf:cpu+offcpu", recorded)?;
    gui.window.resize(&display, 1600, 900)?;
    let page = gui.find("list item", "Timeline")?;
    gui.click(&page)?;
    let graph = gui.until("the timeline", |tree| {
        tree.0.iter().find(|widget| widget.role == "image" && widget.name == "Timeline" && widget.has_room()).cloned()
    })?;
    gui.settle()?;
    let area = graph.area().ok_or_else(|| Failure::new("the timeline has no place"))?;
    let (left, top) = gui.origin()?;
    // Its heads are on its left, its ruler above.
    let (x, y) = (left + area.left + (area.right - area.left) * 3 / 5, top + (area.top + area.bottom) / 2);
    Window::focus_any(&display)?;
    let mut parts = Vec::new();
    let mut part = |title, pointer: Pointer<'_>| -> Result<()> {
        let begin = now();
        pointer.play()?;
        parts.push(Part { title, begin, end: now() });
        Ok(())
    };
    for round in 0..ROUNDS {
        let at = x + 120 * (round as i32 - 1);
        let start = || gui.pointer().to(at, y).pause(STEP);
        part("zooming in by the wheel", wheel(start().hold("ctrl"), 4, 50).let_go("ctrl"))?;
        part("panning by the wheel", wheel(wheel(start(), 5, 40), 4, 40))?;
        let dragged =
            (0..60).fold(start().press(2), |pointer, step| pointer.to(at - 4 * step, y + step % 3).pause(STEP));
        part("panning by the pointer", dragged.release(2))?;
        part("zooming out by the wheel", wheel(start().hold("ctrl"), 5, 50).let_go("ctrl"))?;
        let keys = ["ctrl+plus"; 12].iter().chain(&["Right"; 20]).chain(&["Left"; 20]).chain(&["ctrl+minus"; 12]);
        part("zooming and panning by keys", keys.fold(start(), |pointer, key| pointer.key(key).pause(2 * STEP)))?;
    }
    gui.settle()?;
    gui.window.ask_to_close(&display)?;
    gui.program().wait()?;
    Ok(parts)
}

/// A stretch of time on the main thread.
struct Stretch {
    begin: i64,
    end: i64,
    what: String,
}

fn stretches(recorded: &Path, sql: &str) -> Result<Vec<Stretch>> {
    let rows = query(recorded, sql)?;
    let stretch = |row: &Row| {
        let begin = row.int("time");
        Stretch { begin, end: begin + row.int("duration"), what: row.text("what").to_owned() }
    };
    Ok(rows.iter().map(stretch).collect())
}

/// Milliseconds of a stretch in which the thread ran: when others have the processor, the display server among them, or
/// the kernel moves memory, is not the window's doing.
fn own(of: &Stretch, others: &[Stretch]) -> f64 {
    let first = others.partition_point(|other| other.end <= of.begin);
    let within = others[first..].iter().take_while(|other| other.begin < of.end);
    let taken: i64 = within.map(|other| other.end.min(of.end) - other.begin.max(of.begin)).sum();
    (of.end - of.begin - taken) as f64 / 1e6
}

fn tell(recorded: &Path, parts: &[Part]) -> Result<String> {
    let (begin, end) = (parts.first().map_or(0, |part| part.begin), parts.last().map_or(0, |part| part.end));
    let ask = |what: &str, table: &str, only: &str| {
        let sql = format!(
            "SELECT time, duration, {what} AS what FROM {table} \
             WHERE tid = pid AND duration > 0 AND time BETWEEN {begin} AND {end} {only} ORDER BY time"
        );
        stretches(recorded, &sql)
    };
    let others = ask("state", "offcpu", "")?;
    let dispatches = ask("source", "dispatches", "")?;
    let frames = ask("counter", "frames", "")?;
    let mut text = String::from(
        "| | main-loop dispatches | median, ms | 99 %, ms | longest, ms | frames | 99 %, ms | longest, ms | with waits |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    let mut titles: Vec<&str> = parts.iter().map(|part| part.title).collect();
    titles.sort_unstable();
    titles.dedup();
    for title in titles {
        let done = |time: i64| parts.iter().any(|part| part.title == title && (part.begin..part.end).contains(&time));
        let took = |all: &[Stretch]| -> Vec<f64> {
            all.iter().filter(|stretch| done(stretch.begin)).map(|stretch| own(stretch, &others)).collect()
        };
        let (mut loops, mut drawn) = (took(&dispatches), took(&frames));
        let [median, most, all] = [0.5, 0.99, 1.0].map(|part| figures::quantile(&mut loops, part));
        let [slow, slowest] = [0.99, 1.0].map(|part| figures::quantile(&mut drawn, part));
        let (loops, drawn) = (loops.len(), drawn.len());
        let whole = frames.iter().filter(|frame| done(frame.begin)).map(|frame| (frame.end - frame.begin) as f64 / 1e6);
        let whole = whole.fold(0.0, f64::max);
        text.push_str(&format!(
            "| {title} | {loops} | {median:.2} | {most:.2} | {all:.2} | {drawn} | {slow:.2} | {slowest:.2} | {whole:.2} |\n"
        ));
    }
    let too_long =
        dispatches.iter().map(|dispatch| (dispatch, own(dispatch, &others))).filter(|(_, own)| *own > BUDGET);
    let too_long: Vec<String> = too_long
        .map(|(dispatch, own)| {
            let seconds = (dispatch.begin - begin) as f64 / 1e9;
            format!("{} took {own:.1} ms at {seconds:.3} s", dispatch.what)
        })
        .collect();
    match too_long.is_empty() {
        true => Ok(text),
        false => Err(Failure::new(format!("longer than a frame's budget: {}\n{text}", too_long.join("; ")))),
    }
}
