//! Which windows there are at a moment: built from the window events up to it, in the order of a recording.

use std::collections::BTreeMap;

use super::Area;
use crate::kind::{Body, Event};
use crate::sets::Role;

/// A window or surface as the events so far tell it.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// The window above it in the tree; 0 for none.
    pub parent: u32,
    /// What it is for.
    pub role: Role,
    /// The GObject class.
    pub class: String,
    /// Its title; empty where it has none.
    pub title: String,
    /// The class of the widget that owns it.
    pub owner: String,
    /// Left and top edge from the root's, in application pixels; unknown on Wayland.
    pub place: Option<(i32, i32)>,
    /// Width and height in application pixels; 0 before they are known.
    pub size: (i32, i32),
    /// It is shown.
    pub mapped: bool,
    /// It was destroyed.
    pub destroyed: bool,
}

/// All windows of a recording up to a moment, by number.
#[derive(Clone, Debug, Default)]
pub struct Windows {
    all: BTreeMap<u32, Window>,
}

impl Windows {
    /// None yet.
    pub fn new() -> Windows {
        Windows::default()
    }

    /// Takes in what an event tells about windows; the number of the window it changed.
    pub fn apply(&mut self, event: &Event) -> Option<u32> {
        let id = match &event.body {
            Body::Window(new) => {
                let window = self.entry(new.window);
                window.parent = new.parent;
                window.role = new.role;
                window.class = new.class.to_string();
                window.destroyed = false;
                new.window
            }
            Body::WindowParent(new) => {
                let window = self.entry(new.window);
                (window.parent, window.role) = (new.parent, new.role);
                new.window
            }
            Body::WindowTitle(new) => {
                self.entry(new.window).title = new.title.to_string();
                new.window
            }
            Body::WindowOwner(new) => {
                self.entry(new.window).owner = new.owner.to_string();
                new.window
            }
            Body::WindowGeometry(new) => {
                let window = self.entry(new.window);
                window.place = new.x.0.zip(new.y.0);
                window.size = (new.width.max(0), new.height.max(0));
                new.window
            }
            Body::WindowMap(new) => {
                self.entry(new.window).mapped = true;
                new.window
            }
            Body::WindowUnmap(new) => {
                self.entry(new.window).mapped = false;
                new.window
            }
            Body::WindowDestroy(new) => {
                let window = self.entry(new.window);
                (window.mapped, window.destroyed) = (false, true);
                new.window
            }
            _ => return None,
        };
        Some(id)
    }

    /// The window with this number.
    pub fn get(&self, id: u32) -> Option<&Window> {
        self.all.get(&id)
    }

    /// Every window, by number.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Window)> {
        self.all.iter().map(|(&id, window)| (id, window))
    }

    /// The window that people see as one: the first above it (or itself) that is no part of another.
    pub fn top(&self, id: u32) -> u32 {
        let mut at = id;
        // No tree is this deep; a damaged recording may hold a ring.
        for _ in 0..64 {
            let Some(window) = self.all.get(&at) else { return at };
            let part = matches!(window.role, Role::Child | Role::Subsurface | Role::Other);
            let above = self.all.get(&window.parent);
            if !part || above.is_none_or(|above| above.role == Role::Root) {
                return at;
            }
            at = window.parent;
        }
        id
    }

    /// Where a window lies in its top one: offsets in application pixels.
    pub fn offset(&self, id: u32) -> (i32, i32) {
        let top = self.top(id);
        let place = |id| self.all.get(&id).and_then(|window: &Window| window.place);
        match (place(id), place(top)) {
            (Some(own), Some(top)) => (own.0 - top.0, own.1 - top.1),
            // Wayland: a part's place counts from its top one.
            (Some(own), None) if id != top => own,
            _ => (0, 0),
        }
    }

    /// The window from which a popup's place counts, where that is not the root: on Wayland its top-level, which
    /// tells no place itself.
    pub fn anchor(&self, id: u32) -> Option<u32> {
        let mut at = id;
        for _ in 0..64 {
            let window = self.all.get(&at)?;
            if at != id && window.place.is_none() {
                return Some(at);
            }
            if window.role != Role::Popup || window.place.is_none() {
                return None;
            }
            at = window.parent;
        }
        None
    }

    /// The rectangle of a window at its recorded place; at 0, 0 where that is not known.
    pub fn area(&self, id: u32) -> Option<Area> {
        let window = self.all.get(&id).filter(|window| window.size.0 > 0 && window.size.1 > 0)?;
        let (x, y) = window.place.unwrap_or((0, 0));
        Some(Area::new(x.into(), y.into(), window.size.0.into(), window.size.1.into()))
    }

    /// What to call a window: its title, else its owner or what it is for, with its number.
    pub fn label(&self, id: u32) -> String {
        let Some(window) = self.all.get(&id) else { return format!("window #{id}") };
        let role = if window.role == Role::Other { "window" } else { window.role.name() };
        match (window.title.trim(), window.owner.as_str()) {
            ("", "") => format!("{role} #{id}"),
            ("", owner) => format!("{owner} #{id}"),
            (title, _) => title.to_owned(),
        }
    }
}

impl Windows {
    fn entry(&mut self, id: u32) -> &mut Window {
        self.all.entry(id).or_default()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::field::{Maybe, Real, Text};
    use crate::kind;

    pub(crate) fn window(id: u32, parent: u32, role: Role) -> Body {
        Body::Window(kind::Window { window: id, parent, role, class: Text::from("GdkX11Window"), xid: 0 })
    }

    pub(crate) fn geometry(id: u32, place: Option<(i32, i32)>, size: (i32, i32)) -> Body {
        Body::WindowGeometry(kind::WindowGeometry {
            window: id,
            x: Maybe(place.map(|place| place.0)),
            y: Maybe(place.map(|place| place.1)),
            width: size.0,
            height: size.1,
            scale: Real(1.0),
        })
    }

    #[test]
    fn a_part_belongs_to_its_window_and_a_ring_ends() {
        let mut windows = Windows::new();
        let bodies = [
            window(1, 0, Role::Root),
            window(2, 1, Role::Toplevel),
            window(3, 2, Role::Child),
            window(4, 3, Role::Child),
            window(5, 2, Role::Popup),
            window(6, 7, Role::Child),
            window(7, 6, Role::Child),
            geometry(2, Some((100, 50)), (300, 200)),
            geometry(4, Some((110, 70)), (30, 20)),
        ];
        for body in bodies {
            windows.apply(&Event { time: 0, thread: 0, body });
        }
        assert_eq!(windows.top(4), 2);
        assert_eq!(windows.top(5), 5);
        assert_eq!(windows.top(9), 9);
        windows.top(6);
        assert_eq!(windows.offset(4), (10, 20));
        assert_eq!(windows.label(5), "popup #5");
    }
}
