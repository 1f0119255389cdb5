//! What stands around the picture, and what lies over it; with the picture it is the whole timeline.

use std::collections::HashMap;
use std::sync::Arc;

use cairo::{Context, ImageSurface};
use gdkrecord::draw::{Area, Palette, Result, fill, line, outline};

use perfkit_agent::session::Bookmark;

use super::geometry::{Geometry, View, between, places};
use super::heads::{self, Head};
use super::hit::Spot;
use super::lanes::{Lane, Tracks};
use super::links::{self, Link};
use super::scene::Wanted;
use super::search::Found;
use super::{overview, ruler};
use crate::model::Range;

/// A timeline to draw.
#[derive(Clone, Debug)]
pub struct Figure<'a> {
    /// Its colours.
    pub palette: &'static Palette,
    /// What sets its texts.
    pub letters: &'a heads::Letters,
    /// Its lanes.
    pub tracks: &'a Tracks,
    /// How each of them is shown.
    pub views: &'a [View],
    /// Its parts.
    pub geometry: Geometry,
    /// The whole session.
    pub whole: Range,
    /// How far the lanes are scrolled, in pixels.
    pub scrolled: f64,
    /// The chosen lane.
    pub chosen: Option<usize>,
    /// What lies over the lanes.
    pub marks: Marks,
}

/// What lies over the lanes.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// What was selected; empty where nothing is.
    pub selection: Range,
    /// The moment that is looked at.
    pub cursor: i64,
    /// The selected row.
    pub picked: Option<Spot>,
    /// The arrows from its causes and to its effects.
    pub links: Vec<Link>,
    /// What somebody marked.
    pub bookmarks: Vec<Bookmark>,
    /// What was found.
    pub found: Option<Arc<Found>>,
}

/// A flag of a bookmark, in pixels.
const FLAG: (f64, f64) = (9.0, 10.0);
/// The mark of a row that was found, in pixels.
const FOUND: f64 = 5.0;

