//! The plots, drawn by plotters as SVG: the work of every frame over time, and how long input waited for its answer.

use std::fmt::Write;

use gdkrecord::draw::palette::Color;
use gdkrecord::draw::scale::{Axis, Range, tick_label, time_step};
use gdkrecord::draw::{Area, columns::Columns};
use gdkrecord::units;
use plotters::coord::Shift;
use plotters::prelude::{
    Circle, DrawingArea, IntoDrawingArea, IntoFont, PathElement, RGBAColor, Rectangle, ShapeStyle, Text, TextStyle,
};
use plotters::style::Color as _;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters_svg::SVGBackend;

use super::escape::esc;
use super::{frames, style};
use crate::error::{Error, Result};
use crate::report::{Report, time, verdict};

/// Pixels of the page's width.
const WIDTH: u32 = 1072;
/// Pixels that labels of values need at the left, and those of limits at the right.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 104.0;
/// Where one frame takes so many times its budget, the axis goes by powers: all others would lie on the floor.
const FAR: f64 = 6.0;
/// Slow frames that are links; more are drawn as well, and are in the table.
const LINKS: usize = 2_000;

type Plane<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Failed = Box<dyn std::error::Error>;

/// A plot's room and axes.
struct Plot {
    height: u32,
    area: Area,
    range: Range,
    axis: Axis,
}

impl Plot {
    fn new(report: &Report, height: u32, axis: Axis) -> Plot {
        let at = |time: i64| u64::try_from(time - report.origin).unwrap_or(0);
        let area = Area::new(LEFT, 10.0, f64::from(WIDTH) - LEFT - RIGHT, f64::from(height) - 10.0 - 24.0);
        Plot { height, area, range: Range::new(at(report.analysis.place.0), at(report.analysis.place.1)), axis }
    }

    /// Where a time of the session lies.
    fn x(&self, report: &Report, time: i64) -> f64 {
        let place = self.range.place(u64::try_from(time - report.origin).unwrap_or(0)).clamp(0.0, 1.0);
        self.area.x + place * self.area.width
    }

    /// Where so many nanoseconds lie.
    fn y(&self, ns: i64) -> f64 {
        self.area.bottom() - self.axis.height(ns as f64 / 1e6) * self.area.height
    }

