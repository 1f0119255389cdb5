//! What the demo leaves: graphs, animations and a page of text, all made by `gdkrecord-tool`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use perfkit_tests::error::Context;
use perfkit_tests::process::stdout_of;
use perfkit_tests::{Result, bins};

const HEADING: &str = "\
What was recorded, and what is to see

Two programs that come with GTK were started unchanged, each on a display of its own: gtk4-widget-factory and
gtk3-widget-factory. Scripted input moved the pointer over all of the window, typed into an entry, clicked,
scrolled, resized the window and closed it. Typed text is not in the recordings.

NAME.gdkrecord      the recording; gdkrecord-tool dump NAME.gdkrecord prints it
NAME.png            its graph: events by kind and window with their handling times, frame times beside the
                    budget line, and repainted area over time
NAME.gif            its animation: the windows, with each repainted rectangle flashing and fading

Below, for each recording, what `gdkrecord-tool stat` found: how often the program woke, how long it took to
handle events, which frames came late and why, which callbacks were busiest, and what was repainted in vain.
";

/// Draws and counts; gives back the pictures.
pub fn write(folder: &Path, recordings: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let (mut short, mut text) = (String::from("\nIn short\n\n"), String::new());
    let mut pictures = Vec::new();
    for recording in recordings {
        let (graph, animation) = (recording.with_extension("png"), recording.with_extension("gif"));
        tool("graph", recording, Some(&graph))?;
        tool("exposures", recording, Some(&animation))?;
        pictures.extend([graph, animation]);
        let name = recording.file_name().unwrap_or_default().to_string_lossy();
        text.push_str(&format!("\n{}\n{name}\n\n", "=".repeat(110)));
        let stat = tool("stat", recording, None)?;
        let line = stat.lines().find_map(|line| line.trim_start().strip_prefix("in short")).unwrap_or_default();
        short.push_str(&format!("{name}: {}\n", line.trim()));
        text.push_str(&stat);
        text.push_str("\n\nChecked: ");
        text.push_str(&findings(recording)?);
        text.push('\n');
    }
    fs::write(folder.join("report.txt"), format!("{HEADING}{short}{text}")).cannot("write the report")?;
    Ok(pictures)
}

fn tool(task: &str, recording: &Path, output: Option<&Path>) -> Result<String> {
    let mut command = Command::new(bins::path(bins::TOOL)?);
    command.arg(task).arg(recording);
    if let Some(output) = output {
        command.arg("-o").arg(output);
    }
    stdout_of(&mut command)
}

/// What `gdkrecord-tool check` says: its status 1 means findings, which belong into the report.
fn findings(recording: &Path) -> Result<String> {
    let mut check = Command::new(bins::path(bins::TOOL)?);
    let output = check.arg("check").arg(recording).stdin(Stdio::null()).output().cannot("run gdkrecord-tool")?;
    let said = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&said).trim_end().to_owned())
}

/// The demo's files with a word on each.
pub fn contents(folder: &Path) -> Result<Vec<(String, &'static str)>> {
    let entries = fs::read_dir(folder).cannot("list the demo's files")?;
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    let what = |name: &str| match name.rsplit('.').next() {
        Some("png") => "graph",
        Some("gif") => "animation of what was repainted",
        Some("gdkrecord") => "recording",
        Some("perfkit") => "session: what all sources saw, on one clock",
        _ if name == "sessions.txt" => "what the sessions answer to questions in SQL",
        _ => "what was found: read this first",
    };
    Ok(names.into_iter().map(|name| (name.clone(), what(&name))).collect())
}

/// Opens the pictures where somebody looks at a display.
pub fn show(pictures: &[PathBuf]) {
    if env::var_os("DISPLAY").is_none() && env::var_os("WAYLAND_DISPLAY").is_none() {
        return;
    }
    for picture in pictures.iter().filter(|picture| picture.extension().is_some_and(|kind| kind == "png")) {
        // No viewer is no failure: the paths have been printed.
        let mut viewer = Command::new("xdg-open");
        let _ = viewer.arg(picture).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    }
}
