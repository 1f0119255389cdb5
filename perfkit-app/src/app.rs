//! The program: one instance for a user's desktop, a window for each session.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::rc::Rc;

use adw::prelude::*;
use gtk::{gio, glib, pango};

use crate::actions::ACTIONS;
use crate::recording;
use crate::settings::{self, settings};
use crate::window::Window;
use crate::wording::tr;

/// The name under which the desktop knows the program.
pub const ID: &str = "org.perfkit.Perfkit";
/// The action that the desktop file offers.
const NEW_RECORDING: &str = "new-recording";
/// The name of its translations.
const DOMAIN: &str = "perfkit";

/// Runs the program to its end.
pub fn run() -> glib::ExitCode {
    translate();
    glib::set_application_name("perfkit");
    if let Err(error) = gio::resources_register_include!("perfkit.gresource") {
        eprintln!("perfkit: its icons cannot be read: {error}");
    }
    let app = adw::Application::builder().application_id(ID).flags(gio::ApplicationFlags::HANDLES_OPEN).build();
    app.connect_startup(started);
    let recording = take_options(&app);
    app.connect_activate(move |app| match (recording.take(), app.active_window()) {
        (true, _) => app.activate_action(NEW_RECORDING, None),
        (false, Some(window)) => window.present(),
        (false, None) => GtkWindowExt::present(&Window::new(app)),
    });
    app.connect_open(|app, files, _hint| {
        for file in files {
            let free = app.active_window().and_downcast::<Window>().filter(Window::is_free);
            let window = free.unwrap_or_else(|| Window::new(app));
            GtkWindowExt::present(&window);
            recording::dropped(&window, file);
        }
    });
    app.run()
}

/// The options besides GLib's own; what is given back is whether a recording is asked for.
fn take_options(app: &adw::Application) -> Rc<Cell<bool>> {
    let (flags, plain) = (glib::OptionFlags::NONE, glib::OptionArg::None);
    app.add_main_option("new-recording", glib::Char::from(b'n'), flags, plain, &tr("Set up a new recording"), None);
    app.add_main_option("version", glib::Char::from(b'v'), flags, plain, &tr("Print the version"), None);
    app.set_option_context_parameter_string(Some(&tr("[FILE…]")));
    let wanted = Rc::new(Cell::new(false));
    let recording = Rc::clone(&wanted);
    app.connect_handle_local_options(move |app, options| {
        if options.contains("version") {
            println!("perfkit {}", env!("CARGO_PKG_VERSION"));
            return ControlFlow::Break(glib::ExitCode::SUCCESS);
        }
        wanted.set(options.contains("new-recording"));
        // Where it runs already, that one is asked. Where the bus cannot be reached, running says so.
        if wanted.get() && app.register(None::<&gio::Cancellable>).is_ok() && app.is_remote() {
            app.activate_action(NEW_RECORDING, None);
            return ControlFlow::Break(glib::ExitCode::SUCCESS);
        }
        ControlFlow::Continue(())
    });
    recording
}

fn translate() {
    gettextrs::setlocale(gettextrs::LocaleCategory::LcAll, "");
    // The folder beside the installed program, wherever that is.
    let program = std::env::current_exe().unwrap_or_default();
    let folder = program.parent().and_then(std::path::Path::parent).map(|prefix| prefix.join("share/locale"));
    // Without translations the texts are as they were written.
    let _ = gettextrs::bindtextdomain(DOMAIN, folder.unwrap_or_default());
    let _ = gettextrs::bind_textdomain_codeset(DOMAIN, "UTF-8");
    let _ = gettextrs::textdomain(DOMAIN);
}

fn started(app: &adw::Application) {
    let css = gtk::CssProvider::new();
    css.load_from_data(include_str!("style.css"));
    if let Some(display) = gtk::gdk::Display::default() {
        gtk::style_context_add_provider_for_display(&display, &css, gtk::STYLE_PROVIDER_PRIORITY_APPLICATION);
    }
    // Drawings have the desktop's font.
    let font = gtk::Settings::default().and_then(|settings| settings.gtk_font_name());
    let font = font.map(|name| pango::FontDescription::from_string(&name));
    if let Some(family) = font.as_ref().and_then(pango::FontDescription::family) {
        gdkrecord::draw::text::use_fonts(&family);
    }
    let quit = gio::ActionEntry::builder("quit").activate(|app: &adw::Application, _, _| {
        app.windows().iter().for_each(gtk::Window::close);
    });
    let window = gio::ActionEntry::builder("new-window").activate(|app: &adw::Application, _, _| {
        GtkWindowExt::present(&Window::new(app));
    });
    let new = gio::ActionEntry::builder(NEW_RECORDING).activate(|app: &adw::Application, _, _| {
        let window = Window::new(app);
        GtkWindowExt::present(&window);
        // The window has the action, so it is there.
        let _ = WidgetExt::activate_action(&window, "win.new-recording", None);
    });
    app.add_action_entries([quit.build(), window.build(), new.build()]);
    follow_settings();
    for action in ACTIONS {
        // Keys of one letter, and those that move in a text, are taken by the window itself.
        if action.keys.iter().all(|key| key.starts_with('<') || key.starts_with('F')) {
            app.set_accels_for_action(action.name, action.keys);
        }
    }
}

/// Style and animations are as the settings say, from now on.
fn follow_settings() {
    settings().follow(settings::STYLE, || {
        adw::StyleManager::default().set_color_scheme(match settings().get::<String>(settings::STYLE).as_str() {
            "light" => adw::ColorScheme::ForceLight,
            "dark" => adw::ColorScheme::ForceDark,
            _ => adw::ColorScheme::Default,
        });
    });
    settings().follow(settings::ANIMATIONS, || {
        let Some(toolkit) = gtk::Settings::default() else { return };
        match settings().get(settings::ANIMATIONS) {
            // As the desktop has it.
            true => toolkit.reset_property("gtk-enable-animations"),
            false => toolkit.set_gtk_enable_animations(false),
        }
    });
}
