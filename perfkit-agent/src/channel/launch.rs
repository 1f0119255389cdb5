//! How a target is started, and what a source may change about it.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

/// A program about to be started. Sources change it before anything runs.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// The program.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its working folder; this process's own where it is empty.
    pub folder: PathBuf,
    /// Variables set in its environment, the last of a name counts.
    pub environment: Vec<(OsString, OsString)>,
    /// Variables of ours that it does not inherit.
    pub removed: Vec<OsString>,
    /// A folder for the sources' sockets and temporary files; it goes when the recording ends.
    pub scratch: PathBuf,
    /// Whether its standard output and error are wanted line by line.
    pub lines: bool,
    /// What it finds open.
    pub opened: Vec<Opened>,
}

/// A descriptor that the target finds open, with its number in a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The variable.
    pub variable: OsString,
    /// How the gate opens it.
    pub how: How,
    /// Which file, or which socket.
    pub path: PathBuf,
}

/// How a descriptor is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A stream to the socket of that path.
    Connect,
    /// The file of that path, made where there is none, for reading and writing.
    Write,
}

/// The table of these, as the gate's command line has them.
pub(super) const HOWS: &[(How, &str)] = &[(How::Connect, "connect"), (How::Write, "write")];

impl Launch {
    /// A program with arguments, with nothing changed.
    pub fn new(program: impl Into<OsString>, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Launch {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Launch { program: program.into(), arguments, ..Launch::default() }
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }

    /// The value that a variable will have in the target.
    pub fn variable(&self, name: &str) -> Option<OsString> {
        let ours = self.environment.iter().rev().find(|(known, _)| known == name);
        let inherited = || std::env::var_os(name).filter(|_| !self.removed.iter().any(|removed| removed == name));
        ours.map(|(_, value)| value.clone()).or_else(inherited)
    }

    /// Puts an entry before those that a variable has already, separated by `:`.
    pub fn prepend(&mut self, name: &str, entry: &OsStr) {
        let mut value = entry.to_owned();
        if let Some(old) = self.variable(name).filter(|old| !old.is_empty()) {
            value.push(":");
            value.push(old);
        }
        self.set(name, value);
    }
}

/// The program that is looked at.
#[derive(Debug, Default)]
pub struct Target {
    /// Its process id: our child, or the process attached to.
    pub pid: i32,
    /// Whether it ran already when the recording began.
    pub attached: bool,
    /// The folder of [`Launch::scratch`].
    pub scratch: PathBuf,
    /// The reading ends of its standard output and error, where [`Launch::lines`] was set: for the one source that
    /// takes them.
    pub lines: Mutex<Option<(OwnedFd, OwnedFd)>>,
    /// Whether it ends because we made it.
    pub cut: AtomicBool,
}

impl Target {
    /// A process that ran already.
    pub fn attached(pid: i32, scratch: &Path) -> Target {
        Target { pid, attached: true, scratch: scratch.to_owned(), ..Target::default() }
    }

    /// Whether it has ended: it is gone, or a zombie whose parent has not looked.
    pub fn ended(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next()).is_none_or(|state| "ZX".contains(state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_goes_before_those_that_are_there() {
        let mut launch = Launch::new("true", ["x"]);
        launch.set("PERFKIT_TEST_PATH", "b:c");
        launch.prepend("PERFKIT_TEST_PATH", OsStr::new("a"));
        assert_eq!(launch.variable("PERFKIT_TEST_PATH").unwrap(), "a:b:c");
        launch.prepend("PERFKIT_TEST_NONE", OsStr::new("a"));
        assert_eq!(launch.variable("PERFKIT_TEST_NONE").unwrap(), "a");
        launch.removed.push("PATH".into());
        assert_eq!(launch.variable("PATH"), None);
    }
}
