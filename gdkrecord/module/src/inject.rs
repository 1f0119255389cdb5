//! Makes input inside the program, where a replay asks for it: GTK 2 and GTK 3.
//!
//! What is put into GDK's queue passes by all that GDK does with what a display sends: to find the window under the
//! pointer, to tell windows that the pointer enters and leaves, to keep a window that was pressed until the button is
//! let go, to tell double clicks. That is done here, as GDK does it. The display knows nothing of all this, and its
//! pointer stays where it is.

mod scene;

use std::sync::{Mutex, OnceLock};

use gdkrecord::sets::Role;
use gdkrecord::writer::now;

use crate::control::{Finger, Input, Place, Way};
use crate::facts;
use crate::ffi::Object;
use crate::ffi::put::{Event, Keycode, Put, What};
use crate::recorder::{Session, Toolkit};
use crate::windows;
use scene::{Scene, mask};

/// GdkModifierType: the first button, and what shift is.
const BUTTON1: u32 = 1 << 8;
const SHIFT: u32 = 1;
/// The keys that hold a modifier, by keysym, and what is in the state meanwhile.
const MODIFIERS: [(std::ops::RangeInclusive<u32>, u32); 4] = [
    (0xffe1..=0xffe2, SHIFT),
    (0xffe3..=0xffe4, 1 << 2),
    (0xffe9..=0xffea, 1 << 3),
    (0xffeb..=0xffec, 1 << 6 | 1 << 26),
];
/// Keysyms of modifiers and locks.
const MODIFYING: [std::ops::RangeInclusive<u32>; 2] = [0xffe1..=0xffee, 0xfe01..=0xfe13];

/// GTK's double click: milliseconds and pixels from one press to the next, as its settings have them unless changed.
const DOUBLE: u32 = 400;
const NEAR: f64 = 5.0;

/// GdkFrameClockPhase.
const FLUSH_EVENTS: u32 = 1;

/// GdkCrossingMode: usual, and because a button was let go.
const NORMAL: i32 = 0;
const UNGRAB: i32 = 2;

static PUT: OnceLock<Put> = OnceLock::new();
static HAND: Mutex<Hand> = Mutex::new(Hand::new());

/// The hand that the program feels: windows are known by number, since each may go.
#[derive(Debug)]
struct Hand {
    /// What the pointer was told to be over; 0 where that is nothing.
    over: u32,
    /// What a button was pressed on and has the pointer until it is let go.
    held: Option<u32>,
    /// GdkModifierType.
    state: u32,
    /// Fingers that touch something that takes them as such.
    fingers: Vec<Touching>,
    click: Option<Click>,
    /// The top-level that was given the keyboard.
    focus: u32,
}

/// A finger that touches a window.
#[derive(Clone, Copy, Debug)]
struct Touching {
    finger: u32,
    window: u32,
    /// Whether it was the only one when it came: that stands for the pointer, too.
    emulating: bool,
}

/// A press that the next one may double.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Click {
    window: u32,
    button: u8,
    time: u32,
    at: (f64, f64),
    /// How many in a row it is: 1 to 3.
    times: u8,
}

impl Click {
    /// The press after another, which may be the next in its row.
    fn after(self, last: Option<Click>) -> Click {
        let near = |a: f64, b: f64| (a - b).abs() <= NEAR;
        let follows = last.is_some_and(|last| {
            (last.window, last.button) == (self.window, self.button)
                && self.time.wrapping_sub(last.time) < DOUBLE
                && near(last.at.0, self.at.0)
                && near(last.at.1, self.at.1)
        });
        let before = last.filter(|last| follows && last.times < 3).map_or(0, |last| last.times);
        Click { times: before + 1, ..self }
    }
}

/// Makes input for a window; `Err` says why that cannot be done.
pub fn put(session: &Session, window: u32, input: Input) -> Result<(), &'static str> {
    if session.toolkit == Toolkit::Gtk4 {
        return Err("GTK 4 takes input from its display only: leave --inject out");
    }
    let put = PUT.get_or_init(|| Put::load(session.library));
    let top = windows::living(session, window).ok_or("the window is gone")?;
    if !matches!(windows::role(session, top), Role::Toplevel | Role::Dialog | Role::Temp) {
        return Err("it is neither a top-level nor a popup");
    }
    let mut hand = HAND.try_lock().map_err(|_| "the one before is not done")?;
    // As GDK's own source, which runs in the same loop.
    put.gdk_threads_enter();
    let made = match put.gdk_window_is_viewable(top) {
        Some(0) => Err("the window is not shown"),
        _ => Scene::of(session, put, top)
            .ok_or("this GTK does not say what its mouse and keyboard are")
            .map(|scene| hand.make(&scene, input)),
    };
    put.gdk_threads_leave();
    made
}

/// What time it is for the server, in its milliseconds: the one before this, as one that counts in ticks of one grants
/// no grab from the future.
fn time() -> u32 {
    (now() / 1_000_000).wrapping_sub(1) as u32
}

fn place((x, y): Place) -> (f64, f64) {
    (x.into(), y.into())
}

