//! Records of perf as rows: samples, system calls, and stretches off the processor.

use rustc_hash::FxHashMap;

use super::syscalls::{self, Machine};
use super::text::{self, Record, What};
use crate::session::{Cell, StackId, Track, TrackId, schemas};
use crate::source::{Outlet, Process, Thread};

/// Threads that are known at once, at most: hostile input names any number of them.
const THREADS_MAX: usize = 1 << 20;

/// Joins what belongs together and puts it into an outlet.
#[derive(Debug)]
pub struct Rows {
    machine: Machine,
    threads: FxHashMap<i32, State>,
}

/// What is known of a thread.
#[derive(Debug)]
struct State {
    track: TrackId,
    pid: i32,
    name: String,
    call: Option<Begun>,
    off: Option<Off>,
}

/// A system call that has not returned yet.
#[derive(Debug)]
struct Begun {
    time: i64,
    number: i64,
    arguments: Vec<u64>,
}

/// A stretch off the processor that has not ended yet.
#[derive(Debug)]
struct Off {
    time: i64,
    state: Option<&'static str>,
    stack: Option<StackId>,
    /// Whether the thread is dead, and will not come back.
    dead: bool,
}

impl Rows {
    /// For records from such a machine.
    pub fn new(machine: Machine) -> Rows {
        Rows { machine, threads: FxHashMap::default() }
    }

    /// The machine that the records come from turned out to be another one.
    pub fn set_machine(&mut self, machine: Machine) {
        self.machine = machine;
    }

    /// Takes a record.
    pub fn take(&mut self, outlet: &mut Outlet, record: &Record) {
        match &record.what {
            What::Other => {}
            What::Lost(count) => {
                outlet.dropped("samples", *count);
                // What ends next may belong to a begin that was lost.
                self.give_up(outlet);
            }
            What::In => self.came(outlet, record.tid, record.time),
            What::Out { preempted } => {
                let state = preempted.then_some("preempted");
                // Where there was a sample of the switch it said more.
                let off = &mut self.thread(outlet, record).off;
                off.get_or_insert(Off { time: record.time, state, stack: None, dead: false });
            }
            What::Named { name, pid, tid, exec } => {
                self.named(outlet, *pid, *tid, name);
                if *exec {
                    outlet.process(Process { pid: *pid, name: Some(name.clone()), ..Process::default() });
                }
            }
            What::Fork { pid, tid, parent } => {
                let (pid, tid, start) = (*pid, *tid, Some(record.time));
                // The number may have been that of another thread before.
                self.forget(outlet, tid);
                outlet.thread(Thread { pid, tid, start, ..Thread::default() });
                if pid == tid {
                    outlet.process(Process { pid, parent: Some(*parent), start, ..Process::default() });
                }
            }
            What::Exit { pid, tid } => {
                let (pid, tid, end) = (*pid, *tid, Some(record.time));
                self.forget(outlet, tid);
                outlet.thread(Thread { pid, tid, end, ..Thread::default() });
                if pid == tid {
                    outlet.process(Process { pid, end, ..Process::default() });
                }
            }
            What::Event { name, period, text, frames } => self.event(outlet, record, name, *period, text, frames),
        }
    }

    /// There are no more: what has not ended has no known duration.
    pub fn finish(&mut self, outlet: &mut Outlet) {
        self.give_up(outlet);
    }

