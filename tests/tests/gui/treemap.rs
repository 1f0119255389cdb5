//! A treemap is gone into and out of by pointer and keys, walked, searched, and read as a table.

use perfkit_tests::gui::{Tree, Widget};
use perfkit_tests::{Display, Gui};

use crate::{PageNames, sample};

/// The map.
pub fn map(tree: &Tree) -> Option<&Widget> {
    tree.find("image", "What cost most").filter(|map| map.has_room())
}

/// What the way into it begins with: functions where they were sampled, else what the recorder tells.
const KINDS: [&str; 3] = ["Functions, ", "Callbacks, ", "Widget classes, "];

/// The way into it: buttons with a name and a cost.
fn way(tree: &Tree) -> Vec<String> {
    let begins = |widget: &&Widget| KINDS.iter().any(|kind| widget.name.starts_with(kind));
    let first = tree.0.iter().filter(|widget| widget.role == "push button").find(begins);
    let beside = |widget: &&Widget| first.is_some_and(|first| widget.parent == first.parent);
    tree.0.iter().filter(beside).filter(|widget| widget.role == "push button").map(|it| it.name.clone()).collect()
}

/// Waits until the way is so long.
pub fn depth(gui: &mut Gui, length: usize) -> Vec<String> {
    gui.until(&format!("a way of {length}"), |tree| Some(way(tree)).filter(|way| way.len() == length)).unwrap()
}

/// What those hear who walk.
fn chosen(gui: &mut Gui, other_than: &str) -> String {
    let told = |tree: &Tree| Some(map(tree)?.description.clone()).filter(|told| told.contains(" of all"));
    gui.until("a chosen cell", |tree| told(tree).filter(|told| told != other_than)).unwrap()
}

#[test]
fn a_treemap_is_gone_into_and_back_walked_searched_and_read() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start(&display, &[sample()]).unwrap();
    gui.pages();
    gui.show("Treemap");
    let whole = depth(&mut gui, 1);
    // What is clicked at is where it stays.
    gui.settle().unwrap();
    let area = gui.until("the map", |tree| map(tree).cloned()).unwrap();
    gui.click(&area).unwrap();
    let inner = depth(&mut gui, 2);
    assert_eq!(inner[..1], whole[..]);
    gui.settle().unwrap();
    // The map has the keyboard now.
    gui.keys(&["BackSpace"]).unwrap();
    depth(&mut gui, 1);
    let first = chosen(&mut gui, "");
    gui.keys(&["Left", "Up"]).unwrap();
    gui.settle().unwrap();
    // In that corner there is no way on but back.
    if chosen(&mut gui, "") == first {
        gui.keys(&["Right", "Down"]).unwrap();
    }
    let next = chosen(&mut gui, &first);
    gui.keys(&["Return"]).unwrap();
    let inner = depth(&mut gui, 2);
    assert!(next.starts_with(inner[1].split(',').next().unwrap()), "{next} is not in {inner:?}");
    // Escape leads out here, and does nothing else.
    gui.keys(&["Escape"]).unwrap();
    depth(&mut gui, 1);
    gui.keys(&["Return"]).unwrap();
    depth(&mut gui, 2);
    gui.act("push button", &whole[0]).unwrap();
    depth(&mut gui, 1);

    gui.keys(&["ctrl+f"]).unwrap();
    gui.settle().unwrap();
    gui.pointer().text("no such function").pause(500).play().unwrap();
    gui.hear("Nothing matches “no such function”").unwrap();
    gui.keys(&["Escape"]).unwrap();
    gui.act("push button", "Show as a Table").unwrap();
    gui.hear("[kernel]").unwrap();
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}
