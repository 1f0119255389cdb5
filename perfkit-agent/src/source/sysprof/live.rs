//! Live from the target: GTK 4 and other programs with Sysprof's collector ask at a socket for a ring, and programs
//! that write a whole capture find its file open.
//!
//! The gate connects the socket and opens the file, and puts their numbers into the variables that the programs look
//! for. A program asks with ten bytes for a ring, once for each of its threads; the answer is one byte with the
//! ring's descriptor.

use std::fs::File;
use std::io::{IoSlice, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

use super::ring::Ring;
use super::sink::Sink;
use super::stream::{Frames, Piece};
use crate::channel::{How, Launch, Opened, Target};
use crate::error::{Error, Result};
use crate::session::clock::now;
use crate::source::{Collector, Outlet, Readiness, Source, Spec, Stop};

/// What a program asks for a ring with.
const ASKED: &[u8] = b"CreatRing\0";
/// The variables in which programs look for the socket, and for the file of a capture.
const SOCKET: &str = "SYSPROF_CONTROL_FD";
const CAPTURE: &str = "SYSPROF_TRACE_FD";
/// Their names in the scratch folder.
const SOCKET_FILE: &str = "sysprof.socket";
const CAPTURE_FILE: &str = "target.syscap";
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// Programs that ask, and rings, at most: each ring takes 1 MB once it is written to.
const ASKERS_MAX: usize = 64;
const RINGS_MAX: usize = 256;
/// Bytes of a capture that are read at once.
const BLOCK: usize = 256 * 1024;

/// What programs tell Sysprof.
#[derive(Clone, Copy, Debug)]
pub struct Sysprof;

impl Source for Sysprof {
    fn name(&self) -> &'static str {
        "sysprof"
    }

    fn about(&self) -> &'static str {
        "marks, logs and counters that GTK 4 and other programs have for Sysprof"
    }

    fn usage(&self) -> &'static str {
        "sysprof: GTK 4's phases of each frame, and what else the program tells Sysprof of itself"
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready { version: String::new(), path: None }
    }

    fn attaches(&self) -> bool {
        false
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        match (&spec.argument, spec.rate) {
            (None, None) => Ok(Box::new(Listener { socket: None, started: now() })),
            _ => Err(Error::Invalid(format!("{spec}: sysprof takes neither an argument nor a rate"))),
        }
    }
}

/// Waits for programs that ask.
#[derive(Debug)]
struct Listener {
    socket: Option<UnixListener>,
    /// Before the target was.
    started: i64,
}

impl Collector for Listener {
    fn prepare(&mut self, launch: &mut Launch) -> Result<()> {
        let (socket, capture) = (launch.scratch.join(SOCKET_FILE), launch.scratch.join(CAPTURE_FILE));
        let listener = UnixListener::bind(&socket).map_err(Error::file("listen at", &socket))?;
        listener.set_nonblocking(true).map_err(Error::file("listen at", &socket))?;
        self.socket = Some(listener);
        for (variable, how, path) in [(SOCKET, How::Connect, socket), (CAPTURE, How::Write, capture)] {
            launch.opened.push(Opened { variable: variable.into(), how, path });
        }
        Ok(())
    }

    fn attach(&mut self, target: &Target) -> Result<()> {
        match target.attached {
            true => Err(Error::Invalid(
                "sysprof cannot ask a running program: start it under `perfkit-agent record`".to_owned(),
            )),
            false => Ok(()),
        }
    }

    fn run(self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        let sink = Sink::live(self.started);
        let mut work = Work { socket: self.socket, sink, ..Work::default() };
        let path = target.scratch.join(CAPTURE_FILE);
        let mut capture = None;
        loop {
            let stopped = stop.wait(LOOK);
            work.answer(outlet);
            work.read(outlet, stopped);
            // It is there once the target has passed the gate.
            capture = capture.or_else(|| Capture::open(&path, self.started));
            if let Some(capture) = &mut capture {
                capture.read(outlet, stopped);
            }
            outlet.tick();
            if stopped {
                break;
            }
        }
        work.sink.finish(outlet);
        if work.rings.is_empty() && capture.is_none_or(|capture| capture.at == 0) {
            outlet.note("sysprof: the target told nothing; GTK 4 does, where it was built with Sysprof");
        }
        Ok(())
    }
}

