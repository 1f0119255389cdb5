//! A connection to a message bus: found by its address, introduced, and asked what a monitor needs to know.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::Duration;

use nix::unistd::Uid;

use super::wire::{Arguments, Kind, Stream, call, read};
use crate::error::{Error, Result};

/// How long the bus may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes read at once.
const BLOCK: usize = 64 * 1024;

/// A connection.
#[derive(Debug)]
pub struct Bus {
    socket: UnixStream,
    stream: Stream,
    serial: u32,
    address: String,
    /// The unique name that the bus gave it.
    pub name: String,
}

/// What the bus answers.
#[derive(Clone, Debug, Default)]
struct Answer {
    error: Option<String>,
    text: Option<String>,
}

impl Bus {
    /// Connects, and says hello.
    pub fn connect(address: &str) -> Result<Bus> {
        let failed = |error: std::io::Error| Error::Invalid(format!("dbus: cannot connect to {address}: {error}"));
        let socket = open(address)?;
        socket
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| socket.set_write_timeout(Some(PATIENCE)))
            .map_err(failed)?;
        authenticate(&socket).map_err(failed)?;
        let (stream, address) = (Stream::default(), address.to_owned());
        let mut bus = Bus { socket, stream, serial: 0, address, name: String::new() };
        bus.name = bus.ask("org.freedesktop.DBus", "Hello", &Arguments::None)?.text.unwrap_or_default();
        Ok(bus)
    }

    /// From now on it is sent everything that goes over the bus, and may send nothing.
    pub fn become_monitor(&mut self) -> Result<()> {
        let answer = self.ask("org.freedesktop.DBus.Monitoring", "BecomeMonitor", &Arguments::Everything)?;
        if let Some(error) = answer.error {
            let text = answer.text.unwrap_or_default();
            let remedy = if error.ends_with("AccessDenied") { "; a system bus shows itself to root only" } else { "" };
            return Err(Error::Invalid(format!("dbus: the bus refuses to be monitored: {error}: {text}{remedy}")));
        }
        Ok(())
    }

    /// Asks for the process of a connection, by its unique name or one that it owns. The answer comes among the
    /// messages, to the serial that is given.
    pub fn ask_process_of(&mut self, name: &str) -> Result<u32> {
        self.send("org.freedesktop.DBus", "GetConnectionUnixProcessID", &Arguments::Text(name))
    }

    /// Gives the messages that have come, or waits for one; false where no more will.
    pub fn messages(&mut self, each: &mut dyn FnMut(&[u8])) -> Result<bool> {
        let mut block = [0; BLOCK];
        match self.socket.read(&mut block) {
            Ok(0) => Ok(false),
            Ok(got) => match self.stream.feed(&block[..got], each) {
                Ok(()) => Ok(true),
                Err(_) => Err(self.lost("what it sends is no message of D-Bus")),
            },
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(true),
            Err(error) => Err(self.lost(&error.to_string())),
        }
    }

    /// Calls a method of the bus, and waits for its answer.
    fn ask(&mut self, interface: &str, member: &str, arguments: &Arguments<'_>) -> Result<Answer> {
        let serial = self.send(interface, member, arguments)?;
        let mut answer = None;
        while answer.is_none() {
            let mut block = [0; BLOCK];
            let got = match self.socket.read(&mut block) {
                Ok(0) => return Err(self.lost("it has closed the connection")),
                Ok(got) => got,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.lost(&format!("no answer to {member}: {error}"))),
            };
            let fed = self.stream.feed(&block[..got], &mut |message| {
                let Some(head) = read(message).filter(|head| head.reply_to == Some(serial)) else { return };
                let error = head.error.filter(|_| head.kind == Kind::Error).map(str::to_owned);
                let text = head.body.texts().next().map(str::to_owned);
                answer = Some(Answer { error, text });
            });
            fed.map_err(|_| self.lost("what it sends is no message of D-Bus"))?;
        }
        Ok(answer.unwrap_or_default())
    }

    fn send(&mut self, interface: &str, member: &str, arguments: &Arguments<'_>) -> Result<u32> {
        self.serial += 1;
        let sent = self.socket.write_all(&call(self.serial, interface, member, arguments));
        sent.map(|()| self.serial).map_err(|error| self.lost(&error.to_string()))
    }

    fn lost(&self, why: &str) -> Error {
        Error::Invalid(format!("dbus: {}: {why}", self.address))
    }
}

impl AsFd for Bus {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Opens the first of an address's places that can be opened.
fn open(address: &str) -> Result<UnixStream> {
    let mut last = "it names no Unix socket".to_owned();
    for place in address.split(';').filter_map(place) {
        let opened = match &place {
            Place::Path(path) => UnixStream::connect(path),
            Place::Abstract(name) => {
                SocketAddr::from_abstract_name(name).and_then(|name| UnixStream::connect_addr(&name))
            }
        };
        match opened {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error.to_string(),
        }
    }
    Err(Error::Invalid(format!("dbus: cannot connect to `{address}`: {last}")))
}

/// Where a bus listens.
#[derive(Debug, PartialEq)]
enum Place {
    Path(String),
    Abstract(String),
}

/// `unix:path=/run/user/1000/bus,guid=…`, where bytes may be written as `%2f`.
fn place(text: &str) -> Option<Place> {
    let pairs = text.trim().strip_prefix("unix:")?.split(',').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find_map(|(key, value)| match key {
        "path" => Some(Place::Path(unescaped(value)?)),
        "abstract" => Some(Place::Abstract(unescaped(value)?)),
        "runtime" => Some(Place::Path(format!("{}/bus", std::env::var("XDG_RUNTIME_DIR").ok()?))),
        _ => None,
    })
}

fn unescaped(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).ok()
}

/// Tells the bus who we are, which the kernel confirms to it.
fn authenticate(mut socket: &UnixStream) -> std::io::Result<()> {
    let refused = |line: &str| std::io::Error::new(ErrorKind::PermissionDenied, format!("the bus answers `{line}`"));
    let uid: String = Uid::effective().to_string().bytes().map(|digit| format!("{digit:02x}")).collect();
    socket.write_all(format!("\0AUTH EXTERNAL {uid}\r\n").as_bytes())?;
    let line = read_line(socket)?;
    if !line.starts_with("OK ") {
        return Err(refused(&line));
    }
    // Messages with file descriptors are sent only to those who take them. Ours are closed by the kernel: nobody
    // asks it for them.
    socket.write_all(b"NEGOTIATE_UNIX_FD\r\n")?;
    read_line(socket)?;
    socket.write_all(b"BEGIN\r\n")
}

/// A line of the introduction, byte by byte: what follows it is for another reader.
fn read_line(mut socket: &UnixStream) -> std::io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") && line.len() < 1000 {
        let mut byte = [0];
        socket.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&line).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let path = |path: &str| Some(Place::Path(path.to_owned()));
        assert_eq!(place("unix:path=/run/bus,guid=12"), path("/run/bus"));
        assert_eq!(place("unix:guid=12,path=/a%20b"), path("/a b"));
        assert_eq!(place("unix:abstract=/tmp/dbus-x"), Some(Place::Abstract("/tmp/dbus-x".to_owned())));
        for bad in ["", "tcp:host=x", "unix:guid=1", "unix:path=/a%2", "unix:path=%zz", "unix:path=%ff"] {
            assert_eq!(place(bad), None, "{bad}");
        }
        assert!(Bus::connect("unix:path=/nonexistent/bus").unwrap_err().to_string().contains("No such file"));
        assert!(Bus::connect("tcp:host=x").unwrap_err().to_string().contains("names no Unix socket"));
    }
}
