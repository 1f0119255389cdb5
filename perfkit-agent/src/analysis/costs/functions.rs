//! Functions by samples in which they ran themselves, and by their calls as far as those were recorded.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::callbacks::own_times;
use super::{Amount, Leaf, Sums};
use crate::analysis::engine::Facts;
use crate::analysis::read::{rows, text};
use crate::analysis::timeline::{Span, Spans};
use crate::analysis::words;
use crate::error::Result;

/// What a function without a name is called.
pub const NAMELESS: &str = "unknown";

/// A function in the module that it belongs to, as a row: `malloc (libc.so.6)`.
pub fn row(path: &[String]) -> String {
    match path {
        [module, function] => format!("{function} ({module})"),
        path => path.join(" "),
    }
}

/// Of each module its functions; of all threads of the processes that draw: work that was moved to another thread
/// costs, too.
pub fn leaves(db: &Connection, threads: &[Facts<'_>]) -> Result<Vec<Leaf>> {
    let mut sums = Sums::default();
    let processes: BTreeMap<i64, (i64, i64)> =
        threads.iter().map(|facts| (facts.timeline.pid, facts.timeline.asked)).collect();
    for (pid, (from, to)) in processes {
        let sampled = samples(db, [pid, from, to], &mut sums)?;
        calls(db, [pid, from, to], sampled, &mut sums)?;
    }
    Ok(sums.done())
}

fn path(module: &str, function: &str) -> Vec<String> {
    let module = words::module(module);
    let function = match function {
        "" if module == words::GENERATED => "",
        "" => NAMELESS,
        function => function,
    };
    [module, function].into_iter().filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Adds what samples tell; whether there are any.
fn samples(db: &Connection, of: [i64; 3], sums: &mut Sums) -> Result<bool> {
    let sql = "SELECT function, module, sum(weight), count(*) FROM samples JOIN stacks ON stacks.id = stack \
               WHERE samples.pid = ?1 AND samples.time BETWEEN ?2 AND ?3 AND event LIKE '%clock%' GROUP BY function, module";
    let sampled = rows(db, sql, of, |row| {
        let (ns, samples) = (row.get::<_, Option<i64>>(2)?.unwrap_or(0), row.get(3)?);
        sums.add(path(&text(row, 1)?, &text(row, 0)?), &Amount { ns, samples, ..Amount::default() });
        Ok(())
    })?;
    Ok(!sampled.is_empty())
}

/// Adds calls. What traces them makes them longer, so that samples, where there are any, tell the time.
fn calls(db: &Connection, of: [i64; 3], sampled: bool, sums: &mut Sums) -> Result<()> {
    let mut all: BTreeMap<i64, Spans<Vec<String>>> = BTreeMap::new();
    let sql = "SELECT tid, time, duration, function, library FROM calls WHERE pid = ?1 AND time BETWEEN ?2 AND ?3 \
               ORDER BY time";
    rows(db, sql, of, |row| {
        let time: i64 = row.get(1)?;
        let end = time + row.get::<_, Option<i64>>(2)?.unwrap_or(0);
        all.entry(row.get(0)?).or_default().push(Span { time, end, what: path(&text(row, 4)?, &text(row, 3)?) });
        Ok(())
    })?;
    for calls in all.values() {
        for (call, own) in own_times(calls, &Spans::default()) {
            let ns = if sampled { 0 } else { own };
            sums.add(call.what.clone(), &Amount { ns, ..Amount::once(call.length(), (call.time, call.end)) });
        }
    }
    Ok(())
}
