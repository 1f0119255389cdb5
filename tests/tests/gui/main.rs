//! Journeys through the graphical program: it is started on a display of its own, driven by keys, the pointer and as
//! assistive technology drives it, and asked what it shows.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod exposures;
mod files;
mod input;
mod itself;
mod keyboard;
mod language;
mod looks;
mod movies;
mod names;
mod pages;
mod record;
mod timeline;
mod treemap;
mod whole;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use perfkit_tests::{App, Display, Gui, Launch};

/// A session of gtk4-widget-factory, in which the pointer moved, clicked, scrolled and resized: made once, read often.
pub fn sample() -> &'static Path {
    static SAMPLE: OnceLock<PathBuf> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gui-sample.perfkit");
        let _ = std::fs::remove_file(&path);
        let display = Display::start().unwrap();
        let launch = Launch::new("gtk4-widget-factory").sources("gdkrecord:widgets=on,perf,proc,output").output(&path);
        // It has a bar that moves, so it never comes to rest.
        let mut app = App::spawn(&display, &launch).unwrap();
        app.window = app.find_window().unwrap();
        let at = app.window.geometry(&display).unwrap();
        let place = |step: i32| (at.x + (step * 37) % at.width, at.y + 60 + (step * 23) % (at.height - 70));
        let mut pointer = app.pointer().pause(1000);
        for step in 0..60 {
            let (x, y) = place(step);
            pointer = pointer.to(x, y).pause(20);
            if step % 7 == 0 {
                pointer = pointer.click(5);
            }
        }
        pointer.play().unwrap();
        app.window.resize(&display, at.width - 40, at.height - 20).unwrap();
        app.pointer().pause(500).play().unwrap();
        app.window.ask_to_close(&display).unwrap();
        assert!(app.process().wait().unwrap().success(), "{}", app.said());
        path
    })
}

/// The pages of a session by the side pane's names.
pub trait PageNames {
    /// All of them, in their order.
    fn pages(&mut self) -> Vec<String>;
    /// Shows one, and waits until it has come to rest.
    fn show(&mut self, name: &str);
}

impl PageNames for Gui<'_> {
    fn pages(&mut self) -> Vec<String> {
        let names = self.until("the pages", |tree| {
            let list = tree.find("list", "Pages").filter(|list| list.has_room())?;
            let rows = tree.within(list).filter(|widget| widget.role == "list item");
            let names: Vec<String> = rows.map(|row| row.name.clone()).collect();
            (!names.is_empty()).then_some(names)
        });
        names.unwrap()
    }

    fn show(&mut self, name: &str) {
        let row = self.find("list item", name).unwrap();
        self.click(&row).unwrap();
        self.until(&format!("the page {name}"), |tree| {
            // It stands in the title too.
            (tree.0.iter().filter(|widget| widget.role == "label" && widget.name == name).count() > 1).then_some(())
        })
        .unwrap();
        self.settle().unwrap();
    }
}
