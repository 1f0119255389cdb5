//! What every page can give away: its graph as SVG or PNG, its table as CSV, its selection as text; and the button
//! that offers them.
//!
//! A drawing is made anew for it, as large as the page shows it, by the same function that drew the page.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::future::{Future, ready};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;

use adw::prelude::*;
use gtk::{gdk, gio, glib};
use perfkit_agent::Error;

use super::accessible;
use super::table::Rows;
use crate::link::away;
use crate::model::Document;
use crate::wording::{self, tr, tr_with};

/// How large a graph is, in pixels.
type Size = Rc<dyn Fn() -> (f64, f64)>;
/// Draws a graph of so many pixels.
type Draw = Rc<dyn Fn(&cairo::Context, f64, f64) -> cairo::Result<()>>;

/// What is known at once, or has to be asked for first.
type Later<T> = Rc<dyn Fn() -> Pin<Box<dyn Future<Output = T>>>>;

/// Pixels of a picture for each pixel of the page: it is looked at elsewhere, and larger.
const SCALE: f64 = 2.0;

/// What a page can give away.
#[derive(Clone, Default)]
pub struct Saving {
    name: String,
    picture: Option<(Size, Draw)>,
    table: Option<Later<Rows>>,
    text: Option<Later<String>>,
}

impl Saving {
    /// Nothing yet; `name` is what it is, for the names of files: "frames", "flame graph".
    pub fn new(name: &str) -> Saving {
        Saving { name: name.to_owned(), ..Saving::default() }
    }

    /// With a graph: its size in pixels, and what draws it with its background.
    pub fn picture(
        mut self,
        size: impl Fn() -> (f64, f64) + 'static,
        draw: impl Fn(&cairo::Context, f64, f64) -> cairo::Result<()> + 'static,
    ) -> Saving {
        self.picture = Some((Rc::new(size), Rc::new(draw)));
        self
    }

    /// With the graph of a widget, as large as it is shown.
    pub fn picture_of(
        self,
        widget: &impl IsA<gtk::Widget>,
        draw: impl Fn(&cairo::Context, f64, f64) -> cairo::Result<()> + 'static,
    ) -> Saving {
        let widget = widget.as_ref().downgrade();
        let size = move || {
            let shown = widget.upgrade().map_or((0, 0), |widget| (widget.width(), widget.height()));
            (f64::from(shown.0.max(300)), f64::from(shown.1.max(100)))
        };
        self.picture(size, draw)
    }

    /// With a table.
    pub fn table(self, table: impl Fn() -> Rows + 'static) -> Saving {
        self.table_later(move || ready(table()))
    }

