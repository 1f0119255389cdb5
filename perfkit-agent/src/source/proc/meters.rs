//! What is read from /proc, as tables of dotted names with unit, sense and meaning: a parser gives its values in the
//! order of its table.

use crate::source::Semantics::{self, Counter, Gauge};

/// One value that is read again and again.
#[derive(Debug)]
pub struct Meter {
    /// The last part of its dotted name.
    pub name: &'static str,
    /// How its values are to be read.
    pub semantics: Semantics,
    /// Its unit.
    pub unit: &'static str,
    /// What it is.
    pub doc: &'static str,
}

const fn counts(name: &'static str, unit: &'static str, doc: &'static str) -> Meter {
    Meter { name, semantics: Counter, unit, doc }
}

const fn gauge(name: &'static str, unit: &'static str, doc: &'static str) -> Meter {
    Meter { name, semantics: Gauge, unit, doc }
}

/// Of `/proc/PID/stat`.
pub static STAT: &[Meter] = &[
    counts("cpu.user", "ns", "Time on a processor in the program, of all threads."),
    counts("cpu.system", "ns", "Time on a processor in the kernel, of all threads."),
    counts("faults.minor", "", "Page faults that needed no disk."),
    counts("faults.major", "", "Page faults that waited for a disk."),
    gauge("threads", "", "Threads that exist."),
];

/// Of `/proc/PID/statm`.
pub static STATM: &[Meter] = &[
    gauge("memory.size", "bytes", "Address space in use."),
    gauge("memory.rss", "bytes", "Memory that is resident."),
    gauge("memory.shared", "bytes", "Resident memory of files and shared memory."),
];

/// Of `/proc/PID/status`.
pub static STATUS: &[Meter] = &[
    gauge("memory.peak", "bytes", "The most that was ever resident."),
    gauge("memory.anonymous", "bytes", "Resident memory that belongs to no file."),
    gauge("memory.swap", "bytes", "Memory that was swapped out."),
];

/// Of `/proc/PID/io`.
pub static IO: &[Meter] = &[
    counts("io.read", "bytes", "Bytes that calls like read have returned, from a disk, a pipe or elsewhere."),
    counts("io.write", "bytes", "Bytes that were given to calls like write."),
    counts("io.calls.read", "", "Calls like read."),
    counts("io.calls.write", "", "Calls like write."),
    counts("io.disk.read", "bytes", "Bytes that were fetched from a disk."),
    counts("io.disk.write", "bytes", "Bytes that were sent to a disk, or will be."),
];

/// Of the folder `/proc/PID/fd`.
pub static FILES: &[Meter] = &[gauge("files", "", "File descriptors that are open.")];

/// Of `/proc/PID/smaps_rollup`.
pub static SMAPS: &[Meter] = &[
    gauge("memory.pss", "bytes", "Resident memory, pages that are shared counted by their share."),
    gauge("memory.unique", "bytes", "Resident memory that no other process shares."),
];

/// Of `/proc/PID/task/TID/schedstat`.
pub static THREAD: &[Meter] = &[
    counts("cpu.time", "ns", "Time of the thread on a processor."),
    counts("cpu.wait", "ns", "Time that the thread was ready to run and had no processor."),
    counts("cpu.slices", "", "Times that the thread was put on a processor."),
];

/// Of a line `cpu` of `/proc/stat`.
pub static CPU: &[Meter] = &[
    counts("user", "ns", "Time in programs."),
    counts("nice", "ns", "Time in programs of low priority."),
    counts("system", "ns", "Time in the kernel."),
    counts("idle", "ns", "Time with nothing to do."),
    counts("iowait", "ns", "Time with nothing to do while a disk was waited for."),
    counts("irq", "ns", "Time in interrupts."),
    counts("softirq", "ns", "Time in deferred interrupts."),
    counts("steal", "ns", "Time that the host gave to other virtual machines."),
];

/// Of the other lines of `/proc/stat`.
pub static SYSTEM: &[Meter] = &[
    counts("interrupts", "", "Interrupts."),
    counts("switches", "", "Context switches."),
    counts("forks", "", "Processes and threads that were made."),
    gauge("tasks.running", "", "Threads that run or are ready to."),
    gauge("tasks.blocked", "", "Threads that wait for a disk."),
];

/// Of `/proc/meminfo`, with the names that it has there.
pub static MEMORY: &[(&str, Meter)] = &[
    ("MemTotal", gauge("memory.total", "bytes", "Memory of the machine.")),
    ("MemFree", gauge("memory.free", "bytes", "Memory that is used for nothing.")),
    ("MemAvailable", gauge("memory.available", "bytes", "Memory that programs could get without swapping.")),
    ("Buffers", gauge("memory.buffers", "bytes", "Raw blocks of disks.")),
    ("Cached", gauge("memory.cached", "bytes", "Contents of files.")),
    ("AnonPages", gauge("memory.anonymous", "bytes", "Memory of programs that belongs to no file.")),
    ("Shmem", gauge("memory.shared", "bytes", "Shared memory and files in memory.")),
    ("Slab", gauge("memory.slab", "bytes", "The kernel's own structures.")),
    ("Dirty", gauge("memory.dirty", "bytes", "Contents of files that wait to be written.")),
    ("Writeback", gauge("memory.writeback", "bytes", "Contents of files that are being written.")),
    ("SwapTotal", gauge("swap.total", "bytes", "Swap of the machine.")),
    ("SwapFree", gauge("swap.free", "bytes", "Swap that is used for nothing.")),
];

