//! The flame graph as a widget: it is zoomed into by a click or Enter and out of by Escape or Backspace, walked by the
//! arrows, and shows what is searched for.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use adw::prelude::*;
use gdkrecord::draw::{Area, Palette, fill};
use gdkrecord::units;
use gtk::gdk;

use super::accessible;
use super::graph::{self, Graph};
use super::save::Saving;
use crate::draw::flame::{self, Layout, Look, Scene};
use crate::model::calltree::{Function, Tree};
use crate::wording::{time, tr, tr_many, tr_with};

/// The narrowest that it is of use, in pixels.
const NARROWEST: f64 = 240.0;

type Told = RefCell<Option<Rc<dyn Fn(u32)>>>;

/// The flame graph. All clones are one.
#[derive(Clone)]
pub struct Flame {
    /// All of it.
    pub root: gtk::ScrolledWindow,
    graph: Graph,
    state: Rc<State>,
}

#[derive(Default)]
struct State {
    tree: RefCell<Arc<Tree>>,
    colours: RefCell<HashMap<Arc<str>, usize>>,
    /// For which width it was made.
    layout: RefCell<(f64, Rc<Layout>)>,
    look: RefCell<Look>,
    /// Whether weights are nanoseconds.
    is_time: Cell<bool>,
    search: RefCell<String>,
    selected: Told,
    zoomed: Told,
}

impl State {
    fn layout(&self, width: f64) -> Rc<Layout> {
        let (known, layout) = self.layout.borrow().clone();
        if known == width {
            return layout;
        }
        let layout = Rc::new(flame::layout(&self.tree.borrow(), self.look.borrow().zoomed, width));
        self.layout.replace((width, Rc::clone(&layout)));
        layout
    }

    /// A weight in words.
    fn weight(&self, weight: i64) -> String {
        if self.is_time.get() { time(weight) } else { units::count(u64::try_from(weight).unwrap_or(0)) }
    }

    fn draw(&self, ctx: &cairo::Context, palette: &Palette, width: f64, rows: (f64, f64)) -> cairo::Result<()> {
        let (tree, layout, whole) = (self.tree.borrow(), self.layout(width), self.whole());
        let scene = Scene { tree: &tree, layout: &layout, colours: &self.colours.borrow(), whole: &whole };
        flame::draw(ctx, palette, &scene, &self.look.borrow(), rows)
    }

    fn whole(&self) -> String {
        let tree = self.tree.borrow();
        let total = tree.nodes.first().map_or(0, |root| root.total);
        tr_with("all, {weight}", &[("weight", &self.weight(total))])
    }

    /// A node in words: its function, its file, and what it weighs.
    fn words(&self, node: u32) -> String {
        let tree = self.tree.borrow();
        let (Some(at), Some(root)) = (tree.nodes.get(node as usize), tree.nodes.first()) else { return String::new() };
        let share = units::share(at.total as f64 / root.total.max(1) as f64);
        let name = tree.function(node).map_or_else(|| tr("All"), |function| function.name.to_string());
        let file = tree.function(node).map(|function| function.module.to_string()).unwrap_or_default();
        let weighs = tr_with(
            "{total} ({share}), {own} itself",
            &[("total", &self.weight(at.total)), ("share", &share), ("own", &self.weight(at.own))],
        );
        let samples = tr_many("{} sample", "{} samples", at.samples);
        let parts = [name, file, weighs, samples];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
    }
}

