//! The tool as people type it: every example of its help runs, `-` is standard input and output, and what goes
//! wrong is one clear line with a status.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use perfkit_tests::process::{run, stdout_of};
use perfkit_tests::{Display, bins};
use tempfile::TempDir;

/// A folder with the files that examples name, and programs that stand for those they start.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let golden = bins::root().join("gdkrecord/tests/golden");
    let mut golden: Vec<PathBuf> = fs::read_dir(golden).unwrap().map(|entry| entry.unwrap().path()).collect();
    golden.retain(|path| path.extension().is_some_and(|kind| kind == "gdkrecord"));
    let golden = golden.into_iter().max().unwrap();
    for name in ["app.gdkrecord", "4711-gtk4-demo.gdkrecord", "recording"] {
        fs::copy(&golden, folder.path().join(name)).unwrap();
    }
    run(Command::new("gzip").args(["--keep", "app.gdkrecord"]).current_dir(folder.path())).unwrap();
    let mut export = tool();
    run(export.args(["dump", "app.gdkrecord", "--format", "json", "-o", "app.json"]).current_dir(folder.path()))
        .unwrap();
    for name in ["gtk4-demo", "gtk3-widget-factory", "gnome-calculator", "myprog"] {
        let program = folder.path().join(name);
        fs::write(&program, "#!/bin/sh\n").unwrap();
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

fn tool() -> Command {
    Command::new(bins::path(bins::TOOL).unwrap())
}

/// The examples of a command's help, without the words beside them.
fn examples(command: &str) -> Vec<String> {
    let help = stdout_of(tool().args(command.split_whitespace()).arg("--help")).unwrap();
    let lines = help.lines().skip_while(|line| !line.starts_with("Example")).skip(1);
    let examples = lines.take_while(|line| line.starts_with("  ")).map(str::trim);
    examples.map(|line| line.split("  ").next().unwrap_or(line).to_owned()).collect()
}

#[test]
fn every_example_of_the_help_runs() {
    let display = Display::start().unwrap();
    let mut ran = 0;
    for command in ["", "run", "stat", "dump", "graph", "exposures", "check", "completions", "man"] {
        let found = examples(command);
        assert!(!found.is_empty(), "{command}");
        for example in found {
            let folder = folder();
            // The golden file is a millisecond long, and has another window.
            let line = example.replace("--window Preferences", "--window title");
            let line = line.replace("--from 3.2 --to 3.9", "--from 0.1ms --to 0.9ms");
            let plays = example.starts_with("gdkrecord-tool exposures") && !example.contains("-o");
            let line = if plays { format!("timeout 3 {line}") } else { line };
            let mut shell = display.command("bash");
            let path = format!("{}:{}:/usr/bin:/bin", folder.path().display(), bins::folder().display());
            shell.args(["-o", "pipefail", "-c", &line]).env("PATH", path).current_dir(folder.path());
            let output = shell.stdin(fs::File::open(folder.path().join("recording")).unwrap()).output().unwrap();
            // A window that was played in until its time was up.
            let expected = if plays { 124 } else { 0 };
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(expected), "{line}: {said}");
            ran += 1;
        }
    }
    assert!(ran >= 18, "{ran}");
}

/// Runs it in the folder with this on its standard input.
fn with_input(folder: &TempDir, input: &str, args: &[&str]) -> Output {
    let input = fs::File::open(folder.path().join(input)).unwrap();
    tool().args(args).current_dir(folder.path()).stdin(input).output().unwrap()
}

#[test]
fn a_dash_is_standard_input_and_output() {
    let folder = folder();
    for (args, begins) in [
        (&["dump", "-"][..], &b"#"[..]),
        (&["dump", "-", "--format", "csv", "-o", "-"], b"time,"),
        (&["stat", "-"], b"RECORDING"),
        (&["check", "-"], b"standard input"),
        (&["graph", "-", "-o", "-"], b"\x89PNG"),
        (&["exposures", "-", "-o", "-"], b"GIF89a"),
    ] {
        let output = with_input(&folder, "app.gdkrecord", args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && output.stdout.starts_with(begins), "{args:?}: {said}");
    }
    assert!(with_input(&folder, "app.json", &["check", "-"]).status.success());
}

#[test]
fn a_graph_for_hidpi_is_the_same_figure_in_more_pixels() {
    let folder = folder();
    let size = |scale: &str| {
        let args = ["graph", "-", "-o", "-", "--width", "800", "--scale", scale];
        let png = with_input(&folder, "app.gdkrecord", &args).stdout;
        // IHDR comes first: width and height, big-endian.
        [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()))
    };
    let once = size("1");
    assert_eq!((once[0], size("2")), (800, once.map(|side| side * 2)));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = folder();
    for args in [
        &["dump", "app.gdkrecord"][..],
        &["stat", "app.gdkrecord"],
        &["schema", "json"],
        &["graph", "app.gdkrecord", "-o", "-"],
    ] {
        let mut child =
            tool().args(args).current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{args:?}: {output:?}");
    }
}

