//! The strip on which one scrubs: when how much was repainted in a stretch, and which moment of it is looked at.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use gdkrecord::draw::Area;
use gdkrecord::draw::exposures::{Plan, picture};
use gdkrecord::draw::text::{Align, Label};
use gtk::prelude::*;
use gtk::subclass::prelude::*;
use gtk::{gdk, glib, graphene};

use super::{accessible, graph};
use crate::model::{Document, Range};
use crate::wording::{time, tr, tr_with};

/// The least width, in pixels of the usual text, as all that follows.
const LEAST: f64 = 180.0;
/// The height of the whole, and of the strip in it.
const HEIGHT: (f64, f64) = (44.0, 30.0);
/// What is kept free beside the strip, so that its marker is seen at the ends.
const EDGE: f64 = 6.0;
/// The room of the clock.
const CLOCK: f64 = 92.0;
/// A step of the keys, as a share of the stretch: by one, and by a page.
const STEPS: (f64, f64) = (0.01, 0.1);

mod imp {
    use super::*;

    #[derive(Debug, Default)]
    pub struct Scrub {
        pub(super) document: OnceCell<Document>,
        pub(super) plan: RefCell<Option<Arc<Plan>>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Scrub {
        const NAME: &'static str = "PerfkitScrub";
        type Type = super::Scrub;
        type ParentType = gtk::Widget;

        fn class_init(class: &mut Self::Class) {
            class.set_css_name("scrub");
            class.set_accessible_role(gtk::AccessibleRole::Slider);
        }
    }

    impl ObjectImpl for Scrub {
        fn constructed(&self) {
            self.parent_constructed();
            self.obj().set_focusable(true);
            self.obj().set_hexpand(true);
        }
    }

    impl WidgetImpl for Scrub {
        fn measure(&self, orientation: gtk::Orientation, _for_size: i32) -> (i32, i32, i32, i32) {
            let least = if orientation == gtk::Orientation::Horizontal { LEAST } else { HEIGHT.0 };
            let least = (least * graph::scale(&*self.obj())).ceil() as i32;
            (least, least, -1, -1)
        }

        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            let scrub = self.obj();
            let (width, height) = (scrub.width() as f32, scrub.height() as f32);
            let ctx = snapshot.append_cairo(&graphene::Rect::new(0.0, 0.0, width, height));
            // What cannot be drawn is not there; the next frame tries again.
            let _ = scrub.draw(&ctx);
        }
    }
}

