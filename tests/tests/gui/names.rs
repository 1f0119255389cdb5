//! Whoever cannot see a page can use it: each control and graph of each page says what it is.

use perfkit_tests::gui::{Tree, Widget};
use perfkit_tests::{Display, Gui};

use crate::{PageNames, sample};

/// What takes input.
const CONTROLS: &[&str] = &[
    "push button",
    "toggle button",
    "check box",
    "radio button",
    "combo box",
    "entry",
    "text",
    "slider",
    "spin button",
    "progress bar",
    "list",
    "list item",
    "table",
    "tree table",
    "link",
];

/// Whether it should have a name and has none. What we draw ourselves is a graph.
fn lacks_a_name(tree: &Tree, widget: &Widget) -> bool {
    let graph = widget.role == "image" && widget.is("focusable");
    let control = CONTROLS.contains(&widget.role.as_str()) && widget.is("sensitive") && widget.has_room();
    // A row of a table is its cells, which are labels.
    let row = widget.role == "list item" && tree.within(widget).any(|inner| inner.role == "label");
    // What is in a control that has a name is a part of it.
    let part = tree.above(widget).take(5).any(|above| {
        above.is_named()
            && (above.role == widget.role
                || ["combo box", "spin button", "table", "tree table"].contains(&above.role.as_str()))
    });
    (graph || control) && !widget.is_named() && !row && !part
}

#[test]
fn every_control_and_graph_of_every_page_has_a_name() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start(&display, &[sample()]).unwrap();
    let mut nameless = Vec::new();
    for page in gui.pages() {
        gui.show(&page);
        let tree = gui.tree().unwrap();
        let lacking = tree.0.iter().filter(|widget| lacks_a_name(&tree, widget));
        nameless.extend(lacking.map(|widget| {
            let near: Vec<&str> =
                tree.above(widget).map(|it| it.name.as_str()).filter(|name| !name.is_empty()).collect();
            format!("{page}: {} {:?} at {:?} in {near:?}", widget.role, widget.name, widget.place)
        }));
    }
    assert!(nameless.is_empty(), "what has no name for who cannot see it:\n{}", nameless.join("\n"));
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}

#[test]
fn every_dialog_too() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start(&display, &[sample()]).unwrap();
    gui.pages();
    for (key, title) in [("ctrl+comma", "Preferences"), ("ctrl+e", "Export"), ("F1", "Help")] {
        gui.keys(&[key]).unwrap();
        gui.until(title, |tree| dialog(tree, title).map(drop)).unwrap();
        gui.settle().unwrap();
        let tree = gui.tree().unwrap();
        let lacking: Vec<_> =
            tree.within(dialog(&tree, title).unwrap()).filter(|widget| lacks_a_name(&tree, widget)).collect();
        assert!(lacking.is_empty(), "{title}: {lacking:?}\n{}", tree.lines());
        gui.keys(&["Escape"]).unwrap();
        gui.until("its end", |tree| dialog(tree, title).is_none().then_some(())).unwrap();
        gui.settle().unwrap();
    }
}

/// The window of a dialog.
fn dialog<'a>(tree: &'a Tree, title: &str) -> Option<&'a Widget> {
    tree.0.iter().find(|widget| widget.name == title && ["frame", "dialog"].contains(&widget.role.as_str()))
}
