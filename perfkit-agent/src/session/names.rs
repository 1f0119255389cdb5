//! Completion of dotted names: those that begin with a prefix and have so many dots, as one range of an index.

use rusqlite::params;

use super::ids::depth;
use super::reader::Session;
use crate::error::Result;

/// A dotted name of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub name: String,
    /// How its values are to be read: counter, gauge or discrete; `None` where nobody told.
    pub semantics: Option<String>,
    /// The unit of its values in words; empty where there is none.
    pub unit: String,
    /// One sentence; may be empty.
    pub doc: String,
}

/// One range of the index on depth and name: half-open bounds, which unlike LIKE compare bytes.
pub const SQL: &str = "SELECT name, semantics, coalesce(unit, ''), coalesce(doc, '') FROM main.name
                       WHERE depth = ?1 AND name >= ?2 AND name < ?3 ORDER BY name LIMIT ?4";
/// The same where no name is beyond every text that begins with the prefix.
const OPEN_SQL: &str = "SELECT name, semantics, coalesce(unit, ''), coalesce(doc, '') FROM main.name
                        WHERE depth = ?1 AND name >= ?2 ORDER BY name LIMIT ?3";

impl Session {
    /// At most `limit` names that begin with `prefix` and have `dots` dots, or as many as the prefix, in order.
    pub fn names(&self, prefix: &str, dots: Option<usize>, limit: usize) -> Result<Vec<Name>> {
        let dots = dots.unwrap_or_else(|| depth(prefix));
        let name = |row: &rusqlite::Row<'_>| {
            Ok(Name { name: row.get(0)?, semantics: row.get(1)?, unit: row.get(2)?, doc: row.get(3)? })
        };
        match after(prefix) {
            Some(after) => self.rows(SQL, params![dots, prefix, after, limit], name),
            None => self.rows(OPEN_SQL, params![dots, prefix, limit], name),
        }
    }
}

/// The least text that is greater than every text that begins with the prefix; `None` where there is none.
pub fn after(prefix: &str) -> Option<String> {
    let mut rest = prefix.to_owned();
    while let Some(last) = rest.pop() {
        // The characters' order is that of their UTF-8, and surrogates are none.
        let next = (last as u32 + 1..=0xe000.max(last as u32 + 1)).find_map(char::from_u32);
        if let Some(next) = next {
            rest.push(next);
            return Some(rest);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Store;
    use crate::source::{Message, NameInfo, Semantics};
    use proptest::prelude::*;

    fn session(names: &[String]) -> (tempfile::TempDir, Session) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.perfkit");
        let mut store = Store::create(&path).unwrap();
        for name in names {
            let info =
                NameInfo { name: name.clone(), semantics: Semantics::Gauge, unit: "bytes".into(), doc: "".into() };
            store.handle(Message::Name(info)).unwrap();
        }
        store.close().unwrap();
        (folder, Session::open(&path).unwrap())
    }

    #[test]
    fn a_prefix_has_the_depth_of_its_dots_where_none_is_said() {
        let all = ["proc.cpu.user", "proc.cpu.system", "proc.memory", "process", "gdk.event"].map(str::to_owned);
        let (_folder, session) = session(&all);
        let names = |prefix, dots, limit| {
            let all = session.names(prefix, dots, limit).unwrap();
            all.into_iter().map(|name| name.name).collect::<Vec<_>>()
        };
        assert_eq!(names("proc.cpu.", None, 10), ["proc.cpu.system", "proc.cpu.user"]);
        assert_eq!(names("proc.", None, 10), ["proc.cpu", "proc.memory"]);
        assert_eq!(names("proc", None, 10), ["proc", "process"]);
        assert_eq!(names("", None, 10), ["gdk", "proc", "process"]);
        assert_eq!(names("proc", Some(2), 1), ["proc.cpu.system"]);
        assert_eq!(names("", Some(1), 10), ["gdk.event", "proc.cpu", "proc.memory"]);
    }

    #[test]
    fn completion_is_one_range_of_the_index() {
        let (_folder, session) = session(&[]);
        let sql = format!("EXPLAIN QUERY PLAN {SQL}");
        let plan = session.rows(&sql, params![1, "a", "b", 10], |row| row.get::<_, String>(3)).unwrap();
        assert_eq!(plan, ["SEARCH main.name USING INDEX name_depth (depth=? AND name>? AND name<?)"]);
    }

    proptest! {
        #[test]
        fn what_begins_with_a_prefix_lies_before_its_end(prefix in any::<String>(), rest in any::<String>(), other in any::<String>()) {
            let name = format!("{prefix}{rest}");
            match after(&prefix) {
                None => prop_assert!(prefix.chars().all(|c| c == char::MAX)),
                Some(after) => {
                    prop_assert!(name < after);
                    prop_assert_eq!(other >= prefix && other < after, other.starts_with(&prefix));
                }
            }
        }

        #[test]
        fn names_are_those_that_begin_so(names in prop::collection::btree_set("[ab.]{0,5}", 0..40), prefix in "[ab.]{0,3}", dots in 0usize..4) {
            let names: Vec<String> = names.into_iter().collect();
            let (_folder, session) = session(&names);
            // The names above are there, too.
            let mut names: std::collections::BTreeSet<String> = names.into_iter().collect();
            for name in names.clone() {
                let dots = name.match_indices('.').filter(|&(at, _)| at > 0).map(|(at, _)| name[..at].to_owned());
                names.extend(dots);
            }
            let found: Vec<_> = session.names(&prefix, Some(dots), 100).unwrap().into_iter().map(|name| name.name).collect();
            let expected: Vec<_> = names.into_iter().filter(|name| name.starts_with(&prefix) && depth(name) == dots).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
