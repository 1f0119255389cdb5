//! Lines of a stream that may hold anything: no end, no sense, no UTF-8.

/// What a line is at most, in bytes; the rest of a longer one is thrown away and counted.
pub const LINE_MAX: usize = 64 * 1024;

/// Cuts bytes into lines.
#[derive(Debug, Default)]
pub struct Lines {
    rest: Vec<u8>,
    /// Whether the rest of a line that was too long is being thrown away.
    skipping: bool,
    cut: u64,
}

impl Lines {
    /// Gives each line of `bytes`, with what was left of the bytes before; without its end, and lossy where it is
    /// no UTF-8.
    pub fn feed(&mut self, bytes: &[u8], each: &mut dyn FnMut(&str)) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            rest = after;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            if self.rest.is_empty() && line.len() <= LINE_MAX {
                give(line, each);
            } else {
                self.keep(line);
                give(&std::mem::take(&mut self.rest), each);
                self.skipping = false;
            }
        }
        if !self.skipping {
            self.keep(rest);
            if self.skipping {
                // What is there of an endless line is given at once.
                give(&std::mem::take(&mut self.rest), each);
            }
        }
    }

    /// The stream has ended: gives what is left.
    pub fn finish(&mut self, each: &mut dyn FnMut(&str)) {
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            give(&rest, each);
        }
    }

    /// How many lines were cut since this was asked last.
    pub fn take_cut(&mut self) -> u64 {
        std::mem::take(&mut self.cut)
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_MAX - self.rest.len().min(LINE_MAX);
        self.rest.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            self.cut += 1;
            self.skipping = true;
        }
    }
}

fn give(line: &[u8], each: &mut dyn FnMut(&str)) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    each(&String::from_utf8_lossy(line));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(parts: &[&[u8]]) -> (Vec<String>, u64) {
        let (mut lines, mut all) = (Lines::default(), Vec::new());
        for part in parts {
            lines.feed(part, &mut |line| all.push(line.to_owned()));
        }
        lines.finish(&mut |line| all.push(line.to_owned()));
        (all, lines.take_cut())
    }

    #[test]
    fn lines_are_put_together_from_parts() {
        assert_eq!(lines(&[b"a\nb", b"c\r\n\nd"]), (vec!["a".into(), "bc".into(), String::new(), "d".into()], 0));
        assert_eq!(lines(&[b"\xff\n"]).0, ["\u{fffd}"]);
    }

    #[test]
    fn an_endless_line_is_cut_and_counted() {
        let endless = vec![b'x'; LINE_MAX * 3];
        let (all, cut) = lines(&[&endless, &endless, b"y\nnext\n"]);
        assert_eq!((all.len(), cut), (2, 1));
        assert_eq!((all[0].len(), &*all[1]), (LINE_MAX, "next"));
        let (all, cut) = lines(&[&[&endless[..], b"\nnext"].concat()]);
        assert_eq!((all[0].len(), &*all[1], cut), (LINE_MAX, "next", 1));
    }

    proptest! {
        #[test]
        fn how_it_is_cut_into_parts_does_not_matter(text in "[a-z\n]{0,200}", at in 0usize..200) {
            let at = at.min(text.len());
            let whole = lines(&[text.as_bytes()]);
            prop_assert_eq!(lines(&[&text.as_bytes()[..at], &text.as_bytes()[at..]]), whole);
        }
    }
}
