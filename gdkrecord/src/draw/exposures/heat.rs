//! How often each cell of a window was repainted, and that as a picture.

use super::super::palette::{Color, Palette};
use super::super::{Area, Result};

/// Pixels of a heat cell each way, in windows of usual size.
const CELL: usize = 8;
/// Heat cells each way at most; in a larger window, the cells are larger.
const CELLS: usize = 1024;
/// The largest cell, in pixels: windows of GDK end at 32767, rectangles of a recording at twice that.
const MOST_CELL: usize = 64;
/// Repaints of a cell at which heat no longer grows.
pub const HOTTEST: f64 = 256.0;
/// Levels of heat told apart.
pub const LEVELS: u32 = 8;

/// How often each cell of a window was repainted.
///
/// What is kept is where that changes from a cell to the next, to the right and down: a rectangle touches a few places
/// of it, however large it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Heat {
    cell: usize,
    steps: Vec<Vec<f64>>,
    /// Cells to the right and down that were ever touched.
    size: (usize, usize),
}

impl Default for Heat {
    fn default() -> Heat {
        Heat { cell: CELL, steps: Vec::new(), size: (0, 0) }
    }
}

impl Heat {
    /// Adds a repainted rectangle of the window.
    pub fn add(&mut self, area: Area) {
        while self.cell < MOST_CELL && area.right().max(area.bottom()) > (self.cell * CELLS) as f64 {
            self.coarsen();
        }
        let scale = self.cell as f64;
        let cells = |edge: f64| (edge / scale).clamp(0.0, CELLS as f64);
        let across = (cells(area.x), cells(area.right()));
        let down = (cells(area.y), cells(area.bottom()));
        if across.0 >= across.1 || down.0 >= down.1 {
            return;
        }
        self.size.0 = self.size.0.max(across.1.ceil() as usize);
        self.size.1 = self.size.1.max(down.1.ceil() as usize);
        for (y, up) in steps(down) {
            for (x, right) in steps(across) {
                self.step(x, y, up * right);
            }
        }
    }

    fn step(&mut self, x: usize, y: usize, by: f64) {
        if self.steps.len() <= y {
            self.steps.resize(y + 1, Vec::new());
        }
        let row = &mut self.steps[y];
        if row.len() <= x {
            row.resize(x + 1, 0.0);
        }
        row[x] += by;
    }

