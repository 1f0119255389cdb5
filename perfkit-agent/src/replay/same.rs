//! Whether what arrived in a replay is what was recorded: the same input, to the same widgets, in the same order.

use crate::input::key::{MODIFIERS, SHIFTS};
use crate::input::{Action, Finger, Key, Script, Step, Stroke};

/// A step as far as it is the same in every run: no times, no places, and moves, which are told together, not at all.
#[derive(Clone, Debug)]
enum Mark {
    Press(u8),
    Release(u8),
    /// What it means; none where that was not kept.
    Key(Option<u32>),
    Scroll(i64, i64),
}

impl PartialEq for Mark {
    fn eq(&self, other: &Mark) -> bool {
        match (self, other) {
            (Mark::Press(one), Mark::Press(other)) | (Mark::Release(one), Mark::Release(other)) => one == other,
            // One that was not kept may have been any.
            (Mark::Key(Some(one)), Mark::Key(Some(other))) => one == other,
            (Mark::Key(_), Mark::Key(_)) => true,
            (Mark::Scroll(right, down), Mark::Scroll(more, further)) => (right, down) == (more, further),
            _ => false,
        }
    }
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
        for mark in of(step) {
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

/// The marks of a step that every run has.
fn of(step: &Step) -> Vec<Mark> {
    match &step.action {
        Action::WaitFor(_) | Action::Move(_) | Action::Touch(_, _, Finger::Move) => Vec::new(),
        // One that closes a menu is let go over nobody.
        Action::Key(_, Stroke::Up) => Vec::new(),
        Action::Key(key, _) => keys(*key),
        Action::Press(_, button) => vec![Mark::Press(*button)],
        Action::Release(_, button) => vec![Mark::Release(*button)],
        Action::Scroll(_, (right, down)) => {
            vec![Mark::Scroll((right * PARTS).round() as i64, (down * PARTS).round() as i64)]
        }
        // Played with the pointer.
        Action::Touch(_, _, Finger::Begin) => vec![Mark::Press(1)],
        Action::Touch(_, _, Finger::End) => vec![Mark::Release(1)],
    }
}

/// The keys that are pressed for one: those that modify it, too. Shift is seen in what the key means, and whether it
/// has to be held depends on the keyboard.
fn keys(key: Key) -> Vec<Mark> {
    let Key::Known(modifiers, keysym) = key else { return vec![Mark::Key(None)] };
    let held = MODIFIERS.iter().filter(|(bit, ..)| modifiers & bit != 0).map(|(_, _, keysym)| *keysym);
    let all = held.chain([keysym]).filter(|keysym| !SHIFTS.contains(keysym));
    all.map(|keysym| Mark::Key(Some(keysym))).collect()
}

fn words((mark, path): &(Mark, String)) -> String {
    let what = match mark {
        Mark::Press(button) => format!("a press of button {button}"),
        Mark::Release(button) => format!("a release of button {button}"),
        Mark::Key(None) => "a press of a key".to_owned(),
        Mark::Key(Some(keysym)) => format!("a press of {}", Key::Known(0, *keysym)),
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
    fn modifiers_are_held_by_themselves_or_for_a_key() {
        let one = script("key w ctrl+a\nkey w A");
        let other =
            script("key w Control_L down\nkey w a\nkey w Control_L up\nkey w Shift_L down\nkey w A\nkey w Shift_L up");
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
        check("key w a", "", "a press of a did not arrive");
        check("key w a", "key w b", "a press of b arrived where it was a press of a");
        check("key w ctrl+a", "key w a", "a press of a arrived where it was a press of Control_L");
        check("", "press w 1,2 button=3", "a press of button 3 arrived, too");
        check("scroll w 1,2 by=0,1", "scroll w 1,2 by=0,2", "scrolling by 0,2 arrived where it was scrolling by 0,1");
    }
}
