//! The exposures page: what was repainted in a stretch, as it was seen: the windows on a stage, played on the document's
//! clock; how much of it was in vain, and where it was repainted again and again.
//!
//! [`controls`] play it, [`list`] shows and hides windows, [`shown`] is what is at hand of it, [`rows`] tells the same as a
//! table, [`words`] as a sentence.

mod controls;
mod legend;
mod list;
mod rows;
mod shown;
mod words;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use adw::prelude::*;
use gdkrecord::draw::exposures::fade;
use gtk::glib;
use perfkit_agent::analysis::exposures::{self, MOST, Survey};

use super::follow::{Follow, Over, Wanted};
use crate::dialogs::movie;
use crate::link::{Reader, away};
use crate::model::{Document, Range};
use crate::widgets::line::Line;
use crate::widgets::save::Saving;
use crate::widgets::scrub::Scrub;
use crate::widgets::stage::Stage;
use crate::widgets::table::{Row, Rows, Table};
use crate::widgets::{accessible, as_table, bar, status};
use crate::wording::tr;
use legend::Legend;
use list::List;
use shown::Shown;

/// While time stands, what was exposed so long ago is not lit any more, in nanoseconds: a few frames are told apart.
const STANDING: u64 = 100_000_000;
pub fn make(document: &Document) -> gtk::Widget {
    let page = Rc::new(Page::new(document));
    page.connect();
    page.root.clone().upcast()
}

/// What the session has of a stretch.
struct Answer {
    range: Range,
    /// Whether it has exposures at all.
    recorded: bool,
    survey: Survey,
    /// When something is exposed first.
    first: Option<i64>,
}

struct Page {
    document: Document,
    root: gtk::Box,
    /// "waiting", "stage", "nothing", "trouble".
    states: gtk::Stack,
    /// "stage", "table".
    views: gtk::Stack,
    words: gtk::Label,
    stage: Stage,
    scrub: Scrub,
    legend: Legend,
    list: List,
    table: Table,
    heat: gtk::ToggleButton,
    skip: gtk::ToggleButton,
    reading: gtk::Spinner,
    /// Says that there is no window.
    bare: gtk::Label,
    shown: RefCell<Option<Shown>>,
    /// Whether a further film is awaited.
    asking: Cell<bool>,
    /// Whether the table tells of what is shown.
    told: Cell<bool>,
    /// Whether it was shown what there is.
    begun: Cell<bool>,
}

impl Page {
    fn new(document: &Document) -> Page {
        let root = gtk::Box::new(gtk::Orientation::Vertical, 0);
        let states = gtk::Stack::builder().vexpand(true).build();
        accessible::only_shown(&states);
        states.add_named(&status::waiting(), Some("waiting"));
        let words =
            gtk::Label::builder().wrap(true).xalign(0.0).margin_start(12).margin_end(12).margin_bottom(6).build();
        let heat = gtk::ToggleButton::builder()
            .child(&gtk::Label::new(Some(&tr("Heat Map"))))
            .tooltip_text(tr("Show how often each place was repainted in this stretch"))
            .build();
        accessible::name(&heat, &tr("Heat Map"));
        let skip = gtk::ToggleButton::builder()
            .icon_name("media-seek-forward-symbolic")
            .tooltip_text(tr("Skip times in which nothing is exposed"))
            .css_classes(["flat"])
            .build();
        accessible::name(&skip, &tr("Skip stillness"));
        let reading = gtk::Spinner::builder()
            .halign(gtk::Align::Center)
            .valign(gtk::Align::Start)
            .margin_top(12)
            .width_request(24)
            .visible(false)
            .build();
        let bare = gtk::Label::builder()
            .label(tr("No window is there at this moment"))
            .wrap(true)
            .justify(gtk::Justification::Center)
            .halign(gtk::Align::Center)
            .valign(gtk::Align::Center)
            .can_target(false)
            .css_classes(["dim-label"])
            .build();
        Page {
            document: document.clone(),
            root,
            states,
            views: gtk::Stack::new(),
            words,
            stage: Stage::default(),
            scrub: Scrub::new(document),
            legend: Legend::new(),
            list: List::new(),
            table: rows::table(document),
            heat,
            skip,
            reading,
            bare,
            shown: RefCell::default(),
            asking: Cell::new(false),
            told: Cell::new(false),
            begun: Cell::new(false),
        }
    }

