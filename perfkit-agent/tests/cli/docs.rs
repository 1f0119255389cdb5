//! Man pages and completions.

use std::process::Command;

use super::{fails, prints};

#[test]
fn every_command_has_a_page_with_examples_and_the_program_has_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    assert_eq!(prints(here, &["man", "made/here"]), "");
    let read = |name: &str| std::fs::read_to_string(here.join("made/here").join(name)).unwrap();
    let program = read("perfkit-agent.1");
    let mut commands = 0;
    for page in std::fs::read_dir(here.join("made/here")).unwrap() {
        let name = page.unwrap().file_name().into_string().unwrap();
        let text = read(&name);
        assert!(text.contains("\n.SH NAME\n") && text.contains("\n.SH EXAMPLES\n"), "{name}: {text}");
        if let Some(command) = name.strip_prefix("perfkit-agent-") {
            commands += 1;
            let listed = format!("perfkit\\-agent\\-{}(1)", command.trim_end_matches(".1"));
            assert!(program.contains(&listed), "{listed}: {program}");
        }
    }
    assert!(commands >= 14, "{commands}");
    assert!(read("perfkit-agent-record.1").contains("XDG_CONFIG_HOME"));
    assert!(read("perfkit-agent-export.1").contains("\n.SH FORMATS\n.nf\njson"));
    std::fs::write(here.join("file"), "").unwrap();
    assert!(fails(here, &["man", "file/x"]).starts_with("cannot create file/x: "));
}

#[test]
fn bash_completes_commands_options_and_what_options_take() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bash"), prints(folder.path(), &["completions", "bash"])).unwrap();
    for (typed, expected) in [
        ("perfkit-agent sym", "symbolise"),
        ("perfkit-agent bookmark --rem", "--remove"),
        ("perfkit-agent report --format ht", "html"),
        ("perfkit-agent export --format pp", "pprof"),
        ("perfkit-agent import --format sysc", "syscap"),
    ] {
        let words: Vec<&str> = typed.split(' ').collect();
        let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
        let script = format!(
            "source ./bash; COMP_WORDS=({typed}); COMP_CWORD={}; \
             $(complete -p perfkit-agent | sed 's/.*-F \\([^ ]*\\).*/\\1/') perfkit-agent {last} {before}; \
             echo ${{COMPREPLY[@]}}",
            words.len() - 1
        );
        let said = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
        assert_eq!(String::from_utf8(said.stdout).unwrap().trim(), expected, "{typed}");
    }
    for shell in ["zsh", "fish"] {
        assert!(prints(folder.path(), &["completions", shell]).contains("bookmark"), "{shell}");
    }
}
