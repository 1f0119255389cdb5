//! Whether a tool is installed, and which version.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The file that a command's name means.
pub fn find(program: &str) -> Option<PathBuf> {
    find_in(program, &std::env::var_os("PATH").unwrap_or_default())
}

fn find_in(program: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        .map(|folder| folder.join(program))
        .find(|file| nix::unistd::access(file, nix::unistd::AccessFlags::X_OK).is_ok() && file.is_file())
}

/// What `FILE --version` says in its first line, from its first digit on; empty where it says nothing like it.
pub fn version(file: &PathBuf) -> String {
    let said = Command::new(file).arg("--version").stdin(Stdio::null()).env("LC_ALL", "C").output();
    // Some say it on their standard error.
    let text = said.map(|said| [said.stdout, said.stderr].concat()).unwrap_or_default();
    version_in(&String::from_utf8_lossy(&text))
}

fn version_in(text: &str) -> String {
    let word = text.lines().next().unwrap_or("").split_whitespace().find_map(|word| {
        let word = word.trim_start_matches(['v', '(']);
        let end = word.find(|c: char| !c.is_ascii_digit() && !".-+~".contains(c) && !c.is_ascii_alphabetic());
        let word = &word[..end.unwrap_or(word.len())];
        (word.starts_with(|first: char| first.is_ascii_digit())).then(|| word.to_owned())
    });
    word.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_found_where_the_shell_finds_them() {
        assert_eq!(find_in("sh", OsStr::new("/nonexistent:/bin")), Some(PathBuf::from("/bin/sh")));
        // A folder, and a file that is no program.
        assert_eq!((find_in("bin", OsStr::new("/usr")), find_in("passwd", OsStr::new("/etc"))), (None, None));
    }

    #[test]
    fn versions_are_cut_out_of_what_tools_say() {
        for (text, version) in [
            ("perf version 6.1.192\n", "6.1.192"),
            ("bpftrace v0.17.0\n", "0.17.0"),
            ("Systemtap translator/driver (version 4.8/0.188, Debian version 4.8-2)\nCopyright", "4.8"),
            ("operf: oprofile 1.4.0 compiled on Nov 24 2026 12:00:00\n", "1.4.0"),
            ("", ""),
        ] {
            assert_eq!(version_in(text), version);
        }
    }
}
