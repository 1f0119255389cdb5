//! `gdkrecord-tool run` stands between its caller and the program: status, signals and streams pass, and where
//! nothing could be recorded one line says why.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nix::sys::signal::Signal;
use perfkit_tests::process::{Guarded, run};
use perfkit_tests::{Display, bins};
use tempfile::TempDir;

fn tool() -> Command {
    let mut tool = Command::new(bins::path(bins::TOOL).unwrap());
    tool.arg("run");
    tool
}

/// Runs a program under the tool in a folder of its own.
fn under(program: &[&str]) -> (TempDir, Output) {
    let folder = TempDir::new().unwrap();
    let output = tool().arg("--").args(program).current_dir(folder.path()).output().unwrap();
    (folder, output)
}

/// Asserts the status and that one line was said, which holds each of the words.
fn says(output: &Output, status: i32, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.len() < 200 && words.iter().all(|word| said.contains(word)), "{said}");
}

fn file(folder: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn a_program_that_cannot_be_started_has_the_status_of_a_shell() {
    let folder = TempDir::new().unwrap();
    let at = |program: &str| tool().arg("--").arg(program).current_dir(folder.path()).output().unwrap();
    file(folder.path(), "plain", "text", 0o644);
    file(folder.path(), "here", "#!/bin/sh\n", 0o755);
    file(folder.path(), "orphan", "#!/no/such/interpreter\n", 0o755);
    says(&at("no-such-program"), 127, &["no-such-program was not found"]);
    says(&at("./no-such-program"), 127, &["./no-such-program was not found"]);
    says(&at("here"), 127, &["say ./here"]);
    says(&at("./orphan"), 127, &["./orphan", "interpreter"]);
    says(&at("./plain"), 126, &["./plain", "not executable"]);
    says(&at("./"), 126, &["folder"]);
    file(folder.path(), "text", "echo hello\n", 0o755);
    says(&at("./text"), 126, &["./text", "#! line"]);
}

#[test]
fn a_recording_that_cannot_be_made_is_told_before_the_program_starts() {
    let output = tool().args(["-o", "/proc/no/%p", "--", "echo", "started"]).output().unwrap();
    says(&output, 125, &["/proc/no"]);
    assert_eq!(output.stdout, b"");
    let output = tool().args(["-o", "/proc/%p", "--", "echo", "started"]).output().unwrap();
    says(&output, 125, &["/proc"]);
    let output = tool().args(["--options", "colour=red", "--", "echo", "started"]).output().unwrap();
    says(&output, 125, &["colour"]);
    let output = tool().args(["--", "echo"]).env("GDKRECORD_MODULE", "/no/such").output().unwrap();
    says(&output, 125, &["libgdkrecord.so", "/no/such"]);
}

#[test]
fn where_nothing_was_recorded_the_reason_is_said() {
    let (_folder, output) = under(&["false"]);
    says(&output, 1, &["nothing was recorded", "false is not linked to GTK"]);
    let folder = TempDir::new().unwrap();
    let script = file(folder.path(), "script", "#!/bin/sh\nexit 4\n", 0o755);
    says(&under(&[script.to_str().unwrap()]).1, 4, &["script is a script"]);
    let setuid = folder.path().join("privileged");
    fs::copy("/bin/true", &setuid).unwrap();
    fs::set_permissions(&setuid, fs::Permissions::from_mode(0o4755)).unwrap();
    says(&under(&[setuid.to_str().unwrap()]).1, 0, &["privileged is setuid"]);
    let source = file(folder.path(), "static.c", "int main(void) { return 5; }\n", 0o644);
    let linked = folder.path().join("static");
    run(Command::new("gcc").arg("-static").arg("-o").arg(&linked).arg(source)).unwrap();
    says(&under(&[linked.to_str().unwrap()]).1, 5, &["static is linked statically"]);
    says(&under(&["gtk4-demo", "--version"]).1, 0, &["gtk4-demo ended before GTK 4 had started"]);
}

#[test]
fn gtk_4_without_its_loader_is_told() {
    let display = Display::start().unwrap();
    let folder = TempDir::new().unwrap();
    fs::copy(bins::path(bins::MODULE).unwrap(), folder.path().join(bins::MODULE)).unwrap();
    let mut tool = display.command(bins::path(bins::TOOL).unwrap());
    tool.args(["run", "--", "gtk4-demo", "--version"]).env("GDKRECORD_MODULE", folder.path());
    says(&tool.current_dir(folder.path()).output().unwrap(), 0, &[bins::LOADER]);
}

#[test]
fn signals_reach_the_program_and_its_end_is_told() {
    let folder = TempDir::new().unwrap();
    for (signal, status) in [
        (Signal::SIGTERM, 41),
        (Signal::SIGINT, 42),
        (Signal::SIGHUP, 43),
        (Signal::SIGUSR1, 44),
        (Signal::SIGQUIT, 128 + Signal::SIGQUIT as i32),
    ] {
        let script = "ulimit -c 0; trap 'exit 41' TERM; trap 'exit 42' INT; trap 'exit 43' HUP; trap 'exit 44' USR1; \
                      echo ready; while :; do sleep 0.05; done";
        let mut command = tool();
        command.args(["--", "/bin/sh", "-c", script]).current_dir(folder.path());
        let mut tool = Guarded::spawn("tool", command.stdout(Stdio::piped()).stderr(Stdio::null())).unwrap();
        let mut line = String::new();
        BufReader::new(tool.child().stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        tool.signal(signal).unwrap();
        assert_eq!(tool.wait().unwrap().code(), Some(status), "{signal}");
    }
}

#[test]
fn the_signal_mask_and_the_streams_are_left_alone() {
    let (_folder, output) = under(&["grep", "SigBlk", "/proc/self/status"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).split_whitespace().last(), Some("0000000000000000"));
    let (_folder, output) = under(&["/bin/sh", "-c", "echo out; echo err >&2; exit 3"]);
    assert_eq!((&*output.stdout, output.status.code()), (&b"out\n"[..], Some(3)));
    assert!(output.stderr.starts_with(b"err\n"), "{}", String::from_utf8_lossy(&output.stderr));
}
