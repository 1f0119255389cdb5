//! A strip of frames: what each took beside what it may take.

use cairo::Context;
use gdkrecord::draw::{Area, Palette, Result, fill, line};

/// A budget's line lies this much of the height above the ground, so that twice of it is seen too.
const BUDGET: f64 = 0.4;

/// One bar: what a frame, or the worst of several, took, as a multiple of its budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Its left edge, in pixels.
    pub x: f64,
    /// Its width.
    pub width: f64,
    /// The multiple.
    pub took: f64,
}

/// Bars of the same width for the worst frames of as many equal parts of a recording; parts without a frame have
/// none, and are 0.
pub fn bars(worst: &[f32], area: Area) -> Vec<Bar> {
    let width = area.width / worst.len().max(1) as f64;
    let places = worst.iter().enumerate().filter(|(_, took)| **took > 0.0);
    places.map(|(at, took)| Bar { x: area.x + at as f64 * width, width, took: f64::from(*took) }).collect()
}

/// Draws them. A bar that is over budget has the colour of that and crosses the line; one that is over what fits has
/// a cap at its top.
pub fn draw(ctx: &Context, palette: &Palette, bars: &[Bar], area: Area) -> Result<()> {
    let unit = area.height * BUDGET;
    let within = palette.group(gdkrecord::kind::Group::Frame);
    for bar in bars {
        let slow = bar.took > 1.0;
        let height = (bar.took * unit).clamp(1.0, area.height);
        let gap = if bar.width > 3.0 { 1.0 } else { 0.0 };
        let of = Area::new(bar.x, area.bottom() - height, (bar.width - gap).max(1.0), height);
        fill(ctx, of, if slow { palette.slow } else { within })?;
        if bar.took * unit > area.height {
            fill(ctx, Area::new(of.x, area.y, of.width, 2.0), palette.text)?;
        }
    }
    let budget = (area.bottom() - unit).round() + 0.5;
    ctx.set_dash(&[4.0, 3.0], 0.0);
    line(ctx, (area.x, budget), (area.right(), budget), palette.text.alpha(0.6), 1.0)?;
    ctx.set_dash(&[], 0.0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_without_frames_have_no_bar() {
        let area = Area::new(10.0, 0.0, 40.0, 20.0);
        let bars = bars(&[0.5, 0.0, 2.0, 0.0], area);
        assert_eq!(bars.iter().map(|bar| (bar.x, bar.width)).collect::<Vec<_>>(), [(10.0, 10.0), (30.0, 10.0)]);
        assert!(super::bars(&[], area).is_empty());
    }

    #[test]
    fn pictures_of_strips_look_as_they_should() {
        let worst: Vec<f32> = (0..48).map(|at| [0.2, 0.5, 0.0, 0.9, 1.4, 6.0][at % 6]).collect();
        crate::draw::reference::check("strip", 132.0, 44.0, |ctx, palette, width, height| {
            let area = Area::new(4.0, 4.0, width - 8.0, height - 8.0);
            draw(ctx, palette, &bars(&worst, area), area)
        });
    }
}