/// The rings, and who may ask for more.
#[derive(Default)]
struct Work {
    socket: Option<UnixListener>,
    /// Who is connected, with what it has asked so far.
    askers: Vec<(UnixStream, Vec<u8>)>,
    rings: Vec<Ring>,
    sink: Sink,
}

impl Work {
    /// Answers whoever asks.
    fn answer(&mut self, outlet: &mut Outlet) {
        while let Some((asker, _)) = self.socket.as_ref().and_then(|socket| socket.accept().ok()) {
            if self.askers.len() < ASKERS_MAX && asker.set_nonblocking(true).is_ok() {
                self.askers.push((asker, Vec::new()));
            }
        }
        let (rings, mut refused) = (&mut self.rings, None);
        self.askers.retain_mut(|(asker, asked)| {
            let mut block = [0; 256];
            match asker.read(&mut block) {
                Ok(0) => return false,
                Ok(more) => asked.extend_from_slice(&block[..more]),
                Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
            }
            while asked.starts_with(ASKED) {
                asked.drain(..ASKED.len());
                let made = match rings.len() < RINGS_MAX {
                    true => Ring::new().and_then(|ring| Ok((give(asker, &ring)?, ring).1)),
                    false => Err(std::io::Error::other("too many threads have asked")),
                };
                match made {
                    Ok(ring) => rings.push(ring),
                    Err(error) => {
                        // A program that waits for an answer must not wait for ever.
                        refused = Some(error);
                        return false;
                    }
                }
            }
            // What asks for something else is not answered, and hears that at once.
            ASKED.starts_with(asked)
        });
        if let Some(error) = refused {
            outlet.note(&format!("sysprof: a thread of the target got no ring: {error}"));
        }
    }

    fn read(&mut self, outlet: &mut Outlet, last: bool) {
        let sink = &mut self.sink;
        for ring in &mut self.rings {
            let read = ring.read(&mut |piece| put(piece, sink, outlet));
            if let Err(error) = read {
                outlet.note(&format!("sysprof: a ring cannot be read: {error}"));
            }
            for (kind, count) in ring.take_lost(last) {
                outlet.dropped(kind, count);
            }
        }
    }
}

/// Hands a ring to a program.
fn give(asker: &UnixStream, ring: &Ring) -> std::io::Result<()> {
    let descriptors = [ring.as_fd().as_raw_fd()];
    let control = [ControlMessage::ScmRights(&descriptors)];
    sendmsg::<()>(asker.as_raw_fd(), &[IoSlice::new(&[0])], &control, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

fn put(piece: Piece, sink: &mut Sink, outlet: &mut Outlet) {
    match piece {
        Piece::Header(header) => sink.header(&header, outlet),
        Piece::Frame(head, body) => {
            sink.names.learn(head.pid, &body);
            sink.frame(&head, body, outlet);
        }
    }
}

/// A capture that the target writes itself.
struct Capture {
    file: File,
    at: u64,
    frames: Frames,
    sink: Sink,
    broken: bool,
}

impl Capture {
    fn open(path: &Path, started: i64) -> Option<Capture> {
        let file = File::open(path).ok()?;
        Some(Capture { file, at: 0, frames: Frames::default(), sink: Sink::live(started), broken: false })
    }

    fn read(&mut self, outlet: &mut Outlet, last: bool) {
        let mut block = vec![0; BLOCK];
        while !self.broken {
            let Ok(read @ 1..) = self.file.read_at(&mut block, self.at) else { break };
            self.at += read as u64;
            let sink = &mut self.sink;
            self.broken = !self.frames.feed(&block[..read], &mut |piece| put(piece, sink, outlet));
            if self.broken {
                outlet.note("sysprof: what the target writes is no capture");
            }
        }
        if last {
            self.sink.finish(outlet);
        }
        for (kind, count) in self.frames.take_lost(last) {
            outlet.dropped(kind, count);
        }
    }
}
