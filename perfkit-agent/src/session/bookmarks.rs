//! What a reader writes into a session: bookmarks, and a note about all of it. Nothing else of a closed session changes,
//! but for the names of its addresses ([`crate::symbols`]).

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};

use super::recover::{UNWRITABLE, edit};
use crate::error::{Error, Result};

/// What of `meta` has the note about the whole session.
const NOTE: &str = "note";

/// A moment or a stretch of time that somebody marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookmark {
    /// Its number in its session; that of a removed one may be given again.
    pub id: i64,
    /// Where it begins, in CLOCK_MONOTONIC nanoseconds.
    pub begin: i64,
    /// Where it ends; that of a moment is its begin.
    pub end: i64,
    /// What is to be said about it; may be empty.
    pub text: String,
}

impl Bookmark {
    /// Where it is, in seconds from `origin`: `1.500 s`, or `1.500 s to 1.750 s`.
    pub fn place(&self, origin: i64) -> String {
        let seconds = |time: i64| (i128::from(time) - i128::from(origin)) as f64 / 1e9;
        match self.end > self.begin {
            true => format!("{:.3} s to {:.3} s", seconds(self.begin), seconds(self.end)),
            false => format!("{:.3} s", seconds(self.begin)),
        }
    }
}

/// The bookmarks of a session, opened to change them. Each change is in the file when its function returns, and others
/// may have the session open meanwhile: they see it with their next question. One who is in the midst of reading is
/// waited for, up to five seconds.
#[derive(Debug)]
pub struct Bookmarks {
    path: PathBuf,
    db: Connection,
}

impl Bookmarks {
    /// Opens those of the session at `path`.
    ///
    /// # Errors
    /// Where it is still being recorded, or cannot be written.
    pub fn open(path: &Path) -> Result<Bookmarks> {
        Ok(Bookmarks { path: path.to_owned(), db: edit(path)? })
    }

    /// Every bookmark, in the order of their begins.
    pub fn list(&self) -> Result<Vec<Bookmark>> {
        list(&self.db).map_err(|error| self.failed(error))
    }

    /// The one with this number.
    pub fn get(&self, id: i64) -> Result<Bookmark> {
        let sql = "SELECT id, time, duration, text FROM bookmark WHERE id = ?1";
        let found = self.db.query_row(sql, params![id], bookmark).optional();
        found.map_err(|error| self.failed(error))?.ok_or_else(|| self.lacks(id))
    }

    /// Adds one, between two times in CLOCK_MONOTONIC nanoseconds; for a moment they are the same.
    ///
    /// # Errors
    /// Where it ends before it begins, or cannot be written; so with the others.
    pub fn add(&self, begin: i64, end: i64, text: &str) -> Result<Bookmark> {
        let duration = duration(begin, end)?;
        let sql = "INSERT INTO bookmark(time, duration, text) VALUES(?1, ?2, ?3)";
        self.db.execute(sql, params![begin, duration, text]).map_err(|error| self.failed(error))?;
        Ok(Bookmark { id: self.db.last_insert_rowid(), begin, end, text: text.to_owned() })
    }

    /// Gives the one with this number these times and this text.
    pub fn change(&self, to: &Bookmark) -> Result<()> {
        let duration = duration(to.begin, to.end)?;
        let sql = "UPDATE bookmark SET time = ?2, duration = ?3, text = ?4 WHERE id = ?1";
        let changed = self.db.execute(sql, params![to.id, to.begin, duration, to.text]);
        match changed.map_err(|error| self.failed(error))? {
            0 => Err(self.lacks(to.id)),
            _ => Ok(()),
        }
    }

    /// Removes one, and tells what it was, so that it can be added again.
    pub fn remove(&self, id: i64) -> Result<Bookmark> {
        let sql = "DELETE FROM bookmark WHERE id = ?1 RETURNING id, time, duration, text";
        let removed = self.db.query_row(sql, params![id], bookmark).optional();
        removed.map_err(|error| self.failed(error))?.ok_or_else(|| self.lacks(id))
    }

