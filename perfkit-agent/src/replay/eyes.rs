//! What a program that is being recorded shows and takes: its recordings are read while they are written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gdkrecord::field::Real;
use gdkrecord::reader::Follow;
use gdkrecord::sets::{EventType, Role};
use gdkrecord::{Body, Event};

use crate::input::Widget;

/// A window of a process, by the number that the recorder gave it.
pub type WindowId = (u32, u32);

/// A window that is, or was, there.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The X window; 0 where it has none (yet).
    pub xid: u32,
    /// Whether it is a menu, popover or tooltip.
    pub popup: bool,
    /// Whether it lies in another.
    pub child: bool,
    /// The class of the widget that owns it.
    pub class: String,
    /// Its title.
    pub title: String,
    /// Whether it is shown.
    pub mapped: bool,
    /// Width and height in application pixels.
    pub size: (i32, i32),
    /// Pixels of the display to an application pixel.
    pub scale: f64,
    /// The number of the window that it belongs to; 0 where there is none.
    pub parent: u32,
    /// Where it is, as the toolkit knows it: on Wayland only a popup's place from its parent's corner.
    pub at: Option<(i32, i32)>,
}

impl Seen {
    /// It in words.
    pub fn words(&self) -> String {
        if self.title.is_empty() { self.class.clone() } else { format!("{} “{}”", self.class, self.title) }
    }

    fn is(&mut self, role: Role, xid: u32, parent: u32) {
        self.parent = parent;
        // Some changes are told without it.
        self.xid = if xid == 0 { self.xid } else { xid };
        self.popup = matches!(role, Role::Popup | Role::Temp);
        self.child = matches!(role, Role::Child | Role::Subsurface);
    }
}

/// Input that arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// When, in nanoseconds of CLOCK_MONOTONIC.
    pub time: u64,
    /// The window.
    pub window: WindowId,
    /// What it was.
    pub event: EventType,
    /// Where it went.
    pub widget: Widget,
    /// Whether that takes input.
    pub sensitive: bool,
}

/// The recordings of a program's processes.
#[derive(Debug)]
pub struct Eyes {
    folder: PathBuf,
    followed: BTreeMap<PathBuf, Follow>,
    /// Windows by process and number.
    pub windows: BTreeMap<WindowId, Seen>,
    /// Input that arrived and was not asked for yet.
    arrived: Vec<Arrived>,
    /// When and where the pointer was last told to be in a window.
    pointed: BTreeMap<WindowId, (u64, (f64, f64))>,
    /// Frames that were painted.
    frames: u64,
    /// When anything was recorded last.
    last: Instant,
    /// How much was.
    told: u64,
}

impl Eyes {
    /// On the folder in which recordings will be.
    pub fn on(folder: &Path) -> Eyes {
        Eyes {
            folder: folder.to_owned(),
            followed: BTreeMap::new(),
            windows: BTreeMap::new(),
            arrived: Vec::new(),
            pointed: BTreeMap::new(),
            frames: 0,
            last: Instant::now(),
            told: 0,
        }
    }

    /// Reads what is new.
    pub fn look(&mut self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            // A head that is not written yet will be at the next look.
            if !self.followed.contains_key(&path)
                && let Ok(follow) = Follow::open(&path)
            {
                self.followed.insert(path, follow);
            }
        }
        let mut followed = std::mem::take(&mut self.followed);
        for follow in followed.values_mut() {
            let pid = follow.header().pid;
            // What cannot be read any more was told of by the source that records it.
            let _ = follow.read(&mut |event| self.take(pid, event));
        }
        self.followed = followed;
    }

    /// Whether any process is recorded.
    pub fn any(&self) -> bool {
        !self.followed.is_empty()
    }

    /// How long nothing was recorded.
    pub fn quiet(&self) -> Duration {
        self.last.elapsed()
    }

    /// How much was recorded of what the program did, for comparing.
    pub fn told(&self) -> u64 {
        self.told
    }

    /// How many frames were painted.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Input of a kind that arrived since a time; what came before it is forgotten.
    pub fn arrival(&mut self, since: u64, kinds: &[EventType]) -> Option<Arrived> {
        self.arrived.retain(|one| one.time >= since);
        let at = self.arrived.iter().position(|one| kinds.contains(&one.event))?;
        Some(self.arrived.remove(at))
    }

    fn pointed(&mut self, time: u64, window: WindowId, (x, y): (Real, Real)) {
        if let (Some(x), Some(y)) = (x.known(), y.known()) {
            self.pointed.insert(window, (time, (x.into(), y.into())));
        }
    }

    /// Where in a window the pointer was since a time, in application pixels.
    pub fn pointer(&self, window: WindowId, since: u64) -> Option<(f64, f64)> {
        self.pointed.get(&window).filter(|(time, _)| *time >= since).map(|(_, at)| *at)
    }

    fn window(&mut self, pid: u32, number: u32) -> &mut Seen {
        self.windows.entry((pid, number)).or_insert_with(|| Seen { scale: 1.0, ..Seen::default() })
    }

    fn take(&mut self, pid: u32, event: Event) {
        let time = event.time;
        // A loop that turns without anything to do is as quiet as one that sleeps.
        if !matches!(event.body, Body::Poll(_) | Body::Check(_) | Body::Dispatch(_) | Body::Thread(_)) {
            self.last = Instant::now();
            self.told += 1;
        }
        match event.body {
            Body::Window(told) => self.window(pid, told.window).is(told.role, told.xid, told.parent),
            Body::WindowParent(told) => self.window(pid, told.window).is(told.role, told.xid, told.parent),
            Body::Motion(told) => self.pointed(time, (pid, told.window), (told.x, told.y)),
            Body::Crossing(told) if told.event == EventType::Enter => {
                self.pointed(time, (pid, told.window), (told.x, told.y));
            }
            Body::WindowOwner(told) => self.window(pid, told.window).class = told.owner.to_string(),
            Body::WindowTitle(told) => self.window(pid, told.window).title = told.title.to_string(),
            Body::WindowMap(told) => self.window(pid, told.window).mapped = true,
            Body::WindowUnmap(told) => self.window(pid, told.window).mapped = false,
            Body::WindowDestroy(told) => drop(self.windows.remove(&(pid, told.window))),
            Body::WindowGeometry(told) => {
                let seen = self.window(pid, told.window);
                seen.at = told.x.0.zip(told.y.0);
                (seen.size, seen.scale) =
                    ((told.width, told.height), told.scale.known().map_or(1.0, |scale| f64::from(scale).max(1.0)));
            }
            Body::Frame(frame) if frame.paint.ns().is_some() => self.frames += 1,
            Body::Target(told) => self.arrived.push(Arrived {
                time,
                window: (pid, told.window),
                event: told.event,
                widget: Widget {
                    class: told.class.to_string(),
                    label: told.label.to_string(),
                    name: told.name.to_string(),
                    area: (told.x.0.unwrap_or(0), told.y.0.unwrap_or(0), told.width, told.height),
                    path: told.path.to_string(),
                },
                sensitive: told.sensitive,
            }),
            _ => {}
        }
    }
}
