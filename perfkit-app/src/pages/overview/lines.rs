//! The lists of the overview: slow frames, hangs, answers, costs, waste, and what there is to know about the session.

use adw::prelude::*;
use gdkrecord::units;
use gtk::pango;
use perfkit_agent::analysis::costs::{Cost, Costs};
use perfkit_agent::report::{self, Report};

use super::range;
use crate::model::{Document, Range};
use crate::widgets::{accessible, card};
use crate::wording::{plain, time, tr, tr_many, tr_with};

/// Lines of a list at first.
const FEW: usize = 5;
/// Lines that a list has at most; the timeline and the command line have all.
const MANY: usize = 200;
/// Repaint in vain is told from this share on.
const WASTEFUL: f64 = 0.05;

/// Where a line leads.
enum Lead {
    Place(Range),
    Page(&'static str),
    /// A page with something searched for.
    Search(&'static str, String),
    Nowhere,
}

impl Lead {
    fn go(&self, document: &Document) {
        match self {
            Lead::Place(range) => document.go("timeline", *range),
            Lead::Page(page) => document.show_page(page),
            Lead::Search(page, text) => {
                document.set_search(text.as_str());
                document.show_page(page);
            }
            Lead::Nowhere => {}
        }
    }
}

/// A line of a list.
struct Line {
    /// A number in front; may be empty.
    head: String,
    title: String,
    subtitle: String,
    lead: Lead,
}

/// A heading with a list below it, of which the first few are shown; `None` where there is nothing.
fn list(document: &Document, title: &str, lines: Vec<Line>) -> Option<gtk::Box> {
    if lines.is_empty() {
        return None;
    }
    let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).css_classes(["boxed-list"]).build();
    accessible::name(&list, title);
    let count = lines.len();
    let mut lines = lines.into_iter();
    lines.by_ref().take(FEW).for_each(|line| list.append(&row(document, line)));
    if count > FEW {
        let rest = std::cell::RefCell::new(Some(lines.take(MANY)));
        let words = tr_many("Show {} More", "Show {} More", (count - FEW).min(MANY) as u64);
        let more = adw::ActionRow::builder().title(plain(&words)).activatable(true).build();
        more.add_suffix(&gtk::Image::from_icon_name("pan-down-symbolic"));
        let document = document.clone();
        more.connect_activated(move |more| {
            let Some(list) = more.parent().and_downcast::<gtk::ListBox>() else { return };
            let rows: Vec<_> = rest.take().into_iter().flatten().map(|line| row(&document, line)).collect();
            list.remove(more);
            rows.iter().for_each(|row| list.append(row));
            if let Some(first) = rows.first() {
                first.grab_focus();
            }
        });
        list.append(&more);
    }
    let all = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(9).build();
    all.append(&super::heading(title));
    all.append(&list);
    Some(all)
}

fn row(document: &Document, line: Line) -> adw::ActionRow {
    let row = adw::ActionRow::builder()
        .title(plain(&line.title))
        .title_lines(3)
        .subtitle(plain(&line.subtitle))
        .subtitle_lines(3)
        .build();
    if !line.head.is_empty() {
        let head = gtk::Label::builder().label(&line.head).width_chars(8).xalign(1.0).build();
        head.set_css_classes(&["numeric", "heading"]);
        row.add_prefix(&head);
    }
    if !matches!(line.lead, Lead::Nowhere) {
        row.set_activatable(true);
        row.add_suffix(&gtk::Image::from_icon_name("go-next-symbolic"));
        let document = document.clone();
        row.connect_activated(move |_| line.lead.go(&document));
    }
    row
}

fn at(report: &Report, time: i64) -> String {
    tr_with("at {time}", &[("time", &format!("{:.3} s", report.seconds(time)))])
}

/// What made frames slow, as a card beside the histogram.
pub fn causes(document: &Document, report: &Report) -> Option<gtk::Box> {
    let causes = report.analysis.causes();
    let most = causes.first()?.2;
    let list = bare_list(&tr("What Made Frames Slow"));
    for (finding, count, ns) in causes.into_iter().take(FEW) {
        let frames = tr_many("in {} slow frame", "in {} slow frames", count as u64);
        let place = range(finding.place());
        list.append(&bar(document, &finding.cause(), ns, most, &frames, Lead::Place(place)));
    }
    Some(card::card(&tr("What Made Frames Slow"), &list).root)
}

/// The slowest frames.
pub fn worst(document: &Document, report: &Report) -> Option<gtk::Box> {
    let mut slow: Vec<_> = report.analysis.slow.iter().collect();
    slow.sort_by_key(|slow| std::cmp::Reverse(slow.work));
    let line = |slow: &perfkit_agent::analysis::Report| {
        let because = match slow.findings.first() {
            Some(finding) => finding.sentence(),
            None => tr("Nothing that was recorded explains it"),
        };
        let budgets = format!("{:.1}", slow.work as f64 / slow.budget.max(1) as f64);
        let subtitle = tr_with(
            "Frame {number} {at}, {budgets} budgets",
            &[("number", &slow.frame.1.to_string()), ("at", &at(report, slow.place.0)), ("budgets", &budgets)],
        );
        Line { head: time(slow.work), title: because, subtitle, lead: Lead::Place(range(slow.place)) }
    };
    list(document, &tr("The Slowest Frames"), slow.into_iter().map(line).collect())
}

/// Hangs, the longest first.
pub fn hangs(document: &Document, report: &Report) -> Option<gtk::Box> {
    let mut hangs: Vec<_> = report.analysis.hangs.iter().collect();
    hangs.sort_by_key(|hang| hang.place.0 - hang.place.1);
    let line = |hang: &perfkit_agent::analysis::hangs::Hang| {
        let inside = hang
            .inside
            .as_ref()
            .map(|inside| tr_with(", of which {time} {what}", &[("time", &time(inside.ns)), ("what", &inside.words)]));
        let title = format!("{}{}", hang.subject, inside.unwrap_or_default());
        let stack: Vec<&str> = hang.stack.user.iter().take(5).map(String::as_str).collect();
        let stack = if stack.is_empty() { String::new() } else { format!("; {}", stack.join(" ← ")) };
        let subtitle = format!("{}{stack}", at(report, hang.place.0));
        Line { head: time(hang.place.1 - hang.place.0), title, subtitle, lead: Lead::Place(range(hang.place)) }
    };
    list(document, &tr("Hangs: the Program Did Not React"), hangs.into_iter().map(line).collect())
}

/// Input that was answered late.
pub fn answers(document: &Document, report: &Report) -> Option<gtk::Box> {
    const LATE: i64 = 100_000_000;
    let mut late: Vec<_> = report.analysis.answers.iter().filter(|answer| answer.latency() >= LATE).collect();
    late.sort_by_key(|answer| std::cmp::Reverse(answer.latency()));
    let line = |answer: &perfkit_agent::analysis::latency::Answer| Line {
        head: time(answer.latency()),
        title: answer.input.what.event.clone(),
        subtitle: tr_with(
            "Made {at}, seen with the frame that ended {end}",
            &[("at", &at(report, answer.made)), ("end", &at(report, answer.shown))],
        ),
        lead: Lead::Place(Range::new(answer.made, answer.shown)),
    };
    list(document, &tr("Input That Was Answered Late"), late.into_iter().map(line).collect())
}

/// What cost most of a kind, as a card.
pub fn costs(document: &Document, report: &Report, costs: &Costs) -> Option<gtk::Box> {
    let rows = report.rows(costs.kind.name);
    let most = rows.first()?.amount.ns;
    let list = bare_list(&tr(costs.kind.title));
    for cost in rows.iter().take(FEW) {
        list.append(&bar(document, &cost.name, cost.amount.ns, most, &about(report, cost), lead(costs, cost)));
    }
    let card = card::card(&tr(costs.kind.title), &list);
    card.root.set_tooltip_text(Some(&tr(costs.kind.doc)));
    Some(card.root)
}

/// Where a cost leads: to where its longest was, or to what is known of its function.
fn lead(costs: &Costs, cost: &Cost) -> Lead {
    // "malloc (libc.so.6)"; of functions without a name the file is known.
    let function = || match cost.name.rsplit_once(" (") {
        Some(("unknown", module)) => module.trim_end_matches(')').to_owned(),
        Some((function, _)) => function.to_owned(),
        None => cost.name.clone(),
    };
    match cost.amount.place {
        Some(place) => Lead::Place(range(place)),
        None if costs.kind.name == "functions" => Lead::Search("calls", function()),
        None => Lead::Nowhere,
    }
}

/// "31.2 % of the work, 4692 times, 61 ms at most"
fn about(report: &Report, cost: &Cost) -> String {
    let mut words = Vec::new();
    // Without a main loop nobody knows how much work there was.
    if report.analysis.worked > 0 {
        let share = units::share(cost.amount.ns as f64 / report.analysis.worked as f64);
        words.push(tr_with("{share} of the work", &[("share", &share)]));
    }
    if cost.amount.count > 0 {
        words.push(tr_many("once", "{} times", cost.amount.count as u64));
    }
    if cost.amount.count > 1 && cost.amount.longest > 0 {
        words.push(tr_with("{time} at most", &[("time", &time(cost.amount.longest))]));
    }
    if cost.amount.samples > 0 {
        words.push(tr_many("{} sample", "{} samples", cost.amount.samples as u64));
    }
    words.join(", ")
}

/// Windows that repainted what had not changed, as a card.
pub fn waste(document: &Document, report: &Report) -> Option<gtk::Box> {
    let wasteful = |share: Option<f64>| share.is_some_and(|share| share > WASTEFUL);
    let windows: Vec<_> =
        report.analysis.windows.iter().filter(|window| wasteful(window.repaint.share())).take(FEW).collect();
    if windows.is_empty() {
        return None;
    }
    let list = bare_list(&tr("Repainted in Vain"));
    let area = |px: i64| units::area(u64::try_from(px).unwrap_or(0));
    for window in windows {
        let repaint = window.repaint;
        let all = tr_with(
            "{share} of {all}",
            &[("share", &units::share(repaint.share().unwrap_or(0.0))), ("all", &area(repaint.repainted))],
        );
        let wasted = area(repaint.wasted);
        let row = line_of(&window.name, &wasted, repaint.share().unwrap_or(0.0), &all);
        let row = leading(document, &row, Lead::Page("exposures"));
        accessible::name(&row, &[&window.name, &wasted, &all].map(String::as_str).join(", "));
        list.append(&row);
    }
    Some(card::card(&tr("Repainted in Vain"), &list).root)
}

/// What there is to know about the session: what was lost, and what slowed it.
pub fn remarks(document: &Document, report: &Report) -> Option<gtk::Box> {
    let line = |remark: &String| Line {
        head: String::new(),
        title: remark.clone(),
        subtitle: String::new(),
        lead: Lead::Page("details"),
    };
    list(document, &tr("To Know About This Session"), report.remarks.iter().map(line).collect())
}

/// What would have told more.
pub fn next(report: &Report) -> Option<gtk::Label> {
    let missing: Vec<String> = report::missing(report)
        .into_iter()
        .map(|(source, what)| tr_with("Record with {source} to learn {what}.", &[("source", source), ("what", what)]))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let label = gtk::Label::builder().label(missing.join("\n")).xalign(0.0).wrap(true).build();
    label.set_css_classes(&["dim-label", "caption"]);
    Some(label)
}

/// A list that lies in a card of its own.
fn bare_list(name: &str) -> gtk::ListBox {
    let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).build();
    list.add_css_class("perfkit-bare");
    accessible::name(&list, name);
    list.connect_row_activated(|_, row| {
        // The row's own action knows where it leads.
        let _ = WidgetExt::activate_action(row, "line.go", None);
    });
    list
}

