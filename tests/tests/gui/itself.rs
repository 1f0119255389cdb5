//! The window is a GTK program like others: it is recorded, and shows its own recording.

use perfkit_tests::{Display, Gui, session};

use crate::{PageNames, sample};

#[test]
fn the_window_is_recorded_and_shows_its_own_recording() {
    let display = Display::start().unwrap();
    let recorded = display.home().join("itself.perfkit");
    let mut gui = Gui::recorded(&display, &[sample()], "gdkrecord", &recorded).unwrap();
    gui.pages();
    gui.show("Timeline");
    gui.keys(&["ctrl+plus", "ctrl+plus", "Right", "Right", "ctrl+0"]).unwrap();
    gui.settle().unwrap();
    assert_eq!(gui.said(), "", "warnings of its toolkit");
    assert!(gui.close().unwrap().success());
    let count = |what: &str| session::number(&recorded, &format!("SELECT count(*) FROM {what}")).unwrap();
    assert!(count("frames") > 5, "{}", count("frames"));
    assert!(count("dispatches WHERE tid = pid") > 50, "{}", count("dispatches"));

    let mut gui = Gui::start(&display, &[&recorded]).unwrap();
    gui.hear("Half of all frames took up to").unwrap();
    gui.hear("GTK 4.").unwrap();
    gui.show("Timeline");
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}