    /// The plot as SVG: `draw` puts things on the plane, `over` are elements that lie above them.
    fn svg(
        &self,
        (name, about): (&str, &str),
        draw: impl FnOnce(&Plane<'_>) -> std::result::Result<(), Failed>,
        over: &str,
    ) -> Result<String> {
        let mut svg = String::new();
        let drawn = || -> std::result::Result<(), Failed> {
            let plane = SVGBackend::with_string(&mut svg, (WIDTH, self.height)).into_drawing_area();
            self.axes(&plane)?;
            draw(&plane)?;
            plane.present()?;
            Ok(())
        };
        drawn().map_err(|error| Error::Invalid(format!("the plot of {name} cannot be drawn: {error}")))?;
        // The page's own begin of the element, with what a reader hears instead of seeing it.
        let inside = svg.split_once('>').map_or("", |(_, rest)| rest).trim_end().trim_end_matches("</svg>");
        Ok(format!(
            "<svg class=\"plot\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{}\" \
             xmlns=\"http://www.w3.org/2000/svg\">{inside}{over}</svg>\n",
            self.height,
            esc(about)
        ))
    }

    /// A line that should not be crossed, and what it is, to the right of it.
    fn limit(&self, plane: &Plane<'_>, ns: i64, name: &str) -> std::result::Result<(), Failed> {
        let (y, color) = (self.y(ns), style::light("slow"));
        plane.draw(&line((self.area.x, y), (self.area.right(), y), color))?;
        plane.draw(&label(name, self.area.right() + 6.0, y, HPos::Left, color))?;
        Ok(())
    }

    fn axes(&self, plane: &Plane<'_>) -> std::result::Result<(), Failed> {
        let area = self.area;
        plane.draw(&bar(area, style::light("panel")))?;
        for tick in self.axis.ticks(4) {
            let y = self.y((tick * 1e6) as i64);
            plane.draw(&line((area.x, y), (area.right(), y), style::light("grid")))?;
            let text = if tick > 0.0 { time((tick * 1e6) as i64) } else { "0".to_owned() };
            plane.draw(&label(&text, area.x - 8.0, y, HPos::Right, style::light("dim")))?;
        }
        let seconds = self.range.length() as f64 / 1e9;
        let step = time_step(seconds, 9);
        let (from, to) = (self.range.from as f64 / 1e9, self.range.to as f64 / 1e9);
        let mut at = (from / step).ceil() * step;
        while at <= to {
            let x = area.x + (at - from) / seconds * area.width;
            plane.draw(&line((x, area.y), (x, area.bottom()), style::light("grid")))?;
            let text = tick_label(at, step, to);
            plane.draw(&label(&text, x, area.bottom() + 13.0, HPos::Center, style::light("dim")))?;
            at += step;
        }
        Ok(())
    }
}

/// The work of every frame over time.
pub fn strip(report: &Report, out: &mut String) -> Result<()> {
    let analysis = &report.analysis;
    let budget = verdict::budget(report).unwrap_or(0);
    let longest = analysis.frames.last().copied().unwrap_or(0).max(budget) as f64 / 1e6;
    let log = longest > FAR * budget as f64 / 1e6;
    let plot = Plot::new(report, 250, if log { Axis::log(0.1, longest) } else { Axis::linear(longest) });
    // A column of pixels keeps the longest of its frames, so that one among many thousands is seen.
    let mut columns = Columns::new(plot.range, plot.area.width as usize);
    for &(end, work, _) in &analysis.strip {
        columns.add_at(u64::try_from(end - report.origin).unwrap_or(0), u64::try_from(work).unwrap_or(0));
    }
    let mut slow: Vec<(usize, &crate::analysis::Report)> = analysis.slow.iter().enumerate().collect();
    // The shorter in front of the longer, so that none hides another.
    slow.sort_by_key(|(_, slow)| std::cmp::Reverse(slow.work));
    let about = format!(
        "Work of {} over time; {} over the budget of {}.",
        units::plural(analysis.frames.len() as u64, "frame"),
        analysis.slow.len(),
        time(budget)
    );
    let wide = (plot.area.width / analysis.strip.len().max(1) as f64 / 2.0).clamp(1.0, 3.0);
    let over = slow.iter().take(LINKS).map(|(at, slow)| {
        let (x, y) = (plot.x(report, slow.place.1), plot.y(slow.work));
        format!(
            "<a href=\"#{}\" tabindex=\"-1\"><rect class=\"hit\" x=\"{:.1}\" y=\"{y:.1}\" width=\"9\" height=\"{:.1}\">\
             <title>{:.3} s: {}</title></rect></a>",
            frames::id(*at),
            x - 4.5,
            plot.area.bottom() - y,
            report.seconds(slow.place.1),
            esc(slow.words())
        )
    });
    let over: String = over.collect();
    let svg = plot.svg(
        ("frames", &about),
        |plane| {
            for (at, column) in columns.all().iter().enumerate().filter(|(_, column)| column.longest > 0) {
                let (x, y) = (plot.area.x + at as f64, plot.y(column.longest as i64));
                plane.draw(&bar(Area::new(x, y, wide, plot.area.bottom() - y), style::light("calm")))?;
            }
            for (_, slow) in &slow {
                let role = style::role(slow.findings.first().map_or("unexplained", |finding| finding.rule));
                let (x, y) = (plot.x(report, slow.place.1), plot.y(slow.work));
                let thick = wide.max(3.0);
                plane.draw(&bar(Area::new(x - thick / 2.0, y, thick, plot.area.bottom() - y), style::light(role)))?;
            }
            plot.limit(plane, budget, &format!("budget {}", time(budget)))
        },
        &over,
    )?;
    let scale = if log { ", by powers of ten" } else { "" };
    let _ = write!(
        out,
        "<h2 id=\"strip\">Every frame</h2>\n<figure>\n{svg}<figcaption>The work of each frame{scale}, from the moment \
         at which something asked for it; sleep does not count. Grey frames kept to their budget; the colour of a slow \
         one is what took most of it. A bar leads to its frame.</figcaption>\n"
    );
    legend(report, out);
    out.push_str("</figure>\n");
    Ok(())
}

fn legend(report: &Report, out: &mut String) {
    let first = |slow: &crate::analysis::Report| slow.findings.first().map_or("unexplained", |finding| finding.rule);
    out.push_str("<ul class=\"legend\">");
    for rule in crate::analysis::rules::RULES {
        let count = report.analysis.slow.iter().filter(|slow| first(slow) == rule.name).count();
        if count > 0 {
            let (role, name) = (style::role(rule.name), rule.title);
            let _ = write!(
                out,
                "<li class=\"c-{role}\" title=\"{}\"><span class=\"swatch\"></span>{name} ({count})</li>",
                esc(rule.doc)
            );
        }
    }
    out.push_str("</ul>\n");
}

/// From here on people feel that something reacts and does not follow: a tenth of a second.
const FELT: i64 = crate::analysis::hangs::NOTICED;

/// What the plot tells apart: kinds of input, their colour's role, and the begins of GDK's names.
const KINDS: &[(&str, &str, &[&str])] = &[
    ("buttons", "input", &["button", "2button", "3button"]),
    ("keys", "callback", &["key"]),
    ("scrolling", "layout", &["scroll"]),
    ("touch", "render", &["touch"]),
];

/// How long each event waited for the frame that answered it.
pub fn latencies(report: &Report, out: &mut String) -> Result<()> {
    let answers = &report.analysis.answers;
    if answers.is_empty() {
        return Ok(());
    }
    let longest = answers.iter().map(|answer| answer.latency()).max().unwrap_or(0);
    let plot = Plot::new(report, 190, Axis::linear(longest.max(20_000_000) as f64 / 1e6));
    let kind = |event: &str| KINDS.iter().find(|(_, _, names)| names.iter().any(|name| event.starts_with(name)));
    let about =
        format!("Latency of {} over time, {} at most.", units::plural(answers.len() as u64, "event"), time(longest));
    let over = answers.iter().map(|answer| {
        let (x, y) = (plot.x(report, answer.made), plot.y(answer.latency()));
        format!(
            "<circle class=\"hit\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"7\"><title>{:.3} s: {} was answered after {}</title>\
             </circle>",
            report.seconds(answer.made),
            esc(&answer.input.what.event),
            time(answer.latency())
        )
    });
    let over: String = over.collect();
    let svg = plot.svg(
        ("input", &about),
        |plane| {
            if longest > FELT {
                plot.limit(plane, FELT, "felt as slow")?;
            }
            for answer in answers {
                let role = kind(&answer.input.what.event).map_or("unexplained", |(_, role, _)| role);
                let at = (plot.x(report, answer.made).round() as i32, plot.y(answer.latency()).round() as i32);
                plane.draw(&Circle::new(at, 4, paint(style::light(role))))?;
            }
            Ok(())
        },
        &over,
    )?;
    let _ = write!(
        out,
        "<h2 id=\"latency\">Input</h2>\n<figure>\n{svg}<figcaption>From each key, button, touch or turn of the wheel to \
         the end of the frame that answered it.</figcaption>\n<ul class=\"legend\">"
    );
    for (name, role, _) in KINDS {
        let count =
            answers.iter().filter(|answer| kind(&answer.input.what.event).is_some_and(|(of, ..)| of == name)).count();
        if count > 0 {
            let _ = write!(out, "<li class=\"c-{role}\"><span class=\"swatch\"></span>{name} ({count})</li>");
        }
    }
    out.push_str("</ul>\n</figure>\n");
    Ok(())
}

fn rgba(color: Color) -> RGBAColor {
    let [red, green, blue] = color.bytes();
    RGBAColor(red, green, blue, 1.0)
}

fn paint(color: Color) -> ShapeStyle {
    ShapeStyle { color: rgba(color), filled: true, stroke_width: 0 }
}

fn bar(area: Area, color: Color) -> Rectangle<(i32, i32)> {
    let whole = |place: f64| place.round() as i32;
    let (left, top, bottom) = (whole(area.x), whole(area.y), whole(area.bottom()));
    let right = whole(area.right()).max(left + 1);
    // What took little is there all the same.
    Rectangle::new([(left, top.min(bottom - 1)), (right, bottom)], paint(color))
}

fn line(from: (f64, f64), to: (f64, f64), color: Color) -> PathElement<(i32, i32)> {
    let whole = |(x, y): (f64, f64)| (x.round() as i32, y.round() as i32);
    PathElement::new([whole(from), whole(to)], ShapeStyle { color: rgba(color), filled: false, stroke_width: 1 })
}

/// A label with the middle of its height at `y`; the page's style sets its font.
fn label(text: &str, x: f64, y: f64, align: HPos, color: Color) -> Text<'static, (i32, i32), String> {
    let font = ("sans-serif", 12).into_font();
    let style = TextStyle { font, color: rgba(color).to_backend_color(), pos: Pos::new(align, VPos::Center) };
    Text::new(text.to_owned(), (x.round() as i32, y.round() as i32), style)
}
