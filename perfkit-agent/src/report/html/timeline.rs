//! An excerpt of the timeline as SVG: lanes of what the thread did around a slow frame.

use std::fmt::Write;

use gdkrecord::draw::scale::{step, tick_label};
use gdkrecord::draw::text::Setter;

use super::escape::esc;
use super::style;
use crate::analysis::Report as Slow;
use crate::analysis::excerpt::{Excerpt, Lane};
use crate::report::{Report, time};

/// Pixels of the drawing.
const WIDTH: f64 = 1040.0;
/// Of these, for the lanes' names.
const LEFT: f64 = 122.0;
/// Pixels of a row, and between lanes.
const ROW: f64 = 20.0;
const GAP: f64 = 7.0;
/// Rows that one lane takes at most; what lies deeper is too much for an excerpt.
const DEEP: usize = 5;
/// Narrower spans are drawn without an edge, in their full colour.
const SLIM: f64 = 3.0;
/// A label's distance from the begin of its span.
const PAD: f64 = 4.0;

/// Draws an excerpt around a slow frame.
pub fn draw(report: &Report, excerpt: &Excerpt, slow: &Slow, out: &mut String) {
    let (from, to) = excerpt.place;
    let length = (to - from).max(1) as f64;
    let x = |at: i64| LEFT + ((at - from) as f64 / length).clamp(0.0, 1.0) * (WIDTH - LEFT);
    let heights: Vec<f64> = excerpt.lanes.iter().map(|lane| rows(lane) as f64 * ROW + GAP).collect();
    let (top, bottom) = (24.0, 24.0 + heights.iter().sum::<f64>());
    let about = format!("What the thread did from {:.3} s to {:.3} s.", report.seconds(from), report.seconds(to));
    let _ = writeln!(
        out,
        "<figure><svg class=\"time\" viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" aria-label=\"{}\" \
         xmlns=\"http://www.w3.org/2000/svg\">",
        bottom + 22.0,
        esc(about)
    );
    let _ = writeln!(
        out,
        "<rect class=\"work\" x=\"{:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{:.1}\"/>",
        x(slow.place.0),
        x(slow.place.1) - x(slow.place.0),
        bottom - top
    );
    ticks(report, (from, to), bottom, &x, out);
    let setter = Setter::new(12.0, false);
    let mut y = top;
    for (lane, height) in excerpt.lanes.iter().zip(heights) {
        draw_lane(lane, y + GAP / 2.0, &x, &setter, out);
        y += height;
    }
    // The label stands where it does not run out of the picture.
    let (at, label) = (x(slow.deadline), format!("budget: {}", time(slow.budget)));
    let (side, anchor) = if at > WIDTH - 140.0 { (-6.0, "end") } else { (6.0, "start") };
    let _ = write!(
        out,
        "<path class=\"due\" d=\"M{at:.1} 6V{bottom:.1}\"/><text class=\"late\" x=\"{:.1}\" y=\"16\" \
         text-anchor=\"{anchor}\">{label}</text>\n</svg></figure>\n",
        at + side
    );
}

fn rows(lane: &Lane) -> usize {
    lane.spans.iter().map(|(_, depth)| depth + 1).max().unwrap_or(1).min(DEEP)
}

fn ticks(report: &Report, (from, to): (i64, i64), bottom: f64, x: &impl Fn(i64) -> f64, out: &mut String) {
    let (begin, end) = (report.seconds(from), report.seconds(to));
    let step = step(end - begin, 8);
    let mut at = (begin / step).ceil() * step;
    while at <= end {
        let place = x(report.origin + (at * 1e9) as i64);
        let _ = write!(out, "<path class=\"grid\" d=\"M{place:.1} 24V{bottom:.1}\"/>");
        if place < WIDTH - 24.0 && place > LEFT + 16.0 {
            let text = tick_label(at, step, end);
            let y = bottom + 15.0;
            let _ = writeln!(
                out,
                "<text class=\"tick\" x=\"{place:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{text}</text>"
            );
        }
        at += step;
    }
}

fn draw_lane(lane: &Lane, top: f64, x: &impl Fn(i64) -> f64, setter: &Setter, out: &mut String) {
    let middle = top + ROW / 2.0 + 4.0;
    let role = style::role(lane.rule);
    let _ =
        write!(out, "<text class=\"label\" x=\"10\" y=\"{middle:.1}\">{}</text>\n<g class=\"c-{role}\">\n", lane.name);
    for (span, depth) in lane.spans.iter().filter(|(_, depth)| *depth < DEEP) {
        let (left, right) = (x(span.time), x(span.end));
        let (width, y) = ((right - left).max(1.0), top + *depth as f64 * ROW);
        let class = if width < SLIM { "slim" } else { "span" };
        let _ = write!(
            out,
            "<g><title>{}, {}</title><rect class=\"{class}\" x=\"{left:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{:.0}\" rx=\"2\"/>",
            esc(&span.what),
            esc(words(span.end - span.time)),
            ROW - 2.0
        );
        if let Some(fit) = setter.fit(&span.what, width - 2.0 * PAD, 3) {
            let _ = write!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" textLength=\"{:.1}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                left + PAD,
                y + ROW / 2.0 + 3.0,
                fit.width,
                esc(fit.text)
            );
        }
        out.push_str("</g>\n");
    }
    out.push_str("</g>\n");
}

/// A moment has no length.
fn words(ns: i64) -> String {
    if ns > 0 { time(ns) } else { "a moment".to_owned() }
}
