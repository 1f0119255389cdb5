//! GIF: one palette made from ours, and of each picture only the rectangle that changed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use gif::{Encoder, Frame, Repeat};

use super::{Error, Result, Sink};
use crate::draw::exposures::heat::{self, LEVELS};
use crate::draw::palette::{Color, Palette};
use crate::sets::Exposed;

/// The index that leaves a pixel as it was.
const SAME: u8 = 255;
/// The last picture stays for so long before it begins anew, in hundredths of a second.
const LAST: u16 = 150;

/// A GIF being written.
pub struct Gif {
    encoder: Encoder<BufWriter<File>>,
    path: PathBuf,
    size: (u16, u16),
    fps: u32,
    colors: Colors,
    shown: Vec<u8>,
    waiting: Option<Frame<'static>>,
    pictures: u64,
    written: u64,
}

impl Gif {
    /// Begins one in a file; `path` is what messages call it.
    pub fn create(file: File, path: &Path, palette: &Palette, size: (u32, u32), fps: u32) -> Result<Gif> {
        let colors = Colors::new(palette);
        let size = (size.0 as u16, size.1 as u16);
        let flat: Vec<u8> = colors.table.iter().flatten().copied().collect();
        let failed = failed(path);
        let mut encoder = Encoder::new(BufWriter::new(file), size.0, size.1, &flat).map_err(&failed)?;
        encoder.set_repeat(Repeat::Infinite).map_err(&failed)?;
        // A GIF counts hundredths of a second, and players slow anything quicker than two of them down.
        let fps = fps.min(50);
        let (shown, path) = (Vec::new(), path.to_owned());
        Ok(Gif { encoder, path, size, fps, colors, shown, waiting: None, pictures: 0, written: 0 })
    }

    /// Writes the frame that waits, shown until the picture with this number, in hundredths of a second.
    fn write(&mut self, delay: u64) -> Result<()> {
        if let Some(mut frame) = self.waiting.take() {
            frame.delay = delay.clamp(2, u16::MAX.into()) as u16;
            self.encoder.write_frame(&frame).map_err(failed(&self.path))?;
        }
        Ok(())
    }
}

impl Sink for Gif {
    fn picture(&mut self, pixels: &[u8]) -> Result<()> {
        let next: Vec<u8> =
            pixels.chunks_exact(4).map(|pixel| self.colors.nearest([pixel[2], pixel[1], pixel[0]])).collect();
        let now = self.pictures * 100 / u64::from(self.fps);
        self.pictures += 1;
        let Some((left, top, right, bottom)) = changed(&self.shown, &next, self.size.0.into()) else { return Ok(()) };
        self.write(now - self.written)?;
        self.written = now;
        let wide = usize::from(self.size.0);
        let mut buffer = Vec::with_capacity((right - left) * (bottom - top));
        for y in top..bottom {
            let row = y * wide + left..y * wide + right;
            match self.shown.get(row.clone()) {
                Some(old) => {
                    buffer.extend(old.iter().zip(&next[row]).map(|(old, new)| if old == new { SAME } else { *new }));
                }
                None => buffer.extend_from_slice(&next[row]),
            }
        }
        self.waiting = Some(Frame {
            left: left as u16,
            top: top as u16,
            width: (right - left) as u16,
            height: (bottom - top) as u16,
            transparent: Some(SAME),
            buffer: Cow::Owned(buffer),
            ..Frame::default()
        });
        self.shown = next;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        let end = self.pictures * 100 / u64::from(self.fps);
        self.write(end - self.written + u64::from(LAST))?;
        // Dropped, it would end in silence where the disk is full.
        let out = self.encoder.into_inner().map_err(failed(&self.path))?;
        out.into_inner().map(drop).map_err(|error| Error::writing(&self.path)(error.into_error()))
    }
}

fn failed(path: &Path) -> impl Fn(gif::EncodingError) -> Error {
    let path = path.to_owned();
    move |error| match error {
        gif::EncodingError::Io(error) => Error::writing(&path)(error),
        error => Error::Other(format!("cannot write {}: {error}", path.display())),
    }
}

