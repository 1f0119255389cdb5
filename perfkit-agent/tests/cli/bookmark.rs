//! `bookmark`, and where bookmarks are seen.

use std::path::Path;

use perfkit_agent::session::{Store, Track, schemas};
use perfkit_agent::source::Outlet;

use super::{agent, fails, prints};

/// A session of one row, ten seconds after the machine has begun.
fn session(folder: &Path) {
    let mut store = Store::create(&folder.join("a.perfkit")).unwrap();
    let (sender, receiver) = std::sync::mpsc::sync_channel(100);
    let mut outlet = Outlet::new(0, "test", sender, std::sync::Arc::default());
    let marks = outlet.series(&schemas::MARKS);
    let track = outlet.track(&Track::thread(1, 1));
    outlet.span(marks, 10_000_000_000, Some(5), track, &[]);
    outlet.end(Ok(()));
    receiver.try_iter().for_each(|message| store.handle(message).unwrap());
    store.close().unwrap();
}

#[test]
fn bookmarks_and_the_note_are_seen_wherever_a_session_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    session(here);
    let bookmark = |words: &[&str]| prints(here, &[&["bookmark", "a.perfkit"], words].concat());
    assert_eq!(bookmark(&["--list"]), "");
    assert_eq!(bookmark(&["--at", "1.5", "here it hung"]), "1  1.500 s  here it hung\n");
    assert_eq!(bookmark(&["--from", "500ms", "--to", "2", "the first"]), "2  0.500 s to 2.000 s  the first\n");
    assert_eq!(bookmark(&["with the patch"]), "note: with the patch\n");
    assert_eq!(bookmark(&["without it"]), "note: without it (it was: with the patch)\n");
    assert_eq!(bookmark(&["--change", "2", "the second"]), "2  0.500 s to 2.000 s  the second\n");
    assert_eq!(bookmark(&["--change", "2", "--at", "3", "the third"]), "2  3.000 s  the third\n");
    assert_eq!(bookmark(&["--list"]), "note: without it\n1  1.500 s  here it hung\n2  3.000 s  the third\n");

    let sql = "SELECT id, seconds(time), duration, text FROM bookmarks";
    let rows = prints(here, &["query", "a.perfkit", sql, "--format", "csv"]);
    assert_eq!(rows.lines().nth(1), Some("1,1.5,0,here it hung"));
    let info = prints(here, &["info", "a.perfkit"]);
    assert!(info.contains("\n  1         1.5    0       here it hung\n"), "{info}");
    assert!(info.lines().any(|line| line.split_whitespace().eq(["note", "without", "it"])), "{info}");
    let report = prints(here, &["report", "a.perfkit"]);
    assert!(report.contains("\nNote: without it\n"), "{report}");
    assert!(report.contains("\nBookmarks\n     1.500 s  here it hung\n     3.000 s  the third\n"), "{report}");
    let report = prints(here, &["report", "a.perfkit", "--from", "2", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let third =
        serde_json::json!([{ "id": 2, "begin": 13_000_000_000i64, "end": 13_000_000_000i64, "text": "the third" }]);
    assert_eq!((&report["bookmarks"], &report["note"]), (&third, &"without it".into()));
    let page = prints(here, &["report", "a.perfkit", "--format", "html"]);
    assert!(page.contains("<th scope=\"row\">1.500 s</th><td class=\"name\">here it hung</td>"), "{page}");

    assert_eq!(bookmark(&["--remove", "1"]), "removed 1  1.500 s  here it hung\n");
    assert_eq!(bookmark(&[""]), "no note (it was: without it)\n");
    assert_eq!(bookmark(&["--list"]), "2  3.000 s  the third\n");
    assert_eq!(std::fs::read_dir(here).unwrap().count(), 1);
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    session(here);
    let before = std::fs::read(here.join("a.perfkit")).unwrap();
    let refused = |words: &[&str]| fails(here, &[&["bookmark", "a.perfkit"], words].concat());
    assert_eq!(refused(&["--remove", "1"]), "a.perfkit has no bookmark 1\n");
    assert_eq!(refused(&["--change", "7", "x"]), "a.perfkit has no bookmark 7\n");
    assert_eq!(refused(&["--from", "2", "--to", "1", "x"]), "a bookmark cannot end before it begins\n");
    for words in [&[][..], &["--at", "1"], &["--from", "1", "x"], &["--list", "x"], &["--remove", "1", "x"]] {
        assert!(refused(words).contains("Usage: perfkit-agent bookmark"), "{words:?}");
    }
    assert_eq!(agent(here, &["bookmark", "b.perfkit", "x"]).status, 125);
    assert_eq!(std::fs::read(here.join("a.perfkit")).unwrap(), before);
}
