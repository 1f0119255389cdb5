//! A Wayland compositor on a private X display: weston in an X window, to which xdotool's input goes.

use std::fs;
use std::path::Path;

use crate::display::Display;
use crate::error::{Context, Result};
use crate::input::Pointer;
use crate::launch::Launch;
use crate::process::{Guarded, tied};
use crate::screen::Screen;
use crate::wait;

/// Pixels of the compositor's output, which lies at the display's left top corner.
///
/// It leaves a strip of the display free: only a pointer that comes from outside is where weston believes it is.
pub const SIZE: (i32, i32) = (1500, 850);

/// The name by which programs reach it.
const SOCKET: &str = "wayland-journey";

/// Nothing moves by itself and nothing but the program's windows is shown.
const SETTINGS: &str = "[core]\nidle-time=0\n[shell]\npanel-position=none\nlocking=false\nanimation=none\n\
                        startup-animation=none\nclose-animation=none\nbackground-color=0xff204060\n";

/// A running compositor; it ends when it is dropped.
#[derive(Debug)]
pub struct Compositor<'d> {
    display: &'d Display,
    empty: Screen,
    _server: Guarded,
}

impl<'d> Compositor<'d> {
    /// Starts it, and waits until it shows its background.
    pub fn start(display: &'d Display) -> Result<Compositor<'d>> {
        let settings = display.home().join("weston.ini");
        fs::write(&settings, SETTINGS).cannot("write weston.ini")?;
        // Weston draws its pointer at the corner until the display's comes in.
        Pointer::new(display).to(SIZE.0 + 60, 20).play()?;
        let bare = Screen::take(display)?;
        let mut command = tied("weston");
        display.dress(&mut command);
        command
            .args(["--backend=x11-backend.so", "--use-pixman"])
            .args([format!("--width={}", SIZE.0), format!("--height={}", SIZE.1)])
            .arg(option("--config=", &settings))
            .arg(format!("--socket={SOCKET}"))
            .arg(option("--log=", &display.home().join("weston.log")));
        let mut server = Guarded::spawn("weston", &mut command)?;
        // All but the pointer.
        let most = (SIZE.0 * SIZE.1 - 1000) as usize;
        let empty = wait::until("weston's background", || {
            if server.ended().is_some() {
                return Some(Err(crate::Failure::new("weston ended: see weston.log")));
            }
            let now = Screen::take(display).ok()?;
            (now.differing(&bare).count() >= most).then_some(Ok(now))
        })??;
        Ok(Compositor { display, empty, _server: server })
    }

    /// A program that opens its windows here.
    pub fn launch(&self, launch: Launch) -> Launch {
        launch.env("GDK_BACKEND", "wayland").env("WAYLAND_DISPLAY", SOCKET)
    }

    /// The box in which the display differs from the empty one: where windows are, and the pointer.
    pub fn windows(&self) -> Option<crate::Area> {
        Screen::take(self.display).ok()?.difference(&self.empty)
    }
}

fn option(name: &str, path: &Path) -> std::ffi::OsString {
    let mut option = std::ffi::OsString::from(name);
    option.push(path);
    option
}
