//! A treemap on a cairo context: cells in the calm colours of their groups or by a second measure, labels, and what
//! the pointer is over or what was chosen.

use super::labels::Labels;
use super::layout::Layout;
use super::pixels;
use super::tree::Tree;
use crate::draw::palette::{Color, Palette};
use crate::draw::text::Setter;
use crate::draw::{Result, outline};

/// How a treemap looks.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The colours.
    pub palette: &'a Palette,
    /// Leaves whose node has a level show it as their colour, and not their group.
    pub by_level: bool,
    /// The cell under the pointer, as a place in [`Layout::cells`].
    pub hover: Option<usize>,
    /// The cell that was chosen.
    pub selected: Option<usize>,
    /// By node, whether it is among what is searched for; the others are faint. All are where nothing is searched for.
    pub found: Option<&'a [bool]>,
}

/// What part of a treemap a ground is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// A leaf.
    Leaf,
    /// Every other leaf that is too small for an edge.
    Odd,
    /// A child of the root that has children: its header and edges.
    Group,
    /// Such a node further in.
    Inner,
}

impl<'a> Look<'a> {
    /// By group, with nothing pointed at.
    pub fn new(palette: &'a Palette) -> Look<'a> {
        Look { palette, by_level: false, hover: None, selected: None, found: None }
    }

    /// Whether a node is among what is searched for.
    pub fn is_found(&self, node: usize) -> bool {
        self.found.is_none_or(|found| found.get(node).copied().unwrap_or(false))
    }

    /// The ground of a part of a group.
    pub fn ground(&self, group: usize, ground: Ground) -> Color {
        let strength = match ground {
            Ground::Leaf => 0.5,
            Ground::Odd => 0.62,
            Ground::Group => 0.95,
            Ground::Inner => 0.7,
        };
        // Beside the colours of a measure those of groups would say nothing.
        let color = if self.by_level { self.palette.dim } else { self.palette.category(group) };
        self.palette.tint(color, strength * if self.by_level { 0.6 } else { 1.0 })
    }
}

/// Draws a layout where it lies.
pub fn draw(ctx: &cairo::Context, look: &Look<'_>, tree: &Tree, layout: &Layout, labels: &Labels) -> Result<()> {
    let Some(root) = layout.cells().first() else { return Ok(()) };
    let (across, _) = ctx.user_to_device_distance(1.0, 0.0)?;
    // Device pixels, so that edges are sharp on every screen.
    let scale = across.abs().clamp(0.25, 8.0);
    let image = pixels::image(look, tree, layout, scale)?;
    ctx.save()?;
    ctx.translate(root.area.x, root.area.y);
    ctx.scale(1.0 / scale, 1.0 / scale);
    ctx.set_source_surface(&image, 0.0, 0.0)?;
    ctx.source().set_filter(cairo::Filter::Nearest);
    ctx.rectangle(0.0, 0.0, root.area.width * scale, root.area.height * scale);
    ctx.fill()?;
    ctx.restore()?;
    write(ctx, look, layout, labels)?;
    marks(ctx, look, layout)
}

/// Draws the outlines of what the pointer is over and of what was chosen.
pub fn marks(ctx: &cairo::Context, look: &Look<'_>, layout: &Layout) -> Result<()> {
    for (cell, thick, color) in
        [(look.hover, 2.0, look.palette.text.alpha(0.55)), (look.selected, 3.0, look.palette.text)]
    {
        if let Some(cell) = cell.and_then(|at| layout.cells().get(at)) {
            // An outline that is twice as thick as the cell would hide it.
            outline(ctx, cell.area, color, f64::min(thick, cell.area.width.min(cell.area.height) / 3.0))?;
        }
    }
    Ok(())
}

fn write(ctx: &cairo::Context, look: &Look<'_>, layout: &Layout, labels: &Labels) -> Result<()> {
    let mut setters: Vec<Setter> = Vec::new();
    for label in labels {
        let known = setters.iter().position(|one| one.size() == label.size && one.bold() == label.bold);
        let at = known.unwrap_or_else(|| {
            setters.push(Setter::new(label.size, label.bold));
            setters.len() - 1
        });
        let node = layout.cells().get(label.cell).map(|cell| cell.node as usize);
        let color = match node.is_none_or(|node| look.is_found(node)) {
            false => look.palette.text.alpha(0.5),
            true if label.dim => look.palette.text.alpha(0.8),
            true => look.palette.text,
        };
        setters[at].draw(ctx, &label.text, label.area.x, label.baseline, color)?;
    }
    Ok(())
}
