//! Interactions with real programs: each is done once and recorded as a script, which journeys and a bench play again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;

use crate::app::App;
use crate::bins;
use crate::display::Display;
use crate::error::Result;
use crate::input::Pointer;
use crate::launch::Launch;
use crate::process::stdout_of;
use crate::screen;

/// What is in the environment of all that a replay starts, so that it can be found.
pub const MARK: &str = "PERFKIT_TEST_REPLAY";

/// Something done with a program.
pub struct Interaction {
    /// The program.
    pub program: &'static str,
    /// What is done with it: clicks, keys, the wheel, a menu, and a page on which nothing moves by itself at the end.
    pub act: fn(Pointer<'_>) -> Pointer<'_>,
}

/// One of each of the programs whose replays are counted.
pub const INTERACTIONS: &[Interaction] = &[
    Interaction { program: "gtk3-widget-factory", act: gtk3_widget_factory },
    Interaction { program: "gtk4-widget-factory", act: gtk4_widget_factory },
    Interaction { program: "gnome-calculator", act: gnome_calculator },
    Interaction { program: "gnome-text-editor", act: gnome_text_editor },
    Interaction { program: "gtk3-demo", act: gtk3_demo },
];

/// The interaction with a program.
pub fn interaction(program: &str) -> Option<&'static Interaction> {
    INTERACTIONS.iter().find(|interaction| interaction.program == program)
}

