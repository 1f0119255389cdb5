//! What a treemap shows: by what its cells are, what makes them large, and what colours them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gtk::pango;
use gtk::prelude::*;
use perfkit_agent::analysis::costs::{KINDS, Kind, Measure, Measured};
use perfkit_agent::analysis::treemap::Shade;

use crate::widgets::accessible;
use crate::widgets::line::Line;
use crate::wording::tr;

/// What is shown first of a session that has it.
const FIRST: &[&str] = &["functions", "widgets", "callbacks", "windows", "syscalls", "files"];

/// What is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The kind, by its place in the table of kinds.
    kind: usize,
    /// What makes cells large.
    pub measure: Measure,
    /// What colours them; their group where there is none.
    pub shade: Option<Shade>,
}

impl Default for Choice {
    fn default() -> Choice {
        Choice { kind: 0, measure: Measure::Time, shade: None }
    }
}

impl Choice {
    /// What a session is looked at first by, of the pairs of a kind and a measure of which it has something.
    pub fn first(known: &[(&'static str, &'static str)]) -> Option<Choice> {
        // Where time went comes before all else: of most sessions the areas are those of one window.
        let timed = |name: &&&str| known.contains(&(**name, Measure::Time.name()));
        let has = |name: &&&str| known.iter().any(|(kind, _)| kind == *name);
        let name = FIRST.iter().find(timed).or_else(|| FIRST.iter().find(has))?;
        let kind = KINDS.iter().position(|kind| kind.name == *name)?;
        let measures = KINDS[kind].measures.iter().map(|measured| measured.measure);
        let measure = measures.into_iter().find(|measure| known.contains(&(*name, measure.name())))?;
        Some(Choice { kind, measure, shade: None })
    }

    /// The kind.
    pub fn kind(&self) -> &'static Kind {
        &KINDS[self.kind.min(KINDS.len() - 1)]
    }

    /// The kind's measure.
    pub fn measured(&self) -> &'static Measured {
        let measures = self.kind().measures;
        measures.iter().find(|measured| measured.measure == self.measure).unwrap_or(&measures[0])
    }

    /// Whether the cells are the same.
    pub fn same_map(&self, other: &Choice) -> bool {
        (self.kind, self.measure) == (other.kind, other.measure)
    }

    /// Another kind, with the same measure and colours where they make sense.
    fn with_kind(self, kind: usize) -> Choice {
        let of = |measure| Choice { kind, measure, shade: self.shade };
        let measures = KINDS.get(kind).map_or(&[][..], |kind| kind.measures);
        let same = measures.iter().any(|measured| measured.measure == self.measure);
        of(if same { self.measure } else { measures.first().map_or(Measure::Time, |first| first.measure) }).fitting()
    }

    fn with_measure(self, measure: Measure) -> Choice {
        Choice { measure, ..self }.fitting()
    }

    /// Without colours that make no sense here.
    fn fitting(self) -> Choice {
        let shade = self.shade.filter(|shade| Shade::beside(self.kind(), self.measure).contains(shade));
        Choice { shade, ..self }
    }
}

/// A measure's name in the user's language.
pub fn measure_name(measure: Measure) -> String {
    tr(match measure {
        Measure::Time => "Time",
        Measure::Area => "Area",
        Measure::Calls => "Calls",
        Measure::Bytes => "Bytes",
    })
}

/// What colours tell, in the user's language.
pub fn shade_name(shade: Shade) -> String {
    match shade {
        Shade::Measure(measure) => measure_name(measure),
        Shade::Each => tr("Time of each"),
        Shade::Longest => tr("The longest"),
    }
}

/// Called with what was chosen.
type Told = Box<dyn Fn(Choice)>;

/// What one chooses with. All clones are one.
#[derive(Clone)]
pub struct Chooser {
    line: Line,
    kind: gtk::DropDown,
    measure: gtk::DropDown,
    shade: gtk::DropDown,
    about: gtk::Label,
    state: Rc<State>,
}

#[derive(Default)]
struct State {
    choice: Cell<Choice>,
    told: RefCell<Option<Told>>,
    /// What is set here was not chosen by anybody.
    quiet: Cell<bool>,
}

impl Chooser {
    /// With nothing told of it yet.
    pub fn new() -> Chooser {
        let down = |words: &str| {
            let down = gtk::DropDown::builder().tooltip_text(words).model(&strings(&[])).build();
            accessible::name(&down, words);
            down
        };
        let (kind, measure) = (down(&tr("What cells are")), down(&tr("What makes cells large")));
        let shade = down(&tr("What colours cells"));
        let about = gtk::Label::builder()
            .xalign(0.0)
            .hexpand(true)
            .ellipsize(pango::EllipsizeMode::End)
            .margin_start(6)
            .css_classes(["dim-label"])
            .build();
        let line = Line::default();
        line.set_margin_start(12);
        line.set_margin_end(12);
        line.set_margin_bottom(6);
        [&kind, &measure, &shade].into_iter().for_each(|down| line.append(down));
        line.append(&about);
        let kinds: Vec<String> = KINDS.iter().map(|kind| tr(kind.title)).collect();
        kind.set_model(Some(&strings(&kinds)));
        let chooser = Chooser { line, kind, measure, shade, about, state: Rc::default() };
        chooser.connect();
        chooser
    }

