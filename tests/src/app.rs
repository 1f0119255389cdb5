//! A program that runs on a private display, with its window.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::display::Display;
use crate::error::{Context, Failure, Result};
use crate::input::{Pointer, Window};
use crate::launch::Launch;
use crate::process::{Guarded, send};
use crate::{screen, wait};

/// A running program; it ends when this is dropped.
#[derive(Debug)]
pub struct App<'d> {
    /// The display it is on.
    pub display: &'d Display,
    process: Guarded,
    recording: PathBuf,
    stdout: PathBuf,
    stderr: PathBuf,
    /// Its first window.
    pub window: Window,
}

impl<'d> App<'d> {
    /// Starts it and waits until its first window is mapped and has painted.
    pub fn start(display: &'d Display, launch: &Launch) -> Result<App<'d>> {
        let mut app = App::spawn(display, launch)?;
        app.window = app.find_window()?;
        app.settle()?;
        Ok(app)
    }

    /// Starts it without waiting for anything.
    pub fn spawn(display: &'d Display, launch: &Launch) -> Result<App<'d>> {
        let recording = launch.recording(display);
        let (stdout, stderr) = (display.home().join("stdout"), display.home().join("stderr"));
        let mut command = launch.command(display)?;
        command
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).cannot("keep the program's output")?)
            .stderr(File::create(&stderr).cannot("keep the program's errors")?);
        let name = command.get_program().to_string_lossy().into_owned();
        let process = Guarded::spawn(&name, &mut command)?;
        Ok(App { display, process, recording, stdout, stderr, window: Window(0) })
    }

    /// Waits for a visible top-level window.
    pub fn find_window(&mut self) -> Result<Window> {
        let display = self.display;
        let process = &mut self.process;
        let found = wait::until("a window of the program", || {
            if let Some(status) = process.ended() {
                return Some(Err(status));
            }
            Window::visible(display).first().copied().map(Ok)
        });
        match found {
            Ok(Ok(window)) => Ok(window),
            Ok(Err(status)) => {
                Err(Failure::new(format!("it ended before it had a window ({status}): {}", self.said())))
            }
            Err(error) => Err(Failure::new(format!("{error}; it said: {}", self.said()))),
        }
    }

    /// Waits until three pictures in a row are the same: the program has painted what it has to.
    pub fn settle(&self) -> Result<()> {
        screen::settle(self.display)
    }

    /// Moves, clicks, types.
    pub fn pointer(&self) -> Pointer<'_> {
        Pointer::new(self.display)
    }

    /// Where the recording lies.
    pub fn recording(&self) -> &Path {
        &self.recording
    }

    /// Its process, which under `gdkrecord-tool run` is the tool's.
    pub fn process(&mut self) -> &mut Guarded {
        &mut self.process
    }

    /// The id of the process that owns the window.
    pub fn window_pid(&self) -> Result<i32> {
        self.window.pid(self.display)
    }

    /// Asks the window to close, as a window manager does, and where that does not help ends the process.
    pub fn close(&mut self) -> Result<ExitStatus> {
        let pid = self.window_pid().ok();
        self.window.ask_to_close(self.display)?;
        let process = &mut self.process;
        if let Ok(status) = wait::until_within(Duration::from_secs(5), "its end", || process.ended()) {
            return Ok(status);
        }
        match pid {
            // Where it has ended, what recorded it is still at its names.
            Some(pid) => drop(send(pid, Signal::SIGTERM)),
            None => self.process.signal(Signal::SIGTERM)?,
        }
        self.process.wait()
    }

    /// What it wrote to its standard output.
    pub fn stdout(&self) -> String {
        fs::read_to_string(&self.stdout).unwrap_or_default()
    }

    /// What it wrote to its standard error.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }
}