    /// Four cells become one that was repainted as often as they were on average.
    fn coarsen(&mut self) {
        let rows = self.rows();
        let at = |x: usize, y: usize| rows.get(y).and_then(|row| row.get(x)).map_or(0.0, |&times| f64::from(times));
        let mut coarse =
            Heat { cell: self.cell * 2, size: (self.size.0.div_ceil(2), self.size.1.div_ceil(2)), ..Heat::default() };
        let mean = |x: usize, y: usize| {
            let (x, y) = (2 * x, 2 * y);
            (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0
        };
        for y in 0..coarse.size.1 {
            for x in 0..coarse.size.0 {
                let times = mean(x, y);
                if times != 0.0 {
                    for (down, right, sign) in [(0, 0, 1.0), (0, 1, -1.0), (1, 0, -1.0), (1, 1, 1.0)] {
                        coarse.step(x + right, y + down, sign * times);
                    }
                }
            }
        }
        *self = coarse;
    }

    /// Pixels of a cell each way.
    pub fn cell(&self) -> usize {
        self.cell
    }

    /// Times that the place was repainted which lies so far right and down in the window.
    pub fn at(&self, x: f64, y: f64) -> f64 {
        if x < 0.0 || y < 0.0 {
            return 0.0;
        }
        let (column, row) = ((x / self.cell as f64) as usize, (y / self.cell as f64) as usize);
        self.steps.iter().take(row + 1).flat_map(|row| row.iter().take(column + 1)).sum()
    }

    /// Times that each cell was repainted, by rows of one length.
    pub fn rows(&self) -> Vec<Vec<f32>> {
        let mut above = vec![0.0; self.size.0];
        let row = |y: usize| {
            let mut sum = 0.0;
            for (x, times) in above.iter_mut().enumerate() {
                sum += self.steps.get(y).and_then(|row| row.get(x)).copied().unwrap_or(0.0);
                *times += sum;
            }
            above.iter().map(|&times| times as f32).collect()
        };
        (0..self.size.1).map(row).collect()
    }

    /// As a picture.
    pub fn picture(&self, palette: &Palette) -> Result<Picture> {
        let shades: Vec<u32> = (0..=LEVELS).map(|level| shade(palette, level)).collect();
        let rows = self.rows();
        let (width, height) = (self.size.0.max(1), self.size.1.max(1));
        let mut pixels = vec![0u32; width * height];
        for (row, into) in rows.iter().zip(pixels.chunks_exact_mut(width)) {
            row.iter().zip(into).for_each(|(&times, pixel)| *pixel = shades[level(times) as usize]);
        }
        // A pixel is a number of the machine's byte order.
        let bytes: Vec<u8> = pixels.into_iter().flat_map(u32::to_ne_bytes).collect();
        let (width, height) = (width as i32, height as i32);
        let image = cairo::ImageSurface::create_for_data(bytes, cairo::Format::ARgb32, width, height, width * 4);
        Ok(Picture { image: image.map_err(|_| cairo::Error::NoMemory)?, cell: self.cell as f64 })
    }
}

/// Where the share of each cell that lies between two edges, in cells, differs from that of the cell before it.
fn steps((from, to): (f64, f64)) -> impl Iterator<Item = (usize, f64)> {
    // What lies before a cell's begin: its second differences are those steps, and it bends at the two edges alone.
    let before = move |cell: f64| cell.clamp(from, to);
    let bend = move |at: usize| {
        let cell = at as f64;
        before(cell + 1.0) - 2.0 * before(cell) + before(cell - 1.0)
    };
    let (first, last) = (from.floor() as usize, to.floor() as usize);
    let later = [last, last + 1].into_iter().filter(move |&at| at > first + 1);
    [first, first + 1].into_iter().chain(later).map(move |at| (at, bend(at)))
}

/// The level of a cell repainted so often: 0 for hardly, 1 for once, [`LEVELS`] for 256 times and more.
pub fn level(times: f32) -> u32 {
    if times < 0.5 {
        return 0;
    }
    let power = f64::from(times).max(1.0).log2() / HOTTEST.log2();
    1 + ((power * f64::from(LEVELS - 1)).round() as u32).min(LEVELS - 1)
}

/// The colour of a level; that of 0 is none.
pub fn color(palette: &Palette, level: u32) -> Color {
    match level {
        0 => palette.panel.alpha(0.0),
        _ => palette.heat(f64::from(level - 1) / f64::from(LEVELS - 1)),
    }
}

/// As a pixel whose parts are multiplied by its opacity.
fn shade(palette: &Palette, level: u32) -> u32 {
    let Color(red, green, blue, alpha) = color(palette, level);
    let byte = |part: f64| (part.clamp(0.0, 1.0) * 255.0).round() as u32;
    byte(alpha) << 24 | byte(red * alpha) << 16 | byte(green * alpha) << 8 | byte(blue * alpha)
}

/// The heat of a window as an image of a pixel a cell.
#[derive(Clone, Debug)]
pub struct Picture {
    image: cairo::ImageSurface,
    cell: f64,
}

impl Picture {
    /// Draws it with the window's corner at a place, at so many pixels for a pixel of the window.
    pub fn draw(&self, ctx: &cairo::Context, (x, y): (f64, f64), scale: f64) -> Result<()> {
        ctx.save()?;
        ctx.translate(x, y);
        ctx.scale(self.cell * scale, self.cell * scale);
        ctx.set_source_surface(&self.image, 0.0, 0.0)?;
        ctx.source().set_filter(cairo::Filter::Nearest);
        ctx.paint()?;
        ctx.restore()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heat_counts_repaints_and_has_levels() {
        let mut heat = Heat::default();
        for _ in 0..3 {
            heat.add(Area::new(-5.0, 4.0, 21.0, 600.0));
        }
        assert_eq!((heat.rows()[0][0], heat.rows()[1][1]), (1.5, 3.0));
        assert_eq!(
            [heat.at(3.0, 3.0), heat.at(15.0, 9.0), heat.at(17.0, 9.0), heat.at(-1.0, 9.0)],
            [1.5, 3.0, 0.0, 0.0]
        );
        // Of a window larger than any screen every corner has its heat.
        heat.add(Area::new(0.0, 0.0, 16_000.0, 9_000.0));
        assert_eq!((heat.cell(), heat.rows().len(), heat.rows()[0].len()), (16, 563, 1000));
        assert_eq!((heat.rows()[1][0], heat.rows()[500][999]), (4.0, 1.0));
        assert_eq!([0.0, 1.0, 1e9].map(level), [0, 1, LEVELS]);
    }

    #[test]
    fn every_cell_has_its_share_of_a_rectangle_anywhere() {
        for n in 0..400usize {
            let side = |by: usize, of: usize| (n * by % of) as f64 / 4.0;
            let area = Area::new(side(7919, 173) - 3.0, side(104_729, 211) - 3.0, side(1299, 97), side(4721, 89));
            let mut heat = Heat::default();
            heat.add(area);
            let mut sum = 0.0;
            for (y, row) in heat.rows().iter().enumerate() {
                for (x, &times) in row.iter().enumerate() {
                    let cell = Area::new(x as f64 * 8.0, y as f64 * 8.0, 8.0, 8.0);
                    let part = area.within(cell);
                    assert!((f64::from(times) - part.width * part.height / 64.0).abs() < 1e-5, "{area:?} {x} {y}");
                    sum += f64::from(times);
                }
            }
            let whole = area.within(Area::new(0.0, 0.0, 1e4, 1e4));
            assert!((sum - whole.width * whole.height / 64.0).abs() < 1e-3, "{area:?}");
        }
    }

    #[test]
    fn a_picture_has_a_pixel_a_cell() {
        let mut heat = Heat::default();
        heat.add(Area::new(8.0, 0.0, 8.0, 8.0));
        let picture = heat.picture(&Palette::LIGHT).unwrap();
        assert_eq!((picture.image.width(), picture.image.height()), (2, 1));
        let mut pixels = Vec::new();
        picture.image.flush();
        picture.image.with_data(|data| pixels = data.to_vec()).unwrap();
        assert!(pixels[..4] == [0; 4] && pixels[4..8] != [0; 4], "{pixels:?}");
    }
}
