//! A treemap: it is gone into by a click or Enter, and out of by Backspace or Escape, with the cell growing as one looks
//! ([`zoom`]); cells are walked by the arrow keys ([`input`]), and what is searched for stands out.

mod input;
mod zoom;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use adw::prelude::*;
use gdkrecord::draw::treemap::{self, Frame, Layout, Look, Tree};
use gdkrecord::draw::{Area, fill};
use gtk::subclass::prelude::*;
use gtk::{glib, graphene};

use super::sheet::Sheet;
use super::{accessible, graph};
use zoom::Zoom;

/// Its least size, in pixels of the usual text.
const LEAST: (f64, f64) = (240.0, 160.0);

/// Words about a node.
type Words = Rc<dyn Fn(usize) -> String>;
/// Who is told of a node, or of one that there may be.
type Told<T> = RefCell<Option<Rc<dyn Fn(T)>>>;

/// What lies below a node, drawn for a size of the widget.
#[derive(Debug)]
struct Picture {
    root: usize,
    size: (i32, i32),
    /// Device pixels for a pixel of the widget, and pixels of the widget for one of the layout.
    scales: (i32, f64),
    layout: Layout,
    sheet: Sheet,
}

mod imp {
    use super::*;

    #[derive(Default)]
    pub struct Treemap {
        pub(super) tree: RefCell<Option<Arc<Tree>>>,
        pub(super) by_level: Cell<bool>,
        pub(super) found: RefCell<Option<Vec<bool>>>,
        /// The node that fills the widget.
        pub(super) root: Cell<usize>,
        /// The node that was chosen, and the one under the pointer.
        pub(super) selected: Cell<Option<usize>>,
        pub(super) hover: Cell<Option<usize>>,
        pub(super) picture: RefCell<Option<Rc<Picture>>>,
        pub(super) zoom: RefCell<Option<Zoom>>,
        pub(super) words: RefCell<Option<Words>>,
        pub(super) entered: Told<usize>,
        pub(super) pointed: Told<Option<usize>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Treemap {
        const NAME: &'static str = "PerfkitTreemap";
        type Type = super::Treemap;
        type ParentType = gtk::Widget;

        fn class_init(class: &mut Self::Class) {
            class.set_css_name("treemap");
            class.set_accessible_role(gtk::AccessibleRole::Img);
        }
    }

    impl ObjectImpl for Treemap {
        fn constructed(&self) {
            self.parent_constructed();
            let treemap = self.obj();
            treemap.set_focusable(true);
            treemap.set_hexpand(true);
            treemap.set_vexpand(true);
            treemap.set_has_tooltip(true);
            treemap.set_overflow(gtk::Overflow::Hidden);
            treemap.take_input();
            let weak = treemap.downgrade();
            adw::StyleManager::default().connect_dark_notify(move |_| {
                if let Some(treemap) = weak.upgrade() {
                    treemap.redraw();
                }
            });
        }
    }

    impl WidgetImpl for Treemap {
        fn measure(&self, orientation: gtk::Orientation, _for_size: i32) -> (i32, i32, i32, i32) {
            let least = if orientation == gtk::Orientation::Horizontal { LEAST.0 } else { LEAST.1 };
            let least = (least * graph::scale(&*self.obj())).ceil() as i32;
            (least, least, -1, -1)
        }

        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            self.obj().show_on(snapshot);
        }

        fn query_tooltip(&self, x: i32, y: i32, keyboard: bool, tooltip: &gtk::Tooltip) -> bool {
            let treemap = self.obj();
            let node = if keyboard { self.selected.get() } else { treemap.node_at(x.into(), y.into()) };
            let words = self.words.borrow().clone().zip(node).map(|(words, node)| words(node));
            tooltip.set_text(words.as_deref());
            words.is_some()
        }
    }
}

