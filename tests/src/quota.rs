//! A slower machine: processes that get a part of one processor's time only, by a control group of the kernel's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Context, Failure, Result};
use crate::wait;

/// Where the kernel's groups with a quota are, by their version, and the file that takes the microseconds of a period.
const VERSIONS: &[(&str, &str, &str)] = &[
    ("/sys/fs/cgroup/cgroup.controllers", "/sys/fs/cgroup", "cpu.max"),
    ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu", "cpu.cfs_quota_us"),
];

/// Microseconds in which a quota is used up, the kernel's own figure.
const PERIOD: u32 = 100_000;

/// A group with a quota; it goes when it is dropped, which its processes have to have done before.
#[derive(Debug)]
pub struct Quota {
    folder: PathBuf,
}

impl Quota {
    /// A group whose processes together get so many hundredths of a processor. It takes root.
    pub fn new(percent: u32) -> Result<Quota> {
        let version = VERSIONS.iter().find(|(sign, ..)| Path::new(sign).exists());
        let (_, top, file) = version.ok_or_else(|| Failure::new("the kernel has no control groups mounted"))?;
        // Groups get the processor's quota only where the one above hands it on; the first version has it everywhere.
        let _ = fs::write(Path::new(top).join("cgroup.subtree_control"), "+cpu");
        let folder = Path::new(top).join(format!("perfkit-test-{}", std::process::id()));
        fs::create_dir(&folder).cannot(format_args!("create {}", folder.display()))?;
        let quota = Quota { folder };
        let microseconds = PERIOD / 100 * percent;
        let text = if *file == "cpu.max" { format!("{microseconds} {PERIOD}") } else { microseconds.to_string() };
        fs::write(quota.folder.join(file), text).cannot("set a quota")?;
        Ok(quota)
    }

    /// A command in the group, with all that it starts.
    pub fn of(&self, command: &Command) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]).arg(self.folder.join("cgroup.procs"));
        shell.arg(command.get_program()).args(command.get_args());
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell
    }

    /// How often its processes had to wait for the next period.
    pub fn waits(&self) -> u64 {
        let text = fs::read_to_string(self.folder.join("cpu.stat")).unwrap_or_default();
        let waits = text.lines().find_map(|line| line.strip_prefix("nr_throttled "));
        waits.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // A process that has just ended is still in it for a moment.
        let _ = wait::until("the end of a control group", || fs::remove_dir(&self.folder).ok());
    }
}
