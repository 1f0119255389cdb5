//! What strace's lines mean together: calls cut in two are joined, threads find their processes, and all of it
//! becomes rows.

use std::str::FromStr;

use nix::sys::signal::Signal;

use super::calls::{Calls, argument, strings, text};
use super::line::{self, Line, Outcome};
use crate::session::{Cell, schemas};
use crate::source::tracelog::{About, Log, Prefix, Threads, Times};
use crate::source::{Outlet, Process, SeriesId, Thread};

/// A call that has begun.
#[derive(Debug, Default)]
struct Pending {
    name: String,
    args: String,
    start: i64,
    /// Whether the thread that it made has been heard of already.
    born: bool,
}

/// The reader of one log.
#[derive(Debug)]
pub struct Trace {
    threads: Threads<Option<Pending>>,
    calls: Calls,
    syscalls: SeriesId,
    about: About,
}

impl Log for Trace {
    const TOOL: &str = "strace";
    type Seen = ();

    fn new(outlet: &mut Outlet, about: About) -> Trace {
        Trace {
            calls: Calls::default(),
            syscalls: outlet.series(&schemas::SYSCALLS),
            threads: Threads::new(outlet, about.live),
            about,
        }
    }

    fn line(&mut self, outlet: &mut Outlet, times: &mut Times, prefix: Prefix, text: &str) {
        let Some(line) = line::parse(text) else {
            // What strace says of itself is among its lines where they were not sent into a file.
            self.about.unreadable += u64::from(!(text.is_empty() || text.starts_with("strace: ") || attached(text)));
            return;
        };
        let Some((tid, time)) = self.about.place(times, prefix) else { return };
        if self.about.waiting.is_some() {
            self.wait(outlet, time, tid, &line);
            return;
        }
        let at = self.threads.at(outlet, tid, |all| parent_of(all, tid));
        match line {
            Line::Call { name, args, outcome } => {
                self.give_up(outlet, at);
                self.call(outlet, at, time, name, args, outcome, time.saturating_add(outcome.duration.unwrap_or(0)));
            }
            Line::Unfinished { name, args } => {
                self.give_up(outlet, at);
                let pending = Pending { name: name.to_owned(), args: args.to_owned(), start: time, born: false };
                self.threads.get(at).state = Some(pending);
            }
            Line::Resumed { name, rest } => self.resumed(outlet, at, time, name, rest),
            Line::Detached { name, args } => {
                self.give_up(outlet, at);
                self.call(outlet, at, time, name, args, Outcome::default(), time);
            }
            Line::Signal { name, detail } => self.threads.lives(outlet, at, time, "signal", Some(name), None, detail),
            Line::Stopped { name } => self.threads.lives(outlet, at, time, "stop", Some(name), None, ""),
            Line::Exited { status } => {
                self.threads.lives(outlet, at, time, "exit", None, Some(status), "");
                self.gone(outlet, at, time, i32::try_from(status).ok());
            }
            Line::Killed { name, detail } => {
                self.threads.lives(outlet, at, time, "kill", Some(name), None, detail);
                let number = Signal::from_str(name).ok().map(|signal| -(signal as i32));
                self.gone(outlet, at, time, number);
            }
            Line::Superseded { by } => self.superseded(outlet, at, time, by),
        }
    }

    fn finish(mut self, outlet: &mut Outlet) {
        let mut begun: Vec<_> = self.threads.all().iter_mut().enumerate().collect();
        begun.retain(|(_, thread)| thread.state.is_some());
        begun.sort_by_key(|(_, thread)| thread.state.as_ref().map(|pending| pending.start));
        let begun: Vec<usize> = begun.into_iter().map(|(at, _)| at).collect();
        for at in begun {
            self.give_up(outlet, at);
        }
        outlet.dropped("lines not understood", self.about.unreadable);
    }
}