impl Figure<'_> {
    /// All of it: `picture` has the lanes, `strip` the overview.
    pub fn draw(&self, ctx: &Context, picture: &ImageSurface, strip: &ImageSurface) -> Result<()> {
        self.below(ctx)?;
        let Geometry { lanes, overview, .. } = self.geometry;
        for (surface, area) in [(picture, lanes), (strip, overview)] {
            ctx.save()?;
            ctx.translate(area.x, area.y);
            ctx.scale(area.width / f64::from(surface.width()), area.height / f64::from(surface.height()));
            ctx.set_source_surface(surface, 0.0, 0.0)?;
            ctx.paint()?;
            ctx.restore()?;
        }
        self.over(ctx)
    }

    /// The ground of the whole, below the picture.
    pub fn below(&self, ctx: &Context) -> Result<()> {
        let Geometry { lanes, overview, ruler, visible } = self.geometry;
        let whole = Area::new(0.0, 0.0, lanes.right() + lanes.x, lanes.bottom());
        fill(ctx, whole, self.palette.background)?;
        fill(ctx, overview, self.palette.panel)?;
        ctx.save()?;
        ctx.rectangle(0.0, lanes.y, lanes.right(), lanes.height);
        ctx.clip();
        self.each_lane(|head, place| {
            let area = Area::new(lanes.x, place.top, lanes.width, place.height);
            heads::draw(ctx, self.palette, self.letters, head, Area::new(0.0, place.top, lanes.x, place.height))?;
            heads::ground(ctx, self.palette, head, place, area)
        })?;
        ctx.restore()?;
        ruler::draw(ctx, self.palette, self.letters.labels(), visible, self.whole.begin, ruler, lanes.bottom())
    }

    /// What lies over the picture.
    pub fn over(&self, ctx: &Context) -> Result<()> {
        let Geometry { lanes, overview, visible, .. } = self.geometry;
        ctx.save()?;
        ctx.rectangle(lanes.x, lanes.y, lanes.width, lanes.height);
        ctx.clip();
        self.selection(ctx)?;
        let x = self.geometry.x(self.marks.cursor).round() + 0.5;
        if (lanes.x..=lanes.right()).contains(&x) {
            line(ctx, (x, lanes.y), (x, lanes.bottom()), self.palette.text, 1.0)?;
        }
        self.found(ctx)?;
        self.picked(ctx)?;
        ctx.restore()?;
        self.bookmarks(ctx)?;
        overview::draw_handle(ctx, self.palette, self.whole, visible, overview)
    }

    fn selection(&self, ctx: &Context) -> Result<()> {
        let selection = self.marks.selection;
        let area = self.geometry.lanes;
        let edges = [selection.begin, selection.end].map(|time| self.geometry.x(time));
        let (left, right) = (edges[0].max(area.x), edges[1].min(area.right()));
        if selection.is_empty() || right <= left {
            return Ok(());
        }
        fill(ctx, Area::new(left, area.y, right - left, area.height), self.palette.text.alpha(0.07))?;
        for x in edges {
            let x = x.round() + 0.5;
            line(ctx, (x, area.y), (x, area.bottom()), self.palette.dim, 1.0)?;
        }
        Ok(())
    }

    /// A flag in the ruler and a dashed line for each bookmark; a bar in the ruler where it has a length.
    fn bookmarks(&self, ctx: &Context) -> Result<()> {
        let Geometry { ruler, lanes, .. } = self.geometry;
        let color = self.palette.category(0);
        ctx.save()?;
        ctx.rectangle(lanes.x, ruler.y, lanes.width, ruler.height + lanes.height);
        ctx.clip();
        for bookmark in &self.marks.bookmarks {
            let (left, right) = (self.geometry.x(bookmark.begin), self.geometry.x(bookmark.end));
            if right < lanes.x || left > lanes.right() {
                continue;
            }
            let x = left.round() + 0.5;
            ctx.set_dash(&[2.0, 3.0], 0.0);
            line(ctx, (x, ruler.bottom()), (x, lanes.bottom()), color, 1.0)?;
            ctx.set_dash(&[], 0.0);
            let top = ruler.bottom() - FLAG.1;
            if right - left > 1.0 {
                fill(ctx, Area::new(left, ruler.bottom() - 3.0, right - left, 3.0), color)?;
            }
            color.set(ctx);
            ctx.move_to(x - 1.0, top);
            ctx.line_to(x + FLAG.0, top);
            ctx.line_to(x + FLAG.0 - 3.0, top + FLAG.1 / 2.0 - 1.0);
            ctx.line_to(x + FLAG.0, top + FLAG.1 - 2.0);
            ctx.line_to(x - 1.0, top + FLAG.1 - 2.0);
            ctx.close_path();
            ctx.fill()?;
            line(ctx, (x, top), (x, ruler.bottom()), color, 2.0)?;
        }
        ctx.restore()
    }

    /// A mark below each row that was found, at most one for a pixel of a lane.
    fn found(&self, ctx: &Context) -> Result<()> {
        let Some(found) = &self.marks.found else { return Ok(()) };
        let visible = self.geometry.visible;
        let from = found.spots.partition_point(|spot| spot.time < visible.begin);
        let to = found.spots.partition_point(|spot| spot.time < visible.end);
        let places = places(self.views);
        let place = |lane: usize| places.iter().find(|place| place.lane == lane);
        let mut last: HashMap<usize, i64> = HashMap::new();
        self.palette.text.set(ctx);
        for spot in found.spots.get(from..to).unwrap_or_default() {
            let x = self.geometry.x(spot.time);
            let Some(place) = place(spot.lane).filter(|_| last.insert(spot.lane, x as i64) != Some(x as i64)) else {
                continue;
            };
            let floor = place.top - self.scrolled + self.geometry.lanes.y + place.height;
            ctx.move_to(x, floor - FOUND - 2.0);
            ctx.line_to(x - FOUND * 0.7, floor - 1.0);
            ctx.line_to(x + FOUND * 0.7, floor - 1.0);
            ctx.close_path();
        }
        ctx.fill()
    }

    /// A frame around the selected row, and its arrows.
    fn picked(&self, ctx: &Context) -> Result<()> {
        let Marks { picked, links, .. } = &self.marks;
        let Some(spot) = picked else { return Ok(()) };
        let places = places(self.views);
        let place = |lane: usize| {
            let place = places.iter().find(|place| place.lane == lane)?;
            Some(Wanted { top: place.top - self.scrolled + self.geometry.lanes.y, ..*place })
        };
        for link in links {
            if let (Some(from), Some(to)) = (place(link.from.lane), place(link.to.lane)) {
                links::draw(ctx, self.palette, &self.geometry, link, from, to)?;
            }
        }
        let Some(at) = place(spot.lane) else { return Ok(()) };
        let (left, right) = (self.geometry.x(spot.time), self.geometry.x(spot.end()));
        let area = Area::new(left - 2.0, at.top + 1.0, (right - left).max(1.0) + 4.0, at.height - 2.0);
        outline(ctx, area, self.palette.background.alpha(0.8), 4.0)?;
        outline(ctx, area, self.palette.text, 2.0)
    }

    /// Calls back with each lane that is visible: its head and its place in the widget.
    fn each_lane(&self, mut each: impl FnMut(Head<'_>, Wanted) -> Result<()>) -> Result<()> {
        let places = places(self.views);
        let shown = between(&places, self.scrolled, self.scrolled + self.geometry.lanes.height);
        let mut above: Option<&Lane> = None;
        for place in &places {
            let Some(lane) = self.tracks.lanes.get(place.lane) else { continue };
            let first = above.is_none_or(|above| above.kind != lane.kind);
            above = Some(lane);
            if shown.contains(place) {
                let head = Head { lane, first, chosen: self.chosen == Some(place.lane), budget: self.tracks.budget };
                each(head, Wanted { top: place.top - self.scrolled + self.geometry.lanes.y, ..*place })?;
            }
        }
        Ok(())
    }
}
