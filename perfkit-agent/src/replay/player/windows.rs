//! The windows of a program that stand for those of a script.

use std::time::Duration;

use super::Player;
use crate::replay::Eyes;
use crate::replay::eyes::{Seen, WindowId};
use crate::replay::hands::Made;
use crate::replay::watch::{BUSY, PATIENCE, Watch};

/// How long a window may take to have the size that it had, before it is given it.
const BY_ITSELF: Duration = Duration::from_millis(700);

impl Player<'_> {
    /// The window that a name of the script stands for, once it is there.
    pub(super) fn window(&mut self, name: &str, watch: &mut Watch<'_>) -> Result<(WindowId, Seen), String> {
        let script = self.script;
        let Some(wanted) = script.window(name) else { return Err(format!("the script has no window {name}")) };
        let shown = |seen: &Seen| seen.mapped && !seen.child && seen.size.0 > 0;
        if let Some(id) = self.bound.get(name)
            && let Some(seen) = watch.eyes.windows.get(id).filter(|seen| shown(seen))
        {
            return Ok((*id, seen.clone()));
        }
        let taken: Vec<WindowId> =
            self.bound.iter().filter(|(other, _)| *other != name).map(|(_, window)| *window).collect();
        let found = watch.until(PATIENCE, |eyes| {
            let alike = |seen: &Seen| seen.popup == wanted.popup && seen.class == wanted.class;
            let mut there: Vec<_> = eyes.windows.iter().filter(|(_, seen)| shown(seen)).collect();
            there.retain(|(id, seen)| alike(seen) && !taken.contains(id));
            // Of several the one with the title; else the one that came last, as it is what one meant to use.
            let titled = there.iter().find(|(_, seen)| !wanted.title.is_empty() && seen.title == wanted.title);
            titled.or(there.last()).map(|(id, seen)| (**id, (*seen).clone()))
        });
        match found {
            Ok((id, seen)) => {
                self.bound.insert(name.to_owned(), id);
                Ok((id, seen))
            }
            Err(why) => {
                let there: Vec<String> =
                    watch.eyes.windows.values().filter(|seen| shown(seen)).map(Seen::words).collect();
                let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
                let recorded = if watch.eyes.any() { "" } else { "; no process of it loaded GTK" };
                let wanted =
                    Seen { class: wanted.class.clone(), title: wanted.title.clone(), ..Seen::default() }.words();
                Err(why.of(&format!("the window {wanted} was not there; windows there: {there}{recorded}")))
            }
        }
    }

    /// Waits until a window has its size and has drawn; gives it the size where it does not take it by itself.
    pub(super) fn wait_for(&mut self, name: &str, id: WindowId, size: (i32, i32), watch: &mut Watch<'_>) -> Made {
        let has = |eyes: &mut Eyes| eyes.windows.get(&id).is_some_and(|seen| seen.size == size).then_some(());
        if watch.until(BY_ITSELF, has).is_err()
            && let Some(display) = &self.display
            && let Some(seen) = watch.eyes.windows.get(&id).filter(|seen| !seen.popup && seen.xid != 0)
        {
            // On Wayland nobody but its user gives a window a size.
            let pixels = |length: i32| (f64::from(length) * seen.scale).round() as i32;
            let least = display.least(seen.xid);
            let wanted = (pixels(size.0).max(least.0), pixels(size.1).max(least.1));
            display.resize(seen.xid, wanted).map_err(|error| error.to_string())?;
            if watch.until(BY_ITSELF, has).is_err() {
                let (width, height) = watch.eyes.windows.get(&id).map_or((0, 0), |seen| seen.size);
                let note = format!("{name} is {width}x{height} and not {}x{}", size.0, size.1);
                self.account.notes.push(note);
            }
        }
        let painted = watch.until(PATIENCE, |eyes| (eyes.frames() > 0 || eyes.quiet() > BUSY).then_some(()));
        painted.map_err(|why| why.of("it draws nothing"))?;
        self.settle(watch);
        Ok(())
    }
}
