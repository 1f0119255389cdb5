//! The target's process: started at the gate, or one that runs already.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::family::{Family, Orphans};
use super::gate::Gate;
use super::{Launch, Target, ward};
use crate::error::{Error, Result};

/// How long it may take until the program waits at the gate.
const TO_THE_GATE: Duration = Duration::from_secs(20);
/// How long a target that was asked to end may take before it is killed.
const TO_THE_END: Duration = Duration::from_secs(5);

/// The target's process, as long as it is watched.
#[derive(Debug)]
pub struct Running {
    target: Arc<Target>,
    child: Option<(Child, Gate)>,
    status: Option<ExitStatus>,
    /// Whether it was waited for, after which its number may be another's.
    reaped: Arc<Mutex<bool>>,
    orphans: Orphans,
}

impl Running {
    /// Starts a program, which then waits at its gate.
    pub fn start(launch: &Launch) -> Result<Running> {
        let program = find(launch)?;
        let mut gate = Gate::new(&launch.scratch)?;
        let mut words: Vec<OsString> = gate.words(&launch.opened)?;
        words.push(program.into());
        words.extend(launch.arguments.iter().cloned());
        let mut command = Command::new(&words[0]);
        for name in &launch.removed {
            command.env_remove(name);
        }
        command.args(&words[1..]).envs(launch.environment.iter().map(|(name, value)| (name, value)));
        if !launch.folder.as_os_str().is_empty() {
            command.current_dir(&launch.folder);
        }
        if launch.lines {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        let tool = words[0].to_string_lossy().into_owned();
        let mut child =
            command.spawn().map_err(|error| Error::Start { tool: tool.clone(), error, remedy: String::new() })?;
        let deadline = Instant::now() + TO_THE_GATE;
        let pid = loop {
            if let Some(pid) = gate.waiting() {
                break pid;
            }
            let ended = child.try_wait().ok().flatten();
            if ended.is_some() || Instant::now() > deadline {
                let how = ended.map_or("did not start the program".to_owned(), |status| format!("ended with {status}"));
                let _ = child.kill();
                let _ = child.wait();
                return Err(Error::Died { tool, how, words: String::new() });
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let pipes = (child.stdout.take(), child.stderr.take());
        let lines = match pipes {
            (Some(out), Some(err)) => {
                ward::reader(&out);
                ward::reader(&err);
                Some((out.into(), err.into()))
            }
            _ => None,
        };
        let scratch = launch.scratch.clone();
        let target = Target { pid, scratch, lines: Mutex::new(lines), ..Target::default() };
        Ok(Running {
            target: Arc::new(target),
            child: Some((child, gate)),
            status: None,
            reaped: Arc::default(),
            orphans: Orphans::default(),
        })
    }

    /// Watches a process that runs already.
    pub fn attach(pid: i32, scratch: &Path) -> Result<Running> {
        let here = kill(Pid::from_raw(pid), None);
        if pid <= 0 || here == Err(nix::errno::Errno::ESRCH) {
            return Err(Error::Invalid(format!("there is no process {pid}")));
        }
        Ok(Running {
            target: Arc::new(Target::attached(pid, scratch)),
            child: None,
            status: None,
            reaped: Arc::default(),
            orphans: Orphans::default(),
        })
    }

    /// The target, as sources see it.
    pub fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// Lets it run.
    pub fn release(&mut self) {
        if let Some((_, gate)) = &mut self.child {
            gate.release();
        }
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> bool {
        self.orphans.reap(self.target.pid);
        match &mut self.child {
            Some((child, _)) => {
                if self.status.is_none() {
                    let mut reaped = self.reaped.lock().unwrap_or_else(PoisonError::into_inner);
                    self.status = child.try_wait().ok().flatten();
                    *reaped = self.status.is_some();
                }
                self.status.is_some()
            }
            None => self.target.ended(),
        }
    }

    /// What a shell would give: its exit status, or 128 plus the signal; 0 for one that goes on, or that ended as
    /// we had asked it to.
    pub fn code(&self) -> u8 {
        match self.status.map(|status| (status.code(), status.signal())) {
            Some((None, Some(signal))) if self.asked() && signal == Signal::SIGTERM as i32 => 0,
            Some((Some(code), _)) => code as u8,
            Some((None, Some(signal))) => 128u8.wrapping_add(signal as u8),
            _ => 0,
        }
    }

    fn asked(&self) -> bool {
        self.target.cut.load(Ordering::Relaxed)
    }

    /// What kills it.
    pub fn killer(&self) -> Killer {
        Killer { target: Arc::clone(&self.target), reaped: Arc::clone(&self.reaped) }
    }

    /// Ends a target that we started, and then what it has started: asks them, waits, and kills them. One that we
    /// attached to goes on, and so does what a target has left behind that ended by itself.
    pub fn end(&mut self) {
        if self.child.is_none() || self.ended() {
            return;
        }
        let pid = Pid::from_raw(self.target.pid);
        let family = Family::of(self.target.pid);
        self.target.cut.store(true, Ordering::Relaxed);
        // It has not been waited for, so its id is not used again.
        let _ = kill(pid, Signal::SIGTERM);
        let deadline = Instant::now() + TO_THE_END;
        while !self.ended() {
            if Instant::now() > deadline {
                let _ = kill(pid, Signal::SIGKILL);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        family.end(TO_THE_END);
    }
}

/// Kills a target that we started, and what it has started.
#[derive(Clone, Debug)]
pub struct Killer {
    target: Arc<Target>,
    reaped: Arc<Mutex<bool>>,
}

impl Killer {
    /// Does it, without waiting.
    pub fn kill(&self) {
        // While it is held the number is not another's.
        let reaped = self.reaped.lock().unwrap_or_else(PoisonError::into_inner);
        let by_itself = *reaped && !self.target.cut.load(Ordering::Relaxed);
        if self.target.attached || by_itself {
            return;
        }
        let family = Family::of(self.target.pid);
        if !*reaped {
            let _ = kill(Pid::from_raw(self.target.pid), Signal::SIGKILL);
        }
        family.kill();
    }
}

/// The program's file: as a shell finds it, from the target's working folder and its PATH.
pub fn find(launch: &Launch) -> Result<PathBuf> {
    let name = Path::new(&launch.program);
    let absent = |error: std::io::ErrorKind, remedy: &str| Error::Start {
        tool: name.display().to_string(),
        error: error.into(),
        remedy: remedy.to_owned(),
    };
    if name.components().count() > 1 {
        let path = launch.folder.join(name);
        return match path.is_file() {
            true if is_program(&path) => Ok(std::path::absolute(&path).unwrap_or(path)),
            true => Err(absent(std::io::ErrorKind::PermissionDenied, "it may not be executed")),
            false => Err(absent(std::io::ErrorKind::NotFound, "")),
        };
    }
    let path = launch.variable("PATH").unwrap_or_default();
    let file = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_program(file));
    file.ok_or_else(|| absent(std::io::ErrorKind::NotFound, "it is in no folder of PATH"))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// The name that a program's session gets.
pub fn name(program: &OsStr) -> String {
    let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
    name.trim_matches('.').to_owned()
}
