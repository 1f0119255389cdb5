//! A drawing as a widget: as large as its text, light or dark as the desktop is, with a name for those who hear it,
//! and given what it needs for pointer and keyboard.
//!
//! Drawings count in pixels of text of the usual size; where the user has larger text, all of the drawing is larger.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use adw::prelude::*;
use adw::subclass::prelude::*;
use gdkrecord::draw::{Area, Palette, fill};
use gtk::{gdk, glib, graphene};

use super::accessible;
use super::save::Saving;

/// The text size that drawings are made for, in dots an inch.
const USUAL: f64 = 96.0;

type Draw = dyn Fn(&cairo::Context, &Palette, f64, f64) -> cairo::Result<()>;
type Hint = dyn Fn(f64, f64) -> Option<String>;

mod imp {
    use super::*;

    #[derive(Default)]
    pub struct Graph {
        pub name: OnceCell<String>,
        pub draw: OnceCell<Rc<Draw>>,
        pub hint: RefCell<Option<Rc<Hint>>>,
        /// Least width and height, in the drawing's pixels.
        pub size: Cell<(f64, f64)>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Graph {
        const NAME: &'static str = "PerfkitGraph";
        type Type = super::Graph;
        type ParentType = gtk::Widget;

        fn class_init(class: &mut Self::Class) {
            class.set_css_name("graph");
            class.set_accessible_role(gtk::AccessibleRole::Img);
        }
    }

    impl ObjectImpl for Graph {}

    impl WidgetImpl for Graph {
        fn measure(&self, orientation: gtk::Orientation, _: i32) -> (i32, i32, i32, i32) {
            let (width, height) = self.size.get();
            let side = if orientation == gtk::Orientation::Horizontal { width } else { height };
            let side = (side * self.obj().scale()).ceil() as i32;
            (side, side, -1, -1)
        }

        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            let widget = self.obj();
            let (width, height) = (widget.width(), widget.height());
            let Some(draw) = self.draw.get().filter(|_| width > 0 && height > 0) else { return };
            let ctx = snapshot.append_cairo(&graphene::Rect::new(0.0, 0.0, width as f32, height as f32));
            let scale = widget.scale();
            ctx.scale(scale, scale);
            // What cannot be drawn is missing on the screen; there is nobody else to tell.
            let _ = draw(&ctx, palette(), f64::from(width) / scale, f64::from(height) / scale);
        }

        fn query_tooltip(&self, x: i32, y: i32, keyboard: bool, tooltip: &gtk::Tooltip) -> bool {
            let hint = self.hint.borrow().clone().filter(|_| !keyboard);
            let scale = self.obj().scale();
            let text = hint.and_then(|hint| hint(f64::from(x) / scale, f64::from(y) / scale));
            tooltip.set_text(text.as_deref());
            text.is_some()
        }
    }
}

