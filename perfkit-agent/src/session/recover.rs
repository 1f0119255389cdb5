//! Makes a session whole that was not closed, or comes from an earlier version: its rows are sealed, its pyramid is
//! built, and one complete file is left.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, params};

use super::chunk;
use super::clock::now;
use super::column::Encoder;
use super::file;
use super::pending::join;
use super::pyramid::{Builder, write_nodes};
use super::reader::{Series, Session};
use super::series::Shape;
use crate::error::{Error, Result};

/// Chunks after which finished nodes are written, so that they do not pile up in memory.
const CHUNKS: usize = 64;

/// What is said of a session that cannot be written where it is.
pub const UNWRITABLE: &str = "cannot be written; copy it to where it can";

/// How a session was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Closed, or made so.
    Whole,
    /// Somebody writes it, or reads it while it is not whole.
    InUse,
    /// It is not whole, and cannot be written here.
    ReadOnly,
}

/// Makes the session at `path` whole where it is not.
pub fn recover(path: &Path) -> Result<Found> {
    if is_whole(path)? {
        return Ok(Found::Whole);
    }
    let done = file::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|(db, version)| {
        match db.is_readonly(rusqlite::MAIN_DB).map_err(Error::store(path))? {
            true => Ok(Found::ReadOnly),
            false => make_whole(db, path, version).map(|()| Found::Whole),
        }
    });
    done.or_else(|error| match &error {
        Error::Store { error: cause, .. } => match cause.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Ok(Found::InUse),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Ok(Found::ReadOnly),
            _ => Err(error),
        },
        // A copy elsewhere may find room.
        Error::Full(_) => Ok(Found::ReadOnly),
        _ => Err(error),
    })
}

/// Opens the session at `path` to add to it, made whole first.
pub fn edit(path: &Path) -> Result<Connection> {
    let refused = |why| Err(Error::Invalid(format!("{} {why}", path.display())));
    match recover(path)? {
        Found::Whole => {
            let (db, _) = file::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            // SQLite opens what it cannot write to read it, and says so with the first change only.
            match db.is_readonly(rusqlite::MAIN_DB).map_err(Error::store(path))? {
                true => refused(UNWRITABLE),
                false => Ok(db),
            }
        }
        Found::InUse => refused("is still being recorded, or made whole; try again when that has ended"),
        Found::ReadOnly => refused(UNWRITABLE),
    }
}

/// Whether nothing needs to be done: the file says so itself, and no transaction lies beside it.
fn is_whole(path: &Path) -> Result<bool> {
    if ["-wal", "-journal"].iter().any(|suffix| file::beside(path, suffix).exists()) {
        return Ok(false);
    }
    let (db, version) = match file::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        // One in write-ahead mode is read with files beside it, which cannot be made here.
        Err(Error::Store { error, .. }) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => {
            return Ok(false);
        }
        opened => opened?,
    };
    let read = || {
        let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        Ok(version == file::VERSION && mode != "wal" && is_closed(&db)?)
    };
    read().map_err(Error::store(path))
}

fn is_closed(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT count(*) FROM meta WHERE key = 'closed'", [], |row| row.get(0))
}

fn make_whole(mut db: Connection, path: &Path, version: i64) -> Result<()> {
    let failed = || Error::store(path);
    // Only who has the file alone may change the way in which it is written: a writer, or a reader, refuses this.
    db.busy_timeout(std::time::Duration::ZERO).map_err(failed())?;
    db.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(())).map_err(failed())?;
    file::migrate(&mut db, version).map_err(failed())?;
    if is_closed(&db).map_err(failed())? {
        return Ok(());
    }
    let session = Session::over(path, db)?;
    let db = session.db();
    // One transaction: killed in here, it is done again.
    db.execute_batch("BEGIN EXCLUSIVE").map_err(failed())?;
    for series in session.series() {
        seal(&session, series)?;
        cover(&session, series)?;
    }
    db.execute("INSERT OR REPLACE INTO meta VALUES('closed', ?1), ('recovered', ?1)", params![now()])
        .and_then(|_| db.execute_batch("COMMIT"))
        .map_err(failed())
}

/// Puts the chunks of a series that are not sealed together.
fn seal(session: &Session, series: &Series) -> Result<()> {
    let failed = || Error::store(session.path());
    let mut parts: Vec<i64> =
        session.chunks(series.id)?.iter().filter(|info| !info.sealed).map(|info| info.id).collect();
    parts.sort_unstable();
    let mut rows = Vec::new();
    for &id in &parts {
        // A damaged one stays as it is, and whoever comes to it is told.
        if let Ok(read) = session.chunk(&series.schema, id)?.and_then(|chunk| chunk.to_rows(&series.schema)) {
            rows.push(read);
            session.db().execute("DELETE FROM chunk WHERE id = ?1", params![id]).map_err(failed())?;
        }
    }
    let rows = join(&series.schema, &rows);
    if rows.is_empty() {
        return Ok(());
    }
    let mut writer = chunk::Writer::new().map_err(Error::file("write", session.path()))?;
    let mut data = Vec::new();
    let summary = writer.write(series.schema.shape, &rows, &mut data);
    let next = "SELECT coalesce(max(id), 0) + 1 FROM chunk";
    let id = session.db().query_row(next, [], |row| row.get::<_, i64>(0)).map_err(failed())?;
    chunk::insert(session.db(), id, series.id, true, &summary, &data).map_err(failed())
}

