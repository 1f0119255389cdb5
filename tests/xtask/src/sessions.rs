//! The demo's sessions: the same programs again, under strace, perf, /proc and a script beside the recorder, and
//! what the sessions answer when they are asked.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use perfkit_tests::error::Context;
use perfkit_tests::process::stdout_of;
use perfkit_tests::programs::script;
use perfkit_tests::{Result, bins};

const HEADING: &str = "\
What the sessions answer

The two programs were run and used again, this time by

    perfkit-agent record --with SOURCES -- PROGRAM

with all of these sources at once, on one clock. (Under strace a program is some times slower: the recordings beside
this page show it at its own pace.) Each answer stands under the question as it was asked:

    perfkit-agent query NAME.perfkit \"SELECT …\"
";

/// The questions: what one would ask first.
const QUESTIONS: &[(&str, &str)] = &[
    ("What did each source see?", "SELECT name AS source, spec, error FROM sources ORDER BY id"),
    (
        "Which frames took longest, and where did they spend it?",
        "SELECT round((time - (SELECT min(time) FROM events)) / 1e9, 3) AS at_s, round(duration / 1e6, 1) AS ms, \
         round((paint - coalesce(layout, paint)) / 1e6, 1) AS layout_ms, \
         round((after_paint - paint) / 1e6, 1) AS paint_ms FROM frames ORDER BY duration DESC LIMIT 5",
    ),
    (
        "Which callbacks of the main loop took most time?",
        "SELECT source, callback, count(*) AS calls, round(sum(duration) / 1e6, 1) AS ms, \
         round(max(duration) / 1e6, 1) AS longest_ms FROM dispatches GROUP BY source, callback ORDER BY sum(duration) \
         DESC LIMIT 8",
    ),
    (
        "Which system calls took most time, in which the program did not just wait for work?",
        "SELECT name, count(*) AS calls, round(sum(duration) / 1e6, 1) AS ms, round(max(duration) / 1e6, 2) AS longest_ms \
         FROM syscalls WHERE name NOT IN ('poll', 'ppoll', 'epoll_wait', 'futex', 'restart_syscall') GROUP BY name \
         ORDER BY sum(duration) DESC LIMIT 8",
    ),
    (
        "Which files did it read most often?",
        "SELECT path, count(*) AS reads, sum(bytes) AS bytes FROM syscalls WHERE name IN ('read', 'pread64') AND \
         path LIKE '/%' GROUP BY path ORDER BY reads DESC LIMIT 5",
    ),
    (
        "How much did it use?",
        "SELECT name, round(max(value), 2) AS most FROM counters WHERE name IN ('proc.memory.rss', 'proc.cpu.user', \
         'proc.cpu.system', 'proc.threads', 'machine.load', 'server.cpu') GROUP BY name ORDER BY name",
    ),
];

/// The sources of the demo.
pub fn sources() -> Result<String> {
    Ok(format!("gdkrecord:widgets=on,strace,perf,proc@10Hz,output,script:python3 {}", script("watch.py")?.display()))
}

/// Asks each session, and writes down what it answers.
pub fn write(folder: &Path, sessions: &[PathBuf]) -> Result<()> {
    let mut text = HEADING.to_owned();
    for session in sessions {
        let name = session.file_name().unwrap_or_default().to_string_lossy();
        let _ = write!(text, "\n{}\n{name}\n", "=".repeat(110));
        for (question, sql) in QUESTIONS {
            let mut command = Command::new(bins::path(bins::AGENT)?);
            let answer = stdout_of(command.arg("query").arg(session).arg(sql))?;
            let _ = write!(text, "\n{question}\n\n    {sql}\n\n{answer}\n");
        }
    }
    fs::write(folder.join("sessions.txt"), text).cannot("write what the sessions answer")
}
