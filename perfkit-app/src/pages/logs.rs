//! Logs: what programs said, and what they said to each other on D-Bus, in the stretch that is looked at.
//!
//! A line that is selected moves the moment that every page looks at, and that moment selects its line.

use std::cell::RefCell;
use std::rc::Rc;

use adw::prelude::*;
use gtk::pango;
use perfkit_agent::Result;

use super::follow::{Follow, Over, Wanted};
use crate::link::Reader;
use crate::model::{Document, Range};
use crate::widgets::table::{Cell, Column, Kind, Row, Table};
use crate::widgets::{accessible, bar, status};
use crate::wording::{marked, tr, tr_many, tr_with};

/// Lines that are shown at most: more do not help, and reading them takes long.
const MOST: usize = 200_000;

/// Levels by how bad they are, with their style classes; a D-Bus error is an answer, which programs mostly expect.
const LEVELS: &[(&str, usize, &str)] = &[
    ("error", 0, "error"),
    ("critical", 0, "error"),
    ("warning", 1, "warning"),
    ("error reply", 1, "warning"),
    ("message", 2, ""),
    ("info", 3, ""),
    ("debug", 4, "dim-label"),
];
/// Lines without a level are told like information.
const PLAIN: (usize, &str) = (3, "");

/// What the filter offers: levels up to which number.
const UP_TO: &[(&str, usize)] = &[
    (marked("All levels"), 9),
    (marked("Information and above"), 3),
    (marked("Messages and above"), 2),
    (marked("Warnings and errors"), 1),
    (marked("Errors"), 0),
];

/// A line, and what it is filtered by.
struct Line {
    rank: usize,
    source: String,
    row: Row,
}

/// The lines of a stretch.
#[derive(Default)]
struct Lines {
    lines: Vec<Line>,
    /// There are more than are shown.
    more: bool,
    /// Every source of lines in the session.
    sources: Vec<String>,
}

pub fn make(document: &Document) -> gtk::Widget {
    let columns = vec![
        Column::new(tr("Time"), Kind::Moment),
        Column::new(tr("Level"), Kind::Text).wide(9),
        Column::new(tr("Source"), Kind::Text),
        Column::new(tr("Text"), Kind::Text).wide(30),
    ];
    let table = Table::new(document, &tr("log"), columns);
    let page = Rc::new(Page::new(document, table));
    page.connect(document);
    page.root.clone().upcast()
}

struct Page {
    root: gtk::Box,
    table: Table,
    level: gtk::DropDown,
    source: gtk::DropDown,
    sources: gtk::StringList,
    count: gtk::Label,
    more: gtk::InfoBar,
    text: gtk::Label,
    pane: gtk::Revealer,
    lines: RefCell<Lines>,
}

impl Page {
    fn new(document: &Document, table: Table) -> Page {
        let levels: Vec<String> = UP_TO.iter().map(|(name, _)| tr(name)).collect();
        let level = gtk::DropDown::from_strings(&levels.iter().map(String::as_str).collect::<Vec<_>>());
        level.set_tooltip_text(Some(&tr("Which levels are shown")));
        accessible::name(&level, &tr("Which levels are shown"));
        let sources = gtk::StringList::new(&[&tr("All sources")]);
        let source = gtk::DropDown::builder().model(&sources).tooltip_text(tr("Which sources are shown")).build();
        accessible::name(&source, &tr("Which sources are shown"));
        let count = gtk::Label::builder().css_classes(["dim-label", "numeric"]).build();
        let bar = bar::bar(document);
        for widget in [count.upcast_ref::<gtk::Widget>(), level.upcast_ref(), source.upcast_ref()] {
            bar.append(widget);
        }
        bar.append(&table.saving().button(document));
        let more = gtk::InfoBar::builder().message_type(gtk::MessageType::Info).revealed(false).build();
        let words = tr_with(
            "Only the first {count} lines are shown: zoom in, or search",
            &[("count", &gdkrecord::units::count(MOST as u64))],
        );
        more.add_child(&gtk::Label::builder().label(words).wrap(true).xalign(0.0).build());
        let text = gtk::Label::builder()
            .wrap(true)
            .wrap_mode(pango::WrapMode::WordChar)
            .selectable(true)
            .xalign(0.0)
            .yalign(0.0)
            .margin_start(12)
            .margin_end(12)
            .margin_top(9)
            .margin_bottom(9)
            .css_classes(["monospace"])
            .build();
        let scrolled = gtk::ScrolledWindow::builder()
            .child(&text)
            .hscrollbar_policy(gtk::PolicyType::Never)
            .propagate_natural_height(true)
            .max_content_height(160)
            .build();
        let below = gtk::Box::builder().orientation(gtk::Orientation::Vertical).build();
        below.append(&gtk::Separator::new(gtk::Orientation::Horizontal));
        below.append(&scrolled);
        let pane = gtk::Revealer::builder().child(&below).build();
        let root = gtk::Box::builder().orientation(gtk::Orientation::Vertical).build();
        for widget in [bar.upcast_ref::<gtk::Widget>(), more.upcast_ref(), table.upcast_ref(), pane.upcast_ref()] {
            root.append(widget);
        }
        Page { root, table, level, source, sources, count, more, text, pane, lines: RefCell::default() }
    }

