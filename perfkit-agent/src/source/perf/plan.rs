//! What was asked of perf, what the kernel lets us see, and the command lines that come of both.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};
use crate::source::Spec;

/// Samples a second where no rate was asked for: an odd number, lest it beats with what a program does by the clock.
const RATE: f64 = 199.0;
/// What `cpu` samples, on every machine: its weights are nanoseconds, which cycles are not.
const CLOCK: &str = "cpu-clock";
/// Readings of counters a second where no rate was asked for.
const STAT_RATE: f64 = 5.0;
/// Bytes of the stack that are kept for each sample: more reaches `main` in more of them, at a cost of its own.
const STACK: u32 = 4096;
/// Pages of the buffer of each processor where every switch or call is recorded: 4 MB.
const PAGES: &str = "1024";
/// What `perf stat` counts: what every kernel counts, then what needs hardware.
const COUNTED: &[&str] = &[
    "task-clock",
    "context-switches",
    "cpu-migrations",
    "page-faults",
    "cycles",
    "instructions",
    "branches",
    "branch-misses",
    "cache-references",
    "cache-misses",
];

/// What of the kernel's events this process may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Access {
    /// kernel.perf_event_paranoid.
    pub paranoid: i64,
    /// Whether this process is above that.
    pub capable: bool,
    /// Whether the tracepoints' descriptions can be read.
    pub tracepoints: bool,
    /// Whether the machine has counters in hardware.
    pub hardware: bool,
    /// The most samples a second that the kernel allows.
    pub rate_max: f64,
}

impl Access {
    /// As it is here and now.
    pub fn here() -> Access {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let capable = capable(&read("/proc/self/status"));
        let pmus = fs::read_dir("/sys/bus/event_source/devices").into_iter().flatten().flatten();
        let hardware = pmus
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .any(|name| ["cpu", "cpu_core", "cpu_atom"].contains(&&*name) || name.starts_with("armv"));
        let paranoid = read("/proc/sys/kernel/perf_event_paranoid").trim().parse().unwrap_or(2);
        let readable = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]
            .iter()
            .any(|folder| fs::File::open(Path::new(folder).join("events/raw_syscalls/sys_enter/id")).is_ok());
        let rate_max = read("/proc/sys/kernel/perf_event_max_sample_rate").trim().parse().unwrap_or(100_000.0);
        // perf itself mounts the file system that describes tracepoints, where it may.
        Access { paranoid, capable, tracepoints: readable || capable, hardware, rate_max }
    }

    /// Whether what happens inside of the kernel may be seen.
    pub fn kernel(&self) -> bool {
        self.capable || self.paranoid <= 1
    }

    /// What this process may not see, and the remedy; none where it may see everything.
    pub fn limit(&self) -> Option<String> {
        let remedy = "as root: sysctl kernel.perf_event_paranoid=-1";
        match (self.kernel(), self.tracepoints) {
            (false, _) if self.paranoid > 2 => Some(format!(
                "kernel.perf_event_paranoid is {}, and Debian's kernels refuse perf to users then; {remedy}",
                self.paranoid
            )),
            (false, _) => Some(format!(
                "kernel.perf_event_paranoid is {}: code outside of the kernel is seen only; {remedy}",
                self.paranoid
            )),
            (true, false) => Some(format!("tracepoints, for offcpu's stacks and syscalls, need root; {TRACEFS}")),
            (true, true) => None,
        }
    }
}

/// What lets users see tracepoints.
const TRACEFS: &str = "as root: sysctl kernel.perf_event_paranoid=-1 and mount -o remount,mode=755 /sys/kernel/tracing";

/// Whether the effective capabilities have CAP_PERFMON or CAP_SYS_ADMIN.
fn capable(status: &str) -> bool {
    const ADMIN: u64 = 1 << 21;
    const PERFMON: u64 = 1 << 38;
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let held = line.and_then(|line| u64::from_str_radix(line.trim(), 16).ok());
    held.is_some_and(|held| held & (ADMIN | PERFMON) != 0)
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    access: Access,
    /// Events that are sampled with stacks.
    sampled: Vec<String>,
    offcpu: bool,
    syscalls: bool,
    stat: bool,
    /// Whether stacks show functions that were inlined.
    inline: bool,
    rate: f64,
    stat_rate: f64,
}

