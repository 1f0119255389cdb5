//! What strace and ltrace have in common as programs that trace others with ptrace.

use std::fs;

use super::{Readiness, installed};
use crate::error::{Error, Result};

/// Whether a tool of Debian's package of the same name is there.
pub fn readiness(program: &str) -> Readiness {
    match installed::find(program) {
        Some(path) => Readiness::Ready { version: installed::version(&path), path: Some(path) },
        None => Readiness::Missing { remedy: format!("{program} is not installed: apt install {program}") },
    }
}

/// Refuses a process that is traced by another one already.
pub fn refuse_traced(pid: i32) -> Result<()> {
    match tracer(&format!("/proc/{pid}/status")) {
        None => Err(Error::Invalid(format!("there is no process {pid}"))),
        Some(0) => Ok(()),
        Some(by) => {
            let name = fs::read_to_string(format!("/proc/{by}/comm")).unwrap_or_default();
            let name = name.trim();
            Err(Error::Invalid(format!("process {pid} is traced by {name} ({by}) already; end that one first")))
        }
    }
}

/// Whether all threads of a process are traced by another one.
pub fn all_traced(pid: i32, by: i32) -> bool {
    let Ok(list) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    let mut threads = list.flatten().map(|thread| tracer(&thread.path().join("status").to_string_lossy()));
    // One that is gone by now needs no tracing.
    threads.all(|tracer| tracer.is_none_or(|tracer| tracer == by))
}

/// Who traces a thread, 0 for nobody; by its file in /proc.
fn tracer(status: &str) -> Option<i32> {
    let status = fs::read_to_string(status).ok()?;
    status.lines().find_map(|line| line.strip_prefix("TracerPid:"))?.trim().parse().ok()
}

/// An error of a tool that may not trace, with what helps.
pub fn explained(error: Error) -> Error {
    match error {
        Error::Died { tool, how, words } if words.contains("Operation not permitted") => {
            let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
            let hint = match scope.trim() {
                "" | "0" => "only root may trace a process of another user, or one with more rights",
                _ => "allow it as root with: sysctl kernel.yama.ptrace_scope=0",
            };
            Error::Died { tool, how, words: format!("{words}; {hint}") }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_is_not_there_is_named_with_its_package() {
        let Readiness::Missing { remedy } = readiness("no-such-tool") else { panic!("it cannot be ready") };
        assert_eq!(remedy, "no-such-tool is not installed: apt install no-such-tool");
    }

    #[test]
    fn what_is_not_traced_is_not_refused() {
        refuse_traced(std::process::id() as i32).unwrap();
        assert!(refuse_traced(i32::MAX).unwrap_err().to_string().contains("no process"));
    }
}
