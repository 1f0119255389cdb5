//! One line of strace's, after its thread and time: what it says, with every text a slice of the line.
//!
//! Strings in a line may hold anything that a line can end with, so the arguments are walked from the left, over
//! quotes, brackets and decorations of descriptors; nothing is searched from the right.

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A call from its begin to its end.
    Call { name: &'a str, args: &'a str, outcome: Outcome<'a> },
    /// A call that has begun; another thread has something to say in between.
    Unfinished { name: &'a str, args: &'a str },
    /// The end of such a call: the rest of its arguments, and what follows them.
    Resumed { name: &'a str, rest: &'a str },
    /// A call that had begun when the thread was left alone.
    Detached { name: &'a str, args: &'a str },
    /// `--- SIGALRM {…} ---`
    Signal { name: &'a str, detail: &'a str },
    /// `--- stopped by SIGSTOP ---`
    Stopped { name: &'a str },
    /// `+++ exited with 3 +++`
    Exited { status: i64 },
    /// `+++ killed by SIGSEGV (core dumped) +++`
    Killed { name: &'a str, detail: &'a str },
    /// `+++ superseded by execve in pid 7 +++`: from now on what was thread 7 has this thread's number.
    Superseded { by: i32 },
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// The number that it returned; none for `?`.
    pub value: Option<i64>,
    /// What a returned descriptor stands for.
    pub shown: Option<&'a str>,
    /// The error's name, of the kernel's own too, as ERESTARTSYS.
    pub error: Option<&'a str>,
    /// Nanoseconds; none where it did not return, or the times of calls were not asked for.
    pub duration: Option<i64>,
}

const UNFINISHED: &str = " <unfinished ...>";
const DETACHED: &str = " <detached ...>";

/// Reads a line; `None` for what no strace writes.
pub fn parse(text: &str) -> Option<Line<'_>> {
    match text.as_bytes().first()? {
        b'-' => return signal(text),
        b'+' => return end(text),
        b'<' => {
            let (name, rest) = text.strip_prefix("<... ")?.split_once(" resumed>")?;
            return is_name(name).then_some(Line::Resumed { name, rest });
        }
        _ => {}
    }
    let name = name(text)?;
    let rest = &text[name.len() + 1..];
    if text.ends_with('>') {
        if let Some(args) = rest.strip_suffix(UNFINISHED).or_else(|| rest.strip_suffix(&UNFINISHED[1..])) {
            return Some(Line::Unfinished { name, args });
        }
        if let Some(args) = rest.strip_suffix(DETACHED) {
            return Some(Line::Detached { name, args });
        }
    }
    let (args, outcome) = finish(rest)?;
    Some(Line::Call { name, args, outcome })
}

/// Reads the arguments of a call, from after its bracket to the end of its line: they, and how the call ended.
pub fn finish(rest: &str) -> Option<(&str, Outcome<'_>)> {
    let close = close(rest.as_bytes())?;
    let result = rest[close + 1..].trim_start_matches(' ').strip_prefix("= ")?;
    Some((&rest[..close], outcome(result)?))
}

fn name(text: &str) -> Option<&str> {
    let end = text.bytes().position(|byte| !is_word(byte))?;
    (end > 0 && text.as_bytes()[end] == b'(').then(|| &text[..end])
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_word)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn signal(text: &str) -> Option<Line<'_>> {
    let inner = text.strip_prefix("--- ")?.strip_suffix(" ---")?;
    if let Some(name) = inner.strip_prefix("stopped by ") {
        return Some(Line::Stopped { name });
    }
    let (name, detail) = inner.split_once(' ').unwrap_or((inner, ""));
    (name.starts_with("SIG") && is_name(name)).then_some(Line::Signal { name, detail })
}

fn end(text: &str) -> Option<Line<'_>> {
    let inner = text.strip_prefix("+++ ")?.strip_suffix(" +++")?;
    if let Some(status) = inner.strip_prefix("exited with ") {
        return Some(Line::Exited { status: status.parse().ok()? });
    }
    if let Some(by) = inner.strip_prefix("superseded by execve in pid ") {
        return Some(Line::Superseded { by: by.parse().ok()? });
    }
    let killed = inner.strip_prefix("killed by ")?;
    let (name, detail) = killed.split_once(' ').unwrap_or((killed, ""));
    Some(Line::Killed { name, detail: detail.trim_matches(['(', ')']) })
}

/// `-1 ENOENT (No such file or directory) <0.000037005>`
fn outcome(text: &str) -> Option<Outcome<'_>> {
    let (mut rest, duration) = duration(text);
    let mut outcome = Outcome { duration, ..Outcome::default() };
    if let Some(after) = rest.strip_prefix('?') {
        rest = after;
    } else {
        let (value, length) = number(rest.as_bytes())?;
        outcome.value = Some(value);
        rest = &rest[length..];
        if rest.starts_with('<') {
            let length = decoration(rest.as_bytes(), 0)?;
            outcome.shown = Some(&rest[1..length - 1]);
            rest = &rest[length..];
        }
    }
    if let Some(word) = rest.strip_prefix(' ').filter(|word| word.starts_with('E')) {
        let word = word.split(' ').next().unwrap_or(word);
        outcome.error = Some(word).filter(|word| is_name(word));
    }
    Some(outcome)
}

