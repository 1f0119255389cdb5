//! A treemap as a table: a row for each leaf below the cell that one is in.

use super::Shown;
use crate::model::{Document, Range};
use crate::widgets::table::{Cell, Column, Kind, Row, Table};
use crate::wording::tr;

/// The table, without rows.
pub fn table(document: &Document) -> Table {
    let columns = vec![
        Column::new(tr("What"), Kind::Text).wide(22),
        Column::new(tr("In"), Kind::Text).wide(14),
        Column::new(tr("Share"), Kind::Share),
        Column::new(tr("Time"), Kind::Time),
        Column::new(tr("Calls"), Kind::Count),
        Column::new(tr("Longest"), Kind::Time),
        Column::new(tr("Area"), Kind::Area),
        Column::new(tr("Bytes"), Kind::Bytes),
    ];
    Table::new(document, &tr("costs"), columns)
}

/// The leaves below a node, what cost most first. A row is about when it took longest, where that is known.
pub fn rows(shown: &Shown, root: usize) -> Vec<Row> {
    let tree = &shown.tree;
    let mut holds = vec![false; tree.nodes().len()];
    let mut below = vec![false; tree.nodes().len()];
    for at in 1..tree.nodes().len() {
        holds[tree.parent(at)] = true;
    }
    if let Some(root) = below.get_mut(root) {
        *root = true;
    }
    for at in 1..tree.nodes().len() {
        below[at] = below[at] || below[tree.parent(at)];
    }
    let measure = shown.choice.measure;
    let whole = shown.costly.amounts.first().map_or(0, |all| all.of(measure)).max(1);
    let known = |amount: i64| if amount > 0 { Cell::Int(amount) } else { Cell::None };
    let leaves = (1..tree.nodes().len()).filter(|&at| below[at] && !holds[at]);
    let mut leaves: Vec<usize> = leaves.collect();
    leaves.sort_by_key(|&at| std::cmp::Reverse(shown.costly.amounts.get(at).map_or(0, |amount| amount.of(measure))));
    let row = |at: usize| {
        let amount = shown.costly.amounts.get(at)?;
        let path = tree.path(at);
        let inside: Vec<&str> = path[1..path.len() - 1].iter().map(|&node| &*tree.nodes()[node].name).collect();
        let row = Row::new([
            Cell::text(&tree.nodes()[at].name),
            Cell::text(&inside.join(" › ")),
            Cell::Real(amount.of(measure) as f64 / whole as f64),
            known(amount.ns),
            known(amount.count),
            known(amount.longest),
            known(amount.px),
            known(amount.bytes),
        ]);
        Some(match amount.place {
            Some((begin, end)) => row.at(Range::new(begin, end)),
            None => row,
        })
    };
    leaves.into_iter().filter_map(row).collect()
}
