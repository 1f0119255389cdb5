//! Windows and scripted input on a private display, through xdotool (XTest).

use std::process::Command;

use crate::display::Display;
use crate::error::{Context, Failure, Result};
use crate::process::{run, stdout_of};
use crate::programs::compiled;
use crate::wait;

/// An X window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(pub u64);

/// A window's place and size in pixels of the display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Geometry {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

impl Window {
    /// The top-level windows that are mapped, in stacking order.
    pub fn visible(display: &Display) -> Vec<Window> {
        let search = ["search", "--onlyvisible", "--maxdepth", "1", "--name", ".*"];
        let found = stdout_of(display.command("xdotool").args(search)).unwrap_or_default();
        let windows = found.lines().filter_map(|line| line.parse().ok()).map(Window);
        // The root is found too, and so are GTK's one-pixel helpers.
        windows
            .filter(|window| window.geometry(display).is_ok_and(|g| g.width > 10 && window.pid(display).is_ok()))
            .collect()
    }

    /// Where it is.
    pub fn geometry(self, display: &Display) -> Result<Geometry> {
        let text = stdout_of(xdotool(display).args(["getwindowgeometry", "--shell", &self.0.to_string()]))?;
        let number = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            value.and_then(|value| value.parse().ok()).ok_or_else(|| Failure::new(format!("xdotool gave no {name}")))
        };
        Ok(Geometry { x: number("X")?, y: number("Y")?, width: number("WIDTH")?, height: number("HEIGHT")? })
    }

    /// The process that owns it.
    pub fn pid(self, display: &Display) -> Result<i32> {
        let text = stdout_of(xdotool(display).args(["getwindowpid", &self.0.to_string()]))?;
        text.parse().cannot("read a window's process id")
    }

    /// Its title.
    pub fn title(self, display: &Display) -> Result<String> {
        stdout_of(xdotool(display).args(["getwindowname", &self.0.to_string()]))
    }

    /// Gives it a size, and waits until the server says that it has it.
    pub fn resize(self, display: &Display, width: i32, height: i32) -> Result<Geometry> {
        let (id, w, h) = (self.0.to_string(), width.to_string(), height.to_string());
        run(xdotool(display).args(["windowsize", &id, &w, &h]))?;
        wait::until("the window's new size", || {
            self.geometry(display).ok().filter(|now| (now.width, now.height) == (width, height))
        })
    }

    /// Gives the keyboard to the uppermost window where none has it, as a window manager does when a dialog closes.
    pub fn focus_any(display: &Display) -> Result<()> {
        let windows = Window::visible(display);
        let has_it = stdout_of(xdotool(display).arg("getwindowfocus")).ok().and_then(|id| id.parse().ok()).map(Window);
        match windows.last() {
            Some(last) if !has_it.is_some_and(|window| windows.contains(&window)) => {
                run(xdotool(display).args(["windowfocus", "--sync", &last.0.to_string()])).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Moves it to a place of the display, and waits until it is there.
    pub fn place(self, display: &Display, x: i32, y: i32) -> Result<()> {
        let (id, left, top) = (self.0.to_string(), x.to_string(), y.to_string());
        run(xdotool(display).args(["windowmove", &id, &left, &top]))?;
        wait::until("the window's new place", || {
            self.geometry(display).ok().filter(|now| (now.x, now.y) == (x, y)).map(drop)
        })
    }

    /// Sends WM_DELETE_WINDOW, as the close button of a window manager does.
    pub fn ask_to_close(self, display: &Display) -> Result<()> {
        // xdotool of Debian 12 can only destroy a window or kill its owner.
        run(display.command(compiled("ask-to-close", &["x11"])?).arg(self.0.to_string())).map(drop)
    }
}

fn xdotool(display: &Display) -> Command {
    display.command("xdotool")
}

/// A chain of input, given to the server by one xdotool in order.
#[derive(Debug)]
pub struct Pointer<'d> {
    display: &'d Display,
    words: Vec<String>,
}

impl<'d> Pointer<'d> {
    /// An empty chain.
    pub fn new(display: &'d Display) -> Pointer<'d> {
        Pointer { display, words: Vec::new() }
    }

    fn push<const N: usize>(mut self, words: [String; N]) -> Pointer<'d> {
        self.words.extend(words);
        self
    }

    /// Moves the pointer to a place of the display.
    pub fn to(self, x: i32, y: i32) -> Pointer<'d> {
        self.push(["mousemove".into(), x.to_string(), y.to_string()])
    }

    /// Presses and releases a button: 1 left, 2 middle, 3 right, 4 and 5 the wheel.
    pub fn click(self, button: u8) -> Pointer<'d> {
        self.push(["click".into(), button.to_string()])
    }

    /// Presses a button and holds it.
    pub fn press(self, button: u8) -> Pointer<'d> {
        self.push(["mousedown".into(), button.to_string()])
    }

    /// Lets go of a button.
    pub fn release(self, button: u8) -> Pointer<'d> {
        self.push(["mouseup".into(), button.to_string()])
    }

    /// Presses a key and holds it.
    pub fn hold(self, name: &str) -> Pointer<'d> {
        self.push(["keydown".into(), name.to_owned()])
    }

    /// Lets go of a key.
    pub fn let_go(self, name: &str) -> Pointer<'d> {
        self.push(["keyup".into(), name.to_owned()])
    }

    /// Types a text.
    pub fn text(self, text: &str) -> Pointer<'d> {
        // `type` takes all words that follow as text, so the text is typed key by key.
        text.chars().fold(self, |chain, letter| {
            let name = match letter {
                ' ' => "space".to_owned(),
                '+' => "plus".to_owned(),
                '=' => "equal".to_owned(),
                '*' => "asterisk".to_owned(),
                '/' => "slash".to_owned(),
                '.' => "period".to_owned(),
                '-' => "minus".to_owned(),
                '_' => "underscore".to_owned(),
                other => other.to_string(),
            };
            chain.key(&name)
        })
    }

    /// Presses and releases a key by its X name, with modifiers: `ctrl+a`.
    pub fn key(self, name: &str) -> Pointer<'d> {
        self.push(["key".into(), name.to_owned()])
    }

    /// Lets time pass between two inputs, as a person does: this is the input's own timing, not waiting for an effect.
    pub fn pause(self, milliseconds: u32) -> Pointer<'d> {
        self.push(["sleep".into(), format!("{:.3}", f64::from(milliseconds) / 1000.0)])
    }

    /// Gives it all to the server.
    pub fn play(self) -> Result<()> {
        run(xdotool(self.display).args(&self.words)).map(drop)
    }
}