impl Plan {
    /// Reads `PART+PART@RATE`. An error names what is none, or what `access` does not allow.
    pub fn parse(spec: &Spec, access: Access) -> Result<Plan> {
        let rate = spec.rate.unwrap_or(RATE);
        let mut plan = Plan {
            access,
            sampled: Vec::new(),
            offcpu: false,
            syscalls: false,
            stat: false,
            inline: false,
            rate,
            stat_rate: STAT_RATE,
        };
        for part in spec.argument.as_deref().unwrap_or("cpu").split('+') {
            match part {
                "cpu" => plan.sampled.push(CLOCK.to_owned()),
                "offcpu" => plan.offcpu = true,
                "syscalls" => plan.syscalls = true,
                "stat" => plan.stat = true,
                "inline" => plan.inline = true,
                event if is_event(event) => plan.sampled.push(event.to_owned()),
                other => {
                    return Err(Error::Invalid(format!(
                        "{spec}: perf knows no part `{other}`; there are cpu, offcpu, syscalls, stat, inline, and \
                         the events of `perf list`"
                    )));
                }
            }
        }
        if plan.inline && !plan.records() {
            plan.sampled.push(CLOCK.to_owned());
        }
        if plan.stat && !plan.records() {
            plan.stat_rate = spec.rate.unwrap_or(STAT_RATE);
        }
        if plan.syscalls && !access.tracepoints {
            return Err(Error::Invalid(format!(
                "{spec}: system calls are seen through tracepoints, which need root; {TRACEFS}, or use strace"
            )));
        }
        if !plan.sampled.is_empty() && plan.rate < 1.0 {
            return Err(Error::Invalid(format!("{spec}: perf samples at least once a second")));
        }
        plan.rate = plan.rate.min(access.rate_max);
        Ok(plan)
    }

    /// Whether it tells when threads do not run.
    pub fn offcpu(&self) -> bool {
        self.offcpu
    }

    /// Whether anything is recorded, beside what is counted.
    pub fn records(&self) -> bool {
        !self.sampled.is_empty() || self.offcpu || self.syscalls
    }

    /// `perf record` for a process, writing to its standard output; none where nothing is recorded. `waits` where it
    /// has yet to become the program.
    pub fn record(&self, pid: i32, waits: bool, control: &str) -> Option<Command> {
        if !self.records() {
            return None;
        }
        let mut command = perf();
        command.args(["record", "-k", "CLOCK_MONOTONIC", "--sample-cpu", "-B", "-N"]);
        if waits {
            // Told what is mapped before the exec, perf 6.1 takes the C library of then for that of the program where
            // chance has put it lower, and no stack goes beyond it.
            command.arg("--synth=task");
        }
        let user = if self.access.kernel() { "" } else { "u" };
        for event in &self.sampled {
            match event.contains(':') {
                true => command.arg("-e").arg(event),
                false => command.arg("-e").arg(format!("{event}/freq={},name={event}/{user}", self.rate.round())),
            };
        }
        if self.offcpu {
            command.arg("--switch-events");
            if self.access.tracepoints {
                command.args(["-e", "sched:sched_switch"]);
            } else if self.sampled.is_empty() {
                // Something must be recorded for the switches to come along with.
                command.args(["-e", "dummy:u"]);
            }
        }
        if self.syscalls {
            command.args(["-e", "raw_syscalls:sys_enter/call-graph=no/", "-e", "raw_syscalls:sys_exit/call-graph=no/"]);
        }
        if self.access.capable && (self.offcpu || self.syscalls) {
            command.args(["-m", PAGES]);
        }
        command.arg("--call-graph").arg(format!("dwarf,{STACK}"));
        command.arg(format!("--control=fifo:{control}")).args(["-p", &pid.to_string(), "-o", "-"]);
        Some(command)
    }

    /// `perf script` for what that writes.
    pub fn script(&self) -> Command {
        let mut command = script("-");
        if !self.inline {
            command.arg("--no-inline");
        }
        command
    }

    /// `perf stat` for a process that is there; none where nothing is counted.
    pub fn stat(&self, pid: i32, control: &str) -> Option<Command> {
        if !self.stat {
            return None;
        }
        let interval = (1000.0 / self.stat_rate).round().max(10.0);
        let user = if self.access.kernel() { "" } else { ":u" };
        let count = if self.access.hardware { COUNTED.len() } else { 4 };
        let events: Vec<String> = COUNTED[..count].iter().map(|event| format!("{event}{user}")).collect();
        let mut command = perf();
        command.args(["stat", "-j", "-I", &interval.to_string(), "-e", &events.join(","), "--log-fd", "1"]);
        command.arg(format!("--control=fifo:{control}")).args(["-p", &pid.to_string()]);
        Some(command)
    }
}

/// `perf script` of a file, or of its standard input where that is `-`, in the form that [`Text`](super::Text) reads.
pub fn script(file: &str) -> Command {
    let mut command = perf();
    command.args(["script", "-i", file, "--ns", "-F", "+pid,+dso,-symoff"]);
    command.args(["--show-lost-events", "--show-switch-events", "--show-task-events"]);
    command
}

/// What lists the build ids of the files that were run, a line each.
pub fn build_ids(file: &str) -> Command {
    let mut command = perf();
    command.args(["buildid-list", "-i", file]);
    command
}

