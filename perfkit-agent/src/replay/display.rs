//! An X display: where its windows are, how it looks, and what can be done to it.

use x11rb::connection::Connection;
use x11rb::properties::WmSizeHints;
use x11rb::protocol::xproto::{
    self, AutoRepeatMode, ChangeKeyboardControlAux, ConfigureWindowAux, ConnectionExt as _, ImageFormat, InputFocus,
    StackMode, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::error::{Error, Result};

/// A connection to a display.
pub struct Display {
    connection: RustConnection,
    root: Window,
    name: String,
}

impl Display {
    /// Connects.
    pub fn on(name: &str) -> Result<Display> {
        let wrong = |why: String| Error::Invalid(format!("cannot reach display {name}: {why}"));
        let (connection, screen) = x11rb::connect(Some(name)).map_err(|error| wrong(error.to_string()))?;
        let root = connection.setup().roots[screen].root;
        Ok(Display { connection, root, name: name.to_owned() })
    }

    fn failed(&self, error: impl std::fmt::Display) -> Error {
        Error::Invalid(format!("display {} does not answer: {error}", self.name))
    }

    /// Refuses a server that takes no input from programs.
    pub fn takes_input(&self) -> Result<()> {
        let version = self.connection.xtest_get_version(2, 2).map_err(|error| self.failed(error))?;
        let without =
            |_| Error::Invalid(format!("cannot make input on display {}: its server has no XTest", self.name));
        version.reply().map(drop).map_err(without)
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

    /// Moves it out of the way of every window, to where nothing is.
    pub fn park(&self) -> Result<()> {
        self.to((i32::from(i16::MAX), i32::from(i16::MAX)))
    }

    /// Presses a button or lets go of it.
    pub fn button(&self, number: u8, down: bool) -> Result<()> {
        let kind = if down { xproto::BUTTON_PRESS_EVENT } else { xproto::BUTTON_RELEASE_EVENT };
        self.fake(kind, number, (0, 0))
    }

    /// Presses a key or lets go of it, by its number.
    pub fn key(&self, code: u8, down: bool) -> Result<()> {
        let kind = if down { xproto::KEY_PRESS_EVENT } else { xproto::KEY_RELEASE_EVENT };
        self.fake(kind, code, (0, 0))
    }

    /// What its keys mean: the number of the first, how many meanings each has, and those, one key after the other.
    pub fn keys(&self) -> Result<(u8, u8, Vec<u32>)> {
        let setup = self.connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let asked =
            self.connection.get_keyboard_mapping(first, last - first + 1).map_err(|error| self.failed(error))?;
        let map = asked.reply().map_err(|error| self.failed(error))?;
        Ok((first, map.keysyms_per_keycode, map.keysyms))
    }

    /// Has a key mean a keysym.
    pub fn means(&self, code: u8, keysym: u32) -> Result<()> {
        let changed = self.connection.change_keyboard_mapping(1, code, 2, &[keysym, keysym]);
        changed.map_err(|error| self.failed(error))?.check().map_err(|error| self.failed(error))
    }

    /// What DISPLAY is.
    pub fn name(&self) -> &str {
        &self.name
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

    /// The window that has the keyboard; none where nobody has, or whoever is under the pointer.
    pub fn focused(&self) -> Option<Window> {
        let focus = self.connection.get_input_focus().ok()?.reply().ok()?.focus;
        let nobody = [self.root, u8::from(InputFocus::NONE).into(), u8::from(InputFocus::POINTER_ROOT).into()];
        (!nobody.contains(&focus)).then_some(focus)
    }

    /// Gives a window the keyboard: there is no window manager that would.
    pub fn focus(&self, window: Window) -> Result<()> {
        let set = self.connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME);
        set.map_err(|error| self.failed(error))?;
        // The window may go this moment; then the step says so.
        self.connection.flush().map_err(|error| self.failed(error))
    }

    /// The windows under the pointer, each in the one before it.
    pub fn under(&self) -> Vec<Window> {
        let inside = |window: Window| Some(self.connection.query_pointer(window).ok()?.reply().ok()?.child);
        let some = |window: &Window| *window != x11rb::NONE;
        std::iter::successors(inside(self.root).filter(some), |window| inside(*window).filter(some)).collect()
    }

    /// Whether two windows are of the same program: each numbers its windows in a range of its own.
    pub fn together(&self, one: Window, other: Window) -> bool {
        (one ^ other) & !self.connection.setup().resource_id_mask == 0
    }

    /// What a window is called; empty where it has no name.
    pub fn title(&self, window: Window) -> String {
        let (property, kind) = (xproto::AtomEnum::WM_NAME, xproto::AtomEnum::ANY);
        let asked = self.connection.get_property(false, window, property, kind, 0, 1000).ok();
        let name = asked.and_then(|asked| asked.reply().ok()).map(|name| name.value);
        String::from_utf8_lossy(&name.unwrap_or_default()).into_owned()
    }

    /// Puts a window above all others.
    pub fn raise(&self, window: Window) -> Result<()> {
        let above = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
        self.connection.configure_window(window, &above).map_err(|error| self.failed(error))?;
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
