//! From cause to effect: input, the dispatch that handled it, and the frame that showed what came of it.

use gdkrecord::draw::{Area, Palette, Result};
use perfkit_agent::analysis::{Analysis, Dispatch, Frame, Input, Span, Timeline, overlapping};

use super::geometry::Geometry;
use super::lanes::Lane;
use super::scene::Wanted;

/// Input that led to one frame or dispatch, of which arrows are drawn at most: the pointer moves often.
const MOST: usize = 12;
/// So long after input a frame can still be its answer, in nanoseconds.
const ANSWERS: i64 = 1_000_000_000;
/// Pixels of an arrow's head.
const HEAD: f64 = 7.0;

/// An end of an arrow: a row on a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// The lane's place among those of the session.
    pub lane: usize,
    /// The row's begin.
    pub time: i64,
    /// The row's end.
    pub end: i64,
    /// What it is called.
    pub title: String,
}

/// An arrow.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The cause.
    pub from: End,
    /// The effect.
    pub to: End,
}

/// What is known of causes of one thread.
struct Thread<'a> {
    analysis: &'a Analysis,
    timeline: &'a Timeline,
    lanes: &'a [Lane],
}

/// The arrows around the row of a lane that begins at `time`, from the first cause to the last effect.
pub fn links(analysis: &Analysis, lanes: &[Lane], lane: usize, time: i64) -> Vec<Link> {
    let Some(of) = lanes.get(lane) else { return Vec::new() };
    let mine = |timeline: &&Timeline| timeline.tid == i64::from(of.tid) && timeline.pid == i64::from(of.pid);
    let Some(timeline) = analysis.timelines.iter().find(mine) else { return Vec::new() };
    let thread = Thread { analysis, timeline, lanes };
    match of.kind.name {
        "input" => {
            let input = timeline.inputs.iter().find(|input| input.time == time);
            input.map_or_else(Vec::new, |input| thread.after_input(input))
        }
        "loop" => {
            let found = timeline.dispatches.iter().find(|dispatch| dispatch.time == time);
            found.map_or_else(Vec::new, |dispatch| thread.around_dispatch(dispatch))
        }
        "frames" => {
            let frame = timeline.frames.iter().find(|frame| frame.time == time);
            frame.map_or_else(Vec::new, |frame| thread.to_frame(frame))
        }
        _ => Vec::new(),
    }
}

