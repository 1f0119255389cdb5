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
use super::hands::{Made, On, Way};
use super::watch::{BUSY, MOVED, PATIENCE, Watch};
use super::{Asking, Display, Eyes, Hands};
use crate::error::{Error, Result};
use crate::input::key::SHIFTS;
use crate::input::{Action, Finger, Key, Place, Script, Step, Stroke, Widget};
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
    /// The picture of the end, or of what could not be done; none of what is shown on no X display.
    pub picture: Option<PathBuf>,
}

/// Plays a script.
pub struct Player<'a> {
    script: &'a Script,
    pace: Pace,
    hands: Box<dyn Hands>,
    /// Where the program is shown, if that is an X display.
    display: Option<Display>,
    asking: Asking,
    eyes: Option<Eyes>,
    /// The windows of the program that stand for those of the script.
    bound: HashMap<String, WindowId>,
    /// Widgets that were found elsewhere, by their recorded paths.
    found: HashMap<String, Widget>,
    /// How far the widget under it lies from where it was recorded, in application pixels.
    moved: (i32, i32),
    /// The path of the widget that it was aimed at.
    aimed: Option<String>,
    /// What is under it where something else should be.
    under: Option<String>,
    /// The keys that it holds, by their keysyms.
    held: HashSet<u32>,
    /// Parts of a wheel's notches that were not turned yet.
    turned: (f64, f64),
    /// When the step before was done.
    before: Option<Instant>,
    /// When a key was pressed last.
    keyed: Option<Instant>,
    account: Account,
    /// Where a picture goes of what could not be done, and of the end.
    picture: Option<PathBuf>,
}

