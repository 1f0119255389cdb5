//! Widgets in a line, as high as it must be: what does not fit goes to further lines. Those that expand share what is
//! left of theirs.

use gtk::glib;
use gtk::prelude::*;
use gtk::subclass::prelude::*;

use super::graph;

/// Pixels between two widgets, and between two lines.
const SPACING: i32 = 6;
/// A widget that expands may be narrower than it wants to be, but not than this, in pixels of usual text.
const EASE: f64 = 96.0;

mod imp {
    use super::*;

    #[derive(Debug, Default)]
    pub struct Line;

    #[glib::object_subclass]
    impl ObjectSubclass for Line {
        const NAME: &'static str = "PerfkitLine";
        type Type = super::Line;
        type ParentType = gtk::Widget;

        fn class_init(class: &mut Self::Class) {
            class.set_accessible_role(gtk::AccessibleRole::Group);
            class.set_layout_manager_type::<super::Lines>();
        }
    }

    impl ObjectImpl for Line {
        fn dispose(&self) {
            while let Some(child) = self.obj().first_child() {
                child.unparent();
            }
        }
    }
    impl WidgetImpl for Line {}

    #[derive(Debug, Default)]
    pub struct Lines;

    #[glib::object_subclass]
    impl ObjectSubclass for Lines {
        const NAME: &'static str = "PerfkitLines";
        type Type = super::Lines;
        type ParentType = gtk::LayoutManager;
    }

    impl ObjectImpl for Lines {}

    impl LayoutManagerImpl for Lines {
        fn request_mode(&self, _: &gtk::Widget) -> gtk::SizeRequestMode {
            gtk::SizeRequestMode::HeightForWidth
        }

        fn measure(&self, widget: &gtk::Widget, orientation: gtk::Orientation, other: i32) -> (i32, i32, i32, i32) {
            if orientation == gtk::Orientation::Vertical {
                let lines = lines(widget, if other < 0 { i32::MAX } else { other });
                let height = lines.iter().map(|line| line.1).sum::<i32>() + SPACING * (lines.len() as i32 - 1).max(0);
                return (height, height, -1, -1);
            }
            let sizes = children(widget).map(|child| child.measure(orientation, -1));
            let (least, all) = sizes.fold((0, -SPACING), |all, size| (all.0.max(size.0), all.1 + SPACING + size.1));
            (least, all.max(least), -1, -1)
        }

        fn allocate(&self, widget: &gtk::Widget, width: i32, _height: i32, _baseline: i32) {
            let rtl = widget.direction() == gtk::TextDirection::Rtl;
            // Controls that follow a text stand at the end, in further lines too.
            let at_end = children(widget).next().is_some_and(|first| first.hexpands());
            let mut top = 0;
            for (line, height) in lines(widget, width) {
                let used = line.iter().map(|(_, wide)| wide + SPACING).sum::<i32>() - SPACING;
                let mut left = (width - used).max(0);
                let mut expand = line.iter().filter(|(child, _)| child.hexpands()).count() as i32;
                let mut along = if at_end && expand == 0 { left } else { 0 };
                for (child, mut wide) in line {
                    if child.hexpands() {
                        let more = left / expand;
                        (wide, left, expand) = (wide + more, left - more, expand - 1);
                    }
                    let x = if rtl { width - along - wide } else { along };
                    child.size_allocate(&gtk::Allocation::new(x, top, wide, height), -1);
                    along += wide + SPACING;
                }
                top += height + SPACING;
            }
        }
    }
}

fn children(widget: &gtk::Widget) -> impl Iterator<Item = gtk::Widget> + use<> {
    std::iter::successors(widget.first_child(), gtk::Widget::next_sibling).filter(WidgetExt::should_layout)
}

/// The widgets of each line with their widths before they expand, and its height.
fn lines(widget: &gtk::Widget, width: i32) -> Vec<(Vec<(gtk::Widget, i32)>, i32)> {
    let mut lines: Vec<(Vec<(gtk::Widget, i32)>, i32)> = Vec::new();
    let ease = (EASE * graph::scale(widget)) as i32;
    let mut room = 0;
    for child in children(widget) {
        let (least, natural, ..) = child.measure(gtk::Orientation::Horizontal, -1);
        let wanted = if child.hexpands() { natural.min(ease) } else { natural };
        let wide = wanted.min(width).max(least);
        let height = child.measure(gtk::Orientation::Vertical, wide).1;
        match lines.last_mut().filter(|_| room >= wide) {
            Some(line) => {
                line.0.push((child, wide));
                line.1 = line.1.max(height);
            }
            None => {
                lines.push((vec![(child, wide)], height));
                room = width;
            }
        }
        room = room.saturating_sub(wide + SPACING);
    }
    lines
}

glib::wrapper! {
    /// The line, see the module.
    pub struct Line(ObjectSubclass<imp::Line>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

glib::wrapper! {
    /// The layout of a line, for widgets that have another one.
    pub struct Lines(ObjectSubclass<imp::Lines>)
        @extends gtk::LayoutManager;
}

impl Default for Line {
    fn default() -> Line {
        glib::Object::new()
    }
}

impl Default for Lines {
    fn default() -> Lines {
        glib::Object::new()
    }
}

impl Line {
    /// Adds a widget behind all others.
    pub fn append(&self, child: &impl IsA<gtk::Widget>) {
        child.set_parent(self);
    }
}