    /// The note about the whole session; empty where there is none.
    pub fn note(&self) -> Result<String> {
        note(&self.db).map_err(|error| self.failed(error))
    }

    /// Writes the note about the whole session in place of the one that was there; an empty one removes it.
    pub fn set_note(&self, text: &str) -> Result<()> {
        let sql = match text {
            "" => "DELETE FROM meta WHERE key = ?1 AND ?2 = ''",
            _ => "INSERT OR REPLACE INTO meta VALUES(?1, ?2)",
        };
        self.db.execute(sql, params![NOTE, text]).map(drop).map_err(|error| self.failed(error))
    }

    fn lacks(&self, id: i64) -> Error {
        Error::Invalid(format!("{} has no bookmark {id}", self.path.display()))
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        let why = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                "is being read at length, or written, by somebody else; try again after that"
            }
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => UNWRITABLE,
            _ => return Error::store(&self.path)(error),
        };
        Error::Invalid(format!("{} {why}", self.path.display()))
    }
}

/// The bookmarks of a session by any connection to it, in the order of their begins.
pub fn list(db: &Connection) -> rusqlite::Result<Vec<Bookmark>> {
    let mut select = db.prepare_cached("SELECT id, time, duration, text FROM main.bookmark ORDER BY time, id")?;
    select.query_map([], bookmark)?.collect()
}

/// The note about a whole session by any connection to it; empty where there is none.
pub fn note(db: &Connection) -> rusqlite::Result<String> {
    let sql = "SELECT value FROM main.meta WHERE key = ?1";
    Ok(db.query_row(sql, [NOTE], |row| row.get(0)).optional()?.unwrap_or_default())
}

fn bookmark(row: &Row<'_>) -> rusqlite::Result<Bookmark> {
    let (begin, duration): (i64, Option<i64>) = (row.get(1)?, row.get(2)?);
    let end = begin.saturating_add(duration.unwrap_or(0).max(0));
    Ok(Bookmark { id: row.get(0)?, begin, end, text: row.get(3)? })
}

