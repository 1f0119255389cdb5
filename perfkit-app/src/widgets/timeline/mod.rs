//! The timeline of a document: it takes input, asks for what is visible, and shows the picture of it.
//!
//! [`asking`] fetches, [`show`] draws, [`input`] takes pointer and keys, [`picking`] knows the
//! selected row, [`tracks`] which lanes are shown.

mod asking;
mod input;
mod picking;
mod searching;
mod show;
mod tracks;

use std::cell::{Cell, OnceCell, RefCell};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use gtk::glib;
use gtk::prelude::*;
use gtk::subclass::prelude::*;

use crate::draw::timeline::filter::Filter;
use crate::draw::timeline::geometry::{Geometry, View, places};
use crate::draw::timeline::heads::Letters;
use crate::draw::timeline::search::Found;
use crate::draw::timeline::{Kept, Scene, Tracks, Wanted};
use crate::model::{Document, Range};
use crate::widgets::sheet::Sheet;
use crate::widgets::{accessible, graph};
use crate::wording::tr;
pub use picking::Picked;

/// A picture of what was visible.
#[derive(Debug)]
struct Picture {
    sheet: Sheet,
    scene: Scene,
    /// How far the lanes were scrolled.
    scrolled: f64,
    /// Its height in pixels.
    height: f64,
}

mod imp {
    use std::sync::LazyLock;

    use super::*;

    #[derive(Debug, Default)]
    pub struct Timeline {
        pub document: OnceCell<Document>,
        pub(super) tracks: RefCell<Option<Arc<Tracks>>>,
        pub(super) kept: Arc<Mutex<Kept>>,
        pub(super) views: RefCell<Vec<View>>,
        pub(super) picture: RefCell<Option<Picture>>,
        /// The overview's picture, and the width for which it was made.
        pub(super) strip: RefCell<Option<(Sheet, i32)>>,
        pub(super) scroll: OnceCell<gtk::Adjustment>,
        /// Whether an answer is awaited, and whether it will be outdated.
        pub(super) asking: Cell<bool>,
        pub(super) outdated: Cell<bool>,
        /// Whether what pictures need is being made ready, and whether it is.
        pub(super) preparing: Cell<bool>,
        pub(super) prepared: Cell<bool>,
        pub(super) letters: Letters,
        pub(super) chosen: Cell<Option<usize>>,
        pub(super) picked: RefCell<Option<Picked>>,
        /// The only window whose events are shown, and how often another one was chosen.
        pub(super) filter: RefCell<Option<Arc<Filter>>>,
        pub(super) filtering: Cell<u64>,
        pub(super) found: RefCell<Option<Arc<Found>>>,
        /// How often something was searched for.
        pub(super) searches: Arc<AtomicU64>,
        pub(super) hover: Cell<Option<(f64, f64)>>,
        pub(super) drag: Cell<input::Drag>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Timeline {
        const NAME: &'static str = "PerfkitTimeline";
        type Type = super::Timeline;
        type ParentType = gtk::Widget;

        fn class_init(class: &mut Self::Class) {
            class.set_css_name("timeline");
            class.set_accessible_role(gtk::AccessibleRole::Img);
        }
    }

    impl ObjectImpl for Timeline {
        fn signals() -> &'static [glib::subclass::Signal] {
            static SIGNALS: LazyLock<Vec<glib::subclass::Signal>> = LazyLock::new(|| {
                ["picked", "changed", "found"].map(|name| glib::subclass::Signal::builder(name).build()).into()
            });
            &SIGNALS
        }

        fn constructed(&self) {
            self.parent_constructed();
            let timeline = self.obj();
            timeline.set_focusable(true);
            timeline.set_hexpand(true);
            timeline.set_vexpand(true);
            timeline.set_overflow(gtk::Overflow::Hidden);
        }
    }

    impl WidgetImpl for Timeline {
        fn measure(&self, orientation: gtk::Orientation, _for_size: i32) -> (i32, i32, i32, i32) {
            let least = if orientation == gtk::Orientation::Horizontal { 300 } else { 160 };
            (least, least, -1, -1)
        }

