//! Whether what arrived in a replay is what was recorded: the same input, to the same widgets, in the same order.

use crate::input::{Action, Finger, Script, Step, Stroke};

/// A step as far as it is the same in every run: no times, no places, and moves, which are told together, not at all.
#[derive(Clone, Debug, PartialEq)]
enum Mark {
    Press(u8),
    Release(u8),
    Key,
    Scroll(i64, i64),
}

/// Notches are compared to a hundredth.
const PARTS: f64 = 100.0;

/// What is otherwise in `other` than in `script`, in words; none where nothing is.
pub fn difference(script: &Script, other: &Script) -> Option<String> {
    let (wanted, got) = (marks(script), marks(other));
    let at = wanted.iter().zip(&got).position(|(one, other)| one != other);
    match at {
        Some(at) => Some(format!("{} arrived where it was {}", words(&got[at]), words(&wanted[at]))),
        None if wanted.len() > got.len() => Some(format!("{} did not arrive", words(&wanted[got.len()]))),
        None if wanted.len() < got.len() => Some(format!("{} arrived, too", words(&got[wanted.len()]))),
        None => None,
    }
}

/// The marks of a script, each with the widget's path.
fn marks(script: &Script) -> Vec<(Mark, String)> {
    let mut marks: Vec<(Mark, String)> = Vec::new();
    for step in &script.steps {
        if let Some(mark) = of(step) {
            let path = step.widget.as_ref().map(|widget| widget.path.clone()).unwrap_or_default();
            match (marks.last_mut(), &mark) {
                // Parts of notches are told in other parts.
                (Some((Mark::Scroll(right, down), at)), Mark::Scroll(more, further)) if *at == path => {
                    (*right, *down) = (*right + more, *down + further);
                }
                _ => marks.push((mark, path)),
            }
        }
    }
    marks
}

/// The mark of a step that every run has.
fn of(step: &Step) -> Option<Mark> {
    match &step.action {
        Action::WaitFor(_) | Action::Move(_) | Action::Touch(_, _, Finger::Move) => None,
        // One that closes a menu is let go over nobody.
        Action::Key(_, Stroke::Up) => None,
        Action::Key(..) => Some(Mark::Key),
        Action::Press(_, button) => Some(Mark::Press(*button)),
        Action::Release(_, button) => Some(Mark::Release(*button)),
        Action::Scroll(_, (right, down)) => {
            Some(Mark::Scroll((right * PARTS).round() as i64, (down * PARTS).round() as i64))
        }
        // Played with the pointer.
        Action::Touch(_, _, Finger::Begin) => Some(Mark::Press(1)),
        Action::Touch(_, _, Finger::End) => Some(Mark::Release(1)),
    }
}

fn words((mark, path): &(Mark, String)) -> String {
    let what = match mark {
        Mark::Press(button) => format!("a press of button {button}"),
        Mark::Release(button) => format!("a release of button {button}"),
        Mark::Key => "a press of a key".to_owned(),
        Mark::Scroll(right, down) => {
            format!("scrolling by {},{}", *right as f64 / PARTS, *down as f64 / PARTS)
        }
    };
    if path.is_empty() { what } else { format!("{what} in {path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(steps: &str) -> Script {
        Script::parse(&format!("perfinput 1\nwindow w toplevel\n{steps}")).unwrap()
    }

    #[test]
    fn times_places_and_moves_make_no_difference() {
        let one = script("+1 move w 1,2\n+1 press w 1,2 path=A/B\nrelease w 1,2\nkey w a path=C\nscroll w 1,2 by=0,1");
        let other = script(
            "press w 3,4 path=A/B\n+2 release w 3,4\nkey w untold down path=C\n+1 key w untold up\nscroll w 1,2 by=0,0.5\n\
             scroll w 1,2 by=0,0.5",
        );
        assert_eq!(difference(&one, &other), None);
    }

    #[test]
    fn what_differs_is_told_in_words() {
        let check = |one: &str, other: &str, says: &str| {
            assert_eq!(difference(&script(one), &script(other)).unwrap(), says);
        };
        check(
            "press w 1,2 path=A",
            "press w 1,2 path=B",
            "a press of button 1 in B arrived where it was a press of button 1 in A",
        );
        check("key w a", "", "a press of a key did not arrive");
        check("", "press w 1,2 button=3", "a press of button 3 arrived, too");
        check("scroll w 1,2 by=0,1", "scroll w 1,2 by=0,2", "scrolling by 0,2 arrived where it was scrolling by 0,1");
    }
}
