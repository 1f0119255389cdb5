//! Files that are no sessions, or no whole ones: however they come, the window says what is wrong and stays usable.

use std::path::{Path, PathBuf};

use perfkit_tests::gui::Tree;
use perfkit_tests::input::Window;
use perfkit_tests::programs::script;
use perfkit_tests::{App, Display, Gui, Launch, Loading, wait};

use crate::sample;

/// What is wrong with a file, what makes it, and words that say it.
struct Case {
    name: &'static str,
    make: fn(&Path),
    says: &'static str,
}

const CASES: &[Case] = &[
    Case { name: "empty.perfkit", make: |path| std::fs::write(path, "").unwrap(), says: "is empty" },
    Case {
        name: "foreign.perfkit",
        make: |path| std::fs::write(path, "This is no session.\n".repeat(400)).unwrap(),
        says: "no recording that perfkit can read",
    },
    Case { name: "folder.perfkit", make: |path| std::fs::create_dir(path).unwrap(), says: "is a folder" },
    Case { name: "missing.perfkit", make: |_| {}, says: "There is no " },
    Case {
        name: "newer.perfkit",
        make: |path| {
            let mut bytes = std::fs::read(sample()).unwrap();
            // SQLite keeps a number for its user here, and we the version of the schema.
            bytes[60..64].copy_from_slice(&99i32.to_be_bytes());
            std::fs::write(path, bytes).unwrap();
        },
        says: "update perfkit",
    },
    Case {
        name: "truncated.perfkit",
        make: |path| {
            let bytes = std::fs::read(sample()).unwrap();
            std::fs::write(path, &bytes[..bytes.len() / 3]).unwrap();
        },
        says: "is damaged",
    },
    Case {
        name: "broken.perfkit",
        make: |path| {
            let mut bytes = std::fs::read(sample()).unwrap();
            let end = bytes.len();
            bytes[4096..end].fill(0x5a);
            std::fs::write(path, bytes).unwrap();
        },
        says: "is damaged",
    },
];

fn made(display: &Display, case: &Case) -> PathBuf {
    let path = display.home().join(case.name);
    (case.make)(&path);
    path
}

/// The window says what could not be opened, and why.
fn refuses(gui: &mut Gui, case: &Case) {
    gui.hear("Cannot Open the File").unwrap();
    let said = |tree: &Tree| {
        let lines = tree.0.iter().find(|widget| widget.role == "label" && widget.name.contains(case.name));
        lines.filter(|line| line.name.contains(case.says)).map(|line| line.name.clone())
    };
    gui.until(case.says, said).unwrap();
}

/// The window takes a good file after a bad one.
fn is_usable(gui: &mut Gui) {
    gui.keys(&["ctrl+o"]).unwrap();
    gui.until("the file chooser", |tree| tree.says("Open a Session or Recording").cloned()).unwrap();
    choose(gui, sample());
    gui.find("list item", "Details").unwrap();
    gui.hear("gui-sample.perfkit").unwrap();
    assert_eq!(gui.said_beside_choosers(), "", "warnings of its toolkit");
}

/// Types a path into a file chooser.
fn choose(gui: &Gui, path: &Path) {
    let there = || (Window::visible(gui.display).len() > 1).then_some(());
    wait::until("the file chooser's window", there).unwrap();
    gui.settle().unwrap();
    Window::focus_any(gui.display).unwrap();
    gui.pointer().text(path.to_str().unwrap()).pause(300).key("Return").play().unwrap();
}

#[test]
fn named_on_the_command_line() {
    for case in CASES {
        let display = Display::start().unwrap();
        let path = made(&display, case);
        let mut gui = Gui::start(&display, &[&path]).unwrap();
        refuses(&mut gui, case);
        gui.act("push button", "Back").unwrap();
        gui.find("push button", "New Recording…").unwrap();
        is_usable(&mut gui);
        assert!(gui.close().unwrap().success(), "{}", case.name);
    }
}

#[test]
fn chosen_in_the_dialog() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start(&display, &[sample()]).unwrap();
    gui.find("list item", "Details").unwrap();
    // A folder is entered by the dialog, and what is missing is refused by it.
    for case in CASES.iter().filter(|case| !["folder.perfkit", "missing.perfkit"].contains(&case.name)) {
        let path = made(&display, case);
        gui.keys(&["ctrl+o"]).unwrap();
        gui.until("the file chooser", |tree| tree.says("Open a Session or Recording").cloned()).unwrap();
        choose(&gui, &path);
        refuses(&mut gui, case);
        gui.keys(&["Escape"]).unwrap();
        // The session that is there stays.
        gui.until("the dialog's end", |tree| tree.says("Cannot Open the File").is_none().then_some(())).unwrap();
        gui.find("list item", "Details").unwrap();
    }
    is_usable(&mut gui);
}

#[test]
fn dropped_on_the_window() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start::<&Path>(&display, &[]).unwrap();
    gui.window.resize(&display, 1000, 800).unwrap();
    for case in CASES.iter().filter(|case| case.name != "missing.perfkit") {
        let path = made(&display, case);
        drop_on(&gui, &path);
        refuses(&mut gui, case);
    }
    drop_on(&gui, sample());
    gui.find("list item", "Details").unwrap();
    is_usable(&mut gui);
}

/// Drags a file from a window beside and lets it fall on the program's.
pub fn drop_on(gui: &Gui, path: &Path) {
    let launch = Launch::new("/usr/bin/python3").loading(Loading::None).arg(script("drag.py").unwrap()).arg(path);
    let mut app = App::spawn(gui.display, &launch).unwrap();
    let windows = || Window::visible(gui.display);
    let window = wait::until("the other window", || windows().into_iter().find(|it| *it != gui.window));
    app.window = window.unwrap();
    app.window.place(gui.display, 1200, 300).unwrap();
    app.settle().unwrap();
    let drag = app.pointer().to(1260, 360).pause(50).press(1).pause(50).to(1240, 360).pause(50).to(1200, 380).pause(50);
    drag.to(700, 500).pause(100).to(600, 500).pause(100).to(500, 480).pause(300).release(1).pause(200).play().unwrap();
}
