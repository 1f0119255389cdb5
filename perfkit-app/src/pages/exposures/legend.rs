//! What the colours on the stage mean: a card in its corner.

use gdkrecord::draw::exposures::picture;
use gdkrecord::draw::{Area, Palette};
use gdkrecord::sets::Exposed;
use gtk::prelude::*;

use crate::widgets::graph;
use crate::wording::tr;

/// The size of a swatch, and of the scale of heat.
const SWATCH: (i32, i32) = (20, 13);
const SCALE: i32 = 96;

/// The card.
#[derive(Clone)]
pub struct Legend {
    card: gtk::Box,
    damage: gtk::Box,
    repaint: gtk::Box,
    both: gtk::Box,
    heat: gtk::Box,
}

impl Legend {
    /// For damage and repaint that are told apart, without heat.
    pub fn new() -> Legend {
        let legend = Legend {
            card: gtk::Box::builder()
                .spacing(14)
                .halign(gtk::Align::Start)
                .valign(gtk::Align::End)
                .margin_start(10)
                .margin_bottom(10)
                .can_target(false)
                .css_classes(["perfkit-legend"])
                .build(),
            damage: swatch(Exposed::Damage, &tr("had changed")),
            repaint: swatch(Exposed::Repaint, &tr("repainted")),
            both: swatch(Exposed::Both, &tr("changed and repainted")),
            heat: heat(),
        };
        for part in [&legend.repaint, &legend.damage, &legend.both, &legend.heat] {
            legend.card.append(part);
        }
        legend.heat.set_visible(false);
        legend.set_apart(true);
        legend
    }

    /// Its widget.
    pub fn widget(&self) -> &gtk::Box {
        &self.card
    }

    /// Whether damage and repaint are told apart.
    pub fn set_apart(&self, apart: bool) {
        self.damage.set_visible(apart);
        self.repaint.set_visible(apart);
        self.both.set_visible(!apart);
    }

    /// Whether heat is shown.
    pub fn set_hot(&self, hot: bool) {
        self.heat.set_visible(hot);
    }
}

fn label(text: &str) -> gtk::Label {
    gtk::Label::builder().label(text).css_classes(["caption"]).build()
}

fn area(width: i32, draw: impl Fn(&cairo::Context, &Palette, Area) -> cairo::Result<()> + 'static) -> gtk::DrawingArea {
    let area = gtk::DrawingArea::builder()
        .content_width(width)
        .content_height(SWATCH.1)
        .valign(gtk::Align::Center)
        .accessible_role(gtk::AccessibleRole::Presentation)
        .build();
    area.set_draw_func(move |_, ctx, width, height| {
        let palette = graph::palette();
        // A swatch that cannot be drawn has its words.
        let _ = draw(ctx, palette, Area::new(0.0, 0.0, width.into(), height.into()));
    });
    let weak = area.downgrade();
    adw::StyleManager::default().connect_dark_notify(move |_| {
        if let Some(area) = weak.upgrade() {
            area.queue_draw();
        }
    });
    area
}

fn swatch(what: Exposed, text: &str) -> gtk::Box {
    let line = gtk::Box::builder().spacing(6).build();
    line.append(&area(SWATCH.0, move |ctx, palette, area| picture::swatch(ctx, palette, what, area)));
    line.append(&label(text));
    line
}

fn heat() -> gtk::Box {
    let line = gtk::Box::builder().spacing(6).build();
    line.append(&label(&tr("repainted once")));
    line.append(&area(SCALE, picture::heat_scale));
    line.append(&label(&tr("256 times")));
    line
}
