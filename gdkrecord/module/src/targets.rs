//! Which widget an input event goes to, for replay: the option `input=replay`.
//!
//! It is asked before the event is handled, since handling may destroy the widget. A pointer's event goes to what
//! lies below it, a key to what has the focus. What is told is the control around that: GTK 4 finds the label in a
//! button, where GTK 3 finds the button.

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
    Some(asking.describe(widget, top, windows::number_of(session, window, false), event))
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
    Some(asking.describe(asking.control(widget, Some(native)), native, window, event))
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

    fn describe(self, widget: Object, top: Object, window: u32, event: EventType) -> raw::Target {
        let Asking { session, widgets } = self;
        let class = session.glib.class_name(widget);
        let named = || session.gdk.widget_name(widget).filter(|name| *name != class).unwrap_or_default();
        let name = widgets.id(widget).unwrap_or_else(named);
        let rectangle = widgets.rectangle(widget, top);
        let (width, height) = rectangle.map_or((0, 0), |(_, _, width, height)| (width, height));
        let text = |text: &str| session.recorder.text(text);
        raw::Target {
            window,
            event,
            sensitive: widgets.gtk_widget_is_sensitive(widget).is_none_or(|is| is != 0),
            path: text(&self.path(widget)),
            class: text(&class),
            label: text(&self.label(widget)),
            name: text(&name),
            x: Maybe(rectangle.map(|at| at.0)),
            y: Maybe(rectangle.map(|at| at.1)),
            width,
            height,
        }
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
