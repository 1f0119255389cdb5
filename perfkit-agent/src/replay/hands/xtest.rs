//! Input by XTest: the display takes it for a person's, and so does the program.

use std::collections::HashMap;
use std::time::Duration;

use gdkrecord::writer::now;

use super::{Hands, Made, On, Way};
use crate::error::{Error, Result};
use crate::input::{Finger, Place};
use crate::replay::eyes::{Seen, WindowId};
use crate::replay::{Display, Eyes};

/// A key that has another meaning put upon it needs so long until programs have heard of it.
const HEARD: Duration = Duration::from_millis(100);

/// Pixels from one place to the next where a window is looked for, and how long it has to say that it is there.
const SWEEP: i32 = 90;
const SWEPT: Duration = Duration::from_millis(60);

/// The pointer, buttons and keys of a display.
pub struct XTest {
    pub(super) display: Display,
    /// What others did on it, and was undone.
    pub(super) mended: Vec<String>,
    /// Width and height in which windows can be, in pixels.
    size: (i32, i32),
    keymap: Keymap,
    /// Where the pointer is, in pixels of the display.
    pointer: Option<(i32, i32)>,
    /// Where windows are on a display that does not tell.
    origins: HashMap<WindowId, (i32, i32)>,
}

/// What the keys of a keyboard mean.
struct Keymap {
    first: u8,
    /// Meanings of each key, one after the other.
    per_key: usize,
    keysyms: Vec<u32>,
}

impl Keymap {
    fn of(display: &Display) -> Result<Keymap> {
        let (first, per_key, keysyms) = display.keys()?;
        Ok(Keymap { first, per_key: per_key.into(), keysyms })
    }

    /// The key for a keysym, and whether shift makes it that.
    fn find(&self, keysym: u32) -> Option<(u8, bool)> {
        let keys = || self.keysyms.chunks(self.per_key.max(1)).zip(self.first..=u8::MAX);
        // Without shift where that will do.
        let plain = keys().find(|(meanings, _)| meanings.first() == Some(&keysym)).map(|(_, code)| (code, false));
        plain.or_else(|| {
            let shifted = keys().find(|(meanings, _)| meanings.get(1) == Some(&keysym));
            shifted.map(|(_, code)| (code, true))
        })
    }

    /// A key that means nothing.
    fn spare(&self) -> Option<u8> {
        let mut keys = self.keysyms.chunks(self.per_key.max(1)).zip(self.first..=u8::MAX);
        keys.find(|(meanings, _)| meanings.iter().all(|&keysym| keysym == 0)).map(|(_, code)| code)
    }
}

impl XTest {
    /// On a display that has XTest; windows are looked for in `size` pixels of it.
    pub fn on(name: &str, size: (i32, i32)) -> Result<XTest> {
        let display = Display::on(name)?;
        display.takes_input()?;
        // Not over what the first step is about.
        display.park()?;
        let keymap = Keymap::of(&display)?;
        Ok(XTest { display, mended: Vec::new(), size, keymap, pointer: None, origins: HashMap::new() })
    }

    /// The key for a keysym, and whether shift has to be held. Where no key means that, one is made to.
    fn key_for(&mut self, keysym: u32) -> Result<(u8, bool)> {
        if let Some(found) = self.keymap.find(keysym) {
            return Ok(found);
        }
        let no_key = || Error::Invalid(format!("the keyboard of display {} has no key left", self.display.name()));
        let code = self.keymap.spare().ok_or_else(no_key)?;
        self.display.means(code, keysym)?;
        self.keymap = Keymap::of(&self.display)?;
        std::thread::sleep(HEARD);
        Ok((code, false))
    }

    fn place(&mut self, pixel: (i32, i32)) -> Made {
        self.pointer = Some(pixel);
        self.display.to(pixel).map_err(told)
    }

