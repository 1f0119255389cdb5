//! What cost, as trees for treemaps: by each kind of [`super::costs::KINDS`], in each measure that it has.
//!
//! A report asks [`of`] with what its analysis has found; a window, which shows one tree at a time, asks [`tree`], which
//! reads what that one needs.

use std::collections::HashMap;

use gdkrecord::draw::treemap::Tree;
use gdkrecord::units;

use super::costs::{Amount, KINDS, Kind, Leaf, Measure, Measured};
use super::engine::Facts;
use super::read::threads;
use super::stacks::Stacks;
use super::timeline::Timeline;
use crate::error::Result;
use crate::session::query::Query;
use crate::symbols::callback_names;

/// Every kind with every measure that it has.
pub fn pairs() -> impl Iterator<Item = (&'static Kind, &'static Measured)> {
    KINDS.iter().flat_map(|kind| kind.measures.iter().map(move |measured| (kind, measured)))
}

/// Those of which a session may have something: others give trees of a root alone.
pub fn known(query: &Query) -> Vec<(&'static Kind, &'static Measured)> {
    let has = |table: &&str| {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table})");
        // What cannot be read says so when it is shown.
        query.db().query_row(&sql, [], |row| row.get(0)).unwrap_or(true)
    };
    pairs().filter(|(_, measured)| measured.tables.iter().any(has)).collect()
}

/// A treemap, and how much each of its nodes cost in every measure.
#[derive(Clone, Debug)]
pub struct Costly {
    /// The tree.
    pub tree: Tree,
    /// How much a node cost with all below it, by its number.
    pub amounts: Vec<Amount>,
}

/// What cost by a kind in a measure that it has, from one time of a session to another, both CLOCK_MONOTONIC
/// nanoseconds.
///
/// # Errors
/// Where the session cannot be read.
pub fn tree(query: &Query, by: &Kind, measure: Measure, from: i64, to: i64) -> Result<Costly> {
    let db = query.db();
    let (stacks, names) = (Stacks::default(), callback_names(db)?);
    let timelines = threads(db)?.into_iter().map(|thread| {
        let timeline = Timeline::read_only(db, thread, (from, to), |table| by.tables.contains(&table))?;
        Ok(timeline.clipped())
    });
    let timelines: Vec<Timeline> = timelines.collect::<Result<_>>()?;
    let facts: Vec<Facts<'_>> =
        timelines.iter().map(|timeline| Facts { timeline, stacks: &stacks, names: &names }).collect();
    Ok(of(by, measure, &by.leaves(db, &facts)?, usize::MAX))
}

/// The tree of some leaves: what is heaviest comes first, and what more than `most` leaves have is one leaf.
pub fn of(by: &Kind, measure: Measure, leaves: &[Leaf], most: usize) -> Costly {
    let mut heavy: Vec<(i64, &Leaf)> = leaves.iter().map(|leaf| (leaf.amount.of(measure), leaf)).collect();
    heavy.retain(|(weight, _)| *weight > 0);
    heavy.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.path.cmp(&b.1.path)));
    let rest = heavy.split_off(most.min(heavy.len()));
    let mut nodes = vec![Node::default()];
    for (_, leaf) in heavy {
        let mut at = 0;
        nodes[0].all.add(&leaf.amount);
        for part in &leaf.path {
            let next = nodes.len();
            let child = *nodes[at].children.entry(part).or_insert(next);
            if child == next {
                nodes.push(Node { name: part, ..Node::default() });
            }
            at = child;
            nodes[at].all.add(&leaf.amount);
        }
        nodes[at].own.add(&leaf.amount);
    }
    let mut lost = Amount::default();
    rest.iter().for_each(|(_, leaf)| lost.add(&leaf.amount));
    nodes[0].all.add(&lost);
    let tree = Tree::new(by.name);
    let mut costly = Costly { tree, amounts: vec![nodes[0].all] };
    costly.tree.node_mut(0).value = measure.words(nodes[0].all.of(measure)).into();
    costly.grow(&nodes, by, measure);
    if !rest.is_empty() {
        let name = format!("{} more", units::count(rest.len() as u64));
        costly.add(0, &name, (lost.of(measure), lost), measure);
    }
    color(&mut costly.tree);
    costly
}

/// A part of a path, with all that lies in it.
#[derive(Default)]
struct Node<'a> {
    name: &'a str,
    children: HashMap<&'a str, usize>,
    /// What has this path and no more of it.
    own: Amount,
    /// All.
    all: Amount,
}

