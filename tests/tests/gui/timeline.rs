//! The timeline is gone through by keys: from slow frame to slow frame, to their causes, from match to match; moments
//! are bookmarked, and all of it is read as a table.

use std::path::PathBuf;

use perfkit_tests::gui::Tree;
use perfkit_tests::session::query;
use perfkit_tests::{Display, Gui, wait};

use crate::{PageNames, sample};

/// A copy of the sample that may be written to.
fn copy(display: &Display) -> PathBuf {
    let path = display.home().join("sample.perfkit");
    std::fs::copy(sample(), &path).unwrap();
    path
}

#[test]
fn slow_frames_their_causes_and_matches_are_gone_through_by_keys() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start(&display, &[copy(&display)]).unwrap();
    gui.pages();
    gui.show("Timeline");
    // The next slow frame is told of below, with what took its time; from there to its dispatch and back.
    let timeline = gui.until("the timeline", |tree| {
        tree.0.iter().find(|widget| widget.name == "Timeline" && widget.has_room() && widget.role != "label").cloned()
    });
    let area = timeline.unwrap();
    gui.click(&area).unwrap();
    gui.keys(&["Escape", "Home", "n"]).unwrap();
    gui.hear("Why it was slow").unwrap();
    gui.hear("Caused by").unwrap();
    let title = |tree: &Tree| {
        let pane = tree.find("panel", "Selected row").or_else(|| tree.says("Selected row"))?;
        tree.within(pane).find(|widget| widget.role == "label" && widget.has_room()).map(|label| label.name.clone())
    };
    let frame = gui.until("the frame", |tree| title(tree).filter(|title| title.starts_with("Frame "))).unwrap();
    gui.keys(&["alt+Up"]).unwrap();
    gui.until("its cause", |tree| title(tree).filter(|title| !title.is_empty() && *title != frame)).unwrap();
    gui.keys(&["alt+Down"]).unwrap();
    gui.until("the frame again", |tree| title(tree).filter(|title| *title == frame)).unwrap();
    // The next row of the same track.
    gui.keys(&["Right"]).unwrap();
    gui.until("the next frame", |tree| title(tree).filter(|title| title.starts_with("Frame ") && *title != frame))
        .unwrap();
    gui.keys(&["Escape", "Home", "ctrl+f"]).unwrap();
    gui.pointer().text("scroll").pause(300).play().unwrap();
    gui.hear(" found").unwrap();
    gui.keys(&["Return"]).unwrap();
    gui.hear("1 of ").unwrap();
    gui.keys(&["Return"]).unwrap();
    gui.hear("2 of ").unwrap();
    // Escape leaves the search, and the timeline has the keys again: another one leaves the row that was found.
    gui.until("the row", |tree| title(tree).filter(|title| !title.is_empty())).unwrap();
    gui.keys(&["Escape", "Escape"]).unwrap();
    gui.until("no row", |tree| title(tree).is_none().then_some(())).unwrap();
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}

#[test]
fn a_moment_is_bookmarked_described_removed_and_put_back() {
    let display = Display::start().unwrap();
    let path = copy(&display);
    let mut gui = Gui::start(&display, &[&path]).unwrap();
    gui.pages();
    gui.show("Timeline");
    gui.keys(&["ctrl+d"]).unwrap();
    gui.hear("Bookmarked 0.000 s").unwrap();
    let bookmarks = gui.find("push button", "Bookmarks").unwrap();
    gui.click(&bookmarks).unwrap();
    gui.write("text", "Text of the bookmark at 0.000 s", "it begins").unwrap();
    let texts = || {
        let rows = query(&path, "select text from bookmarks").unwrap();
        rows.iter().map(|row| row.text("text").to_owned()).collect::<Vec<_>>().join("|")
    };
    wait::until("the text in the session", || (texts() == "it begins").then_some(())).unwrap();
    // The way back is offered for some seconds only.
    gui.act("push button", "Remove").unwrap();
    gui.act("push button", "Undo").unwrap();
    gui.find("text", "Text of the bookmark at 0.000 s").unwrap();
    wait::until("that it is back", || (texts() == "it begins").then_some(())).unwrap();
    gui.act("push button", "Remove").unwrap();
    wait::until("that it is gone", || texts().is_empty().then_some(())).unwrap();
    gui.hear("No bookmarks yet").unwrap();
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}

#[test]
fn the_timeline_is_read_as_a_table() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start(&display, &[sample()]).unwrap();
    gui.pages();
    gui.show("Timeline");
    gui.act("push button", "Show as a Table").unwrap();
    let cell = |tree: &Tree, words: &str| tree.says(words).filter(|cell| cell.has_room()).cloned();
    gui.until("the main loop's rows", |tree| cell(tree, "Main Loop, ")).unwrap();
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}
