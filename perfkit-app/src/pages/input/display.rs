//! The private display of a replay, as it is seen from time to time.

use std::cell::RefCell;
use std::rc::Rc;

use gtk::prelude::*;

use crate::link::replay::{Picture, Room};
use crate::widgets::accessible;
use crate::wording::tr;

/// The picture.
#[derive(Clone)]
pub struct Display {
    /// Its widget.
    pub area: gtk::DrawingArea,
    /// The room that it has.
    pub room: Room,
    shown: Rc<RefCell<Option<cairo::ImageSurface>>>,
}

impl Display {
    /// Of nothing yet.
    pub fn new() -> Display {
        let area = gtk::DrawingArea::builder()
            .hexpand(true)
            .vexpand(true)
            .height_request(160)
            .accessible_role(gtk::AccessibleRole::Img)
            .build();
        accessible::name(&area, &tr("Display of the replay"));
        let (room, shown) = (Room::default(), Rc::<RefCell<Option<cairo::ImageSurface>>>::default());
        let of = room.clone();
        area.connect_resize(move |area, width, height| {
            let scale = area.scale_factor();
            of.set((width * scale, height * scale));
        });
        let picture = Rc::clone(&shown);
        area.set_draw_func(move |area, ctx, width, height| {
            if let Some(picture) = &*picture.borrow() {
                // A picture that cannot be drawn is not there; the next one comes soon.
                let _ = draw(ctx, picture, (width, height), area.scale_factor());
            }
        });
        Display { area, room, shown }
    }

    /// Shows a picture.
    pub fn show(&self, picture: Picture) {
        let Picture { data, size: (width, height), stride } = picture;
        let surface = cairo::ImageSurface::create_for_data(data, cairo::Format::Rgb24, width, height, stride);
        if let Ok(surface) = surface {
            accessible::value(&self.area, &tr("Shows the program"));
            self.shown.replace(Some(surface));
            self.area.queue_draw();
        }
    }

    /// Shows nothing.
    pub fn clear(&self) {
        self.shown.take();
        accessible::value(&self.area, "");
        self.area.queue_draw();
    }
}

/// In the middle of the room; where that has just become smaller, made to fit for this moment.
fn draw(
    ctx: &cairo::Context,
    picture: &cairo::ImageSurface,
    (width, height): (i32, i32),
    scale: i32,
) -> cairo::Result<()> {
    let (across, down) = (f64::from(picture.width()), f64::from(picture.height()));
    let (width, height) = (f64::from(width), f64::from(height));
    let fit = (1.0 / f64::from(scale)).min(width / across).min(height / down);
    ctx.translate(((width - across * fit) / 2.0).round(), ((height - down * fit) / 2.0).round());
    ctx.scale(fit, fit);
    ctx.set_source_surface(picture, 0.0, 0.0)?;
    ctx.source().set_filter(cairo::Filter::Fast);
    ctx.paint()
}
