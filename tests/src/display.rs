//! A private X display with a private session bus, and settings that make pictures repeatable.
//!
//! It is much like the agent's `Stage`, and not made of it: the tests drive the agent as a program, and xtask, which is
//! built on this, installs the libraries that the agent is built with.
//!
//! There is no window manager: xdotool's moves and resizes reach windows directly, and places are predictable.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::error::{Context, Failure, Result};
use crate::process::{Guarded, tied};

/// Pixels of the display: wide enough for gtk4-widget-factory, which wants 1342.
pub const SIZE: (u32, u32) = (1600, 900);

/// A running Xvfb and session bus; both end when it is dropped.
#[derive(Debug)]
pub struct Display {
    name: String,
    bus: String,
    home: TempDir,
    _bus: Guarded,
    _server: Guarded,
}

impl Display {
    /// Starts the first display that is free.
    pub fn start() -> Result<Display> {
        Display::sized(SIZE)
    }

    /// The same of so many pixels.
    pub fn sized(size: (u32, u32)) -> Result<Display> {
        let home = TempDir::new().cannot("create a temporary folder")?;
        write_settings(home.path())?;
        let screen = format!("{}x{}x24", size.0, size.1);
        let (server, number) = spoken(
            "Xvfb",
            tied("Xvfb").args(["-displayfd", "1", "-screen", "0", &screen, "-nolisten", "tcp", "-noreset"]),
        )?;
        let name = format!(":{number}");
        let mut daemon = tied("dbus-daemon");
        // What the bus starts has its environment: the accessibility bus must be this display's alone.
        dress(&mut daemon, &name, home.path());
        let (bus_process, bus) = spoken("dbus-daemon", daemon.args(["--session", "--nofork", "--print-address=1"]))?;
        Ok(Display { name, bus, home, _bus: bus_process, _server: server })
    }

    /// What DISPLAY is set to.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A folder that lives as long as the display: home of the programs on it.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A command whose programs see this display, this bus, and no one's settings but ours.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        self.dress(&mut command);
        command
    }

    /// Gives a command the environment of this display.
    pub fn dress(&self, command: &mut Command) {
        dress(command, &self.name, self.home.path());
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.bus);
    }
}

/// The environment of a display, without a message bus.
fn dress(command: &mut Command, name: &str, home: &Path) {
    command
        .env("DISPLAY", name)
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_RUNTIME_DIR", home.join("run"))
        .env("GDK_BACKEND", "x11")
        .env("GSK_RENDERER", "cairo")
        .env("GSETTINGS_BACKEND", "memory")
        .env("GTK_A11Y", "none")
        .env("NO_AT_BRIDGE", "1")
        .env("GIO_USE_VFS", "local")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("GTK_MODULES")
        .env_remove("GTK_PATH")
        .env_remove("GDKRECORD")
        .env_remove("GDKRECORD_FILENAME");
}

/// Starts a server that says on its first line how it is to be reached.
fn spoken(name: &str, command: &mut Command) -> Result<(Guarded, String)> {
    let mut server = Guarded::spawn(name, command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
    let mut line = String::new();
    if let Some(stdout) = server.child().stdout.take() {
        BufReader::new(stdout).read_line(&mut line).cannot(format_args!("read what {name} says"))?;
    }
    match line.trim() {
        "" => Err(Failure::new(format!("{name} ended without saying how it is reached"))),
        said => {
            let said = said.to_owned();
            Ok((server, said))
        }
    }
}

/// Animations and the caret's blinking off: two pictures of the same state are the same.
fn write_settings(home: &Path) -> Result<()> {
    const SETTINGS: &str = "[Settings]\ngtk-enable-animations=false\ngtk-cursor-blink=false\n\
                            gtk-font-name=DejaVu Sans 10\n";
    for toolkit in ["gtk-3.0", "gtk-4.0"] {
        let folder = home.join("config").join(toolkit);
        fs::create_dir_all(&folder).cannot(format_args!("create {}", folder.display()))?;
        fs::write(folder.join("settings.ini"), SETTINGS).cannot("write settings.ini")?;
    }
    fs::write(home.join(".gtkrc-2.0"), "gtk-enable-animations=0\ngtk-cursor-blink=0\n").cannot("write .gtkrc-2.0")?;
    let run = home.join("run");
    fs::create_dir_all(&run).cannot(format_args!("create {}", run.display()))?;
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).cannot("protect the runtime folder")
}
