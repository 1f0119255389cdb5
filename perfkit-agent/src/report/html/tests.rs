//! The page of sessions that mean ill, and of those in which there is nothing.

use std::path::Path;
use std::sync::Arc;

use quick_xml::events::Event;

use super::html;
use crate::analysis::costs::{Amount, Costs, KINDS, Leaf};
use crate::analysis::hangs::Hang;
use crate::analysis::latency::Answer;
use crate::analysis::{Analysis, Finding, Input, Inside, Report as Slow, Span, Stack};
use crate::report::{Lost, Report};
use crate::session::{Bookmark, Store};
use crate::source::Outlet;

const HOSTILE: &str = "</title></style><script>alert(1)</script>\" onload='alert(2)' \u{202e}\u{0}&lt;";

/// A session that has facts of one text.
fn session(path: &Path, text: &str) {
    let mut store = Store::create(path).unwrap();
    let (sender, receiver) = std::sync::mpsc::sync_channel(1000);
    let mut outlet = Outlet::new(0, "test", sender, Arc::default());
    outlet.source_begins(text);
    for name in ["process.1.program", "target.command", "machine.cpu", "environment.GTK_THEME", "tool.test.version"] {
        outlet.fact(name, text);
    }
    outlet.note(text);
    outlet.end(Ok(()));
    receiver.try_iter().for_each(|message| store.handle(message).unwrap());
    store.close().unwrap();
}

/// All that can be in a report, in one text.
pub fn hostile(text: &str) -> Analysis {
    let words = || text.to_owned();
    let inside = || Inside { name: "syscall", ns: 1, words: words(), evidence: words() };
    let finding = Finding {
        rule: "callback",
        subject: words(),
        ns: 40_000_000,
        words: words(),
        parts: vec![(0, 50_000_000)],
        evidence: words(),
        inside: Some(inside()),
    };
    let slow = Slow {
        thread: (1, 1),
        frame: (1, 7),
        window: Some(words()),
        place: (0, 50_000_000),
        work: 50_000_000,
        budget: 16_666_667,
        deadline: 16_666_667,
        phases: vec![("layout", 7)],
        findings: vec![finding],
    };
    let stack = Stack { user: vec![words()], kernel: vec![words()] };
    let hang = Hang { thread: (1, 1), place: (0, 2_000), subject: words(), calls: 1, inside: Some(inside()), stack };
    let input = Span { time: 3, end: 4, what: Input { event: words(), window: 1, latency: None, clock: None } };
    let amount = Amount { ns: 30, count: 2, longest: 20, place: None, samples: 1, px: 9, bytes: 7 };
    let leaf = |parts: &[&str]| Leaf { path: parts.iter().map(|part| format!("{text}{part}")).collect(), amount };
    let costs = KINDS.iter().map(|kind| {
        let leaves = vec![leaf(&["module", "a"]), leaf(&["module", "b"]), leaf(&["other"])];
        Costs { kind, rows: kind.rows(&leaves), leaves }
    });
    Analysis {
        place: (0, 100_000_000),
        frames: vec![1_000_000, 50_000_000],
        strip: vec![(50_000_000, 50_000_000, 16_666_667), (90_000_000, 1_000_000, 16_666_667)],
        slow: vec![slow],
        hangs: vec![hang],
        answers: vec![Answer { input, made: 1, shown: 60_000_000 }],
        costs: costs.collect(),
        worked: 100,
        ..Analysis::default()
    }
}

fn page(text: &str, analysis: Analysis) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a<b>&'c\".perfkit");
    session(&path, text);
    let bookmarks = vec![Bookmark { id: 1, begin: 5, end: 9, text: text.to_owned() }];
    let (subject, note, remarks) = (text.to_owned(), text.to_owned(), vec![text.to_owned()]);
    let lost = vec![Lost { source: text.to_owned(), kind: text.to_owned(), count: 3, place: (0, 9) }];
    let renderer = format!("Gsk{text}");
    let report =
        Report { path: path.clone(), subject, analysis, bookmarks, note, remarks, lost, renderer, ..Report::default() };
    html(&report, &path).unwrap()
}

/// The names of all elements of a page, which is as strict as XML but for its script and style.
fn elements(page: &str) -> Vec<String> {
    let mut page = page.replacen("<!DOCTYPE html>", "", 1);
    for tag in ["style", "script"] {
        let (begin, end) = (format!("<{tag}>"), format!("</{tag}>"));
        let from = page.find(&begin).unwrap() + begin.len();
        let to = from + page[from..].find(&end).unwrap();
        page.replace_range(from..to, "");
    }
    let mut reader = quick_xml::Reader::from_str(&page);
    let mut names = Vec::new();
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error} at {}", reader.error_position())) {
            Event::Start(tag) | Event::Empty(tag) => {
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    assert!(!attribute.key.as_ref().starts_with("on"), "{attribute:?}");
                    // Nothing leads out of the page.
                    let leads = ["src", "href"].contains(&attribute.key.as_ref());
                    assert!(!leads || attribute.value.starts_with('#'), "{attribute:?}");
                }
                names.push(tag.name().as_ref().to_owned());
            }
            Event::Eof => return names,
            _ => {}
        }
    }
}

#[test]
fn no_text_of_a_session_becomes_a_tag() {
    let harmless = HOSTILE.replace(['<', '>', '"', '\'', '&', '\u{0}', '\u{202e}'], "x");
    let (ill, well) = (page(HOSTILE, hostile(HOSTILE)), page(&harmless, hostile(&harmless)));
    // Longer names have fewer labels on the drawings.
    let all = |page: &str| elements(page).into_iter().filter(|name| name != "text").collect::<Vec<_>>();
    assert_eq!(all(&ill), all(&well));
    assert_eq!(elements(&ill).iter().filter(|name| *name == "script").count(), 1);
    assert!(ill.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !ill.contains("<script>alert"));
    assert!(!ill.contains(['\u{0}', '\u{202e}']));
}

#[test]
fn a_session_without_frames_says_what_to_do() {
    let page = page("idle", Analysis::default());
    let elements = elements(&page);
    assert!(page.contains("perfkit-agent record -- PROGRAM"), "{page}");
    assert!(!elements.iter().any(|name| name == "svg"), "there is nothing to draw");
}

#[test]
fn a_session_without_slow_frames_is_praised() {
    let good = Analysis { frames: vec![5], strip: vec![(9, 5, 16_666_667)], place: (0, 10), ..Analysis::default() };
    let page = page("quick", good);
    elements(&page);
    assert!(
        page.contains("The only frame kept")
            && !page.contains("id=\"worst\"")
            && !page.contains("class=\"verdict slow\"")
    );
}
