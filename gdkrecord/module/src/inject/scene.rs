//! The windows of one top-level as a pointer meets them: which lies under it, which it leaves and enters, and what
//! each of them takes.

use crate::ffi::Object;
use crate::ffi::put::{Put, What};
use crate::recorder::{Session, Toolkit};

/// GdkEventMask.
pub mod mask {
    pub const MOTION: u32 = 1 << 2;
    pub const PRESS: u32 = 1 << 8;
    pub const RELEASE: u32 = 1 << 9;
    pub const ENTER: u32 = 1 << 12;
    pub const LEAVE: u32 = 1 << 13;
    pub const SCROLL: u32 = 1 << 21;
    /// GTK 3 only.
    pub const TOUCH: u32 = 1 << 22;
    pub const SMOOTH_SCROLL: u32 = 1 << 23;
    /// Motion while any button is held, and while the first is; the second and third follow.
    pub const BUTTON_MOTION: u32 = 1 << 4;
    pub const BUTTON1_MOTION: u32 = 1 << 5;
}

/// GdkNotifyType.
mod detail {
    pub const ANCESTOR: i32 = 0;
    pub const VIRTUAL: i32 = 1;
    pub const INFERIOR: i32 = 2;
    pub const NONLINEAR: i32 = 3;
    pub const NONLINEAR_VIRTUAL: i32 = 4;
}

/// A tree of windows deeper than this is none.
const DEEPEST: usize = 64;

/// A top-level or popup, and what input to it comes from.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub session: &'a Session,
    pub put: &'a Put,
    pub top: Object,
    pub display: Object,
    pub pointer: Object,
    /// GTK 2 has no device for it.
    pub keyboard: Option<Object>,
}

impl<'a> Scene<'a> {
    /// That of a window; `None` where GDK does not tell of its devices.
    pub fn of(session: &'a Session, put: &'a Put, top: Object) -> Option<Scene<'a>> {
        let display = put.gdk_window_get_display(top).flatten()?;
        let (pointer, keyboard) = match session.toolkit {
            Toolkit::Gtk2 => (put.gdk_device_get_core_pointer().flatten()?, None),
            _ => {
                let seat = put.gdk_display_get_default_seat(display).flatten()?;
                (put.gdk_seat_get_pointer(seat).flatten()?, Some(put.gdk_seat_get_keyboard(seat).flatten()?))
            }
        };
        Some(Scene { session, put, top, display, pointer, keyboard })
    }

    /// The innermost window at a place of the top-level; `None` outside.
    pub fn under(&self, at: (f64, f64)) -> Option<Object> {
        self.within(self.top, at, 0)
    }

    fn within(&self, window: Object, at: (f64, f64), depth: usize) -> Option<Object> {
        let gdk = &self.session.gdk;
        let inside = |at: f64, length: Option<i32>| at >= 0.0 && at < f64::from(length.unwrap_or(0));
        if !inside(at.0, gdk.gdk_window_get_width(window)) || !inside(at.1, gdk.gdk_window_get_height(window)) {
            return None;
        }
        // The uppermost is the first.
        let children = if depth < DEEPEST { gdk.children(window) } else { Vec::new() };
        let shown = |child: &Object| gdk.gdk_window_is_visible(*child).is_some_and(|is| is != 0);
        let mut found = children.into_iter().filter(shown);
        found.find_map(|child| self.within(child, self.put.in_child(child, at), depth + 1)).or_else(|| {
            let passes = self.put.gdk_window_get_pass_through(window).is_some_and(|passes| passes != 0);
            (!passes).then_some(window)
        })
    }

    /// A window and all that it lies in, up to its top-level.
    pub fn line(&self, window: Option<Object>) -> Vec<Object> {
        let Some(top) = window.and_then(|window| self.put.gdk_window_get_toplevel(window).flatten()) else {
            return Vec::new();
        };
        let above = |&at: &Object| {
            if at == top { None } else { self.session.gdk.gdk_window_get_parent(at).flatten() }
        };
        std::iter::successors(window, above).take(DEEPEST).collect()
    }

    /// A place of the top-level in a window, of this top-level or of another.
    pub fn inside(&self, window: Object, at: (f64, f64)) -> (f64, f64) {
        let mut line = self.line(Some(window));
        let at = match line.pop() {
            Some(top) if top != self.top => {
                let (ours, theirs) = (self.put.root(self.top), self.put.root(top));
                (at.0 + ours.0 - theirs.0, at.1 + ours.1 - theirs.1)
            }
            _ => at,
        };
        line.into_iter().rev().fold(at, |at, window| self.put.in_child(window, at))
    }

    /// Whether a window asked for one of these kinds of events; `state` says which buttons are held.
    pub fn takes(&self, window: Object, kinds: u32, state: u32) -> bool {
        let mask = self.put.gdk_window_get_events(window).unwrap_or(0) as u32;
        mask & kinds != 0 || kinds == mask::MOTION && moves_with(mask, state)
    }

    /// What the windows are told that the pointer leaves and enters on its way from one to another.
    pub fn crossings(&self, from: Option<Object>, into: Option<Object>, mode: i32) -> Vec<(Object, What)> {
        crossings(&self.line(from), &self.line(into))
            .into_iter()
            .map(|Crossing { window, enter, detail, subwindow }| {
                (window, What::Crossing { enter, mode, detail, subwindow })
            })
            .collect()
    }
}

