//! Where a server listens: how that is typed, and the sockets made of it.

use std::fmt;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tokio::net::{TcpListener, UnixListener};

use crate::error::{Error, Result};

/// Where to listen, or to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An address and port; port 0 lets the system choose.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Address, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            if path.is_empty() {
                return Err("unix: needs a path after it".to_owned());
            }
            return Ok(Address::Unix(path.into()));
        }
        let spelled = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        let spelled = spelled.as_deref().unwrap_or(text);
        spelled.parse().map(Address::Tcp).map_err(|_| {
            format!("`{text}` is no place to listen at; give IP:PORT, such as 127.0.0.1:7788, or unix:PATH")
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(out),
            Address::Unix(path) => write!(out, "unix:{}", path.display()),
        }
    }
}

impl Address {
    /// Whether only this machine reaches it.
    pub fn is_local(&self) -> bool {
        match self {
            Address::Tcp(address) => address.ip().is_loopback(),
            Address::Unix(_) => true,
        }
    }
}

/// A socket that listens, and takes its file away when dropped.
#[derive(Debug)]
pub enum Socket {
    /// Of an address.
    Tcp(TcpListener),
    /// In the file system.
    Unix(UnixListener, File),
}

/// The file of a socket.
#[derive(Debug)]
pub struct File(PathBuf);

impl File {
    /// Lets every user of this machine connect; who is let in is looked at then.
    pub fn open_to_all(&self) -> Result<()> {
        std::fs::set_permissions(&self.0, PermissionsExt::from_mode(0o666))
            .map_err(Error::file("open to others", &self.0))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Socket {
    /// Listens. A socket whose server is gone is replaced; one that somebody serves, or another file, is not. Needs a
    /// runtime.
    pub async fn bind(address: &Address) -> Result<Socket> {
        let failed = |error| Error::File { what: "listen at", path: address.to_string().into(), error };
        match address {
            Address::Tcp(to) => TcpListener::bind(to).await.map(Socket::Tcp).map_err(failed),
            Address::Unix(path) => {
                remove_stale(path).await.map_err(failed)?;
                let socket = UnixListener::bind(path).map_err(failed)?;
                let file = File(path.clone());
                // Who may connect is looked at by the user's number; others need not even reach it.
                std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).map_err(failed)?;
                Ok(Socket::Unix(socket, file))
            }
        }
    }

    /// Where it listens indeed: with the port that the system chose.
    pub fn address(&self) -> Option<Address> {
        match self {
            Socket::Tcp(socket) => socket.local_addr().ok().map(Address::Tcp),
            Socket::Unix(_, file) => Some(Address::Unix(file.0.clone())),
        }
    }
}

async fn remove_stale(path: &Path) -> std::io::Result<()> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    match tokio::net::UnixStream::connect(path).await {
        Err(error) if is_socket && error.kind() == std::io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_written() {
        for text in ["127.0.0.1:7788", "[::1]:80", "unix:/run/x.sock", "0.0.0.0:1"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("localhost:5".parse::<Address>().unwrap().to_string(), "127.0.0.1:5");
        for (text, local) in [("127.0.0.9:1", true), ("[::1]:1", true), ("unix:a", true), ("0.0.0.0:1", false)] {
            assert_eq!(text.parse::<Address>().unwrap().is_local(), local, "{text}");
        }
        for text in ["", "x", "unix:", "127.0.0.1", "example.org:80"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_socket_that_nobody_serves_is_replaced_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = Address::Unix(folder.path().join("socket"));
        let first = Socket::bind(&at).await.unwrap();
        assert!(Socket::bind(&at).await.is_err(), "somebody serves it");
        drop(first);
        drop(std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap());
        drop(Socket::bind(&at).await.unwrap());
        assert!(!folder.path().join("socket").exists());
        std::fs::write(folder.path().join("socket"), "mine").unwrap();
        assert!(Socket::bind(&at).await.is_err());
        assert_eq!(std::fs::read(folder.path().join("socket")).unwrap(), b"mine");
    }
}
