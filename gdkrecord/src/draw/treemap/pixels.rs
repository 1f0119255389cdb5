//! Cells as pixels: of a hundred thousand cells most are a few pixels large, and filling these into an image takes a
//! tenth of the time that a path for each does.

use super::layout::{Cell, Layout};
use super::picture::{Ground, Look};
use super::tree::Tree;
use crate::draw::palette::{CATEGORIES, Color};
use crate::draw::{Area, Result};

/// A cell of fewer pixels a side has no edge, and is told from its neighbours by its shade.
const EDGED: i32 = 4;

/// An image that is filled rectangle by rectangle.
struct Raster {
    width: i32,
    height: i32,
    pixels: Vec<u32>,
}

impl Raster {
    fn fill(&mut self, (left, top, right, bottom): (i32, i32, i32, i32), color: u32) {
        let (left, right) = (left.clamp(0, self.width) as usize, right.clamp(0, self.width) as usize);
        if left >= right {
            return;
        }
        for y in top.clamp(0, self.height)..bottom.clamp(0, self.height) {
            let row = y as usize * self.width as usize;
            self.pixels[row + left..row + right].fill(color);
        }
    }
}

/// Fills all cells into an image of the layout's root at `scale` device pixels each way for a pixel of the layout.
pub fn image(look: &Look<'_>, tree: &Tree, layout: &Layout, scale: f64) -> Result<cairo::ImageSurface> {
    let root = layout.cells().first().map_or(Area::default(), |cell| cell.area);
    // Cairo's images end there.
    let side = |length: f64| (length * scale).ceil().clamp(1.0, 32_767.0) as i32;
    let (width, height) = (side(root.width), side(root.height));
    let background = pixel(look.palette.background);
    let mut raster = Raster { width, height, pixels: vec![background; width as usize * height as usize] };
    let shades = Shades::of(look);
    let at = |place: f64, from: f64| ((place - from) * scale).round() as i32;
    for (index, cell) in layout.cells().iter().enumerate().skip(1) {
        let area = cell.area;
        let (left, top) = (at(area.x, root.x), at(area.y, root.y));
        let (right, bottom) = (at(area.right(), root.x), at(area.bottom(), root.y));
        let edged = right - left >= EDGED && bottom - top >= EDGED;
        let gap = if edged { scale.round().max(1.0) as i32 } else { 0 };
        let color = shades.color(tree, cell, index, edged);
        let color = if look.is_found(cell.node as usize) { color } else { faint(color, background) };
        raster.fill((left, top, right - gap, bottom - gap), color);
    }
    // Rgb24 holds a pixel as a number of the machine's byte order, 32-bit aligned.
    let bytes: Vec<u8> = raster.pixels.iter().flat_map(|pixel| pixel.to_ne_bytes()).collect();
    let made = cairo::ImageSurface::create_for_data(bytes, cairo::Format::Rgb24, width, height, width * 4);
    made.map_err(|_| cairo::Error::NoMemory)
}

fn pixel(color: Color) -> u32 {
    let [red, green, blue] = color.bytes();
    u32::from(red) << 16 | u32::from(green) << 8 | u32::from(blue)
}

/// A colour that is hardly told from what is behind it.
fn faint(color: u32, background: u32) -> u32 {
    let part = |shift: u32| {
        let (color, background) = ((color >> shift) & 0xff, (background >> shift) & 0xff);
        ((color + 3 * background) / 4) << shift
    };
    part(16) | part(8) | part(0)
}

/// Every colour that occurs, mixed once.
struct Shades {
    groups: [[u32; 4]; CATEGORIES],
    levels: Vec<u32>,
    by_level: bool,
}

impl Shades {
    fn of(look: &Look<'_>) -> Shades {
        let shade = |n: usize, ground: Ground| pixel(look.ground(n, ground));
        let groups = std::array::from_fn(|n| {
            [Ground::Leaf, Ground::Odd, Ground::Group, Ground::Inner].map(|ground| shade(n, ground))
        });
        let levels = (0..=255).map(|level| pixel(look.palette.level(f64::from(level) / 255.0))).collect();
        Shades { groups, levels, by_level: look.by_level }
    }

    fn color(&self, tree: &Tree, cell: &Cell, index: usize, edged: bool) -> u32 {
        let node = &tree.nodes()[cell.node as usize];
        let group = self.groups[node.group as usize % CATEGORIES];
        match (cell.is_group(), self.by_level && !node.level.is_nan()) {
            (true, _) => group[if cell.depth == 1 { 2 } else { 3 }],
            (false, true) => self.levels[(node.level.clamp(0.0, 1.0) * 255.0).round() as usize],
            (false, false) => group[usize::from(!edged && index % 2 == 1)],
        }
    }
}
