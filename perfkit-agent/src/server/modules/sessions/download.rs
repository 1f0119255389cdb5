//! A session as a file: a copy as of one moment, whole or in part.
//!
//! Sessions are opened by SQLite alone, as whoever closes a descriptor of one gives up the locks of all who read or write
//! it in this process. So a copy is made, which lies ready for as long as the session does not change, and has no name.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, Result};
use crate::scratch::Scratch;
use crate::server::pool::Resource;
use crate::server::readers::Reader;
use crate::server::{Body, Context, Outcome, Problem, Reply, Request, Sender};
use crate::session::{Session, beside, copy};

/// Bytes that are read and sent together.
const PIECE: u64 = 256 << 10;
/// Pieces that wait to be sent.
const AHEAD: usize = 2;

/// A copy of a session as of one moment.
#[derive(Debug)]
pub struct Snapshot {
    path: PathBuf,
    file: Arc<File>,
    length: u64,
    /// The same for the same bytes, also after the agent was started again.
    tag: String,
    stamp: Stamp,
    closed: bool,
}

/// What changes where a session does: device, number, size and time of its file and of its log.
type Stamp = [Option<(u64, u64, u64, i64, i64)>; 2];

fn stamp(path: &Path) -> Stamp {
    ["", "-wal"].map(|suffix| {
        let found = beside(path, suffix).metadata().ok()?;
        Some((found.dev(), found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
    })
}

impl Snapshot {
    /// Of the session at `path`.
    fn take(path: &Path) -> Result<Snapshot> {
        let session = Session::open(path)?;
        let stamp = stamp(path);
        let closed = stamp[1].is_none();
        let folder = Scratch::beside(path.parent().unwrap_or(Path::new("/")))?;
        let to = folder.path().join("session");
        copy(&session, &to, &mut |_, _| true)?;
        let failed = || Error::file("read", &to);
        let file = File::open(&to).map_err(failed())?;
        let length = file.metadata().map_err(failed())?.len();
        let mut hasher = crc32fast::Hasher::new();
        let (mut reader, mut piece) = (&file, vec![0; PIECE as usize]);
        loop {
            let read = reader.read(&mut piece).map_err(failed())?;
            if read == 0 {
                break;
            }
            hasher.update(&piece[..read]);
        }
        let (.., seconds, nanoseconds) = stamp[0].unwrap_or_default();
        let tag = format!("\"{length:x}-{:08x}-{seconds:x}.{nanoseconds:x}\"", hasher.finalize());
        Ok(Snapshot { path: path.to_owned(), file: Arc::new(file), length, tag, stamp, closed })
    }
}

impl Resource for Snapshot {
    const NAME: &'static str = "snapshots";
    type Key = PathBuf;

    fn make(path: &PathBuf) -> std::result::Result<Snapshot, Problem> {
        Ok(Snapshot::take(path)?)
    }

    fn is_healthy(&mut self) -> bool {
        stamp(&self.path) == self.stamp
    }

    fn may_rest(&self) -> bool {
        self.closed
    }
}

/// Answers with a copy of a session, or a part of one.
pub async fn answer(context: Context, request: &Request, name: &str, path: PathBuf) -> Outcome {
    // What was cut off is made whole by whoever reads it first, so that two copies are the same.
    drop(context.lease::<Reader>(&path).await?);
    let snapshot = context.lease::<Snapshot>(&path).await?;
    let (file, length, tag) = (Arc::clone(&snapshot.file), snapshot.length, snapshot.tag.clone());
    drop(snapshot);
    let headers = &request.parts.headers;
    let same = |name| {
        let values = headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        values.map(|values| values.split(',').any(|value| value.trim() == "*" || value.trim() == tag))
    };
    if same(header::IF_NONE_MATCH) == Some(true) {
        let mut reply = Reply::default();
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(tagged(reply, &tag));
    }
    let part = if same(header::IF_RANGE) == Some(false) { Part::Whole } else { part(headers, length) };
    let (status, range) = match part {
        Part::Whole => (StatusCode::OK, 0..length),
        Part::Some(range) => (StatusCode::PARTIAL_CONTENT, range),
        Part::Beyond => {
            let text = format!("the session has {length} bytes");
            let mut reply = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, text).into_reply();
            insert(&mut reply, header::CONTENT_RANGE, &format!("bytes */{length}"));
            return Ok(tagged(reply, &tag));
        }
    };
    let (sender, body) = Body::stream(AHEAD, Some(range.end - range.start));
    let mut reply = http::Response::new(body);
    *reply.status_mut() = status;
    insert(&mut reply, header::CONTENT_TYPE, "application/x-perfkit");
    let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    insert(&mut reply, header::CONTENT_DISPOSITION, &format!("attachment; filename*=UTF-8''{encoded}.perfkit"));
    if status == StatusCode::PARTIAL_CONTENT {
        insert(&mut reply, header::CONTENT_RANGE, &format!("bytes {}-{}/{length}", range.start, range.end - 1));
    }
    // The copy is sent, and nobody is kept from the session meanwhile.
    context.spawn(send(file, range, sender));
    Ok(tagged(reply, &tag))
}

/// Sends a part of a file. Where it cannot be read, the reply ends before its length: whoever reads it is told so by that.
async fn send(file: Arc<File>, range: Range<u64>, sender: Sender) {
    let mut at = range.start;
    while at < range.end {
        let (file, length) = (Arc::clone(&file), PIECE.min(range.end - at) as usize);
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; length];
            file.read_exact_at(&mut piece, at).map(|()| Bytes::from(piece))
        });
        let Ok(Ok(piece)) = read.await else { return };
        at += piece.len() as u64;
        if sender.send(piece).await.is_err() {
            return;
        }
    }
}