impl Costly {
    /// Puts all below the root into the tree.
    fn grow(&mut self, nodes: &[Node<'_>], by: &Kind, measure: Measure) {
        let weight = |at: usize| nodes[at].all.of(measure);
        let below = |node: &Node<'_>| {
            let mut below: Vec<usize> = node.children.values().copied().collect();
            // The last is taken first.
            below.sort_by(|&a, &b| weight(a).cmp(&weight(b)).then_with(|| nodes[b].name.cmp(nodes[a].name)));
            below
        };
        // A path may be long, so that this does not call itself.
        let mut open: Vec<(usize, usize)> = below(&nodes[0]).into_iter().map(|child| (child, 0)).collect();
        while let Some((at, parent)) = open.pop() {
            let (mut node, mut name) = (&nodes[at], nodes[at].name.to_owned());
            while let Some(only) = node.children.values().next()
                && !by.joined.is_empty()
                && node.children.len() == 1
                && node.own.of(measure) == 0
            {
                node = &nodes[*only];
                name = format!("{name}{}{}", by.joined, node.name);
            }
            let own = node.own.of(measure);
            let weight = if node.children.is_empty() { own } else { 0 };
            let number = self.add(parent, &name, (weight, node.all), measure);
            if !node.children.is_empty() && own > 0 {
                let name = if by.joined.is_empty() { "other" } else { "." };
                self.add(number, name, (own, node.own), measure);
            }
            open.extend(below(node).into_iter().map(|child| (child, number)));
        }
    }

    fn add(&mut self, parent: usize, name: &str, (weight, all): (i64, Amount), measure: Measure) -> usize {
        let number = self.tree.add(parent, name, weight as f64);
        self.tree.node_mut(number).value = measure.words(all.of(measure)).into();
        self.amounts.push(all);
        number
    }

    /// Shows as colours what a shade tells: the least and the greatest that there is; `None` where nothing is known
    /// of it.
    ///
    /// Costs of neighbours differ by powers of ten, so equal steps of colour are equal quotients.
    pub fn shade(&mut self, shade: Shade) -> Option<(i64, i64)> {
        let mut holds = vec![false; self.amounts.len()];
        (1..holds.len()).for_each(|at| holds[self.tree.parent(at)] = true);
        let told = |at: usize| shade.of(&self.amounts[at]).filter(|&amount| amount > 0);
        let leaves = || (1..holds.len()).filter(|&at| !holds[at]).filter_map(told);
        let range = leaves().min().zip(leaves().max());
        for at in 0..holds.len() {
            let level = told(at).zip(range).map(|(amount, (least, most))| match least == most {
                true => 1.0,
                false => (amount as f32 / least as f32).ln() / (most as f32 / least as f32).ln(),
            });
            self.tree.node_mut(at).level = level.unwrap_or(f32::NAN).clamp(0.0, 1.0);
        }
        range
    }
}

/// What the colours of a treemap can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    /// Another measure.
    Measure(Measure),
    /// How long each was on average.
    Each,
    /// How long the longest was.
    Longest,
}

impl Shade {
    /// Those that make sense beside a measure of a kind.
    pub fn beside(by: &Kind, measure: Measure) -> Vec<Shade> {
        let has = |measure: Measure| by.measures.iter().any(|measured| measured.measure == measure);
        let others = Measure::ALL.iter().copied().filter(|&other| other != measure && has(other)).map(Shade::Measure);
        let lengths = has(Measure::Time) && has(Measure::Calls) && measure != Measure::Area;
        others.chain(lengths.then_some([Shade::Each, Shade::Longest]).into_iter().flatten()).collect()
    }

    /// What it tells of something; `None` where that is not known.
    pub fn of(self, amount: &Amount) -> Option<i64> {
        match self {
            Shade::Measure(measure) => Some(amount.of(measure)),
            Shade::Each => (amount.count > 0).then(|| amount.ns / amount.count),
            Shade::Longest => Some(amount.longest),
        }
    }

    /// An amount of it, as people read it.
    pub fn words(self, amount: i64) -> String {
        match self {
            Shade::Measure(measure) => measure.words(amount),
            Shade::Each | Shade::Longest => Measure::Time.words(amount),
        }
    }
}

