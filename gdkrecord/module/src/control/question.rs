//! What a replay asks, from a line to what it means. Whoever asks is another program: a line may be anything.

use crate::targets::Wanted;

/// A question about a window, by its number in the recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Question<'a> {
    /// Where a widget of it is now.
    Find(u32, Wanted<'a>),
    /// That input be made for it.
    Put(u32, Input),
}

/// A place in application pixels from a window's left and top edge.
pub type Place = (i32, i32);

/// Input that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The pointer comes to a place.
    Move(Place),
    /// A button is pressed there or let go: 1 is the left one.
    Button { at: Place, number: u8, down: bool },
    /// The wheel is turned by a notch.
    Wheel(Place, Way),
    /// A finger touches the screen, moves on it, or leaves it.
    Touch { at: Place, finger: u32, what: Finger },
    /// A key is pressed or let go, by its keysym.
    Key { keyval: u32, down: bool },
}

/// Where a wheel turns to, in the order of GdkScrollDirection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
    Left,
    Right,
}

/// What a finger does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finger {
    Begin,
    Move,
    End,
}

const WAYS: [(&str, Way); 4] = [("up", Way::Up), ("down", Way::Down), ("left", Way::Left), ("right", Way::Right)];
const FINGERS: [(&str, Finger); 3] = [("begin", Finger::Begin), ("move", Finger::Move), ("end", Finger::End)];

impl Question<'_> {
    /// Reads a line without its end; `None` where it asks nothing that is known.
    pub fn read(line: &str) -> Option<Question<'_>> {
        let words: Vec<&str> = line.split('\t').collect();
        let (&verb, rest) = words.split_first()?;
        let (window, rest) = rest.split_first()?;
        let window = window.parse().ok()?;
        let input = match (verb, rest) {
            ("find", &[path, class, label, name]) => {
                return Some(Question::Find(window, Wanted { path, class, label, name }));
            }
            ("move", [x, y]) => Input::Move(place(x, y)?),
            ("press" | "release", [x, y, number]) => {
                let number = number.parse().ok().filter(|&number| number != 0)?;
                Input::Button { at: place(x, y)?, number, down: verb == "press" }
            }
            ("wheel", [x, y, way]) => Input::Wheel(place(x, y)?, one_of(&WAYS, way)?),
            ("touch", [x, y, finger, what]) => {
                Input::Touch { at: place(x, y)?, finger: finger.parse().ok()?, what: one_of(&FINGERS, what)? }
            }
            ("key", [keyval, what]) => {
                let keyval = keyval.parse().ok().filter(|&keyval| keyval != 0)?;
                Input::Key { keyval, down: one_of(&[("down", true), ("up", false)], what)? }
            }
            _ => return None,
        };
        Some(Question::Put(window, input))
    }
}

fn place(x: &str, y: &str) -> Option<Place> {
    Some((x.parse().ok()?, y.parse().ok()?))
}

fn one_of<T: Copy>(all: &[(&str, T)], word: &str) -> Option<T> {
    all.iter().find(|(name, _)| *name == word).map(|(_, one)| *one)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_read() {
        let read = |line: &'static str| Question::read(line);
        let wanted = Wanted { path: "W/B[0]", class: "B", label: "a b", name: "" };
        assert_eq!(read("find\t3\tW/B[0]\tB\ta b\t"), Some(Question::Find(3, wanted)));
        assert_eq!(read("move\t3\t-1\t20"), Some(Question::Put(3, Input::Move((-1, 20)))));
        let press = Input::Button { at: (1, 2), number: 3, down: true };
        assert_eq!(read("press\t3\t1\t2\t3"), Some(Question::Put(3, press)));
        assert_eq!(read("wheel\t3\t1\t2\tleft"), Some(Question::Put(3, Input::Wheel((1, 2), Way::Left))));
        let touch = Input::Touch { at: (1, 2), finger: 0, what: Finger::End };
        assert_eq!(read("touch\t3\t1\t2\t0\tend"), Some(Question::Put(3, touch)));
        assert_eq!(read("key\t3\t65293\tup"), Some(Question::Put(3, Input::Key { keyval: 0xff0d, down: false })));
    }

    #[test]
    fn what_asks_nothing_is_told_from_it() {
        for line in [
            "",
            "\t",
            "find",
            "find\t3",
            "move\t-3\t1\t2",
            "move\t3\t1",
            "move\t3\t1\t2\t3",
            "move\t3\tnan\t2",
            "move\t3\t99999999999\t2",
            "press\t3\t1\t2\t0",
            "press\t3\t1\t2\t256",
            "wheel\t3\t1\t2\tround",
            "key\t3\t-1\tdown",
            "key\t3\t0\tdown",
            "key\t3\t97\tsideways",
            "Move\t3\t1\t2",
        ] {
            assert_eq!(Question::read(line), None, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_not(line in "(find|move|press|release|wheel|touch|key|.{0,5})(\t(-?[0-9]{1,12}|up|end|.{0,6})){0,7}") {
            // What is read names a window, and nothing else panics.
            if let Some(Question::Find(window, _) | Question::Put(window, _)) = Question::read(&line) {
                let named = line.split('\t').nth(1).and_then(|word| word.parse().ok());
                prop_assert_eq!(named, Some(window));
            }
        }
    }
}
