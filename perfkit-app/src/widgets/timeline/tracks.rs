//! Which lanes are shown and how high: by a menu on a lane, by keys, and from outside.

use std::sync::Arc;

use gtk::prelude::*;
use gtk::subclass::prelude::*;
use gtk::{gdk, gio, glib};

use super::Timeline;
use crate::draw::timeline::Tracks;
use crate::draw::timeline::geometry::{HEIGHTS, View};
use crate::widgets::graph;
use crate::wording::{marked, tr};

/// A step of a lane's height.
const STEP: f64 = 1.3;

/// What can be done with the chosen lane: the action's name, its title, its key.
const ACTIONS: &[(&str, &str, &str)] = &[
    ("collapse", marked("_Collapse or Expand"), "c"),
    ("taller", marked("_Taller"), "greater"),
    ("shorter", marked("_Shorter"), "less"),
    ("hide", marked("_Hide"), "h"),
    ("only-kind", marked("Only This _Kind"), ""),
    ("only-thread", marked("Only This Th_read"), ""),
    ("all", marked("Show the _Usual Tracks"), ""),
];

impl Timeline {
    /// The lanes of the session; none before they were found.
    pub fn tracks(&self) -> Option<Arc<Tracks>> {
        self.imp().tracks.borrow().clone()
    }

    /// How the lanes are shown, in their order.
    pub fn views(&self) -> Vec<View> {
        self.imp().views.borrow().clone()
    }

    /// Called when lanes were found, or are shown in another way.
    pub fn connect_changed(&self, called: impl Fn(&Timeline) + 'static) -> glib::SignalHandlerId {
        self.connect_local("changed", false, move |values| {
            if let Some(Ok(timeline)) = values.first().map(|value| value.get::<Timeline>()) {
                called(&timeline);
            }
            None
        })
    }

    /// Shows lanes in another way.
    pub fn change_views(&self, change: impl Fn(usize, &mut View)) {
        let before = self.views();
        self.imp().views.borrow_mut().iter_mut().enumerate().for_each(|(lane, view)| change(lane, view));
        if self.views() != before {
            self.imp().prepared.set(false);
            self.resized();
            self.emit_by_name::<()>("changed", &[]);
        }
    }

    /// Shows the lanes that are shown before anybody has chosen.
    pub fn usual_views(&self) {
        if let Some(tracks) = self.tracks() {
            self.change_views(|lane, view| {
                if let Some(lane) = tracks.lanes.get(lane) {
                    *view = View::of(lane);
                }
            });
        }
    }

    pub(super) fn take_menu(&self) {
        let group = gio::SimpleActionGroup::new();
        for &(name, ..) in ACTIONS {
            let action = gio::SimpleAction::new(name, None);
            let timeline = self.downgrade();
            action.connect_activate(move |_, _| {
                if let Some(timeline) = timeline.upgrade() {
                    timeline.act(name);
                }
            });
            group.add_action(&action);
        }
        self.insert_action_group("timeline", Some(&group));
        let click = gtk::GestureClick::builder().button(gdk::BUTTON_SECONDARY).build();
        let timeline = self.downgrade();
        click.connect_released(move |_, _, x, y| {
            let Some(timeline) = timeline.upgrade() else { return };
            let (x, y) = timeline.place(x, y);
            if let Some(lane) = timeline.lane_at(y) {
                timeline.imp().chosen.set(Some(lane));
                timeline.queue_draw();
                timeline.pop_up(x, y);
            }
        });
        self.add_controller(click);
    }

    /// The key of one of the actions; whether it was one.
    pub(super) fn action_key(&self, key: gdk::Key) -> bool {
        if matches!(key, gdk::Key::Menu) || self.imp().chosen.get().is_none() {
            return matches!(key, gdk::Key::Menu) && self.menu_at_chosen();
        }
        let name = key.name().unwrap_or_default();
        let action = ACTIONS.iter().find(|(.., of)| !of.is_empty() && *of == name);
        action.is_some_and(|(action, ..)| {
            self.act(action);
            true
        })
    }

