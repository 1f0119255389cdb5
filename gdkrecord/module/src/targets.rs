//! Which widget an input event goes to, for replay: the option `input=replay`.
//!
//! It is asked before the event is handled, since handling may destroy the widget. A pointer's event goes to what
//! lies below it, a key to what has the focus. What is told is the control around that: GTK 4 finds the label in a
//! button, where GTK 3 finds the button.

use std::collections::VecDeque;
use std::sync::OnceLock;

use gdkrecord::field::Maybe;
use gdkrecord::kind::raw;
use gdkrecord::sets::EventType;

use crate::ffi::Object;
use crate::ffi::event::{Detail, Seen};
use crate::ffi::widget::Widgets;
use crate::recorder::Session;
use crate::windows;

/// Classes of what people use as one thing, whatever it consists of.
const CONTROLS: &[&str] = &[
    "GtkButton",
    "GtkCheckButton",
    "GtkColumnViewTitle",
    "GtkComboBox",
    "GtkDropDown",
    TYPED,
    "GtkEntry",
    "GtkFlowBoxChild",
    "GtkListBoxRow",
    "GtkListItemBase",
    "GtkListItemWidget",
    "GtkMenuButton",
    "GtkMenuItem",
    "GtkModelButton",
    "GtkPasswordEntry",
    "GtkPopoverMenuBarItem",
    "GtkRange",
    "GtkSearchEntry",
    "GtkSpinButton",
    "GtkSwitch",
];

/// Its label is what was typed into it.
const TYPED: &str = "GtkEditableLabel";

/// A tree of widgets deeper than this is none.
const DEEPEST: usize = 128;
/// So many widgets of a window are searched.
const SEARCHED: usize = 20_000;
/// So many widgets in a control are looked at for its label.
const LABELS: usize = 32;

static WIDGETS: OnceLock<Widgets> = OnceLock::new();

/// Looks the functions up where targets are asked for.
pub fn install(session: &Session) {
    if session.options.targets {
        WIDGETS.get_or_init(|| Widgets::load(session.library));
        session.hook("targets", true, "the widget of each input event");
    }
}

/// What of GTK is asked, and for whom.
#[derive(Clone, Copy)]
struct Asking<'a> {
    session: &'a Session,
    widgets: &'a Widgets,
}

/// GTK 2 and 3: the target of an event that is about to be handled; `None` where it has none, or none is asked for.
pub fn of_event(session: &Session, seen: &Seen, event: EventType) -> Option<raw::Target> {
    let widgets = WIDGETS.get()?;
    let key = match seen.detail {
        Detail::Key { .. } => true,
        Detail::Motion(_) | Detail::Button { .. } | Detail::Scroll { .. } | Detail::Touch { .. } => false,
        _ => return None,
    };
    let asking = Asking { session, widgets };
    let mut widget = widgets.gtk_get_event_widget(seen.event).flatten()?;
    if key {
        widget = asking.focus_in(widget);
    }
    let widget = asking.control(widget, None);
    let top = widgets.gtk_widget_get_toplevel(widget).flatten()?;
    let window = widgets.gtk_widget_get_window(top).flatten()?;
    Some(asking.record(widget, top, windows::number_of(session, window, false), event))
}

/// GTK 4: the same of an event for a surface; `at` is its place there, and a key has none.
pub fn of_surface(
    session: &Session,
    surface: Object,
    window: u32,
    event: EventType,
    at: Option<(f64, f64)>,
) -> Option<raw::Target> {
    let widgets = WIDGETS.get()?;
    let native = widgets.gtk_native_get_for_surface(surface).flatten()?;
    let widget = match at {
        Some(at) => widgets.picked(native, at)?,
        None => {
            let root = widgets.gtk_widget_get_root(native).flatten();
            root.and_then(|root| widgets.gtk_root_get_focus(root).flatten()).unwrap_or(native)
        }
    };
    let asking = Asking { session, widgets };
    Some(asking.record(asking.control(widget, Some(native)), native, window, event))
}

/// A widget that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// As [`raw::Target`] has them.
    pub path: &'a str,
    pub class: &'a str,
    pub label: &'a str,
    pub name: &'a str,
}

