//! Goes through a script: waits for what each step needs, does it, and sees that it arrived.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gdkrecord::sets::EventType;
use gdkrecord::writer::now;

use super::eyes::{Arrived, Seen, WindowId};
use super::{Answer, Asking, Eyes, Hands};
use crate::error::{Error, Result};
use crate::input::{Action, Finger, Key, Place, Script, Step, Stroke, Widget};
use crate::source::gdkrecord::recordings;

/// How long what a step needs may take to be there.
const PATIENCE: Duration = Duration::from_secs(10);
/// One that does something meanwhile may take so many times longer.
const SLOWER: u32 = 6;
/// How long a window may take to have the size that it had, before it is given it.
const BY_ITSELF: Duration = Duration::from_millis(700);
/// Moves can be told as one: one that was not told after this time was told with another.
const MOVED: Duration = Duration::from_millis(300);
/// A program that has recorded nothing for this time has done what it has to do.
const QUIET: Duration = Duration::from_millis(60);
/// One that draws all the time has drawn what it has to after so many frames.
const DRAWN: u64 = 3;
/// One that does something else all the time is not waited for any longer.
const BUSY: Duration = Duration::from_secs(1);
/// Pixels from one place to the next where a window is looked for, and how long it has to say that it is there.
const SWEEP: i32 = 90;
const SWEPT: Duration = Duration::from_millis(60);
/// From one picture to the next.
const REST: Duration = Duration::from_millis(150);
/// From one look to the next.
const LOOK: Duration = Duration::from_millis(2);
/// A press that opens a menu and the release that chooses from it are told apart by time, by GTK.
const LEAST: Duration = Duration::from_millis(5);

/// How fast steps follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Each so many times faster than it was recorded; 1 is as it was.
    Times(f64),
    /// Each as soon as the one before has arrived and the program has nothing to do.
    Fast,
}

/// Why a step cannot be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// Which step, counted from 0.
    pub step: usize,
    /// Why, in a sentence's part.
    pub why: String,
}

/// How a replay went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// Steps that were done.
    pub done: usize,
    /// What ended it before its end.
    pub trouble: Option<Trouble>,
    /// What was otherwise than recorded, a line each.
    pub notes: Vec<String>,
    /// When each step that was done began: nanoseconds of CLOCK_MONOTONIC.
    pub begins: Vec<u64>,
    /// When each was done, likewise.
    pub times: Vec<u64>,
}

/// Plays a script.
pub struct Player<'a> {
    script: &'a Script,
    pace: Pace,
    hands: Hands,
    asking: Asking,
    eyes: Option<Eyes>,
    /// The windows of the program that stand for those of the script.
    bound: HashMap<String, WindowId>,
    /// Where the pointer is, in pixels of the display.
    pointer: Option<(i32, i32)>,
    /// Where windows are on a display that does not tell.
    origins: HashMap<WindowId, (i32, i32)>,
    /// Widgets that were found elsewhere, by their recorded paths.
    found: HashMap<String, Widget>,
    /// How far the widget under it lies from where it was recorded, in application pixels.
    moved: (i32, i32),
    /// What is under it where something else should be.
    under: Option<String>,
    /// Whether the script holds shift.
    shift: bool,
    /// Parts of a wheel's notches that were not turned yet.
    turned: (f64, f64),
    /// When the step before was done.
    before: Option<Instant>,
    account: Account,
    /// Where a picture goes of what could not be done, and of the end.
    picture: Option<PathBuf>,
}