        fn size_allocate(&self, _width: i32, _height: i32, _baseline: i32) {
            self.obj().resized();
        }

        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            self.obj().show_on(snapshot);
        }
    }
}

glib::wrapper! {
    /// The timeline, see the module.
    pub struct Timeline(ObjectSubclass<imp::Timeline>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Timeline {
    /// The timeline of a document.
    pub fn new(document: &Document) -> Timeline {
        let timeline: Timeline = glib::Object::new();
        let imp = timeline.imp();
        // It was made just now, so that these are the first.
        let _ = imp.document.set(document.clone());
        let _ = imp.scroll.set(gtk::Adjustment::default());
        timeline.follow(document);
        timeline.take_input();
        accessible::name(&timeline, &tr("Timeline"));
        accessible::describe(
            &timeline,
            &tr(
                "Up and Down choose a track, Left and Right go from row to row, Alt+Up and Alt+Down to cause and effect",
            ),
        );
        timeline.find_tracks();
        timeline
    }

    /// What it shows.
    pub fn document(&self) -> &Document {
        // It is set before anybody else has the widget.
        self.imp().document.get_or_init(|| glib::Object::new())
    }

    /// How far the lanes are scrolled.
    pub fn scroll(&self) -> &gtk::Adjustment {
        self.imp().scroll.get_or_init(gtk::Adjustment::default)
    }

    fn follow(&self, document: &Document) {
        document.watch(self, &["visible"], |timeline, _| timeline.refresh());
        document.watch(self, &["selection", "cursor"], |timeline, _| timeline.queue_draw());
        document.watch(self, &["selection"], |timeline, _| timeline.pick_slow());
        self.connect_map(|timeline| timeline.resized());
        self.follow_search();
        let timeline = self.downgrade();
        document.connect_bookmarks(move |_| {
            if let Some(timeline) = timeline.upgrade() {
                timeline.queue_draw();
            }
        });
        let timeline = self.downgrade();
        self.scroll().connect_value_changed(move |_| {
            if let Some(timeline) = timeline.upgrade() {
                timeline.refresh();
            }
        });
        let timeline = self.downgrade();
        adw::StyleManager::default().connect_dark_notify(move |_| {
            if let Some(timeline) = timeline.upgrade() {
                timeline.imp().strip.take();
                timeline.refresh();
                timeline.refresh_overview();
            }
        });
        self.connect_scale_factor_notify(|timeline| timeline.resized());
        let timeline = self.downgrade();
        self.settings().connect_gtk_xft_dpi_notify(move |_| {
            if let Some(timeline) = timeline.upgrade() {
                timeline.resized();
            }
        });
    }

    fn geometry(&self) -> Geometry {
        let (width, height) = self.place(f64::from(self.width()), f64::from(self.height()));
        Geometry::new(width, height, self.document().visible())
    }

    /// A place of the widget in pixels of the drawing, which are larger where text is.
    fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let scale = graph::scale(self);
        (x / scale, y / scale)
    }

    /// The places of the lanes that are shown, from the top of the first.
    fn places(&self) -> Vec<Wanted> {
        places(&self.imp().views.borrow())
    }

    /// Fits the scrolling to the lanes that are shown.
    fn resized(&self) {
        let page = self.geometry().lanes.height;
        let all = self.places().last().map_or(0.0, |last| last.top + last.height);
        let scroll = self.scroll();
        let most = all.max(page);
        scroll.configure(scroll.value().min(most - page), 0.0, most, 40.0, page * 0.9, page);
        self.refresh();
        self.refresh_overview();
    }

    fn whole(&self) -> Range {
        self.document().whole()
    }

    /// Tells those who hear the window which lane is chosen.
    fn tell_chosen(&self) {
        let imp = self.imp();
        let tracks = imp.tracks.borrow();
        let lane = imp.chosen.get().zip(tracks.as_ref()).and_then(|(at, tracks)| tracks.lanes.get(at));
        accessible::value(self, &lane.map_or_else(String::new, crate::draw::timeline::Lane::words));
    }
}