    fn connect(self: &Rc<Self>) {
        let overlay = gtk::Overlay::builder().child(&self.stage).build();
        overlay.add_overlay(self.legend.widget());
        overlay.add_overlay(&self.reading);
        overlay.add_overlay(&self.bare);
        self.views.add_named(&overlay, Some("stage"));
        self.views.add_named(&self.table, Some("table"));
        accessible::only_shown(&self.views);
        let flap = adw::Flap::builder()
            .flap_position(gtk::PackType::End)
            .fold_threshold_policy(adw::FoldThresholdPolicy::Natural)
            .content(&self.views)
            .flap(self.list.widget())
            .separator(&gtk::Separator::new(gtk::Orientation::Vertical))
            .vexpand(true)
            .build();
        accessible::only_revealed(&flap);
        let inner = gtk::Box::new(gtk::Orientation::Vertical, 0);
        inner.append(&self.words);
        inner.append(&gtk::Separator::new(gtk::Orientation::Horizontal));
        inner.append(&flap);
        inner.append(&gtk::Separator::new(gtk::Orientation::Horizontal));
        inner.append(&controls::line(&self.document, &self.scrub, &self.skip));
        self.states.add_named(&inner, Some("stage"));
        [&self.states, &self.views].into_iter().for_each(accessible::only_shown);
        self.root.append(&self.bar(&flap));
        self.root.append(&self.states);
        let page = Rc::downgrade(self);
        self.document.watch(&self.root, &["cursor", "playing", "speed"], move |_, _| {
            if let Some(page) = page.upgrade() {
                page.moved();
            }
        });
        let page = Rc::downgrade(self);
        self.document.watch(&self.root, &["search"], move |_, _| {
            if let Some(page) = page.upgrade() {
                page.mark();
            }
        });
        let page = Rc::downgrade(self);
        self.list.connect_hidden(move |hidden| {
            if let Some(page) = page.upgrade() {
                page.stage.set_hidden(hidden);
                page.bare.set_visible(page.stage.is_bare());
            }
        });
        let page = Rc::downgrade(self);
        self.table.connect_shown(move || {
            if let Some(page) = page.upgrade() {
                page.follow_rows();
            }
        });
        let page = Rc::downgrade(self);
        self.views.connect_visible_child_notify(move |_| {
            if let Some(page) = page.upgrade() {
                page.tell_rows();
            }
        });
        // The widget keeps the page, by what the page is told.
        let page = Rc::clone(self);
        Follow::new(&self.root, &self.document, Over::Chosen, read, move |_, answer| match answer {
            Ok(Some(answer)) => page.show(answer),
            // It is not wanted any more.
            Ok(None) => {}
            Err(error) => page.state("trouble", &status::trouble("Cannot Read the Session", &error.to_string())),
        });
    }