/// Takes `<0.000037005>` off the end, in nanoseconds.
fn duration(text: &str) -> (&str, Option<i64>) {
    let bytes = text.as_bytes();
    let Some(inner) = bytes.strip_suffix(b">") else { return (text, None) };
    let Some(begin) = memchr::memrchr(b'<', inner) else { return (text, None) };
    match nanoseconds(&inner[begin + 1..]) {
        Some(ns) if begin > 0 && bytes[begin - 1] == b' ' => (&text[..begin - 1], Some(ns)),
        _ => (text, None),
    }
}

/// Seconds with up to nine decimals, in nanoseconds.
pub fn nanoseconds(text: &[u8]) -> Option<i64> {
    let dot = memchr::memchr(b'.', text).unwrap_or(text.len());
    let digits = |text: &[u8]| {
        text.iter().try_fold(0i64, |sum, byte| match byte {
            b'0'..=b'9' => sum.checked_mul(10)?.checked_add(i64::from(byte - b'0')),
            _ => None,
        })
    };
    let part = text.get(dot + 1..).unwrap_or_default();
    if dot == 0 || part.len() > 9 {
        return None;
    }
    let part = digits(part)?.checked_mul(10i64.pow(9 - part.len() as u32))?;
    digits(&text[..dot])?.checked_mul(1_000_000_000)?.checked_add(part)
}

/// A number as strace prints it: decimal, negative, hexadecimal after `0x`, octal after `0`; and its length. One
/// over 63 bits keeps its bits.
pub fn number(text: &[u8]) -> Option<(i64, usize)> {
    let (sign, begin) = if text.first() == Some(&b'-') { (-1, 1) } else { (1, 0) };
    let (base, begin) = match &text[begin..] {
        [b'0', b'x', ..] => (16, begin + 2),
        [b'0', b'0'..=b'7', ..] => (8, begin + 1),
        _ => (10, begin),
    };
    let mut value = 0u64;
    let mut at = begin;
    while let Some(digit) = text.get(at).and_then(|byte| char::from(*byte).to_digit(base)) {
        value = value.wrapping_mul(u64::from(base)).wrapping_add(u64::from(digit));
        at += 1;
    }
    (at > begin).then_some(((value as i64).wrapping_mul(sign), at))
}

/// What a byte means where no string is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Quote,
    Escape,
    Open,
    Close,
    Angle,
}

/// One look-up a byte is what makes the walk fast.
const CLASSES: [Class; 256] = {
    let mut classes = [Class::Plain; 256];
    classes[b'"' as usize] = Class::Quote;
    classes[b'\\' as usize] = Class::Escape;
    classes[b'(' as usize] = Class::Open;
    classes[b')' as usize] = Class::Close;
    classes[b'<' as usize] = Class::Angle;
    classes
};

/// The place of the bracket that closes the arguments.
fn close(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0u32);
    loop {
        match CLASSES[usize::from(*text.get(at)?)] {
            Class::Plain => at += 1,
            Class::Quote => at = string(text, at)?,
            Class::Escape => at += 2,
            Class::Open => (at, depth) = (at + 1, depth + 1),
            Class::Close if depth == 0 => return Some(at),
            Class::Close => (at, depth) = (at + 1, depth - 1),
            Class::Angle => at = decoration(text, at).unwrap_or(at + 1),
        }
    }
}

/// Where a string ends that begins at the quote at `at`: after its other quote.
pub fn string(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Where the decoration of a descriptor ends that begins at the `<` at `at`: after its `>`. `None` where it is none.
///
/// A path has its `<` and `>` escaped, and may have a device within: `</dev/null<char 1:3>>`. Others have arrows,
/// and names in quotes: `<UDP:[a->b]>`, `<UNIX-STREAM:[1->2,@"/tmp/x"]>`.
pub fn decoration(text: &[u8], at: usize) -> Option<usize> {
    let first = *text.get(at + 1)?;
    if !(first == b'/' || first == b'.' || first.is_ascii_alphabetic()) {
        return None;
    }
    let path = first == b'/';
    let (mut at, mut depth) = (at + 1, 1u32);
    loop {
        match text.get(at)? {
            b'\\' => at += 1,
            b'"' if !path => at = string(text, at)? - 1,
            b'<' => depth += 1,
            b'-' if !path && text.get(at + 1) == Some(&b'>') => at += 1,
            b'>' if depth == 1 => return Some(at + 1),
            b'>' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests;
