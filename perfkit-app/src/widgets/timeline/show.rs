//! Drawing: the grounds, the picture, and what lies over it.

use gdkrecord::draw::{Area, Palette, Result, fill, line};
use gtk::prelude::*;
use gtk::subclass::prelude::*;
use gtk::{gdk, graphene};

use super::Timeline;
use super::geometry::{Geometry, between};
use crate::draw::timeline::heads::{self, Head};
use crate::draw::timeline::{Lane, Wanted, overview, ruler};

fn rect(area: Area) -> graphene::Rect {
    graphene::Rect::new(area.x as f32, area.y as f32, area.width.max(0.0) as f32, area.height.max(0.0) as f32)
}

/// Draws with cairo on an area; a drawing that fails is not there, and there is nobody to tell.
fn with_cairo(snapshot: &gtk::Snapshot, area: Area, draw: impl FnOnce(&cairo::Context) -> Result<()>) {
    let ctx = snapshot.append_cairo(&rect(area));
    let _ = draw(&ctx);
}

impl Timeline {
    pub(super) fn show_on(&self, snapshot: &gtk::Snapshot) {
        let geometry = self.geometry();
        let palette = Timeline::palette();
        let whole = Area::new(0.0, 0.0, f64::from(self.width()), f64::from(self.height()));
        let lanes = geometry.lanes;
        let below = Area::new(0.0, lanes.y, whole.width, lanes.height);
        with_cairo(snapshot, whole, |ctx| fill(ctx, whole, palette.background));
        snapshot.push_clip(&rect(below));
        with_cairo(snapshot, below, |ctx| self.grounds(ctx, palette, geometry));
        snapshot.pop();
        with_cairo(snapshot, whole, |ctx| {
            let origin = self.whole().begin;
            ruler::draw(ctx, palette, geometry.visible, origin, geometry.ruler, lanes.bottom())
        });
        snapshot.push_clip(&rect(lanes));
        self.last_picture(snapshot, geometry);
        with_cairo(snapshot, lanes, |ctx| self.marks(ctx, palette, geometry));
        snapshot.pop();
        self.strip(snapshot, palette, geometry);
    }

    /// Calls back with each lane that is visible: its head and its place in the widget.
    fn each_lane(&self, geometry: Geometry, mut each: impl FnMut(Head<'_>, Wanted) -> Result<()>) -> Result<()> {
        let imp = self.imp();
        let tracks = imp.tracks.borrow();
        let Some(tracks) = tracks.as_ref() else { return Ok(()) };
        let scrolled = self.scroll().value();
        let places = self.places();
        let mut above: Option<&Lane> = None;
        let shown = between(&places, scrolled, scrolled + geometry.lanes.height);
        for place in &places {
            let Some(lane) = tracks.lanes.get(place.lane) else { continue };
            let first = above.is_none_or(|above| above.kind != lane.kind);
            above = Some(lane);
            if shown.contains(place) {
                let head = Head { lane, first, chosen: imp.chosen.get() == Some(place.lane) };
                each(head, Wanted { top: place.top - scrolled + geometry.lanes.y, ..*place })?;
            }
        }
        Ok(())
    }

    fn grounds(&self, ctx: &cairo::Context, palette: &Palette, geometry: Geometry) -> Result<()> {
        self.each_lane(geometry, |head, place| {
            let area = Area::new(geometry.lanes.x, place.top, geometry.lanes.width, place.height);
            heads::draw(ctx, palette, head, Area::new(0.0, place.top, geometry.lanes.x, place.height))?;
            heads::ground(ctx, palette, head, place, area)
        })
    }

    /// The last picture where what it shows lies now.
    fn last_picture(&self, snapshot: &gtk::Snapshot, geometry: Geometry) {
        let picture = self.imp().picture.borrow();
        let Some(picture) = picture.as_ref() else { return };
        let (left, right) = (geometry.x(picture.scene.range.begin), geometry.x(picture.scene.range.end));
        let top = geometry.lanes.y + picture.scrolled - self.scroll().value();
        // Far outside nothing of it is seen.
        if right - left < 1.0 || right - left > 1e6 {
            return;
        }
        snapshot.append_texture(&picture.texture, &rect(Area::new(left, top, right - left, picture.height)));
    }

    /// The selection and the moment that is looked at.
    fn marks(&self, ctx: &cairo::Context, palette: &Palette, geometry: Geometry) -> Result<()> {
        let document = self.document();
        let area = geometry.lanes;
        let selection = document.selection();
        if !selection.is_empty() {
            let (left, right) = (geometry.x(selection.begin).max(area.x), geometry.x(selection.end).min(area.right()));
            if right > left {
                fill(ctx, Area::new(left, area.y, right - left, area.height), palette.text.alpha(0.1))?;
                for x in [left, right] {
                    line(ctx, (x, area.y), (x, area.bottom()), palette.dim, 1.0)?;
                }
            }
        }
        let x = geometry.x(document.cursor()).round() + 0.5;
        if (area.x..=area.right()).contains(&x) {
            line(ctx, (x, area.y), (x, area.bottom()), palette.text, 1.0)?;
        }
        Ok(())
    }

    fn strip(&self, snapshot: &gtk::Snapshot, palette: &Palette, geometry: Geometry) {
        let area = geometry.overview;
        with_cairo(snapshot, area, |ctx| fill(ctx, area, palette.panel));
        if let Some((texture, _)) = self.imp().strip.borrow().as_ref() {
            let texture: &gdk::Texture = texture;
            snapshot.append_texture(texture, &rect(area));
        }
        with_cairo(snapshot, area, |ctx| overview::draw_handle(ctx, palette, self.whole(), geometry.visible, area));
    }
}
