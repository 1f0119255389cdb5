//! How exports end: told to, without room, without a reader; and how much memory they take.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use perfkit_agent::export::FORMATS;
use perfkit_agent::session::{Cell, Track, schemas};
use perfkit_agent::source::Outlet;

use crate::session::Made;

/// A session that takes a while.
fn long(rows: i64) -> Made {
    Made::with(&|outlet: &mut Outlet| {
        let series = outlet.series(&schemas::SYSCALLS);
        let tracks = [1, 2, 3].map(|tid| outlet.track(&Track::thread(1, tid)));
        for row in 0..rows {
            let cells = [Cell::Text("read"), Cell::Text("3, \"some bytes\", 4096"), Cell::Int(row % 4096)];
            outlet.span(series, row * 1000, Some(900), tracks[row as usize % 3], &cells);
        }
    })
}

#[test]
fn what_is_interrupted_leaves_nothing() {
    let made = long(400_000);
    for format in FORMATS {
        let target = made.folder().join("out");
        let mut command = Command::new(env!("CARGO_BIN_EXE_perfkit-agent"));
        command.arg("export").arg(made.path()).args(["--format", format.name, "-o"]).arg(&target);
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        // It is under way when something stands beside the session.
        let files = || std::fs::read_dir(made.folder()).unwrap().count();
        let deadline = Instant::now() + Duration::from_secs(30);
        while files() == 1 && !target.exists() {
            assert!(Instant::now() < deadline, "{} does not begin", format.name);
            std::thread::sleep(Duration::from_millis(1));
        }
        kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
        let output = child.wait_with_output().unwrap();
        if target.exists() {
            // It was faster; nothing else is left then either.
            assert!(output.status.success(), "{}", format.name);
            if target.is_dir() {
                std::fs::remove_dir_all(&target).unwrap()
            } else {
                std::fs::remove_file(&target).unwrap()
            }
        } else {
            assert_eq!(output.status.code(), Some(130), "{}", format.name);
            assert_eq!(String::from_utf8_lossy(&output.stderr), "perfkit-agent: interrupted; nothing was written\n");
        }
        assert_eq!(files(), 1, "{}", format.name);
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure_and_a_full_disk_is() {
    let made = long(200_000);
    let mut command = Command::new(env!("CARGO_BIN_EXE_perfkit-agent"));
    command.arg("export").arg(made.path()).args(["--format", "chrome", "-o", "-"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let output = made.run(&["--format", "chrome", "-o", "/dev/full"]);
    assert_eq!(output.status.code(), Some(125));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said, "perfkit-agent: cannot write to /dev/full: No space left on device (os error 28)\n");
}

#[test]
fn strange_words_are_told_in_one_line() {
    let made = Made::new();
    for (arguments, words) in [
        (&["--format", "json", "--series", "nonsense"][..], "has no series `nonsense`; there are "),
        (&["--format", "json", "--from", "2s", "--to", "1s"], "--from is later than --to"),
        (
            &["--format", "json", "-o", "/nonsense/there/is.json"],
            "cannot write to /nonsense/there/is.json: No such file",
        ),
    ] {
        let output = made.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(125), "{said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_session_is_never_written_over() {
    let made = Made::new();
    let (path, before) = (made.path().to_owned(), std::fs::read(made.path()).unwrap());
    let words = format!("{} is a session, which is not written over; name another file\n", path.display());
    let exports = FORMATS.iter().map(|format| vec!["export", "--format", format.name]);
    for arguments in exports.chain([vec!["report"], vec!["report", "--format", "html"]]) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perfkit-agent"));
        let series = if arguments.contains(&"csv") { &["--series", "syscalls"][..] } else { &[] };
        let output = command.args(&arguments).args(series).arg(&path).arg("-o").arg(&path).output().unwrap();
        assert_eq!(output.status.code(), Some(125), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).ends_with(&words), "{output:?}");
        assert!(std::fs::read(&path).unwrap() == before, "{arguments:?}");
    }
}

#[test]
fn files_have_the_rights_of_files_and_stand_beside_the_session() {
    let made = Made::new();
    for format in FORMATS {
        let output = made.run(&["--format", format.name]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let path = made.path().with_extension(format.suffix);
        let rights = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(rights & 0o400, 0o400, "{}", format.name);
        assert_ne!(rights & 0o044, 0, "{}", format.name);
        // The same session gives the same bytes.
        let again = made.folder().join("again");
        assert!(made.run(&["--format", format.name, "-o", again.to_str().unwrap()]).status.success());
        if path.is_file() {
            assert!(std::fs::read(&path).unwrap() == std::fs::read(&again).unwrap(), "{}", format.name);
            std::fs::remove_file(&again).unwrap();
        } else {
            std::fs::remove_dir_all(&again).unwrap();
        }
    }
}

/// Kilobytes that an export had at most.
fn peak(made: &Made, format: &str) -> u64 {
    let out = made.folder().join("out");
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%M", env!("CARGO_BIN_EXE_perfkit-agent"), "export"]).arg(made.path());
    let output = command.args(["--format", format, "-o"]).arg(&out).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    if out.is_dir() {
        std::fs::remove_dir_all(&out).unwrap()
    } else {
        std::fs::remove_file(&out).unwrap()
    }
    said.trim().parse().unwrap()
}

/// A session of log lines of which no two are the same.
fn logs(rows: i64) -> Made {
    Made::with(&|outlet: &mut Outlet| {
        let track = Track::thread(1, 1);
        for row in 0..rows {
            let line = format!("line {row} of a log, which says something new: {}", row * 7919);
            outlet.log(row * 1000, &track, "stderr", None, &line);
        }
    })
}

#[test]
fn ten_times_the_rows_take_no_more_memory() {
    /// What more chunks of a session may take: SQLite's own cache, and what the allocator keeps.
    const MORE: u64 = 6_000;
    let of = |rows| [long(rows), logs(rows)];
    for (what, (few, many)) in ["syscalls", "logs"].into_iter().zip(of(20_000).into_iter().zip(of(200_000))) {
        for format in FORMATS {
            let (before, after) = (peak(&few, format.name), peak(&many, format.name));
            println!("{what}, {}: {before} and {after} KiB", format.name);
            assert!(after < before + MORE, "{what}, {}: {before} KiB became {after}", format.name);
        }
    }
}

#[test]
#[ignore = "writes gigabytes: for a look at the memory, with --release"]
fn ten_million_rows_take_the_memory_of_a_few() {
    let made = long(10_000_000);
    for format in FORMATS {
        let kilobytes = peak(&made, format.name);
        println!("{}: {kilobytes} KiB", format.name);
        assert!(kilobytes < 100_000, "{}: {kilobytes} KiB", format.name);
    }
}
