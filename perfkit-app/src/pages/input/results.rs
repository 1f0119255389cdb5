//! What came of a replay: in a sentence, the sessions, and what was measured of several runs.

use adw::prelude::*;
use perfkit_agent::input::Script;
use perfkit_agent::replay::measure::{MEASURES, Run, Spread, Unit, of_measure, of_step};

use super::pane::name;
use super::steps::words;
use crate::link::replay::Ran;
use crate::widgets::accessible;
use crate::widgets::table::{Cell, Column, Kind, Row, Table};
use crate::window::Window;
use crate::wording::{plain, tr, tr_many, tr_with};

/// Pixels that a table of measures is high.
const HEIGHT: i32 = 300;

/// How it went, in a sentence.
pub fn heading(ended: &perfkit_agent::Result<bool>, ran: &[Ran], runs: u32) -> String {
    let well = ran.iter().filter(|run| run.otherwise.is_none()).count();
    match ended {
        Err(_) => tr("The Replay Could Not Be Done"),
        Ok(false) => tr("The Replay Was Cancelled"),
        Ok(true) if well == ran.len() && runs == 1 => tr("All Went as Recorded"),
        Ok(true) if runs == 1 => tr("It Did Not Go as Recorded"),
        Ok(true) => {
            let values = [("well", &*well.to_string()), ("runs", &*runs.to_string())];
            tr_with("{well} of {runs} Runs Went as Recorded", &values)
        }
    }
}

/// The sessions of the runs, each with how it went and a button that opens it; none where there are none.
pub fn sessions(script: &Script, ran: &[Ran]) -> Option<adw::PreferencesGroup> {
    if ran.is_empty() {
        return None;
    }
    let group = adw::PreferencesGroup::builder().title(tr("Sessions")).build();
    for run in ran {
        let done = || tr_many("{} step done, all as recorded", "{} steps done, all as recorded", run.done as u64);
        let part = || {
            let values = [("done", &*run.done.to_string()), ("steps", &*script.steps.len().to_string())];
            tr_with("{done} of {steps} steps done", &values)
        };
        let how = match &run.otherwise {
            None => done(),
            Some(_) if ran.len() == 1 => part(),
            Some(otherwise) => sentence(otherwise),
        };
        let row = adw::ActionRow::builder()
            .title(name(&run.session))
            .subtitle(plain(&how))
            .title_lines(2)
            .subtitle_lines(0)
            .build();
        if run.otherwise.is_some() {
            let icon = gtk::Image::from_icon_name("dialog-warning-symbolic");
            icon.add_css_class("warning");
            row.add_prefix(&icon);
        }
        let open = accessible::button(&tr("_Open"));
        open.set_valign(gtk::Align::Center);
        open.add_css_class("flat");
        accessible::describe(&open, &run.session.display().to_string());
        let session = run.session.clone();
        open.connect_clicked(move |button| {
            if let Some(window) = button.root().and_downcast::<Window>() {
                window.open_path(session.clone());
            }
        });
        row.add_suffix(&open);
        row.set_activatable_widget(Some(&open));
        group.add(&row);
    }
    Some(group)
}

/// Words that begin a line.
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// What was measured, with how far it spreads; none of a single run, whose figures are in its session.
pub fn measures(script: &Script, ran: &[Ran]) -> Option<gtk::Box> {
    let measured: Vec<&Run> = ran.iter().filter_map(|run| run.measured.as_ref()).collect();
    if measured.is_empty() || ran.len() < 2 {
        return None;
    }
    let of = || measured.iter().copied();
    let all = MEASURES.iter().enumerate();
    let all = all.filter_map(|(at, measure)| Some((tr(measure.title), measure.unit, of_measure(of(), at)?)));
    let steps = script
        .steps
        .iter()
        .enumerate()
        .filter_map(|(at, step)| Some((format!("{}. {}", at + 1, words(step)), Unit::Time, of_step(of(), at)?)));
    let column = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
    let count = tr_many("What was measured in {} run", "What was measured in {} runs", measured.len() as u64);
    column.append(&table(&count, &tr("measures"), all.map(row).collect()));
    let steps: Vec<Row> = steps.map(row).collect();
    if !steps.is_empty() {
        column.append(&table(&tr("From a step's input to the frame that answers it"), &tr("answers"), steps));
    }
    Some(column)
}

fn row((what, unit, spread): (String, Unit, Spread)) -> Row {
    let [median, half, range] = spread.words(unit);
    let said = |value: f64, words: String| Cell::Said(value, words.into());
    Row::new([
        Cell::text(&what),
        said(spread.median, median),
        said(spread.half.1 - spread.half.0, half),
        said(spread.range.1 - spread.range.0, range),
    ])
}

fn table(title: &str, name: &str, rows: Vec<Row>) -> gtk::Box {
    let columns = vec![
        Column::new(tr("Measure"), Kind::Text).wide(21),
        Column::new(tr("Median"), Kind::Count).wide(8),
        Column::new(tr("Middle half"), Kind::Count).wide(12),
        Column::new(tr("Least to most"), Kind::Count).wide(12),
    ];
    let table = Table::alone(name, columns);
    table.set_height_request(HEIGHT.min(60 + 30 * rows.len() as i32));
    table.set_rows(rows);
    let heading = gtk::Label::builder().label(title).xalign(0.0).wrap(true).css_classes(["heading"]).build();
    let column = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(6).build();
    column.append(&heading);
    column.append(&table);
    column
}
