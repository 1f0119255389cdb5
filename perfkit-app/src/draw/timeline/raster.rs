//! Lanes as pixels: each pixel column of a lane is a pillar, and filling pillars row by row into an image takes a tenth
//! of the time that a path for each takes.

use gdkrecord::draw::Color;

/// A stretch of a pixel column: from its top to its bottom, in pixels from the lane's top, and its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Run {
    top: u16,
    bottom: u16,
    pixel: u32,
}

/// A pixel column of a lane: one thing, and what is drawn over it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Pillar {
    base: Run,
    over: Run,
}

/// A lane, pixel column by pixel column.
#[derive(Debug)]
pub struct Strip {
    height: u16,
    pillars: Vec<Pillar>,
}

/// A colour as a pixel of an image with opacity.
pub fn pixel(color: Color) -> u32 {
    let part = |value: f64| (value.clamp(0.0, 1.0) * color.3 * 255.0).round() as u32;
    ((color.3 * 255.0).round() as u32) << 24 | part(color.0) << 16 | part(color.1) << 8 | part(color.2)
}

impl Strip {
    /// An empty one, in device pixels.
    pub fn new(columns: usize, height: f64) -> Strip {
        Strip { height: height.round().clamp(1.0, 4096.0) as u16, pillars: vec![Pillar::default(); columns] }
    }

    /// How many pixels it is high.
    pub fn height(&self) -> f64 {
        f64::from(self.height)
    }

    /// A bar on the floor, `high` pixels high, in so many columns from `left`; one that is lower is not seen.
    pub fn bar(&mut self, left: i64, columns: i64, high: f64, pixel: u32) {
        let high = high.round().clamp(1.0, f64::from(self.height)) as u16;
        let run = Run { top: self.height - high, bottom: self.height, pixel };
        for pillar in self.within(left, columns) {
            if pillar.base.bottom == 0 || pillar.base.top > run.top {
                pillar.base = run;
            }
        }
    }

    /// Something over the bars, from `top` to `bottom`.
    pub fn over(&mut self, left: i64, columns: i64, (top, bottom): (f64, f64), pixel: u32) {
        let place = |y: f64| y.round().clamp(0.0, f64::from(self.height)) as u16;
        let run = Run { top: place(top), bottom: place(bottom), pixel };
        self.within(left, columns).iter_mut().for_each(|pillar| pillar.over = run);
    }

    fn within(&mut self, left: i64, columns: i64) -> &mut [Pillar] {
        let most = self.pillars.len() as i64;
        let (from, to) = (left.clamp(0, most), left.saturating_add(columns.max(1)).clamp(0, most));
        self.pillars.get_mut(from as usize..to as usize).unwrap_or_default()
    }

    /// Fills it into an image of `stride` bytes a row, from its left edge and this row of pixels on.
    pub fn fill(&self, data: &mut [u8], stride: usize, top: usize) {
        for (y, row) in (0..self.height).zip(data.chunks_exact_mut(stride).skip(top)) {
            for (pillar, bytes) in self.pillars.iter().zip(row.as_chunks_mut::<4>().0) {
                let Pillar { base, over } = pillar;
                if (over.top..over.bottom).contains(&y) {
                    *bytes = over.pixel.to_ne_bytes();
                } else if (base.top..base.bottom).contains(&y) {
                    *bytes = base.pixel.to_ne_bytes();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_higher_bar_is_seen_whichever_comes_first() {
        for highs in [[2.0, 8.0], [8.0, 2.0]] {
            let mut strip = Strip::new(3, 10.0);
            for (high, pixel) in highs.into_iter().zip([1, 2]) {
                strip.bar(1, 1, high, pixel);
            }
            let mut data = vec![0; 3 * 4 * 10];
            strip.fill(&mut data, 12, 0);
            let column = |x: usize| (0..10).filter(|y| data[y * 12 + x * 4..][..4] != [0; 4]).count();
            assert_eq!([column(0), column(1), column(2)], [0, 8, 0]);
        }
    }

    #[test]
    fn what_lies_outside_is_cut() {
        let mut strip = Strip::new(4, 5.0);
        strip.bar(-3, 5, 99.0, 7);
        strip.bar(9, 5, 99.0, 7);
        strip.over(3, i64::MAX, (-4.0, 2.0), 9);
        let tall = strip.pillars.iter().map(|pillar| pillar.base.bottom - pillar.base.top);
        assert_eq!(tall.collect::<Vec<_>>(), [5, 5, 0, 0]);
        assert_eq!(strip.pillars[3].over, Run { top: 0, bottom: 2, pixel: 9 });
    }

    #[test]
    fn pixels_are_premultiplied() {
        assert_eq!(pixel(Color(1.0, 0.5, 0.0, 1.0)), 0xffff_8000);
        assert_eq!(pixel(Color(1.0, 0.0, 0.0, 0.5)), 0x8080_0000);
    }
}
