//! Drawing of recordings: plain functions on a cairo context and data, with no widgets.
//!
//! [`timeline`] is the figure of `gdkrecord-tool graph`, [`exposures`] the animated stage of
//! `gdkrecord-tool exposures`, [`treemap`] the one of what cost most; the GUI draws with the same functions. [`palette`] is the one table of colours,
//! [`scale`] the one of axes, [`plane`] is where plotters draws, [`columns`] keeps maxima and counts when many events share a pixel,
//! [`windows`] knows which windows there were at a moment, and [`text`] sets labels through Pango.

pub mod columns;
pub mod exposures;
pub mod palette;
pub mod plane;
#[cfg(test)]
mod reference;
pub mod scale;
#[cfg(test)]
mod scenes;
pub mod text;
pub mod timeline;
pub mod treemap;
pub mod windows;

pub use palette::{Color, Palette};

/// Drawing fails only as cairo fails: out of memory, or a surface whose file cannot be written.
pub type Result<T> = std::result::Result<T, cairo::Error>;

/// A rectangle on the drawing, in its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Area {
    /// From left, top, width and height.
    pub const fn new(x: f64, y: f64, width: f64, height: f64) -> Area {
        Area { x, y, width, height }
    }

    /// The right edge.
    pub fn right(self) -> f64 {
        self.x + self.width
    }

    /// The lower edge.
    pub fn bottom(self) -> f64 {
        self.y + self.height
    }

    /// The height's middle.
    pub fn middle(self) -> f64 {
        self.y + self.height / 2.0
    }

    /// The smallest rectangle around both.
    pub fn around(self, other: Area) -> Area {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        Area::new(x, y, self.right().max(other.right()) - x, self.bottom().max(other.bottom()) - y)
    }

    /// The part of this that lies in `other`; of width or height 0 where none does.
    pub fn within(self, other: Area) -> Area {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let width = (self.right().min(other.right()) - x).max(0.0);
        Area::new(x, y, width, (self.bottom().min(other.bottom()) - y).max(0.0))
    }
}

/// Fills a rectangle.
pub fn fill(ctx: &cairo::Context, area: Area, color: Color) -> Result<()> {
    color.set(ctx);
    ctx.rectangle(area.x, area.y, area.width, area.height);
    ctx.fill()
}

/// Draws a rectangle's outline, `thick` pixels wide and inside its edges.
pub fn outline(ctx: &cairo::Context, area: Area, color: Color, thick: f64) -> Result<()> {
    color.set(ctx);
    ctx.set_line_width(thick);
    let (width, height) = ((area.width - thick).max(0.0), (area.height - thick).max(0.0));
    ctx.rectangle(area.x + thick / 2.0, area.y + thick / 2.0, width, height);
    ctx.stroke()
}

/// Draws a straight line.
pub fn line(ctx: &cairo::Context, from: (f64, f64), to: (f64, f64), color: Color, thick: f64) -> Result<()> {
    color.set(ctx);
    ctx.set_line_width(thick);
    ctx.move_to(from.0, from.1);
    ctx.line_to(to.0, to.1);
    ctx.stroke()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_join_and_meet() {
        let (a, b) = (Area::new(0.0, 0.0, 10.0, 10.0), Area::new(5.0, -5.0, 10.0, 10.0));
        assert_eq!(a.around(b), Area::new(0.0, -5.0, 15.0, 15.0));
        assert_eq!(a.within(b), Area::new(5.0, 0.0, 5.0, 5.0));
        assert_eq!(a.within(Area::new(20.0, 0.0, 5.0, 5.0)).width, 0.0);
    }
}