    /// With a table that is asked for when it is wanted.
    pub fn table_later<F: Future<Output = Rows> + 'static>(mut self, table: impl Fn() -> F + 'static) -> Saving {
        self.table = Some(Rc::new(move || Box::pin(table())));
        self
    }

    /// With a text.
    pub fn text(self, text: impl Fn() -> String + 'static) -> Saving {
        self.text_later(move || ready(text()))
    }

    /// With a text that is asked for when it is wanted.
    pub fn text_later<F: Future<Output = String> + 'static>(mut self, text: impl Fn() -> F + 'static) -> Saving {
        self.text = Some(Rc::new(move || Box::pin(text())));
        self
    }

    /// The button that offers all of it. What went well or wrong is told through the document.
    pub fn button(self, document: &Document) -> gtk::MenuButton {
        let button = gtk::MenuButton::builder()
            .icon_name("document-save-symbolic")
            .tooltip_text(tr("Save or Copy"))
            .menu_model(&self.menu())
            .css_classes(["flat"])
            .build();
        accessible::name(&button, &tr("Save or Copy"));
        button.insert_action_group("give", Some(&self.actions(&button, document)));
        button
    }

    fn menu(&self) -> gio::Menu {
        let menu = gio::Menu::new();
        if self.picture.is_some() {
            menu.append(Some(&tr("Save _Picture…")), Some("give.save-picture"));
        }
        if self.table.is_some() {
            menu.append(Some(&tr("Save _Table…")), Some("give.save-table"));
        }
        let copy = gio::Menu::new();
        if self.picture.is_some() {
            copy.append(Some(&tr("Copy P_icture")), Some("give.copy-picture"));
        }
        if self.text.is_some() {
            copy.append(Some(&tr("_Copy as Text")), Some("give.copy-text"));
        }
        menu.append_section(None, &copy);
        menu
    }

    fn actions(&self, button: &gtk::MenuButton, document: &Document) -> gio::SimpleActionGroup {
        let group = gio::SimpleActionGroup::new();
        let add = |name: &str, run: fn(&Saving, &gtk::Widget, &Document)| {
            let action = gio::SimpleAction::new(name, None);
            let (saving, button, document) = (self.clone(), button.downgrade(), document.downgrade());
            action.connect_activate(move |_, _| {
                if let (Some(button), Some(document)) = (button.upgrade(), document.upgrade()) {
                    run(&saving, button.upcast_ref(), &document);
                }
            });
            group.add_action(&action);
        };
        add("save-picture", Saving::save_picture);
        add("save-table", Saving::save_table);
        add("copy-picture", Saving::copy_picture);
        add("copy-text", |saving, widget, document| {
            let Some(text) = saving.text.clone() else { return };
            let (widget, document) = (widget.clone(), document.clone());
            glib::spawn_future_local(async move { copy_text(&widget, &document, &text().await) });
        });
        group
    }

    fn save_picture(&self, widget: &gtk::Widget, document: &Document) {
        let Some((size, draw)) = self.picture.clone() else { return };
        let forms = [(tr("SVG pictures"), "*.svg"), (tr("PNG pictures"), "*.png")];
        let (document, told) = (document.clone(), document.clone());
        self.ask_where(widget, &told, (&tr("Save the Picture"), "svg"), &forms, move |path| {
            let (width, height) = size();
            match picture(&path, width, height, &*draw) {
                Ok(bytes) => write(&document, path, move || Ok(bytes)),
                Err(error) => document.tell(&error),
            }
        });
    }

    fn save_table(&self, widget: &gtk::Widget, document: &Document) {
        let Some(table) = self.table.clone() else { return };
        let forms = [(tr("Comma-separated values"), "*.csv")];
        let (document, told) = (document.clone(), document.clone());
        self.ask_where(widget, &told, (&tr("Save the Table"), "csv"), &forms, move |path| {
            let (table, document) = (Rc::clone(&table), document.clone());
            glib::spawn_future_local(async move {
                let rows = table().await;
                write(&document, path, move || rows.csv());
            });
        });
    }

    fn copy_picture(&self, widget: &gtk::Widget, document: &Document) {
        let Some((size, draw)) = &self.picture else { return };
        let (width, height) = size();
        let texture = png(width, height, &**draw).and_then(|bytes| {
            gdk::Texture::from_bytes(&glib::Bytes::from_owned(bytes)).map_err(|error| error.to_string())
        });
        match texture {
            Ok(texture) => {
                widget.clipboard().set_texture(&texture);
                document.tell(&tr("Copied the picture"));
            }
            Err(error) => document.tell(&tr_with("The picture could not be copied: {why}", &[("why", &error)])),
        }
    }

    /// Asks for a file, and does something with its name.
    fn ask_where(
        &self,
        widget: &gtk::Widget,
        document: &Document,
        (title, suffix): (&str, &str),
        forms: &[(String, &str)],
        chosen: impl Fn(PathBuf) + 'static,
    ) {
        let window = widget.root().and_downcast::<gtk::Window>();
        let action = gtk::FileChooserAction::Save;
        let chooser = gtk::FileChooserNative::new(Some(title), window.as_ref(), action, Some(&tr("_Save")), None);
        chooser.set_modal(true);
        let session = Path::new(document.title()).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        chooser.set_current_name(&format!("{session} {}.{suffix}", self.name));
        for (name, pattern) in forms {
            let filter = gtk::FileFilter::new();
            filter.set_name(Some(name));
            filter.add_pattern(pattern);
            chooser.add_filter(&filter);
        }
        // The closure holds it, since nobody else does until it is answered.
        let held = RefCell::new(Some(chooser.clone()));
        chooser.connect_response(move |_, response| {
            let chooser = held.take().filter(|_| response == gtk::ResponseType::Accept);
            if let Some(path) = chooser.and_then(|chooser| chooser.file()).and_then(|file| file.path()) {
                chosen(path);
            }
        });
        chooser.show();
    }
}

