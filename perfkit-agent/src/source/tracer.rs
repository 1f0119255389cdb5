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

/// Who traces a thread, 0 for nobody; by its file in /proc.
fn tracer(status: &str) -> Option<i32> {
    let status = fs::read_to_string(status).ok()?;
    status.lines().find_map(|line| line.strip_prefix("TracerPid:"))?.trim().parse().ok()
}

/// What helps where tracing is not permitted; empty where it is.
pub fn permission(said: &str) -> &'static str {
    let forbidden = said.contains("Operation not permitted");
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    match (forbidden, scope.trim()) {
        (false, _) => "",
        (true, "" | "0") => "only root may trace a process of another user, or one with more rights",
        (true, _) => "allow it as root with: sysctl kernel.yama.ptrace_scope=0",
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
