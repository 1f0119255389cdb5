//! What makes input: by XTest, as a person's on the display, or inside the program.

mod inside;
mod strangers;
mod xtest;

pub use inside::Inside;
pub use xtest::XTest;

use super::eyes::{Seen, WindowId};
use super::watch::Watch;
use super::{Asking, Eyes};
use crate::input::key::MODIFIERS;
use crate::input::{Finger, Place};

/// A window that input is made for, and by what it is reached.
pub struct On<'a, 'e> {
    /// Which.
    pub id: WindowId,
    /// What is known of it.
    pub seen: &'a Seen,
    /// Eyes on its program.
    pub watch: &'a mut Watch<'e>,
    /// By which its program is asked.
    pub asking: &'a mut Asking,
}

/// Where a wheel turns to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Up.
    Up,
    /// Down.
    Down,
    /// To the left.
    Left,
    /// To the right.
    Right,
}

/// Why input cannot be made, in a sentence's part.
pub type Made<T = ()> = Result<T, String>;

/// Makes input. Places are in application pixels from the window's left and top edge.
pub trait Hands {
    /// Moves the pointer. When, in nanoseconds of CLOCK_MONOTONIC; `None` where it is there already.
    fn to(&mut self, on: &mut On<'_, '_>, at: Place) -> Made<Option<u64>>;

    /// Presses a button where the pointer is, or lets go of it.
    fn button(&mut self, on: &mut On<'_, '_>, number: u8, down: bool) -> Made;

    /// Turns the wheel by a notch where the pointer is.
    fn wheel(&mut self, on: &mut On<'_, '_>, way: Way) -> Made;

    /// Does something with a finger.
    fn touch(&mut self, on: &mut On<'_, '_>, at: Place, finger: u32, what: Finger) -> Made;

    /// Gives the window the keyboard.
    fn focus(&mut self, on: &mut On<'_, '_>) -> Made;

    /// Presses a key or lets go of it, by its keysym.
    fn key(&mut self, on: &mut On<'_, '_>, keysym: u32, down: bool) -> Made;

    /// The modifiers (bits as in [`MODIFIERS`]) that have to be held for a key to mean a keysym.
    fn takes(&mut self, keysym: u32) -> Made<u8>;

    /// Presses a key or lets go of it, with modifiers held around it. What else has to be held is, too, unless
    /// `shifted` says that shift is held already. How many are held.
    fn stroke(&mut self, on: &mut On<'_, '_>, modifiers: u8, keysym: u32, down: bool, shifted: bool) -> Made<usize> {
        let modifiers = modifiers | if shifted { 0 } else { self.takes(keysym)? };
        let held = MODIFIERS.iter().filter(|(bit, ..)| modifiers & bit != 0).map(|&(_, _, modifier)| modifier);
        if down {
            for modifier in held {
                self.key(on, modifier, true)?;
            }
            self.key(on, keysym, true)?;
        } else {
            self.key(on, keysym, false)?;
            for modifier in held.rev() {
                self.key(on, modifier, false)?;
            }
        }
        Ok(modifiers.count_ones() as usize)
    }

    /// What others do this moment by which input does not come to where it should, in words.
    fn disturbed(&self, _: &Eyes) -> Option<String> {
        None
    }

    /// What others did, and was undone, since this was asked last: a line each.
    fn mended(&mut self) -> Vec<String> {
        Vec::new()
    }
}