impl Trace {
    /// Before the program runs, only the exec that begins it counts.
    fn wait(&mut self, outlet: &mut Outlet, time: i64, tid: i32, line: &Line<'_>) {
        let begins = match line {
            Line::Call { name: "execve" | "execveat", outcome, .. } => outcome.error.is_none(),
            Line::Unfinished { name: "execve" | "execveat", .. } => true,
            Line::Exited { .. } | Line::Killed { .. } => true,
            _ => false,
        };
        if !begins || self.about.waiting != Some(tid) {
            return;
        }
        self.about.waiting = None;
        let at = self.threads.begin(outlet, tid, tid, None, None);
        match *line {
            Line::Call { name, args, outcome } => {
                self.call(outlet, at, time, name, args, outcome, time.saturating_add(outcome.duration.unwrap_or(0)));
            }
            Line::Unfinished { name, args } => {
                let pending = Pending { name: name.to_owned(), args: args.to_owned(), start: time, born: false };
                self.threads.get(at).state = Some(pending);
            }
            _ => {}
        }
    }

    /// The second half of a call. The first may be missing where the log begins or lines were lost.
    fn resumed(&mut self, outlet: &mut Outlet, at: usize, time: i64, name: &str, rest: &str) {
        let pending = self.threads.get(at).state.take();
        let same = pending.as_ref().is_some_and(|pending| pending.name == name);
        if !same {
            self.threads.get(at).state = pending;
            self.give_up(outlet, at);
            let Some((args, outcome)) = line::finish(rest) else {
                self.about.unreadable += 1;
                return;
            };
            let start = time.saturating_sub(outcome.duration.unwrap_or(0));
            return self.call(outlet, at, start, name, args, outcome, time);
        }
        let Some(Pending { args: mut whole, start, .. }) = pending else { return };
        // Some versions put a blank on either side of the cut.
        whole.push_str(if whole.ends_with(' ') { rest.trim_start_matches(' ') } else { rest });
        match line::finish(&whole) {
            Some((args, outcome)) => {
                // Without -T the two halves tell how long it took, if it returned at all.
                let took = outcome.value.or(outcome.error.map(|_| 0)).map(|_| time.saturating_sub(start));
                let outcome = Outcome { duration: outcome.duration.or(took), ..outcome };
                self.call(outlet, at, start, name, args.trim_matches(' '), outcome, time);
            }
            None => {
                self.about.unreadable += 1;
                self.call(outlet, at, start, name, &whole, Outcome::default(), time);
            }
        }
    }

    /// A call that has begun will not be heard of any more.
    #[inline]
    fn give_up(&mut self, outlet: &mut Outlet, at: usize) {
        if self.threads.get(at).state.is_some()
            && let Some(pending) = self.threads.get(at).state.take()
        {
            let Pending { name, args, start, .. } = pending;
            self.call(outlet, at, start, &name, args.trim_end_matches([' ', ',']), Outcome::default(), start);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "a call has these parts, and it is made of slices at one place each")]
    #[inline]
    fn call(
        &mut self,
        outlet: &mut Outlet,
        at: usize,
        start: i64,
        name: &str,
        args: &str,
        outcome: Outcome<'_>,
        end: i64,
    ) {
        let facts = self.calls.facts(name, args, &outcome);
        let cells = [
            Cell::Text(name),
            Cell::Text(args),
            Cell::int(outcome.value),
            Cell::text(outcome.error),
            Cell::int(facts.fd),
            Cell::text(facts.path.as_deref()),
            Cell::int(facts.bytes),
        ];
        outlet.span(self.syscalls, start, outcome.duration, self.threads.get(at).track, &cells);
        if outcome.error.is_some() {
            return;
        }
        match name {
            "clone" | "clone3" | "fork" | "vfork" => self.born(outlet, at, start, args, outcome),
            "execve" | "execveat" if outcome.value == Some(0) => self.exec(outlet, at, end, name, args),
            "prctl" if args.starts_with("PR_SET_NAME") || args.contains("/* PR_SET_NAME */") => {
                self.named(outlet, at, None, text(args, 1).as_deref());
            }
            // A thread's name is set by another one through /proc.
            "write" if facts.path.as_deref().is_some_and(|path| path.ends_with("/comm")) => {
                let of = facts.path.as_deref().and_then(|path| path.strip_prefix("/proc/"));
                let of = of.and_then(|path| path.rsplit('/').nth(1)).and_then(|tid| tid.parse().ok());
                if of.is_some() {
                    self.named(outlet, at, of, text(args, 1).as_deref());
                }
            }
            _ => {}
        }
    }

