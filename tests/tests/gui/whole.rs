//! All of it in one go, as somebody does it who looks for what was slow: a program is recorded and watched, its slowest
//! frame is found and explained, what was repainted is played, what cost most is looked into, a moment is kept, and
//! another day all of it is opened again.
//!
//! A picture of each step is kept beside those of failures.

use std::path::Path;

use perfkit_tests::gui::{Tree, pictures};
use perfkit_tests::input::Window;
use perfkit_tests::{Display, Gui, screen, session, wait};

use crate::PageNames;
use crate::exposures::{moment, strip};
use crate::record::{ask, begin, record};
use crate::treemap::{depth, map};

/// Keeps a picture of a step.
fn keep(gui: &Gui, step: &str) {
    screen::keep(gui.display, &pictures().join(format!("whole-{step}.png"))).unwrap();
}

/// What a figure of a running recording says, which stands above its caption.
fn figure(tree: &Tree, caption: &str) -> Option<String> {
    let below = tree.find("label", caption)?;
    let above = tree.0.iter().find(|widget| widget.parent == below.parent && widget.id != below.id)?;
    Some(above.name.clone())
}

/// Its digits as a number.
fn number(tree: &Tree, caption: &str) -> Option<u64> {
    figure(tree, caption)?.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok()
}

/// Waits for a figure that is more than one before it.
fn more(gui: &mut Gui, caption: &str, than: u64) -> u64 {
    gui.until(&format!("more {caption} than {than}"), |tree| number(tree, caption).filter(|now| *now > than)).unwrap()
}

/// Moves over a program's window and clicks here and there, so that it has something to draw.
fn use_it(gui: &Gui, window: Window) {
    let at = window.geometry(gui.display).unwrap();
    let mut pointer = gui.pointer();
    for step in 0..40 {
        let (x, y) = (at.x + (step * 37) % at.width, at.y + 60 + (step * 23) % (at.height - 70));
        pointer = pointer.to(x, y).pause(20);
        if step % 10 == 5 {
            pointer = pointer.click(5);
        }
    }
    pointer.play().unwrap();
}

/// Whether a page is the one that is shown.
fn shows(tree: &Tree, page: &str) -> bool {
    tree.0.iter().filter(|widget| widget.role == "label" && widget.name == page && widget.has_room()).count() > 1
}