impl Hand {
    const fn new() -> Hand {
        Hand { over: 0, held: None, state: 0, fingers: Vec::new(), click: None, focus: 0 }
    }

    fn make(&mut self, scene: &Scene<'_>, input: Input) {
        match input {
            Input::Move(at) => self.moves(scene, place(at)),
            Input::Button { at, number, down: true } => self.presses(scene, place(at), number),
            Input::Button { at, number, down: false } => self.lets_go(scene, place(at), number),
            Input::Wheel(at, way) => self.turns(scene, place(at), way),
            Input::Touch { at, finger, what } => self.touches(scene, place(at), finger, what),
            Input::Key { keyval, down } => self.key(scene, keyval, down),
        }
    }

    /// The window with the pointer, and whether others get what is theirs: a grab, else what is pressed.
    fn grab(&self, scene: &Scene<'_>) -> Option<(Object, bool)> {
        let held = || Some((windows::living(scene.session, self.held?)?, false));
        scene.put.grab(scene.display, scene.pointer).or_else(held)
    }

    /// Which window gets what happens at a place, of those that take it.
    fn taker(&self, scene: &Scene<'_>, at: (f64, f64), takes: u32) -> Option<Object> {
        let takes = |window: Object| scene.takes(window, takes, self.state);
        let under = || scene.line(scene.under(at)).into_iter().find(|&window| takes(window));
        match self.grab(scene) {
            Some((grab, false)) => takes(grab).then_some(grab),
            Some((grab, true)) => under().or_else(|| takes(grab).then_some(grab)),
            None => under(),
        }
    }

    fn event(&self, scene: &Scene<'_>, window: Object, at: (f64, f64), what: What) -> Event {
        let inside = scene.inside(window, at);
        let root = scene.put.root(scene.top);
        let root = (root.0 + at.0, root.1 + at.1);
        let device = Some(scene.pointer);
        Event { window, time: time(), state: self.state, at: inside, root, device, what }
    }

    fn send(&self, scene: &Scene<'_>, window: Option<Object>, at: (f64, f64), what: What) {
        if let Some(window) = window {
            scene.put.send(&self.event(scene, window, at, what));
        }
    }

    /// Tells windows that the pointer comes and goes.
    fn cross(&mut self, scene: &Scene<'_>, at: (f64, f64), mode: i32) {
        let (under, grab) = (scene.under(at), self.grab(scene));
        let only = grab.filter(|(_, others)| !others).map(|(window, _)| window);
        let into = if only.is_some() { under.filter(|_| under == only) } else { under };
        let from = windows::living(scene.session, self.over);
        for (window, what) in scene.crossings(from, into, mode) {
            let takes = if let What::Crossing { enter: true, .. } = what { mask::ENTER } else { mask::LEAVE };
            if only.is_none_or(|only| only == window) && scene.takes(window, takes, self.state) {
                self.send(scene, Some(window), at, what);
            }
        }
        self.over = into.map_or(0, |window| windows::number_of(scene.session, window, false));
    }

    fn moves(&mut self, scene: &Scene<'_>, at: (f64, f64)) {
        self.cross(scene, at, NORMAL);
        self.send(scene, self.taker(scene, at, mask::MOTION), at, What::Motion);
        // GTK 3 keeps motion until more of it comes or a frame begins, which has to be asked for.
        if let Some(clock) = scene.session.gdk.gdk_window_get_frame_clock(scene.top).flatten() {
            scene.put.gdk_frame_clock_request_phase(clock, FLUSH_EVENTS);
        }
    }

    fn presses(&mut self, scene: &Scene<'_>, at: (f64, f64), number: u8) {
        self.cross(scene, at, NORMAL);
        let Some(window) = self.taker(scene, at, mask::PRESS) else { return };
        self.told(scene);
        let event = self.event(scene, window, at, What::Press { button: number.into(), times: 1 });
        scene.put.send(&event);
        let of = windows::number_of(scene.session, window, false);
        let click = Click { window: of, button: number, time: event.time, at: event.at, times: 1 }.after(self.click);
        if click.times > 1 {
            scene.put.send(&Event { what: What::Press { button: number.into(), times: click.times }, ..event });
        }
        self.click = Some(click);
        if self.state & buttons() == 0 {
            self.held = Some(of);
        }
        self.state |= bit(number);
    }

    fn lets_go(&mut self, scene: &Scene<'_>, at: (f64, f64), number: u8) {
        self.send(scene, self.taker(scene, at, mask::RELEASE), at, What::Release { button: number.into() });
        self.state &= !bit(number);
        if self.state & buttons() == 0 && self.held.take().is_some() {
            self.cross(scene, at, UNGRAB);
        }
    }

    fn turns(&mut self, scene: &Scene<'_>, at: (f64, f64), way: Way) {
        self.cross(scene, at, NORMAL);
        let window = self.taker(scene, at, mask::SCROLL | mask::SMOOTH_SCROLL);
        self.send(scene, window, at, What::Scroll { direction: way as i32 });
    }

