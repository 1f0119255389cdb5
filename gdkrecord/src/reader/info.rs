//! What the state stream says, gathered: the process, its threads and modules, its windows.

use std::collections::HashMap;

use super::Recording;
use crate::field::Text;
use crate::kind::{Body, Device, Hook, Module, Thread, WindowGeometry};
use crate::sets::Role;

/// What does not change with each event.
#[derive(Clone, Debug, Default)]
pub struct Info {
    /// Facts by name, in the order in which they were recorded.
    pub facts: Vec<(Text, Text)>,
    /// The recording threads, in the order in which they began. An index is handed on from a thread that has
    /// ended to a later one: see [`Info::thread_at`].
    pub threads: Vec<Thread>,
    /// Program and libraries.
    pub modules: Vec<Module>,
    /// The recorder's hooks.
    pub hooks: Vec<Hook>,
    /// Input devices.
    pub devices: Vec<Device>,
    /// Every window there was.
    pub windows: Vec<WindowInfo>,
    /// CLOCK_MONOTONIC nanoseconds when it was closed, or of the last record where it was not.
    pub end: u64,
    /// Where the latest window of each number is: a program may open very many.
    latest: HashMap<u32, usize>,
    /// Who wrote under each thread index: since when, and where in `threads`.
    writers: HashMap<u16, Vec<(u64, usize)>>,
}

/// One window, with the last that was recorded of it.
#[derive(Clone, Debug)]
pub struct WindowInfo {
    /// The number by which events name it.
    pub id: u32,
    /// Its parent, or 0.
    pub parent: u32,
    /// What it is for.
    pub role: Role,
    /// Its GObject class.
    pub class: Text,
    /// Its X window, or 0.
    pub xid: u32,
    /// Its last title.
    pub title: Text,
    /// The class of the widget that owns it.
    pub owner: Text,
    /// That widget's name.
    pub name: Text,
    /// When it came to be.
    pub created: u64,
    /// When it was destroyed.
    pub destroyed: Option<u64>,
    /// Its last place and size.
    pub geometry: Option<WindowGeometry>,
}

impl Info {
    pub(super) fn of(recording: &Recording) -> Info {
        let mut info = Info::default();
        for event in recording.state_events() {
            info.end = info.end.max(event.time);
            info.take(event.time, event.body);
        }
        // A process that was killed never wrote when it ended: its last record tells.
        info.end = recording.header.closed.unwrap_or_else(|| recording.last_time().max(info.end));
        info
    }

    fn take(&mut self, time: u64, body: Body) {
        match body {
            Body::Fact(fact) => match self.facts.iter_mut().find(|(name, _)| *name == fact.name) {
                Some((_, value)) => *value = fact.value,
                None => self.facts.push((fact.name, fact.value)),
            },
            Body::Thread(thread) => {
                self.writers.entry(thread.index).or_default().push((time, self.threads.len()));
                self.threads.push(thread);
            }
            Body::Module(module) => self.modules.push(module),
            Body::Hook(hook) => {
                self.hooks.retain(|known| known.name != hook.name);
                self.hooks.push(hook);
            }
            Body::Device(device) => self.devices.push(device),
            Body::Window(window) => {
                self.latest.insert(window.window, self.windows.len());
                self.windows.push(WindowInfo {
                    id: window.window,
                    parent: window.parent,
                    role: window.role,
                    class: window.class,
                    xid: window.xid,
                    title: Text::from(""),
                    owner: Text::from(""),
                    name: Text::from(""),
                    created: time,
                    destroyed: None,
                    geometry: None,
                });
            }
            Body::WindowDestroy(gone) => self.change(gone.window, |window| window.destroyed = Some(time)),
            Body::WindowTitle(title) => self.change(title.window, |window| window.title = title.title),
            Body::WindowOwner(owner) => self.change(owner.window, |window| {
                window.owner = owner.owner;
                window.name = owner.name;
            }),
            Body::WindowParent(now) => self.change(now.window, |window| {
                window.parent = now.parent;
                window.role = now.role;
                window.xid = if now.xid != 0 { now.xid } else { window.xid };
            }),
            Body::WindowGeometry(now) => self.change(now.window, |window| window.geometry = Some(now)),
            _ => {}
        }
    }

    fn change(&mut self, id: u32, change: impl FnOnce(&mut WindowInfo)) {
        let window = self.latest.get(&id).and_then(|&at| self.windows.get_mut(at));
        if let Some(window) = window {
            change(window);
        }
    }

    /// The value of a fact.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|(known, _)| &**known == name).map(|(_, value)| &**value)
    }

    /// The thread that an event's index means at the event's time.
    pub fn thread_at(&self, index: u16, time: u64) -> Option<&Thread> {
        let writers = self.writers.get(&index)?;
        let at = writers.partition_point(|&(since, _)| since <= time);
        self.threads.get(writers.get(at.saturating_sub(1))?.1)
    }

    /// The window with this id.
    pub fn window(&self, id: u32) -> Option<&WindowInfo> {
        self.latest.get(&id).and_then(|&at| self.windows.get(at))
    }
}
