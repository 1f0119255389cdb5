//! The Input page: what was done with a program is recorded from the window, read as a script, edited, saved, and played
//! again while one watches; and where that cannot be done, it says why.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use perfkit_tests::gui::{Tree, Widget, pictures};
use perfkit_tests::process::stdout_of;
use perfkit_tests::{App, Display, Gui, Launch, bins, screen, session, wait};

use crate::files::drop_on;
use crate::looks::outside;
use crate::record::{ask, begin};
use crate::{PageNames, sample};

/// A session of gnome-calculator, in which 7 + 8 was worked out by its buttons.
fn calculated(display: &Display) -> PathBuf {
    let mut app = App::spawn(display, &Launch::new("gnome-calculator").sources("input:text=keep")).unwrap();
    app.window = app.find_window().unwrap();
    let at = app.window.geometry(display).unwrap();
    // The places of the buttons are the window's own; which they are, the script tells.
    let place = |across: i32, down: i32| (at.x + at.width * across / 100, at.y + at.height * down / 100);
    let mut pointer = app.pointer().pause(1500);
    for (x, y) in [place(12, 60), place(40, 70), place(12, 80)] {
        pointer = pointer.to(x, y).pause(200).click(1).pause(300);
    }
    pointer.pause(500).play().unwrap();
    app.process().signal(Signal::SIGTERM).unwrap();
    app.process().wait().unwrap();
    let path = display.home().join("calculated.perfkit");
    fs::rename(app.recording(), &path).unwrap();
    path
}

/// The script of a session.
fn script(session: &Path) -> String {
    let agent = bins::path(bins::AGENT).unwrap();
    stdout_of(Command::new(agent).arg("input").arg(session)).unwrap()
}

/// Shows the session's input, and waits until its steps are there.
fn open<'d>(display: &'d Display, path: &Path) -> Gui<'d> {
    open_as(display, path, (1280, 800), &[])
}

fn open_as<'d>(display: &'d Display, path: &Path, size: (i32, i32), environment: &[(&str, &str)]) -> Gui<'d> {
    let mut gui = Gui::start_with(display, &[path], environment).unwrap();
    gui.window.resize(display, size.0, size.1).unwrap();
    gui.pages();
    gui.show("Input");
    gui.hear(" steps").unwrap();
    gui.settle().unwrap();
    gui
}

/// What it said, without what the calculator says in its replays, which finds no network here.
fn said(gui: &Gui<'_>) -> String {
    let said = gui.said();
    said.lines().filter(|line| !line.is_empty() && !line.contains("(gnome-calculator:")).collect::<Vec<_>>().join("\n")
}

fn keep(display: &Display, name: &str) {
    screen::keep(display, &pictures().join(format!("{name}.png"))).unwrap();
}

fn starts(tree: &Tree) -> Option<()> {
    tree.find("push button", "Start Replay").filter(|button| button.is("sensitive")).map(drop)
}

