//! GLib's way of writing its log: `(prog:123): Gtk-WARNING **: 12:34:56.789: message`, `Gtk-Message: …`, and the
//! forms of both without a domain, a time, or a process.

use crate::source::Level;

/// What a line says: all of it a message where it is none of GLib's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said<'a> {
    /// The process that the line names.
    pub pid: Option<i32>,
    /// The level.
    pub level: Option<Level>,
    /// The log domain.
    pub domain: Option<&'a str>,
    /// What remains.
    pub message: &'a str,
}

/// GLib's names of its levels.
const LEVELS: &[(&str, Level)] = &[
    ("ERROR", Level::Error),
    ("CRITICAL", Level::Error),
    ("WARNING", Level::Warning),
    ("Message", Level::Message),
    ("INFO", Level::Info),
    ("DEBUG", Level::Debug),
];

/// Reads a line, without its end.
pub fn read(line: &str) -> Said<'_> {
    let plain = Said { pid: None, level: None, domain: None, message: line };
    decode(line).unwrap_or(plain)
}

fn decode(line: &str) -> Option<Said<'_>> {
    // `** ` stands before the process where there is no domain.
    let mut rest = line.strip_prefix("** ").unwrap_or(line);
    let mut pid = None;
    if let Some(inside) = rest.strip_prefix('(') {
        // The program's name may hold anything, its id may not.
        let (process, after) = inside.split_once("): ")?;
        pid = Some(process.rsplit_once(':')?.1.parse().ok()?);
        rest = after;
    }
    let (head, after) = rest.split_once(": ").or(rest.strip_suffix(':').map(|head| (head, "")))?;
    let head = head.strip_suffix(" **").unwrap_or(head);
    let (domain, word) = head.rsplit_once('-').map_or((None, head), |(domain, word)| (Some(domain), word));
    let (_, level) = LEVELS.iter().find(|(name, _)| *name == word)?;
    if domain.is_some_and(|domain| domain.is_empty() || domain.contains(char::is_whitespace)) {
        return None;
    }
    Some(Said { pid, level: Some(*level), domain, message: without_time(after) })
}

/// Without `12:34:56.789: ` before it.
fn without_time(text: &str) -> &str {
    const SHAPE: &[u8] = b"00:00:00.000: ";
    let digits = |(have, want): (&u8, &u8)| if *want == b'0' { have.is_ascii_digit() } else { have == want };
    let there = text.len() >= SHAPE.len() && text.as_bytes().iter().zip(SHAPE).all(digits);
    if there { &text[SHAPE.len()..] } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_of_glibs_lines() {
        use Level::*;
        for (line, pid, level, domain, message) in [
            ("(gtk3-demo:123): Gtk-WARNING **: 12:34:56.789: no: theme", Some(123), Warning, Some("Gtk"), "no: theme"),
            ("(a (b):c:7): GLib-GObject-CRITICAL **: 01:02:03.004: x", Some(7), Error, Some("GLib-GObject"), "x"),
            ("** (process:7): WARNING **: 12:34:56.789: bare", Some(7), Warning, None, "bare"),
            ("** (process:7): ERROR **: 12:34:56.789: end", Some(7), Error, None, "end"),
            ("** Message: 12:34:56.789: hello", None, Message, None, "hello"),
            ("Gtk-Message: 12:34:56.789: Failed", None, Message, Some("Gtk"), "Failed"),
            ("(x:7): Gdk-DEBUG: 12:34:56.789: ", Some(7), Debug, Some("Gdk"), ""),
            ("** INFO: 12:34:56.789: i", None, Info, None, "i"),
            (
                "(x:7): Gtk-WARNING **: of the time before there were times",
                Some(7),
                Warning,
                Some("Gtk"),
                "of the time before there were times",
            ),
        ] {
            assert_eq!(read(line), Said { pid, level: Some(level), domain, message }, "{line}");
        }
        for line in
            ["plain", "(x): Gtk-WARNING **: y", "(x:y): a-WARNING **: z", "a: WARNING: b", "my own-WARNING: b", ""]
        {
            assert_eq!(read(line), Said { pid: None, level: None, domain: None, message: line }, "{line}");
        }
    }

    proptest! {
        #[test]
        fn what_is_said_is_the_end_of_the_line(line in "[(): *a-c0-9.-]{0,40}(WARNING)?( \\*\\*)?(: )?[ -~é]{0,20}") {
            prop_assert!(line.ends_with(read(&line).message));
        }
    }
}