    fn connect(self: &Rc<Self>, document: &Document) {
        let page = Rc::clone(self);
        self.table.connect_selected({
            let (page, document) = (Rc::downgrade(&page), document.clone());
            move |row| {
                let Some(page) = page.upgrade() else { return };
                page.text.set_label(&page.table.words(row, 3));
                page.pane.set_reveal_child(true);
                if let Some(place) = row.place {
                    document.set_cursor(place.begin);
                }
            }
        });
        for filter in [&self.level, &self.source] {
            let page = Rc::downgrade(self);
            filter.connect_selected_notify(move |_| {
                if let Some(page) = page.upgrade() {
                    page.filter();
                }
            });
        }
        let shown = Rc::downgrade(self);
        document.watch(&self.root, &["cursor"], move |_, document| {
            if let Some(page) = shown.upgrade() {
                let cursor = document.cursor();
                page.table.select_best(|row| row.place.map(|place| place.begin).filter(|&begin| begin <= cursor));
            }
        });
        let origin = document.whole().begin;
        let job = move |reader: &mut Reader, range, wanted: &Wanted| read(reader, range, origin, wanted);
        // The widget keeps the page.
        Follow::new(&self.root, document, Over::Chosen, job, move |_, lines| match lines {
            Ok(lines) => page.show(lines),
            Err(error) => {
                page.root.remove(&page.table);
                page.root.append(&status::trouble("Cannot Read the Logs", &error.to_string()));
            }
        });
    }

    fn show(&self, lines: Lines) {
        self.more.set_revealed(lines.more);
        let known: Vec<String> =
            (1..self.sources.n_items()).filter_map(|at| self.sources.string(at)).map(String::from).collect();
        if known != lines.sources {
            let all: Vec<&str> = lines.sources.iter().map(String::as_str).collect();
            self.sources.splice(1, known.len() as u32, &all);
        }
        self.lines.replace(lines);
        self.filter();
    }

    fn filter(&self) {
        let lines = self.lines.borrow();
        let most = UP_TO.get(self.level.selected() as usize).map_or(usize::MAX, |(_, most)| *most);
        let source = match self.source.selected() {
            0 | gtk::INVALID_LIST_POSITION => None,
            at => self.sources.string(at),
        };
        let fits = |line: &&Line| line.rank <= most && source.as_ref().is_none_or(|source| *source == line.source);
        let rows: Vec<Row> = lines.lines.iter().filter(fits).map(|line| line.row.clone()).collect();
        let (title, why) = match (lines.sources.is_empty(), lines.lines.is_empty()) {
            (true, _) => (
                tr("No Logs"),
                tr("Record with the source output to see what the program prints, with journal what it tells the \
                    system's log, and with dbus its messages"),
            ),
            (false, true) => {
                (tr("Nothing Was Said in This Stretch"), tr("Zoom out to see more (Ctrl+0 shows everything)"))
            }
            (false, false) => (tr("No Such Lines"), tr("Choose other levels and sources above")),
        };
        self.table.set_nothing(&title, &why);
        self.count.set_label(&tr_many("{} line", "{} lines", rows.len() as u64));
        self.table.set_rows(rows);
    }
}