#[test]
fn a_script_is_edited_played_while_one_watches_and_measured() {
    let display = Display::start().unwrap();
    let path = calculated(&display);
    let text = script(&path);
    let mut gui = open(&display, &path);
    gui.hear("Press button 1 on").unwrap();
    keep(&display, "input-steps");
    // A word that is none is told with its line, and nothing can be played.
    gui.act("push button", "Edit as Text").unwrap();
    let wrong = text.replacen(" press ", " pres ", 1);
    let line = 1 + wrong.lines().position(|line| line.contains(" pres ")).unwrap();
    gui.write("text", "Script of the input", &wrong).unwrap();
    gui.hear(&format!("Line {line}: there is no step `pres`")).unwrap();
    gui.until("the button to be off", |tree| {
        tree.find("push button", "Start Replay").filter(|button| !button.is("sensitive")).map(drop)
    })
    .unwrap();
    gui.settle().unwrap();
    keep(&display, "input-wrong");
    // Mended, with a comment, it can.
    gui.write("text", "Script of the input", &text.replacen("perfinput 1\n", "perfinput 1\n# 7 + 8\n", 1)).unwrap();
    gui.until("the button to be on", starts).unwrap();
    gui.hear(" steps, edited").unwrap();
    gui.act("push button", "Edit as Text").unwrap();
    gui.write("spin button", "Runs", "2").unwrap();
    gui.act("push button", "Start Replay").unwrap();
    gui.until("the display", |tree| {
        tree.says("Run 1 of 2, step").and(tree.0.iter().find(|one| one.name == "Display of the replay")).map(drop)
    })
    .unwrap();
    gui.hear("Run 2 of 2, step").unwrap();
    keep(&display, "input-running");
    gui.hear("2 of 2 Runs Went as Recorded").unwrap();
    gui.hear("work of a frame, p90").unwrap();
    gui.settle().unwrap();
    keep(&display, "input-done");
    for name in ["gnome-calculator-replay.perfkit", "gnome-calculator-replay-2.perfkit"] {
        let count = session::number(&display.home().join(name), "SELECT count(*) FROM gdk_target").unwrap();
        assert!(count > 5, "{name}: {count}");
    }
    let open = gui.until("the button that opens it", |tree| {
        let named = |one: &&Widget| one.role == "push button" && one.name.contains("calculator-replay.perfkit");
        tree.0.iter().find(named).map(|one| one.name.clone())
    });
    // The script was edited, and is asked about before the session takes its place.
    gui.act("push button", &open.unwrap()).unwrap();
    answer(&mut gui, "Discard");
    gui.hear("gnome-calculator-replay.perfkit").unwrap();
    gui.until("the new session", |tree| tree.find("push button", "Replay Again…").is_none().then_some(())).unwrap();
    assert_eq!(said(&gui), "", "warnings of its toolkit");
}

#[test]
fn a_step_that_cannot_be_done_is_told_with_its_cause() {
    let display = Display::start().unwrap();
    let path = calculated(&display);
    let mut gui = open(&display, &path);
    // Another program, which never has the calculator's window.
    gui.write("text", "Program and arguments", "sleep 600").unwrap();
    gui.until("the button to be on", starts).unwrap();
    gui.act("push button", "Start Replay").unwrap();
    gui.hear("It Did Not Go as Recorded").unwrap();
    gui.hear("Step 1 of ").unwrap();
    gui.hear("could not be done").unwrap();
    gui.settle().unwrap();
    keep(&display, "input-failed");
    // And one that is given up.
    gui.act("push button", "Replay Again…").unwrap();
    gui.act("push button", "Start Replay").unwrap();
    gui.hear("Step 1 of ").unwrap();
    gui.act("push button", "Cancel").unwrap();
    gui.hear("The Replay Was Cancelled").unwrap();
    assert_eq!(said(&gui), "", "warnings of its toolkit");
}

#[test]
fn a_session_without_input_says_how_to_record_some_and_typed_text_is_kept_by_consent() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start(&display, &[sample()]).unwrap();
    gui.pages();
    gui.show("Input");
    gui.hear("No Input to Replay").unwrap();
    keep(&display, "input-empty");
    gui.close().unwrap();
    let mut gui = begin(&display);
    ask(&mut gui, "sleep", "600");
    gui.act("check box", "Record with input").unwrap();
    gui.until("the question", |tree| tree.says("passwords too: mind whom").map(drop)).unwrap();
    keep(&display, "input-consent");
    gui.act("check box", "Keep typed text").unwrap();
    gui.until("the option", |tree| tree.0.iter().any(|one| one.text.as_deref() == Some("text=keep")).then_some(()))
        .unwrap();
}

