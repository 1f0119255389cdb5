//! `cargo xtask demo`: records a real GTK 4 and a real GTK 3 program, and shows what was found.

use std::fs;
use std::path::Path;

use perfkit_tests::error::Context;
use perfkit_tests::input::{Geometry, Pointer};
use perfkit_tests::{App, Display, Launch, Loading, Result, bins};

use crate::artifacts::{build_agent, build_recorder};
use crate::packages::{self, Need};
use crate::{report, sessions};

/// A program of the demo, and the places of its widgets in a window at the top left of the display.
pub struct Shown {
    /// Its name.
    pub program: &'static str,
    /// An entry, to type into.
    entry: (i32, i32),
    /// What reacts to a click: toggles, checks, switches, scales, tabs.
    clicks: &'static [(i32, i32)],
    /// A text to scroll.
    text: (i32, i32),
}

/// The programs.
pub const PROGRAMS: &[Shown] = &[
    Shown {
        program: "gtk4-widget-factory",
        entry: (110, 254),
        clicks: &[
            (557, 77),
            (27, 454),
            (153, 454),
            (557, 470),
            (900, 150),
            (213, 386),
            (127, 615),
            (194, 615),
            (799, 26),
            (932, 26),
            (666, 26),
        ],
        text: (1450, 470),
    },
    Shown {
        program: "gtk3-widget-factory",
        entry: (110, 254),
        clicks: &[
            (463, 77),
            (27, 407),
            (153, 407),
            (463, 514),
            (780, 152),
            (217, 342),
            (134, 603),
            (209, 603),
            (682, 26),
            (803, 26),
            (561, 26),
        ],
        text: (1215, 440),
    },
];

/// All of it; what it leaves is printed.
pub fn run() -> Result<()> {
    packages::install(Need::Demo)?;
    println!("Building the recorder, its tool and the agent …");
    build_recorder()?;
    build_agent()?;
    let folder = bins::target().join("demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).cannot(format_args!("empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).cannot(format_args!("create {}", folder.display()))?;
    let (mut recordings, mut asked) = (Vec::new(), Vec::new());
    for shown in PROGRAMS {
        println!("Recording {} on a display of its own …", shown.program);
        let recording = folder.join(format!("{}.gdkrecord", shown.program));
        record(shown, Launch::new(shown.program).loading(Loading::Tool).options("widgets=on"), &recording)?;
        recordings.push(recording);
        println!("And again under strace, perf, /proc and a script …");
        let session = folder.join(format!("{}.perfkit", shown.program));
        record(shown, Launch::new(shown.program).sources(&sessions::sources()?), &session)?;
        asked.push(session);
    }
    println!("Drawing, counting and asking …");
    let pictures = report::write(&folder, &recordings)?;
    sessions::write(&folder, &asked)?;
    println!("\nIn {}:", folder.display());
    for (file, what) in report::contents(&folder)? {
        println!("  {file:<38} {what}");
    }
    report::show(&pictures);
    Ok(())
}

/// Starts a program, uses it, and closes it.
///
/// Unlike in journeys its animations run, as they do for a person: so it never comes to rest, and the script has
/// a person's pauses.
pub fn record(shown: &Shown, launch: Launch, recording: &Path) -> Result<()> {
    let display = Display::start()?;
    let config = display.home().join("usual");
    let launch = launch.output(recording).env("XDG_CONFIG_HOME", config);
    let mut app = App::spawn(&display, &launch)?;
    app.window = app.find_window()?;
    let at = app.window.geometry(&display)?;
    wander(app.pointer().pause(600), at).play()?;
    work(app.pointer(), shown).play()?;
    for part in [97, 94, 97, 100] {
        app.window.resize(&display, at.width * part / 100, at.height * part / 100)?;
        app.pointer().pause(250).play()?;
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

/// Types, clicks and scrolls.
fn work<'d>(mut pointer: Pointer<'d>, shown: &Shown) -> Pointer<'d> {
    pointer = pointer.to(shown.entry.0, shown.entry.1).pause(80).click(1).pause(120).key("ctrl+a");
    for word in ["recorded ", "by ", "gdkrecord"] {
        pointer = pointer.text(word).pause(60);
    }
    for (x, y) in shown.clicks {
        pointer = pointer.to(*x, *y).pause(120).click(1).pause(350);
    }
    pointer = pointer.to(shown.text.0, shown.text.1).pause(100);
    for wheel in [5, 5, 5, 5, 4, 4, 4, 4] {
        pointer = pointer.click(wheel).pause(80);
    }
    pointer
}