fn read(reader: &mut Reader, range: Range, origin: i64, wanted: &Wanted) -> Result<Lines> {
    let sources = reader.query.read(
        "SELECT DISTINCT source FROM logs UNION SELECT DISTINCT 'D-Bus ' || track FROM dbus ORDER BY 1",
        [],
        |row| Ok(row.get::<_, Option<String>>(0)?.unwrap_or_default()),
    )?;
    let line = |time: i64, level: &str, source: String, text: &str| {
        let known = LEVELS.iter().find(|(name, ..)| *name == level);
        let (rank, style) = known.map_or(PLAIN, |&(_, rank, style)| (rank, style));
        let cells = [Cell::Int(time - origin), Cell::text(level), Cell::text(&source), Cell::text(text)];
        Line { rank, source, row: Row::new(cells).at(Range::new(time, time + 1)).styled(style) }
    };
    let logs = reader.query.read(
        "SELECT time, coalesce(level, ''), coalesce(source, ''), coalesce(domain, ''), coalesce(message, '') FROM logs
         WHERE time >= ?1 AND time < ?2 LIMIT ?3",
        (range.begin, range.end, MOST + 1),
        |row| {
            let word = |at| row.get::<_, String>(at);
            let (domain, message) = (word(3)?, word(4)?);
            let text = if domain.is_empty() { message } else { format!("{domain}: {message}") };
            Ok(line(row.get(0)?, &word(1)?, word(2)?, &text))
        },
    )?;
    let mut lines = logs;
    if wanted.still() {
        lines.extend(reader.query.read(
            "SELECT time, duration, coalesce(type, ''), 'D-Bus ' || track, coalesce(interface, ''),
             coalesce(member, ''), coalesce(path, ''), coalesce(sender, ''), coalesce(destination, ''),
             coalesce(error, '') FROM dbus WHERE time >= ?1 AND time < ?2 LIMIT ?3",
            (range.begin, range.end, MOST + 1),
            |row| {
                let word = |at| row.get::<_, String>(at);
                let of = word(2)?;
                let level = if of == "error" { "error reply" } else { &of };
                let message = Message {
                    duration: row.get(1)?,
                    interface: word(4)?,
                    member: word(5)?,
                    path: word(6)?,
                    sender: word(7)?,
                    destination: word(8)?,
                    error: word(9)?,
                };
                Ok(line(row.get(0)?, level, word(3)?, &message.words()))
            },
        )?);
    }
    lines.sort_by_key(|line| line.row.place.map(|place| place.begin));
    let more = lines.len() > MOST;
    lines.truncate(MOST);
    Ok(Lines { lines, more, sources })
}

/// A message of D-Bus.
#[derive(Default)]
struct Message {
    duration: Option<i64>,
    interface: String,
    member: String,
    path: String,
    sender: String,
    destination: String,
    error: String,
}

impl Message {
    /// "org.gtk.Actions.Activate on /org/gtk, :1.2 → :1.7, answered after 1.2 ms"
    fn words(&self) -> String {
        let mut words = match (self.interface.is_empty(), self.member.is_empty()) {
            (_, true) => String::new(),
            (true, false) => self.member.clone(),
            (false, false) => format!("{}.{}", self.interface, self.member),
        };
        if !self.error.is_empty() {
            words = format!("{}: {words}", self.error);
        }
        if !self.path.is_empty() {
            words.push_str(&format!(" on {}", self.path));
        }
        let to = if self.destination.is_empty() { "all" } else { &self.destination };
        words.push_str(&format!(", {} → {to}", self.sender));
        if let Some(duration) = self.duration.filter(|&duration| duration > 0) {
            words.push_str(&format!(", answered after {}", crate::wording::time(duration)));
        }
        words
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The lines of a stretch as text.
    pub fn told(reader: &mut Reader, range: Range, origin: i64, wanted: &Wanted) -> Vec<String> {
        let lines = read(reader, range, origin, wanted).unwrap().lines;
        let kinds = [Kind::Moment, Kind::Text, Kind::Text, Kind::Text];
        let words =
            |line: &Line| line.row.cells.iter().zip(kinds).map(|(cell, kind)| cell.words(kind)).collect::<Vec<_>>();
        lines.iter().map(|line| words(line).join("|")).collect()
    }

    #[test]
    fn a_message_is_told_in_words() {
        let message = Message {
            duration: Some(1_200_000),
            interface: "org.gtk.Actions".into(),
            member: "Activate".into(),
            path: "/org/gtk".into(),
            sender: ":1.2".into(),
            destination: ":1.7".into(),
            error: String::new(),
        };
        assert_eq!(message.words(), "org.gtk.Actions.Activate on /org/gtk, :1.2 → :1.7, answered after 1.20 ms");
        let signal = Message { member: "Changed".into(), sender: ":1.2".into(), ..Message::default() };
        assert_eq!(signal.words(), "Changed, :1.2 → all");
    }
}