    fn bar(self: &Rc<Self>, flap: &adw::Flap) -> Line {
        let bar = bar::bar(&self.document);
        let (stage, legend) = (self.stage.clone(), self.legend.clone());
        self.heat.connect_toggled(move |heat| {
            stage.set_hot(heat.is_active());
            legend.set_hot(heat.is_active());
        });
        let button = |icon: &str, words: &str| {
            let button = gtk::Button::builder().icon_name(icon).tooltip_text(words).css_classes(["flat"]).build();
            accessible::name(&button, words);
            button
        };
        let fit = button("zoom-fit-best-symbolic", &tr("Zoom to Fit"));
        let stage = self.stage.clone();
        fit.connect_clicked(move |_| stage.fit());
        let table = as_table::switching(&self.views, "stage");
        let movie = button("camera-video-symbolic", &tr("Save as Movie…"));
        let page = Rc::downgrade(self);
        movie.connect_clicked(move |button| {
            let window = button.root().and_downcast::<gtk::Window>();
            if let (Some(page), Some(window)) = (page.upgrade(), window) {
                let (hidden, heat) = (page.stage.hidden(), page.heat.is_active());
                movie::present(&window, &page.document, hidden, heat);
            }
        });
        let stage = self.stage.downgrade();
        let draw = move |ctx: &cairo::Context, width, height| match stage.upgrade() {
            Some(stage) => stage.draw(ctx, width, height),
            None => Ok(()),
        };
        let (page, of) = (Rc::downgrade(self), Rc::downgrade(self));
        let saving = Saving::new(&tr("exposures")).picture_of(&self.stage, draw);
        let saving = saving.table_later(move || given(page.clone(), Table::shown));
        let saving = saving.text_later(move || {
            let rows = given(of.clone(), Table::chosen);
            async move { rows.await.text() }
        });
        let pane = gtk::ToggleButton::builder()
            .icon_name("sidebar-show-right-symbolic")
            .tooltip_text(tr("Windows"))
            .css_classes(["flat"])
            .build();
        accessible::name(&pane, &tr("Windows"));
        flap.bind_property("reveal-flap", &pane, "active").bidirectional().sync_create().build();
        let save = saving.button(&self.document);
        let all: [&gtk::Widget; 6] = [
            self.heat.upcast_ref(),
            fit.upcast_ref(),
            table.upcast_ref(),
            movie.upcast_ref(),
            save.upcast_ref(),
            pane.upcast_ref(),
        ];
        all.into_iter().for_each(|widget| bar.append(widget));
        let shown: [gtk::Widget; 6] = all.map(Clone::clone);
        self.states.connect_visible_child_name_notify(move |states| {
            let on = states.visible_child_name().is_some_and(|name| name == "stage");
            shown.iter().for_each(|widget| widget.set_sensitive(on));
        });
        bar
    }

    fn state(&self, name: &str, page: &adw::StatusPage) {
        if let Some(before) = self.states.child_by_name(name) {
            self.states.remove(&before);
        }
        self.states.add_named(page, Some(name));
        self.states.set_visible_child_name(name);
    }

    fn show(self: &Rc<Self>, Answer { range, recorded, survey, first }: Answer) {
        if survey.plan.shown.is_empty() {
            self.shown.take();
            return self.state("nothing", &nothing(&self.document, recorded));
        }
        let plan = &survey.plan;
        self.words.set_label(&words::sentence(plan));
        self.stage.set_plan(plan.clone());
        self.scrub.set_plan(plan.clone());
        self.legend.set_apart(plan.apart || plan.exposures == 0);
        self.list.set_plan(plan);
        let part = survey.film.clone();
        if let Some(part) = &part {
            self.stage.set_film(&part.film);
        }
        self.shown.replace(Some(Shown { range, survey, part }));
        self.told.set(false);
        self.states.set_visible_child_name("stage");
        self.mark();
        self.begin(range, first);
        self.moved();
        self.tell_rows();
    }

    /// Where somebody is still at the begin of a stretch, before any window, the page opens at what is exposed first.
    fn begin(&self, range: Range, first: Option<i64>) {
        let begins = !self.begun.replace(true) && self.document.cursor() <= range.begin;
        if let Some(first) = first.filter(|&first| begins && range.contains(first)) {
            self.document.set_cursor(first);
        }
    }

    /// The moment, the speed, or whether time runs has changed.
    fn moved(self: &Rc<Self>) {
        let seen = |shown: &Shown| (shown.range, shown.survey.plan.clone());
        let Some((range, plan)) = self.shown.borrow().as_ref().map(seen) else { return };
        let (cursor, playing) = (self.document.cursor(), self.document.playing());
        if playing && self.skip.is_active() {
            let next = plan.clock.from(cursor.max(0) as u64) as i64;
            if next > cursor {
                // This is called again then.
                return self.document.set_cursor(next);
            }
        }
        let now = cursor.clamp(range.begin, range.end);
        self.find_film(now);
        // Who wants nothing animated is shown no flashes while time runs.
        self.stage.set_calm(playing && !self.stage.settings().is_gtk_enable_animations());
        let lit = fade(self.document.speed());
        self.stage.set_moment(now.max(0) as u64, if playing { lit } else { lit.min(STANDING) });
        self.bare.set_visible(self.stage.is_bare());
        if !playing {
            self.stage.tell(self.document.seconds(now));
            self.follow_rows();
        }
    }

