//! What `perf script` prints, line by line, as [`Record`]s.
//!
//! A record is a line with the thread, the time and what happened; a sample's call stack follows it in lines that
//! begin with a tab, the innermost frame first. Which of the parts are there depends on how it was recorded and on
//! `-F`: all are read that the defaults of perf 5 and 6 print, with and without `--ns`. Lines that are none of
//! this are counted.

use crate::session::clock::seconds;

/// Frames of a stack that are kept; perf itself gives at most 127, and inlined ones.
const FRAMES_MAX: usize = 1024;

/// Something that happened in a thread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The thread's name; empty where it is not known.
    pub name: String,
    /// Its process; none where perf did not print it.
    pub pid: Option<i32>,
    /// The thread.
    pub tid: i32,
    /// The processor.
    pub cpu: Option<i32>,
    /// Nanoseconds of the clock that was recorded with.
    pub time: i64,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub enum What {
    /// Something that is not of interest.
    #[default]
    Other,
    /// An event was sampled.
    Event {
        name: String,
        /// How many events the sample stands for.
        period: Option<i64>,
        /// What a tracepoint says.
        text: String,
        /// The call stack, the innermost frame first.
        frames: Vec<Frame>,
    },
    /// The thread got a processor.
    In,
    /// The thread gave its processor away, or it was taken from it.
    Out { preempted: bool },
    /// Samples were lost.
    Lost(u64),
    /// The thread has a name: that of the program where it called exec.
    Named { name: String, pid: i32, tid: i32, exec: bool },
    /// A process or thread began.
    Fork { pid: i32, tid: i32, parent: i32 },
    /// A process or thread ended.
    Exit { pid: i32, tid: i32 },
}

/// A frame as it is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The address in the module, or the absolute one.
    pub address: u64,
    /// The function, demangled; empty where it is not known.
    pub function: String,
    /// The module; empty where it is not known.
    pub module: String,
    /// Whether the function was inlined into the next one.
    pub inlined: bool,
}

/// Reads the lines.
#[derive(Debug, Default)]
pub struct Text {
    /// The sample whose frames are being read.
    pending: Option<Record>,
    unread: u64,
}

impl Text {
    /// Reads a line; `each` gets a record that it completes.
    pub fn line(&mut self, line: &str, each: &mut dyn FnMut(Record)) {
        if line.trim().is_empty() {
            self.finish(each);
            return;
        }
        // The lines of `--header`, which are for whoever wants them.
        if line.starts_with('#') {
            return;
        }
        let frame = || frame(line.trim());
        // perf indents frames by a tab, and threads with short names by spaces.
        let (head, frame) = match line.starts_with('\t') {
            true => (None, frame()),
            false => match head(line) {
                Some(head) => (Some(head), None),
                None => (None, line.starts_with(' ').then(frame).flatten()),
            },
        };
        match (head, frame, &mut self.pending) {
            (Some(record), ..) => {
                self.finish(each);
                match record.what {
                    What::Event { .. } => self.pending = Some(record),
                    _ => each(record),
                }
            }
            (None, Some(frame), Some(Record { what: What::Event { frames, .. }, .. })) => {
                if frames.len() < FRAMES_MAX {
                    frames.push(frame);
                } else {
                    self.unread += 1;
                }
            }
            _ => self.unread += 1,
        }
    }

    /// The text has ended: gives the sample that it ended with.
    pub fn finish(&mut self, each: &mut dyn FnMut(Record)) {
        if let Some(record) = self.pending.take() {
            each(record);
        }
    }

    /// How many lines meant nothing since this was asked last.
    pub fn take_unread(&mut self) -> u64 {
        std::mem::take(&mut self.unread)
    }
}

/// `NAME TID [CPU] TIME: …`, with PID/TID instead of the TID, without the processor.
fn head(line: &str) -> Option<Record> {
    // A thread's name may have spaces and anything else in it, so the way is from the first token that is a time
    // and follows what can stand before one.
    let mut at = 0;
    let mut before: [Option<(usize, &str)>; 2] = [None, None];
    for token in line.split(' ') {
        let begin = at;
        at += token.len() + 1;
        if token.is_empty() {
            continue;
        }
        if let Some(record) = time(token).and_then(|time| {
            let (cpu, id) = match before[1]?.1.strip_prefix('[') {
                Some(cpu) => (Some(cpu.strip_suffix(']')?.parse().ok()?), before[0]?),
                None => (None, before[1]?),
            };
            let (pid, tid) = thread(id.1)?;
            let name = line.get(..id.0)?.trim().to_owned();
            let what = happened(line.get(at..).unwrap_or("").trim())?;
            Some(Record { name, pid, tid, cpu, time, what })
        }) {
            return Some(record);
        }
        before = [before[1], Some((begin, token))];
    }
    None
}

