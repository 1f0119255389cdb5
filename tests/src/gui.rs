//! The graphical program under test: started on a private display with a message bus and an accessibility bus of its
//! own, looked at and acted on as assistive technology does, and driven by real keys and the pointer.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::display::Display;
use crate::error::{Context, Failure, Result};
use crate::input::{Pointer, Window};
use crate::process::Guarded;
use crate::programs::script;
use crate::screen::{self, Area};
use crate::{bins, wait};

/// A widget, as assistive technology sees it.
#[derive(Clone, Debug, Deserialize)]
pub struct Widget {
    /// Its number in the tree that was looked at last.
    pub id: usize,
    /// The number of what it is in; none for the program.
    pub parent: Option<usize>,
    /// What it is: "push button".
    pub role: String,
    /// What it is called; the name of its type where nobody gave it one.
    pub name: String,
    /// What more is said of it.
    pub description: String,
    /// "focused", "checked", "sensitive" …
    pub states: Vec<String>,
    /// Left, top, width and height in its window.
    #[serde(rename = "box")]
    pub place: Option<[i32; 4]>,
    /// The number that it shows.
    pub value: Option<f64>,
    /// The text in it.
    pub text: Option<String>,
}

impl Widget {
    /// Whether it has this state.
    pub fn is(&self, state: &str) -> bool {
        self.states.iter().any(|known| known == state)
    }

    /// Whether it takes up any room.
    pub fn has_room(&self) -> bool {
        self.place.is_some_and(|[_, _, width, height]| width > 0 && height > 0)
    }

    /// Whether somebody gave it a name: GTK names what has none by its type.
    pub fn is_named(&self) -> bool {
        let by_type = ["Gtk", "Adw", "Perfkit"].iter().any(|prefix| {
            self.name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_uppercase()))
        });
        !self.name.trim().is_empty() && !by_type
    }

    /// Where it is in its window.
    pub fn area(&self) -> Option<Area> {
        let [left, top, width, height] = self.place?;
        Some(Area { left, top, right: left + width, bottom: top + height })
    }
}

/// Every widget of the program at one moment, parents first.
#[derive(Clone, Debug)]
pub struct Tree(pub Vec<Widget>);

impl Tree {
    /// The first widget with a role and a name.
    pub fn find(&self, role: &str, name: &str) -> Option<&Widget> {
        self.0.iter().find(|widget| widget.role == role && widget.name == name)
    }

    /// The first widget whose name has these words in it.
    pub fn says(&self, words: &str) -> Option<&Widget> {
        self.0.iter().find(|widget| widget.name.contains(words) || widget.description.contains(words))
    }

    /// What a widget is in, from the nearest on.
    pub fn above<'a>(&'a self, widget: &'a Widget) -> impl Iterator<Item = &'a Widget> {
        std::iter::successors(Some(widget), |widget| self.0.get(widget.parent?)).skip(1)
    }

    /// The widgets in another one, at any depth.
    pub fn within<'a>(&'a self, outer: &'a Widget) -> impl Iterator<Item = &'a Widget> {
        self.0.iter().filter(move |widget| self.above(widget).any(|above| above.id == outer.id))
    }

    /// The widget that has the keyboard.
    pub fn focused(&self) -> Option<&Widget> {
        self.0.iter().rfind(|widget| widget.is("focused"))
    }

    /// The tree as lines, for whoever reads why a test failed.
    pub fn lines(&self) -> String {
        let line = |widget: &Widget| {
            let depth = self.above(widget).count();
            let Widget { role, name, states, place, .. } = widget;
            format!("{:depth$}{role} {name:?} {} {place:?}\n", "", states.join(" "))
        };
        self.0.iter().map(line).collect()
    }
}

/// The running program; it ends when this is dropped.
#[derive(Debug)]
pub struct Gui<'d> {
    /// The display it is on.
    pub display: &'d Display,
    /// Its first window.
    pub window: Window,
    /// Whose widgets are looked at.
    process: i32,
    program: Guarded,
    errors: PathBuf,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    _helper: Guarded,
}

