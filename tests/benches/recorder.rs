//! The cost of one record on the hot path, beside libsysprof-capture's marks and beside a write() for each.
//!
//! Each record is a main-loop dispatch: begin and end are read from the clock. All take turns in one run, so
//! that what disturbs the machine disturbs all; the two clock reads alone are measured too.

use std::process::{Command, ExitCode};

use gdkrecord::field::{Maybe, Span};
use gdkrecord::kind::raw::Dispatch;
use gdkrecord::options::Options;
use gdkrecord::writer::{Recorder, now};
use perfkit_tests::error::Context;
use perfkit_tests::figures::{median, quantile};
use perfkit_tests::process::stdout_of;
use perfkit_tests::programs::compiled;
use perfkit_tests::{Failure, Result, figures};

/// Turns that each takes.
const ROUNDS: usize = 9;
/// Records of a turn: some 20 segments, so that taking new ones is part of it.
const COUNT: usize = 200_000;
/// Records of one reading of the clock.
const BATCH: usize = 1000;

fn main() -> ExitCode {
    figures::main("recorder", run)
}

/// Nanoseconds of a record, batch by batch, over all turns.
#[derive(Default)]
struct Took {
    name: &'static str,
    batches: Vec<f64>,
}

fn run() -> Result<String> {
    let peers = compiled("recorder-peers", &["sysprof-capture-4"])?;
    let folder = figures::folder()?;
    let peer = |kind: &str| -> Result<Vec<f64>> {
        let file = folder.join(format!("{kind}.capture"));
        let text = stdout_of(Command::new(&peers).args([kind, &COUNT.to_string()]).arg(&file))?;
        // `clock` leaves no file.
        let _ = std::fs::remove_file(&file);
        text.lines().map(|line| line.parse().cannot("read a peer's figure")).collect()
    };
    let names = ["two clock reads alone", "gdkrecord", "libsysprof-capture", "write() for each"];
    let mut all: Vec<Took> = names.map(|name| Took { name, batches: Vec::new() }).into();
    let mut bytes = 0.0;
    for _ in 0..ROUNDS {
        all[0].batches.extend(peer("clock")?);
        let (took, size) = ours(&folder.join("ours.gdkrecord"))?;
        all[1].batches.extend(took);
        bytes = size;
        all[2].batches.extend(peer("sysprof")?);
        all[3].batches.extend(peer("write")?);
    }
    let clock = median(&mut all[0].batches);
    let own = median(&mut all[1].batches);
    let mut text = String::from(
        "| | median, ns | 99% of batches, ns | without the clock, ns | beside gdkrecord |\n|---|---|---|---|---|\n",
    );
    for took in &mut all {
        let (half, most) = (median(&mut took.batches), quantile(&mut took.batches, 0.99));
        let row = format!("| {} | {half:.1} | {most:.1} | {:.1} | {:.2} × |\n", took.name, half - clock, half / own);
        text.push_str(&row);
    }
    text.push_str(&format!(
        "\n{} records in batches of {BATCH}; a dispatch takes {bytes:.1} bytes of the file.\n",
        ROUNDS * COUNT
    ));
    Ok(text)
}

/// One turn of the recorder: nanoseconds of a record for each batch, and bytes of a record.
fn ours(path: &std::path::Path) -> Result<(Vec<f64>, f64)> {
    let _ = std::fs::remove_file(path);
    let name = path.to_str().ok_or_else(|| Failure::new("the target folder's path is not UTF-8"))?;
    let options = Options { filename: Some(name.to_owned()), ..Options::default() };
    let recorder = Recorder::create(&options, "bench").cannot("record")?;
    let (source, callback) = (recorder.text("timeout"), recorder.text("callback"));
    let mut lane = recorder.lane();
    let mut took = Vec::with_capacity(COUNT / BATCH);
    for _ in 0..COUNT / BATCH {
        let start = now();
        for _ in 0..BATCH {
            let record = Dispatch { duration: Span::UNKNOWN, source, callback, priority: 0, late: Maybe(None) };
            let open = lane.begin(now(), &record);
            let end = now();
            if let Some(open) = open {
                lane.end(open, end);
            }
        }
        took.push((now() - start) as f64 / BATCH as f64);
    }
    drop(lane);
    recorder.close();
    let size = std::fs::metadata(path).cannot("measure the recording")?.len();
    let _ = std::fs::remove_file(path);
    Ok((took, size as f64 / COUNT as f64))
}