    /// A thread has made another one.
    fn born(&mut self, outlet: &mut Outlet, at: usize, start: i64, args: &str, outcome: Outcome<'_>) {
        let Some(child) = outcome.value.and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 0) else { return };
        let pid = self.threads.get(at).pid;
        let thread = args.contains("CLONE_THREAD");
        let (what, process) = if thread { ("thread", pid) } else { ("fork", child) };
        self.threads.lives(outlet, at, start, what, None, Some(i64::from(child)), "");
        self.threads.begin(outlet, child, process, Some(pid), Some(start));
    }

    /// A process runs another program.
    fn exec(&mut self, outlet: &mut Outlet, at: usize, end: i64, name: &str, args: &str) {
        let first = if name == "execve" { 0 } else { 1 };
        let program = text(args, first).unwrap_or_default();
        let list = argument(args, first + 1).unwrap_or_default();
        let words = strings(list);
        let detail = words.join(" ");
        self.threads.lives(outlet, at, end, "exec", Some(&program), None, &detail);
        let pid = self.threads.get(at).pid;
        let base = program.rsplit('/').next().unwrap_or(&program).to_owned();
        let command = Some(detail).filter(|detail| !detail.is_empty());
        outlet.process(Process { pid, name: Some(base.clone()), command, ..Process::default() });
        self.named(outlet, at, None, Some(&base));
    }

    /// A thread has a new name: the one of this number, or another one of its process.
    fn named(&mut self, outlet: &mut Outlet, at: usize, tid: Option<i32>, name: Option<&str>) {
        let Some(name) = name else { return };
        let (pid, own) = (self.threads.get(at).pid, self.threads.get(at).tid);
        // The kernel keeps 15 bytes.
        let end = name.char_indices().map(|(at, char)| at + char.len_utf8()).take_while(|end| *end <= 15).last();
        let name = Some(name[..end.unwrap_or(0)].to_owned());
        outlet.thread(Thread { pid, tid: tid.unwrap_or(own), name, ..Thread::default() });
    }

    /// A thread other than its process's first has run another program: it goes on under the first one's number.
    fn superseded(&mut self, outlet: &mut Outlet, at: usize, time: i64, by: i32) {
        self.give_up(outlet, at);
        let detail = format!("superseded by execve in pid {by}");
        self.threads.lives(outlet, at, time, "exit", None, None, &detail);
        let execve = self.threads.find(by).and_then(|thread| thread.state.take());
        let pid = self.threads.get(at).pid;
        outlet.thread(Thread { pid, tid: by, end: Some(time), ..Thread::default() });
        self.threads.get(at).state = execve;
        self.threads.end(by);
    }

    /// A thread has ended, and with the first one its process.
    fn gone(&mut self, outlet: &mut Outlet, at: usize, time: i64, status: Option<i32>) {
        self.give_up(outlet, at);
        self.threads.gone(outlet, at, time, status);
    }
}

/// The process of a thread whose first line comes before its parent's call has returned, and its parent's: the
/// parent is the one that has waited the longest in a call that makes threads.
fn parent_of(all: &mut [crate::source::tracelog::Thread<Option<Pending>>], tid: i32) -> (i32, Option<i32>) {
    let making = |pending: &Pending| matches!(&*pending.name, "clone" | "clone3" | "fork" | "vfork") && !pending.born;
    let waiting = all.iter_mut().filter_map(|thread| Some((thread.pid, thread.state.as_mut()?)));
    let oldest = waiting.filter(|(_, pending)| making(pending)).min_by_key(|(_, pending)| pending.start);
    match oldest {
        None => (tid, None),
        Some((pid, pending)) => {
            pending.born = true;
            (if pending.args.contains("CLONE_THREAD") { pid } else { tid }, Some(pid))
        }
    }
}

/// `Process 21834 attached`, `Process 21834 detached`
fn attached(text: &str) -> bool {
    let id = text.strip_prefix("Process ").and_then(|rest| rest.split(' ').next());
    id.is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_digit()))
}