glib::wrapper! {
    /// The treemap, see the module.
    pub struct Treemap(ObjectSubclass<imp::Treemap>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Treemap {
    /// Without a tree. `name` is what it shows, in the user's language.
    pub fn new(name: &str) -> Treemap {
        let treemap: Treemap = glib::Object::new();
        accessible::name(&treemap, name);
        treemap
    }

    /// Shows a tree. Where the tree before was gone into, this one is too, as far as it has nodes of the same names.
    pub fn set_tree(&self, tree: Arc<Tree>, by_level: bool) {
        let imp = self.imp();
        let known = |node: usize| {
            let before = imp.tree.borrow();
            let before = before.as_ref().filter(|before| node < before.nodes().len())?;
            Some(before.path(node).into_iter().skip(1).map(|at| before.nodes()[at].name.clone()).collect::<Vec<_>>())
        };
        let (root, selected) = (known(imp.root.get()), imp.selected.get().and_then(known));
        self.settle();
        imp.root.set(root.map_or(0, |names| find(&tree, &names, true)));
        imp.selected.set(selected.map(|names| find(&tree, &names, false)).filter(|&node| node > 0));
        imp.hover.set(None);
        imp.found.take();
        imp.by_level.set(by_level);
        imp.tree.replace(Some(tree));
        self.redraw();
        self.tell_entered();
        self.tell_pointed();
    }

    /// Makes nodes stand out; all are equal where none are given.
    pub fn set_found(&self, found: Option<Vec<bool>>) {
        self.imp().found.replace(found);
        self.redraw();
    }

    /// The words that a tooltip has about a node.
    pub fn set_words(&self, words: impl Fn(usize) -> String + 'static) {
        self.imp().words.replace(Some(Rc::new(words)));
    }

    /// Called with the node that was gone into.
    pub fn connect_entered(&self, told: impl Fn(usize) + 'static) {
        self.imp().entered.replace(Some(Rc::new(told)));
    }

    /// Called with the node under the pointer, or the chosen one where there is none.
    pub fn connect_pointed(&self, told: impl Fn(Option<usize>) + 'static) {
        self.imp().pointed.replace(Some(Rc::new(told)));
    }

    /// The node that was gone into; the root at first.
    pub fn root_node(&self) -> usize {
        self.imp().root.get()
    }

    /// The node that was chosen.
    pub fn selected(&self) -> Option<usize> {
        self.imp().selected.get()
    }

    /// Draws it for a size in pixels of the usual text.
    pub fn draw(&self, ctx: &cairo::Context, width: f64, height: f64) -> cairo::Result<()> {
        fill(ctx, Area::new(0.0, 0.0, width, height), graph::palette().background)?;
        let Some(tree) = self.imp().tree.borrow().clone() else { return Ok(()) };
        let area = Area::new(0.0, 0.0, width, height);
        let layout = treemap::layout_below(&tree, self.root_node(), area, Frame::HEADED);
        self.draw_layout(ctx, &tree, &layout)
    }

    fn draw_layout(&self, ctx: &cairo::Context, tree: &Tree, layout: &Layout) -> cairo::Result<()> {
        let found = self.imp().found.borrow();
        let look = Look { by_level: self.imp().by_level.get(), found: found.as_deref(), ..Look::new(graph::palette()) };
        treemap::draw(ctx, &look, tree, layout, &treemap::labels(tree, layout))
    }

    /// What it looks like at its size, gone into a node.
    fn picture_of(&self, root: usize) -> Option<Rc<Picture>> {
        let size = (self.width(), self.height());
        let scales = (self.scale_factor(), graph::scale(self));
        let known = |picture: &&Rc<Picture>| picture.root == root && picture.size == size && picture.scales == scales;
        if let Some(picture) = self.imp().picture.borrow().as_ref().filter(known) {
            return Some(Rc::clone(picture));
        }
        let tree = self.imp().tree.borrow().clone()?;
        if size.0 <= 0 || size.1 <= 0 {
            return None;
        }
        let area = Area::new(0.0, 0.0, f64::from(size.0) / scales.1, f64::from(size.1) / scales.1);
        let layout = treemap::layout_below(&tree, root, area, Frame::HEADED);
        // Of what cannot be drawn there is no picture.
        let sheet = self.sheet(&tree, &layout, size, scales).ok()?;
        Some(Rc::new(Picture { root, size, scales, layout, sheet }))
    }

    fn sheet(
        &self,
        tree: &Tree,
        layout: &Layout,
        (width, height): (i32, i32),
        (device, text): (i32, f64),
    ) -> cairo::Result<Sheet> {
        let (width, height) = (width * device, height * device);
        let surface = cairo::ImageSurface::create(cairo::Format::ARgb32, width, height)?;
        let ctx = cairo::Context::new(&surface)?;
        fill(&ctx, Area::new(0.0, 0.0, width.into(), height.into()), graph::palette().background)?;
        ctx.scale(f64::from(device) * text, f64::from(device) * text);
        self.draw_layout(&ctx, tree, layout)?;
        drop(ctx);
        Sheet::new(surface, self)
    }

    /// Shows what is still; what moves is shown by the zoom.
    fn show_on(&self, snapshot: &gtk::Snapshot) {
        let imp = self.imp();
        let bounds = graphene::Rect::new(0.0, 0.0, self.width() as f32, self.height() as f32);
        if let Some(zoom) = &*imp.zoom.borrow() {
            return zoom.show_on(snapshot, &bounds);
        }
        let Some(picture) = self.picture_of(imp.root.get()) else { return };
        imp.picture.replace(Some(Rc::clone(&picture)));
        picture.sheet.show(snapshot, &bounds);
        let mark = |node: Option<usize>| picture.cell(node?);
        let (hover, selected) = (mark(imp.hover.get()), mark(imp.selected.get()));
        if hover.is_some() || selected.is_some() {
            let ctx = snapshot.append_cairo(&bounds);
            ctx.scale(picture.scales.1, picture.scales.1);
            // What cannot be drawn is not there; the next frame tries again.
            let _ = treemap::marks(&ctx, &Look { hover, selected, ..Look::new(graph::palette()) }, &picture.layout);
        }
    }

    /// The picture that is shown, made where there is none.
    fn current(&self) -> Option<Rc<Picture>> {
        let picture = self.picture_of(self.imp().root.get())?;
        self.imp().picture.replace(Some(Rc::clone(&picture)));
        Some(picture)
    }

    fn redraw(&self) {
        self.imp().picture.take();
        self.queue_draw();
    }

    /// The node at a place of the widget: the innermost.
    fn node_at(&self, x: f64, y: f64) -> Option<usize> {
        let picture = self.current()?;
        let path = picture.layout.hit(x / picture.scales.1, y / picture.scales.1);
        path.last().and_then(|&at| picture.layout.cells().get(at)).map(|cell| cell.node as usize)
    }

    fn select(&self, node: Option<usize>) {
        if self.imp().selected.replace(node) != node {
            self.queue_draw();
            self.tell_pointed();
        }
    }

    fn hover(&self, node: Option<usize>) {
        if self.imp().hover.replace(node) != node {
            self.queue_draw();
            self.tell_pointed();
        }
    }

    fn tell_entered(&self) {
        let told = self.imp().entered.borrow().clone();
        if let Some(told) = told {
            told(self.root_node());
        }
    }

    fn tell_pointed(&self) {
        let imp = self.imp();
        let told = imp.pointed.borrow().clone();
        if let Some(told) = told {
            told(imp.hover.get().or(imp.selected.get()));
        }
        // Those who hear it follow the keys, not the pointer.
        if let Some((words, node)) = imp.words.borrow().clone().zip(imp.selected.get()) {
            accessible::describe(self, &words(node));
        }
    }
}

impl Picture {
    /// The cell of a node, as a place in the layout's cells.
    fn cell(&self, node: usize) -> Option<usize> {
        self.layout.cells().iter().position(|cell| cell.node as usize == node)
    }

    /// Where a node lies, in pixels of the widget.
    fn place(&self, node: usize) -> Option<graphene::Rect> {
        let Area { x, y, width, height } = self.layout.cells().get(self.cell(node)?)?.area;
        let [x, y, width, height] = [x, y, width, height].map(|side| (side * self.scales.1) as f32);
        Some(graphene::Rect::new(x, y, width, height))
    }
}

/// The node that names lead to from the root, or the last of them that there is; among those that have children only,
/// where that is asked for.
fn find(tree: &Tree, names: &[Box<str>], group: bool) -> usize {
    let mut at = 0;
    for name in names {
        let child = |node: &usize| *node > 0 && tree.parent(*node) == at && tree.nodes()[*node].name == *name;
        match (1..tree.nodes().len()).find(child) {
            Some(node) => at = node,
            None if group => break,
            None => return 0,
        }
    }
    if group && at > 0 && !(1..tree.nodes().len()).any(|node| tree.parent(node) == at) { tree.parent(at) } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_again_in_another_tree_as_far_as_it_goes() {
        let mut tree = Tree::new("all");
        let gtk = tree.add(0, "gtk", 0.0);
        let draw = tree.add(gtk, "draw", 3.0);
        tree.add(0, "draw", 1.0);
        let names = |names: &[&str]| names.iter().map(|&name| name.into()).collect::<Vec<Box<str>>>();
        assert_eq!(find(&tree, &names(&["gtk", "draw"]), false), draw);
        assert_eq!(find(&tree, &names(&["gtk", "draw"]), true), gtk);
        assert_eq!(find(&tree, &names(&["gtk", "gone"]), true), gtk);
        assert_eq!(find(&tree, &names(&["gtk", "gone"]), false), 0);
        assert_eq!(find(&tree, &names(&["gone"]), true), 0);
        assert_eq!(find(&tree, &[], true), 0);
    }
}
