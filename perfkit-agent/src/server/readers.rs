//! Readers of sessions, as a pool lends them: they answer questions, and cannot do anything else, whatever is asked.

use std::fs::File;
use std::hash::BuildHasher;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::StatusCode;
use nix::unistd::{SysconfVar, sysconf};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rustc_hash::FxBuildHasher;

use super::pool::{Pool, Resource};
use super::problem::Problem;
use super::script::data::{Job, Lend};
use crate::error::Result;
use crate::session::Query;

/// Steps of SQLite's machine between two looks at whether to go on. A look takes a microsecond, these some tens; and few
/// hundred of them make as many texts of the greatest length.
const STEPS: i32 = 500;
/// The longest text or blob that a question may make, in bytes: one step may go through all of it.
const LONGEST: i32 = 4 << 20;
/// The longest pattern of LIKE and GLOB, in bytes: their cost is its length times that of the text.
const PATTERN: i32 = 1_000;
/// Bytes that this process may have in memory while questions are answered. SQLite sorts in memory, and who records
/// beside must not suffer.
const MEMORY: u64 = 1 << 30;
/// What of PRAGMA tells something that views need: their columns.
const TOLD: &[&str] = &["table_info", "table_xinfo", "table_list"];

/// Held while a session is opened, one for those of a hash: the first to open one that was cut off, or is of an earlier
/// version, makes it whole, and whoever comes meanwhile would find it in use.
static OPENING: [Mutex<()>; 16] = [const { Mutex::new(()) }; 16];

/// Reads one session.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    query: Query,
    /// Which file it is, by device and number: another one may come by its name.
    file: (u64, u64),
    recording: bool,
    stop: Arc<Stop>,
}

/// Why a question ends before its answer.
#[derive(Debug)]
struct Stop {
    told: AtomicBool,
    memory: AtomicBool,
    /// Where the kernel says how much memory this process has, in pages of so many bytes. Kept open, as it is read often.
    statm: Option<(File, u64)>,
}

impl Reader {
    /// Of the session at `path`; one that was cut off is made whole.
    pub fn open(path: &Path) -> Result<Reader> {
        let hash = FxBuildHasher.hash_one(path) as usize;
        let opening = OPENING[hash % OPENING.len()].lock().unwrap_or_else(PoisonError::into_inner);
        let mut query = Query::open(path)?;
        drop(opening);
        let stop = Arc::new(Stop::new());
        let db = query.db_mut();
        let mut prepare = || -> rusqlite::Result<bool> {
            let closed = "SELECT EXISTS (SELECT 1 FROM main.meta WHERE key = 'closed')";
            let closed: bool = db.query_row(closed, [], |row| row.get(0))?;
            for (limit, most) in
                [(Limit::SQLITE_LIMIT_LENGTH, LONGEST), (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN)]
            {
                db.set_limit(limit, most)?;
            }
            let seen = Arc::clone(&stop);
            db.progress_handler(STEPS, Some(move || seen.is_time()))?;
            db.authorizer(Some(may))?;
            Ok(closed)
        };
        let closed = prepare().map_err(crate::error::Error::store(path))?;
        let file = identity(path).map_err(crate::error::Error::file("look at", path))?;
        Ok(Reader { path: path.to_owned(), query, file, recording: !closed, stop })
    }

    /// The session, on which any SELECT works.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Whether somebody writes the session.
    pub fn is_recording(&self) -> bool {
        self.recording
    }

    /// What is wrong with a question.
    pub fn wrong(&self, error: rusqlite::Error) -> Problem {
        use rusqlite::ErrorCode::{AuthorizationForStatementDenied, OperationInterrupted, OutOfMemory, TooBig};
        let code = error.sqlite_error_code();
        if self.stop.memory.load(Ordering::Relaxed) || code == Some(OutOfMemory) {
            let text = "the query took too much memory; ask for less at once, or without sorting";
            return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text).coded("query.memory");
        }
        match code {
            Some(OperationInterrupted) => {
                Problem::new(StatusCode::GATEWAY_TIMEOUT, "the query took too long").coded("query.time")
            }
            Some(AuthorizationForStatementDenied) => {
                Problem::invalid("the query: it can only read; give one SELECT").coded("query.reads")
            }
            Some(TooBig) => {
                let text = format!("the query: a text or blob of more than {} MiB", LONGEST >> 20);
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text).coded("query.long")
            }
            _ => self.query.wrong(error).into(),
        }
    }

    /// Whether as many series are there as it knows of; one that is being recorded gets more.
    fn knows_all(&self) -> bool {
        let count = self.query.db().query_row("SELECT count(*) FROM main.series", [], |row| row.get::<_, usize>(0));
        count.is_ok_and(|count| count == self.query.series().len())
    }
}