glib::wrapper! {
    /// The strip, see the module.
    pub struct Scrub(ObjectSubclass<imp::Scrub>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Scrub {
    /// Of what is chosen of a document.
    pub fn new(document: &Document) -> Scrub {
        let scrub: Scrub = glib::Object::new();
        // It was made just now, so this is the first.
        let _ = scrub.imp().document.set(document.clone());
        accessible::name(&scrub, &tr("Moment"));
        document.watch(&scrub, &["cursor", "playing", "visible", "selection"], |scrub, document| {
            scrub.queue_draw();
            if !document.playing() {
                scrub.tell(document);
            }
        });
        let weak = scrub.downgrade();
        adw::StyleManager::default().connect_dark_notify(move |_| {
            if let Some(scrub) = weak.upgrade() {
                scrub.queue_draw();
            }
        });
        scrub.take_pointer();
        scrub.take_keys();
        scrub.tell(document);
        scrub
    }

    /// Shows how much was repainted when.
    pub fn set_plan(&self, plan: Arc<Plan>) {
        self.imp().plan.replace(Some(plan));
        self.queue_draw();
    }

    fn tell(&self, document: &Document) {
        let range = document.chosen();
        let of = |time| document.seconds(time);
        let words = tr_with("{time} of {length}", &[("time", &clock(document)), ("length", &time(range.length()))]);
        accessible::number(self, of(document.cursor()), (of(range.begin), of(range.end)), &words);
        // GTK 4.8 hands on the numbers of its own sliders only.
        accessible::describe(self, &words);
    }

    fn strip(&self) -> Area {
        let scale = graph::scale(self);
        let (width, height) = (f64::from(self.width()) / scale, f64::from(self.height()) / scale);
        Area::new(CLOCK + EDGE, (height - HEIGHT.1) / 2.0, (width - CLOCK - 2.0 * EDGE).max(1.0), HEIGHT.1)
    }

    fn draw(&self, ctx: &cairo::Context) -> cairo::Result<()> {
        let (plan, Some(document)) = (self.imp().plan.borrow(), self.imp().document.get()) else { return Ok(()) };
        let (palette, scale) = (graph::palette(), graph::scale(self));
        ctx.scale(scale, scale);
        let (strip, middle) = (self.strip(), f64::from(self.height()) / scale / 2.0);
        Label::new(&clock(document), palette.text).size(15.0).bold().draw(ctx, 4.0, middle - 8.0, Align::Left)?;
        let length = tr_with("of {length}", &[("length", &time(document.chosen().length()))]);
        Label::new(&length, palette.dim).size(11.0).most(CLOCK - 6.0).draw(ctx, 4.0, middle + 10.0, Align::Left)?;
        if let Some(plan) = plan.as_ref() {
            picture::strip(ctx, palette, plan, document.cursor().max(0) as u64, strip)?;
        }
        Ok(())
    }

    /// Goes to where the pointer is.
    fn go(&self, x: f64) {
        let (strip, Some(document)) = (self.strip(), self.imp().document.get()) else { return };
        document.set_cursor(at(document.chosen(), (x / graph::scale(self) - strip.x) / strip.width));
    }

    fn take_pointer(&self) {
        let drag = gtk::GestureDrag::new();
        let played = std::rc::Rc::new(std::cell::Cell::new(false));
        let (scrub, was) = (self.downgrade(), played.clone());
        drag.connect_drag_begin(move |_, x, _| {
            let Some(scrub) = scrub.upgrade() else { return };
            scrub.grab_focus();
            if let Some(document) = scrub.imp().document.get() {
                was.set(document.playing());
                document.set_playing(false);
            }
            scrub.go(x);
        });
        let scrub = self.downgrade();
        drag.connect_drag_update(move |drag, by, _| {
            if let (Some(scrub), Some((x, _))) = (scrub.upgrade(), drag.start_point()) {
                scrub.go(x + by);
            }
        });
        let scrub = self.downgrade();
        drag.connect_drag_end(move |_, _, _| {
            let scrub = scrub.upgrade().filter(|_| played.replace(false));
            if let Some(document) = scrub.as_ref().and_then(|scrub| scrub.imp().document.get()) {
                document.set_playing(true);
            }
        });
        self.add_controller(drag);
    }

    fn take_keys(&self) {
        let keys = gtk::EventControllerKey::new();
        let scrub = self.downgrade();
        keys.connect_key_pressed(move |_, key, _, state| {
            let held = gdk::ModifierType::CONTROL_MASK | gdk::ModifierType::ALT_MASK;
            let scrub = scrub.upgrade().filter(|_| !state.intersects(held));
            let Some(document) = scrub.as_ref().and_then(|scrub| scrub.imp().document.get()) else {
                return glib::Propagation::Proceed;
            };
            let range = document.chosen();
            let by = |share: f64| document.cursor().saturating_add((range.length() as f64 * share) as i64);
            let to = match key {
                gdk::Key::Left | gdk::Key::Down => by(-STEPS.0),
                gdk::Key::Right | gdk::Key::Up => by(STEPS.0),
                gdk::Key::Page_Down => by(-STEPS.1),
                gdk::Key::Page_Up => by(STEPS.1),
                gdk::Key::Home => range.begin,
                gdk::Key::End => range.end,
                _ => return glib::Propagation::Proceed,
            };
            document.set_cursor(to.clamp(range.begin, range.end));
            glib::Propagation::Stop
        });
        self.add_controller(keys);
    }
}

/// The moment at a share of a range.
fn at(range: Range, share: f64) -> i64 {
    range.begin + (range.length() as f64 * share.clamp(0.0, 1.0)).round() as i64
}

/// The moment that is looked at, to the millisecond.
fn clock(document: &Document) -> String {
    format!("{:.3} s", document.seconds(document.cursor()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_strip_are_those_of_the_stretch() {
        let range = Range::new(1_000, 3_000);
        assert_eq!([-0.5, 0.0, 0.25, 1.0, 7.0].map(|share| at(range, share)), [1_000, 1_000, 1_500, 3_000, 3_000]);
    }
}
