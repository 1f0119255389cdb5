//! The CPU time of an application with the recorder beside the same without it, under the same driven input.

use std::fs;
use std::process::ExitCode;

use gdkrecord::Recording;
use perfkit_tests::error::Context;
use perfkit_tests::figures::{median, quantile};
use perfkit_tests::{App, Display, Launch, Loading, Result, figures};

/// Pairs of runs; the order within a pair changes from one to the next.
const PAIRS: usize = 9;
const PROGRAMS: [&str; 3] = ["gnome-calculator", "gtk3-demo", "gtk4-demo"];

fn main() -> ExitCode {
    figures::main("overhead", run)
}

fn run() -> Result<String> {
    let mut text = String::from(
        "| program | without, ms | with, ms | ratio (median of pairs) | middle half of pairs | bytes a record |\n\
         |---|---|---|---|---|---|\n",
    );
    for program in PROGRAMS {
        let (mut without, mut with, mut ratios, mut sizes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for pair in 0..PAIRS {
            let mut pairs = [(Loading::None, 0.0), (Loading::Modules, 0.0)];
            if pair % 2 == 1 {
                pairs.reverse();
            }
            for (loading, took) in &mut pairs {
                let (ms, size) = cpu_time(program, *loading)?;
                *took = ms;
                sizes.extend(size);
            }
            let of = |wanted| pairs.iter().find(|(loading, _)| *loading == wanted).map_or(0.0, |(_, ms)| *ms);
            let (plain, recorded) = (of(Loading::None), of(Loading::Modules));
            without.push(plain);
            with.push(recorded);
            ratios.push(recorded / plain);
        }
        text.push_str(&format!(
            "| {program} | {:.0} | {:.0} | {:.3} | {:.3} to {:.3} | {:.1} |\n",
            median(&mut without),
            median(&mut with),
            median(&mut ratios),
            quantile(&mut ratios, 0.25),
            quantile(&mut ratios, 0.75),
            median(&mut sizes)
        ));
    }
    Ok(text)
}

/// Milliseconds of CPU, all threads, from the start to the end of the input; and bytes of a record.
fn cpu_time(program: &str, loading: Loading) -> Result<(f64, Option<f64>)> {
    let display = Display::start()?;
    let mut app = App::start(&display, &Launch::new(program).loading(loading))?;
    let at = app.window.geometry(&display)?;
    let mut pointer = app.pointer();
    for step in 0..400 {
        pointer = pointer.to(at.x + step * 37 % at.width, at.y + 60 + step * 23 % (at.height - 60)).pause(8);
    }
    for step in 0..20 {
        pointer = pointer.click(if step % 4 < 2 { 5 } else { 4 }).pause(30);
    }
    pointer.play()?;
    app.settle()?;
    let spent = on_cpu(app.process().pid())?;
    app.close()?;
    if loading == Loading::None {
        return Ok((spent, None));
    }
    let records = Recording::open(app.recording()).cannot("read the recording")?.events().count();
    let size = fs::metadata(app.recording()).cannot("measure the recording")?.len();
    Ok((spent, Some(size as f64 / records.max(1) as f64)))
}

/// Milliseconds that a process's threads ran; /proc/PID/stat would tell hundredths of a second only.
fn on_cpu(pid: i32) -> Result<f64> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).cannot("list the program's threads")?;
    let read = |path: std::path::PathBuf| {
        let text = fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0)
    };
    Ok(tasks.flatten().map(|task| read(task.path())).sum::<f64>() / 1e6)
}
