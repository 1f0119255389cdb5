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
    /// More in GTK's settings.
    settings: &'static str,
}

const DARK: (&str, &str) = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark");
const CONTRAST: (&str, &str) = ("ADW_DEBUG_HIGH_CONTRAST", "1");
/// GTK counts in 1024ths of a dot an inch, of which 96 are usual.
const TWICE: &str = "gtk-xft-dpi=196608\n";

const LOOKS: &[Look] = &[
    Look { name: "light", size: (1280, 800), environment: &[], settings: "" },
    Look { name: "dark", size: (1280, 800), environment: &[DARK], settings: "" },
    Look { name: "small", size: (800, 600), environment: &[], settings: "" },
    Look { name: "small-dark", size: (800, 600), environment: &[DARK], settings: "" },
    Look { name: "contrast", size: (1280, 800), environment: &[CONTRAST], settings: "" },
    Look { name: "contrast-dark", size: (1280, 800), environment: &[CONTRAST, DARK], settings: "" },
    Look { name: "large", size: (1280, 800), environment: &[], settings: TWICE },
    Look { name: "narrow", size: (360, 720), environment: &[], settings: "" },
];

#[test]
fn light_and_dark() {
    all(&LOOKS[..2]);
}

#[test]
fn in_a_small_window() {
    all(&LOOKS[2..4]);
}

#[test]
fn in_high_contrast() {
    all(&LOOKS[4..6]);
}

#[test]
fn with_text_twice_as_large() {
    all(&LOOKS[6..7]);
}

#[test]
fn in_a_narrow_window() {
    all(&LOOKS[7..]);
}

fn all(looks: &[Look]) {
    let mut wrong = Vec::new();
    for look in looks {
        let display = Display::start().unwrap();
        let file = display.home().join("config/gtk-4.0/settings.ini");
        let settings = std::fs::read_to_string(&file).unwrap() + look.settings;
        std::fs::write(&file, settings).unwrap();
        let mut gui = Gui::start_with(&display, &[sample()], look.environment).unwrap();
        gui.window.resize(&display, look.size.0, look.size.1).unwrap();
        let pages = gui.pages();
        for page in pages {
            gui.show(&page);
            screen::keep(&display, &pictures().join(format!("{}-{}.png", look.name, page.to_lowercase()))).unwrap();
            let tree = gui.tree().unwrap();
            wrong.extend(outside(&tree, look.size).map(|what| format!("{}, {page}: {what}", look.name)));
        }
        assert_eq!(gui.said(), "", "{}: warnings of its toolkit", look.name);
    }
    assert!(wrong.is_empty(), "what lies outside:\n{}", wrong.join("\n"));
}

/// What lies outside of the window, or beside what is scrolled up and down only.
fn outside<'a>(tree: &'a Tree, size: (i32, i32)) -> impl Iterator<Item = String> + 'a {
    let window = tree.0.iter().find(|widget| widget.role == "frame").unwrap();
    let frame = window.area().unwrap();
    assert!(frame.right <= size.0 && frame.bottom <= size.1, "the window needs {frame:?}");
    let seen = tree.within(window).filter(|widget| widget.has_room());
    seen.filter_map(move |widget| {
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
    })
}

fn scrolls_aside(tree: &Tree, pane: &Widget) -> bool {
    let bar = |widget: &&Widget| widget.role == "scroll bar" && widget.is("horizontal");
    tree.0.iter().filter(bar).any(|bar| bar.parent == Some(pane.id) && bar.has_room())
}
