//! Goes through a script: waits for what each step needs, does it, and sees that it arrived.

mod aim;
mod picture;
mod windows;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gdkrecord::sets::EventType;
use gdkrecord::writer::now;

use super::eyes::{Arrived, Seen, WindowId};
use super::watch::{MOVED, PATIENCE, Watch};
use super::{Asking, Eyes, Hands};
use crate::error::{Error, Result};
use crate::input::{Action, Finger, Key, Script, Step, Stroke, Widget};
use crate::source::gdkrecord::recordings;

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
    /// The keys that it holds, by their keysyms.
    held: HashSet<u32>,
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
            held: HashSet::new(),
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
        let mut watch = Watch { eyes: &mut eyes, gone };
        let at = self.account.done;
        let script = self.script;
        let Some(step) = script.steps.get(at) else {
            watch.settle();
            self.keep_picture();
            return false;
        };
        self.pause(step, &mut watch);
        let begins = now();
        let played = self.play(step, &mut watch);
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
    fn pause(&mut self, step: &Step, watch: &mut Watch<'_>) {
        let Some(before) = self.before else { return };
        match self.pace {
            Pace::Times(times) => {
                let due = before + step.after.div_f64(times.max(1e-3));
                watch.look_until(due);
            }
            Pace::Fast => {
                watch.settle();
                std::thread::sleep(LEAST.min(step.after));
            }
        }
    }

    fn play(&mut self, step: &Step, watch: &mut Watch<'_>) -> std::result::Result<(), String> {
        let (id, seen) = self.window(&step.window, watch)?;
        match &step.action {
            Action::WaitFor(size) => self.wait_for(&step.window, id, *size, watch),
            Action::Move(at) => self.aim(step, id, &seen, *at, watch),
            Action::Press(at, button) => {
                // What is under the pointer was told when it was moved there, with what should be.
                self.to(step, id, &seen, *at, watch)?;
                if let Some(other) = &self.under {
                    return Err(other.clone());
                }
                self.send(watch, |hands| hands.button(*button, true))?;
                self.arrives(step, watch, &PRESSES).map(drop)
            }
            Action::Release(at, button) => {
                // Where it was pressed and held a release is where the pointer was dragged to.
                self.to(step, id, &seen, *at, watch)?;
                self.send(watch, |hands| hands.button(*button, false))?;
                self.arrives(step, watch, &[EventType::ButtonRelease]).map(drop)
            }
            Action::Key(Key::Untold, _) => Err("what was typed was not kept".to_owned()),
            Action::Key(Key::Known(modifiers, keysym), stroke) => {
                self.focus(&step.window, &seen)?;
                self.key(step, (*modifiers, *keysym), *stroke, watch)
            }
            Action::Scroll(at, by) => {
                self.to(step, id, &seen, *at, watch)?;
                self.scroll(step, *by, watch)
            }
            // XTest has no fingers: the pointer does what the finger did.
            Action::Touch(at, _, finger) => {
                self.to(step, id, &seen, *at, watch)?;
                let down = match finger {
                    Finger::Move => return Ok(()),
                    Finger::Begin => true,
                    Finger::End => false,
                };
                self.send(watch, |hands| hands.button(1, down))?;
                let kinds = if down { &PRESSES[..] } else { &[EventType::ButtonRelease] };
                self.arrives(step, watch, kinds).map(drop)
            }
        }
    }

    fn send(&self, watch: &mut Watch<'_>, send: impl FnOnce(&Hands) -> Result<()>) -> std::result::Result<(), String> {
        watch.eyes.look();
        send(&self.hands).map_err(|error| error.to_string())
    }

    /// Waits until input arrives, and compares where it went with where it went when it was recorded.
    fn arrives(
        &mut self,
        step: &Step,
        watch: &mut Watch<'_>,
        kinds: &[EventType],
    ) -> std::result::Result<Arrived, String> {
        // What came before it was sent was taken before.
        let arrived = watch.until(PATIENCE, |eyes| eyes.arrival(0, kinds));
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
        watch: &mut Watch<'_>,
    ) -> std::result::Result<(), String> {
        const SHIFTS: [u32; 2] = [xkeysym::key::Shift_L, xkeysym::key::Shift_R];
        watch.eyes.look();
        let press = |player: &mut Player<'_>, down: bool| {
            let shifted = modifiers & 1 != 0 || SHIFTS.iter().any(|shift| player.held.contains(shift));
            player.hands.stroke(modifiers, keysym, down, shifted).map_err(|error| error.to_string())
        };
        if stroke != Stroke::Up {
            // A key that was held long was recorded as pressed again and again.
            if !self.held.insert(keysym) {
                press(self, false)?;
            }
            press(self, true)?;
            // Of modifiers that are held for it the key itself is the last to arrive.
            for _ in 0..modifiers.count_ones() {
                watch
                    .until(PATIENCE, |eyes| eyes.arrival(0, &[EventType::KeyPress]))
                    .map_err(|why| why.of("the program did not take it"))?;
            }
            self.arrives(step, watch, &[EventType::KeyPress])?;
        }
        if let Stroke::Tap(held) = stroke {
            let times = if let Pace::Times(times) = self.pace { times.max(1e-3) } else { 1e3 };
            std::thread::sleep(held.div_f64(times));
        }
        if stroke != Stroke::Down {
            self.held.remove(&keysym);
            press(self, false)?;
            // It goes to whatever the press has made of the window; where that is closed to nobody.
            let _ = watch.until(MOVED, |eyes| eyes.arrival(0, &[EventType::KeyRelease]));
        }
        Ok(())
    }

    /// Turns the wheel; parts of notches wait until they are one.
    fn scroll(&mut self, step: &Step, by: (f64, f64), watch: &mut Watch<'_>) -> std::result::Result<(), String> {
        self.turned = (self.turned.0 + by.0, self.turned.1 + by.1);
        let (right, down) = (self.turned.0.trunc(), self.turned.1.trunc());
        self.turned = (self.turned.0 - right, self.turned.1 - down);
        for (notches, back, forth) in [(right, 6, 7), (down, 4, 5)] {
            for _ in 0..notches.abs() as u32 {
                let button = if notches < 0.0 { back } else { forth };
                self.send(watch, |hands| hands.button(button, true).and_then(|()| hands.button(button, false)))?;
                self.arrives(step, watch, &[EventType::Scroll])?;
            }
        }
        Ok(())
    }
}

const PRESSES: [EventType; 1] = [EventType::ButtonPress];
