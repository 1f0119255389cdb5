//! A capture's file into the session. It is read twice, since what names its addresses stands at its end.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::sink::Sink;
use super::stream::{Frames, Piece};
use crate::error::{Error, Result};
use crate::source::Outlet;

/// Bytes that are read at once.
const BLOCK: usize = 256 * 1024;

/// Puts a capture into a session.
pub fn import(path: &Path, outlet: &mut Outlet) -> Result<()> {
    let mut sink = Sink::default();
    let mut endian = None;
    pieces(path, &mut |piece| {
        match piece {
            Piece::Header(header) => endian = Some(header.endian),
            Piece::Frame(head, body) => sink.names.learn(head.pid, &body),
        }
        true
    })?;
    if let Some(endian) = endian {
        sink.names.resolve(endian);
    }
    let lost = pieces(path, &mut |piece| {
        match piece {
            Piece::Header(header) => sink.header(&header, outlet),
            Piece::Frame(head, body) => sink.frame(&head, body, outlet),
        }
        !outlet.closed()
    })?;
    sink.finish(outlet);
    for (kind, count) in lost {
        outlet.dropped(kind, count);
    }
    Ok(())
}

/// Gives all pieces of a file, until `each` says no; what was lost.
fn pieces(path: &Path, each: &mut dyn FnMut(Piece) -> bool) -> Result<[(&'static str, u64); 3]> {
    let mut file = File::open(path).map_err(Error::file("open", path))?;
    let mut frames = Frames::default();
    let (mut block, mut goes_on, mut known) = (vec![0; BLOCK], true, false);
    while goes_on {
        let read = match file.read(&mut block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::file("read", path)(error)),
        };
        let fine = frames.feed(&block[..read], &mut |piece| {
            known = true;
            goes_on = goes_on && each(piece);
        });
        if !fine {
            return Err(Error::Invalid(format!("{} is no capture of Sysprof", path.display())));
        }
    }
    if !known {
        return Err(Error::Invalid(format!("{} is cut before the end of its head", path.display())));
    }
    Ok(frames.take_lost(true))
}
