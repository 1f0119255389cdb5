//! What can lie on the timeline: one table, which tells for each series of a session on what kind of track its rows
//! lie, and how those look.

use gdkrecord::draw::{Color, Palette};
use gdkrecord::kind::Group;
use gdkrecord::{KINDS, Kind as Recorded};

use crate::wording::marked;

/// How the rows of a track look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Frames: as high as they are long, beside their budget, in the colours of their phases.
    Frames,
    /// Stretches of time: as high as they are long where many share a pixel, else boxes with names, nested.
    Spans,
    /// Moments: as high as they are many where many share a pixel, else pins with names.
    Moments,
    /// Values: a line, over the values below it.
    Values,
}

impl Look {
    /// Whether its rows are stretches of time.
    pub fn spans(self) -> bool {
        matches!(self, Look::Frames | Look::Spans)
    }
}

/// The series whose rows lie on a kind of track.
#[derive(Clone, Copy, Debug)]
enum Of {
    /// Those with these names.
    Names(&'static [&'static str]),
    /// Those of a group of gdkrecord's kinds that no other entry names.
    Group(Group),
    /// What no other entry has.
    Rest,
}

/// Where the colour of a kind of track comes from.
#[derive(Clone, Copy, Debug)]
enum Hue {
    Group(Group),
    Category(usize),
}

/// A kind of track.
#[derive(Debug)]
pub struct Kind {
    /// Its name in settings.
    pub name: &'static str,
    /// Its title, to be translated.
    pub title: &'static str,
    of: Of,
    /// How its rows look.
    pub look: Look,
    hue: Hue,
    /// The columns that name a row: the first that has something.
    pub names: &'static [&'static str],
    /// Whether a row that takes longer than a frame may is marked.
    pub judged: bool,
    /// Whether its tracks are shown before anybody has chosen.
    pub shown: bool,
    /// The height of its tracks in pixels, before anybody has chosen.
    pub height: f64,
}

const fn kind(name: &'static str, title: &'static str, of: Of, look: Look, hue: Hue) -> Kind {
    Kind { name, title, of, look, hue, names: &["name"], judged: false, shown: true, height: 34.0 }
}