    fn event(
        &mut self,
        outlet: &mut Outlet,
        record: &Record,
        name: &str,
        period: Option<i64>,
        text: &str,
        frames: &[text::Frame],
    ) {
        match name {
            "raw_syscalls:sys_enter" => {
                let Some((number, arguments)) = entered(text) else { return };
                let machine = self.machine;
                let state = self.thread(outlet, record);
                let begun = Begun { time: record.time, number, arguments };
                if let Some(never) = state.call.replace(begun) {
                    put_call(machine, outlet, state.track, &never, None);
                }
            }
            "raw_syscalls:sys_exit" => {
                let Some((number, result)) = returned(text) else { return };
                let machine = self.machine;
                let state = self.thread(outlet, record);
                // One without a begin was under way when perf came, or is a clone's second return.
                if let Some(call) = state.call.take() {
                    let end = (call.number == number).then_some((record.time, result));
                    put_call(machine, outlet, state.track, &call, end);
                }
            }
            "sched:sched_switch" => {
                let stack = put_stack(outlet, frames);
                let Some((gone, come)) = text.rsplit_once(" ==> ") else { return };
                let (state, dead) = left(field(gone, "prev_state=").unwrap_or(""));
                self.thread(outlet, record).off = Some(Off { time: record.time, state, stack, dead });
                if let Some(next) = field(come, "next_pid=").and_then(|pid| pid.parse().ok()) {
                    self.came(outlet, next, record.time);
                }
            }
            _ => {
                let stack = put_stack(outlet, frames);
                let track = self.thread(outlet, record).track;
                let series = outlet.series(&schemas::SAMPLES);
                let stack = stack.map_or(Cell::Null, Cell::Stack);
                let cpu = Cell::int(record.cpu.map(i64::from));
                let cells = [Cell::Text(name), stack, cpu, Cell::Int(period.unwrap_or(1))];
                outlet.point(series, record.time, track, &cells);
            }
        }
    }

    /// A thread has got a processor.
    fn came(&mut self, outlet: &mut Outlet, tid: i32, time: i64) {
        let Some(state) = self.threads.get_mut(&tid) else { return };
        if let Some(off) = state.off.take() {
            put_off(outlet, state.track, &off, Some(time));
        }
    }

    /// What is known of the thread of a record.
    fn thread(&mut self, outlet: &mut Outlet, record: &Record) -> &mut State {
        let (pid, tid) = (record.pid.unwrap_or(0), record.tid);
        if self.threads.get(&tid).is_none_or(|state| state.pid != pid || state.name != record.name) {
            self.named(outlet, pid, tid, &record.name);
        }
        let empty = || State::new(outlet.track(&Track::thread(pid, tid)), pid);
        self.threads.entry(tid).or_insert_with(empty)
    }

    fn named(&mut self, outlet: &mut Outlet, pid: i32, tid: i32, name: &str) {
        // A stand-in for a name that perf does not know.
        let known = !name.is_empty() && !name.starts_with(':');
        if known && pid > 0 && self.threads.get(&tid).is_none_or(|state| state.name != name) {
            outlet.thread(Thread { pid, tid, name: Some(name.to_owned()), ..Thread::default() });
            if pid == tid {
                outlet.process(Process { pid, name: Some(name.to_owned()), ..Process::default() });
            }
        }
        if self.threads.len() >= THREADS_MAX {
            self.give_up(outlet);
            self.threads.clear();
        }
        if self.threads.get(&tid).is_some_and(|state| state.pid != pid) {
            self.forget(outlet, tid);
        }
        let state = self.threads.entry(tid).or_insert_with(|| State::new(outlet.track(&Track::thread(pid, tid)), pid));
        name.clone_into(&mut state.name);
    }

    fn forget(&mut self, outlet: &mut Outlet, tid: i32) {
        if let Some(mut state) = self.threads.remove(&tid) {
            give_up(self.machine, outlet, &mut state);
        }
    }

    fn give_up(&mut self, outlet: &mut Outlet) {
        let machine = self.machine;
        // In an order that does not change from run to run.
        let mut open: Vec<_> =
            self.threads.iter_mut().filter(|(_, state)| state.call.is_some() || state.off.is_some()).collect();
        open.sort_by_key(|(tid, _)| **tid);
        open.into_iter().for_each(|(_, state)| give_up(machine, outlet, state));
    }
}

impl State {
    fn new(track: TrackId, pid: i32) -> State {
        State { track, pid, name: String::new(), call: None, off: None }
    }
}

/// What has begun in a thread and whose end will not be seen.
fn give_up(machine: Machine, outlet: &mut Outlet, state: &mut State) {
    if let Some(call) = state.call.take() {
        put_call(machine, outlet, state.track, &call, None);
    }
    if let Some(off) = state.off.take() {
        put_off(outlet, state.track, &off, None);
    }
}

