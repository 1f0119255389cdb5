//! The stage: recorded windows at their places and sizes at a moment, with what was exposed flashing in them; it is
//! zoomed and moved by pointer and keys ([`input`]).

mod input;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gdkrecord::draw::exposures::picture::{self, Look};
use gdkrecord::draw::exposures::{Film, Plan, Showing, View, heat};
use gdkrecord::draw::{Area, fill};
use gtk::prelude::*;
use gtk::subclass::prelude::*;
use gtk::{glib, graphene};

use super::{accessible, graph};
use crate::wording::{tr, tr_many, tr_with};

/// Pixels below that are kept free for the legend, where all fits.
const BELOW: f64 = 30.0;
/// Its least size in pixels.
const LEAST: (i32, i32) = (240, 140);
/// Where it would be narrower than this, in pixels, the list of windows makes room.
const EASE: i32 = 360;
/// How far it can be zoomed: pixels for each pixel of the windows.
const SCALES: (f64, f64) = (0.02, 16.0);

/// A view that somebody chose, in place of the one that fits: the scale, and what lies in the middle.
#[derive(Clone, Copy, Debug)]
struct Zoomed {
    scale: f64,
    middle: (f64, f64),
}

mod imp {
    use super::*;

    #[derive(Debug, Default)]
    pub struct Stage {
        pub(super) plan: RefCell<Option<Arc<Plan>>>,
        pub(super) showing: RefCell<Option<Showing>>,
        pub(super) moment: Cell<(u64, u64)>,
        pub(super) hidden: RefCell<BTreeSet<u32>>,
        pub(super) marked: RefCell<BTreeSet<u32>>,
        /// Whether heat is shown, and its pictures, which are of one plan and one palette.
        pub(super) hot: Cell<bool>,
        pub(super) heat: RefCell<Option<BTreeMap<u32, heat::Picture>>>,
        /// Whether nothing may flash.
        pub(super) calm: Cell<bool>,
        pub(super) zoomed: Cell<Option<Zoomed>>,
        pub(super) pointer: Cell<(f64, f64)>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Stage {
        const NAME: &'static str = "PerfkitStage";
        type Type = super::Stage;
        type ParentType = gtk::Widget;

        fn class_init(class: &mut Self::Class) {
            class.set_css_name("stage");
            class.set_accessible_role(gtk::AccessibleRole::Img);
        }
    }

    impl ObjectImpl for Stage {
        fn constructed(&self) {
            self.parent_constructed();
            let stage = self.obj();
            stage.set_focusable(true);
            stage.set_hexpand(true);
            stage.set_vexpand(true);
            stage.set_has_tooltip(true);
            stage.set_overflow(gtk::Overflow::Hidden);
            accessible::name(&*stage, &tr("Windows as they were repainted"));
            stage.take_input();
            let weak = stage.downgrade();
            adw::StyleManager::default().connect_dark_notify(move |_| {
                if let Some(stage) = weak.upgrade() {
                    stage.imp().heat.take();
                    stage.queue_draw();
                }
            });
        }
    }

    impl WidgetImpl for Stage {
        fn measure(&self, orientation: gtk::Orientation, _for_size: i32) -> (i32, i32, i32, i32) {
            match orientation {
                gtk::Orientation::Horizontal => (LEAST.0, EASE, -1, -1),
                _ => (LEAST.1, LEAST.1, -1, -1),
            }
        }

        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            let stage = self.obj();
            let bounds = graphene::Rect::new(0.0, 0.0, stage.width() as f32, stage.height() as f32);
            let ctx = snapshot.append_cairo(&bounds);
            let (scale, (width, height)) = (graph::scale(&*stage), stage.extent());
            ctx.scale(scale, scale);
            // What cannot be drawn is not there; the next frame tries again.
            let _ = stage.draw(&ctx, width, height);
        }

        fn query_tooltip(&self, x: i32, y: i32, _keyboard: bool, tooltip: &gtk::Tooltip) -> bool {
            let words = self.obj().words_at(self.obj().place(x.into(), y.into()));
            tooltip.set_text(words.as_deref());
            words.is_some()
        }
    }
}