    /// A finger, where somebody takes it; else it is a pointer with a button, as GDK makes of it.
    fn touches(&mut self, scene: &Scene<'_>, at: (f64, f64), finger: u32, what: Finger) {
        if what == Finger::Begin
            && let Some(window) = self.taker(scene, at, mask::TOUCH)
        {
            let (window, emulating) = (windows::number_of(scene.session, window, false), self.fingers.is_empty());
            self.fingers.push(Touching { finger, window, emulating });
        }
        let Some(&Touching { window, emulating, .. }) = self.fingers.iter().find(|known| known.finger == finger) else {
            return match what {
                Finger::Begin => self.presses(scene, at, 1),
                Finger::Move => self.moves(scene, at),
                Finger::End => self.lets_go(scene, at, 1),
            };
        };
        // The number of the event's type, and whether it is the emulated button that is down.
        let (of, down) = match what {
            Finger::Begin => (37, false),
            Finger::Move => (38, emulating),
            Finger::End => (39, emulating),
        };
        if let Some(window) = windows::living(scene.session, window) {
            let event = self.event(scene, window, at, What::Touch { of, finger, emulating });
            scene.put.send(&Event { state: self.state | if down { BUTTON1 } else { 0 }, ..event });
        }
        if what == Finger::End {
            self.fingers.retain(|known| known.finger != finger);
        }
    }

    fn key(&mut self, scene: &Scene<'_>, keyval: u32, down: bool) {
        let Scene { session, put, top, .. } = *scene;
        self.focus(scene);
        self.told(scene);
        let keymap = put.gdk_keymap_get_for_display(scene.display).flatten();
        let key = keymap.and_then(|keymap| put.keycode(keymap, keyval, &session.glib));
        // What takes shift comes with it.
        let state = self.state | if key.is_some_and(|key| key.level == 1) { SHIFT } else { 0 };
        let meaning = keymap.zip(key).and_then(|(keymap, key)| put.meaning(keymap, key, state));
        let keyval = meaning.unwrap_or(keyval);
        let is_modifier = MODIFYING.iter().any(|modifying| modifying.contains(&keyval));
        let what = What::Key { down, keyval, key: key.unwrap_or_else(Keycode::default), is_modifier };
        let event = self.event(scene, top, (0.0, 0.0), what);
        put.send(&Event { state, device: scene.keyboard, ..event });
        for (_, bits) in MODIFIERS.iter().filter(|(keys, _)| keys.contains(&keyval)) {
            self.state = if down { self.state | bits } else { self.state & !bits };
        }
    }

    /// Gives a top-level the keyboard where it has it not: GTK draws no caret without.
    fn focus(&mut self, scene: &Scene<'_>) {
        let Scene { session, put, top, .. } = *scene;
        let toplevel = matches!(windows::role(session, top), Role::Toplevel | Role::Dialog);
        let owner = session.gdk.owner(top).filter(|_| toplevel);
        if owner.and_then(|owner| put.gtk_window_has_toplevel_focus(owner)) != Some(0) {
            return;
        }
        let number = windows::number_of(session, top, false);
        let before = windows::living(session, std::mem::replace(&mut self.focus, number));
        let event =
            |window, into| Event { device: scene.keyboard, ..self.event(scene, window, (0.0, 0.0), What::Focus(into)) };
        if let Some(before) = before.filter(|&before| before != top) {
            put.send(&event(before, false));
        }
        put.send(&event(top, true));
    }

    /// Tells the window manager of X11 that somebody uses the window, so that it lets what it opens come to the front.
    fn told(&self, scene: &Scene<'_>) {
        if facts::backend() == "x11" {
            scene.put.gdk_x11_window_set_user_time(scene.top, time());
        }
    }
}

/// A button in the state; there are five of them.
fn bit(number: u8) -> u32 {
    if (1..=5).contains(&number) { BUTTON1 << (number - 1) } else { 0 }
}

/// All of them.
fn buttons() -> u32 {
    (1..=5).map(bit).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presses_in_a_row_are_counted() {
        let press = |time, x, button| Click { window: 1, button, time, at: (x, 0.0), times: 1 };
        let mut last = None;
        let mut times = |click: Click| {
            last = Some(click.after(last));
            last.map(|click| click.times)
        };
        assert_eq!(times(press(1000, 0.0, 1)), Some(1));
        assert_eq!(times(press(1200, 3.0, 1)), Some(2));
        assert_eq!(times(press(1400, 3.0, 1)), Some(3));
        assert_eq!(times(press(1500, 3.0, 1)), Some(1), "a fourth begins anew");
        assert_eq!(times(press(1600, 9.0, 1)), Some(1), "too far away");
        assert_eq!(times(press(2000, 9.0, 1)), Some(1), "too late");
        assert_eq!(times(press(2100, 9.0, 3)), Some(1), "another button");
    }

    #[test]
    fn buttons_have_a_bit_each() {
        assert_eq!((bit(1), bit(3), bit(8)), (1 << 8, 1 << 10, 0));
        assert_eq!(buttons(), 0x1f00);
    }
}