impl Stop {
    fn new() -> Stop {
        let size = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().and_then(|size| u64::try_from(size).ok());
        let statm = File::open("/proc/self/statm").ok().zip(size);
        Stop { told: AtomicBool::new(false), memory: AtomicBool::new(false), statm }
    }

    /// Bytes of this process that are in memory.
    fn resident(&self) -> Option<u64> {
        let (statm, size) = self.statm.as_ref()?;
        let mut text = [0; 64];
        let read = statm.read_at(&mut text, 0).ok()?;
        let pages: u64 = std::str::from_utf8(&text[..read]).ok()?.split(' ').nth(1)?.parse().ok()?;
        Some(pages * size)
    }

    /// Whether it is time to stop.
    fn is_time(&self) -> bool {
        if self.resident().is_some_and(|bytes| bytes > MEMORY) {
            self.memory.store(true, Ordering::Relaxed);
        }
        self.told.load(Ordering::Relaxed) || self.memory.load(Ordering::Relaxed)
    }
}

/// What a question may do: read. Anything else is refused before it is begun, also where it would change nothing that
/// lasts: a transaction would hold what others see, and a temporary table memory.
fn may(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Function { .. } | AuthAction::Recursive => {
            Authorization::Allow
        }
        AuthAction::Pragma { pragma_name, .. } if TOLD.contains(&pragma_name) => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    path.metadata().map(|found| (found.dev(), found.ino()))
}

impl Resource for Reader {
    const NAME: &'static str = "readers";
    type Key = PathBuf;

    fn make(path: &PathBuf) -> std::result::Result<Reader, Problem> {
        Ok(Reader::open(path)?)
    }

    fn is_healthy(&mut self) -> bool {
        self.stop.told.store(false, Ordering::Relaxed);
        self.stop.memory.store(false, Ordering::Relaxed);
        identity(&self.path).is_ok_and(|file| file == self.file) && self.knows_all()
    }

    fn interrupter(&self) -> Option<Box<dyn Fn() + Send + Sync>> {
        let (handle, stop) = (self.query.db().get_interrupt_handle(), Arc::clone(&self.stop));
        Some(Box::new(move || {
            // A statement that goes on is interrupted; one that is begun later looks here.
            stop.told.store(true, Ordering::Relaxed);
            handle.interrupt();
        }))
    }

    fn may_rest(&self) -> bool {
        // Whoever records closes a session as its only user.
        !self.recording
    }
}

/// Readers of one session, for the questions of a script.
pub struct Readers {
    /// Where they come from.
    pub pool: Pool<Reader>,
    /// The session.
    pub path: PathBuf,
    /// How long one is waited for, and may work.
    pub deadline: Instant,
}

impl Lend for Readers {
    async fn lend(&self, job: Job) -> std::result::Result<(), String> {
        let said = |problem: Problem| problem.detail.into_owned();
        let reader = self.pool.lease(&self.path, self.deadline).await.map_err(said)?;
        let working = reader.run(self.deadline, move |reader| {
            job(reader.query());
            Ok(())
        });
        working.await.map_err(said)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::session::Store;

    fn session() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.perfkit");
        let first = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/session/version-1.perfkit");
        std::fs::copy(first, &path).unwrap();
        (folder, path)
    }

    fn asked(reader: &Reader, sql: &str) -> std::result::Result<i64, Problem> {
        reader.query().db().query_row(sql, [], |row| row.get(0)).map_err(|error| reader.wrong(error))
    }