impl<'a> Player<'a> {
    /// Prepares to play on the display of `hands`. Refused where keys are missing that were not kept.
    pub fn new(script: &'a Script, pace: Pace, hands: Hands, picture: Option<PathBuf>) -> Result<Player<'a>> {
        if script.untold() > 0 {
            return Err(Error::Invalid(format!(
                "{} keys of the script were not kept: write them in for `untold`, or record with --with input:text=keep",
                script.untold()
            )));
        }
        // Out of the way of every window, and not over what the first step is about.
        hands.to((i32::from(i16::MAX), i32::from(i16::MAX)))?;
        Ok(Player {
            script,
            pace,
            hands,
            asking: Asking::new()?,
            eyes: None,
            bound: HashMap::new(),
            pointer: None,
            origins: HashMap::new(),
            found: HashMap::new(),
            moved: (0, 0),
            under: None,
            shift: false,
            turned: (0.0, 0.0),
            before: None,
            account: Account::default(),
            picture,
        })
    }

    /// Has the program connect, by which it is asked where its widgets are.
    pub fn invite(&self, launch: &mut crate::channel::Launch) {
        self.asking.invite(launch);
    }

    /// How it went.
    pub fn into_account(self) -> Account {
        self.account
    }

    /// Plays the next step on a target whose temporary files are in `scratch`; false where nothing is left to do.
    /// `gone` says whether the target has ended, or nobody wants to go on.
    pub fn next(&mut self, scratch: &std::path::Path, gone: &dyn Fn() -> bool) -> bool {
        let mut eyes = self.eyes.take().unwrap_or_else(|| Eyes::on(&recordings(scratch)));
        let at = self.account.done;
        let script = self.script;
        let Some(step) = script.steps.get(at) else {
            self.settle(&mut eyes, gone);
            self.keep_picture();
            return false;
        };
        self.pause(step, &mut eyes, gone);
        let begins = now();
        let played = self.play(step, &mut eyes, gone);
        self.eyes = Some(eyes);
        match played {
            Ok(()) => {
                self.before = Some(Instant::now());
                self.account.begins.push(begins);
                self.account.times.push(now());
                self.account.done += 1;
                true
            }
            Err(why) => {
                // What a step lacks is a consequence of these.
                let why = match (self.hands.answered(), gone()) {
                    (false, _) => "the display ended".to_owned(),
                    (true, true) => "the program ended".to_owned(),
                    (true, false) => why,
                };
                self.keep_picture();
                self.account.trouble = Some(Trouble { step: at, why });
                false
            }
        }
    }

    /// Lets the time pass that passed before the step.
    fn pause(&mut self, step: &Step, eyes: &mut Eyes, gone: &dyn Fn() -> bool) {
        let Some(before) = self.before else { return };
        match self.pace {
            Pace::Times(times) => {
                let due = before + step.after.div_f64(times.max(1e-3));
                while Instant::now() < due && !gone() {
                    eyes.look();
                    std::thread::sleep(due.saturating_duration_since(Instant::now()).min(LOOK));
                }
            }
            Pace::Fast => {
                self.settle(eyes, gone);
                std::thread::sleep(LEAST.min(step.after));
            }
        }
    }

    /// Waits until the program has nothing to do.
    fn settle(&self, eyes: &mut Eyes, gone: &dyn Fn() -> bool) {
        let before = eyes.frames();
        let _ =
            until(eyes, BUSY, gone, |eyes| (eyes.quiet() >= QUIET || eyes.frames() >= before + DRAWN).then_some(()));
    }

    fn play(&mut self, step: &Step, eyes: &mut Eyes, gone: &dyn Fn() -> bool) -> std::result::Result<(), String> {
        let (id, seen) = self.window(&step.window, eyes, gone)?;
        match &step.action {
            Action::WaitFor(size) => self.wait_for(&step.window, id, *size, eyes, gone),
            Action::Move(at) => self.aim(step, id, &seen, *at, eyes, gone),
            Action::Press(at, button) => {
                // What is under the pointer was told when it was moved there, with what should be.
                self.to(step, id, &seen, *at, eyes, gone)?;
                if let Some(other) = &self.under {
                    return Err(other.clone());
                }
                self.send(eyes, |hands| hands.button(*button, true))?;
                self.arrives(step, eyes, gone, &PRESSES).map(drop)
            }
            Action::Release(at, button) => {
                // Where it was pressed and held a release is where the pointer was dragged to.
                self.to(step, id, &seen, *at, eyes, gone)?;
                self.send(eyes, |hands| hands.button(*button, false))?;
                self.arrives(step, eyes, gone, &[EventType::ButtonRelease]).map(drop)
            }
            Action::Key(Key::Untold, _) => Err("what was typed was not kept".to_owned()),
            Action::Key(Key::Known(modifiers, keysym), stroke) => {
                self.focus(&step.window, &seen)?;
                self.key(step, (*modifiers, *keysym), *stroke, eyes, gone)
            }
            Action::Scroll(at, by) => {
                self.to(step, id, &seen, *at, eyes, gone)?;
                self.scroll(step, *by, eyes, gone)
            }
            // XTest has no fingers: the pointer does what the finger did.
            Action::Touch(at, _, finger) => {
                self.to(step, id, &seen, *at, eyes, gone)?;
                let down = match finger {
                    Finger::Move => return Ok(()),
                    Finger::Begin => true,
                    Finger::End => false,
                };
                self.send(eyes, |hands| hands.button(1, down))?;
                let kinds = if down { &PRESSES[..] } else { &[EventType::ButtonRelease] };
                self.arrives(step, eyes, gone, kinds).map(drop)
            }
        }
    }

    /// The window that a name of the script stands for, once it is there.
    fn window(
        &mut self,
        name: &str,
        eyes: &mut Eyes,
        gone: &dyn Fn() -> bool,
    ) -> std::result::Result<(WindowId, Seen), String> {
        let script = self.script;
        let Some(wanted) = script.window(name) else { return Err(format!("the script has no window {name}")) };
        let shown = |seen: &Seen| seen.mapped && !seen.child && seen.size.0 > 0;
        if let Some(id) = self.bound.get(name)
            && let Some(seen) = eyes.windows.get(id).filter(|seen| shown(seen))
        {
            return Ok((*id, seen.clone()));
        }
        let taken: Vec<WindowId> =
            self.bound.iter().filter(|(other, _)| *other != name).map(|(_, window)| *window).collect();
        let found = until(eyes, PATIENCE, gone, |eyes| {
            let alike = |seen: &Seen| seen.popup == wanted.popup && seen.class == wanted.class;
            let mut there: Vec<_> = eyes.windows.iter().filter(|(_, seen)| shown(seen)).collect();
            there.retain(|(id, seen)| alike(seen) && !taken.contains(id));
            // Of several the one with the title; else the one that came last, as it is what one meant to use.
            let titled = there.iter().find(|(_, seen)| !wanted.title.is_empty() && seen.title == wanted.title);
            titled.or(there.last()).map(|(id, seen)| (**id, (*seen).clone()))
        });
        match found {
            Ok((id, seen)) => {
                self.bound.insert(name.to_owned(), id);
                Ok((id, seen))
            }
            Err(why) => {
                let there: Vec<String> = eyes.windows.values().filter(|seen| shown(seen)).map(called).collect();
                let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
                let recorded = if eyes.any() { "" } else { "; no process of it loaded GTK" };
                let wanted =
                    called(&Seen { class: wanted.class.clone(), title: wanted.title.clone(), ..Seen::default() });
                Err(why.of(&format!("the window {wanted} was not there; windows there: {there}{recorded}")))
            }
        }
    }

    /// Waits until a window has its size and has drawn; gives it the size where it does not take it by itself.
    fn wait_for(
        &mut self,
        name: &str,
        id: WindowId,
        size: (i32, i32),
        eyes: &mut Eyes,
        gone: &dyn Fn() -> bool,
    ) -> std::result::Result<(), String> {
        let has = |eyes: &mut Eyes| eyes.windows.get(&id).is_some_and(|seen| seen.size == size).then_some(());
        if until(eyes, BY_ITSELF, gone, has).is_err()
            && let Some(seen) = eyes.windows.get(&id).filter(|seen| !seen.popup && seen.xid != 0)
        {
            // On Wayland nobody but its user gives a window a size.
            let pixels = |length: i32| (f64::from(length) * seen.scale).round() as i32;
            let least = self.hands.least(seen.xid);
            let wanted = (pixels(size.0).max(least.0), pixels(size.1).max(least.1));
            self.hands.resize(seen.xid, wanted).map_err(|error| error.to_string())?;
            if until(eyes, BY_ITSELF, gone, has).is_err() {
                let (width, height) = eyes.windows.get(&id).map_or((0, 0), |seen| seen.size);
                let note = format!("{name} is {width}x{height} and not {}x{}", size.0, size.1);
                self.account.notes.push(note);
            }
        }
        let painted = until(eyes, PATIENCE, gone, |eyes| (eyes.frames() > 0 || eyes.quiet() > BUSY).then_some(()));
        painted.map_err(|why| why.of("it draws nothing"))?;
        self.settle(eyes, gone);
        Ok(())
    }

    /// Where the left top corner of a window is on the display.
    ///
    /// Wayland tells nobody. There the pointer is moved over the display until the window says where in it that is; what
    /// pops up tells its place in its parent.
    fn origin(
        &mut self,
        id: WindowId,
        seen: &Seen,
        eyes: &mut Eyes,
        gone: &dyn Fn() -> bool,
    ) -> std::result::Result<Option<(i32, i32)>, String> {
        if seen.xid != 0 {
            return Ok(self.hands.origin(seen.xid));
        }
        if seen.popup
            && let (Some(at), Some(parent)) = (seen.at, eyes.windows.get(&(id.0, seen.parent)).cloned())
        {
            let of = self.origin((id.0, seen.parent), &parent, eyes, gone)?;
            let pixel = |at: i32| (f64::from(at) * seen.scale).round() as i32;
            return Ok(of.map(|(left, top)| (left + pixel(at.0), top + pixel(at.1))));
        }
        if let Some(known) = self.origins.get(&id) {
            return Ok(Some(*known));
        }
        let (width, height) = self.script.display;
        let places = (0..height / SWEEP).flat_map(|row| (0..width / SWEEP).map(move |column| (column, row)));
        for (column, row) in places {
            // It is entered by the one move, and told of the other.
            let at = (column * SWEEP + SWEEP / 2, row * SWEEP + SWEEP / 2);
            let sent = now();
            self.send(eyes, |hands| hands.to((at.0 - 1, at.1 - 1)).and_then(|()| hands.to(at)))?;
            let told = until(eyes, SWEPT, gone, |eyes| eyes.pointer(id, sent));
            if let Ok((x, y)) = told {
                // The last of both moves is what counts.
                std::thread::sleep(SWEPT);
                eyes.look();
                let (x, y) = eyes.pointer(id, sent).unwrap_or((x, y));
                let corner = |at: i32, inside: f64| at - (inside * seen.scale).floor() as i32;
                self.pointer = Some(at);
                let origin = (corner(at.0, x), corner(at.1, y));
                self.origins.insert(id, origin);
                return Ok(Some(origin));
            }
        }
        Ok(None)
    }

    /// Moves the pointer to a place of a window; what it found there, where the program told.
    fn to(
        &mut self,
        step: &Step,
        id: WindowId,
        seen: &Seen,
        at: Place,
        eyes: &mut Eyes,
        gone: &dyn Fn() -> bool,
    ) -> std::result::Result<Option<Arrived>, String> {
        let origin = self.origin(id, seen, eyes, gone)?;
        let origin = origin.ok_or_else(|| format!("where the window {} is cannot be found out", step.window))?;
        let pixel = |at: i32| (f64::from(at) * seen.scale + seen.scale / 2.0).floor() as i32;
        let target = (origin.0 + pixel(at.0 + self.moved.0), origin.1 + pixel(at.1 + self.moved.1));
        if self.pointer == Some(target) {
            return Ok(None);
        }
        self.pointer = Some(target);
        let sent = now();
        self.send(eyes, |hands| hands.to(target))?;
        let kinds = [EventType::Motion];
        let found = until(eyes, MOVED, gone, |eyes| eyes.arrival(sent, &kinds).filter(|one| one.window == id));
        match found {
            Ok(arrived) => Ok(Some(arrived)),
            Err(Waited::Long) => Ok(None),
            Err(why) => Err(why.of("")),
        }
    }

    /// Moves the pointer to the widget of a step, wherever in its window that is now, and keeps what is there instead.
    fn aim(
        &mut self,
        step: &Step,
        id: WindowId,
        seen: &Seen,
        at: Place,
        eyes: &mut Eyes,
        gone: &dyn Fn() -> bool,
    ) -> std::result::Result<(), String> {
        self.moved = (0, 0);
        self.under = None;
        let arrived = self.to(step, id, seen, at, eyes, gone)?;
        let Some(widget) = step.widget.as_ref().filter(|widget| widget.area.2 > 0) else { return Ok(()) };
        let (found, sensitive) = match arrived {
            Some(arrived) if self.is_meant(widget, &arrived.widget) => (arrived.widget, arrived.sensitive),
            Some(arrived) => match self.asking.find(id, widget) {
                Answer::Found(found, sensitive) => {
                    self.found.insert(widget.path.clone(), found.clone());
                    (found, sensitive)
                }
                Answer::Lost => {
                    self.under = Some(format!("{} is not there: {} is", widget.words(), arrived.widget.words()));
                    return Ok(());
                }
                Answer::Silence => {
                    self.under = Some(format!("{} is where {} was", arrived.widget.words(), widget.words()));
                    return Ok(());
                }
            },
            None => return Ok(()),
        };
        if !sensitive {
            self.under = Some(format!("{} takes no input: it is insensitive", widget.words()));
        }
        let (now, was) = (found.area, widget.area);
        if now != was {
            // The same place of it, as far as it is as large; else as near to it as can be.
            let along =
                |at: i32, was: (i32, i32), now: (i32, i32)| (at - was.0).clamp(0, (now.1 - 1).max(0)) + now.0 - at;
            self.moved = (along(at.0, (was.0, was.2), (now.0, now.2)), along(at.1, (was.1, was.3), (now.1, now.3)));
            self.to(step, id, seen, at, eyes, gone)?;
        }
        Ok(())
    }

    fn send(&self, eyes: &mut Eyes, send: impl FnOnce(&Hands) -> Result<()>) -> std::result::Result<(), String> {
        eyes.look();
        send(&self.hands).map_err(|error| error.to_string())
    }

    /// Waits until input arrives, and compares where it went with where it went when it was recorded.
    fn arrives(
        &mut self,
        step: &Step,
        eyes: &mut Eyes,
        gone: &dyn Fn() -> bool,
        kinds: &[EventType],
    ) -> std::result::Result<Arrived, String> {
        // What came before it was sent was taken before.
        let arrived = until(eyes, PATIENCE, gone, |eyes| eyes.arrival(0, kinds));
        let arrived = arrived.map_err(|why| why.of("the program did not take it"))?;
        if let Some(widget) = &step.widget
            && !self.is_meant(widget, &arrived.widget)
        {
            return Err(format!("it went to {} and not to {}", arrived.widget.words(), widget.words()));
        }
        if !arrived.sensitive {
            return Err(format!("{} takes no input: it is insensitive", arrived.widget.words()));
        }
        Ok(arrived)
    }

    /// Whether a widget is the one that a step names, or was found to be.
    fn is_meant(&self, widget: &Widget, arrived: &Widget) -> bool {
        same(widget, arrived) || self.found.get(&widget.path).is_some_and(|found| found.path == arrived.path)
    }

    /// Gives a top-level the keyboard.
    fn focus(&self, name: &str, seen: &Seen) -> std::result::Result<(), String> {
        match seen.popup || seen.xid == 0 {
            // Its top-level has it, and what is typed comes to it by a grab; on Wayland the compositor gives it.
            true => Ok(()),
            false => self.hands.focus(seen.xid).map_err(|error| format!("{name} cannot have the keyboard: {error}")),
        }
    }

    fn key(
        &mut self,
        step: &Step,
        (modifiers, keysym): (u8, u32),
        stroke: Stroke,
        eyes: &mut Eyes,
        gone: &dyn Fn() -> bool,
    ) -> std::result::Result<(), String> {
        const SHIFTS: [u32; 2] = [xkeysym::key::Shift_L, xkeysym::key::Shift_R];
        eyes.look();
        let press = |player: &mut Player<'_>, down: bool| {
            let shifted = player.shift || modifiers & 1 != 0;
            if SHIFTS.contains(&keysym) {
                player.shift = down;
            }
            player.hands.stroke(modifiers, keysym, down, shifted).map_err(|error| error.to_string())
        };
        if stroke != Stroke::Up {
            press(self, true)?;
            // Of modifiers that are held for it the key itself is the last to arrive.
            for _ in 0..modifiers.count_ones() {
                until(eyes, PATIENCE, gone, |eyes| eyes.arrival(0, &[EventType::KeyPress]))
                    .map_err(|why| why.of("the program did not take it"))?;
            }
            self.arrives(step, eyes, gone, &[EventType::KeyPress])?;
        }
        if let Stroke::Tap(held) = stroke {
            let times = if let Pace::Times(times) = self.pace { times.max(1e-3) } else { 1e3 };
            std::thread::sleep(held.div_f64(times));
        }
        if stroke != Stroke::Down {
            press(self, false)?;
            // It goes to whatever the press has made of the window; where that is closed to nobody.
            let _ = until(eyes, MOVED, gone, |eyes| eyes.arrival(0, &[EventType::KeyRelease]));
        }
        Ok(())
    }

