//! A statsd server on the loopback, over UDP and a Unix datagram socket: the target is told where by its environment.
//!
//! The lines are those of [`line_format`](super::line_format), so what is no statsd but one of its formats is taken
//! too. What the kernel had to drop because nobody read fast enough is counted as it counts it, in /proc/net/udp; on
//! the Unix socket the sender is told instead.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::stat::fstat;

use super::line_format::Feed;
use super::{Collector, Outlet, Readiness, Source, Spec, Stop};
use crate::channel::{Launch, Target};
use crate::error::{Error, Result};
use crate::session::clock::now;

/// statsd's own port.
const PORT: u16 = 8125;
/// The Unix socket's name in the scratch folder.
const SOCKET: &str = "statsd.sock";
/// Bytes that wait in the kernel: some 10,000 small datagrams.
const QUEUE: usize = 8 << 20;
/// Bytes of the longest datagram.
const DATAGRAM: usize = 65_536;
/// Datagrams read from one socket before the other has its turn.
const TURN: usize = 256;

/// The source.
#[derive(Debug)]
pub struct Statsd;

impl Source for Statsd {
    fn name(&self) -> &'static str {
        "statsd"
    }

    fn about(&self) -> &'static str {
        "counters, gauges, timers and sets that programs send by the statsd protocol"
    }

    fn usage(&self) -> &'static str {
        "statsd[:PORT]   8125 on the loopback, 0 for any; the target is told STATSD_HOST, STATSD_PORT, STATSD_SOCKET"
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready { version: String::new(), path: None }
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        let port = spec.argument.as_deref().map_or(Ok(PORT), str::parse);
        let port = port.map_err(|_| Error::Invalid(format!("{spec}: a port is a number up to 65535")))?;
        Ok(Box::new(Server { port, sockets: None }))
    }
}

#[derive(Debug)]
struct Server {
    port: u16,
    sockets: Option<(UdpSocket, UnixDatagram)>,
}

impl Collector for Server {
    fn prepare(&mut self, launch: &mut Launch) -> Result<()> {
        let port = self.listen(&launch.scratch)?;
        launch.set("STATSD_HOST", "127.0.0.1");
        launch.set("STATSD_PORT", port.to_string());
        launch.set("STATSD_SOCKET", launch.scratch.join(SOCKET));
        launch.set("DD_DOGSTATSD_URL", format!("udp://127.0.0.1:{port}"));
        Ok(())
    }

    fn attach(&mut self, target: &Target) -> Result<()> {
        if self.sockets.is_none() {
            self.listen(&target.scratch)?;
        }
        Ok(())
    }

    fn run(mut self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        self.attach(target)?;
        let Some((udp, unix)) = self.sockets.take() else { return Ok(()) };
        let address = udp.local_addr().map(|address| address.to_string()).unwrap_or_default();
        outlet.fact("statsd.udp", &address);
        outlet.fact("statsd.socket", &target.scratch.join(SOCKET).display().to_string());
        let mut reading = Reading { feed: Feed::new(target.pid), drops: Drops::of(&udp), datagram: vec![0; DATAGRAM] };
        let mut last_turn = false;
        while !last_turn {
            // Once it is to end, what waits already is still taken.
            last_turn = stop.said() || target.ended();
            let mut fds = [udp.as_fd(), unix.as_fd(), stop.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            if !last_turn {
                let _ = poll(&mut fds, 100u16);
            }
            while reading.turn(outlet, &mut |buffer| udp.recv(buffer)) && last_turn {}
            while reading.turn(outlet, &mut |buffer| unix.recv(buffer)) && last_turn {}
            reading.feed.tick(outlet);
            outlet.tick();
        }
        reading.feed.lose("datagrams dropped by the kernel", reading.drops.more());
        reading.feed.finish(outlet);
        Ok(())
    }
}

impl Server {
    /// Opens both sockets, and gives the port.
    fn listen(&mut self, scratch: &Path) -> Result<u16> {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, self.port)).map_err(|error| {
            let way =
                if error.kind() == ErrorKind::AddrInUse { "; `statsd:0` takes any port that is free" } else { "" };
            Error::Invalid(format!("statsd: cannot listen on UDP port {}: {error}{way}", self.port))
        })?;
        let path = scratch.join(SOCKET);
        let unix = UnixDatagram::bind(&path).map_err(Error::file("create", &path))?;
        udp.set_nonblocking(true).and_then(|()| unix.set_nonblocking(true)).map_err(Error::file("use", &path))?;
        // More than the system's limit is for the administrator; what it allows is still better than the default.
        if setsockopt(&udp, sockopt::RcvBufForce, &QUEUE).is_err() {
            let _ = setsockopt(&udp, sockopt::RcvBuf, &QUEUE);
        }
        let port = udp.local_addr().map_err(Error::file("use", &path))?.port();
        self.sockets = Some((udp, unix));
        Ok(port)
    }
}

