//! The pointer: to a place of a window, and to a widget wherever that is now.

use gdkrecord::sets::EventType;

use super::Player;
use crate::input::{Place, Step, Widget};
use crate::replay::eyes::{Arrived, Seen, WindowId};
use crate::replay::hands::Made;
use crate::replay::watch::{MOVED, Waited, Watch};
use crate::replay::{Answer, Eyes};

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
        self.moved = (0, 0);
        self.under = None;
        let arrived = self.to(of, at, watch)?;
        let Some(widget) = step.widget.as_ref().filter(|widget| widget.area.2 > 0) else { return Ok(()) };
        let (found, sensitive) = match arrived {
            Some(arrived) if self.is_meant(widget, &arrived.widget) => (arrived.widget, arrived.sensitive),
            Some(arrived) => match self.asking.find(of.0, widget) {
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
            None => return Ok(()),
        };
        if !sensitive {
            self.under = Some(format!("{} takes no input: it is insensitive", widget.words()));
        }
        let (now, was) = (found.area, widget.area);
        if now != was {
            // The same place of it, as far as it is as large; else as near to it as can be.
            let along =
                |at: i32, was: (i32, i32), now: (i32, i32)| (at - was.0).clamp(0, (now.1 - 1).max(0)) + now.0 - at;
            self.moved = (along(at.0, (was.0, was.2), (now.0, now.2)), along(at.1, (was.1, was.3), (now.1, now.3)));
            self.to(of, at, watch)?;
        }
        Ok(())
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
