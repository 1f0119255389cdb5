//! Labels, set through Pango: measured, ellipsised at the width they have, and centred on a line's middle.

use std::borrow::Cow;
use std::sync::OnceLock;

use pango::prelude::FontMapExt;

use super::Result;
use super::palette::Color;

/// The fonts of labels, best first.
#[cfg(not(test))]
const FONTS: &str = "Cantarell, Noto Sans, DejaVu Sans, sans-serif";
/// Reference pictures are the same everywhere.
#[cfg(test)]
const FONTS: &str = "DejaVu Sans";
/// What is used in their place.
static OTHERS: OnceLock<String> = OnceLock::new();

/// Sets labels in other fonts from now on, best first, as Pango names them; once only.
pub fn use_fonts(fonts: &str) {
    OTHERS.get_or_init(|| fonts.to_owned());
}

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
        set_up(&layout, self.size, self.bold);
        layout.set_text(&printable(self.text));
        if let Some(most) = self.most {
            layout.set_width((most * f64::from(pango::SCALE)) as i32);
            layout.set_ellipsize(self.cut);
        }
        layout
    }
}

/// Gives a layout its font.
fn set_up(layout: &pango::Layout, size: f64, bold: bool) {
    // A drawing is looked at elsewhere than here: this screen's hinting and order of subpixels do not matter.
    if let Ok(mut options) = cairo::FontOptions::new() {
        options.set_antialias(cairo::Antialias::Gray);
        options.set_hint_style(cairo::HintStyle::None);
        options.set_hint_metrics(cairo::HintMetrics::Off);
        pangocairo::functions::context_set_font_options(&layout.context(), Some(&options));
        layout.context_changed();
    }
    let mut font = pango::FontDescription::from_string(OTHERS.get().map_or(FONTS, String::as_str));
    font.set_absolute_size(size * f64::from(pango::SCALE));
    if bold {
        font.set_weight(pango::Weight::Bold);
    }
    layout.set_font_description(Some(&font));
    layout.set_single_paragraph_mode(true);
}

/// Pango refuses nothing but NUL, which a title of another program may well hold.
fn printable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "␀").into() } else { text.into() }
}

/// No cut text fits where there are fewer pixels than these.
pub const ELLIPSIS_ROOM: f64 = 16.0;

/// Sets many labels of one size: it measures and cuts them without a drawing, and draws them later.
#[derive(Debug)]
pub struct Setter {
    layout: pango::Layout,
    size: f64,
    bold: bool,
    line: Line,
    ellipsis: f64,
}

/// The measures of a line, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// From its top to its bottom.
    pub height: f64,
    /// From its top to the foot of its letters.
    pub baseline: f64,
}

/// A text that fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// As much of it as fits, and an ellipsis where that is not all.
    pub text: String,
    /// Its width in pixels.
    pub width: f64,
}

impl Setter {
    /// For labels of a size in pixels.
    pub fn new(size: f64, bold: bool) -> Setter {
        let context = pangocairo::FontMap::default().create_context();
        let layout = pango::Layout::new(&context);
        set_up(&layout, size, bold);
        let none = Line { height: 0.0, baseline: 0.0 };
        let mut setter = Setter { layout, size, bold, line: none, ellipsis: 0.0 };
        setter.ellipsis = setter.width("…");
        let height = pixels(setter.layout.size().1);
        setter.line = Line { height, baseline: pixels(setter.layout.baseline()) };
        setter
    }

    /// The size in pixels.
    pub fn size(&self) -> f64 {
        self.size
    }

    /// Whether it is bold.
    pub fn bold(&self) -> bool {
        self.bold
    }

    /// The measures of a line.
    pub fn line(&self) -> Line {
        self.line
    }

    /// A text's width in pixels.
    pub fn width(&self, text: &str) -> f64 {
        self.layout.set_text(&printable(text));
        pixels(self.layout.size().0)
    }

    /// As much of a text as fits; `None` where that would be less than `least` characters of it and an ellipsis.
    pub fn fit(&self, text: &str, room: f64, least: usize) -> Option<Fit> {
        if text.is_empty() || room <= 0.0 {
            return None;
        }
        let text = &*printable(text);
        let width = self.width(text);
        if width <= room {
            return Some(Fit { text: text.to_owned(), width });
        }
        // The letter at which the room for letters ends; a text that runs from the right is cut at its left.
        let letters = room - self.ellipsis;
        if letters <= 0.0 {
            return None;
        }
        let leftward = pango::find_base_dir(text) == pango::Direction::Rtl;
        let x = if leftward { width - letters } else { letters };
        let (_, at, _) = self.layout.xy_to_index((x * f64::from(pango::SCALE)) as i32, 0);
        let mut cut = usize::try_from(at).unwrap_or(0).min(text.len());
        // Where directions are mixed what lies before the letter may be wider than the room.
        loop {
            cut = (0..=cut).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            let kept = text[..cut].trim_end();
            if kept.chars().count() < least {
                return None;
            }
            let cut_text = format!("{kept}…");
            let width = self.width(&cut_text);
            if width <= room {
                return Some(Fit { text: cut_text, width });
            }
            cut = kept.len() - 1;
        }
    }

    /// As much of a text as fits, set once to be drawn many times.
    pub fn set(&self, text: &str, room: f64, least: usize) -> Option<Set> {
        let fit = self.fit(text, room, least)?;
        let layout = self.layout.copy();
        layout.set_text(&printable(&fit.text));
        Some(Set { layout, width: fit.width, baseline: self.line.baseline })
    }

    /// Draws a text with its letters standing at `baseline`.
    pub fn draw(&self, ctx: &cairo::Context, text: &str, x: f64, baseline: f64, color: Color) -> Result<()> {
        self.layout.set_text(&printable(text));
        color.set(ctx);
        ctx.move_to(x, baseline - self.line.baseline);
        pangocairo::functions::show_layout(ctx, &self.layout);
        ctx.new_path();
        ctx.status()
    }
}

/// A text that is set: its letters are chosen and placed.
#[derive(Debug)]
pub struct Set {
    layout: pango::Layout,
    width: f64,
    baseline: f64,
}

impl Set {
    /// Its width in pixels.
    pub fn width(&self) -> f64 {
        self.width
    }

    /// Draws it with its letters standing at `baseline`.
    pub fn draw(&self, ctx: &cairo::Context, x: f64, baseline: f64, color: Color) -> Result<()> {
        color.set(ctx);
        ctx.move_to(x, baseline - self.baseline);
        pangocairo::functions::show_layout(ctx, &self.layout);
        ctx.new_path();
        ctx.status()
    }
}

/// Pango counts in fractions of a pixel.
fn pixels(units: i32) -> f64 {
    f64::from(units) / f64::from(pango::SCALE)
}
