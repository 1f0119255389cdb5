//! Playing: while a document's time runs, its moment moves on with the frame clock of the window that shows it, so that
//! all pages see one time, whichever of them was told to play.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use gtk::glib;
use gtk::prelude::*;

use super::{Document, Range};

/// The moment moves on by no more from one frame to the next: a window that was hidden goes on where it was.
const LONGEST: Duration = Duration::from_millis(250);

/// Lets the time of a document run with the frame clock of a widget, as long as both are there. What was chosen is
/// played, to its end; from there, or from elsewhere, from its begin on.
pub fn play_with(document: &Document, widget: &impl IsA<gtk::Widget>) {
    let widget = widget.as_ref().downgrade();
    let ticks = Rc::new(Cell::new(false));
    document.connect_playing_notify(move |document| {
        let Some(widget) = widget.upgrade().filter(|_| document.playing()) else { return };
        let range = document.chosen();
        if !range.contains(document.cursor()) {
            document.set_cursor(range.begin);
        }
        if ticks.replace(true) {
            return;
        }
        let (document, ticks) = (document.downgrade(), Rc::clone(&ticks));
        let last = Cell::new(None::<i64>);
        widget.add_tick_callback(move |_, clock| {
            let Some(document) = document.upgrade().filter(Document::playing) else {
                ticks.set(false);
                return glib::ControlFlow::Break;
            };
            let now = clock.frame_time();
            let passed = last.replace(Some(now)).map_or(0, |last| now - last);
            let passed = Duration::from_micros(u64::try_from(passed).unwrap_or(0)).min(LONGEST);
            let (moment, ended) = moved(document.cursor(), passed, document.speed(), document.chosen());
            document.set_cursor(moment);
            document.set_playing(!ended);
            glib::ControlFlow::Continue
        });
    });
}

/// The moment after so much time at a speed, and whether a range has ended with it.
fn moved(cursor: i64, passed: Duration, speed: f64, range: Range) -> (i64, bool) {
    let moment = cursor.saturating_add((passed.as_nanos() as f64 * speed).round() as i64);
    if moment >= range.end { (range.end.max(cursor), true) } else { (moment, false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_runs_at_its_speed_and_stops_at_the_end() {
        let range = Range { begin: 0, end: 20_000_000 };
        let frame = Duration::from_millis(16);
        assert_eq!(moved(1_000_000, frame, 1.0, range), (17_000_000, false));
        assert_eq!(moved(1_000_000, frame, 0.05, range), (1_800_000, false));
        assert_eq!(moved(1_000_000, frame, 4.0, range), (20_000_000, true));
        // Whoever chose something else meanwhile is not thrown back.
        assert_eq!(moved(30_000_000, frame, 1.0, range), (30_000_000, true));
    }
}
