//! The flame graph: a call tree with a row a depth, the outermost functions above, each as wide as it weighs.
//!
//! What would be narrower than a pixel is one cell with what lies beside it, so that a drawing has as many cells as
//! there are pixels, however many functions were sampled. The functions above the one that it is zoomed to are full
//! rows: they lead back.

use std::collections::HashMap;
use std::sync::Arc;

use cairo::Context;
use gdkrecord::draw::palette::CATEGORIES;
use gdkrecord::draw::text::Setter;
use gdkrecord::draw::{Area, Color, Palette, Result, fill, outline};

use crate::model::calltree::Tree;

/// A row's height in pixels.
pub const ROW: f64 = 20.0;
/// Cells narrower than this, in pixels, are merged.
const LEAST: f64 = 1.0;
/// Text begins so far from a cell's edge.
const PAD: f64 = 4.0;
/// Less room than this, in pixels, is not worth a label.
const ROOM: f64 = 22.0;
/// Letters of a name that are cut at least.
const LETTERS: usize = 2;
/// The size of names, in pixels.
const SIZE: f64 = 12.0;

/// A cell of a drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Its node; of merged ones the heaviest.
    pub node: u32,
    /// Its depth in the drawing, from 0.
    pub row: usize,
    /// Its left edge, in pixels.
    pub x: f64,
    /// Its width, in pixels.
    pub width: f64,
    /// How many nodes it stands for: more than one where they are too narrow to be told apart.
    pub merged: usize,
}

/// Where everything is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// The cells, row by row from above, each from the left.
    pub cells: Vec<Cell>,
    /// How many rows there are.
    pub rows: usize,
}

/// Lays a tree out on so many pixels, zoomed to a node: the nodes above it are full rows.
pub fn layout(tree: &Tree, zoomed: u32, width: f64) -> Layout {
    let mut cells = Vec::new();
    let line = tree.line(zoomed);
    for (row, &node) in line.iter().enumerate() {
        cells.push(Cell { node, row, x: 0.0, width, merged: 1 });
    }
    let whole = tree.nodes.get(zoomed as usize).map_or(0, |node| node.total);
    // Row by row, so that the cells come out in their order.
    let mut above = vec![(zoomed, 0.0)];
    let mut row = line.len();
    while !above.is_empty() && whole > 0 {
        let mut next = Vec::new();
        for (node, begin) in above {
            let mut x: f64 = begin;
            let below = tree.below(node);
            for (at, &child) in below.iter().enumerate() {
                let wide = tree.nodes[child as usize].total as f64 / whole as f64 * width;
                if wide >= LEAST {
                    cells.push(Cell { node: child, row, x, width: wide, merged: 1 });
                    next.push((child, x));
                    x += wide;
                    continue;
                }
                // The heaviest come first, so all that follow are narrow, too.
                let rest = &below[at..];
                let weight: i64 = rest.iter().map(|&node| tree.nodes[node as usize].total).sum();
                let wide = weight as f64 / whole as f64 * width;
                if wide >= LEAST {
                    cells.push(Cell { node: child, row, x, width: wide, merged: rest.len() });
                }
                break;
            }
        }
        above = next;
        row += 1;
    }
    let rows = cells.last().map_or(0, |cell| cell.row + 1);
    Layout { cells, rows }
}

impl Layout {
    /// The height of all rows, in pixels.
    pub fn height(&self) -> f64 {
        self.rows as f64 * ROW + 1.0
    }

    /// The cell at a place.
    pub fn hit(&self, x: f64, y: f64) -> Option<&Cell> {
        if y < 0.0 {
            return None;
        }
        let row = (y / ROW) as usize;
        let cells = self.row(row);
        let after = cells.partition_point(|cell| cell.x <= x);
        let cell = cells.get(after.checked_sub(1)?)?;
        (x < cell.x + cell.width).then_some(cell)
    }

    /// The cells of a row.
    pub fn row(&self, row: usize) -> &[Cell] {
        let from = self.cells.partition_point(|cell| cell.row < row);
        let to = self.cells.partition_point(|cell| cell.row <= row);
        &self.cells[from..to]
    }

