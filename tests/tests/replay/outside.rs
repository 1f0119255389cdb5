//! What happens to a replay from outside: the display ends, others use it, too, and the machine is slow.

use std::fs;
use std::process::{Child, Output, Stdio};

use nix::sys::signal::Signal;
use perfkit_tests::process::{Guarded, send};
use perfkit_tests::programs::compiled;
use perfkit_tests::quota::Quota;
use perfkit_tests::replay::{self, Scripted, marked, scripted};
use perfkit_tests::{Launch, query, wait};

use crate::troubles::cases;
use crate::{left_behind, said, session};

/// A replay that goes on.
struct Playing<'s> {
    scripted: &'s Scripted,
    child: Child,
    mark: String,
}

impl Playing<'_> {
    /// Starts it, and waits until the program has drawn.
    fn start(scripted: &Scripted) -> Playing<'_> {
        let mark = scripted.display.name().to_owned();
        let _ = fs::remove_file(session(scripted));
        let mut command = replay::replay(&scripted.path, &session(scripted), &mark).unwrap();
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let playing = Playing { scripted, child, mark };
        let drawn =
            || query(&session(scripted), "SELECT 1 FROM gdk_frame LIMIT 1").ok().filter(|rows| !rows.is_empty());
        wait::until("the program's first frame", drawn).unwrap();
        playing
    }

    /// The process of a name that it has started.
    fn process(&self, name: &str) -> i32 {
        let named = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
        marked(&self.mark).into_iter().map(|(pid, _)| pid).find(named).unwrap()
    }

    /// The display on which it plays.
    fn display(&self) -> String {
        let environment = fs::read(format!("/proc/{}/environ", self.process("replay-cases"))).unwrap();
        let mut variables = environment.split(|&byte| byte == 0);
        let display = variables.find_map(|variable| variable.strip_prefix(b"DISPLAY=")).unwrap();
        String::from_utf8(display.to_vec()).unwrap()
    }

    /// Puts a window over all others, which takes the keyboard.
    fn stranger(&self, words: &[&str]) -> Guarded {
        let mut command = self.scripted.display.command(compiled("stranger", &["x11"]).unwrap());
        command.args(words).env("DISPLAY", self.display()).stdin(Stdio::null()).stdout(Stdio::null());
        Guarded::spawn("stranger", &mut command).unwrap()
    }

    /// How it ended; it has left nothing behind.
    fn end(mut self) -> Output {
        wait::until("the end of the replay", || self.child.try_wait().ok().flatten()).unwrap();
        let output = self.child.wait_with_output().unwrap();
        assert_eq!(left_behind(&self.mark), Vec::<String>::new());
        output
    }
}

#[test]
fn the_end_of_the_display_is_told() {
    let scripted = cases();
    let playing = Playing::start(&scripted);
    send(playing.process("Xvfb"), Signal::SIGKILL).unwrap();
    let output = playing.end();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("could not be done: the display ended"), "{}", said(&output));
}

#[test]
fn the_end_of_the_program_is_told_whoever_ends_it() {
    let scripted = cases();
    let playing = Playing::start(&scripted);
    send(playing.process("replay-cases"), Signal::SIGKILL).unwrap();
    let output = playing.end();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("could not be done: the program ended"), "{}", said(&output));
}

#[test]
fn a_replay_that_is_stopped_leaves_nothing_behind() {
    let scripted = cases();
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let playing = Playing::start(&scripted);
        send(playing.child.id() as i32, signal).unwrap();
        let output = playing.end();
        assert!(!output.status.success(), "{signal}: {}", said(&output));
    }
}

#[test]
fn a_window_that_comes_over_the_program_is_no_trouble() {
    let scripted = cases();
    let playing = Playing::start(&scripted);
    let _stranger = playing.stranger(&[]);
    let output = playing.end();
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("“Stranger” of another program lay over GtkApplicationWindow “Cases”, which was put above it"),
        "{said}"
    );
}

#[test]
fn a_window_that_takes_the_keyboard_is_no_trouble() {
    let program = compiled("replay-cases", &["gtk4"]).unwrap();
    let typing =
        scripted(Launch::new(program), |pointer| pointer.to(100, 140).click(1).pause(3000).text("ab")).unwrap();
    let playing = Playing::start(&typing);
    let _stranger = playing.stranger(&["beside"]);
    let output = playing.end();
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    let note = "“Stranger” of another program had taken the keyboard from GtkApplicationWindow “Cases”";
    assert!(said.contains(note), "{said}");
}

#[test]
fn a_window_that_stays_over_the_program_is_told() {
    let scripted = cases();
    let playing = Playing::start(&scripted);
    let _stranger = playing.stranger(&["again"]);
    let output = playing.end();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let account = "the program did not take it within 10 s; “Stranger” of another program lies over it";
    assert!(said.contains(account), "{said}");
}

#[test]
fn a_slow_machine_is_no_trouble() {
    let scripted = cases();
    let mark = scripted.display.name().to_owned();
    let command = replay::replay(&scripted.path, &session(&scripted), &mark).unwrap();
    let quota = Quota::new(5);
    let mut slow = match &quota {
        Ok(quota) => quota.of(&command),
        // Without the right to have one, many that want the processor make it slow, too.
        Err(_) => command,
    };
    let busy = || Guarded::spawn("sh", std::process::Command::new("sh").args(["-c", "while :; do :; done"])).unwrap();
    let _load: Vec<Guarded> = quota.is_err().then(|| (0..20).map(|_| busy())).into_iter().flatten().collect();
    let output = slow.args(["--speed", "fast"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(left_behind(&mark), Vec::<String>::new());
    let waits = quota.map(|quota| quota.waits());
    assert!(waits.as_ref().map_or(true, |waits| *waits > 10), "nothing was slow: {waits:?}");
}
