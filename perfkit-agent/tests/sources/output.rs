//! What a program writes, with what GLib adds to it.

use std::io::{Read, Seek};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use perfkit_agent::channel::Target;
use perfkit_agent::source::output::{Stream, follow};
use perfkit_agent::source::{Message, Outlet, Stopper};

use super::{record, shell};

#[test]
fn lines_of_both_streams_become_log_lines() {
    let script = "echo plain; printf 'no end' ; \
                  echo '(demo:12): Gtk-WARNING **: 10:00:00.123: no theme' >&2; echo >&2; exit 3";
    let seen = record(&["output"], shell(script));
    assert_eq!(seen.outcome.code, 3);
    let pid = seen.with("message=plain")[0].split(['/', ' ']).nth(1).unwrap().to_owned();
    assert_eq!(seen.with("message=plain"), [format!("logs {pid}/0 source=stdout message=plain")]);
    assert_eq!(seen.with("message=no end"), [format!("logs {pid}/0 source=stdout message=no end")]);
    assert_eq!(seen.with("Gtk"), ["logs 12/0 source=stderr level=warning domain=Gtk message=no theme"]);
    assert_eq!(seen.rows.len(), 3, "{:?}", seen.rows);
}

/// A child that goes on with the target's pipes does not hold the recording up, and does not die of it either.
#[test]
fn a_child_that_keeps_the_pipes_is_not_waited_for() {
    let begin = Instant::now();
    let seen = record(&["output"], shell("sleep 20 & echo $!"));
    assert!(begin.elapsed().as_secs() < 15);
    let child = seen.with("source=stdout")[0].rsplit_once('=').unwrap().1.parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child), nix::sys::signal::Signal::SIGTERM).unwrap();
}

#[test]
fn a_megabyte_comes_through_whole_and_is_passed_on() {
    let mut child =
        Command::new("sh").args(["-c", "yes 'a line' | head -n 50000; echo"]).stdout(Stdio::piped()).spawn();
    let child = child.as_mut().unwrap();
    let target = Target::attached(child.id() as i32, Path::new(""));
    let (mut passed, pipe) = (tempfile::tempfile().unwrap(), child.stdout.take().unwrap().into());
    let mut streams = [Stream::new("stdout", pipe, passed.try_clone().unwrap().into())];
    let (mut outlet, seen) = Outlet::to_memory("output");
    let (_stopper, stop) = Stopper::new().unwrap();
    follow(&mut streams, &target, &mut outlet, &stop);
    child.wait().unwrap();
    outlet.flush();
    let lines = seen.lines();
    assert_eq!(lines.len(), 50_000);
    assert!(lines.iter().all(|line| line.ends_with("message=a line")));
    let mut text = String::new();
    passed.rewind().unwrap();
    passed.read_to_string(&mut text).unwrap();
    assert!(text == format!("{}\n", "a line\n".repeat(50_000)));
}

/// Whoever ends the target does not wait for a reader that takes its time.
#[test]
fn a_reader_that_does_not_read_holds_nobody_up() {
    let mut child = Command::new("yes").stdout(Stdio::piped()).spawn().unwrap();
    let target = Target::attached(child.id() as i32, Path::new(""));
    let (_unread, onward) = std::io::pipe().unwrap();
    let mut streams = [Stream::new("stdout", child.stdout.take().unwrap().into(), onward.into())];
    let (mut outlet, seen) = Outlet::to_memory("output");
    let (stopper, stop) = Stopper::new().unwrap();
    std::thread::scope(|scope| {
        let following = scope.spawn(|| follow(&mut streams, &target, &mut outlet, &stop));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!following.is_finished(), "nothing was lost while nobody had said stop");
        target.cut.store(true, Ordering::Relaxed);
        stopper.stop();
        // It goes on writing all the while.
        let begin = Instant::now();
        following.join().unwrap();
        assert!(begin.elapsed() < Duration::from_secs(10));
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let notes = seen.messages().into_iter().filter_map(|message| match message {
        Message::Note { text, .. } => Some(text),
        _ => None,
    });
    assert_eq!(notes.collect::<Vec<_>>(), ["stdout: is no longer passed on: nobody has read it"]);
}
