//! Two things beside each other where there is room, and one above the other where there is not.

use std::cell::{Cell, OnceCell};

use gtk::glib;
use gtk::prelude::*;
use gtk::subclass::prelude::*;

use super::graph;

mod imp {
    use super::*;

    #[derive(Default)]
    pub struct Beside {
        pub paned: OnceCell<gtk::Paned>,
        /// Narrower than this, in pixels, the second is below the first.
        pub narrow: Cell<i32>,
        /// The share of the first, where it was not moved.
        pub share: Cell<f64>,
        pub size: Cell<(i32, i32)>,
        /// The first's length once it is laid out the other way round.
        pub wanted: Cell<Option<i32>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Beside {
        const NAME: &'static str = "PerfkitBeside";
        type Type = super::Beside;
        type ParentType = gtk::Widget;
    }

    impl ObjectImpl for Beside {
        fn dispose(&self) {
            if let Some(paned) = self.paned.get() {
                paned.unparent();
            }
        }
    }

    impl WidgetImpl for Beside {
        fn measure(&self, orientation: gtk::Orientation, for_size: i32) -> (i32, i32, i32, i32) {
            // As narrow as the wider of both, since they can be one above the other.
            let paned = self.paned.get();
            let children = paned.map_or([None, None], |paned| [paned.start_child(), paned.end_child()]);
            match orientation {
                gtk::Orientation::Horizontal => {
                    let sizes = children.iter().flatten().map(|child| child.measure(orientation, -1));
                    let (least, natural) = sizes.fold((0, 0), |all, size| (all.0.max(size.0), all.1.max(size.1)));
                    (least, natural.max(least), -1, -1)
                }
                _ => {
                    let (least, natural, ..) =
                        paned.map_or((0, 0, -1, -1), |paned| paned.measure(orientation, for_size));
                    (least, natural, -1, -1)
                }
            }
        }

        fn size_allocate(&self, width: i32, height: i32, baseline: i32) {
            if let Some(paned) = self.paned.get() {
                paned.allocate(width, height, baseline, None);
                // What was turned has just scaled its position by the length that it had the other way round.
                if let Some(position) = self.wanted.take() {
                    let paned = paned.downgrade();
                    glib::idle_add_local_once(move || {
                        if let Some(paned) = paned.upgrade() {
                            paned.set_position(position);
                        }
                    });
                }
            }
            if self.size.replace((width, height)) == (width, height) {
                return;
            }
            // What is being laid out cannot be turned; a moment later it can.
            let beside = self.obj().downgrade();
            glib::idle_add_local_once(move || {
                if let Some(beside) = beside.upgrade() {
                    beside.turn();
                }
            });
        }
    }
}

glib::wrapper! {
    /// The widget, see the module.
    pub struct Beside(ObjectSubclass<imp::Beside>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Beside {
    /// Of two, the first with a share of the room; one above the other below so many pixels.
    pub fn new(first: &impl IsA<gtk::Widget>, second: &impl IsA<gtk::Widget>, narrow: i32, share: f64) -> Beside {
        let beside: Beside = glib::Object::new();
        let paned = gtk::Paned::builder()
            .start_child(first)
            .end_child(second)
            .shrink_start_child(true)
            .shrink_end_child(false)
            .resize_start_child(true)
            .resize_end_child(true)
            .build();
        beside.imp().narrow.set(narrow);
        beside.imp().share.set(share);
        paned.set_parent(&beside);
        // It is set once, here.
        let _ = beside.imp().paned.set(paned);
        beside
    }

    fn turn(&self) {
        let imp = self.imp();
        let Some(paned) = imp.paned.get() else { return };
        let (width, height) = imp.size.get();
        // Larger text needs more room.
        let wide = f64::from(width) >= f64::from(imp.narrow.get()) * graph::scale(self);
        let to = if wide { gtk::Orientation::Horizontal } else { gtk::Orientation::Vertical };
        let turned = paned.orientation() != to;
        paned.set_orientation(to);
        let room = if wide { width } else { height };
        let position = (f64::from(room) * imp.share.get()) as i32;
        if turned {
            imp.wanted.set(Some(position));
        } else if !paned.is_position_set() {
            paned.set_position(position);
        }
    }
}
