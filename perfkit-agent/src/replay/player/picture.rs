//! Pictures of the display: of the end, and of what could not be done.

use std::time::{Duration, Instant};

use super::Player;
use crate::error::{Error, Result};
use crate::replay::Display;
use crate::replay::watch::{BUSY, Watch};

/// From one picture to the next.
const REST: Duration = Duration::from_millis(150);

/// GTK 4 shows which widget has the keyboard for some 3 s after the last key, by a timer that counts whole seconds. What
/// is to be seen of it at the end would depend on how fast the script was played.
const RING: Duration = Duration::from_secs(4);

impl Player<'_> {
    /// Waits until the program looks as it does however fast the script was played.
    pub(super) fn rest(&mut self, watch: &mut Watch<'_>) {
        if let Some(keyed) = self.keyed {
            watch.look_until(keyed + RING);
        }
        self.settle(watch);
    }

    /// A picture of the display once two in a row are the same; one that is never at rest is taken as it is.
    fn at_rest(display: &Display) -> Result<cairo::ImageSurface> {
        let begun = Instant::now();
        let mut before = display.picture()?;
        loop {
            std::thread::sleep(REST);
            let mut picture = display.picture()?;
            let pixels = |picture: &mut cairo::ImageSurface| picture.data().map(|data| data.to_vec()).ok();
            if pixels(&mut picture) == pixels(&mut before) || begun.elapsed() > BUSY {
                return Ok(picture);
            }
            before = picture;
        }
    }

    /// Keeps a picture of the display. That there is none is told with the rest.
    pub(super) fn keep_picture(&mut self) {
        let (Some(path), Some(display)) = (self.picture.take(), &self.display) else { return };
        let kept = Player::at_rest(display).and_then(|picture| {
            let mut file = std::fs::File::create(&path).map_err(Error::file("write", &path))?;
            let wrong = |error: cairo::IoError| Error::Invalid(format!("cannot write {}: {error}", path.display()));
            picture.write_to_png(&mut file).map_err(wrong)
        });
        match kept {
            Ok(()) => self.account.picture = Some(path),
            Err(error) => self.account.notes.push(error.to_string()),
        }
    }
}