#[test]
fn what_goes_wrong_is_one_clear_line() {
    let folder = folder();
    fs::write(folder.path().join("empty"), "").unwrap();
    fs::write(folder.path().join("noise"), [7; 9000]).unwrap();
    fs::write(folder.path().join("half.json"), "{\"format\":\"gdkrecord-json\",").unwrap();
    for (args, words) in [
        (&["dump", "missing"][..], "missing"),
        (&["dump", "."], "."),
        (&["stat", "empty"], "empty is not a gdkrecord recording"),
        (&["graph", "noise"], "noise is not a gdkrecord recording"),
        (&["exposures", "noise", "-o", "x.gif"], "noise"),
        (&["check", "half.json"], "not a whole JSON export"),
        (&["dump", "-"], "standard input is not"),
        (&["dump", "app.gdkrecord", "-o", "no/such/folder"], "no/such/folder"),
        (&["dump", "app.gdkrecord", "-o", "/dev/full"], "/dev/full"),
        (&["stat", "app.gdkrecord", "-o", "/dev/full"], "/dev/full"),
        (&["graph", "app.gdkrecord", "-o", "/no/such.png"], "/no/such.png"),
        (&["graph", "app.gdkrecord", "-o", "graph.jpg"], "NAME.png or NAME.svg"),
        (&["graph", "app.gdkrecord", "--from", "1h"], "seconds"),
        (&["graph", "app.gdkrecord", "--from", "99"], "--from"),
        (&["graph", "-"], "-o NAME.png"),
        (&["exposures", "app.gdkrecord", "-o", "a.mp4"], "NAME.webm"),
        (&["exposures", "app.gdkrecord", "-o", "/no/such.gif"], "/no/such.gif"),
        (&["exposures", "app.gdkrecord", "-o", "/no/such.webm"], "/no/such.webm"),
        (&["exposures", "app.gdkrecord", "-o", "/proc/no/%d.png"], "/proc/no"),
        (&["exposures", "app.gdkrecord"], "DISPLAY"),
        (&["dump", "app.gdkrecord", "--kind", "nonsense"], "nonsense"),
        (&["dump", "app.gdkrecord", "--window", "nowhere"], "nowhere"),
        (&["man", "/proc/no/man"], "/proc/no/man"),
    ] {
        let mut command = tool();
        command
            .args(args)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim_end();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {said}");
        // What clap does not understand has its own form, with a hint below.
        assert!(said.lines().count() == 1 || said.starts_with("error: "), "{args:?}: {said}");
    }
}

/// Nothing ends in silence: what did not fit is told, though it was only the last byte.
#[test]
fn a_full_disk_is_told() {
    let folder = folder();
    for args in [
        &["dump", "app.gdkrecord"][..],
        &["stat", "app.gdkrecord"],
        &["check", "app.gdkrecord"],
        &["graph", "app.gdkrecord", "-o", "-"],
        &["exposures", "app.gdkrecord", "-o", "-"],
        &["schema", "xml"],
        &["completions", "bash"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = tool().args(args).current_dir(folder.path()).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.lines().count() == 1 && said.contains("cannot write to standard output"), "{args:?}: {said}");
    }
}

#[test]
fn man_pages_and_completions_are_well_formed() {
    let folder = TempDir::new().unwrap();
    run(tool().arg("man").arg(folder.path())).unwrap();
    for page in fs::read_dir(folder.path()).unwrap() {
        let page = page.unwrap().path();
        let text = fs::read_to_string(&page).unwrap();
        assert!(text.contains(".SH EXAMPLES") && text.contains(".SH NAME"), "{}", page.display());
    }
    let bash = folder.path().join("bash");
    fs::write(&bash, stdout_of(tool().args(["completions", "bash"])).unwrap()).unwrap();
    let complete = "source ./bash; COMP_WORDS=(gdkrecord-tool gra); COMP_CWORD=1; \
                    $(complete -p gdkrecord-tool | sed 's/.*-F \\([^ ]*\\).*/\\1/') gdkrecord-tool gra gdkrecord-tool; \
                    echo ${COMPREPLY[@]}";
    let said = stdout_of(Command::new("bash").args(["-c", complete]).current_dir(folder.path())).unwrap();
    assert_eq!(said, "graph");
}