    /// The cell of a node.
    pub fn cell(&self, node: u32) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.node == node)
    }

    /// The next cell from one in a direction: to the left and right in its row, up to the one that it was called from,
    /// down to the heaviest that it called.
    pub fn step(&self, from: u32, tree: &Tree, (across, down): (i32, i32)) -> Option<u32> {
        let cell = self.cell(from)?;
        if down < 0 {
            return (from != 0).then(|| tree.nodes[from as usize].above);
        }
        if down > 0 {
            let below = self.row(cell.row + 1);
            return below.iter().find(|next| tree.nodes[next.node as usize].above == from).map(|next| next.node);
        }
        let row = self.row(cell.row);
        let at = row.iter().position(|other| other.node == from)?;
        row.get(at.checked_add_signed(across as isize)?).map(|next| next.node)
    }
}

/// How a layout is drawn.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// The node that it is zoomed to.
    pub zoomed: u32,
    /// The node that is selected.
    pub selected: Option<u32>,
    /// The node under the pointer.
    pub hover: Option<u32>,
    /// The functions that are searched for; `None` where nothing is.
    pub found: Option<Vec<bool>>,
}

/// The colours of a tree's files: the heaviest have one of their own, as far as there are colours.
pub fn colours(tree: &Tree) -> HashMap<Arc<str>, usize> {
    let mut weights: HashMap<&Arc<str>, i64> = HashMap::new();
    for node in &tree.nodes[1.min(tree.nodes.len())..] {
        if let Some(function) = tree.functions.get(node.function as usize).filter(|one| !one.module.is_empty()) {
            *weights.entry(&function.module).or_default() += node.own;
        }
    }
    let mut files: Vec<_> = weights.into_iter().collect();
    files.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    files.into_iter().enumerate().map(|(at, (file, _))| (file.clone(), at % CATEGORIES)).collect()
}

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The tree.
    pub tree: &'a Tree,
    /// Where its nodes are.
    pub layout: &'a Layout,
    /// The colours of its files.
    pub colours: &'a HashMap<Arc<str>, usize>,
    /// What the root is called.
    pub whole: &'a str,
}

/// Draws the rows that lie between two heights.
pub fn draw(ctx: &Context, palette: &Palette, scene: &Scene<'_>, look: &Look, (top, bottom): (f64, f64)) -> Result<()> {
    let Scene { tree, layout, colours, whole } = *scene;
    let setter = Setter::new(SIZE, false);
    let (height, foot) = (setter.line().height, setter.line().baseline);
    let zoomed_row = tree.line(look.zoomed).len();
    let (first, last) = ((top / ROW).max(0.0) as usize, (bottom / ROW).ceil().max(0.0) as usize);
    let from = layout.cells.partition_point(|cell| cell.row < first);
    for cell in layout.cells[from..].iter().take_while(|cell| cell.row <= last) {
        let area = Area::new(cell.x, cell.row as f64 * ROW, cell.width, ROW);
        let function = tree.function(cell.node);
        let found = match (&look.found, function.is_some()) {
            (Some(found), true) => {
                found.get(tree.nodes[cell.node as usize].function as usize).copied().unwrap_or(false)
            }
            (Some(_), false) => false,
            (None, _) => true,
        };
        let base = match function {
            _ if cell.merged > 1 => palette.grid,
            Some(function) => match colours.get(&function.module) {
                Some(&at) => palette.tint(palette.category(at), if found { 1.0 } else { 0.25 }),
                None => palette.panel,
            },
            None => palette.panel,
        };
        // What leads back is dimmed.
        let base = if cell.row + 1 < zoomed_row { base.alpha(0.45).over(palette.background) } else { base };
        paint(ctx, palette, area, base)?;
        if look.found.is_some() && found && cell.merged == 1 {
            fill(ctx, Area::new(area.x, area.bottom() - 3.0, (area.width - 1.0).max(1.0), 2.0), palette.slow)?;
        }
        if area.width >= ROOM && cell.merged == 1 {
            let name = function.map_or(whole, |function| &function.name);
            let color = if found || cell.row < zoomed_row { palette.text } else { palette.dim };
            if let Some(fit) = setter.fit(name, area.width - 2.0 * PAD, LETTERS) {
                setter.draw(ctx, &fit.text, area.x + PAD, area.y + (ROW - height) / 2.0 + foot, color)?;
            }
        }
    }
    for (node, color, thick) in [(look.hover, palette.dim, 1.0), (look.selected, palette.text, 2.0)] {
        if let Some(cell) = node.and_then(|node| layout.cell(node)) {
            let area = Area::new(cell.x, cell.row as f64 * ROW, cell.width.max(3.0), ROW);
            outline(ctx, area, color, thick)?;
        }
    }
    Ok(())
}