    /// Its widget.
    pub fn widget(&self) -> &Line {
        &self.line
    }

    /// Called with what was chosen, whenever that is something else.
    pub fn connect_chosen(&self, told: impl Fn(Choice) + 'static) {
        self.state.told.replace(Some(Box::new(told)));
    }

    /// Shows what is chosen; says of what is not known that it is not.
    pub fn set(&self, choice: Choice, known: &[(&'static str, &'static str)]) {
        self.state.choice.set(choice);
        self.state.quiet.set(true);
        let kinds = KINDS.iter().map(|kind| {
            let has = known.iter().any(|(name, _)| *name == kind.name);
            if has { tr(kind.title) } else { format!("{} ({})", tr(kind.title), tr("not recorded")) }
        });
        fill(&self.kind, kinds.collect(), choice.kind);
        let measures = choice.kind().measures;
        let at = measures.iter().position(|measured| measured.measure == choice.measure);
        let names = measures.iter().map(|measured| measure_name(measured.measure));
        fill(&self.measure, names.collect(), at.unwrap_or(0));
        let shades = Shade::beside(choice.kind(), choice.measure);
        let at = shades.iter().position(|&shade| Some(shade) == choice.shade).map_or(0, |at| at + 1);
        let names = shades.iter().map(|&shade| format!("{}: {}", tr("Colour"), shade_name(shade)));
        fill(&self.shade, std::iter::once(tr("Colours of groups")).chain(names).collect(), at);
        self.shade.set_sensitive(!shades.is_empty());
        let about = tr(choice.measured().doc);
        self.about.set_label(&about);
        self.about.set_tooltip_text(Some(&about));
        self.state.quiet.set(false);
    }

    fn connect(&self) {
        let add = |down: &gtk::DropDown, chosen: fn(Choice, usize) -> Option<Choice>| {
            let state = Rc::downgrade(&self.state);
            down.connect_selected_notify(move |down| {
                let Some(state) = state.upgrade().filter(|state| !state.quiet.get()) else { return };
                let before = state.choice.get();
                let choice = chosen(before, down.selected() as usize).filter(|choice| *choice != before);
                if let (Some(choice), Some(told)) = (choice, &*state.told.borrow()) {
                    state.choice.set(choice);
                    told(choice);
                }
            });
        };
        add(&self.kind, |before, at| Some(before.with_kind(at)));
        add(&self.measure, |before, at| {
            before.kind().measures.get(at).map(|measured| before.with_measure(measured.measure))
        });
        add(&self.shade, |before, at| {
            let shades = Shade::beside(before.kind(), before.measure);
            let shade = at.checked_sub(1).and_then(|at| shades.get(at)).copied();
            Some(Choice { shade, ..before })
        });
    }
}

fn strings(all: &[String]) -> gtk::StringList {
    gtk::StringList::new(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Offers other texts where they differ, and selects one.
fn fill(down: &gtk::DropDown, texts: Vec<String>, selected: usize) {
    let model = down.model().and_downcast::<gtk::StringList>();
    let same = model.is_some_and(|model| {
        model.n_items() as usize == texts.len()
            && texts.iter().zip(0..).all(|(text, at)| model.string(at).is_some_and(|known| known == *text))
    });
    if !same {
        down.set_model(Some(&strings(&texts)));
    }
    down.set_selected(selected as u32);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_with_another_kind_is_let_go() {
        let at = |name: &str| KINDS.iter().position(|kind| kind.name == name).unwrap();
        let files = Choice { kind: at("files"), measure: Measure::Bytes, shade: Some(Shade::Measure(Measure::Calls)) };
        let calls = files.with_kind(at("syscalls"));
        assert_eq!((calls.measure, calls.shade), (Measure::Bytes, files.shade));
        let windows = files.with_kind(at("windows"));
        assert_eq!(windows.measure, Measure::Time);
        assert_eq!(windows.shade, Some(Shade::Measure(Measure::Calls)));
        assert_eq!(files.with_measure(Measure::Calls).shade, None);
    }

    #[test]
    fn a_session_is_first_looked_at_by_what_it_has() {
        assert_eq!(Choice::first(&[]), None);
        let first = Choice::first(&[("callbacks", "time"), ("windows", "area")]).unwrap();
        assert_eq!((first.kind().name, first.measure), ("callbacks", Measure::Time));
        let timed = Choice::first(&[("widgets", "area"), ("callbacks", "time")]).unwrap();
        assert_eq!((timed.kind().name, timed.measure), ("callbacks", Measure::Time));
        let area = Choice::first(&[("windows", "area")]).unwrap();
        assert_eq!((area.kind().name, area.measure), ("windows", Measure::Area));
        assert!(FIRST.iter().all(|name| Kind::by_name(name).is_some()) && FIRST.len() == KINDS.len());
    }
}
