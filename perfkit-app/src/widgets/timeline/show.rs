//! Drawing: the ground, the last picture where what it shows lies now, and what lies over it.

use gdkrecord::draw::{Area, Result};
use gtk::graphene;
use gtk::prelude::*;
use gtk::subclass::prelude::*;

use super::Timeline;
use crate::draw::timeline::figure::{Figure, Marks};
use crate::draw::timeline::geometry::Geometry;
use crate::widgets::graph;

fn rect(area: Area) -> graphene::Rect {
    graphene::Rect::new(area.x as f32, area.y as f32, area.width.max(0.0) as f32, area.height.max(0.0) as f32)
}

/// Draws with cairo; a drawing that fails is not there, and there is nobody to tell.
fn with_cairo(snapshot: &gtk::Snapshot, area: Area, draw: impl FnOnce(&cairo::Context) -> Result<()>) {
    let ctx = snapshot.append_cairo(&rect(area));
    let _ = draw(&ctx);
}

impl Timeline {
    /// Calls back with the figure as it is now.
    fn with_figure<T>(&self, with: impl FnOnce(&Figure<'_>) -> T) -> Option<T> {
        let imp = self.imp();
        let tracks = imp.tracks.borrow().clone()?;
        let views = imp.views.borrow();
        let document = self.document();
        let picked = self.picked();
        Some(with(&Figure {
            palette: Timeline::palette(),
            letters: &imp.letters,
            tracks: &tracks,
            views: &views,
            geometry: self.geometry(),
            whole: document.whole(),
            scrolled: self.scroll().value(),
            chosen: imp.chosen.get(),
            marks: Marks {
                selection: document.selection(),
                cursor: document.cursor(),
                picked: picked.as_ref().map(|picked| picked.spot),
                links: picked.map_or_else(Vec::new, |picked| picked.links),
                bookmarks: document.bookmarks(),
                found: self.found(),
            },
        }))
    }

    pub(super) fn show_on(&self, snapshot: &gtk::Snapshot) {
        self.with_figure(|figure| {
            let (width, height) = self.place(f64::from(self.width()), f64::from(self.height()));
            let (whole, scale) = (Area::new(0.0, 0.0, width, height), graph::scale(self) as f32);
            snapshot.scale(scale, scale);
            with_cairo(snapshot, whole, |ctx| figure.below(ctx));
            self.last_picture(snapshot, figure.geometry);
            if let Some((strip, _)) = self.imp().strip.borrow().as_ref() {
                strip.show(snapshot, &rect(figure.geometry.overview));
            }
            with_cairo(snapshot, whole, |ctx| figure.over(ctx));
        });
    }

    /// Draws all of it elsewhere, as it is shown.
    pub fn draw_on(&self, ctx: &cairo::Context) -> Result<()> {
        let (picture, strip) = (self.imp().picture.borrow(), self.imp().strip.borrow());
        let (Some(picture), Some((strip, _))) = (picture.as_ref(), strip.as_ref()) else { return Ok(()) };
        let (picture, strip) = (picture.sheet.surface()?, strip.surface()?);
        let scale = graph::scale(self);
        ctx.scale(scale, scale);
        self.with_figure(|figure| figure.draw(ctx, &picture, &strip)).unwrap_or(Ok(()))
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
        snapshot.push_clip(&rect(geometry.lanes));
        picture.sheet.show(snapshot, &rect(Area::new(left, top, right - left, picture.height)));
        snapshot.pop();
    }
}
