//! A script of input: what somebody did with a program, step by step, to be read, edited and played again.
//!
//! [`of_session`] takes it from a recording, [`text`] is how people see it (INPUT.md specifies that), and `replay`
//! plays it.

pub mod key;
mod recorded;
mod text;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use crate::error::Error;

pub use key::Key;
pub use recorded::{Recorded, of_session, recorded};

/// What was done with a program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// The program and its arguments, as they were started.
    pub program: Vec<String>,
    /// Its toolkit and version, for people; may be empty.
    pub toolkit: String,
    /// Width and height of the display that the windows need, in pixels.
    pub display: (i32, i32),
    /// The windows that steps name.
    pub windows: Vec<Window>,
    /// What was done, in order.
    pub steps: Vec<Step>,
}

/// A window that input goes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// How steps call it.
    pub name: String,
    /// Whether it is a menu, popover or tooltip and not a top-level.
    pub popup: bool,
    /// The class of the widget that owns it.
    pub class: String,
    /// What its title bar says; may be empty.
    pub title: String,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// How long after the step before; whole microseconds.
    pub after: Duration,
    /// The window's name.
    pub window: String,
    /// What is done.
    pub action: Action,
    /// The widget that it was done to, where that is known.
    pub widget: Option<Widget>,
}

/// What is done. Places are in a window, in application pixels from its top left corner.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Waits until the window is there with that width and height, and has drawn what it has to.
    WaitFor((i32, i32)),
    /// Moves the pointer.
    Move(Place),
    /// Presses a button: 1 is the left one, 2 the middle one, 3 the right one.
    Press(Place, u8),
    /// Lets go of it.
    Release(Place, u8),
    /// A key.
    Key(Key, Stroke),
    /// Turns the wheel by so many notches to the right and down; fingers on a touchpad give parts of one.
    Scroll(Place, (f64, f64)),
    /// A finger on a touch screen, which of them, and what it does.
    Touch(Place, u32, Finger),
}

/// Application pixels from a window's left and top edge.
pub type Place = (i32, i32);

/// What becomes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// It is pressed and let go after that time; whole microseconds.
    Tap(Duration),
    /// It is pressed.
    Down,
    /// It is let go.
    Up,
}

/// What a finger does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finger {
    /// It touches the screen.
    Begin,
    /// It moves on it.
    Move,
    /// It leaves it.
    End,
}

/// The widget that a step was done to, by all that is known to find it again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Widget {
    /// Its class.
    pub class: String,
    /// The text that it shows; may be empty.
    pub label: String,
    /// Its id in the user interface description, or the name that the application gave it; may be empty.
    pub name: String,
    /// Left, top, width and height in its window.
    pub area: (i32, i32, i32, i32),
    /// Its class and those of all that it lies in, with their places: `GtkWindow/GtkBox[0]/GtkButton[2]`.
    pub path: String,
}

impl Script {
    /// Reads a script; an error names the line.
    pub fn parse(text: &str) -> Result<Script, String> {
        text::parse(text).map_err(|(line, why)| format!("line {line}: {why}"))
    }

    /// The same for who shows the line, counted from 1, and says what is wrong with it.
    pub fn check(text: &str) -> Result<Script, (usize, String)> {
        text::parse(text)
    }

    /// The script of a file.
    pub fn read(path: &Path) -> crate::Result<Script> {
        Script::tidied(path).map(|(script, _)| script)
    }

    /// The script of a file, and its text tidied: each line as this program writes it, with all comments.
    pub fn tidied(path: &Path) -> crate::Result<(Script, String)> {
        let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
        let wrong = |(line, why)| Error::Invalid(format!("{}, line {line}: {why}", path.display()));
        text::tidy(&text).map_err(wrong)
    }

    /// The window of that name.
    pub fn window(&self, name: &str) -> Option<&Window> {
        self.windows.iter().find(|window| window.name == name)
    }

    /// How many of its keys were not kept: none of them can be played.
    pub fn untold(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step.action, Action::Key(Key::Untold, _))).count()
    }

    /// How long it takes as it was recorded.
    pub fn length(&self) -> Duration {
        let held = |step: &Step| match step.action {
            Action::Key(_, Stroke::Tap(held)) => held,
            _ => Duration::ZERO,
        };
        self.steps.iter().map(|step| step.after + held(step)).sum()
    }
}

impl Step {
    /// What is done, and to what, in a few words.
    pub fn words(&self) -> String {
        let what = match &self.action {
            Action::WaitFor(_) => "wait for".to_owned(),
            Action::Move(_) => "move to".to_owned(),
            Action::Press(_, button) => format!("press {button} on"),
            Action::Release(_, button) => format!("release {button} on"),
            Action::Key(key, Stroke::Tap(_)) => format!("key {key} in"),
            Action::Key(key, Stroke::Down) => format!("key {key} down in"),
            Action::Key(key, Stroke::Up) => format!("key {key} up in"),
            Action::Scroll(..) => "scroll".to_owned(),
            Action::Touch(..) => "touch".to_owned(),
        };
        match &self.widget {
            Some(widget) => format!("{what} {}", widget.words()),
            None => format!("{what} {}", self.window),
        }
    }
}

impl Widget {
    /// It in a few words: its class, and what it shows or is called.
    pub fn words(&self) -> String {
        let Widget { class, label, name, .. } = self;
        match (label.is_empty(), name.is_empty()) {
            (false, _) => format!("{class} “{label}”"),
            (true, false) => format!("{class} {name}"),
            (true, true) => class.clone(),
        }
    }
}

impl fmt::Display for Step {
    /// The step's line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write_step(self, f)
    }
}

impl fmt::Display for Script {
    /// The script as text; what [`Script::parse`] makes of it is equal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write(self, f)
    }
}
