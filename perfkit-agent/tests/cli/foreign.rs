//! Files that are no sessions: read all the same where they can be made one, and else the remedy.

use std::path::{Path, PathBuf};

use super::{agent, fails, prints};

/// A folder with a recording, and an empty one for temporary files.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(golden(), folder.path().join("a b.gdkrecord")).unwrap();
    folder
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../gdkrecord/tests/golden/v1.1.gdkrecord")
}

#[test]
fn what_another_tool_recorded_is_read_by_every_command_that_reads() {
    let folder = folder();
    let here = folder.path();
    let told = "perfkit-agent: made a session of it for this once; to keep one: perfkit-agent import 'a b.gdkrecord'\n";
    for (words, expected) in [
        (&["report"][..], "a b.gdkrecord\n"),
        (&["report", "--format", "html"], "</html>"),
        (&["info"], "a b.gdkrecord, "),
        (&["query", "SELECT count(*) AS n FROM input", "--format", "csv"], "n\n9\n"),
        (&["names", ""], ""),
        (&["export", "--format", "csv", "--series", "input", "-o", "-"], "time,duration,kind"),
        (&["export", "--format", "chrome"], ""),
    ] {
        let said = agent(here, &[&[words[0], "a b.gdkrecord"], &words[1..]].concat());
        assert_eq!((said.status, said.error.as_str()), (0, told), "{words:?}");
        assert!(said.out.contains(expected), "{words:?}: {}", said.out);
        assert!(!said.out.contains(std::env::temp_dir().join("perfkit-").to_str().unwrap()), "{words:?}: {}", said.out);
    }
    let mut left: Vec<_> = std::fs::read_dir(here).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["a b.gdkrecord", "a b.trace.json"]);
}

#[test]
fn what_would_be_changed_is_to_be_imported_first() {
    let folder = folder();
    for words in [&["bookmark", "a b.gdkrecord", "x"][..], &["symbolise", "a b.gdkrecord"]] {
        assert_eq!(
            fails(folder.path(), words),
            "a b.gdkrecord is no perfkit session but a recording of a GTK main loop; make one of it first: \
             perfkit-agent import 'a b.gdkrecord'\n"
        );
    }
    std::fs::write(folder.path().join("text"), "what is this?\n").unwrap();
    for command in ["report", "info", "symbolise"] {
        assert_eq!(
            fails(folder.path(), &[command, "text"]),
            "text is no perfkit session, and nothing of another tool that can be read: perfkit-agent import --help lists \
             what can\n"
        );
    }
    assert_eq!(fails(folder.path(), &["info", "none"]), "cannot open none: No such file or directory (os error 2)\n");
}

#[test]
fn files_that_share_no_moment_are_told_where_they_are_put_together() {
    let folder = folder();
    let here = folder.path();
    std::fs::write(here.join("log"), "7 1000000000.5 close(3) = 0\n7 1000000001.5 close(4) = 0\n").unwrap();
    let said = agent(here, &["import", "a b.gdkrecord", "log", "-o", "c.perfkit"]);
    assert_eq!(said.status, 0, "{}", said.error);
    // Which of them comes first hangs on how long this machine has been up.
    let told = |text: &str| {
        ["a b.gdkrecord begins ", "log begins "].iter().any(|begin| text.contains(begin))
            && text.contains("they were recorded at different times, or have no clock in common; ")
    };
    assert!(told(&said.error), "{}", said.error);
    assert!(told(&prints(here, &["query", "c.perfkit", "SELECT text FROM notes"])));
    let said = agent(here, &["import", "a b.gdkrecord", golden().to_str().unwrap(), "-o", "d.perfkit"]);
    assert!(!said.error.contains("no clock in common"), "{}", said.error);
}
