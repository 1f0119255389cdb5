//! Dumping ten million events: rate and memory of each format, CSV beside `sqlite3 -csv` over the same rows.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use gdkrecord::field::{Maybe, Real, Rect, Rects, Span, TextId};
use gdkrecord::kind::raw::{Dispatch, Exposure, Motion, Poll};
use gdkrecord::options::Options;
use gdkrecord::sets::{EventType, Exposed};
use gdkrecord::writer::{Lane, Recorder};
use perfkit_tests::error::Context;
use perfkit_tests::process::{Guarded, run as run_command};
use perfkit_tests::{Failure, Result, bins, figures};

/// Events of the large recording.
const EVENTS: u64 = 10_000_000;
/// Rows that the peer is given: its database of all of them would take minutes to fill.
const PEER_EVENTS: u64 = 1_000_000;
/// Columns that have something in them: most of a wide row's columns belong to other kinds, and printing nothing
/// costs the peer more than it costs us.
const USED: &str = "time,thread,kind,window,duration,source,callback,priority,late,x,y,rects";
/// Issue 2 allows so many MB of memory.
const ALLOWED: f64 = 64.0;

fn main() -> ExitCode {
    figures::main("dump", run)
}

fn run() -> Result<String> {
    let folder = figures::folder()?;
    let (large, small) = (recording(&folder, EVENTS)?, recording(&folder, PEER_EVENTS)?);
    let tool = bins::path(bins::TOOL)?;
    let dump_as = |file: &Path, format: &str| {
        let mut command = Command::new(&tool);
        command.arg("dump").arg(file).args(["--format", format]);
        command
    };
    let dump = |file: &Path| dump_as(file, "csv");
    let ours = measure(&mut dump(&large), Stdio::null())?;
    let ours_small = measure(&mut dump(&small), Stdio::null())?;
    let json = measure(&mut dump_as(&large, "json"), Stdio::null())?;
    let xml = measure(&mut dump_as(&large, "xml"), Stdio::null())?;

    let (csv, base) = (folder.join("dump.csv"), folder.join("dump.sqlite"));
    measure(&mut dump(&small), File::create(&csv).cannot("write the CSV")?.into())?;
    let _ = fs::remove_file(&base);
    let import = format!(".import {} events", csv.display());
    run_command(Command::new("sqlite3").arg(&base).args([".mode csv", &import]))?;
    let select = |columns: &str| {
        let mut command = Command::new("sqlite3");
        command.args(["-csv", "-header"]).arg(&base).arg(format!("select {columns} from events"));
        command
    };
    let peer = measure(&mut select("*"), Stdio::null())?;
    let narrow = measure(&mut select(USED), Stdio::null())?;
    for file in [large, small, csv, base] {
        let _ = fs::remove_file(file);
    }

    let row = |name: &str, events: u64, cost: &Cost| {
        let rate = events as f64 / cost.seconds / 1e6;
        format!("| {name} | {:.1} | {rate:.2} | {:.1} |\n", cost.seconds, cost.megabytes)
    };
    let mut text = String::from("| | s | million events/s | memory at most, MB |\n|---|---|---|---|\n");
    text.push_str(&row("gdkrecord-tool dump --format csv, 10 million events", EVENTS, &ours));
    text.push_str(&row("gdkrecord-tool dump --format csv, 1 million events", PEER_EVENTS, &ours_small));
    text.push_str(&row("gdkrecord-tool dump --format json, 10 million events", EVENTS, &json));
    text.push_str(&row("gdkrecord-tool dump --format xml, 10 million events", EVENTS, &xml));
    text.push_str(&row("sqlite3 -csv, the same 1 million rows", PEER_EVENTS, &peer));
    text.push_str(&row("sqlite3 -csv, of them 12 columns that are not empty", PEER_EVENTS, &narrow));
    let most = ours.megabytes.max(json.megabytes).max(xml.megabytes);
    if most > ALLOWED {
        return Err(Failure::new(format!("a dump took {most:.1} MB; {ALLOWED} are allowed")));
    }
    Ok(text)
}

/// What a command took.
struct Cost {
    seconds: f64,
    /// The most that lay in memory at once.
    megabytes: f64,
}

fn measure(command: &mut Command, stdout: Stdio) -> Result<Cost> {
    let name = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    let mut process = Guarded::spawn(&name, command.stdin(Stdio::null()).stdout(stdout))?;
    let status = format!("/proc/{}/status", process.pid());
    let mut kilobytes = 0.0f64;
    loop {
        // The kernel keeps the high-water mark, so looking now and then misses only the very end.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        kilobytes = kilobytes.max(peak.unwrap_or(0.0));
        if let Some(status) = process.ended() {
            let seconds = start.elapsed().as_secs_f64();
            return match status.success() {
                true => Ok(Cost { seconds, megabytes: kilobytes / 1024.0 }),
                false => Err(Failure::new(format!("{name} failed ({status})"))),
            };
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// A recording of so many events, mixed as in a program that is used: half dispatches, and what belongs to them.
fn recording(folder: &Path, events: u64) -> Result<PathBuf> {
    let path = folder.join(format!("dump-{events}.gdkrecord"));
    let _ = fs::remove_file(&path);
    let options = Options { filename: Some(path.to_string_lossy().into_owned()), ..Options::default() };
    let recorder = Recorder::create(&options, "bench").cannot("record")?;
    let texts: Vec<TextId> =
        (0..50).map(|i| recorder.text(&format!("libgtk-4.so.1+0x{:x}", 0x4000 + i * 0x137))).collect();
    let mut lane = recorder.lane();
    let start = gdkrecord::writer::now();
    for i in 0..events {
        put(&mut lane, i, start + i * 10_000, &texts);
    }
    drop(lane);
    recorder.close();
    Ok(path)
}

fn put(lane: &mut Lane, i: u64, time: u64, texts: &[TextId]) {
    let duration = Span::from_ns(500 + i % 7919);
    let text = |at: u64| texts.get((at % 50) as usize).copied().unwrap_or_default();
    match i % 8 {
        0..4 => lane.push(
            time,
            &Dispatch {
                duration,
                source: text(i),
                callback: text(i / 3),
                priority: 120,
                late: Maybe(Some(i as i32 % 90)),
            },
        ),
        4 | 5 => lane.push(time, &Poll { duration, timeout: -1, ready: (i % 3) as u16 }),
        6 => lane.push(
            time,
            &Motion {
                duration,
                latency: Span::from_ns(i % 100_000),
                window: 1,
                server_time: i as u32,
                event: EventType::Motion,
                flags: 0,
                device: 1,
                source: 1,
                state: 0,
                x: Real((i % 800) as f32 + 0.5),
                y: Real((i % 600) as f32),
                x_root: Real::UNKNOWN,
                y_root: Real::UNKNOWN,
            },
        ),
        _ => {
            let rects = Rects(vec![Rect::new((i % 700) as i32, (i % 500) as i32, 40, 20)]);
            lane.push(time, &Exposure { window: 1, frame: (i / 8) as u32, what: Exposed::Repaint, rects });
        }
    }
}
