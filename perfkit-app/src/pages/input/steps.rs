//! The steps of a script as rows: what is done, when it was done in the session, and when a frame answered it.

use perfkit_agent::analysis::latency::Answer;
use perfkit_agent::input::{Action, Finger, Recorded, Script, Step, Stroke};

use crate::model::Range;
use crate::widgets::table::{Cell, Column, Kind, Row};
use crate::wording::{marked, tr, tr_with};

/// The columns of the rows.
pub fn columns() -> Vec<Column> {
    vec![
        Column::new(tr("Step"), Kind::Count).wide(4),
        Column::new(tr("Time"), Kind::Moment),
        Column::new(tr("Answered after"), Kind::Time).wide(9),
        Column::new(tr("Replay"), Kind::Text).wide(5),
        Column::new(tr("What is done"), Kind::Text).wide(20),
    ]
}

/// What became of a step in the last replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It was done in all runs.
    Done,
    /// It could not be done.
    Failed,
    /// A replay did not come to it, or there was none.
    Nothing,
}

/// What is known of a step beside the step itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// When it began in the session; none of a step that is not of the session.
    pub time: Option<i64>,
    /// From its input to the frame that answered it, in nanoseconds.
    pub latency: Option<i64>,
}

/// What is known of the steps of a script that began as that of a session: those at its begin and its end that nobody
/// changed are of the session.
pub fn known(script: &Script, recorded: Option<&Recorded>, answers: &[Answer]) -> Vec<Known> {
    let mut all = vec![Known::default(); script.steps.len()];
    let Some(recorded) = recorded else { return all };
    let before = &recorded.script.steps;
    let same = |(one, other): &(&Step, &Step)| one == other;
    let begin = script.steps.iter().zip(before).take_while(same).count();
    let least = script.steps.len().min(before.len());
    let end = script.steps.iter().rev().zip(before.iter().rev()).take_while(same).count().min(least - begin);
    let latency = |at: usize| {
        let from = *recorded.times.get(at)?;
        let to = recorded.times[at + 1..].iter().find(|time| **time > from).copied().unwrap_or(i64::MAX);
        // A wait is for the window of the step after it, and of that moment.
        let waits = matches!(before[at].action, Action::WaitFor(_));
        let within = answers.iter().filter(|answer| (from..to).contains(&answer.input.time) && !waits);
        within.map(Answer::latency).max()
    };
    let mut tell = |new: usize, old: usize| {
        all[new] = Known { time: recorded.times.get(old).copied(), latency: latency(old) };
    };
    (0..begin).for_each(|at| tell(at, at));
    (1..=end).for_each(|back| tell(script.steps.len() - back, before.len() - back));
    all
}

/// The rows of those steps that lie in a stretch, and of those that lie in no session; `origin` is the session's begin.
pub fn rows(
    script: &Script,
    known: &[Known],
    became: impl Fn(usize) -> Became,
    stretch: Option<Range>,
    origin: i64,
) -> Vec<Row> {
    let all = script.steps.iter().zip(known).enumerate();
    let seen = all.filter(|(_, (_, known))| {
        known.time.zip(stretch).is_none_or(|(time, stretch)| (stretch.begin..stretch.end).contains(&time))
    });
    let row = |(at, (step, known)): (usize, (&Step, &Known))| {
        let (said, style) = match became(at) {
            Became::Done => (tr("done"), ""),
            Became::Failed => (tr("failed"), "error"),
            Became::Nothing => (String::new(), ""),
        };
        let cells = [
            Cell::Int(at as i64 + 1),
            Cell::int(known.time.map(|time| time - origin)),
            Cell::int(known.latency),
            Cell::text(&said),
            Cell::text(&words(step)),
        ];
        let row = Row::new(cells).styled(style);
        match known.time {
            Some(time) => row.at(Range::new(time, time + known.latency.unwrap_or(0).max(1))),
            None => row,
        }
    };
    seen.map(row).collect()
}

