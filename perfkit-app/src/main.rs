//! `perfkit`: shows a recording. Today that is what was recorded and how many events of each kind.

mod summary;
mod window;

use adw::prelude::*;
use gtk::{gio, glib};

/// The name under which the desktop knows the program.
const ID: &str = "org.perfkit.Perfkit";

fn main() -> glib::ExitCode {
    let app = adw::Application::builder().application_id(ID).flags(gio::ApplicationFlags::HANDLES_OPEN).build();
    app.connect_activate(|app| window::present(app, None));
    app.connect_open(|app, files, _hint| {
        for file in files {
            window::present(app, Some(file));
        }
    });
    app.run()
}
