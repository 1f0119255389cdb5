//! What is said of words that are not known, and what may be left out.

use super::{agent, fails, prints};

#[test]
fn a_name_that_is_not_known_is_told_with_the_one_that_is_like_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../gdkrecord/tests/golden/v1.1.gdkrecord");
    assert_eq!(agent(here, &["import", golden, "-o", "a.perfkit"]).status, 0);
    for (words, expected) in [
        (&["record", "--with", "strce", "true"][..], "there is no source `strce` (did you mean `strace`?); there are "),
        (&["repotr", "a.perfkit"], "similar subcommand"),
        (&["export", "a.perfkit", "--format", "prpof"], "a similar value exists: 'pprof'"),
        (&["import", "a.perfkit", "--format", "gdkrec"], "a similar value exists: 'gdkrecord'"),
        (&["report", "a.perfkit", "--format", "jsno"], "a similar value exists: 'json'"),
        (&["control", "a.perfkit", "statsu"], "a similar value exists: 'status'"),
        (&["export", "a.perfkit", "--format", "csv", "--series", "frmaes"], "(did you mean `frames`?)"),
        (&["query", "a.perfkit", "SELECT * FROM sycalls"], "no such table: sycalls (did you mean `syscalls`?)\n"),
        (&["query", "a.perfkit", "SELECT m.mesage FROM marks m"], "m.mesage (did you mean `message`?)\n"),
    ] {
        let said = fails(here, words);
        assert!(said.contains(expected), "{words:?}: {said}");
    }
}

#[test]
fn columns_with_the_names_of_sqls_words_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../gdkrecord/tests/golden/v1.1.gdkrecord");
    assert_eq!(agent(here, &["import", golden, "-o", "a.perfkit"]).status, 0);
    for (sql, name) in [("SELECT group FROM events", "group"), ("SELECT time, INDEX FROM input", "index")] {
        let hint = format!("; `{name}` is a word of SQL, so the column is written \"{name}\", in double quotes\n");
        let said = fails(here, &["query", "a.perfkit", sql]);
        assert!(said.ends_with(&hint), "{sql}: {said}");
        let quoted = sql.replace(name, &format!("\"{name}\"")).replace("INDEX", "\"INDEX\"");
        prints(here, &["query", "a.perfkit", &quoted]);
    }
    let said = fails(here, &["query", "a.perfkit", "SELECT time FROM events WHERE"]);
    assert_eq!(said, "the query: incomplete input\n");
}

#[test]
fn a_program_to_record_needs_no_dashes_before_it_and_has_its_own_options() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (dashes, name) in [(&[][..], "a"), (&["--"], "b")] {
        let output = format!("{name}.perfkit");
        let program = ["sh", "-c", "echo $0 $*; exit 3", "--with", "-o", "--", "x"];
        let words = [&["record", "-q", "-o", &output, "--with", "proc"], dashes, &program].concat();
        let said = agent(here, &words);
        assert_eq!((said.status, said.out.as_str()), (3, "--with -o -- x\n"), "{dashes:?}: {}", said.error);
    }
    let said = fails(here, &["record", "--wiht", "proc", "true"]);
    assert!(said.contains("a similar argument exists: '--with'"), "{said}");
    let help = prints(here, &["record", "--help"]);
    let help: Vec<&str> = help.split_whitespace().collect();
    let duration = "End the recording after this time, as 10s or 5m, and with it the program";
    assert!(help.join(" ").contains(duration));
}

#[test]
fn a_part_that_ends_before_it_begins_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for words in [&["report", "a.perfkit"][..], &["export", "a.perfkit", "--format", "json"]] {
        let said = fails(folder.path(), &[words, &["--from", "2", "--to", "1500ms"]].concat());
        assert_eq!(said, "--from is later than --to\n");
    }
}

#[test]
fn a_template_that_is_not_there_is_told_with_the_one_that_is_like_it() {
    let folder = tempfile::tempdir().unwrap();
    let said = |words: &[&str]| {
        let mut agent = std::process::Command::new(env!("CARGO_BIN_EXE_perfkit-agent"));
        let agent = agent.args(words).env("XDG_CONFIG_HOME", folder.path()).current_dir(folder.path());
        String::from_utf8(agent.output().unwrap().stderr).unwrap()
    };
    said(&["record", "-q", "--with", "proc", "--save-template", "nightly", "true"]);
    for words in [&["record", "--template", "nihgtly", "true"][..], &["templates", "nihgtly"]] {
        let expected = "there is no template `nihgtly` (did you mean `nightly`?); `perfkit-agent templates` lists them";
        assert_eq!(said(words), format!("perfkit-agent: {expected}\n"));
    }
}
