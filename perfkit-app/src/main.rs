//! `perfkit`: the graphical program.

use gtk::glib;

fn main() -> glib::ExitCode {
    perfkit_app::app::run()
}
