//! Input that the recorder makes inside the program: its display, and the pointer there, know nothing of it.

use gdkrecord::writer::now;

use super::{Hands, Made, On, Way};
use crate::input::{Finger, Place};
use crate::replay::eyes::WindowId;
use crate::replay::watch::PATIENCE;

/// A hand in the program.
#[derive(Debug, Default)]
pub struct Inside {
    /// Where the pointer is for it.
    pointer: Option<(WindowId, Place)>,
}

impl Inside {
    /// Has the recorder do something, in the words that its `control` knows, to which the window's number is added.
    fn put(on: &mut On<'_, '_>, verb: &str, words: &str) -> Made {
        let (pid, window) = on.id;
        let asking = &mut *on.asking;
        if !asking.say(pid, &format!("{verb}\t{window}\t{words}")) {
            return Err("the recorder in the program cannot be asked for input".to_owned());
        }
        let answer = on.watch.until(PATIENCE, |_| asking.hear(pid));
        let answer = answer.map_err(|why| {
            asking.give_up(pid);
            why.of("the program did not take it")
        })?;
        match answer.split_once('\t') {
            None if answer == "done" => Ok(()),
            Some(("cannot", why)) => Err(why.to_owned()),
            _ => Err("the recorder in the program is another version's: it makes no input".to_owned()),
        }
    }

    /// The same for the place at which the pointer is.
    fn there(&self, on: &mut On<'_, '_>, verb: &str, words: &str) -> Made {
        let at = self.pointer.filter(|(id, _)| *id == on.id);
        let (_, (x, y)) = at.ok_or("the pointer is not in the window")?;
        Inside::put(on, verb, &format!("{x}\t{y}\t{words}"))
    }
}

impl Hands for Inside {
    fn to(&mut self, on: &mut On<'_, '_>, at: Place) -> Made<Option<u64>> {
        if self.pointer == Some((on.id, at)) {
            return Ok(None);
        }
        let sent = now();
        Inside::put(on, "move", &format!("{}\t{}", at.0, at.1))?;
        self.pointer = Some((on.id, at));
        Ok(Some(sent))
    }

    fn button(&mut self, on: &mut On<'_, '_>, number: u8, down: bool) -> Made {
        self.there(on, if down { "press" } else { "release" }, &number.to_string())
    }

    fn wheel(&mut self, on: &mut On<'_, '_>, way: Way) -> Made {
        let way = match way {
            Way::Up => "up",
            Way::Down => "down",
            Way::Left => "left",
            Way::Right => "right",
        };
        self.there(on, "wheel", way)
    }

    fn touch(&mut self, on: &mut On<'_, '_>, (x, y): Place, finger: u32, what: Finger) -> Made {
        let what = match what {
            Finger::Begin => "begin",
            Finger::Move => "move",
            Finger::End => "end",
        };
        Inside::put(on, "touch", &format!("{x}\t{y}\t{finger}\t{what}"))
    }

    /// The recorder does so with the first key.
    fn focus(&mut self, _: &mut On<'_, '_>) -> Made {
        Ok(())
    }

    fn key(&mut self, on: &mut On<'_, '_>, keysym: u32, down: bool) -> Made {
        Inside::put(on, "key", &format!("{keysym}\t{}", if down { "down" } else { "up" }))
    }

    /// A key comes with all that it takes.
    fn takes(&mut self, _: u32) -> Made<u8> {
        Ok(0)
    }
}