    #[test]
    fn it_reads_and_does_nothing_else() {
        let (folder, path) = session();
        let reader = Reader::open(&path).unwrap();
        assert_eq!(asked(&reader, "SELECT count(*) FROM syscalls").unwrap(), 10_000);
        assert_eq!(asked(&reader, "SELECT count(*) FROM pragma_table_info('syscalls')").unwrap(), 12);
        let before = std::fs::read(&path).unwrap();
        let elsewhere = folder.path().join("b");
        for sql in [
            "DELETE FROM main.chunk",
            "CREATE TEMP TABLE x(y)",
            "CREATE TABLE x(y)",
            "DROP VIEW temp.frames",
            "PRAGMA journal_mode = wal",
            "PRAGMA writable_schema = 1",
            "PRAGMA query_only = 0",
            "BEGIN",
            "SAVEPOINT a",
            "VACUUM",
            "ANALYZE",
            "REINDEX",
            &format!("ATTACH '{}' AS other", elsewhere.display()),
            &format!("VACUUM INTO '{}'", elsewhere.display()),
            "UPDATE main.meta SET value = 1",
            "INSERT INTO main.bookmark VALUES(1, 2, 3, 'x')",
        ] {
            let problem = asked(&reader, sql).expect_err(sql);
            assert_eq!((problem.status.as_u16(), problem.code), (400, Some("query.reads")), "{sql}: {problem:?}");
        }
        assert!(!elsewhere.exists());
        assert!(asked(&reader, "SELECT load_extension('/lib/x.so')").is_err());
        assert_eq!(asked(&reader, "SELECT length(zeroblob(10000000))").unwrap_err().code, Some("query.long"));
        let near = asked(&reader, "SELECT count(*) FROM syscals").unwrap_err();
        assert!(near.detail.ends_with("no such table: syscals (did you mean `syscalls`?)"), "{near:?}");
        drop(reader);
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[tokio::test]
    async fn an_endless_question_ends_with_its_time_and_the_reader_is_used_again() {
        let (_folder, path) = session();
        let pool = Pool::<Reader>::new(1, Duration::from_millis(50));
        let soon = || Instant::now() + Duration::from_secs(60);
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        for _ in 0..3 {
            let reader = pool.lease(&path, soon()).await.unwrap();
            let late = reader.run(soon(), |reader| asked(reader, endless)).await.unwrap_err();
            assert_eq!(late.code, Some("pool.overdue"));
        }
        let pool = Pool::<Reader>::new(1, Duration::from_secs(60));
        let reader = pool.lease(&path, soon()).await.unwrap();
        reader.interrupter().unwrap()();
        assert_eq!(
            asked(&reader, endless).unwrap_err().code,
            Some("query.time"),
            "one that is begun after it was told"
        );
        drop(reader);
        let reader = pool.lease(&path, soon()).await.unwrap();
        assert_eq!(asked(&reader, "SELECT count(*) FROM syscalls").unwrap(), 10_000);
        assert_eq!(pool.seen().made, 1);
    }

    #[tokio::test]
    async fn who_come_at_once_to_one_of_an_earlier_version_all_read_it() {
        let (_folder, path) = session();
        let pool = Pool::<Reader>::new(8, Duration::from_secs(60));
        let soon = Instant::now() + Duration::from_secs(60);
        let all: Vec<_> = (0..8).map(|_| (pool.clone(), path.clone())).collect();
        let all =
            all.into_iter().map(|(pool, path)| tokio::spawn(async move { pool.lease(&path, soon).await.map(drop) }));
        for one in all.collect::<Vec<_>>() {
            one.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn a_session_that_is_another_one_now_is_opened_anew() {
        let (folder, path) = session();
        let pool = Pool::<Reader>::new(2, Duration::from_secs(60));
        let soon = Instant::now() + Duration::from_secs(60);
        drop(pool.lease(&path, soon).await.unwrap());
        std::fs::rename(&path, folder.path().join("b.perfkit")).unwrap();
        let mut store = Store::create(&path).unwrap();
        store.commit().unwrap();
        let reader = pool.lease(&path, soon).await.unwrap();
        assert!(reader.is_recording());
        assert_eq!(asked(&reader, "SELECT count(*) FROM syscalls").unwrap(), 0);
        drop(reader);
        assert_eq!(pool.seen().idle, 0, "whoever records is not kept from closing it");
        store.close().unwrap();
        assert!(!folder.path().join("a.perfkit-wal").exists());
    }
}
