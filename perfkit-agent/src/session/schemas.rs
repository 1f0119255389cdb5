//! The series that every session knows: one table, which sources write and views read.
//!
//! What gdkrecord records has a series for each kind of its own table; the others are here.

use super::series::ColumnType::{Int, Name, Real, Stack, Text};
use super::series::Shape::{Point, Sample, Span};
use super::series::{Column, Schema, Unit};

const fn column(name: &'static str, of: super::ColumnType, unit: Unit, doc: &'static str) -> Column {
    Column::new(name, of, unit, doc)
}

/// System calls. The track is the thread.
pub static SYSCALLS: Schema = Schema::new(
    "syscalls",
    Span,
    "A system call of a thread; the duration is unknown for one that never returned.",
    const {
        &[
            column("name", Name, Unit::None, "The call's name."),
            column("args", Text, Unit::None, "Its arguments as the tool decoded them; null where it did not."),
            column("result", Int, Unit::None, "What it returned; null where it did not return, or returned no number."),
            column("error", Name, Unit::None, "The error's name, as ENOENT; null where it succeeded."),
            column("fd", Int, Unit::None, "The file descriptor that it is about."),
            column(
                "path",
                Name,
                Unit::None,
                "The path, or what the descriptor stands for, as pipe; the numbers of pipes, sockets and ports are in args.",
            ),
            column("bytes", Int, Unit::Bytes, "Bytes read or written."),
        ]
    },
);

/// Library calls. The track is the thread.
pub static CALLS: Schema = Schema::new(
    "calls",
    Span,
    "A call of a library's function, or a function of the program.",
    const {
        &[
            column("function", Name, Unit::None, ""),
            column("library", Name, Unit::None, "The library, or the program, that it belongs to; null where unknown."),
            column("args", Text, Unit::None, "Its arguments as the tool decoded them."),
            column("result", Text, Unit::None, "What it returned, as the tool decoded it."),
            column("depth", Int, Unit::Count, "Calls that it lies in, from 0."),
        ]
    },
);

/// Samples of what ran. The track is the thread.
pub static SAMPLES: Schema = Schema::new(
    "samples",
    Point,
    "A sample of a thread that was running, or an event that a profiler counted.",
    const {
        &[
            column("event", Name, Unit::None, "What was sampled, as cpu-clock."),
            column(
                "stack",
                Stack,
                Unit::None,
                "The call stack: an id of the table `stacks`; null where there is none.",
            ),
            column("cpu", Int, Unit::None, "The processor."),
            column("weight", Int, Unit::None, "Events that this sample stands for: nanoseconds for clocks."),
        ]
    },
);

/// Stretches in which a thread did not run. The track is the thread.
pub static OFFCPU: Schema = Schema::new(
    "offcpu",
    Span,
    "A stretch in which a thread did not run.",
    const {
        &[
            column(
                "state",
                Name,
                Unit::None,
                "Why: sleeping, disk, preempted, stopped, or traced where a debugger or tracer held it.",
            ),
            column("stack", Stack, Unit::None, "Where it gave the processor away: an id of the table `stacks`."),
        ]
    },
);

/// Values of counters and gauges. The track is the counter, and its label the counter's dotted name.
pub static COUNTERS: Schema = Schema::new(
    "counters",
    Sample,
    "The value of a counter or a gauge at a moment.",
    const { &[column("value", Real, Unit::None, "In the unit that the table `names` gives for the counter.")] },
);

/// Marks of an application or a toolkit. The track is the thread.
pub static MARKS: Schema = Schema::new(
    "marks",
    Span,
    "A stretch or a moment that a program marked; moments have the duration 0.",
    const {
        &[
            column("group", Name, Unit::None, "What marks it, as GTK or the application's name."),
            column("name", Name, Unit::None, ""),
            column("message", Text, Unit::None, ""),
        ]
    },
);

/// Lines of logs. The track is the process that wrote them.
pub static LOGS: Schema = Schema::new(
    "logs",
    Point,
    "A line of a log, of the target's output, or of a tool.",
    const {
        &[
            column("source", Name, Unit::None, "Where it comes from: stdout, stderr, journal, or a source's name."),
            column("level", Name, Unit::None, "error, warning, message, info or debug; null where there is none."),
            column("domain", Name, Unit::None, "The log domain or unit; null where there is none."),
            column("message", Text, Unit::None, ""),
        ]
    },
);

/// Messages of D-Bus. The track is the bus.
pub static DBUS: Schema = Schema::new(
    "dbus",
    Span,
    "A message on a D-Bus; the duration of a call is the time to its reply.",
    const {
        &[
            column("type", Name, Unit::None, "call, reply, error or signal."),
            column("sender", Name, Unit::None, ""),
            column("destination", Name, Unit::None, ""),
            column("path", Name, Unit::None, ""),
            column("interface", Name, Unit::None, ""),
            column("member", Name, Unit::None, ""),
            column("error", Name, Unit::None, "The error's name; null where it is none."),
            column("serial", Int, Unit::None, ""),
            column("bytes", Int, Unit::Bytes, ""),
        ]
    },
);

/// What the lives of processes and threads brought: forks, execs, signals, exits. The track is the thread.
pub static LIFE: Schema = Schema::new(
    "life",
    Point,
    "A process or thread began, ran another program, got a signal, or ended.",
    const {
        &[
            column("what", Name, Unit::None, "fork, thread, exec, signal, stop, exit or kill."),
            column("name", Name, Unit::None, "The program, or the signal."),
            column("value", Int, Unit::None, "The child's id, or the exit status."),
            column("detail", Text, Unit::None, ""),
        ]
    },
);

/// Every series of this file.
pub static SCHEMAS: &[&Schema] = &[&SYSCALLS, &CALLS, &SAMPLES, &OFFCPU, &COUNTERS, &MARKS, &LOGS, &DBUS, &LIFE];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_samples_begin_with_their_value() {
        let names: BTreeSet<_> = SCHEMAS.iter().map(|schema| &schema.name).collect();
        assert_eq!(names.len(), SCHEMAS.len());
        for schema in SCHEMAS {
            let columns: BTreeSet<_> = schema.columns.iter().map(|column| &column.name).collect();
            assert_eq!(columns.len(), schema.columns.len(), "{}", schema.name);
            if schema.shape == Sample {
                assert_eq!(schema.columns[0].of, Real, "{}", schema.name);
            }
        }
    }
}