    /// Where the left top corner of a window is on the display.
    ///
    /// Wayland tells nobody. There the pointer is moved over the display until the window says where in it that is; what
    /// pops up tells its place in its parent.
    fn origin(&mut self, on: &mut On<'_, '_>, id: WindowId, seen: &Seen) -> Made<Option<(i32, i32)>> {
        if seen.xid != 0 {
            return Ok(self.display.origin(seen.xid));
        }
        if seen.popup
            && let (Some(at), Some(parent)) = (seen.at, on.watch.eyes.windows.get(&(id.0, seen.parent)).cloned())
        {
            let of = self.origin(on, (id.0, seen.parent), &parent)?;
            let pixel = |at: i32| (f64::from(at) * seen.scale).round() as i32;
            return Ok(of.map(|(left, top)| (left + pixel(at.0), top + pixel(at.1))));
        }
        if let Some(known) = self.origins.get(&id) {
            return Ok(Some(*known));
        }
        let (width, height) = self.size;
        let places = (0..height / SWEEP).flat_map(|row| (0..width / SWEEP).map(move |column| (column, row)));
        for (column, row) in places {
            // It is entered by the one move, and told of the other.
            let at = (column * SWEEP + SWEEP / 2, row * SWEEP + SWEEP / 2);
            let sent = now();
            on.watch.eyes.look();
            self.place((at.0 - 1, at.1 - 1))?;
            self.place(at)?;
            let told = on.watch.until(SWEPT, |eyes| eyes.pointer(id, sent));
            if let Ok((x, y)) = told {
                // The last of both moves is what counts.
                std::thread::sleep(SWEPT);
                on.watch.eyes.look();
                let (x, y) = on.watch.eyes.pointer(id, sent).unwrap_or((x, y));
                let corner = |at: i32, inside: f64| at - (inside * seen.scale).floor() as i32;
                let origin = (corner(at.0, x), corner(at.1, y));
                self.origins.insert(id, origin);
                return Ok(Some(origin));
            }
        }
        Ok(None)
    }
}

impl Hands for XTest {
    fn to(&mut self, on: &mut On<'_, '_>, at: Place) -> Made<Option<u64>> {
        let seen = on.seen;
        let origin = self.origin(on, on.id, seen)?;
        let origin = origin.ok_or_else(|| format!("where the window {} is cannot be found out", seen.words()))?;
        let pixel = |at: i32| (f64::from(at) * seen.scale + seen.scale / 2.0).floor() as i32;
        let target = (origin.0 + pixel(at.0), origin.1 + pixel(at.1));
        on.watch.eyes.look();
        let (sent, stays) = (now(), self.pointer == Some(target));
        if !stays {
            self.place(target)?;
        }
        let inside = (0..seen.size.0).contains(&at.0) && (0..seen.size.1).contains(&at.1);
        if inside && self.uncover(on)? {
            // What it is in now is told when it is moved.
            self.place((target.0 - 1, target.1))?;
            self.place(target)?;
        } else if stays {
            return Ok(None);
        }
        Ok(Some(sent))
    }

    fn button(&mut self, _: &mut On<'_, '_>, number: u8, down: bool) -> Made {
        self.display.button(number, down).map_err(told)
    }

    fn wheel(&mut self, on: &mut On<'_, '_>, way: Way) -> Made {
        let number = match way {
            Way::Up => 4,
            Way::Down => 5,
            Way::Left => 6,
            Way::Right => 7,
        };
        self.button(on, number, true)?;
        self.button(on, number, false)
    }

    /// XTest has no fingers: the pointer does what the finger did.
    fn touch(&mut self, on: &mut On<'_, '_>, at: Place, _: u32, what: Finger) -> Made {
        self.to(on, at)?;
        match what {
            Finger::Begin => self.button(on, 1, true),
            Finger::Move => Ok(()),
            Finger::End => self.button(on, 1, false),
        }
    }

    fn focus(&mut self, on: &mut On<'_, '_>) -> Made {
        self.hand_over(on)
    }

    fn key(&mut self, _: &mut On<'_, '_>, keysym: u32, down: bool) -> Made {
        let (code, _) = self.key_for(keysym).map_err(told)?;
        self.display.key(code, down).map_err(told)
    }

    fn takes(&mut self, keysym: u32) -> Made<u8> {
        let (_, shift) = self.key_for(keysym).map_err(told)?;
        Ok(u8::from(shift && keysym_is_letter(keysym)))
    }

    fn disturbed(&self, eyes: &Eyes) -> Option<String> {
        self.strangers(eyes)
    }

    fn mended(&mut self) -> Vec<String> {
        std::mem::take(&mut self.mended)
    }
}

pub(super) fn told(error: Error) -> String {
    error.to_string()
}

/// Whether shift makes another letter of it; modifiers themselves are held as they are.
fn keysym_is_letter(keysym: u32) -> bool {
    !(0xff00..=0xffff).contains(&keysym)
}
