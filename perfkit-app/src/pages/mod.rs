//! The pages of a session: one table. A page is a widget made for a document, which follows its properties.

mod calls;
mod counters;
mod details;
mod exposures;
pub mod follow;
pub mod input;
mod logs;
mod overview;
pub mod server;
#[cfg(test)]
mod tests;
mod timeline;
mod treemap;

use gtk::glib;
use gtk::prelude::*;

use crate::model::Document;

/// A page.
#[derive(Clone, Copy)]
pub struct Page {
    /// Its name, by which it is asked for.
    pub name: &'static str,
    /// Its title, to be translated.
    pub title: &'static str,
    /// The name of its icon.
    pub icon: &'static str,
    /// Makes it. It is made when it is first shown.
    pub make: fn(&Document) -> gtk::Widget,
    /// Whether a session has it.
    pub there: fn(&Document) -> bool,
}

/// Most pages say themselves what there would be to see, and how.
fn always(_: &Document) -> bool {
    true
}

/// Every page, in the order of the side pane.
pub const PAGES: &[Page] = &[
    Page { name: "overview", title: "Overview", icon: "view-grid-symbolic", make: overview::make, there: always },
    Page { name: "timeline", title: "Timeline", icon: "view-list-symbolic", make: timeline::make, there: always },
    Page {
        name: "exposures",
        title: "Exposures",
        icon: "video-display-symbolic",
        make: exposures::make,
        there: always,
    },
    Page { name: "treemap", title: "Treemap", icon: "view-app-grid-symbolic", make: treemap::make, there: always },
    Page { name: "calls", title: "Calls", icon: "format-justify-left-symbolic", make: calls::make, there: always },
    Page {
        name: "counters",
        title: "Counters",
        icon: "power-profile-performance-symbolic",
        make: counters::make,
        there: always,
    },
    Page { name: "input", title: "Input", icon: "input-mouse-symbolic", make: input::make, there: always },
    Page {
        name: "server",
        title: "Server",
        icon: "network-server-symbolic",
        make: server::make,
        there: Document::is_of_a_server,
    },
    Page { name: "logs", title: "Logs", icon: "utilities-terminal-symbolic", make: logs::make, there: always },
    Page { name: "details", title: "Details", icon: "dialog-information-symbolic", make: details::make, there: always },
];

/// Shows what `future` gives when it is there, unless the widget is gone by then.
pub fn fill<W: IsA<glib::Object>, T: 'static>(
    widget: &W,
    future: impl Future<Output = T> + 'static,
    show: impl FnOnce(&W, T) + 'static,
) {
    let widget = widget.downgrade();
    glib::spawn_future_local(async move {
        let answer = future.await;
        if let Some(widget) = widget.upgrade() {
            show(&widget, answer);
        }
    });
}
