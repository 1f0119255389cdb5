//! Every page as different people have it: light and dark, in high contrast, with text twice as large, in a small and
//! in a narrow window. Nothing lies outside of the window; pictures of all are kept in target/gui-pictures.

use perfkit_tests::gui::{Tree, Widget, pictures};
use perfkit_tests::{Area, Display, Gui, screen};

use crate::{PageNames, sample};

/// How somebody has it.
struct Look {
    name: &'static str,
    /// The window's size in pixels.
    size: (i32, i32),
    /// More in the program's environment.
    environment: &'static [(&'static str, &'static str)],
    /// Settings of X's own kind, where the toolkit finds its size of text.
    resources: &'static str,
    /// Whether other places are to be expected than in another look.
    places: bool,
}

const DARK: (&str, &str) = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark");
const CONTRAST: (&str, &str) = ("ADW_DEBUG_HIGH_CONTRAST", "1");
const USUAL: Look = Look { name: "light", size: (1280, 800), environment: &[], resources: "", places: true };

#[test]
fn light_and_dark() {
    look(&USUAL);
    look(&Look { name: "dark", environment: &[DARK], places: false, ..USUAL });
}

#[test]
fn in_a_small_window() {
    look(&Look { name: "small", size: (800, 600), ..USUAL });
}

#[test]
fn in_a_narrow_window() {
    look(&Look { name: "narrow", size: (360, 720), ..USUAL });
}

#[test]
fn in_high_contrast() {
    look(&Look { name: "contrast", environment: &[CONTRAST], places: false, ..USUAL });
    look(&Look { name: "contrast-dark", environment: &[CONTRAST, DARK], places: false, ..USUAL });
}

#[test]
fn with_text_twice_as_large() {
    // The usual text has 96 dots an inch.
    look(&Look { name: "large", resources: "Xft.dpi: 192\n", ..USUAL });
}

fn look(look: &Look) {
    let display = Display::start().unwrap();
    std::fs::write(display.home().join(".Xdefaults"), look.resources).unwrap();
    let mut gui = Gui::start_with(&display, &[sample()], look.environment).unwrap();
    let pages = gui.pages();
    let narrow = look.size.0 < 500;
    gui.window.resize(&display, look.size.0, look.size.1).unwrap();
    // From page to page by keys: that costs less than to look for each row.
    gui.settle().unwrap();
    let mut wrong = Vec::new();
    for (at, page) in pages.iter().enumerate() {
        match (at, narrow) {
            (0, _) => {}
            (1, false) => gui.show(page),
            (_, false) => gui.keys(&["Down"]).unwrap(),
            // The pane lies over the page, until a page was chosen.
            (_, true) => gui.keys(&["F9", "Down", "Return"]).unwrap(),
        }
        gui.until(&format!("{page}, read"), |tree| {
            let shown = tree.0.iter().filter(|widget| widget.role == "label" && widget.name == *page).count();
            let reading = tree.0.iter().any(|widget| widget.name == "Reading…" && widget.has_room());
            (shown > usize::from(!narrow) && !reading).then_some(())
        })
        .unwrap();
        gui.settle().unwrap();
        screen::keep(&display, &pictures().join(format!("{}-{}.png", look.name, page.to_lowercase()))).unwrap();
        if look.places {
            let tree = gui.tree().unwrap();
            wrong.extend(outside(&tree, look.size).map(|what| format!("{}, {page}: {what}", look.name)));
        }
    }
    assert!(wrong.is_empty(), "what lies outside:\n{}", wrong.join("\n"));
    assert_eq!(gui.said(), "", "{}: warnings of its toolkit", look.name);
}
/// What lies outside of the window, or beside what is scrolled up and down only.
pub fn outside<'a>(tree: &'a Tree, size: (i32, i32)) -> impl Iterator<Item = String> + 'a {
    let window = tree.0.iter().find(|widget| widget.role == "frame").unwrap();
    let frame = window.area().unwrap();
    // Where a page needs more, the window is larger.
    let large = (frame.right > size.0 || frame.bottom > size.1).then(|| format!("the window needs {frame:?}"));
    let seen = tree.within(window).filter(|widget| widget.has_room());
    large.into_iter().chain(seen.filter_map(move |widget| {
        let area = widget.area()?;
        let scrolled = tree.above(widget).find(|above| above.role == "scroll pane");
        let room = match scrolled {
            // Up and down there is more than is seen, and aside where there is a bar for it.
            Some(pane) if !scrolls_aside(tree, pane) => Area { top: area.top, bottom: area.bottom, ..pane.area()? },
            Some(_) => return None,
            None => frame,
        };
        // Shadows and rounded corners may lie a few pixels farther out.
        let room = Area { left: room.left - 2, top: room.top - 2, right: room.right + 2, bottom: room.bottom + 2 };
        (!area.within(room)).then(|| format!("{} {:?} at {area:?}, room {room:?}", widget.role, widget.name))
    }))
}

fn scrolls_aside(tree: &Tree, pane: &Widget) -> bool {
    let bar = |widget: &&Widget| widget.role == "scroll bar" && widget.is("horizontal");
    tree.0.iter().filter(bar).any(|bar| bar.parent == Some(pane.id) && bar.has_room())
}
