//! A display of its own for a replay, and an environment in which the same always looks the same.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::Display;
use crate::channel::Launch;
use crate::error::{Error, Result};
use crate::scratch::Scratch;
use crate::source::Tool;

/// How long a server may take until it says how it is reached.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is set for every toolkit, so that two pictures of the same state are the same.
const SETTINGS: &str = "[Settings]\ngtk-cursor-blink=false\ngtk-theme-name=Adwaita\ngtk-font-name=DejaVu Sans 10\n\
                        gtk-xft-dpi=98304\n";
const SETTINGS_2: &str = "gtk-cursor-blink = 0\n";
const STILL: &str = "gtk-enable-animations=false\n";
const STILL_2: &str = "gtk-enable-animations = 0\n";

/// Which display protocol the program speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Backend {
    /// X11.
    #[default]
    X11,
    /// Wayland: weston shows its output in a window of the display.
    Wayland,
}

/// The name of the compositor's socket, in the folder that the display has for itself.
const SOCKET: &str = "wayland-replay";
/// Pixels that the display is larger than the compositor's output: a pointer is where the compositor believes it to be
/// only once it has come in from outside.
const OUTSIDE: i32 = 60;
/// Nothing but the program's windows is shown, and nothing moves by itself.
const WESTON: &str = "[core]\nidle-time=0\n[shell]\npanel-position=none\nlocking=false\nanimation=none\n\
                      startup-animation=none\nclose-animation=none\nbackground-color=0xff303030\n[keyboard]\nrepeat-rate=0\n";

/// A display with nothing on it, its message bus, and empty folders for settings. All of it goes when it is dropped.
#[derive(Debug)]
pub struct Stage {
    display: String,
    bus: String,
    backend: Backend,
    home: Scratch,
    // What has windows goes before that on which they are.
    _compositor: Option<Tool>,
    _bus: Tool,
    _server: Tool,
}

impl Stage {
    /// Starts Xvfb of that size in pixels, a message bus, and the compositor where the program is to have one.
    /// `animated` leaves animations as they are.
    pub fn start(size: (i32, i32), backend: Backend, animated: bool) -> Result<Stage> {
        let outside = if backend == Backend::Wayland { OUTSIDE } else { 0 };
        let (width, height) = (size.0 + outside, size.1 + outside);
        let home = Scratch::new()?;
        settings(home.path(), animated)?;
        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0"]);
        xvfb.arg(format!("{width}x{height}x24"));
        let (server, number) = spoken("Xvfb", &mut xvfb, "apt install xvfb")?;
        let display = format!(":{number}");
        let mut daemon = Command::new("dbus-daemon");
        // What the bus starts has its environment.
        daemon.envs(environment(home.path(), &display));
        for name in CLEARED {
            daemon.env_remove(name);
        }
        daemon.args(["--session", "--nofork", "--print-address=1"]);
        let (bus_server, bus) = spoken("dbus-daemon", &mut daemon, "apt install dbus-daemon")?;
        let screen = Display::on(&display)?;
        screen.takes_input()?;
        screen.repeat_nothing()?;
        // Out of the way of every window, and out of the compositor's output before that is there.
        screen.park()?;
        let compositor = match backend {
            Backend::X11 => None,
            Backend::Wayland => Some(compositor(home.path(), &display, size)?),
        };
        Ok(Stage { display, bus, backend, home, _compositor: compositor, _bus: bus_server, _server: server })
    }

    /// What DISPLAY is.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Puts a program on it. Variables that were set for the program alone keep their values.
    pub fn dress(&self, launch: &mut Launch) {
        let own = std::mem::take(&mut launch.environment);
        for (name, value) in environment(self.home.path(), &self.display) {
            launch.set(name, value);
        }
        launch.set("DBUS_SESSION_BUS_ADDRESS", &self.bus);
        // To be empty is not to be unset: libadwaita leaves its own theme out where GTK_THEME is anything at all.
        launch.removed.extend(CLEARED.iter().map(Into::into));
        if self.backend == Backend::Wayland {
            launch.set("GDK_BACKEND", "wayland");
            launch.set("WAYLAND_DISPLAY", SOCKET);
        }
        launch.environment.extend(own);
    }
}

/// Variables of whoever starts the replay that would make a difference.
const CLEARED: &[&str] = &["WAYLAND_DISPLAY", "GTK_THEME", "GDK_SCALE", "GDK_DPI_SCALE", "GTK_MODULES", "GTK_PATH"];

/// The environment of programs on a display; `home` has their settings.
fn environment(home: &Path, display: &str) -> Vec<(&'static str, String)> {
    let folder = |name: &str| home.join(name).display().to_string();
    vec![
        ("DISPLAY", display.to_owned()),
        ("XDG_CONFIG_HOME", folder("config")),
        ("XDG_CACHE_HOME", folder("cache")),
        ("XDG_DATA_HOME", folder("data")),
        ("XDG_STATE_HOME", folder("state")),
        ("XDG_RUNTIME_DIR", folder("run")),
        ("GTK2_RC_FILES", folder("gtkrc-2.0")),
        ("GSETTINGS_BACKEND", "memory".to_owned()),
        ("GDK_BACKEND", "x11".to_owned()),
        ("GSK_RENDERER", "cairo".to_owned()),
        ("LC_ALL", "C.UTF-8".to_owned()),
        ("NO_AT_BRIDGE", "1".to_owned()),
        ("GTK_A11Y", "none".to_owned()),
    ]
}

fn settings(home: &Path, animated: bool) -> Result<()> {
    let (mut text, mut text_2) = (SETTINGS.to_owned(), SETTINGS_2.to_owned());
    if !animated {
        text.push_str(STILL);
        text_2.push_str(STILL_2);
    }
    let write = |path: &Path, text: &str| fs::write(path, text).map_err(Error::file("write", path));
    for toolkit in ["gtk-3.0", "gtk-4.0"] {
        let folder = home.join("config").join(toolkit);
        fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
        write(&folder.join("settings.ini"), &text)?;
    }
    write(&home.join("gtkrc-2.0"), &text_2)?;
    let run = home.join("run");
    fs::create_dir_all(&run).map_err(Error::file("create", &run))?;
    // The specification wants it to be nobody else's.
    fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).map_err(Error::file("protect", &run))
}

/// Starts the compositor, and waits until programs can reach it.
fn compositor(home: &Path, display: &str, (width, height): (i32, i32)) -> Result<Tool> {
    let config = home.join("weston.ini");
    fs::write(&config, WESTON).map_err(Error::file("write", &config))?;
    let mut command = Command::new("weston");
    command.envs(environment(home, display)).args(["--backend=x11-backend.so", "--use-pixman"]);
    command.args([format!("--width={width}"), format!("--height={height}"), format!("--socket={SOCKET}")]);
    command.arg(format!("--config={}", config.display()));
    let mut weston = Tool::start("weston", &mut command, Signal::SIGTERM, "apt install weston")?;
    let socket = home.join("run").join(SOCKET);
    weston.wait_until(PATIENCE, &mut || std::os::unix::net::UnixStream::connect(&socket).is_ok())?;
    Ok(weston)
}

/// Starts a server that says on its first line how it is reached.
fn spoken(name: &'static str, command: &mut Command, remedy: &str) -> Result<(Tool, String)> {
    let mut server = Tool::start(name, command, Signal::SIGTERM, remedy)?;
    let mut said = String::new();
    server.wait_for_output(PATIENCE, &mut |line| {
        if said.is_empty() {
            line.trim().clone_into(&mut said);
        }
        !said.is_empty()
    })?;
    Ok((server, said))
}
