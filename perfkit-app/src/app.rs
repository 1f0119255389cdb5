//! The program: one instance for a user's desktop, a window for each session.

use adw::prelude::*;
use gtk::{gio, glib};

use crate::actions::ACTIONS;
use crate::settings::{self, settings};
use crate::window::Window;

/// The name under which the desktop knows the program.
pub const ID: &str = "org.perfkit.Perfkit";
/// The name of its translations.
const DOMAIN: &str = "perfkit";

/// Runs the program to its end.
pub fn run() -> glib::ExitCode {
    translate();
    glib::set_application_name("perfkit");
    let app = adw::Application::builder().application_id(ID).flags(gio::ApplicationFlags::HANDLES_OPEN).build();
    app.connect_startup(started);
    app.connect_activate(|app| GtkWindowExt::present(&Window::new(app)));
    app.connect_open(|app, files, _hint| {
        for file in files {
            let window = Window::new(app);
            GtkWindowExt::present(&window);
            window.open(file);
        }
    });
    app.run()
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
    let quit = gio::ActionEntry::builder("quit").activate(|app: &adw::Application, _, _| {
        app.windows().iter().for_each(gtk::Window::close);
    });
    let window = gio::ActionEntry::builder("new-window").activate(|app: &adw::Application, _, _| {
        GtkWindowExt::present(&Window::new(app));
    });
    let new = gio::ActionEntry::builder("new-recording").activate(|app: &adw::Application, _, _| {
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
