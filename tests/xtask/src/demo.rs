//! `cargo xtask demo`: records a real GTK 4 and a real GTK 3 program, and shows what was found.

use std::fs;
use std::path::{Path, PathBuf};

use perfkit_tests::error::Context;
use perfkit_tests::input::{Geometry, Pointer};
use perfkit_tests::{App, Display, Launch, Loading, Result, bins};

use crate::artifacts::build_recorder;
use crate::packages::{self, Need};
use crate::report;

/// A program of the demo.
struct Shown {
    program: &'static str,
    /// The beginning of its files' names.
    name: &'static str,
}

const PROGRAMS: &[Shown] = &[
    Shown { program: "gtk4-widget-factory", name: "gtk4-widget-factory" },
    Shown { program: "gtk3-widget-factory", name: "gtk3-widget-factory" },
];

/// All of it; what it leaves is printed.
pub fn run() -> Result<()> {
    packages::install(Need::Demo)?;
    println!("Building the recorder and its tool …");
    build_recorder()?;
    let folder = bins::target().join("demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).cannot(format_args!("empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).cannot(format_args!("create {}", folder.display()))?;
    let mut recordings = Vec::new();
    for shown in PROGRAMS {
        println!("Recording {} on a display of its own …", shown.program);
        let recording = folder.join(format!("{}.gdkrecord", shown.name));
        record(shown, &recording)?;
        recordings.push(recording);
    }
    println!("Drawing and counting …");
    let pictures = report::write(&folder, &recordings)?;
    println!("\nIn {}:", folder.display());
    for (file, what) in report::contents(&folder)? {
        println!("  {file:<38} {what}");
    }
    report::show(&pictures);
    Ok(())
}

/// Starts a program under `gdkrecord-tool run`, uses it, and closes it.
fn record(shown: &Shown, recording: &Path) -> Result<()> {
    let display = Display::start()?;
    let recording = PathBuf::from(recording);
    let launch = Launch::new(shown.program).loading(Loading::Tool).options("widgets=on").output(recording);
    let mut app = App::start(&display, &launch)?;
    let at = app.window.geometry(&display)?;
    wander(app.pointer(), at).play()?;
    work(app.pointer(), at).play()?;
    app.settle()?;
    for (width, height) in [(at.width - 40, at.height - 30), (at.width + 30, at.height + 40), (at.width, at.height)] {
        app.window.resize(&display, width, height)?;
        app.settle()?;
    }
    app.close().map(drop)
}

/// Moves the pointer over the whole window in rows: everything that reacts to a pointer does.
fn wander<'d>(mut pointer: Pointer<'d>, at: Geometry) -> Pointer<'d> {
    const STEPS: i32 = 40;
    const ROWS: i32 = 6;
    for row in 0..ROWS {
        let y = at.y + at.height * (2 * row + 1) / (2 * ROWS);
        for step in 0..STEPS {
            let across = if row % 2 == 0 { step } else { STEPS - 1 - step };
            pointer = pointer.to(at.x + at.width * (2 * across + 1) / (2 * STEPS), y).pause(12);
        }
    }
    pointer
}

/// Clicks and types into the left column, where both programs have their entries and buttons, and scrolls.
fn work<'d>(mut pointer: Pointer<'d>, at: Geometry) -> Pointer<'d> {
    let place = |across: i32, down: i32| (at.x + at.width * across / 100, at.y + at.height * down / 100);
    let (x, y) = place(10, 22);
    pointer = pointer.to(x, y).pause(80).click(1).pause(120).key("ctrl+a");
    for word in ["recorded ", "by ", "gdkrecord"] {
        pointer = pointer.text(word).pause(60);
    }
    for (across, down) in [(44, 12), (44, 20), (44, 28), (60, 12), (60, 20)] {
        let (x, y) = place(across, down);
        pointer = pointer.to(x, y).pause(100).click(1).pause(250);
    }
    let (x, y) = place(85, 80);
    pointer = pointer.to(x, y).pause(100);
    for wheel in [5, 5, 5, 5, 4, 4, 4, 4] {
        pointer = pointer.click(wheel).pause(60);
    }
    // Whatever popped up is closed again.
    pointer.key("Escape").pause(100)
}
