//! The pointer: to a place of a window, and to a widget wherever that is now.

use gdkrecord::sets::EventType;

use super::Player;
use crate::input::{Place, Step, Widget};
use crate::replay::eyes::{Arrived, Seen, WindowId};
use crate::replay::hands::Made;
use crate::replay::watch::{MOVED, Waited, Watch};
use crate::replay::{Answer, Eyes};

/// Left, top, width and height in a window.
type Area = (i32, i32, i32, i32);

/// The widget of a step, where it is known where that was.
fn placed(step: &Step) -> Option<&Widget> {
    step.widget.as_ref().filter(|widget| widget.area.2 > 0)
}

impl Player<'_> {
    /// Moves the pointer to a place of a window; what it found there, where the program told.
    pub(super) fn to(&mut self, of: (WindowId, &Seen), at: Place, watch: &mut Watch<'_>) -> Made<Option<Arrived>> {
        let at = self.place(at);
        let Some(sent) = self.send(of, watch, |hands, on| hands.to(on, at))? else { return Ok(None) };
        let motion = |eyes: &mut Eyes| eyes.arrival(sent, &[EventType::Motion]).filter(|one| one.window == of.0);
        match watch.until(MOVED, motion) {
            Ok(arrived) => Ok(Some(arrived)),
            Err(Waited::Long) => Ok(None),
            Err(why) => Err(why.of("")),
        }
    }

    /// Moves the pointer to the widget of a step, wherever in its window that is now, and keeps what is there instead.
    pub(super) fn aim(&mut self, step: &Step, of: (WindowId, &Seen), at: Place, watch: &mut Watch<'_>) -> Made {
        (self.moved, self.under, self.aimed) = ((0, 0), None, None);
        let arrived = self.to(of, at, watch)?;
        let Some(widget) = placed(step) else { return Ok(()) };
        let Some(arrived) = arrived else { return Ok(()) };
        self.aimed = Some(widget.path.clone());
        let (found, sensitive) = match self.is_meant(widget, &arrived.widget) {
            true => (arrived.widget, arrived.sensitive),
            false => match self.asking.find(of.0, widget) {
                Answer::Found(found, sensitive) => {
                    self.found.insert(widget.path.clone(), found.clone());
                    (found, sensitive)
                }
                Answer::Lost => {
                    self.under = Some(format!("{} is not there: {} is", widget.words(), arrived.widget.words()));
                    return Ok(());
                }
                Answer::Silence => {
                    self.under = Some(format!("{} is where {} was", arrived.widget.words(), widget.words()));
                    return Ok(());
                }
            },
        };
        if !sensitive {
            self.under = Some(format!("{} takes no input: it is insensitive", widget.words()));
        }
        self.follow(widget, found.area, at);
        self.to(of, at, watch).map(drop)
    }

    /// Finds the widget of a press where the pointer was not aimed at it: some take presses and tell of no motion.
    pub(super) fn aim_press(&mut self, step: &Step, id: WindowId, at: Place) {
        let Some(widget) = placed(step).filter(|widget| self.aimed.as_ref() != Some(&widget.path)) else { return };
        (self.moved, self.under, self.aimed) = ((0, 0), None, Some(widget.path.clone()));
        // Where it goes to, if it is not found, is seen when it arrives.
        if let Answer::Found(found, _) = self.asking.find(id, widget) {
            self.follow(widget, found.area, at);
            self.found.insert(widget.path.clone(), found);
        }
    }

    /// What was meant to happen at a place of a widget happens at the same place of it now, as far as it is as large; else
    /// as near to that as can be.
    fn follow(&mut self, widget: &Widget, now: Area, at: Place) {
        let was = widget.area;
        if now != was {
            let along =
                |at: i32, was: (i32, i32), now: (i32, i32)| (at - was.0).clamp(0, (now.1 - 1).max(0)) + now.0 - at;
            self.moved = (along(at.0, (was.0, was.2), (now.0, now.2)), along(at.1, (was.1, was.3), (now.1, now.3)));
        }
    }

    /// Whether a widget is the one that a step names, or was found to be.
    pub(super) fn is_meant(&self, widget: &Widget, arrived: &Widget) -> bool {
        same(widget, arrived) || self.found.get(&widget.path).is_some_and(|found| found.path == arrived.path)
    }
}

/// Whether two are the same widget of a program, as far as can be known from one run to the next.
fn same(one: &Widget, other: &Widget) -> bool {
    // Its place in the tree is the surest sign; what stands beside it may have changed.
    let known_by_name = !one.name.is_empty() && one.name == other.name;
    let known_by_label = !one.label.is_empty() && one.label == other.label;
    one.path.is_empty() || one.path == other.path || one.class == other.class && (known_by_name || known_by_label)
}
