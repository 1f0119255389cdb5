//! Recordings from the window: what is dropped sets one up, a process is attached to, and those that end otherwise than
//! they were meant are told of; the window stays usable.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use perfkit_tests::gui::Tree;
use perfkit_tests::input::Window;
use perfkit_tests::{App, Disk, Display, Gui, Launch, Loading, session, wait};

use crate::files::drop_on;
use crate::sample;

/// Begins without a session.
pub fn begin(display: &Display) -> Gui<'_> {
    let gui = Gui::start::<&Path>(display, &[]).unwrap();
    gui.window.resize(display, 1000, 800).unwrap();
    gui
}

/// Asks for a new recording of a program with these arguments.
pub fn ask(gui: &mut Gui, program: &str, arguments: &str) {
    gui.act("push button", "New Recording…").unwrap();
    gui.write("text", "Program or application", program).unwrap();
    gui.write("text", "Arguments", arguments).unwrap();
}

/// Begins what the dialog has.
pub fn record(gui: &mut Gui) {
    gui.act("push button", "Record").unwrap();
}

/// What an entry says.
fn text(tree: &Tree, name: &str) -> Option<String> {
    tree.find("text", name)?.text.clone()
}

/// A program that says something and ends.
fn script(display: &Display, name: &str, text: &str) -> PathBuf {
    let path = display.home().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn a_program_that_ends_at_once_is_told_with_what_it_said() {
    let display = Display::start().unwrap();
    let mut gui = begin(&display);
    ask(&mut gui, "sh", "-c 'echo no display here; exit 3'");
    gui.act("push button", "Add a Variable").unwrap();
    gui.write("text", "Name of the Variable", "COLOUR").unwrap();
    record(&mut gui);
    gui.hear("sh Ended After").unwrap();
    gui.hear("status 3").unwrap();
    gui.hear("no display here").unwrap();
    // Nothing has to be typed again.
    gui.act("push button", "Record Again…").unwrap();
    gui.until("the same program", |tree| text(tree, "Program or application").filter(|text| text == "sh")).unwrap();
    gui.until("the same arguments", |tree| text(tree, "Arguments").filter(|text| text.contains("exit 3"))).unwrap();
    gui.until("the same variable", |tree| text(tree, "Name of the Variable").filter(|text| text == "COLOUR")).unwrap();
    gui.act("push button", "Cancel").unwrap();
    gui.act("push button", "Open the Session").unwrap();
    gui.find("list item", "Details").unwrap();
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}

#[test]
fn what_cannot_be_started_is_told_as_it_is_typed_and_when_it_is_tried() {
    let display = Display::start().unwrap();
    let mut gui = begin(&display);
    ask(&mut gui, "no-such-program", "");
    gui.hear("There is no such program").unwrap();
    let off = |tree: &Tree| tree.find("push button", "Record").filter(|button| !button.is("sensitive")).map(|_| ());
    gui.until("the button to be off", off).unwrap();
    // It can be executed, and what should execute it is not there.
    let path = script(&display, "orphan", "#!/nonexistent/shell\n");
    gui.write("text", "Program or application", path.to_str().unwrap()).unwrap();
    record(&mut gui);
    gui.hear("orphan Ended After").unwrap();
    gui.hear("cannot start").unwrap();
    gui.act("push button", "Back").unwrap();
    gui.find("push button", "New Recording…").unwrap();
}

#[test]
fn a_discarded_recording_leaves_nothing() {
    let display = Display::start().unwrap();
    let mut gui = begin(&display);
    ask(&mut gui, "sleep", "600");
    record(&mut gui);
    let session = display.home().join("sleep.perfkit");
    wait::until("the session", || session.exists().then_some(())).unwrap();
    gui.act("push button", "Discard…").unwrap();
    gui.hear("Discard the Recording?").unwrap();
    // GTK calls the buttons of such a dialog by their mnemonics, too.
    gui.act("push button", "_Discard Discard").unwrap();
    gui.find("push button", "New Recording…").unwrap();
    let left: Vec<_> = fs::read_dir(display.home()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("sleep")), "{left:?}");
}