/// Builds the pyramid of a series anew.
fn cover(session: &Session, series: &Series) -> Result<()> {
    let (db, schema) = (session.db(), &series.schema);
    let failed = || Error::store(session.path());
    let old = "DELETE FROM pyramid WHERE track IN (SELECT id FROM track WHERE series = ?1)";
    db.execute(old, params![series.id]).map_err(failed())?;
    let mut encoder = Encoder::new().map_err(Error::file("write", session.path()))?;
    let mut builder = Builder::default();
    let mut ids: Vec<i64> = session.chunks(series.id)?.iter().filter(|info| info.sealed).map(|info| info.id).collect();
    ids.sort_unstable();
    for (at, &id) in ids.iter().enumerate() {
        let read = session.chunk(schema, id)?.and_then(|chunk| {
            let tracks = chunk.tracks()?.into_iter().map(|track| track as u32).collect::<Vec<_>>();
            Ok((tracks, chunk.times()?, chunk.measures(schema)?))
        });
        if let Ok((tracks, times, measures)) = read {
            builder.chunk(id, &tracks, &times, &measures, schema.shape == Shape::Span);
        }
        if at % CHUNKS == CHUNKS - 1 {
            write_nodes(db, &mut encoder, &builder.done()).map_err(failed())?;
        }
    }
    write_nodes(db, &mut encoder, &builder.flush()).map_err(failed())?;
    let last = ids.last().copied().unwrap_or(0);
    db.execute("UPDATE series SET covered = ?2 WHERE id = ?1", params![series.id, last]).map(drop).map_err(failed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::query::Query;

    /// A copy of the session that the first version of the schema was written with.
    fn first_version() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.perfkit");
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/session/version-1.perfkit");
        std::fs::copy(fixture, &path).unwrap();
        (folder, path)
    }

    #[test]
    fn an_earlier_version_is_upgraded_and_gets_what_it_lacks() {
        let (folder, path) = first_version();
        // The layout of SQLite's own head: https://www.sqlite.org/fileformat.html#the_database_header
        let head = || std::fs::read(&path).unwrap()[..100].to_vec();
        assert_eq!(head()[60..64], [0, 0, 0, 1]);
        let session = Session::open(&path).unwrap();
        assert_eq!((&head()[60..64], head()[18]), (&(file::VERSION as u32).to_be_bytes()[..], 1));
        let syscalls = session.named("syscalls").unwrap();
        let tracks = session.tracks(syscalls.id).unwrap();
        let mut found = 0;
        for (track, _) in tracks {
            let window = session.window(syscalls, track, 1_000_000_000, 1_010_000_000, 100).unwrap();
            assert_eq!(window.bins.iter().map(|bin| bin.count).sum::<u64>(), 5000);
            found += window.bins.iter().filter(|bin| bin.max == 100_000_000.0).count();
        }
        assert_eq!(found, 1);
        let query = Query::open(&path).unwrap();
        let count = |sql| query.db().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM syscalls"), 10_000);
        assert_eq!(count("SELECT count(*) FROM pyramid WHERE level = 0"), 5);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_later_version_is_refused_with_the_remedy() {
        let (_folder, path) = first_version();
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let before = std::fs::read(&path).unwrap();
        let expected = format!(
            "{} is a session of version 99, and this perfkit reads up to version {}: update perfkit",
            path.display(),
            file::VERSION
        );
        assert_eq!(Session::open(&path).unwrap_err().to_string(), expected);
        assert_eq!(Query::open(&path).unwrap_err().to_string(), expected);
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn who_comes_while_it_is_upgraded_waits_for_nothing_and_breaks_nothing() {
        let (_folder, path) = first_version();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN; SELECT count(*) FROM chunk").unwrap();
        let error = Session::open(&path).unwrap_err().to_string();
        assert!(error.ends_with("is in use, and of an earlier version; try again when nobody uses it"), "{error}");
        other.execute_batch("COMMIT").unwrap();
        Session::open(&path).unwrap();
    }

    #[test]
    fn a_session_that_is_cut_or_overwritten_is_no_panic() {
        let (_folder, path) = first_version();
        let whole = std::fs::read(&path).unwrap();
        for cut in [0, 50, 99, 100, 101, 4096, 5000, 40_000, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let _ =
                Query::open(&path).map(|query| query.db().query_row("SELECT count(*) FROM syscalls", [], |_| Ok(())));
        }
        for at in (4096..whole.len()).step_by(4096) {
            let mut bytes = whole.clone();
            bytes[at..at + 64].fill(0xa5);
            std::fs::write(&path, &bytes).unwrap();
            let _ =
                Query::open(&path).map(|query| query.db().query_row("SELECT count(*) FROM syscalls", [], |_| Ok(())));
        }
    }
}
