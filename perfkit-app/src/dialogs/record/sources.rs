//! The rows for sources: each with its switch, whether it can be used here and what helps, and its options.

use std::rc::Rc;

use adw::prelude::*;
use perfkit_agent::source::{Readiness, Source, Spec, USUAL, sources, specs};

use super::check::{self, States};
use crate::dialogs::form::Form;
use crate::settings::{self, settings};
use crate::widgets::accessible;
use crate::wording::{plain, tr, tr_with};

/// The group.
pub struct Sources {
    /// Its widget.
    pub group: adw::PreferencesGroup,
    rows: Rc<Vec<Row>>,
}

struct Row {
    name: &'static str,
    about: &'static str,
    /// Whether it comes too late for a process that runs.
    late: bool,
    row: adw::ExpanderRow,
    on: gtk::Switch,
    options: adw::EntryRow,
    state: gtk::Image,
    details: gtk::Label,
    usage: &'static str,
}

impl Sources {
    /// With those on that are wanted usually; some cannot watch a process that runs already.
    pub fn new(form: &Form, attach: bool) -> Sources {
        let group = adw::PreferencesGroup::builder()
            .title(tr("Sources"))
            .description(tr("What watches the program. The first ones cost next to nothing."))
            .build();
        // Which error there is about them all stands above them.
        group.add(&form.field(check::SOURCES, &group));
        let known = sources();
        let wanted = wanted(&known);
        let place = |source: &dyn Source| USUAL.iter().position(|usual| *usual == source.name()).unwrap_or(USUAL.len());
        let mut ordered: Vec<&dyn Source> = known.iter().map(|source| &**source).collect();
        ordered.sort_by_key(|source| place(*source));
        let rows: Vec<Row> = ordered.into_iter().map(|source| Row::new(source, attach)).collect();
        for row in &rows {
            group.add(&row.row);
            group.add(&form.field(&check::source_field(row.name), &row.row));
        }
        let sources = Sources { group, rows: Rc::new(rows) };
        sources.choose(&wanted);
        sources
    }

    /// Calls `changed` when something was typed or switched.
    pub fn connect(&self, changed: Rc<dyn Fn()>) {
        for row in self.rows.iter() {
            let of = Rc::clone(&changed);
            row.options.connect_changed(move |_| of());
            let of = Rc::clone(&changed);
            row.on.connect_active_notify(move |_| of());
        }
    }

    /// Those that are on, with their options.
    pub fn on(&self) -> Vec<(&'static str, String)> {
        let on = self.rows.iter().filter(|row| row.on.is_active());
        on.map(|row| (row.name, row.options.text().into())).collect()
    }

    /// Switches these on and the others off.
    pub fn choose(&self, wanted: &[Spec]) {
        for row in self.rows.iter() {
            let spec = wanted.iter().find(|spec| spec.source == row.name);
            row.options.set_text(&spec.map(check::options).unwrap_or_default());
            row.on.set_active(spec.is_some() && !row.late);
        }
    }

    /// Shows whether each can be used.
    pub fn show(&self, states: &States) {
        for row in self.rows.iter() {
            if let Some(state) = states.get(row.name) {
                row.show(state);
            }
        }
    }
}

/// What is recorded where nothing else is asked for: as the settings say.
fn wanted(known: &[Box<dyn Source>]) -> Vec<Spec> {
    let set: String = settings().get(settings::SOURCES);
    let usual = || USUAL.iter().filter_map(|name| name.parse().ok()).collect();
    // What cannot be read was set by hand, and is as good as nothing.
    if set.trim().is_empty() { usual() } else { specs(&set, known).unwrap_or_else(|_| usual()) }
}

impl Row {
    fn new(source: &dyn Source, attach: bool) -> Row {
        let (name, late) = (source.name(), attach && !source.attaches());
        let row = adw::ExpanderRow::builder().title(name).build();
        let on = gtk::Switch::builder().valign(gtk::Align::Center).sensitive(!late).build();
        accessible::name(&on, &tr_with("Record with {source}", &[("source", name)]));
        let state = gtk::Image::from_icon_name("content-loading-symbolic");
        accessible::name(&state, &tr("Not known yet"));
        accessible::name(&row, name);
        row.add_prefix(&state);
        row.add_action(&on);
        let options = adw::EntryRow::builder().title(tr("Options")).activates_default(true).build();
        accessible::describe(&options, source.usage());
        options.set_visible(has_options(source));
        row.add_row(&options);
        if name == INPUT {
            row.add_row(&consent(&options));
            // Who wants it is asked at once.
            let asks = row.downgrade();
            on.connect_active_notify(move |on| {
                if let Some(row) = asks.upgrade() {
                    row.set_expanded(on.is_active());
                }
            });
        }
        let details = gtk::Label::builder()
            .xalign(0.0)
            .wrap(true)
            .selectable(true)
            .margin_start(12)
            .margin_end(12)
            .margin_top(8)
            .margin_bottom(8)
            .css_classes(["dim-label", "caption"])
            .build();
        row.add_row(&adw::PreferencesRow::builder().child(&details).activatable(false).selectable(false).build());
        let row = Row { name, about: source.about(), late, row, on, options, state, details, usage: source.usage() };
        row.say(None);
        row
    }