fn duration(begin: i64, end: i64) -> Result<i64> {
    let duration = end.checked_sub(begin).filter(|duration| *duration >= 0);
    duration.ok_or_else(|| Error::Invalid("a bookmark cannot end before it begins".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::session::query::Query;
    use crate::session::{Session, Store};

    fn session() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.perfkit");
        Store::create(&path).unwrap().close().unwrap();
        (folder, path)
    }

    fn texts(list: &[Bookmark]) -> Vec<&str> {
        list.iter().map(|bookmark| bookmark.text.as_str()).collect()
    }

    #[test]
    fn what_is_added_changed_and_removed_is_so_in_the_file() {
        let (folder, path) = session();
        let bookmarks = Bookmarks::open(&path).unwrap();
        let late = bookmarks.add(2_000, 3_000, "late").unwrap();
        let early = bookmarks.add(1_000, 1_000, "early").unwrap();
        assert_eq!(bookmarks.list().unwrap(), [early.clone(), late.clone()]);
        let moved = Bookmark { begin: 500, end: 700, text: "it's \"moved\"\n☃".to_owned(), ..late };
        bookmarks.change(&moved).unwrap();
        assert_eq!(bookmarks.remove(early.id).unwrap(), early);
        drop(bookmarks);
        let again = Bookmarks::open(&path).unwrap();
        assert_eq!(again.list().unwrap(), [moved]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_is_refused_and_changes_nothing() {
        let (_folder, path) = session();
        let bookmarks = Bookmarks::open(&path).unwrap();
        let kept = bookmarks.add(5, 5, "kept").unwrap();
        let lacks = format!("{} has no bookmark 9", path.display());
        assert_eq!(bookmarks.remove(9).unwrap_err().to_string(), lacks);
        assert_eq!(bookmarks.change(&Bookmark { id: 9, ..kept.clone() }).unwrap_err().to_string(), lacks);
        for (begin, end) in [(5, 4), (i64::MIN, i64::MAX)] {
            let error = bookmarks.add(begin, end, "x").unwrap_err().to_string();
            assert_eq!(error, "a bookmark cannot end before it begins");
            bookmarks.change(&Bookmark { begin, end, ..kept.clone() }).unwrap_err();
        }
        assert_eq!(bookmarks.list().unwrap(), [kept]);
    }

    #[test]
    fn the_note_is_written_replaced_and_removed() {
        let (_folder, path) = session();
        let bookmarks = Bookmarks::open(&path).unwrap();
        assert_eq!(bookmarks.note().unwrap(), "");
        for text in ["with the patch", "without the patch\nand slower", ""] {
            bookmarks.set_note(text).unwrap();
            assert_eq!(bookmarks.note().unwrap(), text);
            assert_eq!(note(Query::open(&path).unwrap().db()).unwrap(), text);
        }
    }

    #[test]
    fn readers_may_have_it_open_and_see_what_was_added() {
        let (_folder, path) = session();
        let (session, query) = (Session::open(&path).unwrap(), Query::open(&path).unwrap());
        let view = || query.db().query_row("SELECT count(*) FROM bookmarks", [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(view(), 0);
        let bookmarks = Bookmarks::open(&path).unwrap();
        bookmarks.add(1, 1, "one").unwrap();
        assert_eq!((view(), texts(&list(session.db()).unwrap())), (1, vec!["one"]));
        // One that stays at what it saw is waited for.
        session.hold().unwrap();
        assert_eq!(texts(&list(session.db()).unwrap()), ["one"]);
        let adding = std::thread::spawn(move || bookmarks.add(2, 2, "two").map(|_| bookmarks));
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(texts(&list(session.db()).unwrap()), ["one"]);
        session.release();
        let bookmarks = adding.join().unwrap().unwrap();
        assert_eq!(texts(&list(session.db()).unwrap()), ["one", "two"]);
        // One that never ends is told of.
        session.hold().unwrap();
        list(session.db()).unwrap();
        bookmarks.db.busy_timeout(Duration::from_millis(50)).unwrap();
        let error = bookmarks.add(3, 3, "three").unwrap_err().to_string();
        let words = "is being read at length, or written, by somebody else; try again after that";
        assert_eq!(error, format!("{} {words}", path.display()));
        session.release();
        assert_eq!(texts(&bookmarks.list().unwrap()), ["one", "two"]);
    }

    /// How many locks on a file the kernel knows of.
    fn locks(path: &Path) -> usize {
        use std::os::unix::fs::MetadataExt;
        let inode = format!(":{} ", std::fs::metadata(path).unwrap().ino());
        std::fs::read_to_string("/proc/locks").unwrap().lines().filter(|line| line.contains(&inode)).count()
    }

    #[test]
    fn opening_a_session_again_drops_no_locks_of_those_who_have_it_open() {
        let (_folder, path) = session();
        let reader = Session::open(&path).unwrap();
        reader.hold().unwrap();
        list(reader.db()).unwrap();
        assert_eq!(locks(&path), 1);
        drop(Session::open(&path).unwrap());
        assert_eq!(locks(&path), 1);
        reader.release();
        assert_eq!(locks(&path), 0);
    }

    #[test]
    fn one_that_is_being_recorded_is_refused_and_one_that_was_killed_is_made_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.perfkit");
        let store = Store::create(&path).unwrap();
        let error = Bookmarks::open(&path).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("{} is still being recorded, or made whole; try again when that has ended", path.display())
        );
        drop(store);
        Bookmarks::open(&path).unwrap().add(1, 2, "after all").unwrap();
        assert_eq!(texts(&list(Session::open(&path).unwrap().db()).unwrap()), ["after all"]);
    }
}
