//! The legend: a swatch and its meaning, in as many columns as the width has room for.

use super::super::palette::{Color, Palette, Phase};
use super::super::text::{Align, Label};
use super::super::{Area, Result, fill, line};
use super::collect::Figure;
use super::lanes;
use crate::kind::Group;
use crate::sets::Exposed;

/// Pixels of a row.
const ROW: f64 = 20.0;
/// The least pixels of a column: the longest entry fits.
const COLUMN: f64 = 320.0;
const ENTRIES: usize = 14;
const TOP: f64 = 14.0;

/// Pixels it is high at this width.
pub fn height(width: f64) -> f64 {
    TOP + rows(width) as f64 * ROW
}

/// Draws it from the top left corner of `area`.
pub fn draw(ctx: &cairo::Context, palette: &Palette, figure: &Figure, area: Area) -> Result<()> {
    line(ctx, (area.x, area.y + 4.5), (area.right(), area.y + 4.5), palette.grid, 1.0)?;
    let rows = rows(area.width);
    let wide = area.width / columns(area.width) as f64;
    for (at, (color, text)) in entries(palette, figure).into_iter().enumerate() {
        let x = area.x + (at / rows) as f64 * wide;
        let middle = area.y + TOP + (at % rows) as f64 * ROW + ROW / 2.0;
        fill(ctx, Area::new(x, middle - 5.0, 10.0, 10.0), color)?;
        Label::new(&text, palette.dim).most(wide - 28.0).draw(ctx, x + 16.0, middle, Align::Left)?;
    }
    Ok(())
}

fn columns(width: f64) -> usize {
    ((width / COLUMN) as usize).clamp(1, ENTRIES)
}

fn rows(width: f64) -> usize {
    ENTRIES.div_ceil(columns(width))
}

fn entries(palette: &Palette, figure: &Figure) -> Vec<(Color, String)> {
    let group = |group: Group, text: &str| (palette.group(group), text.to_owned());
    let phase = |phase: Phase, text: &str| (palette.phase(phase), format!("frame, {}: {text}", phase.name()));
    let damage =
        if figure.apart { "line: area that had changed (damage)" } else { "damage: this toolkit tells repaint only" };
    vec![
        (palette.dim, format!("bar height: handling time, {} (log)", lanes::axis_words(figure))),
        (palette.slow, "longer than a frame may take".to_owned()),
        group(Group::Input, "input; above a window's middle line: all its events"),
        group(Group::Gdk, "other GDK events handled"),
        group(Group::Loop, "main-loop sources dispatched"),
        group(Group::Window, "windows made, moved, shown, titled"),
        group(Group::Widget, "measure, allocate and snapshot by class"),
        phase(Phase::Events, "input flushed, before paint"),
        phase(Phase::Update, "animations"),
        phase(Phase::Layout, "sizes and places of widgets"),
        phase(Phase::Paint, "snapshot and rendering"),
        phase(Phase::After, "end of the frame"),
        (palette.exposed(Exposed::Repaint), "area repainted; below a window's middle line".to_owned()),
        (palette.exposed(Exposed::Damage), damage.to_owned()),
    ]
}
