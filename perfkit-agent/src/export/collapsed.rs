//! Call stacks as lines `event;thread;outermost;…;innermost WEIGHT`, as flame graph tools read them.

use std::collections::BTreeMap;
use std::io::Write;

use rustc_hash::FxHashMap;

use super::reading::Row;
use super::stacks::{self, Stacks, symbol};
use super::threads::Threads;
use super::{Done, Exporter, Reading};
use crate::session::Series;
use crate::session::query::On;

/// The lines.
pub struct Collapsed;

/// What is sampled, and what a sample weighs.
pub fn weighed<'a>(row: &'a Row<'_>) -> Option<(&'a str, i64, u32)> {
    let schema = &row.series.schema;
    let cell = |name: &str| row.cells.get(schema.column(name)?);
    let stack = stacks::number(cell("stack"));
    match &*schema.name {
        "samples" => {
            let event = cell("event").and_then(|event| event.text()).unwrap_or("samples");
            // A sample that tells no weight is one event.
            Some((event, cell("weight").and_then(|weight| weight.int()).unwrap_or(1), stack))
        }
        "offcpu" => Some(("offcpu", row.duration?, stack)),
        _ => None,
    }
}

/// The series that have call stacks with weights.
pub fn sampled(series: &Series) -> Option<On> {
    if matches!(&*series.schema.name, "samples" | "offcpu") { Some(On::All) } else { None }
}

impl Exporter for Collapsed {
    fn export(&self, reading: &Reading<'_>, out: &mut dyn Write) -> Done {
        let threads = Threads::read(reading)?;
        let stacks = Stacks::read(reading)?;
        // The order of the lines is that of the events and threads, and not one of chance.
        let mut sums: BTreeMap<(Box<str>, i32, i32), FxHashMap<u32, i64>> = BTreeMap::new();
        reading.rows(&sampled, &mut |row| {
            if let Some((event, weight, stack)) = weighed(row)
                && weight > 0
            {
                let of = sums.entry((event.into(), row.track.pid, row.track.tid)).or_default();
                *of.entry(stack).or_default() += weight;
            }
            Ok(())
        })?;
        let mut names: FxHashMap<u32, String> = FxHashMap::default();
        for ((event, pid, tid), of) in sums {
            let root = format!("{};{}", clean(&event), clean(&threads.name(pid, tid)));
            let mut lines: Vec<(u32, i64)> = of.into_iter().collect();
            lines.sort_unstable();
            for (stack, weight) in lines {
                let mut symbols: Vec<u32> = stacks.symbols(stack).collect();
                symbols.reverse();
                out.write_all(root.as_bytes())?;
                for id in symbols {
                    let name = match names.get(&id) {
                        Some(name) => name,
                        None => {
                            let symbol = symbol(reading, id)?;
                            let words = symbol.functions.iter().rev().map(|function| clean(&function.name));
                            names.entry(id).or_insert(words.collect::<Vec<_>>().join(";"))
                        }
                    };
                    write!(out, ";{name}")?;
                }
                writeln!(out, " {weight}")?;
                reading.tick()?;
            }
        }
        Ok(())
    }
}

/// A name without what parts frames and lines.
fn clean(name: &str) -> String {
    name.chars()
        .map(|letter| {
            if letter == ';' {
                ':'
            } else if letter.is_control() {
                ' '
            } else {
                letter
            }
        })
        .collect()
}