    /// Sees to it that there is a film of a moment.
    fn find_film(self: &Rc<Self>, now: i64) {
        let asked =
            self.shown.borrow().as_ref().and_then(|shown| Some((shown.wanted(now)?, shown.survey.plan.clone())));
        let Some((stretch, plan)) = asked.filter(|_| !self.asking.replace(true)) else { return };
        self.reading.set_visible(true);
        self.reading.start();
        let (document, page) = (self.document.clone(), Rc::downgrade(self));
        let of = plan.clone();
        let job = move |reader: &mut Reader| exposures::film(&reader.query, &of, stretch, MOST, &|| true);
        glib::spawn_future_local(async move {
            let part = document.ask_slowly(job).await;
            let Some(page) = page.upgrade() else { return };
            page.asking.set(false);
            page.reading.set_visible(false);
            page.reading.stop();
            let Some(Ok(Some(part))) = part else { return };
            // Meanwhile another stretch may be shown, which has its own.
            if let Some(shown) = page.shown.borrow_mut().as_mut().filter(|shown| Arc::ptr_eq(&shown.survey.plan, &plan))
            {
                page.stage.set_film(&part.film);
                shown.part = Some(part);
                page.told.set(false);
            }
            page.moved();
            page.tell_rows();
        });
    }

    /// Makes the windows stand out that are searched for.
    fn mark(&self) {
        let search = self.document.search().to_lowercase();
        let shown = self.shown.borrow();
        let names = shown.iter().flat_map(|shown| &shown.survey.plan.names);
        let found = names.filter(|(_, name)| !search.trim().is_empty() && name.to_lowercase().contains(search.trim()));
        let found: BTreeSet<u32> = found.map(|(&id, _)| id).collect();
        self.list.set_marked(&found);
        self.stage.set_marked(found);
    }

    /// Fills the table, where it is seen and tells of something else.
    fn tell_rows(self: &Rc<Self>) {
        if !self.is_table() || self.told.replace(true) {
            return;
        }
        let (page, rows) = (Rc::downgrade(self), self.rows());
        glib::spawn_future_local(async move {
            let rows = rows.await;
            if let Some(page) = page.upgrade() {
                page.table.set_rows(rows);
            }
        });
    }

    /// Whether the table is looked at.
    fn is_table(&self) -> bool {
        self.views.visible_child_name().is_some_and(|name| name == "table")
    }

    /// The rows of what is shown.
    fn rows(&self) -> impl Future<Output = Vec<Row>> + use<> {
        let shown = self.shown.borrow();
        let of =
            shown.as_ref().and_then(|shown| Some((shown.survey.windows.clone(), shown.part.as_ref()?.film.clone())));
        let origin = self.document.whole().begin;
        async move {
            let Some((windows, film)) = of else { return Vec::new() };
            away(move || rows::rows(windows, &film, origin)).await.unwrap_or_default()
        }
    }

    /// Selects in the table what was exposed last.
    fn follow_rows(&self) {
        if self.is_table() {
            let cursor = self.document.cursor();
            self.table.select_best(|row| row.place.map(|place| place.begin).filter(|&begin| begin <= cursor));
        }
    }
}

/// What is saved or copied: of the table that is looked at what `seen` says, else the rows of what is shown.
async fn given(page: Weak<Page>, seen: fn(&Table) -> Rows) -> Rows {
    match page.upgrade() {
        Some(page) if page.is_table() => seen(&page.table),
        Some(page) => {
            let rows = page.rows().await;
            page.table.with(rows)
        }
        None => Rows::default(),
    }
}

fn read(reader: &mut Reader, range: Range, wanted: &Wanted) -> perfkit_agent::Result<Option<Answer>> {
    let recorded = reader.session.named("gdk_exposure").is_some();
    let survey = exposures::survey(&reader.query, (range.begin, range.end), MOST, &|| wanted.still())?;
    let first = exposures::next(&reader.query, range.begin - 1)?;
    Ok(survey.map(|survey| Answer { range, recorded, survey, first }))
}

/// Says why there is nothing to see, and what to do about it.
fn nothing(document: &Document, recorded: bool) -> adw::StatusPage {
    const ICON: &str = "video-display-symbolic";
    if recorded {
        let why = tr("No window was there in this stretch of time.");
        return status::or_everything(status::nothing(ICON, "Nothing Was Exposed Here", &why), document);
    }
    let why = tr("Record a GTK program with the source gdkrecord to see what it repaints.");
    status::or_recording(status::nothing(ICON, "No Exposures", &why))
}
