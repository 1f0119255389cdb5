//! The choice of a window: of all events only those of it are shown.

use adw::prelude::*;

use crate::link::Reader;
use crate::pages;
use crate::widgets::timeline::Timeline;
use crate::wording::{tr, tr_with};

/// Windows that are offered at most.
const MOST: usize = 200;

/// Windows as people know them, those with the most to show first.
fn windows(reader: &Reader) -> perfkit_agent::Result<Vec<(i64, String)>> {
    let sql = "SELECT window, coalesce((SELECT title FROM gdk_window_title AS t WHERE t.window = e.window AND title <> '' \
               ORDER BY time DESC LIMIT 1), (SELECT owner FROM gdk_window_owner AS o WHERE o.window = e.window ORDER BY \
               time DESC LIMIT 1), '') FROM (SELECT window, count(*) AS count FROM exposures WHERE window > 0 GROUP BY \
               window) AS e ORDER BY count DESC LIMIT ?1";
    reader.query.read(sql, [MOST], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Offers the windows of the session.
pub fn fill(timeline: &Timeline, choice: &gtk::DropDown) {
    choice.set_visible(false);
    let document = timeline.document().clone();
    let asked = async move { document.ask_slowly(|reader| windows(reader)).await };
    let timeline = timeline.downgrade();
    pages::fill(choice, asked, move |choice, found| {
        // Without exposures there is nothing to choose.
        let Some(Ok(found)) = found else { return };
        if found.is_empty() {
            return;
        }
        let mut words = vec![tr("All windows")];
        words.extend(found.iter().map(|(window, name)| match &**name {
            "" => tr_with("Only window {window}", &[("window", &window.to_string())]),
            name => tr_with("Only “{window}”", &[("window", name)]),
        }));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        choice.set_model(Some(&gtk::StringList::new(&words)));
        choice.set_visible(true);
        choice.connect_selected_notify(move |choice| {
            let window = (choice.selected() as usize).checked_sub(1).and_then(|at| found.get(at));
            if let Some(timeline) = timeline.upgrade() {
                timeline.set_window(window.map(|(window, _)| *window));
            }
        });
    });
}
