//! The pointer: to a place of a window, and to a widget wherever that is now.

use std::time::Duration;

use gdkrecord::sets::EventType;
use gdkrecord::writer::now;

use super::Player;
use crate::input::{Place, Step, Widget};
use crate::replay::Answer;
use crate::replay::eyes::{Arrived, Seen, WindowId};
use crate::replay::watch::{MOVED, Waited, Watch};

/// Pixels from one place to the next where a window is looked for, and how long it has to say that it is there.
const SWEEP: i32 = 90;
const SWEPT: Duration = Duration::from_millis(60);

impl Player<'_> {
    /// Where the left top corner of a window is on the display.
    ///
    /// Wayland tells nobody. There the pointer is moved over the display until the window says where in it that is; what
    /// pops up tells its place in its parent.
    fn origin(&mut self, id: WindowId, seen: &Seen, watch: &mut Watch<'_>) -> Result<Option<(i32, i32)>, String> {
        if seen.xid != 0 {
            return Ok(self.hands.origin(seen.xid));
        }
        if seen.popup
            && let (Some(at), Some(parent)) = (seen.at, watch.eyes.windows.get(&(id.0, seen.parent)).cloned())
        {
            let of = self.origin((id.0, seen.parent), &parent, watch)?;
            let pixel = |at: i32| (f64::from(at) * seen.scale).round() as i32;
            return Ok(of.map(|(left, top)| (left + pixel(at.0), top + pixel(at.1))));
        }
        if let Some(known) = self.origins.get(&id) {
            return Ok(Some(*known));
        }
        let (width, height) = self.script.display;
        let places = (0..height / SWEEP).flat_map(|row| (0..width / SWEEP).map(move |column| (column, row)));
        for (column, row) in places {
            // It is entered by the one move, and told of the other.
            let at = (column * SWEEP + SWEEP / 2, row * SWEEP + SWEEP / 2);
            let sent = now();
            self.send(watch, |hands| hands.to((at.0 - 1, at.1 - 1)).and_then(|()| hands.to(at)))?;
            let told = watch.until(SWEPT, |eyes| eyes.pointer(id, sent));
            if let Ok((x, y)) = told {
                // The last of both moves is what counts.
                std::thread::sleep(SWEPT);
                watch.eyes.look();
                let (x, y) = watch.eyes.pointer(id, sent).unwrap_or((x, y));
                let corner = |at: i32, inside: f64| at - (inside * seen.scale).floor() as i32;
                self.pointer = Some(at);
                let origin = (corner(at.0, x), corner(at.1, y));
                self.origins.insert(id, origin);
                return Ok(Some(origin));
            }
        }
        Ok(None)
    }

    /// Moves the pointer to a place of a window; what it found there, where the program told.
    pub(super) fn to(
        &mut self,
        step: &Step,
        id: WindowId,
        seen: &Seen,
        at: Place,
        watch: &mut Watch<'_>,
    ) -> Result<Option<Arrived>, String> {
        let origin = self.origin(id, seen, watch)?;
        let origin = origin.ok_or_else(|| format!("where the window {} is cannot be found out", step.window))?;
        let pixel = |at: i32| (f64::from(at) * seen.scale + seen.scale / 2.0).floor() as i32;
        let target = (origin.0 + pixel(at.0 + self.moved.0), origin.1 + pixel(at.1 + self.moved.1));
        if self.pointer == Some(target) {
            return Ok(None);
        }
        self.pointer = Some(target);
        let sent = now();
        self.send(watch, |hands| hands.to(target))?;
        let kinds = [EventType::Motion];
        let found = watch.until(MOVED, |eyes| eyes.arrival(sent, &kinds).filter(|one| one.window == id));
        match found {
            Ok(arrived) => Ok(Some(arrived)),
            Err(Waited::Long) => Ok(None),
            Err(why) => Err(why.of("")),
        }
    }

    /// Moves the pointer to the widget of a step, wherever in its window that is now, and keeps what is there instead.
    pub(super) fn aim(
        &mut self,
        step: &Step,
        id: WindowId,
        seen: &Seen,
        at: Place,
        watch: &mut Watch<'_>,
    ) -> Result<(), String> {
        self.moved = (0, 0);
        self.under = None;
        let arrived = self.to(step, id, seen, at, watch)?;
        let Some(widget) = step.widget.as_ref().filter(|widget| widget.area.2 > 0) else { return Ok(()) };
        let (found, sensitive) = match arrived {
            Some(arrived) if self.is_meant(widget, &arrived.widget) => (arrived.widget, arrived.sensitive),
            Some(arrived) => match self.asking.find(id, widget) {
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
            self.to(step, id, seen, at, watch)?;
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
