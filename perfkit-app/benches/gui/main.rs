//! The timeline: reading and drawing of 1600 × 900 pixels at random zooms and places, in sessions of ten thousand to
//! ten million events, and the time from opening one to its first picture.
//!
//! `cargo xtask bench gui` runs it, and puts its figures into tests/benches/RESULTS.md.

#![allow(missing_docs, dead_code, reason = "a program, and what it shares with tests")]

mod looker;
mod synthetic;

use std::path::Path;
use std::process::ExitCode;

use perfkit_app::model::Range;
use perfkit_tests::error::Context;
use perfkit_tests::{Failure, Result, figures};

use looker::{Looker, milliseconds, zooms};
use synthetic::{HIDDEN, Made, Random};

/// Sizes of the sessions, in events.
const SIZES: [usize; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
/// The picture, in pixels.
const SIZE: (f64, f64) = (1600.0, 900.0);
/// Pictures of each session.
const PICTURES: usize = 1_000;
/// The shortest stretch that is looked at, in nanoseconds.
const CLOSEST: i64 = 1_000_000;
/// The aims: milliseconds for 99 of 100 pictures, and for the first after opening.
const AIMS: (f64, f64) = (8.0, 300.0);

fn main() -> ExitCode {
    figures::main("gui", run)
}

fn run() -> Result<String> {
    let folder = figures::folder()?;
    let mut missed = Vec::new();
    let mut text = String::from(
        "| events | lanes | reading: median, ms | 99 % | drawing: median, ms | 99 % | both: median, ms | 99 % | most | \
         opening to first picture, ms | then made ready, ms |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    // Sizes may be named; else all of them are measured.
    let named: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    for size in if named.is_empty() { SIZES.to_vec() } else { named } {
        let path = folder.join(format!("gui-{size}.perfkit"));
        let _ = std::fs::remove_file(&path);
        let made = synthetic::make(&path, size).cannot("make a session")?;
        let row = measure(&path, made, &mut missed);
        let _ = std::fs::remove_file(&path);
        text.push_str(&row?);
    }
    let hidden = HIDDEN / 1_000_000;
    text.push_str(&format!("\nThe frame of {hidden} ms that is hidden in each has its pixel at every zoom.\n"));
    if missed.is_empty() { Ok(text) } else { Err(Failure::new(format!("{}\n{text}", missed.join("; ")))) }
}

fn measure(path: &Path, made: Made, missed: &mut Vec<String>) -> Result<String> {
    let mut first = Vec::new();
    for _ in 0..5 {
        let start = milliseconds();
        let mut looker = Looker::open(path, SIZE).cannot("open")?;
        looker.look(looker.whole()).cannot("look")?;
        first.push(milliseconds() - start);
    }
    let mut looker = Looker::open(path, SIZE).cannot("open")?;
    let start = milliseconds();
    looker.prepare().cannot("prepare")?;
    let prepared = milliseconds() - start;
    let whole = looker.whole();
    let mut random = Random(7);
    let (mut reading, mut drawing, mut both) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..PICTURES {
        // Every zoom in turns, wherever it falls.
        let closest = (whole.length() as f64 / CLOSEST as f64).log10();
        let share = (at * 617 % PICTURES) as f64 / PICTURES as f64;
        let length = (whole.length() as f64 / 10f64.powf(share * closest)) as i64;
        let length =
            std::env::var("GUI_LEN").ok().and_then(|v| v.parse::<i64>().ok()).map_or(length, |s| s * 1_000_000_000);
        let begin = whole.begin + random.below(whole.length() - length + 1);
        let (read, drawn) = looker.look(Range::new(begin, begin + length)).cannot("look")?.took;
        reading.push(read);
        drawing.push(drawn);
        both.push(read + drawn);
    }
    for range in zooms(whole, made.hidden, CLOSEST) {
        if !looker.shows_slow(range, made.hidden).cannot("look")? {
            missed.push(format!("{} events: the slow frame is lost in {range:?}", made.events));
            break;
        }
    }
    let lanes = looker.lanes();
    let [reading, drawing, both, first] = [&mut reading, &mut drawing, &mut both, &mut first]
        .map(|values| [0.5, 0.99, 1.0].map(|part| figures::quantile(values, part)));
    if both[1] > AIMS.0 {
        missed.push(format!("{} events: 99 of 100 pictures take up to {:.1} ms", made.events, both[1]));
    }
    if first[0] > AIMS.1 {
        missed.push(format!("{} events: the first picture takes {:.0} ms", made.events, first[0]));
    }
    Ok(format!(
        "| {} | {lanes} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.0} | {prepared:.0} |\n",
        gdkrecord::units::count(made.events as u64),
        reading[0],
        reading[1],
        drawing[0],
        drawing[1],
        both[0],
        both[1],
        both[2],
        first[0],
    ))
}