    /// The menu of the chosen lane, for those without a second button.
    pub(super) fn menu_at_chosen(&self) -> bool {
        let Some(place) = self.places().into_iter().find(|place| Some(place.lane) == self.imp().chosen.get()) else {
            return false;
        };
        let y = self.geometry().lanes.y + place.top - self.scroll().value() + place.height / 2.0;
        self.pop_up(24.0, y);
        true
    }

    fn pop_up(&self, x: f64, y: f64) {
        let menu = gio::Menu::new();
        for (name, title, _) in ACTIONS {
            menu.append(Some(&tr(title)), Some(&format!("timeline.{name}")));
        }
        let popover = gtk::PopoverMenu::from_model(Some(&menu));
        popover.set_parent(self);
        popover.set_has_arrow(false);
        popover.set_halign(gtk::Align::Start);
        let scale = graph::scale(self);
        popover.set_pointing_to(Some(&gdk::Rectangle::new((x * scale) as i32, (y * scale) as i32, 1, 1)));
        popover.connect_closed(|popover| {
            // Its action runs after it has closed.
            let popover = popover.clone();
            glib::idle_add_local_once(move || popover.unparent());
        });
        popover.popup();
    }

    fn act(&self, name: &str) {
        let (Some(tracks), Some(chosen)) = (self.tracks(), self.imp().chosen.get()) else { return };
        let Some(of) = tracks.lanes.get(chosen) else { return };
        let higher = |by: f64| {
            move |lane: usize, view: &mut View| {
                if lane == chosen {
                    view.collapsed = false;
                    view.height = (view.height * by).clamp(HEIGHTS.0, HEIGHTS.1);
                }
            }
        };
        match name {
            "collapse" => self.change_views(|lane, view| view.collapsed ^= lane == chosen),
            "hide" => {
                self.change_views(|lane, view| view.shown &= lane != chosen);
                self.imp().chosen.set(None);
            }
            "taller" => self.change_views(higher(STEP)),
            "shorter" => self.change_views(higher(1.0 / STEP)),
            "only-kind" => self.change_views(|lane, view| {
                view.shown =
                    tracks.lanes.get(lane).is_some_and(|lane| lane.kind == of.kind && lane.shown) || lane == chosen;
            }),
            "only-thread" => self.change_views(|lane, view| {
                let same = |other: &crate::draw::timeline::Lane| (other.pid, other.tid) == (of.pid, of.tid);
                view.shown = tracks.lanes.get(lane).is_some_and(|other| other.shown && same(other)) || lane == chosen;
            }),
            _ => self.usual_views(),
        }
    }

    /// The lane at a height of the widget.
    pub(super) fn lane_at(&self, y: f64) -> Option<usize> {
        let top = self.geometry().lanes.y;
        let down = y - top + self.scroll().value();
        let at = |place: &crate::draw::timeline::Wanted| (place.top..place.top + place.height).contains(&down);
        self.places().into_iter().find(at).filter(|_| y >= top).map(|place| place.lane)
    }

    /// The lane whose lower edge is at a place of the heads.
    pub(super) fn edge_at(&self, x: f64, y: f64) -> Option<usize> {
        let geometry = self.geometry();
        let down = y - geometry.lanes.y + self.scroll().value();
        let near = |place: &crate::draw::timeline::Wanted| (place.top + place.height - down).abs() <= 3.0;
        let places = self.places();
        let place = places.iter().find(|place| near(place))?;
        (x < geometry.lanes.x && y > geometry.lanes.y).then_some(place.lane)
    }

    /// Makes a lane as high.
    pub(super) fn set_lane_height(&self, lane: usize, height: f64) {
        self.change_views(|at, view| {
            if at == lane {
                view.collapsed = false;
                view.height = height.clamp(HEIGHTS.0, HEIGHTS.1);
            }
        });
    }
}
