//! The instructions that the recorder adds to an application, counted by callgrind in one run.
//!
//! CPU time differs by several parts in a hundred from one run to the next; instructions are counted exactly, and
//! each is known to be the recorder's own, of what the recorder calls, or the application's. What the kernel does
//! is not counted: the bench `overhead` measures that with all else.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use perfkit_tests::error::Context;
use perfkit_tests::process::run as run_command;
use perfkit_tests::{App, Display, Failure, Launch, Loading, Result, figures};

const PROGRAMS: [&str; 3] = ["gnome-calculator", "gtk3-demo", "gtk4-demo"];
/// The recorder's functions that stand in for others, and call them: what these do is not the recorder's.
const STAND_INS: [&str; 10] = [
    "entry::dispatch",
    "entry::event",
    "entry::poll",
    "entry::prepare",
    "entry::check",
    "entry::constructed",
    "hooks::",
    "contexts::begin",
    "contexts::end",
    "shim",
];

fn main() -> ExitCode {
    figures::main("instructions", run)
}

fn run() -> Result<String> {
    let mut text = String::from(
        "| program | start, million | of them the recorder's | use, million | of them the recorder's | ratio in use |\n\
         |---|---|---|---|---|---|\n",
    );
    for program in PROGRAMS {
        let [start, used] = counted(program)?;
        let share = |count: &Count| 100.0 * count.recorder as f64 / count.all as f64;
        text.push_str(&format!(
            "| {program} | {:.0} | {:.1} ({:.2} %) | {:.0} | {:.1} ({:.2} %) | {:.4} |\n",
            start.all as f64 / 1e6,
            start.recorder as f64 / 1e6,
            share(&start),
            used.all as f64 / 1e6,
            used.recorder as f64 / 1e6,
            share(&used),
            used.all as f64 / (used.all - used.recorder) as f64
        ));
    }
    Ok(text)
}

/// Instructions until the window had painted, and from then while it was used.
fn counted(program: &str) -> Result<[Count; 2]> {
    let display = Display::start()?;
    let out = display.home().join("callgrind");
    let launch = Launch::new("valgrind").loading(Loading::Modules).arg("--tool=callgrind").arg("--quiet");
    let launch = launch.arg(format!("--callgrind-out-file={}", out.display())).arg(program);
    let mut app = App::start(&display, &launch)?;
    let pid = app.process().pid();
    let part = |number: u32| {
        run_command(display.command("callgrind_control").args(["--dump=part", &pid.to_string()]))?;
        Count::read(&PathBuf::from(format!("{}.{number}", out.display())))
    };
    let start = part(1)?;
    let at = app.window.geometry(&display)?;
    let mut pointer = app.pointer();
    for step in 0..250 {
        pointer = pointer.to(at.x + step * 37 % at.width, at.y + 60 + step * 23 % (at.height - 60)).pause(50);
        if step % 6 == 0 {
            pointer = pointer.click(if step / 6 % 20 < 10 { 5 } else { 4 });
        }
    }
    pointer.play()?;
    app.settle()?;
    Ok([start, part(2)?])
}

/// Instructions.
#[derive(Debug, Default)]
struct Count {
    all: u64,
    /// The recorder's own, and of what it calls.
    recorder: u64,
}

impl Count {
    /// From a file of callgrind: lines of costs below the names of a function and its file, where after `calls=`
    /// a line is what the called function cost, which is named by `cfn=` and `cob=`.
    fn read(path: &Path) -> Result<Count> {
        let text = fs::read_to_string(path).cannot("read what callgrind counted")?;
        let mut names = HashMap::new();
        let (mut object, mut function, mut called_object) = (String::new(), String::new(), String::new());
        let (mut count, mut call) = (Count::default(), false);
        let recorder = |object: &str| object.contains("libgdkrecord");
        for line in text.lines() {
            let (key, value) = line.split_once('=').unwrap_or(("", line));
            match key {
                "ob" => object = name(&mut names, "ob", value),
                "fn" => (function, called_object) = (name(&mut names, "fn", value), object.clone()),
                "cob" => called_object = name(&mut names, "ob", value),
                "cfn" => drop(name(&mut names, "fn", value)),
                "calls" => call = true,
                "" if value.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) => {
                    let cost = value.rsplit(' ').next().and_then(|cost| cost.parse().ok()).unwrap_or(0);
                    if !call {
                        count.all += cost;
                        count.recorder += if recorder(&object) { cost } else { 0 };
                    } else if recorder(&object) && !recorder(&called_object) {
                        let system = ["libc.so", "ld-linux"].iter().any(|name| called_object.contains(name));
                        let original = STAND_INS.iter().any(|name| function.contains(name)) && !system;
                        count.recorder += if original { 0 } else { cost };
                    }
                    if call {
                        (call, called_object) = (false, object.clone());
                    }
                }
                _ => {}
            }
        }
        match count.recorder {
            0 => Err(Failure::new(format!("{} has nothing of the recorder's", path.display()))),
            _ => Ok(count),
        }
    }
}

/// A name that callgrind writes out once, as `(number) name`, and then as `(number)`.
fn name(names: &mut HashMap<(&'static str, String), String>, of: &'static str, value: &str) -> String {
    let (number, name) = value.split_once(' ').unwrap_or((value, ""));
    let known = names.entry((of, number.to_owned())).or_default();
    if !name.is_empty() {
        name.clone_into(known);
    }
    known.clone()
}
