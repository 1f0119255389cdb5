//! Labels, set through Pango: measured, ellipsised at the width they have, and centred on a line's middle.

use super::Result;
use super::palette::Color;

/// The fonts of labels, best first.
#[cfg(not(test))]
const FONTS: &str = "Cantarell, Noto Sans, DejaVu Sans, sans-serif";
/// Reference pictures are the same everywhere.
#[cfg(test)]
const FONTS: &str = "DejaVu Sans";

/// Which end of a label lies at the given place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// It begins there.
    Left,
    /// Its middle is there.
    Centre,
    /// It ends there.
    Right,
}

/// A line of text and how it looks.
#[derive(Clone, Debug)]
pub struct Label<'a> {
    text: &'a str,
    color: Color,
    size: f64,
    bold: bool,
    most: Option<f64>,
    cut: pango::EllipsizeMode,
}

impl<'a> Label<'a> {
    /// A line of 12 pixels.
    pub fn new(text: &'a str, color: Color) -> Self {
        Label { text, color, size: 12.0, bold: false, most: None, cut: pango::EllipsizeMode::End }
    }

    /// Another size, in pixels.
    pub fn size(mut self, size: f64) -> Self {
        self.size = size;
        self
    }

    /// In bold.
    pub fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    /// At most this many pixels wide: longer text ends in an ellipsis.
    pub fn most(mut self, width: f64) -> Self {
        self.most = Some(width.max(0.0));
        self
    }

    /// Leaves out the middle where it is too long: names of functions and sources differ at their ends.
    pub fn keep_ends(mut self) -> Self {
        self.cut = pango::EllipsizeMode::Middle;
        self
    }

    /// The width it will take, in pixels.
    pub fn width(&self, ctx: &cairo::Context) -> f64 {
        f64::from(self.layout(ctx).pixel_size().0)
    }

    /// Draws it with the middle of its height at `middle`; gives the width in pixels.
    pub fn draw(&self, ctx: &cairo::Context, x: f64, middle: f64, align: Align) -> Result<f64> {
        let layout = self.layout(ctx);
        let (width, height) = layout.pixel_size();
        let left = match align {
            Align::Left => x,
            Align::Centre => x - f64::from(width) / 2.0,
            Align::Right => x - f64::from(width),
        };
        self.color.set(ctx);
        ctx.move_to(left.round(), (middle - f64::from(height) / 2.0).round());
        pangocairo::functions::show_layout(ctx, &layout);
        ctx.new_path();
        ctx.status()?;
        Ok(f64::from(width))
    }

    fn layout(&self, ctx: &cairo::Context) -> pango::Layout {
        let layout = pangocairo::functions::create_layout(ctx);
        // A drawing is looked at elsewhere than here: this screen's hinting and order of subpixels do not matter.
        if let Ok(mut options) = cairo::FontOptions::new() {
            options.set_antialias(cairo::Antialias::Gray);
            options.set_hint_style(cairo::HintStyle::None);
            options.set_hint_metrics(cairo::HintMetrics::Off);
            pangocairo::functions::context_set_font_options(&layout.context(), Some(&options));
            layout.context_changed();
        }
        let mut font = pango::FontDescription::from_string(FONTS);
        font.set_absolute_size(self.size * f64::from(pango::SCALE));
        if self.bold {
            font.set_weight(pango::Weight::Bold);
        }
        layout.set_font_description(Some(&font));
        layout.set_single_paragraph_mode(true);
        // Pango refuses nothing but NUL, which a title of another program may well hold.
        layout.set_text(&self.text.replace('\0', "␀"));
        if let Some(most) = self.most {
            layout.set_width((most * f64::from(pango::SCALE)) as i32);
            layout.set_ellipsize(self.cut);
        }
        layout
    }
}