#[test]
fn a_recording_that_fills_its_disk_is_told_and_kept() {
    let Some(disk) = Disk::of_bytes(1 << 20).unwrap() else { return };
    let display = Display::start().unwrap();
    let mut gui = begin(&display);
    ask(&mut gui, "sh", "-c 'seq 1 9000000'");
    let session = disk.path().join("full.perfkit");
    gui.write("text", "Session file", session.to_str().unwrap()).unwrap();
    record(&mut gui);
    gui.hear("Is Not Whole").unwrap();
    gui.hear("the disk is full").unwrap();
    gui.act("push button", "Back").unwrap();
    gui.find("push button", "New Recording…").unwrap();
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}

#[test]
fn a_process_is_attached_to_and_left_running() {
    let display = Display::start().unwrap();
    let mut gui = begin(&display);
    let launch = Launch::new("gtk4-widget-factory").loading(Loading::None);
    let mut app = App::spawn(&display, &launch).unwrap();
    let other = || Window::visible(&display).into_iter().find(|window| *window != gui.window);
    app.window = wait::until("the other window", other).unwrap();
    gui.act("push button", "Attach…").unwrap();
    gui.hear("Search for a Process").unwrap();
    gui.keys(&["Escape"]).unwrap();
    gui.until("the dialog's end", |tree| tree.says("Search for a Process").is_none().then_some(())).unwrap();
    gui.act("push button", "Attach…").unwrap();
    gui.until("the process with its toolkit", |tree| {
        let row = tree.0.iter().find(|widget| widget.role == "list item" && widget.name.contains("gtk4-widget-fac"))?;
        tree.within(row).find(|widget| widget.name == "GTK 4").map(|_| ())
    })
    .unwrap();
    gui.act("push button", "Continue").unwrap();
    // What must be there from the start is not among the sources that are on.
    gui.hear("must be there when a program starts").unwrap();
    record(&mut gui);
    let some = |tree: &Tree| {
        let said = tree.says(" events, ")?;
        (!said.description.contains(", 0 events, ")).then_some(())
    };
    gui.until("events", some).unwrap();
    gui.act("push button", "Stop").unwrap();
    gui.find("list item", "Details").unwrap();
    let mut sessions = fs::read_dir(display.home()).unwrap().flatten().map(|entry| entry.path());
    let session = sessions.find(|path| path.extension().is_some_and(|of| of == "perfkit")).unwrap();
    let attached = session::query(&session, "SELECT value FROM facts WHERE name = 'target.attached'").unwrap();
    assert_eq!(attached.len(), 1);
    // It goes on.
    app.close().unwrap();
}

#[test]
fn a_program_or_an_application_that_is_dropped_sets_up_its_recording() {
    let display = Display::start().unwrap();
    let mut gui = begin(&display);
    let entry = display.home().join("a.desktop");
    let text_of = "[Desktop Entry]\nType=Application\nName=A\nExec=sh -c \"sleep 1\" %U\nPath=/tmp\n";
    fs::write(&entry, text_of).unwrap();
    drop_on(&gui, &entry);
    gui.until("its arguments", |tree| text(tree, "Arguments").filter(|text| text == "-c 'sleep 1'")).unwrap();
    gui.until("its folder", |tree| text(tree, "Working folder").filter(|text| text == "/tmp")).unwrap();
    gui.act("push button", "Cancel").unwrap();
    gui.until("the dialog's end", |tree| tree.find("push button", "Cancel").is_none().then_some(())).unwrap();
    let program = script(&display, "program", "#!/bin/sh\n");
    drop_on(&gui, &program);
    let expected = program.display().to_string();
    gui.until("its path", |tree| text(tree, "Program or application").filter(|text| *text == expected)).unwrap();
}

