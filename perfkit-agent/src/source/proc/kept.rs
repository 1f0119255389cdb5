//! Files of /proc that are kept open: read again from their begin, they cost no look-up, and those of a process that
//! has ended fail for good, even when its id is used again.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes at first: more than all files but those of large machines have.
const ROOM: usize = 16 * 1024;
/// Bytes that a file may have; /proc/stat of the largest machines has a few hundred thousand.
const MOST: usize = 4 << 20;

/// A file that is kept open.
#[derive(Debug)]
pub struct Kept(File);

/// Room for one file's text, used again and again.
#[derive(Debug)]
pub struct Room(Vec<u8>);

impl Default for Room {
    fn default() -> Room {
        Room(vec![0; ROOM])
    }
}

impl Kept {
    /// Opens it.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Kept> {
        File::open(path).map(Kept)
    }

    /// Its text as it is now; lossy where it is no UTF-8.
    pub fn text<'a>(&self, room: &'a mut Room) -> io::Result<std::borrow::Cow<'a, str>> {
        let room = &mut room.0;
        let mut length = 0;
        loop {
            match self.0.read_at(&mut room[length..], length as u64) {
                Ok(0) => break,
                Ok(got) => length += got,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            if length == room.len() {
                if length >= MOST {
                    break;
                }
                room.resize(length * 2, 0);
            }
        }
        Ok(String::from_utf8_lossy(&room[..length]))
    }

    /// The text of a file that is shorter than the room: one call into the kernel, where [`Kept::text`] needs two.
    pub fn line<'a>(&self, room: &'a mut Room) -> io::Result<std::borrow::Cow<'a, str>> {
        let got = self.0.read_at(&mut room.0, 0)?;
        Ok(String::from_utf8_lossy(&room.0[..got]))
    }
}