#[test]
fn it_has_room_in_a_small_and_in_a_dark_window() {
    let display = Display::start().unwrap();
    let path = calculated(&display);
    let dark = [("ADW_DEBUG_COLOR_SCHEME", "prefer-dark")];
    for (name, size, environment) in [("small", (800, 600), &[][..]), ("dark", (1280, 800), &dark[..])] {
        let mut gui = open_as(&display, &path, size, environment);
        let mut wrong: Vec<String> = outside(&gui.tree().unwrap(), size).collect();
        keep(&display, &format!("input-steps-{name}"));
        gui.act("push button", "Edit as Text").unwrap();
        gui.write("text", "Script of the input", "perfinput 1\npres").unwrap();
        gui.hear("Line 2: there is no step `pres`").unwrap();
        gui.settle().unwrap();
        keep(&display, &format!("input-wrong-{name}"));
        gui.write("text", "Script of the input", &script(&path)).unwrap();
        gui.until("the button to be on", starts).unwrap();
        gui.act("push button", "Edit as Text").unwrap();
        gui.act("push button", "Start Replay").unwrap();
        gui.until("the third step or a later one", |tree| {
            let number = |one: &Widget| one.name.strip_prefix("Step ")?.split(' ').next()?.parse::<u32>().ok();
            tree.0.iter().filter_map(number).find(|number| *number >= 3)
        })
        .unwrap();
        keep(&display, &format!("input-running-{name}"));
        wrong.extend(outside(&gui.tree().unwrap(), size));
        gui.hear("All Went as Recorded").unwrap();
        gui.settle().unwrap();
        keep(&display, &format!("input-done-{name}"));
        wrong.extend(outside(&gui.tree().unwrap(), size));
        assert!(wrong.is_empty(), "{name}: what lies outside:\n{}", wrong.join("\n"));
        assert_eq!(said(&gui), "", "{name}: warnings of its toolkit");
    }
}

#[test]
fn a_script_is_opened_alone_and_beside_a_session() {
    let display = Display::start().unwrap();
    let path = calculated(&display);
    let (good, bad) = (display.home().join("good.perfinput"), display.home().join("bad.perfinput"));
    fs::write(&good, script(&path)).unwrap();
    fs::write(&bad, "perfinput 1\npres\n").unwrap();
    let mut gui = Gui::start(&display, &[&good]).unwrap();
    gui.window.resize(&display, 1280, 800).unwrap();
    gui.hear("Press button 1 on").unwrap();
    gui.until("the button to be on", starts).unwrap();
    keep(&display, "input-alone");
    gui.act("push button", "Start Replay").unwrap();
    gui.hear("All Went as Recorded").unwrap();
    gui.close().unwrap();
    let mut gui = Gui::start(&display, &[sample()]).unwrap();
    gui.pages();
    drop_on(&gui, &bad);
    gui.hear("Line 2: there is no step `pres`").unwrap();
    gui.until("the page", |tree| tree.says("No Input to Replay").is_none().then_some(())).unwrap();
    assert_eq!(said(&gui), "", "warnings of its toolkit");
}

/// The processes that have this in their environment.
fn marked(mark: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let has =
        |path: &PathBuf| fs::read(path.join("environ")).is_ok_and(|of| String::from_utf8_lossy(&of).contains(mark));
    all.filter(has).filter_map(|path| fs::read_to_string(path.join("comm")).ok()).collect()
}

#[test]
fn a_window_that_is_closed_while_it_replays_leaves_no_process_behind() {
    let display = Display::start().unwrap();
    let path = calculated(&display);
    let mark = format!("PERFKIT_TEST_MARK={}", display.name());
    let mut gui = open_as(&display, &path, (1280, 800), &[("PERFKIT_TEST_MARK", display.name())]);
    gui.write("text", "Program and arguments", "sleep 600").unwrap();
    gui.until("the button to be on", starts).unwrap();
    gui.act("push button", "Start Replay").unwrap();
    wait::until("the program", || marked(&mark).iter().any(|name| name.trim() == "sleep").then_some(())).unwrap();
    gui.close().unwrap();
    let none = || marked(&mark).is_empty().then_some(());
    wait::until("the end of all processes", none).unwrap_or_else(|_| panic!("left: {:?}", marked(&mark)));
}

