//! Logs of strace and ltrace as files: real ones, in every way of writing times, and what cannot be read.
//!
//! After a change that is meant to be one, `UPDATE_GOLDEN=1 cargo test -p perfkit-agent --test tracelogs` writes the
//! rows of the real logs anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use perfkit_agent::session::clock::{Pair, WallClock};
use perfkit_agent::source::{Message, Outlet, Seen, ltrace, strace, tracelog};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A clock on which the wall-clock second `second` is 0.
fn from(second: i64) -> WallClock {
    WallClock::fixed(Pair { monotonic: 0, realtime: second * 1_000_000_000 })
}

type Import = fn(&Path, WallClock, &mut Outlet) -> perfkit_agent::Result<()>;

/// What a log gives: its rows, and what it tells of processes, threads and losses.
fn read(import: Import, path: &Path, second: i64) -> (Vec<String>, Vec<String>) {
    let (mut outlet, seen) = Outlet::to_memory("test");
    import(path, from(second), &mut outlet).unwrap();
    outlet.flush();
    let messages = seen.messages();
    let told = messages.iter().filter_map(|message| match message {
        Message::Process(process) => Some(format!("{process:?}")),
        Message::Thread(thread) => Some(format!("{thread:?}")),
        Message::Dropped { kind, count, .. } => Some(format!("{count} {kind}")),
        _ => None,
    });
    (Seen::readable(&messages), told.collect())
}

/// The rows of a real log are those that were looked through once.
fn golden(import: Import, name: &str, second: i64) {
    let (rows, told) = read(import, &fixture(&format!("{name}.txt")), second);
    let text = rows.into_iter().chain(told).collect::<Vec<_>>().join("\n") + "\n";
    let path = fixture(&format!("{name}.rows"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap();
    for (got, wanted) in text.lines().zip(wanted.lines()) {
        assert_eq!(got, wanted);
    }
    assert_eq!(text.lines().count(), wanted.lines().count());
}

#[test]
fn all_shapes_of_strace_become_rows() {
    golden(tracelog::import::<strace::Trace>, "strace/shapes", 1_795_418_299);
}

#[test]
fn a_log_of_an_attached_program_becomes_rows() {
    golden(tracelog::import::<strace::Trace>, "strace/attach", 1_795_419_311);
}

#[test]
fn a_log_of_ltrace_with_system_calls_becomes_rows() {
    golden(tracelog::import::<ltrace::Trace>, "ltrace/S", 1_795_422_465);
}

#[test]
fn a_log_of_ltrace_with_threads_becomes_rows() {
    golden(tracelog::import::<ltrace::Trace>, "ltrace/nested", 1_795_548_413);
}

/// A log with `lines`, last written at a second since 1970.
fn log(name: &str, lines: &str, written: u64) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, lines).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(written)).unwrap();
    (folder, path)
}

#[test]
fn logs_are_read_in_every_way_of_writing_threads_and_times() {
    // 2026-11-23 07:18:19 UTC.
    let base = 1_795_418_299;
    for (name, lines, expected) in [
        ("ttt", "1795418299.5 getpid() = 7 <0.25>\n", "500000000+250000000 0/0"),
        ("out.7", "1795418299.5 getpid() = 7\n", "500000000+? 7/7"),
        ("f", "9 1795418299.500000001 getpid() = 7 <0.1>\n", "500000001+100000000 9/9"),
        ("pid", "[pid 9] 1795418299 getpid() = 7\n", "0+? 9/9"),
        // Nine hours ahead of UTC, and the file was written a moment after its last line.
        ("tt", "9 16:18:18.25 getpid() = 7\n9 16:18:18.75 exit(0) = ?\n", "-750000000+? 9/9"),
        // Midnight lies between the lines.
        ("t", "9 23:59:59 getpid() = 7\n9 00:00:01 exit(0) = ?\n", "-1000000000+? 9/9"),
        ("r", "9      0.000000 getpid() = 7\n9      1.500000 exit(0) = ?\n", "-1500000000+? 9/9"),
        ("tr", "9 1795418299.000001 (+     0.000000) getpid() = 7\n", "1000+? 9/9"),
        // Without -T the halves of a call tell how long it took.
        (
            "cut",
            "9 1795418299.1 getpid( <unfinished ...>\n9 1795418299.3 <... getpid resumed> ) = 7\n",
            "100000000+200000000 9/9",
        ),
    ] {
        // At "t" the file was written at midnight and a second.
        let written = if name == "t" { 1_795_392_001 } else { base };
        let (_folder, path) = log(name, lines, written);
        let (rows, told) =
            read(tracelog::import::<strace::Trace>, &path, if name == "t" { 1_795_392_000 } else { base as i64 });
        assert_eq!(rows[0], format!("syscalls {expected} name=getpid result=7"), "{name} {told:?}");
        assert!(!told.iter().any(|told| told.contains("not understood")), "{told:?}");
    }
}

#[test]
fn a_log_without_times_is_refused_in_one_line() {
    let (_folder, path) = log("none", "9 getpid() = 7\n9 exit(0) = ?\n", 0);
    let (mut outlet, _seen) = Outlet::to_memory("test");
    let error = strace::import(&path, &mut outlet).unwrap_err().to_string();
    assert_eq!(error, format!("{}: no line of it has a time; let strace write them with -ttt", path.display()));
}

#[test]
fn what_cannot_be_read_is_counted_and_survived() {
    let noise: Vec<u8> = (0..300_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let endless = "x".repeat(200_000);
    let text = [
        b"9 1795418299.5 getpid() = 7\n",
        &noise[..],
        b"\n9 1795418200.5 getuid() = 0\n9 1795418299.6 what is this?\n",
        endless.as_bytes(),
        b"\n9 1795418299.7 read(3, \"abc",
    ]
    .concat();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noise");
    std::fs::write(&path, text).unwrap();
    let (rows, told) = read(tracelog::import::<strace::Trace>, &path, 1_795_418_299);
    // Time that goes backwards is kept as it is.
    assert!(rows[0].contains("name=getpid") && rows[1].starts_with("syscalls -98500000000+? "), "{rows:?}");
    assert_eq!(rows.len(), 2);
    assert!(
        told.iter().any(|told| told == "1 lines cut") && told.iter().any(|told| told.ends_with("lines not understood")),
        "{told:?}"
    );
}
