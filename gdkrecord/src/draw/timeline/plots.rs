//! Frame times with their budget, and exposed area over time, plotted with plotters on the same context.

use plotters::chart::ChartBuilder;
use plotters::element::{PathElement, Rectangle};
use plotters::series::AreaSeries;
use plotters::style::Color as _;

use super::super::palette::Palette;
use super::super::plane::{on_plane, rgba, stroke};
use super::super::scale::Axis;
use super::super::text::{Align, Label};
use super::super::{Area, Result, fill};
use super::collect::Figure;
use super::graph::{grid, value_tick};
use super::lanes::frame_width;
use crate::kind::Group;
use crate::sets::Exposed;
use crate::units;

/// The line above the frame plot.
pub fn frames_caption(figure: &Figure) -> String {
    if figure.frame_count == 0 {
        return "no frames were recorded".to_owned();
    }
    let log = if frame_axis(figure).is_log() { ", logarithmic" } else { "" };
    format!("the slowest frame of each pixel, in milliseconds{log}; the line is the budget")
}

/// The line above the area plot.
pub fn areas_caption(figure: &Figure) -> String {
    if figure.areas.iter().all(|bin| bin.repaint + bin.damage == 0) {
        return "no exposures were recorded".to_owned();
    }
    let bin = units::duration(figure.range.length() / figure.areas.len() as u64);
    let sum = |of: fn(&super::collect::AreaBin) -> u64| figure.areas.iter().map(of).sum::<u64>();
    let (damage, repaint) = (sum(|bin| bin.damage), sum(|bin| bin.repaint));
    let waste = match (figure.apart, repaint) {
        (true, 1..) => 100.0 * repaint.saturating_sub(damage) as f64 / repaint as f64,
        _ => 0.0,
    };
    let waste = if waste >= 0.5 { format!(", {waste:.0} % of it not damaged") } else { String::new() };
    format!("square pixels repainted in each {bin}; {} in all{waste}", units::area(repaint))
}

/// Milliseconds, by powers where the worst would press the rest to the floor.
fn frame_axis(figure: &Figure) -> Axis {
    let (worst, budget) = (figure.worst as f64 / 1e6, figure.budget as f64 / 1e6);
    if worst > 8.0 * budget { Axis::log(0.1, worst) } else { Axis::linear(worst.max(budget * 1.25)) }
}

/// Draws the frame-time plot.
pub fn frames(ctx: &cairo::Context, palette: &Palette, figure: &Figure, area: Area) -> Result<()> {
    let axis = frame_axis(figure);
    let budget = figure.budget as f64 / 1e6;
    fill(ctx, area, palette.panel)?;
    let at = |value: f64| (area.bottom() - axis.height(value) * area.height).round() + 0.5;
    for tick in axis.ticks(5) {
        // The budget has a label of its own, which must stay free.
        let near = (at(tick) - at(budget)).abs() < 14.0;
        let text = if near { String::new() } else { tick_text(tick, "ms") };
        value_tick(ctx, palette, area, at(tick), &text, palette.dim)?;
    }
    grid(ctx, palette, figure, area, true)?;
    let wide = frame_width(figure);
    on_plane(ctx, area, |plane| {
        let count = figure.frames.len() as f64;
        let mut chart = ChartBuilder::on(plane).build_cartesian_2d(0.0..count, 0.0..1.0)?;
        for over in [false, true] {
            let color = if over { palette.slow } else { palette.group(Group::Frame) };
            let style = rgba(color).filled();
            chart.draw_series(
                figure
                    .frames
                    .iter()
                    .enumerate()
                    .filter(|(_, column)| column.count > 0 && (column.over > 0) == over)
                    .map(|(x, column)| {
                        // At least two pixels: a quick frame is a frame.
                        let height = axis.height(column.longest as f64 / 1e6).max(2.0 / area.height);
                        let wide = if over { wide.max(2.0) } else { wide };
                        Rectangle::new([(x as f64, height), ((x as f64 + wide).min(count), 0.0)], style)
                    }),
            )?;
        }
        let level = axis.height(budget);
        chart
            .draw_series(std::iter::once(PathElement::new(vec![(0.0, level), (count, level)], stroke(palette.text))))?;
        Ok(())
    })?;
    Label::new(&units::duration(figure.budget), palette.text).bold().draw(
        ctx,
        area.x - 8.0,
        at(budget),
        Align::Right,
    )?;
    mark_worst(ctx, palette, figure, axis, area)
}

/// The worst frame's time, beside its bar.
fn mark_worst(ctx: &cairo::Context, palette: &Palette, figure: &Figure, axis: Axis, area: Area) -> Result<()> {
    let worst = figure
        .frames
        .iter()
        .enumerate()
        .filter(|(_, column)| column.count > 0)
        .max_by_key(|(_, column)| column.longest);
    let Some((at, column)) = worst.filter(|_| figure.over > 0) else { return Ok(()) };
    let text = units::duration(column.longest);
    let label = Label::new(&text, palette.slow).bold();
    let (x, width) = (area.x + at as f64, label.width(ctx));
    let y = (area.bottom() - axis.height(column.longest as f64 / 1e6) * area.height + 8.0).max(area.y + 9.0);
    let (place, align) = if x + width + 10.0 < area.right() { (x + 6.0, Align::Left) } else { (x - 4.0, Align::Right) };
    let left = if align == Align::Left { place } else { place - width };
    fill(ctx, Area::new(left - 2.0, y - 8.0, width + 4.0, 16.0), palette.panel.alpha(0.85))?;
    label.draw(ctx, place, y, align)?;
    Ok(())
}

/// Draws the plot of exposed area.
pub fn areas(ctx: &cairo::Context, palette: &Palette, figure: &Figure, area: Area) -> Result<()> {
    let most = figure.areas.iter().map(|bin| bin.repaint.max(bin.damage)).max().unwrap_or(0);
    let axis = Axis::linear(most.max(1000) as f64);
    fill(ctx, area, palette.panel)?;
    let at = |value: f64| (area.bottom() - axis.height(value) * area.height).round() + 0.5;
    for tick in axis.ticks(4) {
        let text = match tick {
            _ if tick == 0.0 => "0".to_owned(),
            _ if most >= 1_000_000 => tick_text(tick / 1e6, "Mpx"),
            _ => tick_text(tick / 1e3, "kpx"),
        };
        value_tick(ctx, palette, area, at(tick), &text, palette.dim)?;
    }
    grid(ctx, palette, figure, area, true)?;
    on_plane(ctx, area, |plane| {
        let count = figure.areas.len() as f64;
        let mut chart = ChartBuilder::on(plane).build_cartesian_2d(0.0..count, 0.0..1.0)?;
        // Steps rather than slopes: what was painted in one bin was not painted in the next.
        let steps = |of: fn(&super::collect::AreaBin) -> u64| {
            let heights = figure.areas.iter().map(move |bin| axis.height(of(bin) as f64));
            heights
                .enumerate()
                .flat_map(|(x, height)| [(x as f64, height), (x as f64 + 1.0, height)])
                .collect::<Vec<_>>()
        };
        let repaint = rgba(palette.exposed(Exposed::Repaint));
        chart.draw_series(AreaSeries::new(steps(|bin| bin.repaint), 0.0, repaint.mix(0.75)))?;
        if figure.apart {
            let damage = stroke(palette.exposed(Exposed::Damage));
            chart.draw_series(std::iter::once(PathElement::new(steps(|bin| bin.damage), damage)))?;
        }
        Ok(())
    })
}

fn tick_text(value: f64, unit: &str) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} {unit}")
}
