//! What the target writes to its standard output and error, as lines of the log; it is passed on to ours too.
//!
//! A line's time is that of its arrival. A program that writes into a pipe gathers its standard output before it
//! does, so that lines of stdout may come late and together; `stdbuf -oL` is the remedy for many.

pub mod glib;

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::Ordering;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{Collector, Level, Lines, Outlet, Readiness, Source, Spec, Stop};
use crate::channel::{Launch, Target};
use crate::error::{Error, Result};
use crate::session::clock::now;
use crate::session::{Cell, Track, schemas};

/// Bytes read at once: a pipe holds as many.
const BLOCK: usize = 64 * 1024;
/// Bytes passed on at once: a pipe that is writable takes as many without making us wait.
const PASSED: usize = 4096;

/// The source.
#[derive(Debug)]
pub struct Output;

impl Source for Output {
    fn name(&self) -> &'static str {
        "output"
    }

    fn about(&self) -> &'static str {
        "the target's standard output and error as lines of the log, with GLib's levels and domains"
    }

    fn usage(&self) -> &'static str {
        "output   of a program that is started, not of one that runs already"
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready { version: String::new(), path: None }
    }

    fn attaches(&self) -> bool {
        false
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        match spec.argument {
            Some(_) => Err(Error::Invalid(format!("{spec}: `output` takes no argument"))),
            None => Ok(Box::new(Following)),
        }
    }
}

#[derive(Debug)]
struct Following;

impl Collector for Following {
    fn prepare(&mut self, launch: &mut Launch) -> Result<()> {
        launch.lines = true;
        Ok(())
    }

    fn attach(&mut self, target: &Target) -> Result<()> {
        match target.attached {
            true => Err(Error::Invalid(format!(
                "output: process {} ran already, and where it writes to cannot be changed; `journal` or `strace:write` \
                 shows what it says",
                target.pid
            ))),
            false => Ok(()),
        }
    }

    fn run(self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        let pipes = target.lines.lock().ok().and_then(|mut lines| lines.take());
        let Some((stdout, stderr)) = pipes else {
            return Err(Error::Invalid("output: the target's pipes are with another source".to_owned()));
        };
        let ours = |fd: io::Result<OwnedFd>| fd.map_err(Error::file("pass on to", Path::new("our own output")));
        let mut streams = [
            Stream::new("stdout", stdout, ours(io::stdout().as_fd().try_clone_to_owned())?),
            Stream::new("stderr", stderr, ours(io::stderr().as_fd().try_clone_to_owned())?),
        ];
        follow(&mut streams, target, outlet, stop);
        // They stay open as long as the target is watched: a target that goes on must not die of writing.
        let [stdout, stderr] = streams.map(|stream| OwnedFd::from(stream.pipe));
        if let Ok(mut lines) = target.lines.lock() {
            *lines = Some((stdout, stderr));
        }
        Ok(())
    }
}

/// One of the streams that are followed.
pub struct Stream {
    name: &'static str,
    pipe: File,
    /// Where its bytes go on to; none once that has refused some.
    onward: Option<File>,
    lines: Lines,
    open: bool,
}

impl Stream {
    /// `name` is what its lines have for their source; its bytes go on to `onward` as they come.
    pub fn new(name: &'static str, pipe: OwnedFd, onward: OwnedFd) -> Stream {
        Stream { name, pipe: pipe.into(), onward: Some(onward.into()), lines: Lines::default(), open: true }
    }
}

/// Follows streams until all have ended, or the target has, or `stop` says so; what waits in them then is taken.
pub fn follow(streams: &mut [Stream], target: &Target, outlet: &mut Outlet, stop: &Stop) {
    let mut last = false;
    while !last && streams.iter().any(|stream| stream.open) {
        // A child that outlives the target may hold the pipes open for long, and write all the while.
        last = stop.said() || target.ended();
        let mut fds: Vec<_> = streams.iter().filter(|stream| stream.open).map(|s| readable(&s.pipe)).collect();
        if !last {
            fds.push(readable(stop));
            let _ = poll(&mut fds, 100u16);
        }
        drop(fds);
        for stream in streams.iter_mut() {
            // What the target wrote last is no more than its pipe holds.
            let mut wanted = if last { BLOCK } else { 1 };
            while wanted > 0 && stream.open {
                match take(stream, target, outlet, stop) {
                    0 => break,
                    got => wanted = wanted.saturating_sub(got),
                }
            }
        }
        outlet.tick();
    }
    for stream in streams {
        let (name, lines) = (stream.name, &mut stream.lines);
        lines.finish(&mut |line| put(name, target.pid, line, outlet));
        outlet.dropped("lines cut", lines.take_cut());
    }
}

fn readable(from: &impl AsFd) -> PollFd<'_> {
    PollFd::new(from.as_fd(), PollFlags::POLLIN)
}

/// Reads once, and passes that on; how many bytes there were.
fn take(stream: &mut Stream, target: &Target, outlet: &mut Outlet, stop: &Stop) -> usize {
    let mut fds = [readable(&stream.pipe)];
    if poll(&mut fds, 0u16).unwrap_or(0) == 0 {
        return 0;
    }
    let mut block = [0; BLOCK];
    let got = match (&stream.pipe).read(&mut block) {
        Ok(got) => got,
        Err(error) if error.kind() == ErrorKind::Interrupted => return 0,
        Err(_) => 0,
    };
    if got == 0 {
        stream.open = false;
        return 0;
    }
    let passed = stream.onward.as_mut().map(|to| pass_on(to, &block[..got], target, stop));
    if let Some(Err(error)) = passed {
        // As where the output is read by `head`: the recording goes on.
        outlet.note(&format!("{}: is no longer passed on: {error}", stream.name));
        stream.onward = None;
    }
    let name = stream.name;
    stream.lines.feed(&block[..got], &mut |line| put(name, target.pid, line, outlet));
    got
}

/// Writes it as fast as it is read, as the target itself would have to.
///
/// Whoever ends the target does not wait for a reader who takes his time; of one that ended by itself all is passed on.
fn pass_on(to: &mut File, bytes: &[u8], target: &Target, stop: &Stop) -> io::Result<()> {
    for part in bytes.chunks(PASSED) {
        loop {
            let said = stop.said();
            let mut fds = vec![PollFd::new(to.as_fd(), PollFlags::POLLOUT)];
            if !said {
                fds.push(readable(stop));
            }
            let cut = said && target.cut.load(Ordering::Relaxed);
            // Nothing tells of the moment when it is cut; it seldom matters.
            let _ = poll(&mut fds, if cut { PollTimeout::ZERO } else { PollTimeout::from(100u16) });
            if fds[0].revents().is_none_or(|events| !events.is_empty()) {
                break;
            }
            if cut {
                return Err(io::Error::new(ErrorKind::TimedOut, "nobody has read it"));
            }
        }
        to.write_all(part)?;
    }
    Ok(())
}

/// Puts a line into the log. Empty ones only keep others apart.
fn put(from: &str, pid: i32, line: &str, outlet: &mut Outlet) {
    if line.trim().is_empty() {
        return;
    }
    let said = glib::read(line);
    let pid = said.pid.unwrap_or(pid);
    let track = outlet.track(&Track { pid, tid: 0, label: String::new() });
    let logs = outlet.series(&schemas::LOGS);
    let level = Cell::text(said.level.map(Level::name));
    outlet.point(logs, now(), track, &[Cell::Text(from), level, Cell::text(said.domain), Cell::Text(said.message)]);
}