fn insert(reply: &mut Reply, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
}

fn tagged(mut reply: Reply, tag: &str) -> Reply {
    insert(&mut reply, header::ETAG, tag);
    insert(&mut reply, header::ACCEPT_RANGES, "bytes");
    insert(&mut reply, header::CACHE_CONTROL, "private, no-cache");
    reply
}

/// Which part is wanted.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Some(Range<u64>),
    Beyond,
}

/// The part that `Range` names, as RFC 9110 has it. What cannot be read, or is several parts, means all of it.
fn part(headers: &HeaderMap, length: u64) -> Part {
    let Some(wanted) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else { return Part::Whole };
    let Some((first, last)) = wanted.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Part::Whole;
    };
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(last)) if first.is_empty() => length.saturating_sub(last)..length,
        _ => return Part::Whole,
    };
    if range.start < range.end { Part::Some(range) } else { Part::Beyond }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_they_are_meant() {
        for (text, expected) in [
            ("bytes=0-0", Part::Some(0..1)),
            ("bytes=5-", Part::Some(5..10)),
            ("bytes=-3", Part::Some(7..10)),
            ("bytes=-30", Part::Some(0..10)),
            ("bytes=2-99", Part::Some(2..10)),
            ("bytes=10-", Part::Beyond),
            ("bytes=-0", Part::Beyond),
            ("bytes=4-2", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("bytes=99999999999999999999-", Part::Whole),
            ("lines=0-1", Part::Whole),
            ("bytes=-", Part::Whole),
        ] {
            let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(text))]);
            assert_eq!(part(&headers, 10), expected, "{text}");
        }
        assert_eq!(part(&HeaderMap::new(), 10), Part::Whole);
    }

    #[test]
    fn two_copies_are_the_same_and_leave_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.perfkit");
        let first = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/session/version-1.perfkit");
        std::fs::copy(first, &path).unwrap();
        drop(Session::open(&path).unwrap());
        let (mut one, other) = (Snapshot::take(&path).unwrap(), Snapshot::take(&path).unwrap());
        assert_eq!((&one.tag, one.length), (&other.tag, path.metadata().unwrap().len()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(one.is_healthy() && one.may_rest());
        crate::session::Bookmarks::open(&path).unwrap().add(1, 1, "x").unwrap();
        assert!(!one.is_healthy());
        assert_ne!(Snapshot::take(&path).unwrap().tag, one.tag);
    }
}
