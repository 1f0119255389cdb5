//! Records with the agent, without a display: programs that need none.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use perfkit_tests::process::Guarded;
use perfkit_tests::{bins, wait};
use tempfile::TempDir;

/// A folder of its own, and the agent in it.
pub struct Recorder {
    pub folder: TempDir,
}

impl Recorder {
    pub fn new() -> Recorder {
        Recorder { folder: TempDir::new().unwrap() }
    }

    /// The session that it records.
    pub fn session(&self) -> PathBuf {
        self.folder.path().join("a.perfkit")
    }

    /// `perfkit-agent record` with these sources; options go before the program.
    pub fn command(&self, sources: &str, options: &[&str], program: &[&str]) -> Command {
        let mut command = self.agent();
        command.args(["record", "--output"]).arg(self.session()).args(["--with", sources]).args(options);
        if !program.is_empty() {
            command.arg("--").args(program);
        }
        command
    }

    /// The agent, with nobody's configuration but ours.
    pub fn agent(&self) -> Command {
        let mut command = Command::new(bins::path(bins::AGENT).unwrap());
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("XDG_CONFIG_HOME", self.folder.path().join("config"));
        command.env("XDG_RUNTIME_DIR", self.folder.path());
        command
    }

    /// Records to the end.
    pub fn record(&self, sources: &str, options: &[&str], program: &[&str]) -> Output {
        self.command(sources, options, program).output().unwrap()
    }

    /// Begins to record, and waits until the session can be told what to do.
    pub fn begin(&self, sources: &str, options: &[&str], program: &[&str]) -> Guarded {
        let mut command = self.command(sources, options, program);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let guarded = Guarded::spawn(bins::AGENT, &mut command).unwrap();
        wait::until("the recording to go on", || self.tell(&self.session(), "status").ok()).unwrap();
        guarded
    }

    /// `perfkit-agent control`: what it answers, or says it cannot.
    pub fn tell(&self, session: &Path, order: &str) -> Result<String, String> {
        let output = self.agent().arg("control").arg(session).arg(order).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}

/// What a command said on its standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The processes that a process's threads have started.
pub fn children(pid: i32) -> Vec<i32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.map(|task| std::fs::read_to_string(task.path().join("children")).unwrap_or_default());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
}
