//! What a recording that goes on can be told by another program, through a socket that belongs to its session file.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use crate::error::{Error, Result};

/// What a recording can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// Throw away what comes, until it is resumed.
    Pause,
    /// Go on after a pause.
    Resume,
    /// End this session, and record the program again into another.
    Restart,
    /// End the target and the session.
    Stop,
    /// Say how it goes.
    Status,
}

/// Where orders for a recording are heard.
#[derive(Debug)]
pub struct Orders {
    listener: UnixListener,
    path: PathBuf,
}

impl Orders {
    /// For the session at `path`, which exists.
    pub fn listen(session: &Path) -> Result<Orders> {
        let path = socket(session)?;
        // One that a killed recording left.
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).map_err(Error::file("listen on", &path))?;
        listener.set_nonblocking(true).map_err(Error::file("listen on", &path))?;
        Ok(Orders { listener, path })
    }

    /// An order, if there is one, and where to answer.
    pub fn next(&self) -> Option<(Order, UnixStream)> {
        let (stream, _) = self.listener.accept().ok()?;
        stream.set_nonblocking(false).ok()?;
        // Whoever connects and says nothing must not hold the recording up for long.
        stream.set_read_timeout(Some(Duration::from_millis(500))).ok()?;
        let mut line = String::new();
        BufReader::new((&stream).take(64)).read_line(&mut line).ok()?;
        match Order::from_str(line.trim(), false) {
            Ok(order) => Some((order, stream)),
            Err(_) => {
                let _ = writeln!(&stream, "no such order");
                None
            }
        }
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The socket of a session: in the user's own runtime folder, by the file's device and inode.
pub fn socket(session: &Path) -> Result<PathBuf> {
    let data = std::fs::metadata(session).map_err(Error::file("open", session))?;
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let own = || std::env::temp_dir().join(format!("perfkit-{}", nix::unistd::getuid()));
    let folder = runtime.map_or_else(own, |folder| folder.join("perfkit"));
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.map_err(Error::file("create", &folder))?;
    // In a folder that all may write to, another user could have made it.
    let owner = std::fs::symlink_metadata(&folder).map_err(Error::file("look at", &folder))?;
    if owner.uid() != nix::unistd::getuid().as_raw() || !owner.is_dir() {
        return Err(Error::Invalid(format!("{} belongs to another user", folder.display())));
    }
    Ok(folder.join(format!("{:x}-{:x}", data.dev(), data.ino())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_heard_and_answered() {
        let session = tempfile::NamedTempFile::new().unwrap();
        let orders = Orders::listen(session.path()).unwrap();
        assert!(orders.next().is_none());
        let client = UnixStream::connect(&orders.path).unwrap();
        writeln!(&client, "pause").unwrap();
        let (order, stream) = orders.next().unwrap();
        assert_eq!(order, Order::Pause);
        writeln!(&stream, "paused").unwrap();
        let mut answer = String::new();
        BufReader::new(&client).read_line(&mut answer).unwrap();
        assert_eq!(answer, "paused\n");
        let noise = UnixStream::connect(&orders.path).unwrap();
        writeln!(&noise, "dance").unwrap();
        assert!(orders.next().is_none());
        let path = orders.path.clone();
        drop(orders);
        assert!(!path.exists());
    }
}