impl<'a> Player<'a> {
    /// Prepares to play on a program that is shown on `display`, if that is an X display. Refused where keys are missing
    /// that were not kept.
    pub fn new(
        script: &'a Script,
        pace: Pace,
        hands: Box<dyn Hands>,
        display: Option<Display>,
        picture: Option<PathBuf>,
    ) -> Result<Player<'a>> {
        if script.untold() > 0 {
            return Err(Error::Invalid(format!(
                "{} keys of the script were not kept: write them in for `untold`, or record with --with input:text=keep",
                script.untold()
            )));
        }
        Ok(Player {
            script,
            pace,
            hands,
            display,
            asking: Asking::new()?,
            eyes: None,
            bound: HashMap::new(),
            found: HashMap::new(),
            moved: (0, 0),
            aimed: None,
            under: None,
            held: HashSet::new(),
            turned: (0.0, 0.0),
            before: None,
            keyed: None,
            account: Account::default(),
            picture,
        })
    }

    /// Has the program connect, by which it is asked where its widgets are.
    pub fn invite(&self, launch: &mut crate::channel::Launch) {
        self.asking.invite(launch);
    }

    /// How many steps are done.
    pub fn done(&self) -> usize {
        self.account.done
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
            self.rest(&mut watch);
            self.keep_picture();
            return false;
        };
        self.pause(step, &mut watch);
        let begins = now();
        let played = self.play(step, &mut watch);
        let played = played.map_err(|why| match self.hands.disturbed(&eyes) {
            Some(disturbed) => format!("{why}; {disturbed}"),
            None => why,
        });
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
                let why = match (self.display.as_ref().is_none_or(Display::answered), gone()) {
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
                self.settle(watch);
                std::thread::sleep(LEAST.min(step.after));
            }
        }
    }

    /// Waits until the program has nothing to do, also where the machine lets it do nothing for a while.
    fn settle(&mut self, watch: &mut Watch<'_>) {
        let begun = Instant::now();
        while watch.settle() && begun.elapsed() < BUSY {
            let before = watch.eyes.told();
            self.asking.turn();
            watch.eyes.look();
            if watch.eyes.told() == before {
                return;
            }
        }
    }

    fn play(&mut self, step: &Step, watch: &mut Watch<'_>) -> Made {
        let (id, seen) = self.window(&step.window, watch)?;
        let of = (id, &seen);
        match &step.action {
            Action::WaitFor(size) => self.wait_for(&step.window, id, *size, watch),
            Action::Move(at) => self.aim(step, of, *at, watch),
            Action::Press(at, number) => self.button(step, of, *at, (*number, true), watch),
            Action::Release(at, number) => self.button(step, of, *at, (*number, false), watch),
            Action::Key(Key::Untold, _) => Err("what was typed was not kept".to_owned()),
            Action::Key(Key::Known(modifiers, keysym), stroke) => {
                let focused = self.send(of, watch, |hands, on| hands.focus(on));
                focused.map_err(|error| format!("{} cannot have the keyboard: {error}", step.window))?;
                self.key(step, of, (*modifiers, *keysym), *stroke, watch)
            }
            Action::Scroll(at, by) => {
                self.to(of, *at, watch)?;
                self.scroll(step, of, *by, watch)
            }
            Action::Touch(at, number, finger) => {
                let at = self.place(*at);
                self.send(of, watch, |hands, on| hands.touch(on, at, *number, *finger))?;
                match finger {
                    Finger::Begin => self.arrives(step, watch, PRESSES).map(drop),
                    Finger::Move => Ok(()),
                    Finger::End => self.arrives(step, watch, RELEASES).map(drop),
                }
            }
        }
    }

    /// Presses a button at a place, or lets go of it there: where that is another, the pointer was dragged to it.
    fn button(
        &mut self,
        step: &Step,
        of: (WindowId, &Seen),
        at: Place,
        (number, down): (u8, bool),
        watch: &mut Watch<'_>,
    ) -> Made {
        if down {
            self.aim_press(step, of.0, at);
        }
        self.to(of, at, watch)?;
        if let Some(other) = self.under.as_ref().filter(|_| down) {
            return Err(other.clone());
        }
        self.send(of, watch, |hands, on| hands.button(on, number, down))?;
        self.arrives(step, watch, if down { PRESSES } else { RELEASES }).map(drop)
    }

    /// A place of a step, where its widget is now.
    fn place(&self, at: Place) -> Place {
        (at.0 + self.moved.0, at.1 + self.moved.1)
    }

    /// Has the hands make input for a window.
    fn send<T>(
        &mut self,
        (id, seen): (WindowId, &Seen),
        watch: &mut Watch<'_>,
        make: impl FnOnce(&mut dyn Hands, &mut On<'_, '_>) -> Made<T>,
    ) -> Made<T> {
        watch.eyes.look();
        let made = make(&mut *self.hands, &mut On { id, seen, watch, asking: &mut self.asking });
        self.account.notes.extend(self.hands.mended());
        made
    }

    /// Waits until input arrives, and compares where it went with where it went when it was recorded.
    fn arrives(&mut self, step: &Step, watch: &mut Watch<'_>, kinds: &[EventType]) -> Made<Arrived> {
        // What came before it was sent was taken before.
        let arrived = watch.until(PATIENCE, |eyes| eyes.arrival(0, kinds));
        let arrived = arrived.map_err(|why| why.of("the program did not take it"))?;
        if let Some(widget) = &step.widget
            && !self.is_meant(widget, &arrived.widget)
        {
            let elsewhere = match watch.eyes.windows.get(&arrived.window) {
                Some(seen) if self.bound.get(&step.window) != Some(&arrived.window) => format!(" of {}", seen.words()),
                _ => String::new(),
            };
            return Err(format!("it went to {}{elsewhere} and not to {}", arrived.widget.words(), widget.words()));
        }
        if !arrived.sensitive {
            return Err(format!("{} takes no input: it is insensitive", arrived.widget.words()));
        }
        Ok(arrived)
    }

    fn key(
        &mut self,
        step: &Step,
        of: (WindowId, &Seen),
        (modifiers, keysym): (u8, u32),
        stroke: Stroke,
        watch: &mut Watch<'_>,
    ) -> Made {
        let press = |player: &mut Player<'_>, watch: &mut Watch<'_>, down: bool| {
            let shifted = modifiers & 1 != 0 || SHIFTS.iter().any(|shift| player.held.contains(shift));
            player.send(of, watch, |hands, on| hands.stroke(on, modifiers, keysym, down, shifted))
        };
        self.keyed = Some(Instant::now());
        if stroke != Stroke::Up {
            // A key that was held long was recorded as pressed again and again.
            if !self.held.insert(keysym) {
                press(self, watch, false)?;
            }
            let held = press(self, watch, true)?;
            // Of modifiers that are held for it the key itself is the last to arrive.
            for _ in 0..held {
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
            press(self, watch, false)?;
            // It goes to whatever the press has made of the window; where that is closed to nobody.
            let _ = watch.until(MOVED, |eyes| eyes.arrival(0, &[EventType::KeyRelease]));
        }
        Ok(())
    }

    /// Turns the wheel; parts of notches wait until they are one.
    fn scroll(&mut self, step: &Step, of: (WindowId, &Seen), by: (f64, f64), watch: &mut Watch<'_>) -> Made {
        self.turned = (self.turned.0 + by.0, self.turned.1 + by.1);
        let (right, down) = (self.turned.0.trunc(), self.turned.1.trunc());
        self.turned = (self.turned.0 - right, self.turned.1 - down);
        for (notches, back, forth) in [(right, Way::Left, Way::Right), (down, Way::Up, Way::Down)] {
            for _ in 0..notches.abs() as u32 {
                let way = if notches < 0.0 { back } else { forth };
                self.send(of, watch, |hands, on| hands.wheel(on, way))?;
                self.arrives(step, watch, &[EventType::Scroll])?;
            }
        }
        Ok(())
    }
}

/// What tells that something was pressed, and that it was let go.
const PRESSES: &[EventType] = &[EventType::ButtonPress, EventType::TouchBegin];
const RELEASES: &[EventType] = &[EventType::ButtonRelease, EventType::TouchEnd];
