//! Widgets side by side in columns of one width, as many as fit, and the rest in further rows.
//!
//! A GtkFlowBox takes the focus for each child, and holds the Tab key where its children may not have it; this one only
//! lays out.

use std::cell::Cell;

use gtk::glib;
use gtk::prelude::*;
use gtk::subclass::prelude::*;

mod imp {
    use super::*;

    #[derive(Debug, Default, glib::Properties)]
    #[properties(wrapper_type = super::Flow)]
    pub struct Flow {
        /// Pixels of usual text that a column needs to be at ease: there are as many as have them.
        #[property(get, set, minimum = 1, default = 1)]
        ease: Cell<i32>,
        /// More columns than this there are never.
        #[property(get, set, minimum = 1, default = 1)]
        most: Cell<i32>,
        /// Pixels between two columns, and between two rows.
        #[property(get, set, minimum = 0)]
        spacing: Cell<i32>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Flow {
        const NAME: &'static str = "PerfkitFlow";
        type Type = super::Flow;
        type ParentType = gtk::Widget;

        fn class_init(class: &mut Self::Class) {
            class.set_accessible_role(gtk::AccessibleRole::Group);
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for Flow {
        fn dispose(&self) {
            while let Some(child) = self.obj().first_child() {
                child.unparent();
            }
        }
    }

    impl WidgetImpl for Flow {
        fn request_mode(&self) -> gtk::SizeRequestMode {
            gtk::SizeRequestMode::HeightForWidth
        }

        fn measure(&self, orientation: gtk::Orientation, other: i32) -> (i32, i32, i32, i32) {
            if orientation == gtk::Orientation::Vertical {
                let rows = self.rows(if other < 0 { self.width() } else { other });
                let height = rows.iter().sum::<i32>() + self.spacing.get() * (rows.len() as i32 - 1).max(0);
                return (height, height, -1, -1);
            }
            let (least, usual) = (self.least(), self.width());
            (least, usual.max(least), -1, -1)
        }

        fn size_allocate(&self, width: i32, _height: i32, _baseline: i32) {
            let (columns, spacing) = (self.columns(width), self.spacing.get());
            let column = self.column(width);
            let mut top = 0;
            let rows = self.rows(width);
            for (at, child) in self.children().enumerate() {
                let (row, place) = (at / columns, at as i32 % columns as i32);
                // The first one stands where reading begins.
                let place = match self.obj().direction() {
                    gtk::TextDirection::Rtl => columns as i32 - 1 - place,
                    _ => place,
                };
                let left = place * (column + spacing);
                child.size_allocate(&gtk::Allocation::new(left, top, column, rows[row]), -1);
                if at % columns == columns - 1 {
                    top += rows[row] + spacing;
                }
            }
        }
    }

    impl Flow {
        fn children(&self) -> impl Iterator<Item = gtk::Widget> + use<> {
            let all = std::iter::successors(self.obj().first_child(), gtk::Widget::next_sibling);
            all.filter(WidgetExt::should_layout)
        }

        /// The least width that all children can have.
        fn least(&self) -> i32 {
            self.children().map(|child| child.measure(gtk::Orientation::Horizontal, -1).0).max().unwrap_or(0)
        }

        /// The width at which a column is at ease: more where the text is larger.
        fn at_ease(&self) -> i32 {
            let ease = f64::from(self.ease.get()) * super::super::graph::scale(&*self.obj());
            self.least().max(ease.round() as i32)
        }

        /// The width at which as many columns as there may be are at ease.
        fn width(&self) -> i32 {
            let columns = self.most.get().min(self.children().count() as i32).max(1);
            columns * self.at_ease() + (columns - 1) * self.spacing.get()
        }

        fn columns(&self, width: i32) -> usize {
            let spacing = self.spacing.get();
            let fit = (width + spacing) / (self.at_ease() + spacing).max(1);
            fit.clamp(1, self.most.get().max(1)) as usize
        }

        fn column(&self, width: i32) -> i32 {
            let columns = self.columns(width) as i32;
            ((width - (columns - 1) * self.spacing.get()) / columns).max(self.least())
        }

        /// The height of each row.
        fn rows(&self, width: i32) -> Vec<i32> {
            let column = self.column(width);
            let height = |child: &gtk::Widget| child.measure(gtk::Orientation::Vertical, column).1;
            let children: Vec<gtk::Widget> = self.children().collect();
            children.chunks(self.columns(width)).map(|row| row.iter().map(height).max().unwrap_or(0)).collect()
        }
    }
}

glib::wrapper! {
    /// The layout, see the module.
    pub struct Flow(ObjectSubclass<imp::Flow>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Flow {
    /// At most so many columns, which are at ease with so many pixels of usual text, so many pixels apart.
    pub fn new(most: i32, ease: i32, spacing: i32) -> Flow {
        glib::Object::builder().property("most", most).property("ease", ease).property("spacing", spacing).build()
    }

    /// Adds a widget behind all others.
    pub fn append(&self, child: &impl IsA<gtk::Widget>) {
        child.set_parent(self);
    }
}