/// What there is to know of a widget.
#[derive(Clone, Debug)]
pub struct Described {
    /// As [`raw::Target`] has them.
    pub sensitive: bool,
    pub path: String,
    pub class: String,
    pub label: String,
    pub name: String,
    /// Left, top, width and height in its window.
    pub rectangle: Option<(i32, i32, i32, i32)>,
}

/// Looks for a widget in the window that belongs to `top`.
pub fn find(session: &Session, top: Object, wanted: &Wanted<'_>) -> Option<Described> {
    let asking = Asking { session, widgets: WIDGETS.get()? };
    asking.find(top, wanted).map(|widget| asking.describe(widget, top))
}

/// GTK 4: the widget that a surface belongs to.
pub fn native(surface: Object) -> Option<Object> {
    WIDGETS.get()?.gtk_native_get_for_surface(surface).flatten()
}

/// How many places two paths of the same classes lie apart; `None` of others.
fn away(one: &str, other: &str) -> Option<usize> {
    let split = |part: &str| match part.strip_suffix(']').and_then(|part| part.rsplit_once('[')) {
        Some((class, place)) => (class.to_owned(), place.parse().unwrap_or(0)),
        None => (part.to_owned(), 0_usize),
    };
    let parts = |path: &str| path.split('/').map(split).collect::<Vec<_>>();
    let (one, other) = (parts(one), parts(other));
    let alike = one.len() == other.len() && one.iter().zip(&other).all(|((a, _), (b, _))| a == b);
    alike.then(|| one.iter().zip(&other).map(|((_, a), (_, b))| a.abs_diff(*b)).sum())
}

