//! Where names go on a treemap: only where they fit as Pango measures them, cut with an ellipsis where a part of a
//! name still says something, and left out where it does not. Labels never overlap, as each lies in its own cell or
//! header.

use super::layout::{Cell, Layout};
use super::tree::{Node, Tree};
use crate::draw::Area;
use crate::draw::text::{self, Setter};

/// Pixels between a cell's edge and its text.
const PAD: f64 = 4.0;
/// Fewer characters of a name than these, before an ellipsis, tell nothing.
const TELLING: usize = 3;
/// A cell's name, in pixels.
const NAME: f64 = 12.0;
/// Its value, and a header's text.
const SMALL: f64 = 11.0;

/// A line of text at its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// The cell, as a place in [`Layout::cells`].
    pub cell: usize,
    /// What to write; it may end in an ellipsis.
    pub text: String,
    /// How it looks.
    pub size: f64,
    /// A group's name is bold.
    pub bold: bool,
    /// A value matters less than a name.
    pub dim: bool,
    /// What it covers, as Pango measures it.
    pub area: Area,
    /// Where its letters stand.
    pub baseline: f64,
}

/// The labels of a layout.
pub type Labels = Vec<Label>;

/// Places the labels of a layout.
pub fn labels(tree: &Tree, layout: &Layout) -> Labels {
    let setters =
        Setters { name: Setter::new(NAME, false), value: Setter::new(SMALL, false), head: Setter::new(SMALL, true) };
    let mut labels = Vec::new();
    for (at, cell) in layout.cells().iter().enumerate() {
        let node = &tree.nodes()[cell.node as usize];
        match cell.is_group() {
            true if cell.header >= setters.head.line().height => header(&setters, at, cell, node, &mut labels),
            // Where there is no room above the children, they cover it.
            true => {}
            false => leaf(&setters, at, cell, node, &mut labels),
        }
    }
    labels
}

struct Setters {
    name: Setter,
    value: Setter,
    head: Setter,
}

impl Setters {
    /// Puts a line between two places, its letters' box beginning at `top`; gives the width it took, 0 where nothing
    /// fits.
    fn put(&self, setter: &Setter, text: &str, place: (f64, f64), top: f64, at: usize, labels: &mut Labels) -> f64 {
        let Some(fit) = setter.fit(text, place.1 - place.0, TELLING) else { return 0.0 };
        let line = setter.line();
        let area = Area::new(place.0, top, fit.width, line.height);
        labels.push(Label {
            cell: at,
            text: fit.text,
            size: setter.size(),
            bold: setter.bold(),
            dim: std::ptr::eq(setter, &self.value),
            area,
            baseline: top + line.baseline,
        });
        fit.width
    }
}

fn header(setters: &Setters, at: usize, cell: &Cell, node: &Node, labels: &mut Labels) {
    let (left, right) = (cell.area.x + PAD, cell.area.right() - PAD);
    let top = cell.area.y + (cell.header - setters.head.line().height) / 2.0;
    let taken = setters.put(&setters.head, &node.name, (left, right), top, at, labels);
    let value = setters.value.width(&node.value);
    // The value stands at the right, whole or not at all.
    if taken > 0.0 && !node.value.is_empty() && left + taken + 3.0 * PAD + value <= right {
        let top = cell.area.y + (cell.header - setters.value.line().height) / 2.0;
        setters.put(&setters.value, &node.value, (right - value, right + 0.5), top, at, labels);
    }
}

fn leaf(setters: &Setters, at: usize, cell: &Cell, node: &Node, labels: &mut Labels) {
    let (name, value) = (setters.name.line().height, setters.value.line().height);
    let area = cell.area;
    let (left, right) = (area.x + PAD, area.right() - PAD);
    let room = area.height - PAD;
    if room < name || right - left < text::ELLIPSIS_ROOM {
        return;
    }
    let top = area.y + PAD / 2.0;
    let taken = setters.put(&setters.name, &node.name, (left, right), top, at, labels);
    if taken > 0.0 && !node.value.is_empty() && room >= name + value && setters.value.width(&node.value) <= right - left
    {
        setters.put(&setters.value, &node.value, (left, right), top + name, at, labels);
    }
}
