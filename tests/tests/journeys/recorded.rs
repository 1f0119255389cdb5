//! A recording as the journeys read it: all events in memory, and the tree of windows.

use std::collections::HashMap;
use std::path::Path;

use gdkrecord::kind::{Button, Exposure, WindowGeometry};
use gdkrecord::sets::{EventType, Role};
use gdkrecord::{Body, Diagnostic, Event, Info, Recording};

/// All of a recording.
pub struct Recorded {
    pub events: Vec<Event>,
    pub diagnostics: Vec<Diagnostic>,
    pub info: Info,
}

/// What a recording says about a window.
#[derive(Debug)]
pub struct Known {
    pub parent: u32,
    pub role: Role,
    pub xid: u32,
    pub titles: Vec<String>,
    pub geometry: Vec<WindowGeometry>,
}

impl Recorded {
    /// Reads a recording, and fails where that cannot be done.
    pub fn open(path: &Path) -> Recorded {
        let recording = Recording::open(path).unwrap_or_else(|error| panic!("{error}"));
        let events = recording.events().collect();
        Recorded { events, diagnostics: recording.diagnostics(), info: recording.info().clone() }
    }

    /// Fails where the reader found anything wrong but that the process was killed.
    pub fn assert_whole(&self) {
        let trouble: Vec<_> = self
            .diagnostics
            .iter()
            .filter(|found| !matches!(found, Diagnostic::NotClosed | Diagnostic::Growing))
            .collect();
        assert!(trouble.is_empty(), "{trouble:?}");
    }

    /// The windows by their number.
    pub fn windows(&self) -> HashMap<u32, Known> {
        let mut windows: HashMap<u32, Known> = HashMap::new();
        for event in &self.events {
            match &event.body {
                Body::Window(made) => {
                    let known = Known {
                        parent: made.parent,
                        role: made.role,
                        xid: made.xid,
                        titles: Vec::new(),
                        geometry: Vec::new(),
                    };
                    windows.insert(made.window, known);
                }
                Body::WindowParent(now) => {
                    if let Some(known) = windows.get_mut(&now.window) {
                        (known.parent, known.role) = (now.parent, now.role);
                        known.xid = if now.xid != 0 { now.xid } else { known.xid };
                    }
                }
                Body::WindowTitle(now) => {
                    if let Some(known) = windows.get_mut(&now.window) {
                        known.titles.push(now.title.to_string());
                    }
                }
                Body::WindowGeometry(now) => {
                    if let Some(known) = windows.get_mut(&now.window) {
                        known.geometry.push(now.clone());
                    }
                }
                _ => {}
            }
        }
        windows
    }

    /// The top-level window that a window lies in.
    pub fn toplevel(&self, window: u32) -> u32 {
        let windows = self.windows();
        let mut at = window;
        for _ in 0..windows.len() {
            match windows.get(&at) {
                Some(known) if known.role == Role::Child && known.parent != 0 => at = known.parent,
                _ => break,
            }
        }
        at
    }

    /// The number of the window with this X id.
    pub fn by_xid(&self, xid: u64) -> Option<u32> {
        self.windows().into_iter().find(|(_, known)| u64::from(known.xid) == xid).map(|(window, _)| window)
    }

    /// Presses and releases of buttons of one type.
    pub fn buttons(&self, event: EventType) -> impl Iterator<Item = (&Event, &Button)> {
        self.events.iter().filter_map(move |at| match &at.body {
            Body::Button(button) if button.event == event => Some((at, button)),
            _ => None,
        })
    }

    /// What is told under the name of a fact.
    pub fn facts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.events.iter().filter_map(move |at| match &at.body {
            Body::Fact(fact) if &*fact.name == name => Some(&*fact.value),
            _ => None,
        })
    }

    /// The exposures at or after a time.
    pub fn exposures_from(&self, time: u64) -> impl Iterator<Item = &Exposure> {
        self.events.iter().filter(move |at| at.time >= time).filter_map(|at| match &at.body {
            Body::Exposure(exposure) => Some(exposure),
            _ => None,
        })
    }

    /// How many records of each kind there are, for messages.
    pub fn counts(&self) -> HashMap<&'static str, usize> {
        let mut counts = HashMap::new();
        for event in &self.events {
            *counts.entry(event.body.kind().name).or_default() += 1;
        }
        counts
    }
}
