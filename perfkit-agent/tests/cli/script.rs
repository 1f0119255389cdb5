//! `perfkit-agent script`.

use std::fs;
use std::path::Path;

use perfkit_agent::session::Store;

use crate::{agent, fails, prints};

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    Store::create(&folder.path().join("a.perfkit")).unwrap().close().unwrap();
    folder
}

fn written(folder: &Path, text: &str) {
    fs::write(folder.join("a.js"), text).unwrap();
}

#[test]
fn what_a_script_gives_out_are_lines() {
    let folder = folder();
    written(folder.path(), "emit({ frames: session.frames.count() }); print('done'); [1]");
    let lines = prints(folder.path(), &["script", "a.perfkit", "a.js"]);
    assert_eq!(lines, "{\"frames\":0}\n\"done\"\n[1]\n");
    let said = agent(folder.path(), &["script", "--spent", "a.perfkit", "a.js"]);
    assert!(said.status == 0 && said.error.contains(" of processor time, 1 questions that read 0 B"), "{}", said.error);
}

#[test]
fn what_is_wrong_with_a_script_is_a_line_with_its_place() {
    let folder = folder();
    let call = ["script", "a.perfkit", "a.js", "--cpu", "0.2"];
    for (text, expected) in [
        ("1 +", "a.js: line 1: SyntaxError"),
        ("\n\nnothing.at.all", "a.js: line 3: ReferenceError: nothing is not defined"),
        ("for (;;);", "a.js: it used up its 0.2 s of processor time"),
    ] {
        written(folder.path(), text);
        let said = fails(folder.path(), &call);
        assert!(said.starts_with(expected) && said.lines().count() == 1, "{said}");
    }
    let said = fails(folder.path(), &["script", "a.perfkit", "b.js"]);
    assert!(said.starts_with("cannot read b.js"), "{said}");
}

#[test]
fn the_examples_work_on_a_session_that_has_nothing_of_what_they_ask() {
    let folder = folder();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/scripts");
    let mut seen = 0;
    for example in fs::read_dir(examples).unwrap() {
        let example = example.unwrap().path();
        prints(folder.path(), &["script", "a.perfkit", example.to_str().unwrap()]);
        seen += 1;
    }
    assert_eq!(seen, 3);
}
