//! A session of files that other tools wrote.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use gdkrecord::units;

use super::Format;
use crate::error::{Error, Result};
use crate::session::clock::now;
use crate::session::{Store, beside};
use crate::source::{Flow, Message, Outlet};

/// From one question whether it is still wanted to the next.
const LOOK: Duration = Duration::from_millis(50);

/// What became of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Rows that the session has.
    pub rows: u64,
    /// What whoever has asked for it should know, a line each; it is in the session's notes too.
    pub remarks: Vec<String>,
}

/// Makes the session at `output`, which must not be there, of files and what they are.
///
/// # Errors
/// Where one of them cannot be read, or the session not be written; nothing is left then.
pub fn make(files: &[(PathBuf, &Format)], output: &Path) -> Result<Made> {
    make_while(files, output, |_| true)
}

/// The same while `wanted`, which is asked now and then with the rows so far, says so.
///
/// # Errors
/// As [`make`], and [`Error::Cancelled`] where it was not wanted any more.
pub fn make_while(
    files: &[(PathBuf, &Format)],
    output: &Path,
    wanted: impl Fn(u64) -> bool + Send + 'static,
) -> Result<Made> {
    let (sender, receiver) = Outlet::queue();
    let store = Store::create(output)?;
    let names: Vec<String> = files.iter().map(|(file, _)| file.display().to_string()).collect();
    let flow: Arc<Flow> = Arc::default();
    let flowing = Arc::clone(&flow);
    let wanted = move || wanted(flowing.rows.load(Ordering::Relaxed));
    let store = std::thread::spawn(move || keep(store, receiver, &names, &wanted));
    let mut failed = None;
    for (number, (file, format)) in (1..).zip(files) {
        let mut outlet = Outlet::new(number, format.name, sender.clone(), Arc::clone(&flow));
        outlet.source_begins(&file.display().to_string());
        let result = (format.import)(file, &mut outlet);
        outlet.end(result.as_ref().map(drop).map_err(ToString::to_string));
        failed = failed.or(result.err());
    }
    drop(sender);
    let stored = store.join().unwrap_or_else(|_| Err(Error::Invalid("the session's writer failed".to_owned())));
    match (failed, stored) {
        (None, Ok(remarks)) => Ok(Made { rows: flow.rows.load(Ordering::Relaxed), remarks }),
        (_, Err(error)) | (Some(error), Ok(_)) => {
            // Half a session would stand in the way of the next try.
            for suffix in ["", "-wal", "-shm", "-journal"] {
                let _ = std::fs::remove_file(beside(output, suffix));
            }
            Err(error)
        }
    }
}

/// Stores all that comes, and tells of files that cannot be seen beside others.
///
/// Where it fails the receiver is dropped, so that no reader waits for room in the queue.
fn keep(
    mut store: Store,
    receiver: Receiver<Message>,
    names: &[String],
    wanted: &dyn Fn() -> bool,
) -> Result<Vec<String>> {
    let mut extents: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
    let mut asked = Instant::now();
    loop {
        if asked.elapsed() >= LOOK {
            asked = Instant::now();
            if !wanted() {
                return Err(Error::Cancelled);
            }
        }
        let message = match receiver.recv_timeout(LOOK) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        if let Message::Rows { source, rows, .. } = &message
            && let (Some(&first), Some(&last)) = (rows.time.iter().min(), rows.time.iter().max())
        {
            let extent = extents.entry(*source).or_insert((first, last));
            *extent = (extent.0.min(first), extent.1.max(last));
        }
        store.handle(message)?;
        store.commit_if_due()?;
    }
    let of = |number: &u32| names.get(*number as usize - 1).cloned().unwrap_or_default();
    let extents: Vec<_> = extents.iter().map(|(number, &extent)| (*number, of(number), extent)).collect();
    let apart = apart(&extents);
    for (source, text) in &apart {
        store.handle(Message::Note { source: *source, time: now(), text: text.clone() })?;
    }
    store.close()?;
    Ok(apart.into_iter().map(|(_, text)| text).collect())
}

/// Files that share no moment with those before them: of other times, or by other clocks. Each has the number of its
/// source, its name, and its first and last time.
fn apart(files: &[(u32, String, (i64, i64))]) -> Vec<(u32, String)> {
    let mut sorted: Vec<_> = files.iter().collect();
    sorted.sort_by_key(|(.., extent)| *extent);
    let mut apart = Vec::new();
    let mut before: Option<(&str, i64)> = None;
    for (source, name, (first, last)) in sorted {
        if let Some((other, end)) = before.filter(|(_, end)| first > end) {
            let gap = units::duration(first.abs_diff(end));
            let words = "they were recorded at different times, or have no clock in common; a session of its own for \
                         each would be read more easily";
            apart.push((*source, format!("{name} begins {gap} after the end of {other}: {words}")));
        }
        if before.is_none_or(|(_, end)| *last > end) {
            before = Some((name, *last));
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::format;

    #[test]
    fn a_failed_import_leaves_nothing_and_the_next_one_is_not_in_its_way() {
        let folder = tempfile::tempdir().unwrap();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gdkrecord/tests/golden/v1.1.gdkrecord");
        let (bad, output) = (folder.path().join("bad"), folder.path().join("a.perfkit"));
        std::fs::write(&bad, "no recording").unwrap();
        let import = |files: &[&Path]| {
            let files: Vec<_> = files.iter().map(|file| ((*file).to_owned(), format("gdkrecord").unwrap())).collect();
            make(&files, &output)
        };
        for _ in 0..2 {
            let error = import(&[&golden, &bad]).unwrap_err().to_string();
            assert!(error.contains("bad"), "{error}");
            let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().map(|file| file.path()).collect();
            assert_eq!(left, std::slice::from_ref(&bad));
        }
        let made = import(&[&golden]).unwrap();
        assert!(made.rows > 30 && made.remarks.is_empty(), "{made:?}");
        let whole = std::fs::read(&output).unwrap();
        // What another import made is not touched.
        assert!(matches!(import(&[&bad]), Err(Error::Exists(_))));
        assert_eq!(std::fs::read(&output).unwrap(), whole);
    }

    #[test]
    fn what_is_not_wanted_any_more_leaves_nothing() {
        // Slower than the time from one question to the next, as long files are.
        const SLOW: Format = Format {
            name: "slow",
            about: "",
            recognises: |_| true,
            import: |_, outlet| {
                while !outlet.closed() {
                    std::thread::sleep(LOOK / 10);
                    outlet.note("more");
                }
                Ok(())
            },
        };
        let folder = tempfile::tempdir().unwrap();
        let made = make_while(&[("a".into(), &SLOW)], &folder.path().join("a.perfkit"), |_| false);
        assert!(matches!(made, Err(Error::Cancelled)), "{made:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn files_that_share_no_moment_are_told() {
        let file = |source, name: &str, first, last| (source, name.to_owned(), (first, last));
        let at_once = [file(1, "a", 0, 10), file(2, "b", 5, 7), file(3, "c", 10, 20), file(4, "d", 20, 20)];
        assert!(apart(&at_once).is_empty() && apart(&[]).is_empty());
        let words =
            apart(&[file(1, "b", 3_000_000_000, 4_000_000_000), file(2, "a", 0, 1_000_000_000), at_once[1].clone()]);
        assert_eq!(words.len(), 1);
        assert_eq!(words[0].0, 1);
        assert!(words[0].1.starts_with("b begins 2 s after the end of a: they were recorded at different times"));
    }
}
