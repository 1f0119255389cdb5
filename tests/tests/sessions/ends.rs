//! Targets that fork, run other programs and crash, and tools that are killed while they watch.

use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use perfkit_tests::process::{Guarded, send};
use perfkit_tests::session::number;
use perfkit_tests::{query, wait};

use crate::recorder::{Recorder, children, said};

/// Runs until it is ended, and keeps a processor busy now and then.
const BUSY: &[&str] = &["python3", "-c", "import time\nwhile True:\n sum(range(20000)); time.sleep(0.001)"];

#[test]
fn forks_execs_and_signals_are_in_the_session() {
    let script = "(exit 4) & wait $!; /bin/true; sh -c 'kill -TERM $$'; exec /bin/echo done";
    let recorder = Recorder::new();
    let output = recorder.record("strace,output,proc@100Hz", &[], &["sh", "-c", script]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let count = |sql: &str| number(&recorder.session(), sql).unwrap();
    assert!(count("SELECT count(*) FROM life WHERE what = 'fork'") >= 3);
    assert!(count("SELECT count(*) FROM life WHERE what = 'exec' AND name LIKE '%true'") >= 1);
    assert!(count("SELECT count(*) FROM life WHERE what = 'exec' AND name LIKE '%echo'") >= 1);
    assert!(count("SELECT count(*) FROM life WHERE what = 'kill' OR (what = 'signal' AND name = 'SIGTERM')") >= 1);
    assert!(count("SELECT count(*) FROM processes") >= 4);
    assert_eq!(count("SELECT count(*) FROM logs WHERE source = 'stdout' AND message = 'done'"), 1);
}

#[test]
fn a_crash_is_the_targets_own() {
    let recorder = Recorder::new();
    let output = recorder.record("strace,output,proc", &[], &["sh", "-c", "echo before; kill -SEGV $$"]);
    assert_eq!(output.status.code(), Some(128 + 11), "{}", said(&output));
    assert_eq!(number(&recorder.session(), "SELECT count(*) FROM logs WHERE message = 'before'").unwrap(), 1);
    assert!(number(&recorder.session(), "SELECT count(*) FROM life WHERE what = 'kill'").unwrap() >= 1);
}

/// The tools that are programs of their own, and which view has what they saw.
const TOOLS: &[(&str, &str, &str)] = &[
    ("strace", "strace", "syscalls"),
    ("perf", "perf", "samples"),
    ("script:sh -c 'while :; do echo x 1; sleep 0.01; done'", "sh", "counters"),
];

#[test]
fn a_tool_that_is_killed_ends_alone() {
    for (source, tool, view) in TOOLS {
        let recorder = Recorder::new();
        let mut recording = recorder.begin(&format!("{source},proc@50Hz"), &[], BUSY);
        let session = recorder.session();
        let rows = || number(&session, &format!("SELECT count(*) FROM {view}")).ok().filter(|&rows| rows > 0);
        wait::until(&format!("rows of {tool}"), rows).unwrap();
        let name = |pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        let children = children(recording.pid());
        let target = number(&session, "SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'target.pid'").unwrap();
        let tools: Vec<i32> =
            children.into_iter().filter(|pid| i64::from(*pid) != target && name(pid).trim() == *tool).collect();
        assert!(!tools.is_empty(), "{tool} runs");
        for tool in tools {
            // One may end with the other.
            let _ = send(tool, Signal::SIGKILL);
        }
        let noted = || number(&session, "SELECT count(*) FROM notes").ok().filter(|&notes| notes > 0);
        wait::until(&format!("a note about {tool}"), noted).unwrap();
        let values = || number(&session, "SELECT count(*) FROM counters WHERE name = 'proc.memory.rss'").unwrap_or(0);
        let before = values();
        wait::until("proc to go on", || (values() > before).then_some(())).unwrap();
        assert!(std::path::Path::new(&format!("/proc/{target}")).exists(), "{tool} took the target with it");
        recorder.tell(&session, "stop").unwrap();
        assert!(recording.wait().unwrap().success());
        let notes = query(&session, "SELECT source, text FROM notes").unwrap();
        assert!(notes.iter().any(|note| note.text("source") == source.split(':').next().unwrap()), "{notes:?}");
    }
}

#[test]
fn a_user_without_privileges_records_what_he_may() {
    if !nix::unistd::Uid::effective().is_root() {
        return;
    }
    let recorder = Recorder::new();
    let nobody = "nobody";
    let mut chown = Command::new("chown");
    perfkit_tests::process::run(chown.arg(nobody).arg(recorder.folder.path())).unwrap();
    // Built programs may lie where nobody else can look.
    let agent = recorder.folder.path().join("perfkit-agent");
    std::fs::copy(perfkit_tests::bins::path(perfkit_tests::bins::AGENT).unwrap(), &agent).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", nobody, "--regid", "nogroup", "--clear-groups", "--"]).arg(&agent);
    command.args(["record", "--output"]).arg(recorder.session());
    command.args(["--with", "strace,perf,proc@50Hz,output", "--", "sh", "-c", "echo hello; sleep 0.2"]);
    command.env("HOME", recorder.folder.path()).env_remove("XDG_RUNTIME_DIR").env("TMPDIR", recorder.folder.path());
    let output = command.current_dir(recorder.folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let count = |sql: &str| number(&recorder.session(), sql).unwrap();
    assert_eq!(count("SELECT count(*) FROM logs WHERE message = 'hello'"), 1);
    assert!(count("SELECT count(*) FROM syscalls WHERE name = 'write'") >= 1, "{}", said(&output));
    assert!(count("SELECT count(*) FROM counters") >= 1);
}

/// A child that writes all the time when the target has ended.
#[test]
fn a_child_that_goes_on_writing_does_not_hold_the_recording_up() {
    let recorder = Recorder::new();
    let mut command = recorder.command("output", &["--quiet"], &["sh", "-c", "timeout 5 yes & sleep 0.1; exit 3"]);
    let mut recording = Guarded::spawn("the agent", command.stdout(Stdio::null()).stderr(Stdio::null())).unwrap();
    assert_eq!(recording.wait().unwrap().code(), Some(3));
}

#[test]
fn a_reader_that_does_not_read_is_not_waited_for() {
    let recorder = Recorder::new();
    let mut command = recorder.command("output", &["--duration", "500ms"], &["yes"]);
    let mut recording = Guarded::spawn("the agent", command.stdout(Stdio::piped()).stderr(Stdio::null())).unwrap();
    assert!(recording.wait().unwrap().success());
    let notes = query(&recorder.session(), "SELECT text FROM notes").unwrap();
    assert!(notes.iter().any(|note| note.text("text").contains("nobody has read it")), "{notes:?}");
}

#[test]
fn a_script_leaves_nothing_behind() {
    let recorder = Recorder::new();
    let script = "script:sh -c 'echo x 1; sleep 4711 & echo child $!; wait'";
    let output = recorder.record(script, &["--duration", "500ms"], BUSY);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let child =
        number(&recorder.session(), "SELECT CAST(value AS INTEGER) FROM counters WHERE name = 'child'").unwrap();
    let gone = || (!std::path::Path::new(&format!("/proc/{child}")).exists()).then_some(());
    wait::until("the script's child to end", gone).unwrap();
}

/// The program goes on when the disk is full, what it writes is passed on, and its status too.
#[test]
fn a_full_disk_is_not_the_programs_end() {
    for (status, expected) in [(0, 125), (3, 3)] {
        let recorder = Recorder::new();
        let program =
            format!("ulimit -f unlimited; head -c 3000000 /dev/urandom | base64; echo the end; exit {status}");
        // A limit on the size of files is as good as a disk that is full, and is for the agent alone.
        let mut command = Command::new("sh");
        let limited = "trap '' XFSZ; ulimit -S -f 600; exec \"$@\"";
        let agent = recorder.command("output", &["--quiet"], &["sh", "-c", &program]);
        command.args(["-c", limited, "sh"]).arg(agent.get_program()).args(agent.get_args());
        let output = command.current_dir(recorder.folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(expected), "{}", said(&output));
        assert!(output.stdout.ends_with(b"the end\n"));
        assert!(said(&output).contains("nothing more is recorded"), "{}", said(&output));
    }
}

/// The process ids that the target printed, a line each, of processes that it has started.
fn printed(recorder: &Recorder) -> Vec<i64> {
    let lines = query(&recorder.session(), "SELECT CAST(message AS INTEGER) AS pid FROM logs WHERE source = 'stdout'");
    lines.unwrap_or_default().iter().map(|line| line.int("pid")).collect()
}

fn lives(pid: &i64) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn what_the_target_has_started_ends_with_it_where_we_end_it() {
    let recorder = Recorder::new();
    let script = "setsid sh -c 'echo $$; exec sleep 67' & (sh -c 'echo $$; exec sleep 67' &); \
                  sh -c 'echo $$; exec sleep 67'; true";
    let output = recorder.record("output", &["--duration", "1s"], &["sh", "-c", script]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let pids = printed(&recorder);
    assert!(pids.len() == 3 && !pids.iter().any(lives), "{pids:?}");
}

#[test]
fn what_the_target_leaves_behind_lives_on_where_it_ended_by_itself() {
    let recorder = Recorder::new();
    let output = recorder.record("output", &[], &["sh", "-c", "sleep 67 & echo $!"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let pids = printed(&recorder);
    assert!(pids.len() == 1 && lives(&pids[0]), "{pids:?}");
    send(pids[0] as i32, Signal::SIGTERM).unwrap();
}

/// A process that has lost its parent is gone when it has ended, as it would be without us.
#[test]
fn an_orphan_that_has_ended_is_gone() {
    let recorder = Recorder::new();
    let script = "pid=$(sh -c 'sleep 0.2 >/dev/null & echo $!'); kill -0 $pid || exit 4
                  for i in $(seq 200); do kill -0 $pid 2>/dev/null || exit 5; sleep 0.05; done; exit 6";
    let output = recorder.record("proc", &[], &["sh", "-c", script]);
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
}

/// Does not end when it is asked to, and has a child that does not either.
const STUBBORN: &str = "trap '' TERM INT; sh -c 'echo $$; while :; do sleep 0.1; done' & echo $$; wait; wait";
/// A script that has a child, and prints its number.
const SCRIPT: &str = "script:sh -c 'sleep 68 & echo child $!; wait'";

/// Begins to record these; and whom they have started.
fn begin_stubborn(recorder: &Recorder) -> (Guarded, Vec<i64>) {
    let mut command = recorder.command(&format!("output,{SCRIPT}"), &["--quiet"], &["sh", "-c", STUBBORN]);
    command.env("TMPDIR", recorder.folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let recording = Guarded::spawn("the agent", &mut command).unwrap();
    let child = || number(&recorder.session(), "SELECT CAST(value AS INTEGER) FROM counters WHERE name = 'child'").ok();
    let all = || Some([printed(recorder), vec![child()?]].concat()).filter(|pids| pids.len() == 3);
    let pids = wait::until("the target and the script to begin", all).unwrap();
    (recording, pids)
}

fn scratch(recorder: &Recorder) -> bool {
    let names = std::fs::read_dir(recorder.folder.path()).unwrap().flatten();
    names.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("perfkit-"))
}

#[test]
fn a_second_interrupt_ends_everything_at_once() {
    let recorder = Recorder::new();
    let (mut recording, pids) = begin_stubborn(&recorder);
    assert!(scratch(&recorder));
    recording.signal(Signal::SIGINT).unwrap();
    // Two that come together are one.
    std::thread::sleep(std::time::Duration::from_millis(300));
    recording.signal(Signal::SIGINT).unwrap();
    assert_eq!(recording.wait().unwrap().code(), Some(130));
    let gone = || (!pids.iter().any(lives) && !scratch(&recorder)).then_some(());
    wait::until("all of them, and the scratch folder, to go", gone).unwrap();
}

#[test]
fn an_agent_that_is_killed_leaves_no_tools_and_no_scratch_behind() {
    let recorder = Recorder::new();
    let (mut recording, pids) = begin_stubborn(&recorder);
    recording.signal(Signal::SIGKILL).unwrap();
    recording.wait().unwrap();
    let gone = || (!lives(&pids[2]) && !scratch(&recorder)).then_some(());
    wait::until("the script, its child and the scratch folder to go", gone).unwrap();
    // The target is the user's, and goes on.
    assert!(pids[..2].iter().all(lives), "{pids:?}");
    pids[..2].iter().for_each(|pid| send(*pid as i32, Signal::SIGKILL).unwrap());
}