/// Every kind of track, from top to bottom: causes above their effects.
pub static TRACKS: &[Kind] = &[
    Kind {
        names: &["event"],
        judged: true,
        ..kind("input", marked("Input"), Of::Group(Group::Input), Look::Spans, Hue::Group(Group::Input))
    },
    Kind {
        names: &["callback", "source"],
        judged: true,
        height: 44.0,
        ..kind("loop", marked("Main Loop"), Of::Names(&["gdk_dispatch"]), Look::Spans, Hue::Group(Group::Loop))
    },
    Kind {
        names: &["counter"],
        judged: true,
        height: 64.0,
        ..kind("frames", marked("Frames"), Of::Names(&["gdk_frame"]), Look::Frames, Hue::Group(Group::Frame))
    },
    Kind {
        names: &["counter"],
        shown: false,
        ..kind("presented", marked("On Screen"), Of::Names(&["gdk_presented"]), Look::Moments, Hue::Group(Group::Frame))
    },
    Kind {
        names: &["window"],
        ..kind("exposures", marked("Exposures"), Of::Group(Group::Exposure), Look::Moments, Hue::Group(Group::Exposure))
    },
    Kind {
        names: &["class"],
        shown: false,
        ..kind("widgets", marked("Widgets"), Of::Group(Group::Widget), Look::Moments, Hue::Group(Group::Widget))
    },
    kind("syscalls", marked("System Calls"), Of::Names(&["syscalls"]), Look::Spans, Hue::Category(4)),
    Kind {
        names: &["function"],
        height: 44.0,
        ..kind("calls", marked("Library Calls"), Of::Names(&["calls"]), Look::Spans, Hue::Category(5))
    },
    Kind {
        names: &["stack", "event"],
        ..kind("samples", marked("CPU Samples"), Of::Names(&["samples"]), Look::Moments, Hue::Category(6))
    },
    Kind {
        names: &["state"],
        ..kind("offcpu", marked("Off the CPU"), Of::Names(&["offcpu"]), Look::Spans, Hue::Group(Group::Process))
    },
    Kind {
        names: &["value"],
        ..kind("counters", marked("Counters"), Of::Names(&["counters"]), Look::Values, Hue::Category(0))
    },
    kind("marks", marked("Marks"), Of::Names(&["marks"]), Look::Spans, Hue::Category(3)),
    Kind {
        names: &["message"],
        ..kind("logs", marked("Log"), Of::Names(&["logs"]), Look::Moments, Hue::Group(Group::Process))
    },
    Kind {
        names: &["member", "type"],
        ..kind("dbus", marked("D-Bus"), Of::Names(&["dbus"]), Look::Spans, Hue::Group(Group::Widget))
    },
    Kind {
        names: &["name", "what"],
        shown: false,
        ..kind("life", marked("Processes"), Of::Names(&["life"]), Look::Moments, Hue::Group(Group::Process))
    },
    Kind {
        names: &["title", "owner", "class", "window"],
        shown: false,
        ..kind("windows", marked("Windows"), Of::Group(Group::Window), Look::Moments, Hue::Group(Group::Window))
    },
    Kind {
        names: &["event"],
        shown: false,
        ..kind("events", marked("Other Events"), Of::Group(Group::Gdk), Look::Spans, Hue::Group(Group::Gdk))
    },
    Kind {
        names: &[],
        shown: false,
        ..kind("sleep", marked("Sleep"), Of::Names(&["gdk_poll", "gdk_check"]), Look::Spans, Hue::Group(Group::Process))
    },
    Kind { shown: false, ..kind("other", marked("Other"), Of::Rest, Look::Moments, Hue::Group(Group::Process)) },
];

/// The kind of track on which the rows of a series lie; `None` for those of the recorder about itself.
pub fn track_kind(series: &str) -> Option<&'static Kind> {
    if let Some(kind) = TRACKS.iter().find(|kind| matches!(kind.of, Of::Names(names) if names.contains(&series))) {
        return Some(kind);
    }
    match recorded(series).map(|recorded| recorded.group) {
        Some(Group::Process) => None,
        Some(group) => TRACKS.iter().find(|kind| matches!(kind.of, Of::Group(of) if of == group)),
        None => TRACKS.iter().find(|kind| matches!(kind.of, Of::Rest)),
    }
}

/// The kind of gdkrecord's that a series has the rows of.
fn recorded(series: &str) -> Option<&'static Recorded> {
    let name = series.strip_prefix("gdk_")?.replace('_', "-");
    KINDS.iter().find(|kind| kind.name == name)
}

impl Kind {
    /// Its colour.
    pub fn color(&self, palette: &Palette) -> Color {
        match self.hue {
            Hue::Group(group) => palette.group(group),
            Hue::Category(at) => palette.category(at),
        }
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Kind) -> bool {
        std::ptr::eq(self, other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perfkit_agent::session::{gdk, schemas};

    #[test]
    fn every_series_has_its_kind_and_every_kind_a_series() {
        let all = gdk::schemas().into_iter().chain(schemas::SCHEMAS.iter().map(|&schema| schema.clone()));
        let mut used: Vec<&str> = Vec::new();
        for schema in all {
            let Some(kind) = track_kind(&schema.name) else {
                assert!(["gdk_hook", "gdk_device"].contains(&&*schema.name), "{}", schema.name);
                continue;
            };
            assert_ne!(kind.name, "other", "{}", schema.name);
            used.push(kind.name);
        }
        used.push(track_kind("uprobes").unwrap().name);
        for kind in TRACKS {
            assert!(used.contains(&kind.name), "{}", kind.name);
        }
    }
}
