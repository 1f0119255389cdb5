//! What ltrace's lines mean together: how deep calls lie in one another, calls cut in two joined, threads in their
//! processes, and all of it as rows.

use std::str::FromStr;

use nix::errno::Errno;
use nix::sys::signal::Signal;

use super::line::{self, Line, Name, Returned};
use crate::session::{Cell, schemas};
use crate::source::strace::number;
use crate::source::tracelog::{self, About, Log, Prefix, Threads, Times};
use crate::source::{Outlet, Process, SeriesId};

/// A call that has begun.
#[derive(Debug)]
struct Pending {
    function: String,
    library: Option<String>,
    system: bool,
    args: String,
    start: i64,
    /// Whether the process that it made has been heard of already.
    born: bool,
}

/// How many calls were seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Of all processes.
    pub all: u64,
    /// Of the target itself.
    pub own: u64,
}

/// Calls that lie in one another at most: a program that jumps out of calls leaves them unfinished for good.
const DEEPEST: usize = 10_000;

/// The reader of one log.
#[derive(Debug)]
pub struct Trace {
    threads: Threads<Vec<Pending>>,
    calls: SeriesId,
    syscalls: SeriesId,
    about: About,
    seen: Seen,
}

impl Log for Trace {
    const TOOL: &str = "ltrace";
    /// How many calls were seen.
    type Seen = Seen;

    fn new(outlet: &mut Outlet, about: About) -> Trace {
        Trace {
            calls: outlet.series(&schemas::CALLS),
            syscalls: outlet.series(&schemas::SYSCALLS),
            threads: Threads::new(outlet, about.live),
            about,
            seen: Seen::default(),
        }
    }

    fn line(&mut self, outlet: &mut Outlet, times: &mut Times, prefix: Prefix, text: &str) {
        let Some(line) = line::parse(text) else {
            self.about.unreadable += u64::from(!text.is_empty());
            return;
        };
        let Some((tid, time)) = self.about.place(times, prefix) else { return };
        if self.about.waiting.is_some() {
            if self.about.waiting != Some(tid)
                || !matches!(line, Line::Exec | Line::Exited { .. } | Line::Killed { .. })
            {
                return;
            }
            self.about.waiting = None;
        }
        let at = self.threads.at(outlet, tid, |all| parent_of(all, tid));
        match line {
            Line::Call { name, args, returned } => {
                let depth = self.threads.get(at).state.len();
                self.call(outlet, at, time, name, args, returned, depth);
            }
            Line::Unfinished { name, args } => self.begin(outlet, at, time, name, args),
            Line::Resumed { name, args, returned } => self.resumed(outlet, at, time, name, args, returned),
            Line::Endless { name, args } => {
                let depth = self.threads.get(at).state.len();
                self.call(outlet, at, time, name, args, Returned::default(), depth);
            }
            Line::Signal { name, detail } => self.threads.lives(outlet, at, time, "signal", Some(name), None, detail),
            Line::Exec => self.exec(outlet, at, time),
            Line::Exited { status } => {
                self.threads.lives(outlet, at, time, "exit", None, Some(status), "");
                self.gone(outlet, at, time, i32::try_from(status).ok());
            }
            Line::Killed { name } => {
                self.threads.lives(outlet, at, time, "kill", Some(name), None, "");
                self.gone(outlet, at, time, Signal::from_str(name).ok().map(|signal| -(signal as i32)));
            }
        }
    }

    fn finish(mut self, outlet: &mut Outlet) -> Seen {
        for at in 0..self.threads.all().len() {
            self.give_up(outlet, at, 0);
        }
        outlet.dropped("lines not understood", self.about.unreadable);
        self.seen
    }
}

impl Trace {
    fn begin(&mut self, outlet: &mut Outlet, at: usize, start: i64, name: Name<'_>, args: &str) {
        if self.threads.get(at).state.len() >= DEEPEST {
            self.give_up(outlet, at, 0);
        }
        self.threads.get(at).state.push(Pending {
            function: name.function.to_owned(),
            library: name.library.map(str::to_owned),
            system: name.system,
            args: args.to_owned(),
            start,
            born: false,
        });
    }