/// The rectangle in which two pictures differ: left, top, right, bottom; all of it where there was none.
fn changed(before: &[u8], now: &[u8], wide: usize) -> Option<(usize, usize, usize, usize)> {
    if before.len() != now.len() {
        return Some((0, 0, wide, now.len() / wide.max(1)));
    }
    let mut found: Option<(usize, usize, usize, usize)> = None;
    for (y, (old, new)) in before.chunks_exact(wide).zip(now.chunks_exact(wide)).enumerate() {
        let differs = |x: &usize| old[*x] != new[*x];
        let (Some(first), Some(last)) = ((0..wide).find(differs), (0..wide).rfind(differs)) else { continue };
        let (left, top, right, _) = found.unwrap_or((first, y, last + 1, y + 1));
        found = Some((left.min(first), top, right.max(last + 1), y + 1));
    }
    found
}

/// The palette, and which of its colours is nearest.
struct Colors {
    table: Vec<[u8; 3]>,
    known: HashMap<[u8; 3], u8>,
}

impl Colors {
    /// The colours that pictures are made of: texts' shades, flashes by freshness, heat, and flashes over heat.
    fn new(palette: &Palette) -> Colors {
        let mut table: Vec<[u8; 3]> = Vec::new();
        let mut add = |color: Color| {
            let bytes = color.bytes();
            if !table.contains(&bytes) && table.len() < usize::from(SAME) {
                table.push(bytes);
            }
        };
        let eighth = |step: u32| f64::from(step) / 8.0;
        let panel = palette.panel;
        for ground in [palette.background, panel, palette.grid] {
            for step in 0..=8 {
                add(palette.text.alpha(eighth(step)).over(ground));
                if ground != palette.grid {
                    add(palette.dim.alpha(eighth(step)).over(ground));
                }
            }
        }
        let heat: Vec<Color> = (1..=LEVELS).map(|level| heat::color(palette, level).over(panel)).collect();
        heat.iter().for_each(|&color| add(color));
        add(palette.pointer);
        for what in [Exposed::Repaint, Exposed::Damage] {
            let color = palette.exposed(what);
            (1..=8).for_each(|step| add(color.alpha(eighth(step)).over(panel)));
            (1..=8).for_each(|step| add(color.alpha(0.5 * eighth(step)).over(panel)));
        }
        (1..=8).for_each(|step| add(palette.slow.alpha(eighth(step)).over(panel)));
        for step in (1..=8).rev() {
            let flash = palette.exposed(Exposed::Repaint);
            heat.iter().for_each(|&below| add(flash.alpha(0.5 * eighth(step)).over(below)));
            heat.iter().take(3).for_each(|&below| add(flash.alpha(0.25 * eighth(step)).over(below)));
            add(palette.exposed(Exposed::Damage).alpha(eighth(step)).over(flash.alpha(0.25).over(heat[0])));
        }
        table.resize(256, [0; 3]);
        Colors { table, known: HashMap::new() }
    }

    fn nearest(&mut self, color: [u8; 3]) -> u8 {
        let table = &self.table[..usize::from(SAME)];
        *self.known.entry(color).or_insert_with(|| {
            // Weights after Riemersma's "low-cost approximation": eyes see green best, blue least.
            let distance = |other: &[u8; 3]| {
                let part = |at: usize| i32::from(color[at]) - i32::from(other[at]);
                3 * part(0) * part(0) + 4 * part(1) * part(1) + 2 * part(2) * part(2)
            };
            let at = (0..table.len()).min_by_key(|&at| distance(&table[at]));
            at.unwrap_or(0) as u8
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_written() {
        let before = vec![0; 20];
        let mut now = before.clone();
        assert_eq!(changed(&before, &now, 5), None);
        assert_eq!(changed(&[], &now, 5), Some((0, 0, 5, 4)));
        (now[6], now[13]) = (1, 1);
        assert_eq!(changed(&before, &now, 5), Some((1, 1, 4, 3)));
    }

    #[test]
    fn our_own_colours_are_met() {
        for palette in [Palette::LIGHT, Palette::DARK] {
            let mut colors = Colors::new(&palette);
            for color in [palette.background, palette.panel, palette.text, palette.exposed(Exposed::Damage)] {
                let at = colors.nearest(color.bytes());
                assert_eq!(colors.table[usize::from(at)], color.bytes());
                assert_ne!(at, SAME);
            }
        }
    }
}
