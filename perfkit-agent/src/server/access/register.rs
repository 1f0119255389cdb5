//! Who may do what: the register, a file of the agent's owner, which the command line changes and the server reads.
//!
//! Tokens stand in it by their hashes alone. It is written anew beside itself and renamed, so that a server sees the old
//! one or the new one, and whoever writes holds a lock, so that two who write do not lose each other's changes.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use super::token::{Hash, Token};
use crate::error::{Error, Result};
use crate::server::module::Scope;

/// The register's name in the folder of access.
pub const FILE: &str = "access.json";

/// Bytes of a register; nobody has so many tokens.
const LARGEST: u64 = 4 << 20;

/// Who may do what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// One for each who was ever given something and not had it taken away.
    pub grants: Vec<Grant>,
}

/// What somebody may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Who: `token:NAME`, `certificate:NAME` or `uid:NUMBER`, as identities are named.
    pub who: String,
    /// What is allowed.
    pub scopes: Vec<Scope>,
    /// The token's hash; others have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Hash>,
    /// When it was given, in seconds since 1970.
    pub made: u64,
    /// When it ends, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

impl Grant {
    /// Whether it has ended.
    pub fn is_over(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|end| now >= SystemTime::UNIX_EPOCH + Duration::from_secs(end))
    }
}

impl Register {
    /// Reads it; where there is none, nobody may anything. One that others can read or write is not believed.
    pub fn load(folder: &Path) -> Result<Register> {
        let path = folder.join(FILE);
        let file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Register::default()),
            Err(error) => return Err(Error::file("read", &path)(error)),
        };
        let about = file.metadata().map_err(Error::file("read", &path))?;
        if about.mode() & 0o077 != 0 {
            let text = format!(
                "{} can be read or written by others; chmod 600 it, and look whether it says what you made it say",
                path.display()
            );
            return Err(Error::Invalid(text));
        }
        if about.len() > LARGEST {
            return Err(Error::Invalid(format!("{} is too large for a register", path.display())));
        }
        let text = std::io::read_to_string(file).map_err(Error::file("read", &path))?;
        Register::read(&text).map_err(|error| Error::Invalid(format!("{}: {error}", path.display())))
    }

    /// Reads its text.
    pub fn read(text: &str) -> std::result::Result<Register, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Changes it, alone. What `change` returns is returned when it is written.
    pub fn change<T>(folder: &Path, change: impl FnOnce(&mut Register) -> Result<T>) -> Result<T> {
        let mut make = fs::DirBuilder::new();
        make.recursive(true).mode(0o700).create(folder).map_err(Error::file("create", folder))?;
        let lock = fs::File::open(folder).map_err(Error::file("open", folder))?;
        let _lock = Flock::lock(lock, FlockArg::LockExclusive)
            .map_err(|(_, error)| Error::file("lock", folder)(error.into()))?;
        let mut register = Register::load(folder)?;
        let changed = change(&mut register)?;
        register.save(folder)?;
        Ok(changed)
    }

    fn save(&self, folder: &Path) -> Result<()> {
        let (path, fresh) = (folder.join(FILE), folder.join(format!("{FILE}.new")));
        let failed = || Error::file("write", &path);
        let _ = fs::remove_file(&fresh);
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&fresh).map_err(failed())?;
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed())?;
        // Where root writes for a service that has a user of its own, it is that user who reads.
        let owner = fs::metadata(folder).map_err(failed())?;
        if file.metadata().map_err(failed())?.uid() != owner.uid() {
            std::os::unix::fs::fchown(&file, Some(owner.uid()), Some(owner.gid())).map_err(failed())?;
        }
        fs::rename(&fresh, &path).map_err(failed())
    }

    /// What whoever shows a token may, if anything, at this moment. All are compared, so that it takes as long for one as
    /// for another.
    pub fn token(&self, token: &Token, now: SystemTime) -> Option<&Grant> {
        let hash = token.hash();
        let mut found = None;
        for grant in self.grants.iter().filter(|grant| grant.sha256.is_some()) {
            if grant.sha256 == Some(hash) {
                found = Some(grant);
            }
        }
        found.filter(|grant| !grant.is_over(now))
    }

    /// What somebody who shows no token may, if anything, at this moment.
    pub fn find(&self, who: &str, now: SystemTime) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.who == who && grant.sha256.is_none() && !grant.is_over(now))
    }
}

/// Where a register and the list of programs lie, where nobody says it: in the state of the service, as systemd tells it,
/// or in the user's configuration.
pub fn folder() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(state) = set("STATE_DIRECTORY") {
        return Ok(state);
    }
    let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    let config = config.ok_or_else(|| {
        Error::Invalid("who may do what needs a folder: set HOME or XDG_CONFIG_HOME, or give --access".to_owned())
    })?;
    Ok(config.join("perfkit/agent"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use proptest::prelude::*;

    use super::*;

    fn grant(who: &str) -> Grant {
        Grant { who: who.to_owned(), scopes: vec![Scope::Read], sha256: None, made: 1, expires: None }
    }

    #[test]
    fn what_is_changed_is_read_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("a/b");
        assert_eq!(Register::load(&folder).unwrap(), Register::default());
        Register::change(&folder, |register| {
            register.grants.push(grant("uid:5"));
            Ok(())
        })
        .unwrap();
        assert_eq!(Register::load(&folder).unwrap().grants, [grant("uid:5")]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(FILE))), (0o700, 0o600));
        fs::set_permissions(folder.join(FILE), PermissionsExt::from_mode(0o644)).unwrap();
        assert!(Register::load(&folder).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn those_who_write_at_once_do_not_lose_each_others_changes() {
        let folder = tempfile::tempdir().unwrap();
        let push = |number: u32| {
            let path = folder.path().to_owned();
            std::thread::spawn(move || {
                Register::change(&path, |register| {
                    register.grants.push(grant(&format!("uid:{number}")));
                    Ok(())
                })
            })
        };
        (0..20).map(push).collect::<Vec<_>>().into_iter().for_each(|one| one.join().unwrap().unwrap());
        assert_eq!(Register::load(folder.path()).unwrap().grants.len(), 20);
    }

    #[test]
    fn what_is_over_is_found_no_more() {
        let register = Register { grants: vec![Grant { expires: Some(100), ..grant("uid:5") }] };
        let at = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        assert!(register.find("uid:5", at(99)).is_some());
        assert!(register.find("uid:5", at(100)).is_none());
        assert!(register.find("uid:6", at(99)).is_none());
    }

    #[test]
    fn what_is_misspelled_is_no_register() {
        for text in [
            "",
            "[]",
            r#"{"grants":[{"who":"uid:1","scopes":["root"],"made":1}]}"#,
            r#"{"grants":[{"who":"uid:1","scopes":["read"],"made":1,"expire":5}]}"#,
            r#"{"grants":[{"who":"token:x","scopes":["read"],"made":1,"sha256":"12"}]}"#,
        ] {
            assert!(Register::read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = Register::read(&text);
        }
    }
}