    /// The second half of a call: of the innermost one of its name. Those within it were left by a jump. In a child
    /// that has just been forked, and where the log begins, there is no first half.
    fn resumed(
        &mut self,
        outlet: &mut Outlet,
        at: usize,
        time: i64,
        name: Name<'_>,
        args: &str,
        returned: Returned<'_>,
    ) {
        let is = |pending: &Pending| pending.function == name.function && pending.system == name.system;
        let Some(depth) = self.threads.get(at).state.iter().rposition(is) else {
            let depth = self.threads.get(at).state.len();
            let start = time.saturating_sub(returned.duration.unwrap_or(0));
            return self.call(outlet, at, start, name, args, returned, depth);
        };
        self.give_up(outlet, at, depth + 1);
        let Some(pending) = self.threads.get(at).state.pop() else { return };
        let whole = match (pending.args.is_empty(), args.is_empty()) {
            (_, true) => pending.args,
            (true, false) => args.to_owned(),
            (false, false) => {
                let separator = if pending.args.ends_with(',') { " " } else { ", " };
                [&pending.args, separator, args.trim_start_matches([',', ' '])].concat()
            }
        };
        let returned =
            Returned { duration: Some(returned.duration.unwrap_or(time.saturating_sub(pending.start))), ..returned };
        self.call(outlet, at, pending.start, name, &whole, returned, depth);
    }

    /// Calls of a thread from a depth on will not be heard of any more.
    fn give_up(&mut self, outlet: &mut Outlet, at: usize, depth: usize) {
        let open = &mut self.threads.get(at).state;
        let left = open.split_off(depth.min(open.len()));
        for (within, pending) in left.iter().enumerate() {
            let library = pending.library.as_deref();
            let name = Name { function: &pending.function, library, system: pending.system };
            self.call(outlet, at, pending.start, name, &pending.args, Returned::default(), depth + within);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "a call has these parts, and it is made of slices at one place each")]
    fn call(
        &mut self,
        outlet: &mut Outlet,
        at: usize,
        start: i64,
        name: Name<'_>,
        args: &str,
        returned: Returned<'_>,
        depth: usize,
    ) {
        let (pid, track) = (self.threads.get(at).pid, self.threads.get(at).track);
        self.seen.all += 1;
        self.seen.own += u64::from(pid == self.about.pid);
        let value = returned.value.and_then(|value| number(value.as_bytes())).map(|(value, _)| value);
        if name.system {
            // ltrace shows what the kernel returned: an error's number, negated.
            let error = value.filter(|value| (-4095..0).contains(value)).map(|value| Errno::from_raw(-value as i32));
            let error = error.filter(|error| *error != Errno::UnknownErrno).map(|error| format!("{error:?}"));
            let cells = [Cell::Text(name.function), Cell::Text(args), Cell::int(value), Cell::text(error.as_deref())];
            outlet.span(self.syscalls, start, returned.duration, track, &cells);
            return;
        }
        let function = if name.function.is_empty() { "?" } else { name.function };
        let cells = [
            Cell::Text(function),
            Cell::text(name.library),
            Cell::Text(args),
            Cell::text(returned.value),
            Cell::Int(depth as i64),
        ];
        outlet.span(self.calls, start, returned.duration, track, &cells);
        if let ("fork" | "vfork" | "_Fork", Some(child)) = (name.function, value.filter(|child| *child > 0))
            && let Ok(child) = i32::try_from(child)
        {
            self.threads.lives(outlet, at, start, "fork", None, Some(i64::from(child)), "");
            let parent = self.threads.get(at).pid;
            self.threads.begin(outlet, child, child, Some(parent), Some(start));
        }
    }

    /// A process runs another program; ltrace does not say which.
    fn exec(&mut self, outlet: &mut Outlet, at: usize, time: i64) {
        self.give_up(outlet, at, 0);
        let pid = self.threads.get(at).pid;
        let program = self.about.live.then(|| std::fs::read_link(format!("/proc/{pid}/exe")).ok()).flatten();
        let program = program.map(|program| program.to_string_lossy().into_owned());
        self.threads.lives(outlet, at, time, "exec", program.as_deref(), None, "");
        let base = program.as_deref().and_then(|program| program.rsplit('/').next()).map(str::to_owned);
        outlet.process(Process { pid, name: base, ..Process::default() });
    }

    /// A thread has ended, and with the first one its process.
    fn gone(&mut self, outlet: &mut Outlet, at: usize, time: i64, status: Option<i32>) {
        self.give_up(outlet, at, 0);
        self.threads.gone(outlet, at, time, status);
    }
}

/// The process of a thread that comes out of nowhere, and its parent's: its own where a thread is in a fork whose
/// child was not heard of yet, and else the process heard of first.
fn parent_of(all: &mut [tracelog::Thread<Vec<Pending>>], tid: i32) -> (i32, Option<i32>) {
    let first = all.first().map(|thread| thread.pid);
    let pending = all.iter_mut().flat_map(|thread| thread.state.iter_mut().map(|pending| (thread.pid, pending)));
    let forking = |pending: &Pending| matches!(&*pending.function, "fork" | "vfork" | "_Fork") && !pending.born;
    match pending.filter(|(_, pending)| forking(pending)).min_by_key(|(_, pending)| pending.start) {
        Some((pid, pending)) => {
            pending.born = true;
            (tid, Some(pid))
        }
        None => (first.unwrap_or(tid), first),
    }
}