/// Puts a text into the clipboard.
pub fn copy_text(widget: &gtk::Widget, document: &Document, text: &str) {
    widget.clipboard().set_text(text);
    document.tell(&tr("Copied as text"));
}

/// Writes what is made on another thread, and tells how that went.
fn write(document: &Document, path: PathBuf, bytes: impl FnOnce() -> Result<Vec<u8>, String> + Send + 'static) {
    let document = document.clone();
    glib::spawn_future_local(async move {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let failed = |why: String| tr_with("{name} could not be written: {why}", &[("name", &name), ("why", &why)]);
        let work = move || bytes().map(|bytes| std::fs::write(&path, bytes).map_err(Error::file("write", &path)));
        match away(work).await {
            Some(Ok(Ok(()))) => document.tell(&tr_with("Saved {name}", &[("name", &name)])),
            Some(Ok(Err(error))) => document.tell(&wording::error(&error)),
            Some(Err(why)) => document.tell(&failed(why)),
            None => document.tell(&tr_with("{name} could not be written", &[("name", &name)])),
        }
    });
}

/// A graph in the form that the file's suffix says.
fn picture(
    path: &Path,
    width: f64,
    height: f64,
    draw: &dyn Fn(&cairo::Context, f64, f64) -> cairo::Result<()>,
) -> Result<Vec<u8>, String> {
    match path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase).as_deref() {
        Some("svg") => svg(width, height, draw),
        Some("png") => png(width, height, draw),
        _ => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Err(tr_with("{name}: the name of a picture ends in .svg or .png", &[("name", &name)]))
        }
    }
}

fn svg(
    width: f64,
    height: f64,
    draw: &dyn Fn(&cairo::Context, f64, f64) -> cairo::Result<()>,
) -> Result<Vec<u8>, String> {
    let make = || -> Result<Vec<u8>, String> {
        let stream = Vec::<u8>::new();
        let surface = cairo::SvgSurface::for_stream(width, height, stream).map_err(|error| error.to_string())?;
        let ctx = cairo::Context::new(&surface).map_err(|error| error.to_string())?;
        draw(&ctx, width, height).map_err(|error| error.to_string())?;
        drop(ctx);
        let stream = surface.finish_output_stream().map_err(|error| error.error.to_string())?;
        stream.downcast::<Vec<u8>>().map(|bytes| *bytes).map_err(|_| tr("the picture is lost"))
    };
    make()
}

fn png(
    width: f64,
    height: f64,
    draw: &dyn Fn(&cairo::Context, f64, f64) -> cairo::Result<()>,
) -> Result<Vec<u8>, String> {
    let size = |side: f64| (side * SCALE).round().clamp(1.0, 32_000.0) as i32;
    let make = || -> cairo::Result<cairo::ImageSurface> {
        let surface = cairo::ImageSurface::create(cairo::Format::ARgb32, size(width), size(height))?;
        let ctx = cairo::Context::new(&surface)?;
        ctx.scale(SCALE, SCALE);
        draw(&ctx, width, height)?;
        Ok(surface)
    };
    let surface = make().map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    surface.write_to_png(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(ctx: &cairo::Context, width: f64, height: f64) -> cairo::Result<()> {
        ctx.set_source_rgb(0.0, 0.4, 0.8);
        ctx.rectangle(10.0, 10.0, width - 20.0, height - 20.0);
        ctx.fill()
    }

    #[test]
    fn the_suffix_says_the_form() {
        let svg = picture(Path::new("a b.SVG"), 60.0, 40.0, &square).unwrap();
        assert!(String::from_utf8(svg).unwrap().contains("<svg "));
        let png = picture(Path::new("a.png"), 60.0, 40.0, &square).unwrap();
        let read = cairo::ImageSurface::create_from_png(&mut &png[..]).unwrap();
        assert_eq!((read.width(), read.height()), (120, 80));
        let error = picture(Path::new("a.jpg"), 60.0, 40.0, &square).unwrap_err();
        assert_eq!(error, "a.jpg: the name of a picture ends in .svg or .png");
    }
}