/// A cell with a line of background to its right and below, so that cells are told apart without edges.
fn paint(ctx: &Context, palette: &Palette, area: Area, color: Color) -> Result<()> {
    let gap = if area.width >= 3.0 { 1.0 } else { 0.0 };
    let (left, right) = (area.x, area.right() - gap);
    fill(ctx, Area::new(left, area.y, (right - left).max(0.5), ROW - 1.0), color)?;
    if gap == 0.0 {
        // Narrow ones beside each other would run together.
        fill(ctx, Area::new(left, area.y, 0.5, ROW - 1.0), palette.background.alpha(0.5))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::reference::check;
    use crate::model::calltree::tests::tree;

    fn sample() -> Tree {
        tree(&[
            (&["main", "g_main_loop_run", "g_main_context_dispatch", "paint_idle", "gtk_widget_snapshot"], 40),
            (&["main", "g_main_loop_run", "g_main_context_dispatch", "paint_idle", "layout", "measure"], 25),
            (&["main", "g_main_loop_run", "g_main_context_dispatch", "on_clicked", "read"], 20),
            (&["main", "g_main_loop_run", "poll"], 5),
            (&["pool", "work"], 10),
        ])
    }

    #[test]
    fn every_row_is_as_wide_as_it_weighs() {
        let tree = sample();
        let layout = layout(&tree, 0, 1000.0);
        assert_eq!(layout.rows, 7);
        let wide = |row| layout.row(row).iter().map(|cell| cell.width).sum::<f64>();
        assert_eq!([wide(0), wide(1), wide(2)].map(f64::round), [1000.0, 1000.0, 1000.0]);
        assert_eq!(wide(4).round(), 850.0);
        for row in 0..layout.rows {
            assert!(layout.row(row).windows(2).all(|pair| pair[0].x + pair[0].width <= pair[1].x + 1e-6));
        }
    }

    #[test]
    fn many_thousand_functions_are_as_many_cells_as_pixels() {
        let paths: Vec<[u32; 2]> = (1..100_000).map(|at| [0, at]).collect();
        let light = paths.iter().map(|path| (&path[..], 1, 1));
        let tree = Tree::of(Arc::default(), light.chain([(&[0, 100_000][..], 100_001, 1)]));
        let layout = layout(&tree, 0, 500.0);
        assert_eq!(layout.cells.len(), 4, "{:?}", layout.cells);
        let merged = layout.cells[3];
        assert_eq!((merged.merged, merged.width.round()), (99_999, 250.0));
    }

    #[test]
    fn what_is_zoomed_to_is_full_and_leads_back() {
        let tree = sample();
        let dispatch = (1..tree.nodes.len() as u32)
            .find(|&at| &*tree.function(at).unwrap().name == "g_main_context_dispatch")
            .unwrap();
        let layout = layout(&tree, dispatch, 800.0);
        assert!(layout.cells[..4].iter().all(|cell| cell.width == 800.0), "{:?}", &layout.cells[..4]);
        let hit = layout.hit(10.0, 3.5 * ROW).unwrap();
        assert_eq!(hit.node, dispatch);
        let paint = layout.step(dispatch, &tree, (0, 1)).unwrap();
        assert_eq!(&*tree.function(paint).unwrap().name, "paint_idle");
        let clicked = layout.step(paint, &tree, (1, 0)).unwrap();
        assert_eq!(&*tree.function(clicked).unwrap().name, "on_clicked");
        assert_eq!(layout.step(clicked, &tree, (0, -1)), Some(dispatch));
        assert_eq!(layout.step(clicked, &tree, (1, 0)), None);
        assert_eq!(layout.hit(10.0, -1.0), None);
        assert_eq!(layout.hit(900.0, 5.0), None);
    }

    #[test]
    fn pictures() {
        let tree = sample();
        let all = |ctx: &Context, palette: &Palette, look: &Look, width: f64| {
            let layout = layout(&tree, look.zoomed, width);
            let height = layout.height();
            let scene = Scene { tree: &tree, layout: &layout, colours: &colours(&tree), whole: "all 100 ms" };
            draw(ctx, palette, &scene, look, (0.0, height))
        };
        let plain = Look { selected: Some(4), hover: Some(2), ..Look::default() };
        check("flame", 800.0, 145.0, |ctx, palette, width, _| all(ctx, palette, &plain, width));
        let found = tree.functions.iter().map(|function| function.name.contains("dispatch")).collect();
        let searched = Look { zoomed: 2, found: Some(found), ..Look::default() };
        check("flame-search", 500.0, 145.0, |ctx, palette, width, _| all(ctx, palette, &searched, width));
    }
}