glib::wrapper! {
    /// The widget, see the module.
    pub struct Graph(ObjectSubclass<imp::Graph>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

/// The colours of the desktop's style.
pub fn palette() -> &'static Palette {
    Palette::of(adw::StyleManager::default().is_dark())
}

/// How much larger the user's text is than usual.
pub fn scale(widget: &impl IsA<gtk::Widget>) -> f64 {
    match widget.settings().gtk_xft_dpi() {
        ..=0 => 1.0,
        dpi => (f64::from(dpi) / 1024.0 / USUAL).clamp(0.5, 4.0),
    }
}

impl Graph {
    /// A drawing at least so many pixels wide and high. `name` is what it shows, in the user's language.
    pub fn new(
        name: &str,
        (width, height): (f64, f64),
        draw: impl Fn(&cairo::Context, &Palette, f64, f64) -> cairo::Result<()> + 'static,
    ) -> Graph {
        let graph: Graph = glib::Object::builder().property("focusable", true).property("hexpand", true).build();
        let imp = graph.imp();
        imp.size.set((width, height));
        // They are set once, here.
        let _ = (imp.draw.set(Rc::new(draw)), imp.name.set(name.to_owned()));
        accessible::name(&graph, name);
        let weak = graph.downgrade();
        let style = adw::StyleManager::default();
        let followed = style.connect_dark_notify(move |_| {
            if let Some(graph) = weak.upgrade() {
                graph.queue_draw();
            }
        });
        let followed = RefCell::new(Some(followed));
        graph.connect_destroy(move |_| {
            if let Some(followed) = followed.take() {
                adw::StyleManager::default().disconnect(followed);
            }
        });
        graph
    }

    /// How much larger the user's text is than usual.
    pub fn scale(&self) -> f64 {
        scale(self)
    }

    /// Its width and height, in the drawing's pixels.
    pub fn extent(&self) -> (f64, f64) {
        let scale = self.scale();
        (f64::from(self.width()) / scale, f64::from(self.height()) / scale)
    }

    /// Wants another least size, in the drawing's pixels.
    pub fn set_least(&self, width: f64, height: f64) {
        if self.imp().size.replace((width, height)) != (width, height) {
            self.queue_resize();
        }
    }

    /// Draws it anew where another part of it is seen: for drawings that are only made as far as they are seen.
    pub fn follow_view(&self, view: &gtk::Adjustment) {
        for moved in [true, false] {
            let graph = self.downgrade();
            let drawn = move |_: &gtk::Adjustment| {
                if let Some(graph) = graph.upgrade() {
                    graph.queue_draw();
                }
            };
            if moved {
                view.connect_value_changed(drawn)
            } else {
                view.connect_changed(drawn)
            };
        }
    }

    /// Says what lies at a place, in the drawing's pixels, when the pointer rests there.
    pub fn set_hint(&self, hint: impl Fn(f64, f64) -> Option<String> + 'static) {
        self.set_has_tooltip(true);
        self.imp().hint.replace(Some(Rc::new(hint)));
    }

    /// Called where the pointer is, in the drawing's pixels, and when it has left.
    pub fn connect_pointer(&self, moved: impl Fn(Option<(f64, f64)>) + 'static) {
        let pointer = gtk::EventControllerMotion::new();
        let moved = Rc::new(moved);
        for enter in [true, false] {
            let (graph, moved) = (self.downgrade(), Rc::clone(&moved));
            let at = move |x: f64, y: f64| {
                if let Some(graph) = graph.upgrade() {
                    moved(Some((x / graph.scale(), y / graph.scale())));
                }
            };
            match enter {
                true => pointer.connect_enter(move |_, x, y| at(x, y)),
                false => pointer.connect_motion(move |_, x, y| at(x, y)),
            };
        }
        pointer.connect_leave(move |_| moved(None));
        self.add_controller(pointer);
    }

    /// Called where it was clicked with the first button, in the drawing's pixels, and which click of a row it was.
    pub fn connect_clicked(&self, clicked: impl Fn(f64, f64, i32) + 'static) {
        let gesture = gtk::GestureClick::new();
        let graph = self.downgrade();
        gesture.connect_released(move |_, presses, x, y| {
            if let Some(graph) = graph.upgrade() {
                graph.grab_focus();
                clicked(x / graph.scale(), y / graph.scale(), presses);
            }
        });
        self.add_controller(gesture);
    }

    /// Called with keys; whether it took the key.
    pub fn connect_key(&self, pressed: impl Fn(gdk::Key, gdk::ModifierType) -> bool + 'static) {
        let keys = gtk::EventControllerKey::new();
        keys.connect_key_pressed(move |_, key, _, state| match pressed(key, state) {
            true => glib::Propagation::Stop,
            false => glib::Propagation::Proceed,
        });
        self.add_controller(keys);
    }

    /// What it can give away: itself as a picture.
    pub fn saving(&self) -> Saving {
        let name = self.imp().name.get().map_or("", String::as_str);
        let (of, graph) = (self.downgrade(), self.downgrade());
        let size = move || of.upgrade().map_or((0.0, 0.0), |graph| graph.extent());
        Saving::new(name).picture(size, move |ctx, width, height| {
            let draw = graph.upgrade().and_then(|graph| graph.imp().draw.get().cloned());
            fill(ctx, Area::new(0.0, 0.0, width, height), palette().background)?;
            draw.map_or(Ok(()), |draw| draw(ctx, palette(), width, height))
        })
    }
}
