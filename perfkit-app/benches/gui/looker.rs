//! Looks at a session as the timeline does, without a window.

use std::path::Path;
use std::time::Duration;

use cairo::{Context, Format, ImageSurface};
use gdkrecord::draw::Palette;
use nix::time::{ClockId, clock_gettime};
use perfkit_agent::Result;
use perfkit_agent::session::{Query, Session};
use perfkit_app::draw::timeline::figure::{Figure, Marks};
use perfkit_app::draw::timeline::geometry::{Geometry, View, between, places};
use perfkit_app::draw::timeline::heads::Letters;
use perfkit_app::draw::timeline::kinds::Look;
use perfkit_app::draw::timeline::paint::{Manner, Pixels, picture};
use perfkit_app::draw::timeline::scene::prepare;
use perfkit_app::draw::timeline::{Ask, Kept, Scene, Tracks, Wanted, overview, tracks};
use perfkit_app::link::Reader;
use perfkit_app::model::{Range, extent};

/// A session that is looked at.
pub struct Looker {
    reader: Reader,
    kept: Kept,
    tracks: Tracks,
    views: Vec<View>,
    whole: Range,
    size: (f64, f64),
    strip: ImageSurface,
    figure: ImageSurface,
    letters: Letters,
}

/// One look at it.
pub struct Looked {
    /// The lanes.
    pub picture: ImageSurface,
    /// Milliseconds of reading and of drawing.
    pub took: (f64, f64),
}

/// The processor's time of this thread so far: others share the machine's.
pub fn milliseconds() -> f64 {
    let now = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from);
    now.as_secs_f64() * 1e3
}

const PALETTE: &Palette = &Palette::LIGHT;

/// What cannot fail but for lack of memory.
fn drawn<T>(result: std::result::Result<T, cairo::Error>) -> Result<T> {
    result.map_err(|error| perfkit_agent::Error::Invalid(error.to_string()))
}

impl Looker {
    /// Opens the session at `path` for pictures of a size in pixels.
    pub fn open(path: &Path, size: (f64, f64)) -> Result<Looker> {
        let mut reader = Reader { session: Session::open(path)?, query: Query::open(path)? };
        let tracks = tracks(&reader)?;
        let views = tracks.lanes.iter().map(View::of).collect();
        let whole = extent(&reader);
        let manner = Manner { palette: PALETTE, scale: 1.0, budget: tracks.budget };
        let columns = Geometry::new(size.0, size.1, whole).overview.width as usize;
        let lane = tracks.lanes.iter().position(|lane| lane.kind.look == Look::Frames).unwrap_or(0);
        let wanted = Wanted { lane, top: 0.0, height: overview::HEIGHT };
        let mut kept = Kept::default();
        let ask = Ask { range: whole, columns, lanes: vec![wanted], filter: None };
        let scene = Scene::read(&mut reader, &mut kept, &tracks.lanes, &ask)?;
        let strip = drawn(picture(&scene, &tracks.lanes, manner, overview::HEIGHT).and_then(Pixels::surface))?;
        let figure = drawn(ImageSurface::create(Format::Rgb24, size.0 as i32, size.1 as i32))?;
        Ok(Looker { reader, kept, tracks, views, whole, size, strip, figure, letters: Letters::default() })
    }

    /// The whole session.
    pub fn whole(&self) -> Range {
        self.whole
    }

    /// How many lanes are seen.
    pub fn lanes(&self) -> usize {
        self.wanted(self.whole).len()
    }

    /// Makes ready what pictures need, as the window does after the first one.
    pub fn prepare(&mut self) -> Result<()> {
        let lanes: Vec<usize> = self.wanted(self.whole).iter().map(|wanted| wanted.lane).collect();
        prepare(&self.reader, &self.tracks.lanes, &lanes, Duration::from_secs(60)).map(drop)
    }

    fn wanted(&self, range: Range) -> Vec<Wanted> {
        between(&places(&self.views), 0.0, Geometry::new(self.size.0, self.size.1, range).lanes.height)
    }

    /// Reads and draws a range.
    pub fn look(&mut self, range: Range) -> Result<Looked> {
        let geometry = Geometry::new(self.size.0, self.size.1, range);
        let manner = Manner { palette: PALETTE, scale: 1.0, budget: self.tracks.budget };
        let start = milliseconds();
        let ask = Ask { range, columns: geometry.lanes.width as usize, lanes: self.wanted(range), filter: None };
        let scene = Scene::read(&mut self.reader, &mut self.kept, &self.tracks.lanes, &ask)?;
        let read = milliseconds() - start;
        let picture =
            drawn(picture(&scene, &self.tracks.lanes, manner, geometry.lanes.height).and_then(Pixels::surface))?;
        let figure = Figure {
            palette: PALETTE,
            letters: &self.letters,
            tracks: &self.tracks,
            views: &self.views,
            geometry,
            whole: self.whole,
            scrolled: 0.0,
            chosen: None,
            marks: Marks { cursor: range.begin, ..Marks::default() },
        };
        drawn(Context::new(&self.figure).and_then(|ctx| figure.draw(&ctx, &picture, &self.strip)))?;
        let drawing = milliseconds() - start - read;
        Ok(Looked { picture, took: (read, drawing) })
    }

    /// Whether the picture of a range shows the slow frame that begins at `time`, by the mark in its pixel column or the
    /// one beside it.
    pub fn shows_slow(&mut self, range: Range, time: i64) -> Result<bool> {
        let frames = |wanted: &Wanted| self.tracks.lanes[wanted.lane].kind.look == Look::Frames;
        let Some(top) = self.wanted(range).into_iter().find(frames).map(|wanted| wanted.top) else { return Ok(false) };
        let mut picture = self.look(range)?.picture;
        let (width, stride) = (i64::from(picture.width()), picture.stride() as usize);
        let column = ((time - range.begin) as f64 / range.length() as f64 * width as f64) as i64;
        let Ok(data) = picture.data() else { return Ok(false) };
        let marked = |x: i64| {
            let at = (top as usize + 4) * stride + x as usize * 4;
            let pixel = data.get(at..at + 4).unwrap_or_default();
            let [red, green, blue] = PALETTE.slow.bytes();
            let wanted = u32::from_be_bytes([255, red, green, blue]).to_ne_bytes();
            pixel == wanted
        };
        Ok((column - 1..=column + 2).filter(|x| (0..width).contains(x)).any(marked))
    }
}

/// Ranges around a moment, from the whole session to a stretch as short as `closest`, with the moment at other places.
pub fn zooms(whole: Range, time: i64, closest: i64) -> Vec<Range> {
    let mut ranges = Vec::new();
    let mut length = whole.length();
    while length > closest {
        for share in [0.08, 0.5, 0.83] {
            let begin = time - (length as f64 * share) as i64;
            ranges.push(Range::new(begin, begin + length).within(whole));
        }
        length = length * 2 / 3;
    }
    ranges
}