    /// The words below its name, and those that stand there when it is open.
    fn say(&self, remedy: Option<&str>) {
        let late = self.late.then(|| tr("It must be there when a program starts, so not for a process that runs"));
        let remedy = late.as_deref().or(remedy);
        let about = tr(self.about);
        let words: Vec<&str> = [Some(&*about), remedy].into_iter().flatten().collect();
        self.row.set_subtitle(&plain(&words.join("\n")));
        self.details.set_label(self.usage);
    }

    fn show(&self, state: &Readiness) {
        let (icon, class, word, remedy) = match state {
            Readiness::Ready { .. } => ("emblem-ok-symbolic", "success", tr("Ready"), None),
            Readiness::Limited { remedy, .. } => {
                ("dialog-warning-symbolic", "warning", tr("Ready with limits"), Some(&**remedy))
            }
            Readiness::Missing { remedy } => {
                ("action-unavailable-symbolic", "dim-label", tr("Not available"), Some(&**remedy))
            }
        };
        self.state.set_icon_name(Some(icon));
        self.state.set_css_classes(&[class]);
        self.state.set_tooltip_text(Some(&word));
        accessible::name(&self.state, &word);
        self.say(remedy);
        if let Readiness::Ready { version, path } | Readiness::Limited { version, path, .. } = state {
            let path = path.as_ref().map(|path| path.display().to_string());
            let words: Vec<&str> =
                [Some(&**version), path.as_deref()].into_iter().flatten().filter(|word| !word.is_empty()).collect();
            if !words.is_empty() {
                self.details.set_label(&format!("{}\n{}", self.usage, words.join(", ")));
            }
        }
        let missing = matches!(state, Readiness::Missing { .. });
        // On the command line, too, the usual ones are those that can be used here.
        if missing && USUAL.contains(&self.name) && settings().get::<String>(settings::SOURCES).is_empty() {
            self.on.set_active(false);
        }
        // One that was switched on by a template can be switched off.
        self.on.set_sensitive(!self.late && (!missing || self.on.is_active()));
    }
}

/// The source of input, and its option by which what is typed is kept.
const INPUT: &str = "input";
const KEEP: &str = "text=keep";

/// The row that asks whether what is typed is kept: a switch for the option.
fn consent(options: &adw::EntryRow) -> adw::ActionRow {
    let keep = gtk::Switch::builder().valign(gtk::Align::Center).build();
    let row = adw::ActionRow::builder()
        .title(tr("Keep typed text"))
        .subtitle(tr("Letters can be replayed only then. All that is typed into the program is in the session, \
                      passwords too: mind whom you give it to."))
        .subtitle_lines(0)
        .activatable_widget(&keep)
        .build();
    row.add_suffix(&keep);
    let entry = options.clone();
    keep.connect_active_notify(move |keep| {
        let text = entry.text();
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty() && *part != KEEP);
        let wanted: Vec<&str> = parts.chain(keep.is_active().then_some(KEEP)).collect();
        if keeps(&text) != keep.is_active() {
            entry.set_text(&wanted.join(","));
        }
    });
    options.connect_changed(move |entry| keep.set_active(keeps(&entry.text())));
    row
}

/// Whether options of the source say that what is typed is kept.
fn keeps(options: &str) -> bool {
    options.split(',').any(|option| option.trim() == KEEP)
}

/// Whether anything may follow its name: `strace[:CALLS]`.
fn has_options(source: &dyn Source) -> bool {
    let rest = &source.usage()[source.name().len().min(source.usage().len())..];
    rest.starts_with('[') || rest.strip_prefix(':').is_some_and(|rest| !rest.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_without_options_are_known() {
        let without: Vec<_> =
            sources().iter().filter(|source| !has_options(&***source)).map(|source| source.name()).collect();
        assert_eq!(without, ["output", "sysprof"]);
    }
}