#[test]
fn a_template_is_kept_and_fills_the_next_dialog() {
    let display = Display::start().unwrap();
    let mut gui = begin(&display);
    ask(&mut gui, "sleep", "1");
    gui.act("push button", "Add a Variable").unwrap();
    gui.write("text", "Name of the Variable", "COLOUR").unwrap();
    gui.write("text", "Value of the Variable", "dark blue").unwrap();
    gui.write("text", "Stop after, as 10s or 5m", "90s").unwrap();
    gui.keys(&["alt+t"]).unwrap();
    gui.act("menu item", "Save as Template…").unwrap();
    gui.write("text", "Name of the Template", "../mine").unwrap();
    gui.hear("no name for a template").unwrap();
    gui.write("text", "Name of the Template", "mine").unwrap();
    gui.act("push button", "_Save Save").unwrap();
    let file = display.home().join("config/perfkit/templates/mine.json");
    let kept = wait::until("the template", || fs::read_to_string(&file).ok().filter(|text| !text.is_empty())).unwrap();
    assert!(
        kept.contains("90.0") && kept.contains("\"COLOUR\": \"dark blue\"") && kept.contains("gdkrecord"),
        "{kept}"
    );
    gui.act("push button", "Cancel").unwrap();
    gui.until("the dialog's end", |tree| tree.find("push button", "Cancel").is_none().then_some(())).unwrap();
    gui.act("push button", "New Recording…").unwrap();
    gui.find("push button", "Cancel").unwrap();
    gui.settle().unwrap();
    gui.keys(&["alt+t"]).unwrap();
    gui.act("menu item", "mine").unwrap();
    let value = |tree: &Tree| tree.find("text", "Value of the Variable")?.text.clone();
    gui.until("the variable", |tree| value(tree).filter(|text| text == "dark blue")).unwrap();
    gui.until("the time", |tree| text(tree, "Stop after, as 10s or 5m").filter(|text| text == "90s")).unwrap();
}

#[test]
fn sessions_that_were_opened_are_told_of_until_they_are_removed() {
    let display = Display::start().unwrap();
    let path = display.home().join("kept.perfkit");
    fs::copy(sample(), &path).unwrap();
    let mut gui = Gui::start(&display, &[&path]).unwrap();
    gui.find("list item", "Details").unwrap();
    assert!(gui.close().unwrap().success());
    let mut gui = begin(&display);
    gui.find("list item", "kept.perfkit").unwrap();
    gui.hear(" frames").unwrap();
    gui.hear("gtk4-widget-factory, ").unwrap();
    gui.act("push button", "Remove kept.perfkit from the List").unwrap();
    gui.until("the row's end", |tree| tree.find("list item", "kept.perfkit").is_none().then_some(())).unwrap();
    gui.act("push button", "Undo").unwrap();
    let row = gui.find("list item", "kept.perfkit").unwrap();
    gui.click(&row).unwrap();
    gui.find("list item", "Details").unwrap();
    assert!(gui.close().unwrap().success());
    fs::remove_file(&path).unwrap();
    let mut gui = begin(&display);
    gui.find("list item", "kept.perfkit").unwrap();
    gui.hear("not there any more").unwrap();
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}

#[test]
fn a_recording_that_begins_again_keeps_what_it_had() {
    let display = Display::start().unwrap();
    let mut gui = begin(&display);
    ask(&mut gui, "sleep", "600");
    record(&mut gui);
    gui.hear("Written to sleep.perfkit").unwrap();
    gui.act("push button", "Pause").unwrap();
    gui.hear("paused").unwrap();
    gui.act("push button", "Restart").unwrap();
    // It is told beside the buttons and not over them, so that they can be pressed.
    gui.hear("; sleep.perfkit is kept").unwrap();
    gui.find("push button", "Pause").unwrap();
    let stop = gui.find("push button", "Stop").unwrap();
    gui.click(&stop).unwrap();
    gui.find("list item", "Details").unwrap();
    for name in ["sleep.perfkit", "sleep-2.perfkit"] {
        assert!(session::query(&display.home().join(name), "SELECT 1").is_ok(), "{name}");
    }
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}
