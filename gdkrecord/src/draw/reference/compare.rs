//! Comparing a drawing with its reference picture. perfkit-app's tests take in this file as it is.
//!
//! Another version of FreeType or Pango sets a letter's edge a little differently, so pictures are compared by
//! the mean colour of tiles: a shifted edge hardly changes it, a label or bar that is missing does.

use std::fs::File;
use std::path::Path;

use cairo::{Context, ImageSurface};

use super::{Area, Palette, fill};

/// Pixels of a tile each way: about a letter.
const TILE: usize = 12;
/// How far the means of a tile's red, green or blue may lie apart, of 255.
const TOLERANCE: f64 = 9.0;
fn write(surface: &ImageSurface, path: &Path) {
    surface.write_to_png(&mut File::create(path).unwrap()).unwrap();
}

/// Rows of blue, green, red and an unused byte.
fn pixels(surface: &ImageSurface) -> (usize, usize, Vec<u8>) {
    let mut bytes = Vec::new();
    surface.with_data(|data| bytes = data.to_vec()).unwrap();
    (surface.width() as usize, surface.height() as usize, bytes)
}

/// The tiles that differ; all of them where the sizes do.
pub fn differing(a: &ImageSurface, b: &ImageSurface) -> Vec<Area> {
    let ((width, height, a), (b_width, b_height, b)) = (pixels(a), pixels(b));
    if (width, height) != (b_width, b_height) {
        return vec![Area::new(0.0, 0.0, width as f64, height as f64)];
    }
    let mean = |bytes: &[u8], x: usize, y: usize, channel: usize| {
        let (right, bottom) = ((x + TILE).min(width), (y + TILE).min(height));
        let at = (y..bottom).flat_map(|y| (x..right).map(move |x| (y * width + x) * 4 + channel));
        at.clone().map(|at| f64::from(bytes[at])).sum::<f64>() / at.count() as f64
    };
    let tiles = (0..height).step_by(TILE).flat_map(|y| (0..width).step_by(TILE).map(move |x| (x, y)));
    let differs = |&(x, y): &(usize, usize)| (0..3).any(|c| (mean(&a, x, y, c) - mean(&b, x, y, c)).abs() > TOLERANCE);
    let side = TILE as f64;
    tiles.filter(differs).map(|(x, y)| Area::new(x as f64, y as f64, side, side)).collect()
}

/// Holds a picture against its reference in a folder.
pub fn check(folder: &Path, name: &str, drawn: &ImageSurface) {
    let [reference, out, diff] = ["", "-out", "-diff"].map(|kind| folder.join(format!("{name}{kind}.png")));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        write(drawn, &reference);
    }
    let file = File::open(&reference);
    let mut file = file.unwrap_or_else(|error| panic!("{}: {error}: run with UPDATE_GOLDEN=1", reference.display()));
    let expected = ImageSurface::create_from_png(&mut file).unwrap();
    let tiles = differing(&expected, drawn);
    if tiles.is_empty() {
        [out, diff].iter().for_each(|path| drop(std::fs::remove_file(path)));
        return;
    }
    write(drawn, &out);
    let ctx = Context::new(drawn).unwrap();
    fill(&ctx, Area::new(0.0, 0.0, drawn.width().into(), drawn.height().into()), Palette::LIGHT.background.alpha(0.7))
        .unwrap();
    for &tile in &tiles {
        fill(&ctx, tile, Palette::LIGHT.slow.alpha(0.7)).unwrap();
    }
    drop(ctx);
    write(drawn, &diff);
    panic!("{} tiles differ from {}: see {} and {}", tiles.len(), reference.display(), out.display(), diff.display());
}