    /// Turns the wheel; parts of notches wait until they are one.
    fn scroll(
        &mut self,
        step: &Step,
        by: (f64, f64),
        eyes: &mut Eyes,
        gone: &dyn Fn() -> bool,
    ) -> std::result::Result<(), String> {
        self.turned = (self.turned.0 + by.0, self.turned.1 + by.1);
        let (right, down) = (self.turned.0.trunc(), self.turned.1.trunc());
        self.turned = (self.turned.0 - right, self.turned.1 - down);
        for (notches, back, forth) in [(right, 6, 7), (down, 4, 5)] {
            for _ in 0..notches.abs() as u32 {
                let button = if notches < 0.0 { back } else { forth };
                self.send(eyes, |hands| hands.button(button, true).and_then(|()| hands.button(button, false)))?;
                self.arrives(step, eyes, gone, &[EventType::Scroll])?;
            }
        }
        Ok(())
    }

    /// A picture of the display once two in a row are the same; one that is never at rest is taken as it is.
    fn at_rest(&self) -> Result<cairo::ImageSurface> {
        let begun = Instant::now();
        let mut before = self.hands.picture()?;
        loop {
            std::thread::sleep(REST);
            let mut picture = self.hands.picture()?;
            let pixels = |picture: &mut cairo::ImageSurface| picture.data().map(|data| data.to_vec()).ok();
            if pixels(&mut picture) == pixels(&mut before) || begun.elapsed() > BUSY {
                return Ok(picture);
            }
            before = picture;
        }
    }