fn perf() -> Command {
    let mut command = Command::new("perf");
    // What the user has set for his own use must not change what we read; nor may perf ask the network for symbols.
    command.env("PERF_CONFIG", "/dev/null").env("LC_ALL", "C").env_remove("DEBUGINFOD_URLS");
    command
}

/// Whether a word can be the name of an event.
fn is_event(word: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || "-_:.".contains(c);
    word.starts_with(|first: char| first.is_ascii_alphabetic())
        && word.chars().all(fine)
        && (word.contains('-') || word.contains(':') || COUNTED.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Access = Access { paranoid: 2, capable: true, tracepoints: true, hardware: false, rate_max: 50_000.0 };
    const USER: Access = Access { capable: false, tracepoints: false, ..ROOT };

    fn plan(spec: &str, access: Access) -> std::result::Result<Plan, String> {
        Plan::parse(&spec.parse()?, access).map_err(|error| error.to_string())
    }

    fn words(command: Option<Command>) -> String {
        let command = command.iter().flat_map(Command::get_args);
        command.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_asked_becomes_command_lines() {
        let hardware = Access { hardware: true, ..ROOT };
        for (spec, access, record, stat) in [
            ("perf", ROOT, "-e cpu-clock/freq=199,name=cpu-clock/ --call-graph", ""),
            ("perf@997Hz", USER, "-e cpu-clock/freq=997,name=cpu-clock/u --call-graph", ""),
            ("perf@99999Hz", hardware, "-e cpu-clock/freq=50000,name=cpu-clock/ --call-graph", ""),
            ("perf:cycles", hardware, "-e cycles/freq=199,name=cycles/ --call-graph", ""),
            ("perf:offcpu", ROOT, "--switch-events -e sched:sched_switch -m 1024 --call-graph", ""),
            ("perf:offcpu", USER, "--switch-events -e dummy:u --call-graph", ""),
            (
                "perf:cpu+syscalls+stat",
                ROOT,
                "-e cpu-clock/freq=199,name=cpu-clock/ -e raw_syscalls:sys_enter/call-graph=no/ \
                 -e raw_syscalls:sys_exit/call-graph=no/ -m 1024 --call-graph",
                "-I 200 -e task-clock,context-switches,cpu-migrations,page-faults --log-fd",
            ),
            (
                "perf:page-faults+block:block_rq_issue@9Hz",
                ROOT,
                "-e page-faults/freq=9,name=page-faults/ -e block:block_rq_issue --call-graph",
                "",
            ),
            ("perf:stat@10Hz", USER, "", "-I 100 -e task-clock:u,context-switches:u,"),
            ("perf:stat", hardware, "", "page-faults,cycles,instructions,branches,branch-misses,"),
        ] {
            let plan = plan(spec, access).unwrap();
            let (recorded, counted) = (words(plan.record(7, true, "a,b")), words(plan.stat(7, "a,b")));
            assert!(recorded.contains(record) && recorded.is_empty() == record.is_empty(), "{spec}: {recorded}");
            assert!(counted.contains(stat) && counted.is_empty() == stat.is_empty(), "{spec}: {counted}");
            let attached = |words: &str| words.is_empty() || words.contains("--control=fifo:a,b -p 7");
            assert!(attached(&recorded) && attached(&counted));
        }
        assert!(words(Some(plan("perf", ROOT).unwrap().script())).ends_with("--no-inline"));
        assert!(!words(Some(plan("perf:inline", ROOT).unwrap().script())).contains("--no-inline"));
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_remedy() {
        for (spec, access, part) in [
            ("perf:bogus", ROOT, "perf:bogus: perf knows no part `bogus`"),
            ("perf:cpu+", ROOT, "no part ``"),
            ("perf:cpu-clock/x/", ROOT, "no part `cpu-clock/x/`"),
            ("perf:syscalls", USER, "remount,mode=755 /sys/kernel/tracing, or use strace"),
            ("perf@0.5Hz", ROOT, "at least once a second"),
        ] {
            let refused = plan(spec, access).unwrap_err();
            assert!(refused.contains(part), "{refused}");
        }
    }

    #[test]
    fn limits_name_their_remedy() {
        assert_eq!((ROOT.limit(), Access { paranoid: -1, tracepoints: true, ..USER }.limit()), (None, None));
        for (paranoid, part) in [(4, "refuse perf to users"), (2, "code outside of the kernel"), (1, "tracepoints")] {
            let limit = Access { paranoid, ..USER }.limit().unwrap();
            assert!(limit.contains(part) && limit.contains("sysctl kernel.perf_event_paranoid=-1"), "{limit}");
        }
    }

    #[test]
    fn capabilities_are_read() {
        assert!(capable("Name:\tx\nCapEff:\t000001ffffffffff\n") && capable("CapEff:\t0000004000000000"));
        assert!(!capable("CapEff:\t0000000000000000") && !capable("CapEff:\tx") && !capable(""));
    }
}