/// What is kept between datagrams.
struct Reading {
    feed: Feed,
    drops: Drops,
    datagram: Vec<u8>,
}

impl Reading {
    /// Reads some datagrams; true where more may wait.
    fn turn(&mut self, outlet: &mut Outlet, receive: &mut dyn FnMut(&mut [u8]) -> std::io::Result<usize>) -> bool {
        for _ in 0..TURN {
            let Ok(length) = receive(&mut self.datagram) else { return false };
            let arrival = now();
            let text = String::from_utf8_lossy(&self.datagram[..length]);
            text.lines().for_each(|line| self.feed.line(outlet, arrival, line));
        }
        if self.drops.due() {
            self.feed.lose("datagrams dropped by the kernel", self.drops.more());
        }
        true
    }
}

/// The kernel's count of what it dropped of a socket.
struct Drops {
    inode: u64,
    known: u64,
    looked: i64,
}

impl Drops {
    fn of(socket: &UdpSocket) -> Drops {
        Drops { inode: fstat(socket.as_fd()).map_or(0, |data| data.st_ino), known: 0, looked: now() }
    }

    /// Whether a second has passed since it was looked at.
    fn due(&self) -> bool {
        now() - self.looked > 1_000_000_000
    }

    /// How many more than when this was asked last.
    fn more(&mut self) -> u64 {
        self.looked = now();
        let table = std::fs::read_to_string("/proc/self/net/udp").unwrap_or_default();
        let count = drops(&table, self.inode).unwrap_or(self.known);
        let new = count.saturating_sub(self.known);
        self.known = count;
        new
    }
}

/// The last column of a socket's line of /proc/net/udp, which is found by its inode, the tenth.
fn drops(table: &str, inode: u64) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        (words.get(9)?.parse() == Ok(inode)).then(|| words.last()?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_count_is_found_by_the_socket() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode \
                     ref pointer drops             \n\
                     \x20 395: 0100007F:1FBD 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 \
                     24421 2 0000000000000000 17         \n";
        assert_eq!(drops(table, 24421), Some(17));
        assert_eq!(drops(table, 1), None);
        assert_eq!(drops("nonsense\n1 2\n", 2), None);
    }

    #[test]
    fn what_a_full_queue_refuses_is_counted_to_the_last() {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        setsockopt(&socket, sockopt::RcvBuf, &4096).unwrap();
        let mut counted = Drops::of(&socket);
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        (0..500).for_each(|_| assert_eq!(sender.send_to(b"a:1|c", socket.local_addr().unwrap()).unwrap(), 5));
        let dropped = counted.more();
        socket.set_nonblocking(true).unwrap();
        let received = std::iter::from_fn(|| socket.recv(&mut [0; 16]).ok()).count() as u64;
        assert!(dropped > 0);
        assert_eq!((dropped + received, counted.more()), (500, 0));
    }

    #[test]
    fn a_port_is_a_port() {
        let open = |spec: &str| Statsd.open(&spec.parse().unwrap()).map(drop).map_err(|error| error.to_string());
        assert_eq!(open("statsd:0"), Ok(()));
        assert_eq!(open("statsd:x"), Err("statsd:x: a port is a number up to 65535".to_owned()));
    }
}
