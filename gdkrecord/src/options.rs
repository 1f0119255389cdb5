//! What the environment asks of the recorder: `GDKRECORD=key=value,…` and `GDKRECORD_FILENAME`.

use crate::error::{Error, Result};

/// One option of `GDKRECORD`, for the parser, the man page and `--help`.
#[derive(Debug)]
pub struct OptionInfo {
    /// The key.
    pub name: &'static str,
    /// What its value looks like.
    pub value: &'static str,
    /// One sentence.
    pub doc: &'static str,
}

/// The options of `GDKRECORD`, all of them.
pub const OPTIONS: &[OptionInfo] = &[
    OptionInfo {
        name: "text",
        value: "keep|redact",
        doc: "Keep the keys that give letters, which replay needs; they are redacted otherwise, since recordings hold passwords.",
    },
    OptionInfo {
        name: "widgets",
        value: "on|off",
        doc: "Record what each widget class costs to measure, allocate and snapshot (GTK 4; about 80 ns a widget).",
    },
    OptionInfo {
        name: "input",
        value: "replay|events",
        doc: "Record beside each event of pointer, key, wheel or touch the widget to which it goes, which replay needs \
              (some microseconds an event); its label is recorded as the program shows it.",
    },
    OptionInfo {
        name: "ring",
        value: "SECONDS",
        doc: "Keep only the last so many seconds, as a flight recorder: older segments of the file are used again.",
    },
    OptionInfo {
        name: "max",
        value: "SIZE",
        doc: "Stop at this size, such as 64M or 2G; with ring, use the oldest segments again sooner instead.",
    },
];

/// The options, parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Keep typed text and key values.
    pub text: bool,
    /// Record costs by widget class.
    pub widgets: bool,
    /// Record which widgets input goes to.
    pub targets: bool,
    /// Keep only so many seconds.
    pub ring: Option<u64>,
    /// The most bytes of the file.
    pub max: Option<u64>,
    /// The pattern of the file's name; `None` is [`DEFAULT_FILENAME`].
    pub filename: Option<String>,
    /// The socket over which a replay asks where widgets are, and for input; from `GDKRECORD_CONTROL`.
    pub control: Option<String>,
    /// The process tree's token, where the starter set one; 0 otherwise.
    pub tree: u64,
}

/// The name of a recording where `GDKRECORD_FILENAME` does not say another.
pub const DEFAULT_FILENAME: &str = "%p-%n.gdkrecord";

impl Options {
    /// From the process's environment.
    pub fn from_env() -> Result<Options> {
        let given = std::env::var("GDKRECORD").unwrap_or_default();
        let mut options = Options::parse(&given)?;
        options.filename = std::env::var("GDKRECORD_FILENAME").ok().filter(|name| !name.is_empty());
        options.control = std::env::var("GDKRECORD_CONTROL").ok().filter(|path| !path.is_empty());
        options.tree = std::env::var("GDKRECORD_TREE").ok().and_then(|tree| tree.parse().ok()).unwrap_or(0);
        Ok(options)
    }

    /// From the value of `GDKRECORD`.
    pub fn parse(given: &str) -> Result<Options> {
        let mut options = Options::default();
        for item in given.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let (key, value) = item.split_once('=').unwrap_or((item, ""));
            let understood = match key {
                "text" => choice(value, "keep", "redact").map(|on| options.text = on),
                "widgets" => choice(value, "on", "off").map(|on| options.widgets = on),
                "input" => choice(value, "replay", "events").map(|on| options.targets = on),
                "ring" => value.parse().ok().filter(|&seconds| seconds > 0).map(|seconds| options.ring = Some(seconds)),
                "max" => size(value).map(|bytes| options.max = Some(bytes)),
                _ => None,
            };
            if understood.is_none() {
                return Err(Error::Option { given: item.to_owned(), expected: expected(key) });
            }
        }
        Ok(options)
    }

    /// The file's name for a process: `%p` is its pid, `%n` its program's name, `%%` a percent sign.
    pub fn path(&self, pid: u32, program: &str) -> String {
        let pattern = self.filename.as_deref().unwrap_or(DEFAULT_FILENAME);
        let mut path = String::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            match (c, c == '%') {
                (_, false) => path.push(c),
                _ => match chars.next() {
                    Some('p') => path.push_str(&pid.to_string()),
                    Some('n') => path.push_str(program),
                    Some('%') => path.push('%'),
                    Some(other) => path.extend(['%', other]),
                    None => path.push('%'),
                },
            }
        }
        path
    }
}

fn choice(value: &str, yes: &str, no: &str) -> Option<bool> {
    match value {
        _ if value == yes => Some(true),
        _ if value == no => Some(false),
        _ => None,
    }
}

fn size(value: &str) -> Option<u64> {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u64 = match &value[digits.len()..] {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor).filter(|&bytes| bytes > 0)
}

fn expected(key: &str) -> String {
    match OPTIONS.iter().find(|option| option.name == key) {
        Some(option) => format!("expected {}={}", option.name, option.value),
        None => {
            let known: Vec<_> = OPTIONS.iter().map(|option| option.name).collect();
            format!("unknown; known are {}", known.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_or_refused_by_name() {
        let options = Options::parse("text=keep, widgets=on,input=replay,ring=30,max=64M").unwrap();
        assert_eq!(
            options,
            Options {
                text: true,
                widgets: true,
                targets: true,
                ring: Some(30),
                max: Some(64 << 20),
                ..Options::default()
            }
        );
        for (bad, word) in
            [("txt=keep", "unknown"), ("text=yes", "keep|redact"), ("ring=0", "SECONDS"), ("max=1X", "SIZE")]
        {
            assert!(Options::parse(bad).unwrap_err().to_string().contains(word), "{bad}");
        }
    }

    #[test]
    fn every_option_of_the_table_is_parsed() {
        for (option, value) in OPTIONS.iter().zip(["keep", "on", "replay", "1", "1M"]) {
            assert!(Options::parse(&format!("{}={value}", option.name)).is_ok());
        }
    }

    #[test]
    fn names_are_filled_in() {
        let named = |name: &str| Options { filename: Some(name.into()), ..Options::default() }.path(7, "demo");
        assert_eq!(named("a-%p-%n%%.x"), "a-7-demo%.x");
        assert_eq!(named("100%"), "100%");
        assert_eq!(Options::default().path(7, "demo"), "7-demo.gdkrecord");
    }
}