impl Thread<'_> {
    fn end(&self, kind: &str, time: i64, end: i64, title: String) -> Option<End> {
        let mine = |lane: &Lane| lane.kind.name == kind && i64::from(lane.tid) == self.timeline.tid;
        Some(End { lane: self.lanes.iter().position(mine)?, time, end, title })
    }

    fn input(&self, input: &Span<Input>) -> Option<End> {
        self.end("input", input.time, input.end, input.what.event.clone())
    }

    fn dispatch(&self, dispatch: &Span<Dispatch>) -> Option<End> {
        let facts = &dispatch.what;
        let name = self.analysis.names.get(&facts.callback).map(|name| name.function.clone());
        let title =
            name.unwrap_or_else(|| if facts.source.is_empty() { &facts.callback } else { &facts.source }.clone());
        self.end("loop", dispatch.time, dispatch.end, title)
    }

    fn frame(&self, frame: &Span<Frame>) -> Option<End> {
        self.end("frames", frame.time, frame.end, frame.what.counter.to_string())
    }

    /// The innermost dispatch in which a moment lies.
    fn around(&self, time: i64) -> Option<&Span<Dispatch>> {
        overlapping(&self.timeline.dispatches, time, time + 1).max_by_key(|dispatch| dispatch.time)
    }

    /// The frame that answers an event.
    fn answer(&self, input: &Span<Input>) -> Option<&Span<Frame>> {
        let frames = &self.timeline.frames;
        let after = frames.partition_point(|frame| frame.end <= input.end);
        let answers = |frame: &&Span<Frame>| {
            frame.what.paints() && input.what.clock.is_none_or(|clock| clock == frame.what.clock)
        };
        frames.get(after..)?.iter().find(answers).filter(|frame| frame.time - input.end < ANSWERS)
    }

    fn after_input(&self, input: &Span<Input>) -> Vec<Link> {
        let chain = [
            self.input(input),
            self.around(input.time).and_then(|dispatch| self.dispatch(dispatch)),
            self.answer(input).and_then(|frame| self.frame(frame)),
        ];
        chained(chain)
    }

    fn around_dispatch(&self, dispatch: &Span<Dispatch>) -> Vec<Link> {
        let within = overlapping(&self.timeline.inputs, dispatch.time, dispatch.end.max(dispatch.time + 1));
        let inputs: Vec<&Span<Input>> = within.filter(|input| input.time >= dispatch.time).take(MOST).collect();
        let handled = self.dispatch(dispatch);
        let mut links: Vec<Link> =
            inputs.iter().flat_map(|input| chained([self.input(input), handled.clone(), None])).collect();
        let begun = |frame: &&Span<Frame>| frame.time >= dispatch.time && frame.time < dispatch.end;
        let frames = overlapping(&self.timeline.frames, dispatch.time, dispatch.end.max(dispatch.time + 1));
        let frames: Vec<&Span<Frame>> = match frames.filter(begun).take(MOST).collect::<Vec<_>>() {
            own if own.is_empty() => inputs.last().and_then(|input| self.answer(input)).into_iter().collect(),
            own => own,
        };
        for frame in frames {
            links.extend(chained([None, handled.clone(), self.frame(frame)]));
        }
        links
    }

    fn to_frame(&self, frame: &Span<Frame>) -> Vec<Link> {
        let shown = self.frame(frame);
        let mut links = Vec::new();
        if let Some(own) = self.around(frame.time) {
            links.extend(chained([None, self.dispatch(own), shown.clone()]));
        }
        let inputs = overlapping(&self.timeline.inputs, frame.time - ANSWERS, frame.end);
        let answered = |input: &&Span<Input>| self.answer(input).is_some_and(|answer| answer.time == frame.time);
        let inputs: Vec<&Span<Input>> = inputs.filter(answered).collect();
        for input in inputs.iter().rev().take(MOST) {
            let dispatch = self.around(input.time).and_then(|dispatch| self.dispatch(dispatch));
            links.extend(chained([self.input(input), dispatch, shown.clone()]));
        }
        let mut unique: Vec<Link> = Vec::new();
        for link in links {
            if !unique.contains(&link) {
                unique.push(link);
            }
        }
        unique
    }
}

/// The arrows from each that is there to the next.
fn chained(ends: [Option<End>; 3]) -> Vec<Link> {
    let there: Vec<End> = ends.into_iter().flatten().collect();
    there.windows(2).map(|pair| Link { from: pair[0].clone(), to: pair[1].clone() }).collect()
}

/// Draws an arrow between lanes that lie at these places.
pub fn draw(
    ctx: &cairo::Context,
    palette: &Palette,
    geometry: &Geometry,
    link: &Link,
    from: Wanted,
    to: Wanted,
) -> Result<()> {
    let area = geometry.lanes;
    let down = to.top >= from.top;
    // Out of the cause's end where that is before the effect, else out of the middle of what both share.
    let start = if link.from.end <= link.to.time { link.from.end } else { link.from.time.max(link.to.time) };
    let (x, tip) = (geometry.x(start), geometry.x(link.to.time));
    let (y, into) = match down {
        true => (from.top + from.height - 4.0, to.top + 3.0),
        false => (from.top + 4.0, to.top + to.height - 3.0),
    };
    if x.max(tip) < area.x - 200.0 || x.min(tip) > area.right() + 200.0 {
        return Ok(());
    }
    let bend = ((into - y) / 2.0).abs().max(12.0) * if down { 1.0 } else { -1.0 };
    let neck = into - if down { HEAD } else { -HEAD };
    for (color, thick) in [(palette.background.alpha(0.8), 4.0), (palette.text, 1.5)] {
        color.set(ctx);
        ctx.set_line_width(thick);
        ctx.move_to(x, y);
        ctx.curve_to(x, y + bend, tip, neck - bend, tip, neck);
        ctx.stroke()?;
    }
    let dot = Area::new(x - 2.0, y - 2.0, 4.0, 4.0);
    gdkrecord::draw::fill(ctx, dot, palette.text)?;
    ctx.move_to(tip, into);
    ctx.line_to(tip - HEAD * 0.6, neck);
    ctx.line_to(tip + HEAD * 0.6, neck);
    ctx.close_path();
    ctx.fill()
}