fn put_call(machine: Machine, outlet: &mut Outlet, track: TrackId, begun: &Begun, end: Option<(i64, i64)>) {
    let known = syscalls::call(machine, begun.number);
    let number;
    let name = match known {
        Some(call) => call.name,
        None => {
            number = format!("syscall_{:#x}", begun.number);
            &number
        }
    };
    let count = known.map_or(begun.arguments.len(), |call| call.arguments);
    let arguments: Vec<String> = begun.arguments.iter().take(count).map(|value| format!("{value:#x}")).collect();
    let descriptor = known.and_then(|call| begun.arguments.get(call.descriptor?).copied());
    // The registers hold an int, or AT_FDCWD and the like.
    let descriptor = descriptor.map(|value| i64::from(value as u32 as i32)).filter(|&fd| fd >= 0);
    let result = end.map(|(_, result)| result);
    let error = result.and_then(syscalls::error);
    let bytes = result.filter(|&result| known.is_some_and(|call| call.bytes) && result >= 0);
    // As the C library has it.
    let result = if error.is_some() { Some(-1) } else { result };
    let series = outlet.series(&schemas::SYSCALLS);
    let cells = [
        Cell::Text(name),
        Cell::Text(&arguments.join(", ")),
        Cell::int(result),
        Cell::text(error.as_deref()),
        Cell::int(descriptor),
        Cell::Null,
        Cell::int(bytes),
    ];
    outlet.span(series, begun.time, end.map(|(time, _)| time.saturating_sub(begun.time)), track, &cells);
}

fn put_off(outlet: &mut Outlet, track: TrackId, off: &Off, end: Option<i64>) {
    if off.dead && end.is_none() {
        return;
    }
    let series = outlet.series(&schemas::OFFCPU);
    let cells = [Cell::text(off.state), off.stack.map_or(Cell::Null, Cell::Stack)];
    outlet.span(series, off.time, end.map(|end| end.saturating_sub(off.time)), track, &cells);
}

/// Puts the frames into the outlet's dictionary, from the outermost in.
fn put_stack(outlet: &mut Outlet, frames: &[text::Frame]) -> Option<StackId> {
    let mut stack = None;
    // An inlined function lies in the module of the one that it was inlined into, which comes before it here.
    let mut module = "";
    for frame in frames.iter().rev() {
        if !frame.inlined {
            module = &frame.module;
        }
        // Where frames are chained by a register that is used otherwise, chains end in nothing, or before all.
        if [0, u64::MAX].contains(&frame.address) && frame.function.is_empty() {
            continue;
        }
        let frame = crate::session::Frame {
            function: frame.function.as_str().into(),
            module: module.into(),
            address: frame.address,
        };
        stack = Some(outlet.stack(stack, frame));
    }
    stack
}

/// `NR 0 (3, 7ffd00583f18, 340, 0, 0, 0)`
fn entered(text: &str) -> Option<(i64, Vec<u64>)> {
    let (number, rest) = text.strip_prefix("NR ")?.split_once(" (")?;
    let (arguments, _) = rest.split_once(')')?;
    let arguments = arguments.split(", ").map(|value| u64::from_str_radix(value, 16));
    Some((number.trim().parse().ok()?, arguments.collect::<Result<_, _>>().ok()?))
}

/// `NR 0 = 832`
fn returned(text: &str) -> Option<(i64, i64)> {
    let (number, rest) = text.strip_prefix("NR ")?.split_once(" = ")?;
    Some((number.trim().parse().ok()?, rest.split(' ').next()?.parse().ok()?))
}

/// The value of a field of a tracepoint's text.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    // The field before is a thread's name, with anything in it: the last one counts.
    let begin = text.rfind(name)? + name.len();
    text[begin..].split(' ').next()
}

/// Why a thread left the processor, by the letters of the kernel, and whether for ever.
fn left(state: &str) -> (Option<&'static str>, bool) {
    match state.bytes().next() {
        // A thread that could go on was made to wait.
        Some(b'R') => (Some("preempted"), false),
        Some(b'S' | b'I' | b'P') => (Some("sleeping"), false),
        Some(b'D') => (Some("disk"), false),
        Some(b'T') => (Some("stopped"), false),
        Some(b't') => (Some("traced"), false),
        Some(b'X' | b'Z') => (None, true),
        _ => (None, false),
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