/// Gives each child of the root that holds others a colour with all in it; those that hold none have one together.
fn color(tree: &mut Tree) {
    let mut holds = vec![false; tree.nodes().len()];
    (1..holds.len()).for_each(|at| holds[tree.parent(at)] = true);
    let alone = (1..holds.len()).any(|at| tree.parent(at) == 0 && !holds[at]);
    let mut next = u16::from(alone);
    for (at, holds) in holds.into_iter().enumerate().skip(1) {
        let group = match tree.parent(at) {
            0 if !holds => 0,
            0 => {
                next = next.wrapping_add(1);
                next - 1
            }
            parent => tree.nodes()[parent].group,
        };
        tree.node_mut(at).group = group;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(path: &[&str], bytes: i64) -> Leaf {
        let path = path.iter().map(|&part| part.to_owned()).collect();
        Leaf { path, amount: Amount { bytes, samples: 1, ..Amount::default() } }
    }

    /// A tree in one line: names, colours and weights in words, what is in a node in brackets.
    fn words(tree: &Tree) -> Vec<String> {
        let path = |at| tree.path(at).iter().skip(1).map(|&at| &*tree.nodes()[at].name).collect::<Vec<_>>().join(" > ");
        (1..tree.nodes().len())
            .map(|at| format!("{} {}: {}", tree.nodes()[at].group, path(at), tree.nodes()[at].value))
            .collect()
    }

    #[test]
    fn files_lie_in_their_folders_and_folders_alone_in_one_are_one() {
        let leaves = [
            leaf(&["/usr", "share", "icons", "a"], 70),
            leaf(&["/usr", "share", "icons", "b"], 20),
            leaf(&["/usr", "share", "icons"], 5),
            leaf(&["/etc", "passwd"], 1000),
            leaf(&["pipe"], 3),
            leaf(&["socket"], 0),
        ];
        let files = Kind::by_name("files").unwrap();
        let expected = [
            "0 /etc/passwd: 1000 B",
            "1 /usr/share/icons: 95 B",
            "1 /usr/share/icons > .: 5 B",
            "1 /usr/share/icons > a: 70 B",
            "1 /usr/share/icons > b: 20 B",
            "0 pipe: 3 B",
        ];
        let seen = words(&of(files, Measure::Bytes, &leaves, usize::MAX).tree);
        assert_eq!(seen, expected.map(|line| line.replace("1000 B", &units::bytes(1000))));
        let few = words(&of(files, Measure::Bytes, &leaves, 2).tree);
        assert_eq!(few.last().map(|line| &**line), Some("0 3 more: 28 B"));
        // What was sampled was not called, as far as is known.
        assert_eq!(of(files, Measure::Calls, &leaves, 9).tree.nodes().len(), 1);
    }

    #[test]
    fn what_has_parts_and_more_of_its_own_has_that_beside_them() {
        let leaves = [leaf(&["read", "pipe"], 2), leaf(&["read"], 1)];
        let seen = words(&of(Kind::by_name("syscalls").unwrap(), Measure::Bytes, &leaves, usize::MAX).tree);
        assert_eq!(seen, ["0 read: 3 B", "0 read > other: 1 B", "0 read > pipe: 2 B"]);
    }

    #[test]
    fn every_measure_of_a_kind_is_told_once_and_says_what_it_needs() {
        for kind in KINDS {
            let mut measures: Vec<&str> = kind.measures.iter().map(|measured| measured.measure.name()).collect();
            let all = measures.len();
            measures.dedup();
            assert!(all == measures.len() && kind.measures[0].measure == Measure::Time, "{}", kind.name);
            assert!(kind.measures.iter().all(|measured| !measured.tables.is_empty() && !measured.doc.is_empty()));
        }
        let named = |name: &str| KINDS.iter().any(|kind| kind.name == name);
        assert!(["windows", "widgets", "callbacks", "syscalls", "functions", "files"].into_iter().all(named));
    }

    #[test]
    fn colours_tell_another_measure_by_quotients_and_nothing_of_what_is_unknown() {
        let syscalls = Kind::by_name("syscalls").unwrap();
        let call = |path: &[&str], ns: i64, count: i64, bytes: i64| Leaf {
            amount: Amount { ns, count, longest: ns, bytes, ..Amount::default() },
            ..leaf(path, 0)
        };
        let leaves =
            [call(&["read", "a"], 1000, 1, 10), call(&["read", "b"], 2000, 100, 1000), call(&["futex"], 500, 10, 0)];
        let mut costly = of(syscalls, Measure::Time, &leaves, usize::MAX);
        let names: Vec<&str> = costly.tree.nodes().iter().map(|node| &*node.name).collect();
        assert_eq!(names, ["syscalls", "read", "b", "a", "futex"]);
        assert_eq!((costly.amounts[1].ns, costly.amounts[0].count), (3000, 111));
        let levels = |costly: &Costly| costly.tree.nodes()[2..].iter().map(|node| node.level).collect::<Vec<_>>();
        assert_eq!(costly.shade(Shade::Measure(Measure::Calls)), Some((1, 100)));
        let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(near(&levels(&costly), &[1.0, 0.0, 0.5]), "{:?}", levels(&costly));
        assert_eq!(costly.shade(Shade::Measure(Measure::Bytes)), Some((10, 1000)));
        assert!(levels(&costly)[2].is_nan());
        assert_eq!(costly.shade(Shade::Each), Some((20, 1000)));
        assert_eq!(costly.shade(Shade::Measure(Measure::Area)), None);
        let beside = |name: &str, measure| Shade::beside(Kind::by_name(name).unwrap(), measure);
        assert_eq!(beside("syscalls", Measure::Time).len(), 4);
        assert_eq!(beside("windows", Measure::Area), [Measure::Time, Measure::Calls].map(Shade::Measure));
    }
}
