//! How a program is started under the recorder: the plan that [`crate::App`] carries out.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bins;
use crate::display::Display;
use crate::error::{Context, Result};

/// The way in which the recorder gets into the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loading {
    /// Not at all: the same program, not recorded.
    None,
    /// `gdkrecord-tool run`.
    Tool,
    /// `perfkit-agent record`, with the sources of [`Launch::sources`].
    Agent,
    /// GTK_MODULES and GTK_PATH, as after an installation under a prefix of one's own.
    Modules,
}

/// What to start, and how.
#[derive(Clone, Debug)]
pub struct Launch {
    program: OsString,
    args: Vec<OsString>,
    loading: Loading,
    options: String,
    sources: String,
    output: Option<PathBuf>,
    environment: Vec<(String, OsString)>,
}

impl Launch {
    /// A program, recorded through GTK_MODULES.
    pub fn new(program: impl Into<OsString>) -> Launch {
        Launch {
            program: program.into(),
            args: Vec::new(),
            loading: Loading::Modules,
            options: String::new(),
            sources: String::new(),
            output: None,
            environment: Vec::new(),
        }
    }

    /// What is started.
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Launch {
        self.args.push(arg.into());
        self
    }

    /// Chooses the way in which the recorder gets in.
    pub fn loading(mut self, loading: Loading) -> Launch {
        self.loading = loading;
        self
    }

    /// Options as GDKRECORD takes them: `key=value,…`.
    pub fn options(mut self, options: &str) -> Launch {
        self.options = options.to_owned();
        self
    }

    /// Records with `perfkit-agent` and these sources, into a session.
    pub fn sources(mut self, sources: &str) -> Launch {
        self.loading = Loading::Agent;
        self.sources = sources.to_owned();
        self
    }

    /// The recording's name; `app.gdkrecord` or `app.perfkit` in the display's home where none is given.
    pub fn output(mut self, path: impl Into<PathBuf>) -> Launch {
        self.output = Some(path.into());
        self
    }

    /// Sets a variable of the program's environment.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Launch {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Where the recording will lie.
    pub fn recording(&self, display: &Display) -> PathBuf {
        let name = if self.loading == Loading::Agent { "app.perfkit" } else { "app.gdkrecord" };
        self.output.clone().unwrap_or_else(|| display.home().join(name))
    }

    /// The command that does it.
    pub fn command(&self, display: &Display) -> Result<Command> {
        let output = self.recording(display);
        let mut command = match self.loading {
            Loading::None | Loading::Modules => display.command(&self.program),
            Loading::Tool => {
                let mut command = display.command(bins::path(bins::TOOL)?);
                command.arg("run").arg("--output").arg(&output);
                if !self.options.is_empty() {
                    command.arg("--options").arg(&self.options);
                }
                command.arg("--").arg(&self.program);
                command
            }
            Loading::Agent => {
                let mut command = display.command(bins::path(bins::AGENT)?);
                command.arg("record").arg("--output").arg(&output);
                if !self.sources.is_empty() {
                    command.arg("--with").arg(&self.sources);
                }
                command.arg("--").arg(&self.program);
                command
            }
        };
        if self.loading == Loading::Modules {
            command
                .env("GTK_MODULES", "gdkrecord")
                .env("GTK_PATH", gtk_path(display.home())?)
                .env("GDKRECORD_FILENAME", &output)
                .env("GDKRECORD", &self.options);
        }
        command.args(&self.args).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(display.home());
        Ok(command)
    }
}

/// A folder laid out as GTK 2, 3 and 4 look for modules below GTK_PATH.
fn gtk_path(home: &Path) -> Result<PathBuf> {
    let folder = home.join("gtk-path");
    for (part, name) in [("modules", bins::MODULE), ("4.0.0/immodules", bins::LOADER)] {
        let part = folder.join(part);
        fs::create_dir_all(&part).cannot(format_args!("create {}", part.display()))?;
        let link = part.join(name);
        if !link.is_symlink() {
            symlink(bins::path(name)?, &link).cannot(format_args!("link {}", link.display()))?;
        }
    }
    Ok(folder)
}