impl<'d> Gui<'d> {
    /// Starts it, and waits until its window is there.
    pub fn start<A: AsRef<OsStr>>(display: &'d Display, args: &[A]) -> Result<Gui<'d>> {
        Gui::start_with(display, args, &[])
    }

    /// The same with more in its environment.
    pub fn start_with<A: AsRef<OsStr>>(display: &'d Display, args: &[A], more: &[(&str, &str)]) -> Result<Gui<'d>> {
        let mut command = accessible(display, bins::path(bins::APP)?);
        command.args(args).envs(more.iter().copied());
        Gui::run(display, command)
    }

    /// Starts it under the agent, which records it into a session by these sources; what ends then is the agent.
    pub fn recorded<A: AsRef<OsStr>>(
        display: &'d Display,
        args: &[A],
        sources: &str,
        session: &Path,
    ) -> Result<Gui<'d>> {
        let mut command = accessible(display, bins::path(bins::AGENT)?);
        command.args(["record", "--quiet", "--with", sources, "--output"]).arg(session);
        command.arg("--").arg(bins::path(bins::APP)?).args(args);
        Gui::run(display, command)
    }

    fn run(display: &'d Display, mut command: Command) -> Result<Gui<'d>> {
        let errors = display.home().join("perfkit-errors");
        command.current_dir(display.home());
        command.stdout(Stdio::null()).stderr(File::create(&errors).cannot("keep the program's errors")?);
        let program = Guarded::spawn(bins::APP, &mut command)?;
        let mut helper = accessible(display, "/usr/bin/python3");
        helper.arg(script("atspi.py")?).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut helper = Guarded::spawn("atspi.py", &mut helper)?;
        let pipes = helper.child().stdin.take().zip(helper.child().stdout.take());
        let (to, from) = pipes.ok_or_else(|| Failure::new("atspi.py has no pipes"))?;
        let from = BufReader::new(from);
        let mut gui = Gui { display, window: Window(0), process: 0, program, errors, to, from, _helper: helper };
        gui.window = gui.find_window()?;
        gui.process = gui.window.pid(display)?;
        gui.until("its widgets", |tree| tree.0.iter().any(|widget| widget.role == "frame").then_some(()))?;
        Ok(gui)
    }

    fn find_window(&mut self) -> Result<Window> {
        let (display, program) = (self.display, &mut self.program);
        let found = wait::until("a window of the program", || match program.ended() {
            Some(status) => Some(Err(status)),
            None => Window::visible(display).first().copied().map(Ok),
        });
        found?.map_err(|status| Failure::new(format!("it ended before it had a window ({status}): {}", self.said())))
    }

    /// What it wrote to its standard error: warnings of its toolkit, which it should have none of.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.errors).unwrap_or_default()
    }

    /// The same without what the path bar of GTK 4.8's file chooser says of its own buttons now and then, for journeys
    /// that choose a file.
    pub fn said_beside_choosers(&self) -> String {
        let path_bar = |line: &&str| {
            line.contains("Trying to snapshot GtkButton ") && line.ends_with(" without a current allocation")
        };
        self.said().lines().filter(|line| !line.is_empty() && !path_bar(line)).collect()
    }

    /// The program's process.
    pub fn program(&mut self) -> &mut Guarded {
        &mut self.program
    }

    fn ask(&mut self, command: &Value) -> Result<Value> {
        writeln!(self.to, "{command}").cannot("ask atspi.py")?;
        let mut line = String::new();
        self.from.read_line(&mut line).cannot("hear atspi.py")?;
        let answer: Value = serde_json::from_str(&line).cannot("understand atspi.py")?;
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(Failure::new(format!("{command}: {error}"))),
            None => Ok(answer),
        }
    }

    /// Every widget as it is now.
    pub fn tree(&mut self) -> Result<Tree> {
        let answer = self.ask(&json!({ "tree": self.process }))?;
        serde_json::from_value(answer).map(Tree).cannot("understand the widgets")
    }

    /// The widget that has the keyboard.
    pub fn focused(&mut self) -> Result<Option<Widget>> {
        serde_json::from_value(self.ask(&json!({ "focused": self.process }))?).cannot("understand the widget")
    }

