//! The drawings beside reference pictures, in perfkit-app/tests/pictures; how they are compared is gdkrecord's.
//! `UPDATE_GOLDEN=1 cargo test -p perfkit-app pictures` writes them anew; where one differs, `NAME-out.png` and
//! `NAME-diff.png` lie beside it.

#[path = "../../../gdkrecord/src/draw/reference/compare.rs"]
mod compare;

use std::path::Path;

use gdkrecord::draw::{Area, Palette, fill, text};

/// Holds a drawing of so many pixels against its references, light and dark: `NAME-light.png` and `NAME-dark.png`.
pub fn check(
    name: &str,
    width: f64,
    height: f64,
    draw: impl Fn(&cairo::Context, &Palette, f64, f64) -> cairo::Result<()>,
) {
    text::use_fonts("DejaVu Sans");
    for (kind, palette) in [("light", &Palette::LIGHT), ("dark", &Palette::DARK)] {
        let surface = cairo::ImageSurface::create(cairo::Format::Rgb24, width as i32, height as i32).unwrap();
        let ctx = cairo::Context::new(&surface).unwrap();
        fill(&ctx, Area::new(0.0, 0.0, width, height), palette.background).unwrap();
        draw(&ctx, palette, width, height).unwrap();
        drop(ctx);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures");
        compare::check(&folder, &format!("{name}-{kind}"), &surface);
    }
}
