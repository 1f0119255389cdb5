//! System calls of threads that draw, and the files and descriptors that calls of all threads were about.

use std::collections::{BTreeMap, HashSet};

use rusqlite::Connection;

use super::{Amount, Leaf, Sums};
use crate::analysis::engine::Facts;
use crate::analysis::read::rows;
use crate::analysis::timeline::Syscall;
use crate::analysis::words;
use crate::error::Result;

/// Calls in which a loop sleeps: that is no cost.
const SLEEP: &[&str] = &["poll", "ppoll", "epoll_wait", "epoll_pwait", "select", "pselect6", "restart_syscall"];

/// What the recorder writes into: that is no cost of the program's.
const RECORDING: &str = ".gdkrecord";

/// Of each call what it was about.
pub fn calls(_: &Connection, threads: &[Facts<'_>]) -> Result<Vec<Leaf>> {
    let mut sums = Sums::default();
    for facts in threads {
        let ours = |path: &Option<String>| path.as_ref().is_some_and(|path| path.ends_with(RECORDING));
        let cost = |call: &Syscall| !SLEEP.contains(&&*call.name) && !ours(&call.path);
        for call in facts.timeline.syscalls.iter().filter(|call| cost(&call.what)) {
            let about = about(call.what.path.as_deref(), call.what.fd);
            let path = std::iter::once(call.what.name.clone()).chain(about).collect();
            let bytes = call.what.bytes.unwrap_or(0).max(0);
            sums.add(path, &Amount { bytes, ..Amount::once(call.length(), (call.time, call.end)) });
        }
    }
    Ok(sums.done())
}

/// What a call was about, as people know it: a path, else what its descriptor stands for, else the descriptor.
fn about(path: Option<&str>, fd: Option<i64>) -> Option<String> {
    let path = path.map(|path| words::thing(path).to_owned());
    path.or_else(|| fd.map(|fd| format!("descriptor {fd}")))
}

/// Of each file its folders. Another thread's waiting costs nobody time, but what it read was read.
pub fn files(db: &Connection, threads: &[Facts<'_>]) -> Result<Vec<Leaf>> {
    let mut sums = Sums::default();
    let draws: HashSet<i64> = threads.iter().map(|facts| facts.timeline.tid).collect();
    let processes: BTreeMap<i64, (i64, i64)> =
        threads.iter().map(|facts| (facts.timeline.pid, facts.timeline.asked)).collect();
    let sleep: Vec<String> = SLEEP.iter().map(|name| format!("'{name}'")).collect();
    let sql = format!(
        "SELECT tid, path, CASE WHEN path IS NULL THEN fd END AS about, sum(duration), max(duration), count(*), \
         sum(bytes), time FROM syscalls WHERE pid = ?1 AND time BETWEEN ?2 AND ?3 AND (path IS NOT NULL OR fd IS NOT NULL) \
         AND name NOT IN ({}) AND coalesce(path, '') NOT LIKE '%{RECORDING}' GROUP BY tid, path, about",
        sleep.join(", ")
    );
    for (pid, (from, to)) in processes {
        rows(db, &sql, [pid, from, to], |row| {
            let number = |at| row.get::<_, Option<i64>>(at).map(|number| number.unwrap_or(0));
            let path: Option<String> = row.get(1)?;
            let Some(about) = about(path.as_deref(), row.get(2)?) else { return Ok(()) };
            let (count, bytes) = (number(5)?, number(6)?.max(0));
            let (ns, longest) = if draws.contains(&number(0)?) { (number(3)?, number(4)?) } else { (0, 0) };
            // SQLite gives the time of the row that has the longest duration.
            let time = number(7)?;
            let place = Some((time, time + longest));
            sums.add(folders(&about), &Amount { ns, count, longest, place, bytes, ..Amount::default() });
            Ok(())
        })?;
    }
    Ok(sums.done())
}

/// A path's parts; the first has the slash before it.
fn folders(path: &str) -> Vec<String> {
    let absolute = path.starts_with('/');
    let mut parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    match parts.first_mut().filter(|_| absolute) {
        Some(first) => first.insert(0, '/'),
        None if absolute => parts.push("/".to_owned()),
        None => {}
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use crate::analysis::engine::tests::{facts, ms, span};

    #[test]
    fn calls_are_told_apart_by_what_they_are_about() {
        let call = |name: &str, fd, path: Option<&str>, bytes| Syscall {
            name: name.into(),
            fd,
            path: path.map(str::to_owned),
            bytes,
        };
        facts(
            |timeline| {
                timeline.syscalls = vec![
                    span(0, 4, call("read", Some(5), Some("pipe:[77]"), Some(10))),
                    span(5, 6, call("read", Some(6), Some("pipe:[78]"), Some(20))),
                    span(7, 8, call("read", Some(7), None, None)),
                    span(9, 11, call("futex", None, None, None)),
                    span(12, 900, call("poll", None, None, None)),
                    span(901, 903, call("pwritev", Some(9), Some("/tmp/7.gdkrecord"), Some(99))),
                ]
                .into();
            },
            |facts| {
                let db = Connection::open_in_memory().unwrap();
                let kind = Kind::by_name("syscalls").unwrap();
                let mut leaves = kind.leaves(&db, &[*facts]).unwrap();
                leaves.sort_by(|a, b| a.path.cmp(&b.path));
                let seen: Vec<_> =
                    leaves.iter().map(|leaf| (leaf.path.join(" "), leaf.amount.ns, leaf.amount.bytes)).collect();
                let expected = [("futex", ms(2), 0), ("read descriptor 7", ms(1), 0), ("read pipe", ms(5), 30)];
                assert_eq!(seen, expected.map(|(path, ns, bytes)| (path.to_owned(), ns, bytes)));
                assert_eq!(kind.rows(&leaves)[0].name, "read");
            },
        );
    }

    #[test]
    fn a_path_lies_in_its_folders() {
        assert_eq!(folders("/usr/share//mime/"), ["/usr", "share", "mime"]);
        assert_eq!(folders("../a/b"), ["..", "a", "b"]);
        assert_eq!((folders("/"), folders("Unix socket")), (vec!["/".to_owned()], vec!["Unix socket".to_owned()]));
    }
}
