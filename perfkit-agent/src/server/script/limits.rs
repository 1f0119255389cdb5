//! What a script may use, what it used, and what can go wrong with it.

use std::time::Duration;

/// What a script may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Processor time of its process. The host's work for its questions is not in it, but in `wall`.
    pub cpu: Duration,
    /// Time from its start to its end, waits included.
    pub wall: Duration,
    /// Bytes of its values.
    pub memory: usize,
    /// Bytes that it may give out.
    pub output: usize,
    /// Bytes of its text.
    pub source: usize,
    /// Questions to the host.
    pub calls: u64,
    /// Bytes of one answer of the host.
    pub answer: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            cpu: Duration::from_secs(2),
            wall: Duration::from_secs(30),
            memory: 64 << 20,
            output: 16 << 20,
            source: 1 << 20,
            calls: 10_000,
            answer: 16 << 20,
        }
    }
}

/// What a script used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Processor time of its process.
    pub cpu: Duration,
    /// From its start to its end.
    pub wall: Duration,
    /// From its start to the first that was heard of it.
    pub started: Duration,
    /// How long it waited for the host's answers.
    pub waited: Duration,
    /// How long it waited for its turns, being able to run.
    pub queued: Duration,
    /// How many turns it had.
    pub slices: u64,
    /// How many questions it asked the host.
    pub calls: u64,
    /// Bytes of the host's answers.
    pub answers: u64,
    /// Bytes that it gave out.
    pub output: u64,
    /// The most memory that its process had resident, with what it shares with others, in bytes.
    pub resident: u64,
}

/// Why a script failed. The words are for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Its text is no JavaScript.
    Syntax,
    /// It threw an exception that nobody caught.
    Exception,
    /// It wanted more memory than it may have.
    Memory,
    /// It used up its processor time.
    Cpu,
    /// It took longer than it may.
    Wall,
    /// It gave out more than it may.
    Output,
    /// Its text is longer than it may be.
    Source,
    /// It asked the host too often.
    Calls,
    /// Its process tried something that is forbidden, and was ended for it.
    Forbidden,
    /// Its process broke.
    Engine,
    /// Nobody reads what it gives out.
    Cancelled,
    /// It cannot be run now: the host's own trouble.
    Unavailable,
}

impl Code {
    /// All of them, each with its code among those of all problems.
    pub const ALL: &[(Code, &str)] = &[
        (Code::Syntax, "script.syntax"),
        (Code::Exception, "script.exception"),
        (Code::Memory, "script.memory"),
        (Code::Cpu, "script.cpu"),
        (Code::Wall, "script.wall"),
        (Code::Output, "script.output"),
        (Code::Source, "script.source"),
        (Code::Calls, "script.calls"),
        (Code::Forbidden, "script.forbidden"),
        (Code::Engine, "script.engine"),
        (Code::Cancelled, "script.cancelled"),
        (Code::Unavailable, "script.unavailable"),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        self.full().trim_start_matches("script.")
    }

    /// Its code among those of all problems: `script.` and its word.
    pub fn full(self) -> &'static str {
        // The table has every member.
        Code::ALL.iter().find(|(code, _)| *code == self).map_or("", |(_, full)| full)
    }

    /// Its place in the table.
    pub fn number(self) -> u8 {
        Code::ALL.iter().position(|(code, _)| *code == self).unwrap_or(0) as u8
    }

    /// The one at that place.
    pub fn numbered(number: u8) -> Option<Code> {
        Code::ALL.get(usize::from(number)).map(|(code, _)| *code)
    }
}

/// What went wrong with a script, and what it used until then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}{message}", at(.line))]
pub struct ScriptError {
    /// Why, for programs.
    pub code: Code,
    /// Why, in one line for people.
    pub message: String,
    /// The line of the script, from 1, where it is known.
    pub line: Option<u32>,
    /// What it used.
    pub spent: Spent,
}

fn at(line: &Option<u32>) -> String {
    line.map_or_else(String::new, |line| format!("line {line}: "))
}