impl Flame {
    /// Without a tree.
    pub fn new() -> Flame {
        let state = Rc::new(State::default());
        let root = gtk::ScrolledWindow::builder().vexpand(true).hexpand(true).build();
        root.set_policy(gtk::PolicyType::Never, gtk::PolicyType::Automatic);
        let (drawn, seen) = (Rc::clone(&state), root.downgrade());
        let graph = Graph::new(&tr("flame graph"), (NARROWEST, flame::ROW), move |ctx, palette, width, _| {
            // On the screen only what is seen is drawn.
            let Some(root) = seen.upgrade() else { return Ok(()) };
            let (seen, scale) = (root.vadjustment(), graph::scale(&root));
            drawn.draw(ctx, palette, width, (seen.value() / scale, (seen.value() + seen.page_size()) / scale))
        });
        graph.set_vexpand(true);
        graph.set_valign(gtk::Align::Start);
        // It is higher than what is seen of it: that it has the focus is no reason to scroll.
        root.set_child(Some(&gtk::Viewport::builder().child(&graph).scroll_to_focus(false).build()));
        graph.follow_view(&root.vadjustment());
        accessible::describe(&graph, &tr("Arrows walk through it, Enter zooms in, Backspace and Escape zoom out"));
        let flame = Flame { root, graph, state };
        flame.connect();
        flame
    }

    fn connect(&self) {
        let flame = self.weak();
        self.graph.connect_pointer(move |place| {
            let Some(flame) = flame() else { return };
            let hover = place.and_then(|(x, y)| flame.hit(x, y)).map(|(node, _)| node);
            if flame.state.look.borrow().hover != hover {
                flame.state.look.borrow_mut().hover = hover;
                flame.graph.queue_draw();
            }
        });
        let flame = self.weak();
        self.graph.set_hint(move |x, y| {
            let flame = flame()?;
            let (node, merged) = flame.hit(x, y)?;
            Some(match merged {
                1 => flame.state.words(node),
                _ => tr_many(
                    "{} function, too narrow to be shown",
                    "{} functions, too narrow to be shown",
                    merged as u64,
                ),
            })
        });
        let flame = self.weak();
        self.graph.connect_clicked(move |x, y, presses| {
            let Some(flame) = flame() else { return };
            let Some((node, 1)) = flame.hit(x, y) else { return };
            let again = flame.state.look.borrow().selected == Some(node);
            flame.select(node);
            if again || presses > 1 || flame.leads_back(node) {
                flame.zoom(node);
            }
        });
        let flame = self.weak();
        self.graph.connect_key(move |key, state| {
            let held = gdk::ModifierType::CONTROL_MASK | gdk::ModifierType::ALT_MASK;
            flame().is_some_and(|flame| !state.intersects(held) && flame.key(key))
        });
    }