fn gtk3_widget_factory(pointer: Pointer<'_>) -> Pointer<'_> {
    let pointer = click(pointer, 150, 254).key("ctrl+a").text("some Words").pause(200);
    let pointer = click(pointer, 463, 77);
    let pointer = click(click(pointer, 217, 341), 217, 341);
    let pointer = click(click(pointer, 193, 407), 463, 514);
    let pointer = pointer.to(1216, 445).pause(100).click(5).pause(100).click(5).pause(100).click(4).pause(200);
    // A menu, and out of it again.
    let pointer = click(pointer, 1211, 26).pause(600).key("Escape").pause(300);
    let pointer = click(pointer, 682, 26).pause(500);
    click(pointer, 803, 26).pause(500)
}

fn gtk4_widget_factory(pointer: Pointer<'_>) -> Pointer<'_> {
    let pointer = click(pointer, 230, 254).key("ctrl+a").text("some Words").pause(200);
    let pointer = click(pointer, 557, 77);
    let pointer = click(click(pointer, 213, 386), 213, 386);
    let pointer = click(click(pointer, 26, 454), 557, 470);
    let pointer = pointer.to(1450, 450).pause(100).click(5).pause(100).click(5).pause(100).click(4).pause(200);
    // A choice from a list, and a menu and out of it again.
    let pointer = click(pointer, 557, 254).pause(600).key("Down").key("Return").pause(400);
    let pointer = click(pointer, 1445, 26).pause(600).key("Escape").pause(300);
    let pointer = click(pointer, 799, 26).pause(500);
    click(pointer, 932, 26).pause(500)
}

/// Clicks and keys, a menu and out of it again, and another keyboard of buttons.
pub fn gnome_calculator(pointer: Pointer<'_>) -> Pointer<'_> {
    let pointer = click(pointer, 60, 350).pause(100).text("1+2").key("Return").pause(200);
    let pointer = click(pointer, 223, 27).pause(600).key("Escape").pause(300);
    let pointer = click(pointer, 180, 190).text("7*6").key("Return").pause(300);
    let pointer = click(click(click(pointer, 115, 313), 249, 456), 182, 409);
    let pointer = click(pointer, 316, 430).pause(300);
    let pointer = pointer.to(180, 100).pause(100).click(4).pause(200).click(5).pause(200);
    // The second of the modes is one with more buttons.
    let pointer = click(pointer, 148, 27).pause(600).key("Down").key("Return").pause(800);
    click(pointer, 180, 190).text("2*8").key("Return").pause(500)
}

fn gnome_text_editor(pointer: Pointer<'_>) -> Pointer<'_> {
    let pointer = click(pointer, 300, 300).text("A first line.").key("Return").text("The second one").pause(200);
    let pointer =
        pointer.key("shift+Home").key("ctrl+c").key("End").key("Return").key("ctrl+v").key("ctrl+z").pause(300);
    // A menu, and out of it again.
    let pointer = click(pointer, 558, 27).pause(600).key("Escape").pause(300);
    let lines = (0..30).fold(click(pointer, 300, 300).key("ctrl+End"), |pointer, _| pointer.key("Return"));
    let pointer = lines.text("last").pause(200).to(300, 250).pause(100).click(4).pause(100).click(4).pause(200);
    // A second page, and back to the first one.
    let pointer = click(pointer, 111, 27).pause(800).text("other").pause(300);
    click(pointer, 150, 72).pause(500)
}

fn gtk3_demo(pointer: Pointer<'_>) -> Pointer<'_> {
    let pointer = click(click(pointer, 70, 155), 360, 68).pause(300);
    let pointer = pointer.to(500, 300).pause(100).click(5).pause(100).click(5).pause(100).click(4).pause(200);
    // A demo's window, and back to the first one.
    let pointer = click(click(pointer, 40, 26).pause(1000), 100, 100).pause(300).key("Tab").pause(100).key("space");
    let pointer = pointer.pause(200).key("Escape").pause(500);
    let pointer = click(pointer, 100, 339).pause(200).key("Right").pause(300).key("Down").pause(300);
    click(pointer, 270, 68).pause(500)
}

fn click(pointer: Pointer<'_>, x: i32, y: i32) -> Pointer<'_> {
    pointer.to(x, y).pause(150).click(1).pause(250)
}

/// A script, and where it was made.
pub struct Scripted {
    /// The script.
    pub path: PathBuf,
    /// A picture of what was to be seen at the end.
    pub end: PathBuf,
    /// The display on which it was made, whose home it lies in.
    pub display: Display,
}

/// Records what `act` does with a program, as a script.
pub fn scripted(launch: Launch, act: impl Fn(Pointer<'_>) -> Pointer<'_>) -> Result<Scripted> {
    let display = Display::start()?;
    let mut app = App::spawn(&display, &launch.sources("input:text=keep"))?;
    app.window = app.find_window()?;
    // Some are never at rest; a person would not wait for that either.
    Pointer::new(&display).pause(1500).play()?;
    // GTK 4 shows for 3 to 4 s after the last key which widget has the keyboard.
    act(app.pointer()).pause(4500).play()?;
    let end = display.home().join("end.png");
    screen::keep(&display, &end)?;
    app.process().signal(Signal::SIGTERM)?;
    app.process().wait()?;
    let path = display.home().join("script.perfinput");
    stdout_of(Command::new(bins::path(bins::AGENT)?).arg("input").arg(app.recording()).arg("-o").arg(&path))?;
    drop(app);
    Ok(Scripted { path, end, display })
}

/// A replay that has the mark, with its session in `output`.
pub fn replay(script: &Path, output: &Path, mark: &str) -> Result<Command> {
    let mut command = Command::new(bins::path(bins::AGENT)?);
    command.args(["replay", "--with", "input:text=keep"]).arg(script).arg("-o").arg(output).env(MARK, mark);
    Ok(command)
}

/// The processes that have the mark in their environment: what a replay started. Their ids and command lines.
pub fn marked(mark: &str) -> Vec<(i32, String)> {
    let wanted = format!("{MARK}={mark}");
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let marked = processes.filter_map(|process| {
        let path = process.path();
        let environment = fs::read(path.join("environ")).unwrap_or_default();
        let has = environment.split(|&byte| byte == 0).any(|variable| variable == wanted.as_bytes());
        let pid = process.file_name().to_str()?.parse().ok().filter(|_| has)?;
        let words = fs::read_to_string(path.join("cmdline")).unwrap_or_default().replace('\0', " ");
        Some((pid, words.trim().to_owned()))
    });
    marked.collect()
}
