//! A session as an SQLite file: how one is made, recognised, and brought to today's schema.

use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::error::{Error, Result};

/// "pkit", in the head of every session.
pub const APPLICATION_ID: i32 = 0x706b_6974;

/// The scripts that lead from one version of the schema to the next; the first one makes version 1 of nothing.
/// One that was released is never changed.
pub const MIGRATIONS: &[&str] = &[
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
];

/// Today's version of the schema.
pub const VERSION: i64 = MIGRATIONS.len() as i64;

/// How long a lock is waited for, in milliseconds: a commit of the writer takes a fraction of that.
const PATIENCE: u64 = 5_000;

/// Makes a new session; a file that is there is never touched.
pub fn create(path: &Path) -> Result<Connection> {
    // SQLite would open a file that is there already.
    std::fs::File::create_new(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Error::Exists(path.to_owned()),
        _ => Error::file("create", path)(error),
    })?;
    let make = || {
        let mut db = Connection::open(path)?;
        prepare(&db)?;
        db.pragma_update(None, "application_id", APPLICATION_ID)?;
        migrate(&mut db, 0)?;
        // Readers see each commit while it is written, and what a commit holds is written once.
        db.pragma_update(None, "journal_mode", "wal")?;
        // A crash of the machine loses commits, and never the file.
        db.pragma_update(None, "synchronous", "normal")?;
        // 16 MB, so that the disk is waited for a few times a second at most.
        db.pragma_update(None, "wal_autocheckpoint", 4096)?;
        Ok(db)
    };
    make().map_err(Error::store(path))
}

/// The file beside a session whose name ends in `suffix`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens a file, and says which version its schema is of; refuses what is no session, or a newer one.
///
/// SQLite alone opens it, also to see what it is: whoever closes any descriptor of a file gives up all locks that the
/// process has on it, those of SQLite's other connections too.
pub fn open(path: &Path, flags: OpenFlags) -> Result<(Connection, i64)> {
    // SQLite's own words for what cannot be opened have no reason.
    let found = std::fs::metadata(path).map_err(Error::file("open", path))?;
    if !found.is_file() {
        return Err(Error::NotASession(path.to_owned()));
    }
    access(path, AccessFlags::R_OK).map_err(|error| Error::file("open", path)(error.into()))?;
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(Error::store(path))?;
    prepare(&db).map_err(Error::store(path))?;
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let read = || -> rusqlite::Result<_> { Ok((number("application_id")?, number("user_version")?)) };
    match read() {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(Error::NotASession(path.to_owned()))
        }
        Err(error) => Err(Error::store(path)(error)),
        Ok((id, version)) if id != i64::from(APPLICATION_ID) || version <= 0 => {
            Err(Error::NotASession(path.to_owned()))
        }
        Ok((_, version)) if version > VERSION => Err(Error::TooNew { path: path.to_owned(), version, known: VERSION }),
        Ok((_, version)) => Ok((db, version)),
    }
}

/// Whether the file at `path` is a session, of this version or an earlier one.
///
/// # Errors
/// Where it is not there, may not be read, or is of a later version.
pub fn is_session(path: &Path) -> Result<bool> {
    match open(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        Err(Error::NotASession(_)) => Ok(false),
        // One that is damaged, or cannot be read in its place.
        Ok(_) | Err(Error::Store { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Runs the scripts that a file of this version lacks, all of them or none.
pub fn migrate(db: &mut Connection, version: i64) -> rusqlite::Result<()> {
    if version == VERSION {
        return Ok(());
    }
    let transaction = Transaction::new(db, TransactionBehavior::Immediate)?;
    for script in MIGRATIONS.iter().skip(version as usize) {
        transaction.execute_batch(script)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

fn prepare(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(std::time::Duration::from_millis(PATIENCE))?;
    // A hostile file must not run what it brings.
    db.pragma_update(None, "trusted_schema", false)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(())
}
