//! Help: how a slow frame is found, in a window of its own that needs no network.

use adw::prelude::*;

use crate::wording::{plain, tr};

/// A part of the help.
struct Part {
    title: &'static str,
    text: &'static str,
}

const PARTS: &[Part] = &[
    Part {
        title: "Record a program",
        text: "Choose New Recording in the menu, or drop a program or its .desktop file on the window. Use the program \
               until what annoys you has happened, then stop. Sources that cannot be used here say what they need.",
    },
    Part {
        title: "Open what is there",
        text: "Sessions (.perfkit), recordings of gdkrecord (.gdkrecord), captures of Sysprof (.syscap), logs of strace \
               and ltrace, perf.data and traces in Chrome’s format open with Open, by dropping them on the window, or \
               as arguments of perfkit.",
    },
    Part {
        title: "Find the slow frame",
        text: "The overview tells at once whether frames were late, which were the worst, and what they waited for. A \
               line leads to its place in the timeline; N and P go from one slow frame to the next.",
    },
    Part {
        title: "See what it did",
        text: "All pages show the same stretch of time. Select one in the timeline by dragging, and the calls, the \
               treemap, the counters and the logs tell about that stretch only. Escape clears the selection.",
    },
    Part {
        title: "See what it painted",
        text: "The exposures show the recorded windows at their places. Space plays: what was repainted flashes, and \
               damage that asked for it stands beside it. Heat shows what is repainted again and again.",
    },
    Part {
        title: "Move in time",
        text: "Control and the wheel, or pinching, zoom at the pointer; the wheel moves. Control with plus, minus and 0 \
               does the same without a pointer. Control and D bookmarks a moment, which stays in the session.",
    },
    Part {
        title: "Take it with you",
        text: "Save As keeps a session as one file that others can open. Export writes it for other tools. Every graph \
               can be saved as a picture and every table as CSV, from its own menu.",
    },
];

/// Shows it.
pub fn present(parent: &impl IsA<gtk::Window>) {
    let list = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(18).build();
    for (side, margin) in [("margin-top", 18), ("margin-bottom", 24), ("margin-start", 18), ("margin-end", 18)] {
        list.set_property(side, margin);
    }
    for part in PARTS {
        let text = format!("<b>{}</b>\n{}", plain(&tr(part.title)), plain(&tr(part.text)));
        list.append(&gtk::Label::builder().label(text).use_markup(true).wrap(true).xalign(0.0).build());
    }
    let keys = gtk::Button::builder().label(tr("_Keyboard Shortcuts")).use_underline(true).build();
    keys.add_css_class("pill");
    keys.set_halign(gtk::Align::Center);
    list.append(&keys);
    let scrolled = gtk::ScrolledWindow::builder()
        .child(&adw::Clamp::builder().child(&list).build())
        .hscrollbar_policy(gtk::PolicyType::Never)
        .vexpand(true)
        .build();
    let content = gtk::Box::new(gtk::Orientation::Vertical, 0);
    content.append(&adw::HeaderBar::new());
    content.append(&scrolled);
    let window = super::dialog(parent, &tr("Help"), (560, 640), &content);
    let (help, parent) = (window.downgrade(), parent.as_ref().downgrade());
    keys.connect_clicked(move |_| {
        if let (Some(help), Some(parent)) = (help.upgrade(), parent.upgrade()) {
            help.close();
            super::shortcuts::present(&parent);
        }
    });
    window.present();
}