/// A line with a time and a bar for it beside the most.
fn bar(document: &Document, name: &str, ns: i64, most: i64, about: &str, lead: Lead) -> gtk::ListBoxRow {
    let row = leading(document, &line_of(name, &time(ns), ns as f64 / most.max(1) as f64, about), lead);
    accessible::name(&row, &[name, &time(ns), about].join(", "));
    row
}

fn line_of(name: &str, value: &str, share: f64, about: &str) -> gtk::Box {
    let first = gtk::Box::builder().spacing(12).build();
    let label = gtk::Label::builder()
        .label(name)
        .xalign(0.0)
        .hexpand(true)
        .ellipsize(pango::EllipsizeMode::Middle)
        .tooltip_text(name)
        .build();
    first.append(&label);
    first.append(&gtk::Label::builder().label(value).css_classes(["numeric"]).build());
    let bar = gtk::LevelBar::builder().value(share.clamp(0.0, 1.0)).css_classes(["perfkit-share"]).build();
    for offset in ["low", "high", "full"] {
        bar.remove_offset_value(Some(offset));
    }
    let about = gtk::Label::builder()
        .label(about)
        .xalign(0.0)
        .ellipsize(pango::EllipsizeMode::End)
        .css_classes(["dim-label", "caption", "numeric"])
        .build();
    let all = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(3).build();
    all.append(&first);
    all.append(&bar);
    all.append(&about);
    all
}

fn leading(document: &Document, child: &gtk::Box, lead: Lead) -> gtk::ListBoxRow {
    let row = gtk::ListBoxRow::builder().child(child).build();
    let leads = !matches!(lead, Lead::Nowhere);
    row.set_activatable(leads);
    let group = gtk::gio::SimpleActionGroup::new();
    let go = gtk::gio::SimpleAction::new("go", None);
    let document = document.clone();
    go.connect_activate(move |_, _| lead.go(&document));
    group.add_action(&go);
    row.insert_action_group("line", Some(&group));
    row
}
