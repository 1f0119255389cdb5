//! Without a pointer: everything can be reached, nothing holds the focus, and keys do what the shortcuts window says.

use std::collections::BTreeSet;

use perfkit_tests::gui::Tree;
use perfkit_tests::{Display, Gui, wait};

use crate::{PageNames, sample};

/// More stops than any page has.
const STOPS: usize = 250;

/// What has the focus, told apart from others of its kind by its place in the tree.
fn focus(gui: &mut Gui) -> Option<String> {
    let widget = gui.focused().unwrap()?;
    Some(format!("{} {:?} {}", widget.role, widget.name, widget.id))
}

#[test]
fn the_tab_key_goes_round_every_page() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start(&display, &[sample()]).unwrap();
    for page in gui.pages() {
        gui.show(&page);
        let mut stops: Vec<String> = Vec::new();
        while stops.len() < STOPS {
            let last = stops.last().cloned().or_else(|| focus(&mut gui));
            gui.pointer().key("Tab").play().unwrap();
            let moved = wait::until("the focus to move", || focus(&mut gui).filter(|stop| Some(stop) != last.as_ref()));
            let stop = moved.unwrap_or_else(|_| panic!("{page}: Tab stays at {last:?}; before: {stops:#?}"));
            // Round: the first one again.
            if stops.first() == Some(&stop) {
                break;
            }
            stops.push(stop);
        }
        assert!(stops.len() < STOPS, "{page}: Tab does not come round: {stops:#?}");
        let all: BTreeSet<&str> = stops.iter().map(|stop| stop.split('"').nth(1).unwrap_or("")).collect();
        for name in ["Side Pane", "Search", "Menu", page.as_str()] {
            assert!(all.contains(name), "{page}: Tab does not reach {name}: {stops:#?}");
        }
        assert_eq!(stops.len(), stops.iter().collect::<BTreeSet<_>>().len(), "{page}: {stops:#?}");
    }
}

#[test]
fn keys_do_what_the_shortcuts_window_says() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start(&display, &[sample()]).unwrap();
    let pages = gui.pages();
    let pane = |tree: &Tree| tree.find("list", "Pages").is_some_and(|list| list.place.is_some_and(|at| at[0] >= 0));

    // The side pane.
    gui.keys(&["F9"]).unwrap();
    gui.until("the pane to go", |tree| (!pane(tree)).then_some(())).unwrap();
    gui.keys(&["F9"]).unwrap();
    gui.until("the pane to come", |tree| pane(tree).then_some(())).unwrap();

    // The menu, from which a dialog comes.
    gui.keys(&["F10"]).unwrap();
    gui.until("the menu", |tree| tree.says("Keyboard Shortcuts").filter(|item| item.has_room()).map(drop)).unwrap();
    gui.keys(&["Escape"]).unwrap();

    // Searching, with the focus in the entry, and back.
    gui.keys(&["ctrl+f"]).unwrap();
    let in_entry = |tree: &Tree| tree.focused().filter(|it| ["entry", "text"].contains(&it.role.as_str())).map(drop);
    gui.until("the focus in the search", in_entry).unwrap();
    gui.keys(&["n", "p", "Home"]).unwrap();
    let typed = |tree: &Tree| tree.0.iter().find(|it| it.text.as_deref() == Some("np")).map(drop);
    gui.until("letters to be typed, and not taken as keys", typed).unwrap();
    gui.keys(&["Escape"]).unwrap();
    gui.until("the search to go", |tree| (!tree.0.iter().any(|it| it.role == "entry" && it.has_room())).then_some(()))
        .unwrap();

    // Pages by the arrows of the side pane.
    let first = gui.find("list item", &pages[0]).unwrap();
    gui.click(&first).unwrap();
    gui.keys(&["Down", "Return"]).unwrap();
    gui.until("the second page", |tree| {
        (tree.0.iter().filter(|it| it.role == "label" && it.name == pages[1]).count() > 1).then_some(())
    })
    .unwrap();

    // A second window, closed by its key; the first one stays.
    gui.keys(&["ctrl+shift+n"]).unwrap();
    gui.until("another window", |tree| (windows(tree) == 2).then_some(())).unwrap();
    gui.settle().unwrap();
    gui.keys(&["ctrl+w"]).unwrap();
    gui.until("its end", |tree| (windows(tree) == 1).then_some(())).unwrap();
    gui.settle().unwrap();
    gui.keys(&["ctrl+q"]).unwrap();
    let said = gui.said();
    assert!(gui.program().wait().unwrap().success());
    assert_eq!(said, "", "warnings of its toolkit");
}

fn windows(tree: &Tree) -> usize {
    tree.0.iter().filter(|widget| widget.role == "frame").count()
}