/// Which step a row is of, counted from 0.
pub fn step_of(row: &Row) -> Option<i64> {
    match row.cells.first() {
        Some(Cell::Int(number)) => Some(number - 1),
        _ => None,
    }
}

/// A step in the user's language.
pub fn words(step: &Step) -> String {
    let what = step.widget.as_ref().map_or_else(|| step.window.clone(), |widget| widget.words());
    let with = |text: &str, name: &str, value: &str| tr_with(text, &[(name, value), ("what", &what)]);
    match &step.action {
        Action::WaitFor((width, height)) => {
            let (width, height) = (width.to_string(), height.to_string());
            tr_with(
                "Wait for {window}, {width} × {height}",
                &[("window", &step.window), ("width", &width), ("height", &height)],
            )
        }
        Action::Move(_) => tr_with("Move to {what}", &[("what", &what)]),
        Action::Press(_, button) => with(marked("Press button {button} on {what}"), "button", &button.to_string()),
        Action::Release(_, button) => with(marked("Release button {button} on {what}"), "button", &button.to_string()),
        Action::Key(key, Stroke::Tap(_)) => with(marked("Key {key} in {what}"), "key", &key.to_string()),
        Action::Key(key, Stroke::Down) => with(marked("Key {key} down in {what}"), "key", &key.to_string()),
        Action::Key(key, Stroke::Up) => with(marked("Key {key} up in {what}"), "key", &key.to_string()),
        Action::Scroll(_, (right, down)) => with(marked("Scroll by {by} on {what}"), "by", &format!("{right}, {down}")),
        Action::Touch(_, _, Finger::Begin) => tr_with("Touch {what}", &[("what", &what)]),
        Action::Touch(_, _, Finger::Move) => tr_with("Move a finger over {what}", &[("what", &what)]),
        Action::Touch(_, _, Finger::End) => tr_with("Lift a finger from {what}", &[("what", &what)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(steps: &str) -> Script {
        Script::parse(&format!("perfinput 1\nwindow w toplevel\n{steps}")).unwrap()
    }

    fn times(known: &[Known]) -> Vec<Option<i64>> {
        known.iter().map(|known| known.time).collect()
    }

    #[test]
    fn steps_that_nobody_changed_keep_their_moments() {
        let before = script("move w 1,1\npress w 1,1\nrelease w 1,1\nkey w a");
        let recorded = Recorded { script: before.clone(), times: vec![10, 20, 30, 40] };
        let of = |steps: &str| times(&known(&script(steps), Some(&recorded), &[]));
        assert_eq!(times(&known(&before, Some(&recorded), &[])), [Some(10), Some(20), Some(30), Some(40)]);
        assert_eq!(of("move w 1,1\npress w 9,9\nrelease w 1,1\nkey w a"), [Some(10), None, Some(30), Some(40)]);
        assert_eq!(of("move w 1,1\nkey w a"), [Some(10), Some(40)]);
        assert_eq!(of("key w b\nkey w a"), [None, Some(40)]);
        assert_eq!(of(""), []);
        assert_eq!(times(&known(&before, None, &[])), [None; 4]);
    }

    #[test]
    fn rows_lie_in_the_stretch_or_in_no_session() {
        let of = script("move w 1,1\npress w 1,1\nkey w ctrl+s");
        let known = [10, 20].map(|time| Known { time: Some(time), latency: Some(5) });
        let known = [known[0], known[1], Known::default()];
        let rows = rows(&of, &known, |_| Became::Nothing, Some(Range::new(15, 25)), 0);
        assert_eq!(rows.iter().map(step_of).collect::<Vec<_>>(), [Some(1), Some(2)]);
        assert_eq!(rows[0].place, Some(Range::new(20, 25)));
        assert_eq!(rows[1].cells[4], Cell::text("Key ctrl+s in w"));
    }
}
