//! `cargo xtask screenshots`: the pictures of the README and of software centres, data/screenshots: a real program is
//! recorded while scripted input drives it, and each page of that session is shown and taken.

use std::fs;
use std::path::{Path, PathBuf};

use perfkit_tests::error::Context;
use perfkit_tests::input::Window;
use perfkit_tests::process::run;
use perfkit_tests::{Display, Failure, Gui, Launch, Result, bins, wait};

use crate::artifacts::{build_agent, build_app, build_recorder};
use crate::demo;
use crate::packages::{self, Need};

/// Pixels of a picture.
const SIZE: (i32, i32) = (1280, 800);
/// Bytes that a picture has at most: all of them are fetched with every page that shows them.
const MOST: u64 = 200_000;
/// What is recorded from the dialog: its bars move by themselves, so that there is something to see.
const LIVE: &str = "gtk4-widget-factory";
/// What watches the program in the session whose pages are shown.
const SOURCES: &str = "gdkrecord:widgets=on,perf,proc,output";

/// A picture to take.
struct Picture {
    /// Its file's name, without the ending.
    name: &'static str,
    dark: bool,
    /// Goes to what it shows.
    show: fn(&mut Gui<'_>) -> Result<()>,
}

const PICTURES: &[Picture] = &[
    Picture { name: "overview", dark: false, show: overview },
    Picture { name: "timeline", dark: false, show: timeline },
    Picture { name: "exposures", dark: true, show: exposures },
    Picture { name: "treemap", dark: false, show: treemap },
    Picture { name: "calls", dark: true, show: calls },
    Picture { name: "new-recording", dark: false, show: new_recording },
    Picture { name: "live", dark: false, show: live },
];

/// Takes all of them, or one.
pub fn take(only: Option<&str>) -> Result<()> {
    let wanted = |picture: &&Picture| only.is_none_or(|name| picture.name == name);
    if !PICTURES.iter().any(|picture| wanted(&picture)) {
        let names: Vec<&str> = PICTURES.iter().map(|picture| picture.name).collect();
        return Err(Failure::new(format!("there is no such picture; there are {}", names.join(", "))));
    }
    packages::install(Need::Test)?;
    // Another folder has what somebody else built.
    if bins::folder() == bins::target().join("release") {
        build_recorder()?;
        build_agent()?;
        build_app()?;
    }
    let folder = bins::root().join("data/screenshots");
    fs::create_dir_all(&folder).cannot(format_args!("create {}", folder.display()))?;
    let session = session()?;
    for picture in PICTURES.iter().filter(wanted) {
        let file = folder.join(format!("{}.png", picture.name));
        shoot(picture, &session, &file)?;
        let size = fs::metadata(&file).cannot(format_args!("look at {}", file.display()))?.len();
        println!("{}, {size} bytes", file.display());
        if size > MOST {
            return Err(Failure::new(format!("{} has more than {MOST} bytes", file.display())));
        }
    }
    Ok(())
}

/// The session whose pages are shown.
fn session() -> Result<PathBuf> {
    let folder = bins::target().join("screenshots");
    fs::create_dir_all(&folder).cannot(format_args!("create {}", folder.display()))?;
    let shown = &demo::PROGRAMS[0];
    let path = folder.join(format!("{}.perfkit", shown.program));
    if path.exists() {
        fs::remove_file(&path).cannot(format_args!("remove {}", path.display()))?;
    }
    println!("Recording {} …", shown.program);
    demo::record(shown, Launch::new(shown.program).sources(SOURCES), &path)?;
    Ok(path)
}

fn shoot(picture: &Picture, session: &Path, file: &Path) -> Result<()> {
    let display = Display::sized((SIZE.0 as u32, SIZE.1 as u32))?;
    // GNOME's font, as most people see it.
    let settings = display.home().join("config/gtk-4.0/settings.ini");
    let text = fs::read_to_string(&settings).cannot("read the display's settings")?;
    fs::write(&settings, text.replace("DejaVu Sans 10", "Cantarell 11")).cannot("write the display's settings")?;
    let scheme = if picture.dark { "prefer-dark" } else { "default" };
    let mut gui = Gui::start_with(&display, &[session], &[("ADW_DEBUG_COLOR_SCHEME", scheme)])?;
    gui.find("push button", "Show the Slowest Frame")?;
    fill(&mut gui)?;
    gui.settle()?;
    (picture.show)(&mut gui)?;
    // The pointer would light up what it points at.
    gui.pointer().to(SIZE.0 - 1, SIZE.1 - 1).pause(800).play()?;
    let mut import = display.command("import");
    run(import.args(["-window", "root", "-depth", "8", "-strip", "-quality", "95"]).arg(file)).map(drop)
}

/// Makes the window as large as the picture; the border that GTK draws without a window manager lies outside.
fn fill(gui: &mut Gui<'_>) -> Result<()> {
    let at = gui.window.geometry(gui.display)?;
    let (left, top) = gui.origin()?;
    let border = (left - at.x, top - at.y);
    gui.window.resize(gui.display, SIZE.0 + 2 * border.0, SIZE.1 + 2 * border.1)?;
    gui.window.place(gui.display, -border.0, -border.1)
}

fn page(gui: &mut Gui<'_>, name: &str) -> Result<()> {
    let row = gui.find("list item", name)?;
    gui.click(&row)?;
    gui.pointer().pause(1000).play()?;
    gui.settle()
}

fn overview(gui: &mut Gui<'_>) -> Result<()> {
    gui.settle()
}

fn timeline(gui: &mut Gui<'_>) -> Result<()> {
    gui.act("push button", "Show the Slowest Frame")?;
    gui.hear("Selected: ")?;
    gui.settle()?;
    // Away and back again: then it is told of below.
    gui.keys(&["n", "p"])?;
    gui.hear("Why it was slow")?;
    gui.settle()
}

fn exposures(gui: &mut Gui<'_>) -> Result<()> {
    page(gui, "Exposures")?;
    let strip = gui.find("slider", "Moment")?;
    // The script clicks and scrolls in the last third: much is repainted there.
    let area = strip.area().ok_or_else(|| Failure::new("the strip has no place"))?;
    let (left, top) = gui.origin()?;
    let x = left + area.left + (area.right - area.left) * 8 / 10;
    gui.pointer().to(x, top + (area.top + area.bottom) / 2).pause(50).click(1).play()?;
    gui.act("push button", "Heat Map")?;
    gui.hear("256 times")?;
    gui.settle()
}

fn treemap(gui: &mut Gui<'_>) -> Result<()> {
    page(gui, "Treemap")
}

fn calls(gui: &mut Gui<'_>) -> Result<()> {
    page(gui, "Calls")
}

/// The dialog, with a program; in the middle of its window, where a window manager puts it.
fn new_recording(gui: &mut Gui<'_>) -> Result<()> {
    gui.keys(&["ctrl+n"])?;
    gui.write("text", "Program or application", LIVE)?;
    gui.until("the sources", |tree| tree.says("GTK 2, 3 or 4").map(|_| ()))?;
    let process = gui.window.pid(gui.display)?;
    let dialog = another(gui, |of| of == process)?;
    let at = dialog.geometry(gui.display)?;
    dialog.place(gui.display, (SIZE.0 - at.width) / 2, (SIZE.1 - at.height) / 2)?;
    gui.pointer().pause(1500).play()?;
    gui.settle()
}

/// A recording as it is made; its program's window stands aside.
fn live(gui: &mut Gui<'_>) -> Result<()> {
    gui.keys(&["ctrl+n"])?;
    gui.write("text", "Program or application", LIVE)?;
    gui.act("push button", "Record")?;
    gui.find("push button", "Stop")?;
    let process = gui.window.pid(gui.display)?;
    another(gui, |of| of != process)?.place(gui.display, SIZE.0, 0)?;
    fill(gui)?;
    gui.pointer().pause(14_000).play()
}

/// The window besides the main one whose process is as wanted.
fn another(gui: &Gui<'_>, wanted: impl Fn(i32) -> bool) -> Result<Window> {
    let fits = |window: &Window| *window != gui.window && window.pid(gui.display).is_ok_and(&wanted);
    wait::until("another window", || Window::visible(gui.display).into_iter().find(fits))
}
