//! Input to an X display, by XTest: the pointer, buttons and keys as a person's.

use std::time::Duration;

use x11rb::connection::Connection;
use x11rb::properties::WmSizeHints;
use x11rb::protocol::xproto::{
    self, AutoRepeatMode, ChangeKeyboardControlAux, ConfigureWindowAux, ConnectionExt as _, ImageFormat, InputFocus,
    MapState, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::error::{Error, Result};
use crate::input::key::MODIFIERS;

/// A key that has another meaning put upon it needs so long until programs have heard of it.
const HEARD: Duration = Duration::from_millis(100);

/// A connection to a display whose input it makes.
pub struct Hands {
    connection: RustConnection,
    root: Window,
    name: String,
    keymap: Keymap,
}

/// What the keys of a keyboard mean.
struct Keymap {
    first: u8,
    /// Meanings of each key, one after the other.
    per_key: usize,
    keysyms: Vec<u32>,
}

impl Keymap {
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

impl Hands {
    /// Connects to a display that has XTest.
    pub fn on(name: &str) -> Result<Hands> {
        let wrong = |why: String| Error::Invalid(format!("cannot make input on display {name}: {why}"));
        let (connection, screen) = x11rb::connect(Some(name)).map_err(|error| wrong(error.to_string()))?;
        let root = connection.setup().roots[screen].root;
        let version = connection.xtest_get_version(2, 2).map_err(|error| wrong(error.to_string()))?;
        version.reply().map_err(|_| wrong("its server has no XTest".to_owned()))?;
        let mut hands =
            Hands { connection, root, name: name.to_owned(), keymap: Keymap { first: 8, per_key: 1, keysyms: vec![] } };
        hands.read_keymap()?;
        Ok(hands)
    }

    fn failed(&self, error: impl std::fmt::Display) -> Error {
        Error::Invalid(format!("display {} does not answer: {error}", self.name))
    }

    fn read_keymap(&mut self) -> Result<()> {
        let setup = self.connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let asked =
            self.connection.get_keyboard_mapping(first, last - first + 1).map_err(|error| self.failed(error))?;
        let map = asked.reply().map_err(|error| self.failed(error))?;
        self.keymap = Keymap { first, per_key: map.keysyms_per_keycode.into(), keysyms: map.keysyms };
        Ok(())
    }

    fn fake(&self, kind: u8, detail: u8, (x, y): (i32, i32)) -> Result<()> {
        let (x, y) = (x as i16, y as i16);
        let sent = self.connection.xtest_fake_input(kind, detail, 0, self.root, x, y, 0);
        sent.map_err(|error| self.failed(error))?;
        self.connection.flush().map_err(|error| self.failed(error))
    }

    /// Moves the pointer to a place of the display, in its pixels.
    pub fn to(&self, at: (i32, i32)) -> Result<()> {
        self.fake(xproto::MOTION_NOTIFY_EVENT, 0, at)
    }

    /// Presses a button or lets go of it.
    pub fn button(&self, number: u8, down: bool) -> Result<()> {
        let kind = if down { xproto::BUTTON_PRESS_EVENT } else { xproto::BUTTON_RELEASE_EVENT };
        self.fake(kind, number, (0, 0))
    }

    fn key(&self, code: u8, down: bool) -> Result<()> {
        let kind = if down { xproto::KEY_PRESS_EVENT } else { xproto::KEY_RELEASE_EVENT };
        self.fake(kind, code, (0, 0))
    }

    /// The key for a keysym, and whether shift has to be held. Where no key means that, one is made to.
    pub fn key_for(&mut self, keysym: u32) -> Result<(u8, bool)> {
        if let Some(found) = self.keymap.find(keysym) {
            return Ok(found);
        }
        let no_key = || Error::Invalid(format!("the keyboard of display {} has no key left", self.name));
        let code = self.keymap.spare().ok_or_else(no_key)?;
        let meanings = [keysym, keysym];
        let changed = self.connection.change_keyboard_mapping(1, code, 2, &meanings);
        changed.map_err(|error| self.failed(error))?.check().map_err(|error| self.failed(error))?;
        self.read_keymap()?;
        std::thread::sleep(HEARD);
        Ok((code, false))
    }

    /// Presses the key of a keysym or lets go of it, with modifiers (bits as in [`MODIFIERS`]) held around it.
    /// Shift is held where it takes that to mean it, unless `shifted` says that it is held already.
    pub fn stroke(&mut self, modifiers: u8, keysym: u32, down: bool, shifted: bool) -> Result<()> {
        let (code, shift) = self.key_for(keysym)?;
        let modifiers = modifiers | u8::from(shift && !shifted && keysym_is_letter(keysym));
        let mut held = Vec::new();
        for &(_, _, modifier) in MODIFIERS.iter().filter(|(bit, ..)| modifiers & bit != 0) {
            held.push(self.key_for(modifier)?.0);
        }
        if down {
            held.iter().try_for_each(|&modifier| self.key(modifier, true))?;
            self.key(code, true)
        } else {
            self.key(code, false)?;
            held.iter().rev().try_for_each(|&modifier| self.key(modifier, false))
        }
    }

    /// Has keys that are held pressed once: how often they are repeated would depend on how busy the machine is.
    pub fn repeat_nothing(&self) -> Result<()> {
        let off = ChangeKeyboardControlAux::new().auto_repeat_mode(AutoRepeatMode::OFF);
        let set = self.connection.change_keyboard_control(&off).map_err(|error| self.failed(error))?;
        set.check().map_err(|error| self.failed(error))
    }

    /// Where a window's left top corner is on the display.
    pub fn origin(&self, window: Window) -> Option<(i32, i32)> {
        let asked = self.connection.translate_coordinates(window, self.root, 0, 0).ok()?;
        asked.reply().ok().map(|at| (at.dst_x.into(), at.dst_y.into()))
    }

    /// Its width and height in pixels, where it is shown.
    pub fn size(&self, window: Window) -> Option<(i32, i32)> {
        let shown = self.connection.get_window_attributes(window).ok()?.reply().ok()?.map_state;
        let size = self.connection.get_geometry(window).ok()?.reply().ok()?;
        (shown == MapState::VIEWABLE).then_some((size.width.into(), size.height.into()))
    }

    /// Gives a window the keyboard, where it has it not: there is no window manager that would.
    pub fn focus(&self, window: Window) -> Result<()> {
        let asked = self.connection.get_input_focus().map_err(|error| self.failed(error))?;
        let focused = asked.reply().map_err(|error| self.failed(error))?.focus;
        if focused == window {
            return Ok(());
        }
        let set = self.connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME);
        set.map_err(|error| self.failed(error))?;
        // The window may go this moment; then the step says so.
        self.connection.flush().map_err(|error| self.failed(error))
    }

    /// Whether the display answers.
    pub fn answered(&self) -> bool {
        self.connection.get_input_focus().is_ok_and(|asked| asked.reply().is_ok())
    }

    /// The least width and height that a window says it can have.
    pub fn least(&self, window: Window) -> (i32, i32) {
        let asked = WmSizeHints::get_normal_hints(&self.connection, window).ok();
        let hints = asked.and_then(|asked| asked.reply().ok()).flatten();
        hints.and_then(|hints| hints.min_size).unwrap_or((1, 1))
    }

    /// Gives a window a size.
    pub fn resize(&self, window: Window, (width, height): (i32, i32)) -> Result<()> {
        let size = ConfigureWindowAux::new().width(width as u32).height(height as u32);
        self.connection.configure_window(window, &size).map_err(|error| self.failed(error))?;
        self.connection.flush().map_err(|error| self.failed(error))
    }

    /// A picture of all of the display.
    pub fn picture(&self) -> Result<cairo::ImageSurface> {
        let asked = self.connection.get_geometry(self.root).map_err(|error| self.failed(error))?;
        let size = asked.reply().map_err(|error| self.failed(error))?;
        let asked =
            self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, 0, 0, size.width, size.height, u32::MAX);
        let image = asked.map_err(|error| self.failed(error))?.reply().map_err(|error| self.failed(error))?;
        let (width, height) = (i32::from(size.width), i32::from(size.height));
        // Xvfb of 24 bits gives four bytes a pixel, as cairo has them.
        let stride = width * 4;
        if image.data.len() != (stride * height) as usize {
            return Err(self.failed("its pixels are not of 24 bits"));
        }
        cairo::ImageSurface::create_for_data(image.data, cairo::Format::Rgb24, width, height, stride)
            .map_err(|error| self.failed(error))
    }
}

/// Whether shift makes another letter of it; modifiers themselves are held as they are.
fn keysym_is_letter(keysym: u32) -> bool {
    !(0xff00..=0xffff).contains(&keysym)
}
