//! Which programs may be started for others: a list of the owner's, one a line.

use std::fmt::Display;
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};

use crate::server::module::Identity;
use crate::server::problem::Problem;

/// The list's name in the folder of access.
pub const FILE: &str = "programs";

/// The list. It is read whenever somebody wants to start something, which is seldom, so that it is always as it is now.
#[derive(Clone, Debug)]
pub struct Programs {
    file: PathBuf,
    /// Whom it does not bind: the owner and root, by the kernel's word, who can start everything anyway.
    owner: String,
}

impl Programs {
    /// That in a folder.
    pub fn new(folder: &Path) -> Programs {
        Programs { file: folder.join(FILE), owner: super::owner() }
    }

    /// Says why a program may not be started, by its absolute path.
    pub fn check(&self, identity: &Identity, program: &Path) -> Result<(), Problem> {
        let is_plain = program.is_absolute()
            && program.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
            && !program.as_os_str().as_encoded_bytes().ends_with(b"/")
            && !program.as_os_str().as_encoded_bytes().windows(2).any(|two| two == b"//" || two == b"/.");
        let allowed = |pattern: &str| {
            pattern.starts_with('/') && program.to_str().is_some_and(|program| is_plain && matches(pattern, program))
        };
        self.allow(identity, &program.display(), allowed)
    }

    /// Says why an application may not be started, by the name of its desktop entry.
    pub fn check_desktop(&self, identity: &Identity, id: &str) -> Result<(), Problem> {
        let allowed = |pattern: &str| pattern.ends_with(".desktop") && !pattern.contains('/') && matches(pattern, id);
        self.allow(identity, &id, allowed)
    }

    fn allow(&self, identity: &Identity, what: &dyn Display, allowed: impl Fn(&str) -> bool) -> Result<(), Problem> {
        if identity.name == self.owner || identity.name == "uid:0" {
            return Ok(());
        }
        let text = match std::fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                let text = format!("the agent cannot read its list of programs ({error}), so that none is started");
                return Err(Problem::forbidden(text));
            }
        };
        if patterns(&text).any(allowed) {
            return Ok(());
        }
        Err(Problem::forbidden(format!("the agent does not start {what}: its list of programs has no line for it")))
    }
}

/// The lines that are neither empty nor remarks.
fn patterns(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// `*` and `?` stand for whatever is no `/`, and a pattern that is none for itself.
fn matches(pattern: &str, what: &str) -> bool {
    let options =
        MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
    match Pattern::new(pattern) {
        Ok(read) => read.matches_with(what, options),
        Err(_) => pattern == what,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(text: &str) -> (tempfile::TempDir, Programs) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        let programs = Programs::new(folder.path());
        (folder, programs)
    }

    fn token() -> Identity {
        Identity { name: "token:x".into(), scopes: vec![crate::server::Scope::Control] }
    }

    #[test]
    fn what_stands_in_the_list_is_started_and_nothing_else() {
        let (_folder, programs) = list("# mine\n/usr/bin/calc\n  /opt/app/*  \norg.gnome.*.desktop\n/bin/[x\n\n*\n");
        for (program, expected) in [
            ("/usr/bin/calc", true),
            ("/opt/app/run", true),
            ("/bin/[x", true),
            ("/opt/app/deeper/run", false),
            ("/opt/app/../../bin/sh", false),
            ("/opt/app/.", false),
            ("/opt/app//run", false),
            ("/usr/bin/calculator", false),
            ("usr/bin/calc", false),
            ("calc", false),
            ("/bin/sh", false),
            ("", false),
        ] {
            assert_eq!(programs.check(&token(), Path::new(program)).is_ok(), expected, "{program}");
        }
        for (id, expected) in [
            ("org.gnome.Calculator.desktop", true),
            ("org.kde.kcalc.desktop", false),
            ("/opt/app/run", false),
            ("", false),
        ] {
            assert_eq!(programs.check_desktop(&token(), id).is_ok(), expected, "{id}");
        }
    }

    #[test]
    fn without_a_list_only_the_owner_starts_programs() {
        let folder = tempfile::tempdir().unwrap();
        let programs = Programs::new(folder.path());
        let problem = programs.check(&token(), Path::new("/bin/true")).unwrap_err();
        assert!(problem.detail.contains("/bin/true"), "{problem:?}");
        let owner = Identity { name: super::super::owner().into(), scopes: Vec::new() };
        assert!(programs.check(&owner, Path::new("/bin/true")).is_ok());
    }

    proptest! {
        #[test]
        fn no_pattern_below_a_folder_lets_anything_above_it_through(path in "[a./]{0,12}") {
            let (_folder, programs) = list("/a/*\n");
            let path = format!("/{path}");
            if programs.check(&token(), Path::new(&path)).is_ok() {
                let name = path.strip_prefix("/a/").unwrap_or_default();
                prop_assert!(!name.is_empty() && !name.contains('/') && !name.starts_with('.'), "{}", path);
            }
        }

        #[test]
        fn any_list_is_read(text in "\\PC{0,80}") {
            let (_folder, programs) = list(&text);
            let _ = programs.check(&token(), Path::new("/usr/bin/x"));
        }
    }
}