#[test]
fn what_was_slow_is_recorded_found_explained_and_kept() {
    let display = Display::start().unwrap();
    let mut gui = begin(&display);
    keep(&gui, "01-welcome");
    ask(&mut gui, "gtk4-widget-factory", "");
    // Samples tell what functions cost.
    let sampled = "Record with perf";
    let switch = |tree: &Tree| tree.0.iter().find(|widget| widget.name == sampled).cloned();
    let role = gui.until("the switch of perf", switch).unwrap().role;
    gui.act(&role, sampled).unwrap();
    gui.until("perf to be on", |tree| switch(tree).filter(|it| it.is("checked") || it.is("pressed"))).unwrap();
    gui.settle().unwrap();
    keep(&gui, "02-dialog");
    record(&mut gui);
    let ours = gui.window.pid(&display).unwrap();
    let other = |window: &Window| window.pid(&display).is_ok_and(|process| process != ours);
    let window = wait::until("the program's window", || Window::visible(&display).into_iter().find(other)).unwrap();
    // What is recorded lies beside what it is watched in, as far as there is room.
    window.place(&display, 1000, 0).unwrap();

    // It is watched: time passes, and events come as the program is used.
    let (mut events, mut tenths) = (0, 0);
    for _ in 0..3 {
        use_it(&gui, window);
        events = more(&mut gui, "events", events);
        tenths = more(&mut gui, "elapsed", tenths);
    }
    let seen = |tree: &Tree| {
        let picture = tree.find("image", "The last 20 seconds of the recording")?;
        (picture.description.contains("Frames: ") && !picture.description.contains("none yet")).then_some(())
    };
    gui.until("frames of the last seconds", seen).unwrap();
    keep(&gui, "03-live");
    gui.act("push button", "Stop").unwrap();
    gui.find("list item", "Details").unwrap();

    // The overview tells of it, and leads to its slowest frame.
    let session = display.home().join("gtk4-widget-factory.perfkit");
    let slowest = session::query(&session, "SELECT time, duration FROM frames ORDER BY duration DESC LIMIT 1").unwrap();
    assert!(slowest[0].int("duration") > 0, "{slowest:?}");
    gui.hear("longer than their budget of").unwrap();
    gui.settle().unwrap();
    keep(&gui, "04-overview");
    gui.act("push button", "Show the Slowest Frame").unwrap();
    gui.until("the timeline", |tree| shows(tree, "Timeline").then_some(())).unwrap();
    gui.hear("Why it was slow").unwrap();
    gui.settle().unwrap();
    keep(&gui, "05-slowest-frame");

    // What caused it.
    let title = |tree: &Tree| {
        let pane = tree.says("Selected row")?;
        tree.within(pane).find(|widget| widget.role == "label" && widget.has_room()).map(|label| label.name.clone())
    };
    let frame = gui.until("the frame", |tree| title(tree).filter(|title| title.starts_with("Frame "))).unwrap();
    gui.act("push button", "Go to the Cause (Alt+Up)").unwrap();
    gui.until("its cause", |tree| title(tree).filter(|title| !title.is_empty() && *title != frame)).unwrap();
    gui.settle().unwrap();
    keep(&gui, "06-cause");

    // A moment is kept, under a name.
    gui.keys(&["ctrl+d"]).unwrap();
    gui.hear("Bookmarked ").unwrap();
    let kept = || session::query(&session, "SELECT time FROM bookmark").ok().filter(|rows| !rows.is_empty());
    wait::until("the bookmark in the session", kept).unwrap();
    keep(&gui, "07-bookmark");

    // What was repainted then is played.
    gui.show("Exposures");
    keep(&gui, "08-exposures");
    let start = moment(&mut gui, "a moment", |_| true);
    gui.act("push button", "Play (Space)").unwrap();
    moment(&mut gui, "that time had run", |now| now > start);
    keep(&gui, "09-playing");
    gui.until("the strip", |tree| strip(tree).map(drop)).unwrap();

    // What cost most in all of it is looked into, and left again. Where a toast is there still, Escape puts it away.
    gui.keys(&["Escape", "Escape", "ctrl+0"]).unwrap();
    gui.hear("Everything: ").unwrap();
    gui.show("Treemap");
    depth(&mut gui, 1);
    gui.settle().unwrap();
    let area = gui.until("the map", |tree| map(tree).cloned()).unwrap();
    keep(&gui, "10-treemap");
    gui.click(&area).unwrap();
    depth(&mut gui, 2);
    gui.settle().unwrap();
    keep(&gui, "11-cell");
    gui.keys(&["BackSpace"]).unwrap();
    depth(&mut gui, 1);
    assert_eq!(gui.said(), "", "warnings of its toolkit");
    assert!(gui.close().unwrap().success());

    // Another day.
    let mut gui = Gui::start::<&Path>(&display, &[]).unwrap();
    gui.window.resize(&display, 1000, 800).unwrap();
    let row = gui.find("list item", "gtk4-widget-factory.perfkit").unwrap();
    keep(&gui, "12-recent");
    gui.click(&row).unwrap();
    gui.pages();
    gui.show("Timeline");
    let button = gui.find("push button", "Bookmarks").unwrap();
    gui.click(&button).unwrap();
    let marked = |tree: &Tree| tree.says("Text of the bookmark at ").filter(|entry| entry.has_room()).map(drop);
    gui.until("the bookmark", marked).unwrap();
    gui.settle().unwrap();
    keep(&gui, "13-reopened");
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}
