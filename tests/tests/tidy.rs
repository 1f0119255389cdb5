//! The rules of the house that a machine can check; ARCHITECTURE.md gives their reasons.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use perfkit_tests::bins;
use perfkit_tests::process::stdout_of;

/// What lies at the top of the repository.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".clippy.toml",
    ".gitignore",
    ".rustfmt.toml",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "data",
    "gdkrecord",
    "perfkit-agent",
    "perfkit-app",
    "po",
    "tests",
];

/// Files and folders where the compiler's checks of memory may be switched off.
const FENCED: &[&str] = &[
    "gdkrecord/src/map.rs",
    "gdkrecord/module/src/ffi/",
    "gdkrecord/module/src/entry.rs",
    "gdkrecord/module/src/load.rs",
    "gdkrecord/module/loader/src/lib.rs",
    "perfkit-agent/counters/src/region.rs",
    "perfkit-agent/src/server/script/confine.rs",
    "perfkit-agent/src/server/trim.rs",
    "perfkit-agent/src/session/query/vtab.rs",
    "perfkit-app/src/widgets/accessible.rs",
];

/// Files over 600 lines, each with its reason.
const LONG: &[(&str, &str)] = &[
    ("gdkrecord/src/kind.rs", "the one table of kinds, which must stay one"),
    ("gdkrecord/src/field.rs", "every type that a field can have, with its two faces: one short impl after the other"),
];

/// Which crates may be anywhere below a package, or which may not.
enum Below {
    Only(&'static [&'static str]),
    Never(&'static [&'static str]),
}

/// Packages, the features they are looked at with, and the rule. A name stands for all that begin with it.
const EDGES: &[(&str, &[&str], Below)] = &[
    ("gdkrecord", &["--no-default-features"], Below::Only(&["libc"])),
    ("gdkrecord", &[], Below::Never(&["gtk", "gdk4", "libadwaita", "rusqlite", "tokio", "perfkit", "serde_derive"])),
    ("gdkrecord-module", &[], Below::Only(&["gdkrecord", "libc"])),
    ("gdkrecord-loader", &[], Below::Only(&["libc"])),
    ("perfkit-counters", &[], Below::Only(&["bitflags", "cfg-if", "libc", "memoffset", "nix"])),
    ("perfkit-agent", &[], Below::Never(&["gtk", "gdk4", "gsk4", "libadwaita", "perfkit-app"])),
    ("perfkit-app", &[], Below::Never(&["perfkit-tests"])),
    ("perfkit-tests", &[], Below::Never(&["gtk", "gdk4", "perfkit-app", "perfkit-agent"])),
    ("xtask", &[], Below::Never(&["gtk", "gdk4", "perfkit-app", "perfkit-agent"])),
];

fn git_files(pattern: &str) -> Vec<String> {
    let list = stdout_of(Command::new("git").args(["ls-files", "--", pattern]).current_dir(bins::root())).unwrap();
    list.lines().filter(|file| bins::root().join(file).exists()).map(str::to_owned).collect()
}

fn sources() -> Vec<(String, String)> {
    let read = |file: String| (file.clone(), fs::read_to_string(bins::root().join(file)).unwrap());
    git_files("*.rs").into_iter().map(read).collect()
}

fn broken(rule: &str, cases: Vec<String>) {
    assert!(cases.is_empty(), "{rule}:\n  {}", cases.join("\n  "));
}

#[test]
fn dependencies_point_left() {
    let mut wrong = Vec::new();
    for (package, features, rule) in EDGES {
        let mut tree = Command::new(env!("CARGO"));
        tree.args(["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
        let crates = stdout_of(tree.args(*features).current_dir(bins::root())).unwrap();
        let names: BTreeSet<&str> = crates.lines().filter_map(|line| line.split(' ').next()).collect();
        for name in names.into_iter().filter(|name| !name.is_empty() && name != package) {
            let fine = match rule {
                Below::Only(allowed) => allowed.contains(&name),
                Below::Never(banned) => !banned.iter().any(|banned| name.starts_with(banned)),
            };
            if !fine {
                wrong.push(format!("{package} ({}) depends on {name}", features.join(" ")));
            }
        }
    }
    broken("a dependency that the architecture does not allow", wrong);
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = sources().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(file, _)| file).collect();
    broken("files that do not open with //!", silent);
}

#[test]
fn no_file_grows_without_a_reason() {
    let listed = |file: &str| LONG.iter().any(|(long, _)| *long == file);
    let long = sources().into_iter().filter(|(file, text)| text.lines().count() > 600 && !listed(file));
    broken("files over 600 lines that tidy.rs does not list with a reason", long.map(|(file, _)| file).collect());
}

#[test]
fn unchecked_code_stays_in_its_fence() {
    // In two parts, so that this file does not find itself.
    let word = concat!("un", "safe");
    let outside = sources()
        .into_iter()
        .filter(|(file, _)| !FENCED.iter().any(|fenced| file.starts_with(fenced)))
        .filter(|(_, text)| {
            let code = text.lines().map(|line| line.split("//").next().unwrap_or(line));
            let mut rests = code.flat_map(|line| line.split(word).skip(1));
            rests.any(|rest| !rest.starts_with('_') && !rest.starts_with(|next: char| next.is_alphanumeric()))
        });
    broken("files outside the fence that switch the compiler's checks off", outside.map(|(file, _)| file).collect());
}

#[test]
fn the_top_level_stays_small() {
    let tops: BTreeSet<String> =
        git_files(".").iter().filter_map(|file| file.split('/').next()).map(str::to_owned).collect();
    broken("new at the top level", tops.into_iter().filter(|top| !TOP.contains(&top.as_str())).collect());
}

#[test]
fn what_is_injected_links_to_the_c_library_only() {
    let mut wrong = Vec::new();
    for name in [bins::MODULE, bins::LOADER] {
        let path = bins::path(name).unwrap();
        for library in needed(&path) {
            if !["libc.so.", "libgcc_s.so.", "ld-linux"].iter().any(|fine| library.starts_with(fine)) {
                wrong.push(format!("{name} needs {library}"));
            }
        }
    }
    broken("libraries that a recorded program must not be made to load", wrong);
}

/// The NEEDED entries of a shared library.
fn needed(path: &Path) -> Vec<String> {
    let text = stdout_of(Command::new("readelf").arg("-d").arg(path).env("LC_ALL", "C")).unwrap();
    let entries = text.lines().filter(|line| line.contains("(NEEDED)"));
    let names = entries.filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned()));
    // The loader needs nothing at all, so an empty list is right where there was something to look at.
    assert!(text.contains("Dynamic section"), "readelf shows no dynamic section of {}", path.display());
    names.collect()
}
