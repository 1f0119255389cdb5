//! Ways through the pages: from the verdict to the slowest frame, what is saved of a graph and of its table, and what a
//! search finds among the calls.

use std::path::{Path, PathBuf};

use perfkit_tests::gui::Tree;
use perfkit_tests::{Display, Gui, wait};

use crate::{PageNames, sample};

#[test]
fn the_overview_leads_to_the_slowest_frame() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start(&display, &[sample()]).unwrap();
    // A program on a busy machine always has a frame over its budget.
    gui.hear("longer than their budget of").unwrap();
    gui.hear("frame times").unwrap();
    gui.act("push button", "Show the Slowest Frame").unwrap();
    gui.hear("Selected: ").unwrap();
    // The frame is told of below with its cause, without another click.
    gui.hear("Why it was slow").unwrap();
    gui.until("the timeline", |tree| {
        tree.0.iter().find(|widget| widget.role == "label" && widget.name == "Timeline" && widget.has_room()).cloned()
    })
    .unwrap();
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}

/// Goes to the button of the overview's first card that saves, with the keyboard alone.
fn reach(gui: &mut Gui<'_>) {
    let mut at = String::new();
    // It comes after the one that shows the card's table.
    for _ in 0..40 {
        let before = std::mem::take(&mut at);
        gui.keys(&["Tab"]).unwrap();
        gui.pointer().pause(200).play().unwrap();
        at = gui.tree().unwrap().focused().map(|widget| widget.name.clone()).unwrap_or_default();
        if (before.as_str(), at.as_str()) == ("Show as a Table", "Save or Copy") {
            return;
        }
    }
    panic!("Tab never led to the button; last it was at {at}");
}

/// Saves the first card of the overview, whose button has the keyboard, by its menu's `downs`th entry.
fn save(gui: &mut Gui<'_>, downs: usize, path: &Path) -> Vec<u8> {
    let opened = gui.pointer().key("space").pause(600);
    let walked = (0..downs).fold(opened, |chain, _| chain.key("Down").pause(200));
    walked.key("Return").play().unwrap();
    gui.hear("Save the ").unwrap();
    gui.settle().unwrap();
    gui.pointer().key("ctrl+a").text(path.to_str().unwrap()).pause(300).key("Return").play().unwrap();
    let written = |path: &PathBuf| std::fs::read(path).ok().filter(|bytes| !bytes.is_empty());
    let path = path.to_owned();
    let bytes = wait::until("the file", || written(&path)).unwrap();
    gui.hear(&format!("Saved {}", path.file_name().unwrap().to_str().unwrap())).unwrap();
    bytes
}

#[test]
fn a_graph_is_saved_as_pictures_and_its_numbers_as_a_table() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start(&display, &[sample()]).unwrap();
    gui.hear("frame times").unwrap();
    gui.settle().unwrap();
    reach(&mut gui);
    let at = |name: &str| display.home().join(name);
    let svg = save(&mut gui, 0, &at("frames.svg"));
    assert!(String::from_utf8(svg).unwrap().contains("<svg "));
    let png = save(&mut gui, 0, &at("frames.png"));
    assert!(png.starts_with(b"\x89PNG"));
    let csv = String::from_utf8(save(&mut gui, 1, &at("frames.csv"))).unwrap();
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("Time (ns),Took (ns),Budget (ns),Of the Budget"));
    assert!(lines.count() > 50, "{csv}");
    assert_eq!(gui.said_beside_choosers(), "", "warnings of its toolkit");
}

#[test]
fn tables_are_saved_while_their_graphs_are_looked_at() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start(&display, &[sample()]).unwrap();
    gui.pages();
    for (page, least) in [("Timeline", 100), ("Exposures", 10), ("Counters", 2)] {
        gui.show(page);
        gui.settle().unwrap();
        let button = |tree: &Tree| tree.0.iter().find(|one| one.name == "Save or Copy" && one.has_room()).cloned();
        let button = gui.until("the button", button).unwrap();
        gui.click(&button).unwrap();
        // It has the keyboard now.
        gui.keys(&["Escape"]).unwrap();
        let csv = save(&mut gui, 1, &display.home().join(format!("{page}.csv")));
        let lines = String::from_utf8(csv).unwrap().lines().count();
        assert!(lines > least, "{page}: {lines} lines");
    }
    assert_eq!(gui.said_beside_choosers(), "", "warnings of its toolkit");
}

#[test]
fn a_search_says_how_much_of_the_calls_it_found() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start(&display, &[sample()]).unwrap();
    gui.pages();
    gui.show("Calls");
    gui.hear("flame graph").unwrap();
    gui.keys(&["ctrl+f"]).unwrap();
    gui.pointer().text("g_main").play().unwrap();
    let found = gui.hear(" % found").unwrap();
    let share: f64 = found.name.split(' ').next().unwrap().parse().unwrap();
    assert!((1.0..=100.0).contains(&share), "a GTK program is mostly in its main loop: {}", found.name);
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}
