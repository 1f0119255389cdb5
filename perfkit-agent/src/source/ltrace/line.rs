//! One line of ltrace's, after its thread and time: what it says, with every text a slice of the line.

use crate::source::strace::{nanoseconds, string};

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A call from its begin to its end.
    Call { name: Name<'a>, args: &'a str, returned: Returned<'a> },
    /// A call that has begun; what it calls, or another thread, comes in between.
    Unfinished { name: Name<'a>, args: &'a str },
    /// The end of such a call: the rest of its arguments, and what it returned.
    Resumed { name: Name<'a>, args: &'a str, returned: Returned<'a> },
    /// A call that does not return, as `_exit`.
    Endless { name: Name<'a>, args: &'a str },
    /// `--- SIGCHLD (Child exited) ---`
    Signal { name: &'a str, detail: &'a str },
    /// `--- Called exec() ---`
    Exec,
    /// `+++ exited (status 3) +++`
    Exited { status: i64 },
    /// `+++ killed by SIGSEGV +++`
    Killed { name: &'a str },
}

/// A function, as `puts`, `malloc@libc.so.6` (an entry of a library), `libc.so.6->malloc` (called by a library) or
/// `SYS_read` (a system call).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// The function; empty where ltrace does not know it.
    pub function: &'a str,
    /// The library that it lies in, where the line says so.
    pub library: Option<&'a str>,
    /// Whether it is a system call.
    pub system: bool,
}

/// What a call returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Returned<'a> {
    /// As ltrace shows it; `<void>` is none.
    pub value: Option<&'a str>,
    /// Nanoseconds; none where the times of calls were not asked for.
    pub duration: Option<i64>,
}

/// Reads a line; `None` for what no ltrace writes.
pub fn parse(text: &str) -> Option<Line<'_>> {
    if let Some(inner) = text.strip_prefix("--- ") {
        return signal(inner.strip_suffix(" ---")?);
    }
    if let Some(inner) = text.strip_prefix("+++ ") {
        return end(inner.strip_suffix(" +++")?);
    }
    if let Some(rest) = text.strip_prefix("<... ") {
        let (name, rest) = rest.split_once(" resumed> ")?;
        let (args, returned) = finish(rest)?;
        return Some(Line::Resumed { name: self::name(name)?, args, returned });
    }
    let (name, rest) = text.split_once('(')?;
    let name = self::name(name)?;
    if let Some(args) = rest.strip_suffix("<unfinished ...>") {
        return Some(Line::Unfinished { name, args: args.trim_end_matches(' ') });
    }
    if let Some(args) = rest.strip_suffix("<no return ...>") {
        return Some(Line::Endless { name, args: args.trim_end_matches(' ') });
    }
    let (args, returned) = finish(rest)?;
    Some(Line::Call { name, args, returned })
}

fn name(text: &str) -> Option<Name<'_>> {
    let called = text.split_once("->").map_or(text, |(_, called)| called);
    if let Some(function) = called.strip_prefix("SYS_") {
        return is_name(function).then_some(Name { function, library: None, system: true });
    }
    let (function, library) = match called.split_once('@') {
        Some((function, library)) => (function, Some(library)),
        None => (called, None),
    };
    // A call through a relocation without a symbol has no name.
    let known = is_name(function) || (function.is_empty() && called.len() < text.len());
    (known && library.is_none_or(|library| !library.contains(' '))).then_some(Name { function, library, system: false })
}

/// C++ names, shown with `-C`, have more in them than words.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(['"', '=', ';']) && !text.starts_with(' ')
}

fn signal(inner: &str) -> Option<Line<'_>> {
    if inner == "Called exec()" {
        return Some(Line::Exec);
    }
    let (name, detail) = inner.split_once(' ').unwrap_or((inner, ""));
    name.starts_with("SIG").then_some(Line::Signal { name, detail: detail.trim_matches(['(', ')']) })
}

fn end(inner: &str) -> Option<Line<'_>> {
    if let Some(status) = inner.strip_prefix("exited (status ") {
        return Some(Line::Exited { status: status.strip_suffix(')')?.parse().ok()? });
    }
    let name = inner.strip_prefix("killed by ")?;
    Some(Line::Killed { name: name.split(' ').next().unwrap_or(name) })
}

/// `"abc")            = 3 <0.000078>`: the arguments before the bracket, and what follows it.
fn finish(rest: &str) -> Option<(&str, Returned<'_>)> {
    let close = close(rest.as_bytes())?;
    let result = rest[close + 1..].trim_start_matches(' ').strip_prefix('=')?;
    let mut value = result.strip_prefix(' ').unwrap_or(result);
    let mut duration = None;
    if let Some((before, took)) = value.strip_suffix('>').and_then(|value| value.rsplit_once('<'))
        && let Some(ns) = nanoseconds(took.as_bytes())
    {
        (value, duration) = (before.trim_end_matches(' '), Some(ns));
    }
    let value = Some(value).filter(|value| !value.is_empty() && *value != "<void>");
    Some((rest[..close].trim_end_matches(' '), Returned { value, duration }))
}

/// The place of the bracket that closes the arguments.
fn close(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0u32);
    loop {
        match text.get(at)? {
            b'"' => at = string(text, at)?,
            b'\'' => at = character(text, at),
            b'(' => (at, depth) = (at + 1, depth + 1),
            b')' if depth == 0 => return Some(at),
            b')' => (at, depth) = (at + 1, depth - 1),
            _ => at += 1,
        }
    }
}

/// Where a character ends that begins at the quote at `at`: `'a'`, `'"'`, `'\n'`, `'\001'`.
fn character(text: &[u8], at: usize) -> usize {
    let begin = at + if text.get(at + 1) == Some(&b'\\') { 3 } else { 2 };
    let end = (begin..begin + 3).find(|&end| text.get(end) == Some(&b'\''));
    end.map_or(at + 1, |end| end + 1)
}

#[cfg(test)]
mod tests;
