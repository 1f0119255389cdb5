//! A target whose recorder has died goes on as if nothing had happened: somebody must empty the pipe into which it
//! tells of its buffers, and take the buffers away, which are files of shared memory that nobody else knows.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// Where shared memory lies.
const SHARED: &str = "/dev/shm";
/// How the name of a buffer begins in a message: `/uftrace-785c2c1b7e7ade53-20484-000`.
const BEGIN: &[u8] = b"/uftrace-";
/// Digits of a session's number in it.
const DIGITS: usize = 16;

/// What is known of the buffers.
#[derive(Debug, Default)]
pub struct Orphan {
    sessions: BTreeSet<String>,
    /// The end of what was read last, which may be the begin of a name.
    rest: Vec<u8>,
}

impl Orphan {
    /// One of whose sessions the recorder has written down some in `task.txt`.
    pub fn new(list: &str) -> Orphan {
        let sessions = list.lines().filter_map(|line| line.split_once(" sid=")?.1.get(..DIGITS));
        Orphan { sessions: sessions.map(str::to_owned).collect(), rest: Vec::new() }
    }

    /// Empties the pipe, and takes the buffers away that are known by then. The target keeps what it has mapped.
    pub fn tend(&mut self, pipe: &mut File) {
        let mut block = [0; 4096];
        while let Ok(got @ 1..) = pipe.read(&mut block) {
            self.hear(&block[..got]);
        }
        self.sweep(Path::new(SHARED));
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        for at in memchr::memmem::find_iter(&self.rest, BEGIN) {
            let name = self.rest[at + BEGIN.len()..].get(..DIGITS).unwrap_or_default();
            if let Some(name) = std::str::from_utf8(name).ok().filter(|name| is_session(name)) {
                self.sessions.insert(name.to_owned());
            }
        }
        let keep = self.rest.len().saturating_sub(BEGIN.len() + DIGITS - 1);
        self.rest.drain(..keep);
    }

    fn sweep(&self, folder: &Path) {
        for file in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = file.file_name();
            let session = name.to_str().and_then(|name| name.strip_prefix("uftrace-")?.get(..DIGITS));
            if session.is_some_and(|session| self.sessions.contains(session)) {
                // Another's, or gone by now: no matter.
                let _ = fs::remove_file(file.path());
            }
        }
    }
}

fn is_session(name: &str) -> bool {
    name.len() == DIGITS && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_of_sessions_that_were_heard_of_are_taken_away_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let file = |session: &str| folder.path().join(format!("uftrace-{session}-7-000"));
        let sessions = ["785c2c1b7e7ade53", "a1c93119f6a41fbb", "bb53516aeef5c025", "0123456789abcdef"];
        sessions.iter().for_each(|session| fs::write(file(session), "").unwrap());
        fs::write(folder.path().join("uftrace-x"), "").unwrap();
        let mut orphan = Orphan::new("SESS timestamp=1.5 pid=7 sid=785c2c1b7e7ade53 exename=\"/x\"\nTASK tid=7\n");
        // A name that comes in two parts, one after another, and what is none.
        orphan.hear(b"\xce\xfa\0\x01/uftrace-a1c93119f6a41fbb-7-000..../uftr");
        orphan.hear(b"ace-bb53516aee");
        orphan.hear(b"f5c025-8-001/uftrace-/uftrace-what is this");
        orphan.sweep(folder.path());
        let left = sessions.map(|session| file(session).exists());
        assert_eq!(left, [false, false, false, true]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    }
}
