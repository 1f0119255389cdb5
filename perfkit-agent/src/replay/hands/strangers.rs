//! Other programs on the display: their windows lie over the program's, and take the keyboard from it.

use std::time::Duration;

use super::xtest::told;
use super::{Made, On, XTest};
use crate::replay::Eyes;

/// How long it takes at most until what was asked of the display is so, where nobody is against it.
const OBEYED: Duration = Duration::from_millis(300);

impl XTest {
    /// Whether a window is one of another program.
    fn strange(&self, window: u32, eyes: &Eyes) -> bool {
        // On Wayland no window of the program is known here, and all of the display is the compositor's.
        let mut own = eyes.windows.values().filter(|seen| seen.xid != 0).peekable();
        own.peek().is_some() && !own.any(|seen| self.display.together(seen.xid, window))
    }

    /// The window of another program that the pointer is in.
    fn over(&self, eyes: &Eyes) -> Option<u32> {
        let under = self.display.under();
        // A window manager puts one of its own around each.
        under.iter().all(|window| self.strange(*window, eyes)).then(|| under.last().copied()).flatten()
    }

    /// The window of another program that has the keyboard.
    fn holder(&self, eyes: &Eyes) -> Option<u32> {
        self.display.focused().filter(|window| self.strange(*window, eyes))
    }

    /// Where a window of another program lies over the pointer's place, puts the one that is meant above it; whether it
    /// had to.
    pub(super) fn uncover(&mut self, on: &mut On<'_, '_>) -> Made<bool> {
        if on.seen.xid == 0 {
            return Ok(false);
        }
        let Some(other) = self.over(on.watch.eyes) else { return Ok(false) };
        self.display.raise(on.seen.xid).map_err(told)?;
        let freed = on.watch.until(OBEYED, |eyes| self.over(eyes).is_none().then_some(()));
        // Where it stays, what comes of that says so.
        if freed.is_ok() {
            let note = format!("{} lay over {}, which was put above it", self.called(other), on.seen.words());
            self.mended.push(note);
        }
        Ok(freed.is_ok())
    }

    /// Gives a top-level the keyboard, also where another program has taken it.
    pub(super) fn hand_over(&mut self, on: &On<'_, '_>) -> Made {
        // A popup's top-level has it, and what is typed comes to it by a grab; on Wayland the compositor gives it.
        if on.seen.popup || on.seen.xid == 0 || self.display.focused() == Some(on.seen.xid) {
            return Ok(());
        }
        if let Some(other) = self.holder(on.watch.eyes) {
            let (other, window) = (self.called(other), on.seen.words());
            self.mended.push(format!("{other} had taken the keyboard from {window}, which was given it back"));
        }
        self.display.focus(on.seen.xid).map_err(told)
    }

    /// What other programs do this moment by which input does not come to where it should, in words.
    pub(super) fn strangers(&self, eyes: &Eyes) -> Option<String> {
        let over = self.over(eyes).map(|window| format!("{} lies over it", self.called(window)));
        let holder = self.holder(eyes).map(|window| format!("{} has the keyboard", self.called(window)));
        let all: Vec<String> = over.into_iter().chain(holder).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    fn called(&self, window: u32) -> String {
        match self.display.title(window) {
            title if title.is_empty() => "a window of another program".to_owned(),
            title => format!("“{title}” of another program"),
        }
    }
}