    /// Itself, as long as it is there.
    fn weak(&self) -> impl Fn() -> Option<Flame> + 'static {
        let (root, graph, state) = (self.root.downgrade(), self.graph.downgrade(), Rc::downgrade(&self.state));
        move || Some(Flame { root: root.upgrade()?, graph: graph.upgrade()?, state: state.upgrade()? })
    }

    fn hit(&self, x: f64, y: f64) -> Option<(u32, usize)> {
        let layout = self.state.layout(self.graph.extent().0);
        layout.hit(x, y).map(|cell| (cell.node, cell.merged))
    }

    fn leads_back(&self, node: u32) -> bool {
        let zoomed = self.state.look.borrow().zoomed;
        zoomed != node && self.state.tree.borrow().line(zoomed).contains(&node)
    }

    fn key(&self, key: gdk::Key) -> bool {
        let selected = self.state.look.borrow().selected;
        let zoomed = self.state.look.borrow().zoomed;
        let steps = match key {
            gdk::Key::Left => (-1, 0),
            gdk::Key::Right => (1, 0),
            gdk::Key::Up => (0, -1),
            gdk::Key::Down => (0, 1),
            gdk::Key::Return | gdk::Key::KP_Enter => {
                if let Some(node) = selected {
                    self.zoom(node);
                }
                return selected.is_some();
            }
            gdk::Key::BackSpace | gdk::Key::Escape if zoomed != 0 => {
                let above = self.state.tree.borrow().nodes.get(zoomed as usize).map_or(0, |node| node.above);
                self.zoom(above);
                return true;
            }
            gdk::Key::Home if zoomed != 0 => {
                self.zoom(0);
                return true;
            }
            _ => return false,
        };
        let layout = self.state.layout(self.graph.extent().0);
        let next = match selected {
            Some(node) if layout.cell(node).is_some() => layout.step(node, &self.state.tree.borrow(), steps),
            _ => Some(zoomed),
        };
        if let Some(node) = next {
            self.select(node);
        }
        true
    }

    /// Selects a node, tells who listens, and scrolls to it.
    fn select(&self, node: u32) {
        self.state.look.borrow_mut().selected = Some(node);
        accessible::value(&self.graph, &self.state.words(node).replace('\n', ", "));
        if let Some(cell) = self.state.layout(self.graph.extent().0).cell(node) {
            let scale = self.graph.scale();
            let top = cell.row as f64 * flame::ROW * scale;
            self.root.vadjustment().clamp_page(top, top + flame::ROW * scale);
        }
        self.graph.queue_draw();
        let told = self.state.selected.borrow().clone();
        if let Some(told) = told {
            told(node);
        }
    }

    /// Zooms to a node; the first is all.
    pub fn zoom(&self, node: u32) {
        self.state.look.borrow_mut().zoomed = node;
        self.laid_out();
        let told = self.state.zoomed.borrow().clone();
        if let Some(told) = told {
            told(node);
        }
    }

    fn laid_out(&self) {
        self.state.layout.replace((-1.0, Rc::default()));
        // How high it is depends on its width, but hardly: the rows are those of the widest.
        let layout = self.state.layout(self.graph.extent().0.max(1_000.0));
        self.graph.set_least(NARROWEST, layout.height().max(flame::ROW));
        self.state.layout.replace((-1.0, Rc::default()));
        self.graph.queue_draw();
    }

    /// Shows another tree, zoomed as this one is as far as that has the same functions. `is_time` says whether weights
    /// are nanoseconds.
    pub fn set_tree(&self, tree: Arc<Tree>, is_time: bool) {
        let path: Vec<Function> = {
            let (before, look) = (self.state.tree.borrow(), self.state.look.borrow());
            before.line(look.zoomed).iter().filter_map(|&node| before.function(node).cloned()).collect()
        };
        let zoomed = tree.find(&path).unwrap_or(0);
        self.state.colours.replace(flame::colours(&tree));
        self.state.tree.replace(tree);
        self.state.is_time.set(is_time);
        self.state.look.replace(Look { zoomed, ..Look::default() });
        let search = self.state.search.borrow().clone();
        self.search(&search);
        self.zoom(zoomed);
    }

    /// Marks functions in whose name or file all words lie; gives the share that they weigh, where any word is.
    pub fn search(&self, text: &str) -> Option<f64> {
        self.state.search.replace(text.to_owned());
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let tree = self.state.tree.borrow().clone();
        let fits = |function: &Function| {
            let (name, module) = (function.name.to_lowercase(), function.module.to_lowercase());
            words.iter().all(|word| name.contains(word) || module.contains(word))
        };
        let found: Option<Vec<bool>> = (!words.is_empty()).then(|| tree.functions.iter().map(fits).collect());
        let share = found.as_ref().map(|found| tree.share(&|at| found.get(at as usize).copied().unwrap_or(false)));
        self.state.look.borrow_mut().found = found;
        self.graph.queue_draw();
        share
    }

    /// Called with a node that was selected.
    pub fn connect_selected(&self, told: impl Fn(u32) + 'static) {
        self.state.selected.replace(Some(Rc::new(told)));
    }

    /// Called with the node that it is zoomed to.
    pub fn connect_zoomed(&self, told: impl Fn(u32) + 'static) {
        self.state.zoomed.replace(Some(Rc::new(told)));
    }

    /// What it can give away: all of itself as a picture.
    pub fn saving(&self) -> Saving {
        let (graph, state) = (self.graph.downgrade(), Rc::clone(&self.state));
        let size = move || graph.upgrade().map_or((0.0, 0.0), |graph| graph.extent());
        Saving::new(&tr("flame graph")).picture(size, move |ctx, width, height| {
            fill(ctx, Area::new(0.0, 0.0, width, height), graph::palette().background)?;
            state.draw(ctx, graph::palette(), width, (0.0, height))
        })
    }
}

impl Default for Flame {
    fn default() -> Flame {
        Flame::new()
    }
}