/// Whether a window with this mask takes motion with these buttons held.
fn moves_with(mask: u32, state: u32) -> bool {
    let held = (state >> 8) & 0x1f;
    mask & mask::BUTTON_MOTION != 0 && held != 0 || (mask / mask::BUTTON1_MOTION) & held & 0b111 != 0
}

/// The pointer comes to a window or leaves it; `subwindow` is what of it it comes from or goes to.
#[derive(Debug, PartialEq)]
struct Crossing<T> {
    window: T,
    enter: bool,
    detail: i32,
    subwindow: Option<T>,
}

/// The crossings from the first window of a line to the first of another, by the rules of X11.
fn crossings<T: Copy + PartialEq>(from: &[T], into: &[T]) -> Vec<Crossing<T>> {
    if from.first() == into.first() {
        return Vec::new();
    }
    let common = from.iter().find(|window| into.contains(window));
    let below = |line: &[T]| line.iter().position(|window| Some(window) == common).unwrap_or(line.len());
    // How many windows lie below what both lie in: none where one is that itself.
    let (left, entered) = (below(from), below(into));
    let aside = (left > 0 || from.is_empty()) && (entered > 0 || into.is_empty());
    let between = if aside { detail::NONLINEAR_VIRTUAL } else { detail::VIRTUAL };
    let ends = |inner: usize| match (aside, inner) {
        (true, _) => detail::NONLINEAR,
        (false, 0) => detail::INFERIOR,
        (false, _) => detail::ANCESTOR,
    };
    let mut all = Vec::new();
    if let Some(&window) = from.first() {
        all.push(Crossing { window, enter: false, detail: ends(left), subwindow: None });
        for (below, window) in from.iter().zip(&from[1..]).take(left.saturating_sub(1)) {
            all.push(Crossing { window: *window, enter: false, detail: between, subwindow: Some(*below) });
        }
    }
    if let Some(&window) = into.first() {
        let ways: Vec<_> = into.iter().zip(&into[1..]).take(entered.saturating_sub(1)).collect();
        for (below, window) in ways.into_iter().rev() {
            all.push(Crossing { window: *window, enter: true, detail: between, subwindow: Some(*below) });
        }
        all.push(Crossing { window, enter: true, detail: ends(entered), subwindow: None });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows crossed, as `-window detail` and `+window detail`.
    fn check(from: &[char], into: &[char], told: &str) {
        let words = crossings(from, into).into_iter().map(|one| {
            let sign = if one.enter { '+' } else { '-' };
            format!("{sign}{}{}", one.window, one.detail)
        });
        assert_eq!(words.collect::<Vec<_>>().join(" "), told, "{from:?} to {into:?}");
    }

    #[test]
    fn windows_are_left_and_entered_as_x11_has_it() {
        check(&['b', 'a'], &['b', 'a'], "");
        // From a window into one in it, and out again.
        check(&['a'], &['c', 'b', 'a'], "-a2 +b1 +c0");
        check(&['c', 'b', 'a'], &['a'], "-c0 -b1 +a2");
        // Beside it, and to another top-level.
        check(&['c', 'b', 'a'], &['e', 'd', 'a'], "-c3 -b4 +d4 +e3");
        check(&['b', 'a'], &['y', 'x'], "-b3 -a4 +x4 +y3");
        // From outside, and to there.
        check(&[], &['b', 'a'], "+a4 +b3");
        check(&['b', 'a'], &[], "-b3 -a4");
    }

    #[test]
    fn some_take_motion_only_with_a_button() {
        assert!(moves_with(mask::BUTTON_MOTION, 1 << 10) && !moves_with(mask::BUTTON_MOTION, 1));
        assert!(moves_with(mask::BUTTON1_MOTION, 1 << 8) && !moves_with(mask::BUTTON1_MOTION, 1 << 9));
        assert!(moves_with(1 << 7, 1 << 10), "the third button");
    }
}
