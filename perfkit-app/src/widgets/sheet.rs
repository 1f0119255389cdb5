//! A picture that is made once and shown often: as a texture, or by cairo where the window is drawn with that. There
//! GTK 4.8 takes each pixel of a texture through floating-point numbers, in every frame, which takes as long as all else.

use cairo::{Filter, Format, ImageSurface};
use gtk::prelude::*;
use gtk::{gdk, glib, graphene, gsk};

/// The picture.
#[derive(Debug)]
pub enum Sheet {
    /// For renderers that keep textures where they draw.
    Texture(gdk::Texture),
    /// For the one that draws with cairo.
    Surface(ImageSurface),
}

impl Sheet {
    /// The picture of a surface with alpha, as suits what draws the window of a widget.
    pub fn new(surface: ImageSurface, widget: &impl IsA<gtk::Widget>) -> cairo::Result<Sheet> {
        let renderer = widget.native().and_then(|native| native.renderer());
        if renderer.is_some_and(|renderer| renderer.is::<gsk::CairoRenderer>()) {
            return Ok(Sheet::Surface(surface));
        }
        let (width, height, stride) = (surface.width(), surface.height(), surface.stride());
        let data = surface.take_data().map_err(|_| cairo::Error::SurfaceFinished)?;
        // Cairo's pixels are numbers of the machine's byte order.
        let format = match cfg!(target_endian = "little") {
            true => gdk::MemoryFormat::B8g8r8a8Premultiplied,
            false => gdk::MemoryFormat::A8r8g8b8Premultiplied,
        };
        let bytes = glib::Bytes::from_owned(data);
        Ok(Sheet::Texture(gdk::MemoryTexture::new(width, height, format, &bytes, stride as usize).upcast()))
    }

    /// Shows it, as large as a rectangle.
    pub fn show(&self, snapshot: &gtk::Snapshot, at: &graphene::Rect) {
        match self {
            Sheet::Texture(texture) => snapshot.append_texture(texture, at),
            Sheet::Surface(surface) => {
                let ctx = snapshot.append_cairo(at);
                // A picture that cannot be drawn is not there, and there is nobody to tell.
                let _ = stretch(&ctx, surface, at);
            }
        }
    }

    /// Its pixels, for cairo.
    pub fn surface(&self) -> cairo::Result<ImageSurface> {
        match self {
            Sheet::Surface(surface) => Ok(surface.clone()),
            Sheet::Texture(texture) => {
                let (width, height) = (texture.width(), texture.height());
                let stride = Format::ARgb32.stride_for_width(width as u32)?;
                let mut bytes = vec![0; stride as usize * height as usize];
                texture.download(&mut bytes, stride as usize);
                ImageSurface::create_for_data(bytes, Format::ARgb32, width, height, stride)
            }
        }
    }
}

fn stretch(ctx: &cairo::Context, surface: &ImageSurface, at: &graphene::Rect) -> cairo::Result<()> {
    let (across, down) =
        (f64::from(at.width()) / f64::from(surface.width()), f64::from(at.height()) / f64::from(surface.height()));
    ctx.translate(at.x().into(), at.y().into());
    ctx.scale(across, down);
    ctx.set_source_surface(surface, 0.0, 0.0)?;
    // What moves or grows is seen for a moment only, until its own picture is there.
    ctx.source().set_filter(Filter::Fast);
    ctx.rectangle(0.0, 0.0, surface.width().into(), surface.height().into());
    ctx.fill()
}