/// Answers the question about what becomes of an edited script.
fn answer(gui: &mut Gui<'_>, with: &str) {
    gui.hear("What is not saved is lost").unwrap();
    // Their dialogs say the letter of a button's key, too.
    gui.act("push button", &format!("_{with} {with}")).unwrap();
    gui.until("the end of the question", |tree| tree.says("What is not saved is lost").is_none().then_some(()))
        .unwrap();
}

#[test]
fn an_edited_script_never_goes_unasked() {
    let display = Display::start().unwrap();
    let folder = display.home();
    let (one, other) = (folder.join("one.perfinput"), folder.join("other.perfinput"));
    let head = "perfinput 1\nprogram sleep 600\nwindow w toplevel\n";
    fs::write(&one, format!("{head}press w 1,1\n")).unwrap();
    fs::write(&other, format!("{head}press w 2,2 button=3\n")).unwrap();
    let edited = format!("{head}# edited\npress w 1,1\n");
    let mut gui = Gui::start(&display, &[&one]).unwrap();
    gui.hear("Press button 1 on w").unwrap();
    gui.act("push button", "Edit as Text").unwrap();
    gui.write("text", "Script of the input", &edited).unwrap();
    // Another script is not shown while that one is wanted; nor is a session.
    drop_on(&gui, &other);
    gui.hear("one.perfinput was edited").unwrap();
    gui.settle().unwrap();
    keep(&display, "input-unsaved");
    answer(&mut gui, "Cancel");
    drop_on(&gui, sample());
    answer(&mut gui, "Cancel");
    gui.hear("1 step, edited").unwrap();
    // Neither does the window close; when it is saved, it does.
    gui.keys(&["ctrl+w"]).unwrap();
    answer(&mut gui, "Cancel");
    gui.hear("1 step, edited").unwrap();
    gui.keys(&["ctrl+w"]).unwrap();
    gui.find("push button", "_Save Save").unwrap();
    gui.keys(&["Return"]).unwrap();
    assert!(gui.program().wait().unwrap().success());
    assert_eq!(said(&gui), "", "warnings of its toolkit");
    assert_eq!(fs::read_to_string(&one).unwrap(), edited);
    // What is not wanted goes, and what nobody edited is not asked about.
    let mut gui = Gui::start(&display, &[&one]).unwrap();
    gui.hear("Press button 1 on w").unwrap();
    gui.act("push button", "Edit as Text").unwrap();
    gui.write("text", "Script of the input", head).unwrap();
    gui.hear("0 steps, edited").unwrap();
    drop_on(&gui, &other);
    answer(&mut gui, "Discard");
    gui.hear("Press button 3 on w").unwrap();
    assert!(gui.close().unwrap().success());
    assert_eq!(said(&gui), "", "warnings of its toolkit");
    assert_eq!(fs::read_to_string(&one).unwrap(), edited);
}

#[test]
fn a_script_that_cannot_be_read_leaves_what_was_there() {
    let display = Display::start().unwrap();
    let missing = display.home().join("missing.perfinput");
    let mut gui = Gui::start(&display, &[&missing]).unwrap();
    gui.hear("missing.perfinput").unwrap();
    gui.act("push button", "_Close Close").unwrap();
    gui.until("the dialog's end", |tree| tree.says("Cannot Open the Script").is_none().then_some(())).unwrap();
    gui.hear("No Input to Replay").unwrap();
    gui.find("push button", "Open a Script…").unwrap();
    gui.keys(&["ctrl+w"]).unwrap();
    assert!(gui.program().wait().unwrap().success());
    assert_eq!(said(&gui), "", "warnings of its toolkit");
}