impl Asking<'_> {
    /// GTK 2 and 3: where a window's keys go.
    fn focus_in(self, window: Object) -> Object {
        let (widgets, glib) = (self.widgets, &self.session.glib);
        let is_window = widgets.gtk_window_get_type().is_some_and(|of| glib.is_a(window, of));
        let focus = is_window.then(|| widgets.gtk_window_get_focus(window).flatten()).flatten().unwrap_or(window);
        // A menu that is open takes the keys.
        match widgets.gtk_grab_get_current().flatten() {
            Some(grab) if grab != focus && widgets.gtk_widget_is_ancestor(focus, grab) == Some(0) => grab,
            _ => focus,
        }
    }

    fn is_control(self, widget: Object) -> bool {
        self.widgets.classes(widget).any(|class| CONTROLS.contains(&class.as_str()))
    }

    /// The control that a widget is or lies in, below `top`; itself where it lies in none.
    fn control(self, widget: Object, top: Option<Object>) -> Object {
        let above = |at: &Object| self.widgets.gtk_widget_get_parent(*at).flatten().filter(|_| Some(*at) != top);
        let mut chain = std::iter::successors(Some(widget), above).take(DEEPEST);
        chain.find(|at| self.is_control(*at)).unwrap_or(widget)
    }

    fn record(self, widget: Object, top: Object, window: u32, event: EventType) -> raw::Target {
        let Described { sensitive, path, class, label, name, rectangle } = self.describe(widget, top);
        let (width, height) = rectangle.map_or((0, 0), |(_, _, width, height)| (width, height));
        let [path, class, label, name] = [path, class, label, name].map(|text| self.session.recorder.text(&text));
        let (x, y) = (Maybe(rectangle.map(|at| at.0)), Maybe(rectangle.map(|at| at.1)));
        raw::Target { window, event, sensitive, path, class, label, name, x, y, width, height }
    }

    fn describe(self, widget: Object, top: Object) -> Described {
        let Asking { session, widgets } = self;
        Described {
            sensitive: widgets.gtk_widget_is_sensitive(widget).is_none_or(|is| is != 0),
            path: self.path(widget),
            class: session.glib.class_name(widget),
            label: self.label(widget),
            name: self.name(widget),
            rectangle: widgets.rectangle(widget, top),
        }
    }

    /// Its id in the user interface description, else the name that the application gave it; may be empty.
    fn name(self, widget: Object) -> String {
        let Asking { session, widgets } = self;
        let class = session.glib.class_name(widget);
        let named = || session.gdk.widget_name(widget).filter(|name| *name != class).unwrap_or_default();
        widgets.id(widget).unwrap_or_else(named)
    }

    fn children(self, widget: Object) -> Vec<Object> {
        self.widgets.children(widget, &self.session.glib)
    }

    fn shown(self, widget: Object) -> bool {
        self.widgets.gtk_widget_get_mapped(widget) != Some(0)
    }

    /// The widget of a path below `top`.
    fn at(self, top: Object, path: &str) -> Option<Object> {
        let mut parts = path.split('/');
        let is = |widget: Object, class: &str| self.session.glib.class_name(widget) == class;
        if !parts.next().is_some_and(|class| is(top, class)) {
            return None;
        }
        parts.try_fold(top, |at, part| {
            let (class, place) = part.strip_suffix(']')?.rsplit_once('[')?;
            self.children(at).get(place.parse::<usize>().ok()?).copied().filter(|&child| is(child, class))
        })
    }

    /// The widget that is meant: where it was, unless it says something else now; else one of its class and name, or
    /// of its class and label; where it has neither, the nearest one of its class that lies in the like.
    fn find(self, top: Object, wanted: &Wanted<'_>) -> Option<Object> {
        let there = self.at(top, wanted.path).filter(|&widget| self.shown(widget));
        let says = |widget: &Object| wanted.label.is_empty() || self.label(*widget) == wanted.label;
        if let Some(widget) = there.filter(says) {
            return Some(widget);
        }
        let (mut queue, mut labelled) = (VecDeque::from([top]), None);
        let mut nearest: Option<(usize, Object)> = None;
        for _ in 0..SEARCHED {
            let Some(widget) = queue.pop_front() else { break };
            queue.extend(self.children(widget).into_iter().filter(|&child| self.shown(child)));
            if self.session.glib.class_name(widget) != wanted.class {
                continue;
            }
            if !wanted.name.is_empty() && self.name(widget) == wanted.name {
                return Some(widget);
            }
            if labelled.is_none() && !wanted.label.is_empty() && says(&widget) {
                labelled = Some(widget);
            }
            if wanted.name.is_empty()
                && wanted.label.is_empty()
                && let Some(away) = away(&self.path(widget), wanted.path)
                && nearest.is_none_or(|(least, _)| away < least)
            {
                nearest = Some((away, widget));
            }
        }
        labelled.or(there).or(nearest.map(|(_, widget)| widget))
    }

    fn path(self, widget: Object) -> String {
        let mut parts = Vec::new();
        let mut at = Some(widget);
        while let Some(widget) = at.filter(|_| parts.len() < DEEPEST) {
            let class = self.session.glib.class_name(widget);
            at = self.widgets.gtk_widget_get_parent(widget).flatten();
            let place = |parent| {
                let children = self.widgets.children(parent, &self.session.glib);
                children.iter().position(|&child| child == widget).map_or("?".into(), |place| place.to_string())
            };
            parts.push(at.map_or(class.clone(), |parent| format!("{class}[{}]", place(parent))));
        }
        parts.reverse();
        parts.join("/")
    }

    /// What it shows: the first label in a control, or a label's own text; else its tooltip or that of what it is in.
    fn label(self, widget: Object) -> String {
        let Asking { session, widgets } = self;
        let of = |at| widgets.label(at, &session.glib);
        let shows = self.is_control(widget) && !widgets.classes(widget).any(|class| class == TYPED);
        let mut left = if shows || of(widget).is_some() { vec![widget] } else { Vec::new() };
        for _ in 0..LABELS {
            let Some(at) = left.pop() else { break };
            match of(at) {
                Some(text) if !text.is_empty() => return text,
                Some(_) => continue,
                None => {}
            }
            let mut children = widgets.children(at, &session.glib);
            children.retain(|&child| widgets.gtk_widget_get_mapped(child) != Some(0));
            left.extend(children.into_iter().rev());
        }
        let parent = widgets.gtk_widget_get_parent(widget).flatten();
        let mut around = std::iter::once(widget).chain(parent);
        around.find_map(|at| widgets.tooltip(at, session.toolkit, &session.glib)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_same_classes_are_so_far_apart() {
        assert_eq!(away("W/B[0]/E[2]", "W/B[1]/E[5]"), Some(4));
        assert_eq!(away("W/B[0]", "W/B[0]"), Some(0));
        assert_eq!(away("W/B[0]", "W/C[0]"), None);
        assert_eq!(away("W/B[0]", "W/B[0]/E[0]"), None);
    }
}