/// Of `/proc/loadavg`.
pub static LOAD: &[Meter] = &[
    gauge("load.1m", "", "Threads that ran, were ready to or waited for a disk, on average of a minute."),
    gauge("load.5m", "", "The same of five minutes."),
    gauge("load.15m", "", "The same of a quarter of an hour."),
];

/// Of a line of `/proc/pressure/*`.
pub static PRESSURE: &[Meter] = &[
    gauge("avg10", "%", "Share of the last ten seconds in which threads were held up."),
    gauge("avg60", "%", "Share of the last minute in which threads were held up."),
    gauge("avg300", "%", "Share of the last five minutes in which threads were held up."),
    counts("total", "ns", "Time in which threads were held up."),
];

/// Of a line of `/proc/diskstats`.
pub static DISK: &[Meter] = &[
    counts("reads", "", "Reads that were completed."),
    counts("read_bytes", "bytes", "Bytes read."),
    counts("read_time", "ns", "Time that reads took, of all together."),
    counts("writes", "", "Writes that were completed."),
    counts("write_bytes", "bytes", "Bytes written."),
    counts("write_time", "ns", "Time that writes took, of all together."),
    gauge("in_flight", "", "Reads and writes that go on."),
    counts("busy_time", "ns", "Time in which the device had something to do."),
    counts("queue_time", "ns", "Time in which it had, times the reads and writes that went on."),
];

/// Of a line of `/proc/PID/net/dev`.
pub static NET: &[Meter] = &[
    counts("rx_bytes", "bytes", "Bytes received."),
    counts("rx_packets", "", "Packets received."),
    counts("rx_errors", "", "Packets received broken."),
    counts("rx_drops", "", "Packets received and thrown away."),
    counts("tx_bytes", "bytes", "Bytes sent."),
    counts("tx_packets", "", "Packets sent."),
    counts("tx_errors", "", "Packets that could not be sent."),
    counts("tx_drops", "", "Packets that were thrown away instead of sent."),
];

/// Where a value of a control group stands: a file of it, a key in that, and what a value is multiplied with.
pub type Place = (&'static str, &'static str, f64);

/// Of a control group: where it stands in version 2, and in version 1 with the controller before it.
pub static CGROUP: &[(Meter, Place, (&str, Place))] = &[
    (
        counts("cpu.time", "ns", "Time on processors."),
        ("cpu.stat", "usage_usec", 1e3),
        ("cpuacct", ("cpuacct.usage", "", 1.0)),
    ),
    (
        counts("cpu.user", "ns", "Time on processors in programs."),
        ("cpu.stat", "user_usec", 1e3),
        ("cpuacct", ("cpuacct.usage_user", "", 1.0)),
    ),
    (
        counts("cpu.system", "ns", "Time on processors in the kernel."),
        ("cpu.stat", "system_usec", 1e3),
        ("cpuacct", ("cpuacct.usage_sys", "", 1.0)),
    ),
    (
        counts("cpu.throttles", "", "Periods in which the group was held back by its limit."),
        ("cpu.stat", "nr_throttled", 1.0),
        ("cpu", ("cpu.stat", "nr_throttled", 1.0)),
    ),
    (
        counts("cpu.throttled", "ns", "Time in which the group was held back by its limit."),
        ("cpu.stat", "throttled_usec", 1e3),
        ("cpu", ("cpu.stat", "throttled_time", 1.0)),
    ),
    (
        gauge("memory.used", "bytes", "Memory in use."),
        ("memory.current", "", 1.0),
        ("memory", ("memory.usage_in_bytes", "", 1.0)),
    ),
    (
        gauge("memory.peak", "bytes", "The most memory that was ever in use."),
        ("memory.peak", "", 1.0),
        ("memory", ("memory.max_usage_in_bytes", "", 1.0)),
    ),
    (
        gauge("memory.limit", "bytes", "What the group may use; none where it may use all."),
        ("memory.max", "", 1.0),
        ("memory", ("memory.limit_in_bytes", "", 1.0)),
    ),
    (
        counts("memory.oom_kills", "", "Processes that were killed for want of memory."),
        ("memory.events", "oom_kill", 1.0),
        ("memory", ("memory.oom_control", "oom_kill", 1.0)),
    ),
    (gauge("tasks", "", "Processes and threads."), ("pids.current", "", 1.0), ("pids", ("pids.current", "", 1.0))),
    (counts("io.read", "bytes", "Bytes read from disks."), ("io.stat", "rbytes", 1.0), ("", ("", "", 1.0))),
    (counts("io.write", "bytes", "Bytes written to disks."), ("io.stat", "wbytes", 1.0), ("", ("", "", 1.0))),
];
