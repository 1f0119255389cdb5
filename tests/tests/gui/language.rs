//! The program in another language than the one it is written in: German stands for all of them.
//!
//! Texts of the C library's own C locale are never translated, and Debian has no other locale before one is generated;
//! C.UTF-8 is always there, and follows LANGUAGE.

use perfkit_tests::{Display, Gui};

use crate::{PageNames, sample};

const GERMAN: &[(&str, &str)] = &[("LC_ALL", "C.UTF-8"), ("LANGUAGE", "de")];

#[test]
fn a_german_hears_german() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start_with(&display, &[sample()], GERMAN).unwrap();
    gui.until("the pages", |tree| tree.find("list", "Ansichten").filter(|list| list.has_room()).map(|_| ())).unwrap();
    for (page, heard) in [
        ("Zeitleiste", "Nächstes langsames Einzelbild (N)"),
        ("Neuzeichnungen", "Wärmekarte"),
        ("Kacheldiagramm", "Was Kacheln groß macht"),
        ("Aufrufe", "Systemaufrufe"),
        ("Übersicht", "Wie lange Einzelbilder dauerten"),
    ] {
        gui.show(page);
        gui.hear(heard).unwrap();
    }
    // Numbers have their plurals …
    gui.hear(" Einzelbilder, davon ").unwrap();
    // … what the agent knows of its sources is told in German too, and GTK's own words are.
    gui.keys(&["ctrl+n"]).unwrap();
    gui.find("push button", "Abbrechen").unwrap();
    gui.hear("Standardausgabe und Fehlerausgabe des Programms").unwrap();
    gui.act("push button", "Abbrechen").unwrap();
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}
