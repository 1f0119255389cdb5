//! The legend: what the colours of this figure mean, in as many columns as the width has room for.

use super::super::palette::{Color, Palette, Phase};
use super::super::text::{Align, Label};
use super::super::{Area, Result, fill, line};
use super::collect::Figure;
use super::lanes;
use crate::kind::Group;
use crate::sets::Exposed;
use crate::units;

/// Pixels of a row.
const ROW: f64 = 20.0;
/// The least pixels of a column: the longest entry fits.
const COLUMN: f64 = 320.0;
const TOP: f64 = 14.0;
/// Between sections above each other.
const GAP: f64 = 8.0;

/// How an entry's colour is used.
#[derive(Clone, Copy, PartialEq)]
enum Swatch {
    Filled,
    Line,
}

struct Entry {
    color: Color,
    swatch: Swatch,
    text: String,
}

/// Pixels it is high at this width.
pub fn height(figure: &Figure, width: f64) -> f64 {
    // Colours do not matter here.
    let placed = placed(sections(&Palette::LIGHT, figure), width);
    TOP + placed.iter().map(|(_, y, section)| y + section_height(section)).fold(0.0, f64::max)
}

/// Draws it from the top left corner of `area`.
pub fn draw(ctx: &cairo::Context, palette: &Palette, figure: &Figure, area: Area) -> Result<()> {
    let placed = placed(sections(palette, figure), area.width);
    if !placed.is_empty() {
        line(ctx, (area.x, area.y + 4.5), (area.right(), area.y + 4.5), palette.grid, 1.0)?;
    }
    let wide = area.width / columns(area.width) as f64;
    for (column, y, (title, entries)) in placed {
        let (x, y) = (area.x + column as f64 * wide, area.y + TOP + y);
        Label::new(title, palette.text).bold().draw(ctx, x, y + ROW / 2.0, Align::Left)?;
        for (entry, row) in entries.iter().zip(1..) {
            let middle = y + f64::from(row) * ROW + ROW / 2.0;
            let swatch = match entry.swatch {
                Swatch::Filled => Area::new(x, middle - 5.0, 10.0, 10.0),
                Swatch::Line => Area::new(x, middle - 1.0, 10.0, 2.0),
            };
            fill(ctx, swatch, entry.color)?;
            Label::new(&entry.text, palette.dim).most(wide - 28.0).draw(ctx, x + 16.0, middle, Align::Left)?;
        }
    }
    Ok(())
}

fn columns(width: f64) -> usize {
    ((width / COLUMN) as usize).max(1)
}

type Section = (&'static str, Vec<Entry>);

fn section_height((_, entries): &Section) -> f64 {
    (entries.len() + 1) as f64 * ROW + GAP
}

/// Each section under the shortest column so far: its column, and pixels from the top.
fn placed(sections: Vec<Section>, width: f64) -> Vec<(usize, f64, Section)> {
    let mut heights = vec![0.0f64; columns(width)];
    let mut place = |section: Section| {
        let shortest = (0..heights.len()).min_by(|&a, &b| heights[a].total_cmp(&heights[b])).unwrap_or(0);
        let y = heights[shortest];
        heights[shortest] += section_height(&section);
        (shortest, y, section)
    };
    sections.into_iter().map(&mut place).collect()
}

/// What is in the figure, and nothing else.
fn sections(palette: &Palette, figure: &Figure) -> Vec<Section> {
    let entry = |color, text: &str| Entry { color, swatch: Swatch::Filled, text: text.to_owned() };
    let there = |group: Group| figure.lanes.iter().any(|lane| lane.group == group);
    let group = |group: Group, text: &str| there(group).then(|| entry(palette.group(group), text));
    let mut bars = vec![entry(palette.dim, &format!("its height: {}, by powers of ten", lanes::axis_words(figure)))];
    if figure.lanes.iter().any(|lane| lane.longest > figure.budget) {
        let budget = units::duration(figure.budget);
        bars.push(entry(palette.slow, &format!("longer than the {budget} that a frame may take")));
    }
    let groups = [
        group(Group::Input, "input: the time of its handling"),
        group(Group::Gdk, "other GDK events: their handling"),
        group(Group::Loop, "main loop: sources dispatched"),
        group(Group::Window, "windows made, moved, shown, titled"),
        group(Group::Widget, "widgets measured, allocated, drawn"),
        group(Group::Process, "the process: calls, marks, counters"),
    ];
    let phase = |phase: Phase, text: &str| entry(palette.phase(phase), &format!("{}: {text}", phase.name()));
    let phases = [
        phase(Phase::Events, "input flushed, before paint"),
        phase(Phase::Update, "animations"),
        phase(Phase::Layout, "sizes and places of widgets"),
        phase(Phase::Paint, "snapshot and rendering"),
        phase(Phase::After, "end of the frame"),
    ];
    let mut windows = vec![
        entry(palette.group(Group::Input), "above the middle: handling of events"),
        entry(palette.exposed(Exposed::Repaint), "below it, and in the plot: area repainted"),
    ];
    if figure.apart {
        let text = "area that had changed (damage)".to_owned();
        windows.push(Entry { color: palette.exposed(Exposed::Damage), swatch: Swatch::Line, text });
    }
    let all = [
        ("A bar", if figure.lanes.is_empty() { Vec::new() } else { bars }),
        ("What it is", groups.into_iter().flatten().collect()),
        ("A frame, from its first phase to its last", if figure.frame_count > 0 { phases.into() } else { Vec::new() }),
        ("A window", if there(Group::Exposure) { windows } else { Vec::new() }),
    ];
    all.into_iter().filter(|(_, entries)| !entries.is_empty()).collect()
}