glib::wrapper! {
    /// The stage, see the module.
    pub struct Stage(ObjectSubclass<imp::Stage>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Default for Stage {
    fn default() -> Stage {
        glib::Object::new()
    }
}

impl Stage {
    /// Shows another stretch; what was shown of the one before stays until there is a film.
    pub fn set_plan(&self, plan: Arc<Plan>) {
        let imp = self.imp();
        imp.plan.replace(Some(plan));
        imp.heat.take();
        imp.showing.take();
        self.queue_draw();
    }

    /// Shows the moments of a film.
    pub fn set_film(&self, film: &Arc<Film>) {
        let (now, fade) = self.imp().moment.get();
        let mut showing = film.open();
        showing.show(now, fade);
        self.imp().showing.replace(Some(showing));
        self.queue_draw();
    }

    /// Goes to a moment, with flashes that fade in so many recorded nanoseconds.
    pub fn set_moment(&self, now: u64, fade: u64) {
        let imp = self.imp();
        if imp.moment.replace((now, fade)) == (now, fade) {
            return;
        }
        if let Some(showing) = &mut *imp.showing.borrow_mut() {
            showing.show(now, fade);
        }
        self.queue_draw();
    }

    /// Hides windows.
    pub fn set_hidden(&self, hidden: BTreeSet<u32>) {
        self.imp().hidden.replace(hidden);
        self.queue_draw();
    }

    /// The windows that are hidden.
    pub fn hidden(&self) -> BTreeSet<u32> {
        self.imp().hidden.borrow().clone()
    }

    /// Makes windows stand out.
    pub fn set_marked(&self, marked: BTreeSet<u32>) {
        self.imp().marked.replace(marked);
        self.queue_draw();
    }

    /// Whether it shows how often each place was repainted.
    pub fn set_hot(&self, hot: bool) {
        self.imp().hot.set(hot);
        self.queue_draw();
    }

    /// Whether nothing may flash: what was exposed is only outlined.
    pub fn set_calm(&self, calm: bool) {
        if self.imp().calm.replace(calm) != calm {
            self.queue_draw();
        }
    }

    /// Whether there is a film, and no window that is not hidden at the moment.
    pub fn is_bare(&self) -> bool {
        let (showing, hidden) = (self.imp().showing.borrow(), self.imp().hidden.borrow());
        showing.as_ref().is_some_and(|showing| showing.stage().order.iter().all(|id| hidden.contains(id)))
    }

    /// Says in words what there is to see, for those who do not see it.
    pub fn tell(&self, seconds: f64) {
        let showing = self.imp().showing.borrow();
        let Some(stage) = showing.as_ref().map(Showing::stage) else { return };
        let windows = tr_many("{} window", "{} windows", stage.order.len() as u64);
        let areas = tr_many("{} exposed area", "{} exposed areas", stage.flashes.len() as u64);
        let time = format!("{seconds:.3} s");
        let words =
            tr_with("At {time}: {windows}, {areas}", &[("time", &time), ("windows", &windows), ("areas", &areas)]);
        accessible::describe(self, &words);
    }

    /// Shows all of it, as large as it fits.
    pub fn fit(&self) {
        self.imp().zoomed.set(None);
        self.queue_draw();
    }

    /// Its size in pixels of the drawing, which are larger where text is.
    fn extent(&self) -> (f64, f64) {
        self.place(self.width().into(), self.height().into())
    }

    /// A place of the widget in pixels of the drawing.
    fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let scale = graph::scale(self);
        (x / scale, y / scale)
    }

    /// Zooms by a factor, so that what lies at a place of the drawing stays there.
    pub fn zoom_at(&self, factor: f64, (x, y): (f64, f64)) {
        let (width, height) = self.extent();
        let view = self.view(width, height);
        let fixed = view.stage((x, y));
        let scale = (view.scale * factor).clamp(SCALES.0, SCALES.1);
        let from_middle = (width / 2.0 - x, height / 2.0 - y);
        let middle = (fixed.0 + from_middle.0 / scale, fixed.1 + from_middle.1 / scale);
        self.imp().zoomed.set(Some(Zoomed { scale, middle }));
        self.queue_draw();
    }

    /// Zooms by a factor in the middle.
    pub fn zoom(&self, factor: f64) {
        let (width, height) = self.extent();
        self.zoom_at(factor, (width / 2.0, height / 2.0));
    }

    /// Moves what is seen by so many pixels of the drawing.
    fn pan(&self, x: f64, y: f64) {
        let (width, height) = self.extent();
        let view = self.view(width, height);
        let middle = view.stage((width / 2.0 - x, height / 2.0 - y));
        self.imp().zoomed.set(Some(Zoomed { scale: view.scale, middle }));
        self.queue_draw();
    }

    fn view(&self, width: f64, height: f64) -> View {
        let plan = self.imp().plan.borrow();
        let size = (width.max(1.0) as u32, (height - BELOW).max(1.0) as u32);
        let bounds = plan.as_ref().map_or(Area::default(), |plan| plan.bounds);
        let fits = View::centred(bounds, size.0, size.1);
        match self.imp().zoomed.get() {
            None => fits,
            Some(Zoomed { scale, middle }) => {
                let origin = (width / 2.0 - middle.0 * scale, height / 2.0 - middle.1 * scale);
                View { scale, origin, ..fits }
            }
        }
    }

    /// Draws what it shows in so many pixels of the usual text.
    pub fn draw(&self, ctx: &cairo::Context, width: f64, height: f64) -> cairo::Result<()> {
        let imp = self.imp();
        let palette = graph::palette();
        fill(ctx, Area::new(0.0, 0.0, width, height), palette.background)?;
        let (plan, showing) = (imp.plan.borrow(), imp.showing.borrow());
        let (Some(plan), Some(showing)) = (plan.as_ref(), showing.as_ref()) else { return Ok(()) };
        if imp.hot.get() && imp.heat.borrow().is_none() {
            let pictures = plan.heat.iter().map(|(&id, heat)| Ok((id, heat.picture(palette)?)));
            imp.heat.replace(Some(pictures.collect::<cairo::Result<_>>()?));
        }
        let heat = imp.heat.borrow();
        let (hidden, marked) = (imp.hidden.borrow(), imp.marked.borrow());
        let heat = heat.as_ref().filter(|_| imp.hot.get());
        let look = Look { palette, heat, hidden: &hidden, marked: &marked, calm: imp.calm.get() };
        picture::windows(ctx, &look, showing.stage(), &self.view(width, height))
    }

    /// What lies at a place of the drawing: the window, where in it, and how often that was repainted.
    fn words_at(&self, at: (f64, f64)) -> Option<String> {
        let imp = self.imp();
        let (plan, showing) = (imp.plan.borrow(), imp.showing.borrow());
        let (plan, stage) = (plan.as_ref()?, showing.as_ref()?.stage());
        let (width, height) = self.extent();
        let (x, y) = self.view(width, height).stage(at);
        let holds = |area: &Area| x >= area.x && y >= area.y && x < area.right() && y < area.bottom();
        let seen = |id: &&u32| !imp.hidden.borrow().contains(id) && stage.area(**id).is_some_and(|area| holds(&area));
        let &id = stage.order.iter().rev().find(seen)?;
        let area = stage.area(id)?;
        let (x, y) = (x - area.x, y - area.y);
        let times = plan.heat.get(&id).map_or(0.0, |heat| heat.at(x, y)).round().max(0.0) as u64;
        let size = format!("{} × {}", area.width, area.height);
        let place = format!("{x:.0}, {y:.0}");
        let times = tr_many("repainted {} time in this stretch", "repainted {} times in this stretch", times);
        let values = [("window", &*stage.windows.label(id)), ("size", &size), ("place", &place), ("times", &times)];
        Some(tr_with("{window}, {size}\nAt {place}: {times}", &values))
    }
}
