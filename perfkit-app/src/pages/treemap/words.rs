//! A treemap in words: what is known of a cell, what is searched for, and why there is nothing.

use gdkrecord::draw::treemap::Tree;
use gdkrecord::units;
use perfkit_agent::analysis::costs::Measure;
use perfkit_agent::analysis::treemap::Shade;

use super::Shown;
use super::choice::Choice;
use crate::model::Document;
use crate::widgets::status;
use crate::wording::{tr, tr_with};

/// The sources from which a table of a session comes.
const SOURCES: &[(&str, &str)] = &[
    ("gdk_dispatch", "gdkrecord"),
    ("input", "gdkrecord"),
    ("gdk_exposure", "gdkrecord"),
    ("gdk_widget_cost", "gdkrecord:widgets=on"),
    ("syscalls", "strace or perf:syscalls"),
    ("samples", "perf"),
    ("calls", "ltrace or uftrace"),
];

/// What is known of a node: its name and where it is; what it cost in each measure that is known, with its share.
pub fn of_node(shown: &Shown, node: usize) -> String {
    let tree = &shown.tree;
    let (Some(of), Some(amount)) = (tree.nodes().get(node), shown.costly.amounts.get(node)) else {
        return String::new();
    };
    let path: Vec<&str> = tree.path(node).into_iter().skip(1).map(|at| &*tree.nodes()[at].name).collect();
    let whole = shown.costly.amounts.first().map_or(0, |all| all.of(shown.choice.measure));
    let share = amount.of(shown.choice.measure) as f64 / whole.max(1) as f64;
    let mut words = vec![of.value.to_string()];
    if node > 0 {
        words.push(tr_with("{share} of all", &[("share", &units::share(share))]));
    }
    let others = Measure::ALL.iter().filter(|&&measure| measure != shown.choice.measure);
    words.extend(others.filter(|&&other| amount.of(other) > 0).map(|measure| measure.words(amount.of(*measure))));
    if amount.count > 1 && amount.longest > 0 {
        let longest = Shade::Longest.words(amount.longest);
        words.push(tr_with("the longest {time}", &[("time", &longest)]));
    }
    let name = if path.is_empty() { tr(shown.choice.kind().title) } else { path.join(" › ") };
    format!("{name}\n{}", words.join(", "))
}

/// Which nodes have every word of a search in their names or in those of what holds them, with all that holds them;
/// `None` where nothing is searched for.
pub fn found(tree: &Tree, search: &str) -> Option<Vec<bool>> {
    let sought: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    if sought.is_empty() {
        return None;
    }
    let nodes = tree.nodes();
    // Which words a node has, with those of what holds it, which comes before it.
    let mut has: Vec<u64> = vec![0; nodes.len()];
    for at in 1..nodes.len() {
        let name = nodes[at].name.to_lowercase();
        let own = sought.iter().take(64).enumerate().filter(|(_, word)| name.contains(*word));
        has[at] = own.fold(has[tree.parent(at)], |all, (bit, _)| all | 1 << bit);
    }
    let all = u64::MAX >> (64 - sought.len().min(64));
    let mut found: Vec<bool> = has.iter().map(|&has| has == all).collect();
    for at in (1..nodes.len()).rev() {
        if found[at] {
            found[tree.parent(at)] = true;
        }
    }
    Some(found)
}

/// Why there is nothing, and what to do about it: what the session has nothing of at all was not `recorded`.
pub fn nothing(document: &Document, choice: Choice, recorded: bool) -> adw::StatusPage {
    const ICON: &str = "view-app-grid-symbolic";
    if recorded {
        let why = tr("There is something of it elsewhere in the session.");
        return status::or_everything(status::nothing(ICON, "Nothing in This Stretch", &why), document);
    }
    let source = |table: &str| SOURCES.iter().find(|(known, _)| *known == table).map(|(_, source)| *source);
    let mut sources: Vec<&str> = choice.measured().tables.iter().filter_map(|table| source(table)).collect();
    sources.dedup();
    let sources = sources.join(&format!(" {} ", tr("or")));
    let why = tr_with("Record with the source {source} to see this.", &[("source", &sources)]);
    status::or_recording(status::nothing(ICON, "This Was Not Recorded", &why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use perfkit_agent::analysis::costs::KINDS;

    #[test]
    fn what_holds_or_is_in_what_is_searched_for_stands_out_too() {
        let mut tree = Tree::new("all");
        let gtk = tree.add(0, "libgtk", 0.0);
        tree.add(gtk, "Draw_widget", 1.0);
        tree.add(gtk, "measure", 1.0);
        let cairo = tree.add(0, "libcairo", 0.0);
        tree.add(cairo, "draw_line", 1.0);
        let of = |search: &str| found(&tree, search).map(|found| found.iter().map(|&is| is as u8).collect::<Vec<_>>());
        assert_eq!(of(" "), None);
        assert_eq!(of("draw"), Some(vec![1, 1, 1, 0, 1, 1]));
        assert_eq!(of("GTK draw"), Some(vec![1, 1, 1, 0, 0, 0]));
        assert_eq!(of("libgtk"), Some(vec![1, 1, 1, 1, 0, 0]));
        assert_eq!(of("nothing"), Some(vec![0; 6]));
    }

    #[test]
    fn every_measure_says_which_source_it_needs() {
        let known = |table: &&str| SOURCES.iter().any(|(known, _)| known == table);
        let tables = KINDS.iter().flat_map(|kind| kind.measures).flat_map(|measured| measured.tables);
        let unknown: Vec<&&str> = tables.filter(|table| !known(table)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