/// `1284.204221561:`
fn time(token: &str) -> Option<i64> {
    let token = token.strip_suffix(':')?;
    if !token.contains('.') || !token.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    seconds(token)
}

/// `TID` or `PID/TID`; perf prints -1 for what it does not know.
fn thread(token: &str) -> Option<(Option<i32>, i32)> {
    match token.split_once('/') {
        Some((pid, tid)) => Some((Some(pid.parse().ok()?), tid.parse().ok()?)),
        None => Some((None, token.parse().ok()?)),
    }
}

fn happened(text: &str) -> Option<What> {
    if let Some(record) = text.strip_prefix("PERF_RECORD_") {
        return Some(kernel_record(record).unwrap_or_default());
    }
    let (first, rest) = word(text);
    let (period, name, rest) = match first.parse::<i64>() {
        Ok(period) => {
            let (name, rest) = word(rest);
            (Some(period), name, rest)
        }
        Err(_) => (None, first, rest),
    };
    let name = name.strip_suffix(':').filter(|name| !name.is_empty())?.to_owned();
    // Where there is no call stack perf puts the one address on the same line; a tracepoint has its text there.
    let frame = if name.contains("::") || rest.is_empty() { None } else { frame(rest) };
    let text = if frame.is_some() { String::new() } else { rest.to_owned() };
    Some(What::Event { name, period, text, frames: frame.into_iter().collect() })
}

/// What follows `PERF_RECORD_`.
fn kernel_record(text: &str) -> Option<What> {
    let (kind, rest) = match text.find([' ', '(', ':']) {
        Some(end) => text.split_at(end),
        None => (text, ""),
    };
    let rest = rest.trim();
    match kind {
        "SWITCH" | "SWITCH_CPU_WIDE" => {
            let (way, rest) = word(rest);
            match way {
                "IN" => Some(What::In),
                "OUT" => Some(What::Out { preempted: word(rest).0 == "preempt" }),
                _ => None,
            }
        }
        "LOST" | "LOST_SAMPLES" => Some(What::Lost(word(rest.strip_prefix("lost ")?).0.parse().ok()?)),
        "COMM" => {
            let (exec, rest) = match rest.strip_prefix("exec:") {
                Some(rest) => (true, rest),
                None => (false, rest.strip_prefix(':')?),
            };
            let (name, ids) = rest.trim().rsplit_once(':')?;
            let (pid, tid) = thread(ids)?;
            Some(What::Named { name: name.to_owned(), pid: pid?, tid, exec })
        }
        "FORK" => {
            let (ids, parents) = rest.strip_prefix('(')?.split_once("):(")?;
            let (pid, tid) = ids.split_once(':')?;
            let (parent, _) = parents.split_once(':')?;
            Some(What::Fork { pid: pid.parse().ok()?, tid: tid.parse().ok()?, parent: parent.parse().ok()? })
        }
        "EXIT" => {
            let (ids, _) = rest.strip_prefix('(')?.split_once(')')?;
            let (pid, tid) = ids.split_once(':')?;
            Some(What::Exit { pid: pid.parse().ok()?, tid: tid.parse().ok()? })
        }
        _ => None,
    }
}

/// `ADDRESS FUNCTION+OFFSET (MODULE)`, of which the offset and the module may be missing.
fn frame(text: &str) -> Option<Frame> {
    let (address, rest) = word(text);
    let address = u64::from_str_radix(address, 16).ok()?;
    let (function, module) = match rest.strip_suffix(')').and_then(|rest| split_module(rest)) {
        Some((function, module)) => (function, module),
        None => (rest, ""),
    };
    let known = |text: &str| if text == "[unknown]" { String::new() } else { text.to_owned() };
    let inlined = module == "inlined";
    let module = match module {
        "inlined" => String::new(),
        // A kernel is called by where its symbols were found.
        "[kernel.kallsyms]" | "[kernel.vmlinux]" | "[kernel.kcore]" => "[kernel]".to_owned(),
        other => known(other),
    };
    Some(Frame { address, function: known(without_offset(function)), module, inlined })
}

/// Cuts at the parenthesis that begins the module. Modules are paths or in brackets, but for what was inlined, and may
/// have parentheses in them, as functions may.
fn split_module(text: &str) -> Option<(&str, &str)> {
    let opening = [" (/", " ([", " ("].iter().find_map(|opening| text.rfind(opening));
    match opening {
        Some(at) => Some((text[..at].trim_end(), &text[at + 2..])),
        None => Some(("", text.strip_prefix('(')?)),
    }
}

/// A function without the `+0x1f` behind it.
fn without_offset(function: &str) -> &str {
    match function.rsplit_once("+0x") {
        Some((name, offset)) if !offset.is_empty() && offset.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => function,
    }
}

/// The first word, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