    /// Keeps a picture of the display. That there is none is told with the rest.
    fn keep_picture(&mut self) {
        let Some(path) = &self.picture else { return };
        let kept = self.at_rest().and_then(|picture| {
            let mut file = std::fs::File::create(path).map_err(Error::file("write", path))?;
            let wrong = |error: cairo::IoError| Error::Invalid(format!("cannot write {}: {error}", path.display()));
            picture.write_to_png(&mut file).map_err(wrong)
        });
        if let Err(error) = kept {
            self.account.notes.push(error.to_string());
        }
    }
}

const PRESSES: [EventType; 1] = [EventType::ButtonPress];

/// Why waiting ended without what was waited for.
enum Waited {
    Long,
    Gone,
}

impl Waited {
    fn of(&self, what: &str) -> String {
        match self {
            Waited::Long => format!("{what} within {} s", PATIENCE.as_secs()),
            Waited::Gone => "the program ended".to_owned(),
        }
    }
}

/// Looks until `ready` gives something, at most for `patience`.
fn until<T>(
    eyes: &mut Eyes,
    patience: Duration,
    gone: &dyn Fn() -> bool,
    mut ready: impl FnMut(&mut Eyes) -> Option<T>,
) -> std::result::Result<T, Waited> {
    let begun = Instant::now();
    loop {
        // Before the look, so that what it did last is seen.
        let gone = gone();
        eyes.look();
        if let Some(found) = ready(eyes) {
            return Ok(found);
        }
        if gone {
            return Err(Waited::Gone);
        }
        // One that is busy with it may be slow: a tracer can make it fifty times slower.
        let patience = if eyes.quiet() < BUSY && patience == PATIENCE { patience * SLOWER } else { patience };
        if begun.elapsed() > patience {
            return Err(Waited::Long);
        }
        std::thread::sleep(LOOK);
    }
}

/// Whether two are the same widget of a program, as far as can be known from one run to the next.
fn same(one: &Widget, other: &Widget) -> bool {
    // Its place in the tree is the surest sign; what stands beside it may have changed.
    let known_by_name = !one.name.is_empty() && one.name == other.name;
    let known_by_label = !one.label.is_empty() && one.label == other.label;
    one.path.is_empty() || one.path == other.path || one.class == other.class && (known_by_name || known_by_label)
}

/// A window in words.
fn called(seen: &Seen) -> String {
    if seen.title.is_empty() { seen.class.clone() } else { format!("{} “{}”", seen.class, seen.title) }
}