    /// Looks until the widgets are as they should be; where they never are, the error has them all.
    pub fn until<T>(&mut self, what: &str, mut look: impl FnMut(&Tree) -> Option<T>) -> Result<T> {
        let mut last = None;
        let found = wait::until(what, || {
            // A widget that goes while the tree is read is no failure.
            let tree = self.tree().ok()?;
            let found = look(&tree);
            last = Some(tree);
            found
        });
        found.map_err(|error| {
            // A picture says more; without one the widgets must do.
            let _ = screen::keep(self.display, &pictures().join("failed.png"));
            let tree = last.as_ref().map(Tree::lines).unwrap_or_default();
            Failure::new(format!("{error}; it said: {}; its widgets:\n{tree}", self.said()))
        })
    }

    /// Waits for a widget with a role and a name, which can be used.
    pub fn find(&mut self, role: &str, name: &str) -> Result<Widget> {
        self.until(&format!("the {role} “{name}”"), |tree| {
            tree.find(role, name).filter(|widget| widget.is("sensitive") && widget.has_room()).cloned()
        })
    }

    /// Waits for a widget that says this.
    pub fn hear(&mut self, words: &str) -> Result<Widget> {
        self.until(&format!("“{words}”"), |tree| tree.says(words).cloned())
    }

    /// Does what the widget with a role and a name is for, as a screen reader does.
    pub fn act(&mut self, role: &str, name: &str) -> Result<()> {
        let widget = self.find(role, name)?;
        self.ask(&json!({ "act": widget.id })).map(drop)
    }

    /// Replaces what an entry says.
    pub fn write(&mut self, role: &str, name: &str, text: &str) -> Result<()> {
        let widget = self.find(role, name)?;
        self.ask(&json!({ "text": widget.id, "to": text })).map(drop)
    }

    /// Clicks into the middle of a widget with the pointer.
    pub fn click(&mut self, widget: &Widget) -> Result<()> {
        let area = widget.area().ok_or_else(|| Failure::new(format!("{} has no place", widget.name)))?;
        let (left, top) = self.origin()?;
        let (x, y) = ((area.left + area.right) / 2, (area.top + area.bottom) / 2);
        self.pointer().to(left + x, top + y).pause(50).click(1).play()
    }

    /// Where on the display the places of widgets begin: within the border that GTK draws around its window.
    pub fn origin(&mut self) -> Result<(i32, i32)> {
        let at = self.window.geometry(self.display)?;
        let frame = self.tree()?.0.into_iter().find(|widget| widget.role == "frame").and_then(|frame| frame.area());
        let frame = frame.ok_or_else(|| Failure::new("the window has no place"))?;
        Ok((at.x + (at.width - frame.right) / 2, at.y + (at.height - frame.bottom) / 2))
    }

    /// Waits until three pictures in a row are the same: it has painted what it has to.
    pub fn settle(&self) -> Result<()> {
        screen::settle(self.display)
    }

    /// Presses keys, one after the other, with time between them as a person needs.
    pub fn keys(&self, names: &[&str]) -> Result<()> {
        Window::focus_any(self.display)?;
        names.iter().fold(self.pointer(), |chain, name| chain.key(name).pause(40)).play()
    }

    /// Moves, clicks, types.
    pub fn pointer(&self) -> Pointer<'d> {
        Pointer::new(self.display)
    }

    /// Asks the window to close, and waits for the program's end.
    pub fn close(&mut self) -> Result<ExitStatus> {
        self.window.ask_to_close(self.display)?;
        self.program.wait()
    }
}

/// Where pictures of the program are kept, to be looked at.
pub fn pictures() -> PathBuf {
    let folder = bins::target().join("gui-pictures");
    // What cannot be made is told by whoever writes to it.
    let _ = std::fs::create_dir_all(&folder);
    folder
}

/// A command that sees the display and its accessibility bus.
fn accessible(display: &Display, program: impl AsRef<OsStr>) -> Command {
    let mut command = display.command(program);
    command.env("GTK_A11Y", "atspi").env_remove("NO_AT_BRIDGE");
    command
}
