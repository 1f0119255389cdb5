//! The picture of a session's last seconds.

use std::cell::RefCell;
use std::rc::Rc;

use gdkrecord::draw::Area;
use gtk::prelude::*;

use crate::draw::live;
use crate::link::look::Look;
use crate::widgets::{accessible, graph};
use crate::wording::{tr, tr_with};

/// It.
#[derive(Debug)]
pub struct Picture {
    area: gtk::DrawingArea,
    look: Rc<RefCell<Look>>,
}

impl Picture {
    /// Of nothing yet.
    pub fn new() -> Picture {
        let area = gtk::DrawingArea::builder()
            .hexpand(true)
            .vexpand(true)
            .focusable(true)
            .accessible_role(gtk::AccessibleRole::Img)
            .build();
        accessible::name(&area, &tr("The last 20 seconds of the recording"));
        let look: Rc<RefCell<Look>> = Rc::default();
        let drawn = Rc::clone(&look);
        area.set_draw_func(move |area, ctx, width, height| {
            let scale = graph::scale(area);
            ctx.scale(scale, scale);
            let whole = Area::new(0.0, 0.0, f64::from(width) / scale, f64::from(height) / scale);
            // A picture that cannot be drawn is not there; what is recorded is.
            let _ = live::draw(ctx, graph::palette(), &drawn.borrow(), whole);
        });
        Picture { area, look }
    }

    /// The widget that shows it.
    pub fn widget(&self) -> &gtk::DrawingArea {
        &self.area
    }

    /// Shows the session as it is now.
    pub fn show(&self, look: Look) {
        self.area.set_content_height((live::height(&look) * graph::scale(&self.area)).ceil() as i32);
        accessible::describe(&self.area, &words(&look));
        self.look.replace(look);
        self.area.queue_draw();
    }
}

/// What is seen, for those who hear it: the same numbers.
fn words(look: &Look) -> String {
    let frames = tr_with("Frames: {frames}", &[("frames", &live::frames(look))]);
    let kinds = look.kinds.iter().map(|events| format!("{}: {}", tr(events.kind.title), live::count(events)));
    std::iter::once(frames).chain(kinds).collect::<Vec<_>>().join("; ")
}
