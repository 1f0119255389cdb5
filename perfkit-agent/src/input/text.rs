//! Scripts as text; INPUT.md says how they are written, for people.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::{Action, Finger, Place, Script, Step, Stroke, Widget, Window};

/// The first line, with the version of the format.
const HEAD: &str = "perfinput 1";

/// The words that a window's or step's line can have with a `=`; others stand by their place.
const KEYS: &[&str] =
    &["box", "button", "by", "class", "finger", "for", "label", "name", "path", "size", "title", "type"];

/// Writes a script.
pub fn write(script: &Script, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "{HEAD}")?;
    writeln!(f, "{}", program(script))?;
    if !script.toolkit.is_empty() {
        writeln!(f, "{}", toolkit(script))?;
    }
    writeln!(f, "{}", display(script))?;
    writeln!(f)?;
    script.windows.iter().try_for_each(|of| writeln!(f, "{}", window(of)))?;
    writeln!(f)?;
    script.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
}

/// The same script with each line written as [`write`] does; what only people read, comments and empty lines, stays
/// where it is. An error has the number of its line, from 1.
pub fn tidy(text: &str) -> Result<(Script, String), (usize, String)> {
    let script = parse(text)?;
    let (mut so_far, mut tidied) = (Script::default(), String::new());
    for (at, line) in text.lines().enumerate() {
        let comment = comment(line);
        let said = line[..comment].trim();
        let written = match said.split_whitespace().next() {
            None => String::new(),
            Some("perfinput") => HEAD.to_owned(),
            Some(verb) => {
                read_line(&mut so_far, said).map_err(|error| (at + 1, error))?;
                match verb {
                    "program" => program(&so_far),
                    "toolkit" => toolkit(&so_far),
                    "display" => display(&so_far),
                    "window" => so_far.windows.last().map(window).unwrap_or_default(),
                    _ => so_far.steps.last().map(ToString::to_string).unwrap_or_default(),
                }
            }
        };
        tidied.push_str(&written);
        if !written.is_empty() && comment < line.len() {
            tidied.push(' ');
        }
        tidied.push_str(line[comment..].trim_end());
        tidied.push('\n');
    }
    Ok((script, tidied))
}

/// Where the comment of a line begins; its end where it has none.
fn comment(line: &str) -> usize {
    // A word that begins so is a comment unless it is quoted: then the line before it is not whole.
    let begins = |at: &usize| {
        line[..*at].chars().next_back().is_none_or(char::is_whitespace) && shlex::split(&line[..*at]).is_some()
    };
    line.match_indices('#').map(|(at, _)| at).find(begins).unwrap_or(line.len())
}

fn program(script: &Script) -> String {
    script.program.iter().fold("program".to_owned(), |line, word| line + " " + &quoted(word))
}

fn toolkit(script: &Script) -> String {
    format!("toolkit {}", quoted(&script.toolkit))
}

fn display(script: &Script) -> String {
    format!("display {}", size(script.display))
}

fn window(window: &Window) -> String {
    let kind = if window.popup { "popup" } else { "toplevel" };
    let mut line = format!("window {} {kind}", quoted(&window.name));
    // Writing into text cannot fail.
    let _ = value(&mut line, "class", &window.class).and_then(|()| value(&mut line, "title", &window.title));
    line
}

/// Writes a step, without the end of its line.
pub fn write_step(step: &Step, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let window = quoted(&step.window);
    write!(f, "+{} ", seconds(step.after))?;
    match &step.action {
        Action::WaitFor(of) => write!(f, "wait-for {window} size={}", size(*of))?,
        Action::Move(at) => write!(f, "move {window} {}", place(*at))?,
        Action::Press(at, button) => write!(f, "press {window} {} button={button}", place(*at))?,
        Action::Release(at, button) => write!(f, "release {window} {} button={button}", place(*at))?,
        Action::Key(key, stroke) => {
            write!(f, "key {window} {}", quoted(&key.to_string()))?;
            match stroke {
                Stroke::Tap(held) if held.is_zero() => {}
                Stroke::Tap(held) => write!(f, " for={}", seconds(*held))?,
                Stroke::Down => f.write_str(" down")?,
                Stroke::Up => f.write_str(" up")?,
            }
        }
        Action::Scroll(at, (right, down)) => write!(f, "scroll {window} {} by={right},{down}", place(*at))?,
        Action::Touch(at, finger, what) => {
            write!(f, "touch {window} {} {} finger={finger}", place(*at), finger_name(*what))?;
        }
    }
    if let Some(widget) = &step.widget {
        value(f, "type", &widget.class)?;
        value(f, "label", &widget.label)?;
        value(f, "name", &widget.name)?;
        let (left, top, width, height) = widget.area;
        write!(f, " box={left},{top},{width},{height}")?;
        value(f, "path", &widget.path)?;
    }
    Ok(())
}

/// ` key=value`, where there is a value.
fn value(f: &mut impl fmt::Write, key: &str, value: &str) -> fmt::Result {
    if value.is_empty() { Ok(()) } else { write!(f, " {key}={}", quoted(value)) }
}

/// What would end a line, or is no text, becomes a space.
fn text_only(text: &str) -> String {
    text.replace(|letter: char| letter.is_control(), " ")
}

/// A word as a shell would read it.
fn quoted(word: &str) -> String {
    shlex::try_quote(&text_only(word)).map(|quoted| quoted.into_owned()).unwrap_or_default()
}

fn size((width, height): (i32, i32)) -> String {
    format!("{width}x{height}")
}

fn place((x, y): Place) -> String {
    format!("{x},{y}")
}

/// Seconds with as many digits as it takes, of at most six.
fn seconds(time: Duration) -> String {
    let text = format!("{}.{:06}", time.as_secs(), time.subsec_micros());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What a finger does, and its word.
const FINGERS: &[(Finger, &str)] = &[(Finger::Begin, "begin"), (Finger::Move, "move"), (Finger::End, "end")];

fn finger_name(finger: Finger) -> &'static str {
    FINGERS.iter().find(|(known, _)| *known == finger).map_or("move", |(_, name)| name)
}

/// Reads a script. An error has the number of its line, from 1.
pub fn parse(text: &str) -> Result<Script, (usize, String)> {
    let mut script = Script { display: super::recorded::DISPLAY, ..Script::default() };
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let head = lines.find(|(_, line)| !is_empty(line));
    let said = |line: &str| line[..comment(line)].split_whitespace().collect::<Vec<_>>().join(" ");
    match head {
        Some((_, line)) if said(line) == HEAD => {}
        Some((number, line)) if said(line).starts_with("perfinput ") => {
            return Err((number, format!("this perfkit reads `{HEAD}`, and this is `{}`: update perfkit", said(line))));
        }
        other => {
            let number = other.map_or(1, |(number, _)| number);
            return Err((number, format!("a script of input begins with `{HEAD}`")));
        }
    }
    for (number, line) in lines.filter(|(_, line)| !is_empty(line)) {
        read_line(&mut script, line).map_err(|error| (number, error))?;
    }
    Ok(script)
}

/// Whether a line has nothing but a comment.
fn is_empty(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

fn read_line(script: &mut Script, line: &str) -> Result<(), String> {
    // Nothing that is no text is meant by anybody, and none is written.
    let words = shlex::split(&text_only(line)).ok_or("a quote or backslash is not ended")?;
    let mut words = Words::of(words);
    let verb = words.next("a step")?;
    match verb.as_str() {
        "program" => script.program = words.all(),
        "toolkit" => script.toolkit = words.next("the toolkit")?,
        "display" => script.display = pair(&words.next("the display's size")?, 'x', 1..=16384)?,
        "window" => {
            let name = words.next("the window's name")?;
            if script.window(&name).is_some() {
                return Err(format!("there is a window `{name}` already"));
            }
            let kind = words.next("toplevel or popup")?;
            let popup = match kind.as_str() {
                "toplevel" => false,
                "popup" => true,
                other => return Err(format!("a window is toplevel or popup, not `{other}`")),
            };
            let window = Window { name, popup, class: words.text("class"), title: words.text("title") };
            script.windows.push(window);
        }
        _ => {
            let step = read_step(verb, &mut words)?;
            if script.window(&step.window).is_none() {
                let like = crate::error::similar(&step.window, script.windows.iter().map(|window| &*window.name));
                return Err(format!("no line before says what window `{}` is{like}", step.window));
            }
            script.steps.push(step);
        }
    }
    words.end()
}

/// The verbs of steps.
const VERBS: &[&str] = &["wait-for", "move", "press", "release", "key", "scroll", "touch"];

fn read_step(first: String, words: &mut Words) -> Result<Step, String> {
    let (after, verb) = match first.strip_prefix('+') {
        Some(after) => (time(after)?, words.next("what to do")?),
        None => (Duration::ZERO, first),
    };
    if !VERBS.contains(&&*verb) {
        let like = crate::error::similar(&verb, VERBS.iter().copied());
        return Err(format!("there is no step `{verb}`{like}; there are {}", VERBS.join(", ")));
    }
    let window = words.next("the window's name")?;
    let action = match verb.as_str() {
        "wait-for" => Action::WaitFor(pair(&words.value("size")?, 'x', 1..=16384)?),
        "move" => Action::Move(words.place()?),
        "press" => Action::Press(words.place()?, words.number("button", 1)?),
        "release" => Action::Release(words.place()?, words.number("button", 1)?),
        "scroll" => Action::Scroll(words.place()?, notches(&words.value("by")?)?),
        "touch" => {
            let at = words.place()?;
            let what = words.next("begin, move or end")?;
            let finger = FINGERS.iter().find(|(_, name)| *name == what);
            let (finger, _) = finger.ok_or_else(|| format!("a finger can begin, move and end, not `{what}`"))?;
            Action::Touch(at, words.number("finger", 0)?, *finger)
        }
        _ => {
            let key = words.next("the key")?.parse()?;
            let stroke = match (words.words.pop_front(), words.values.remove("for")) {
                (None, None) => Stroke::Tap(Duration::ZERO),
                (None, Some(held)) => Stroke::Tap(time(&held)?),
                (Some(word), None) if word == "down" => Stroke::Down,
                (Some(word), None) if word == "up" => Stroke::Up,
                (Some(word), None) => return Err(format!("a key goes down or up, not `{word}`")),
                (Some(word), Some(_)) => return Err(format!("a key that goes {word} alone has no for=")),
            };
            Action::Key(key, stroke)
        }
    };
    Ok(Step { after, window, action, widget: widget(words)? })
}

/// The widget of a step, where anything is said of it.
fn widget(words: &mut Words) -> Result<Option<Widget>, String> {
    let area = words.values.remove("box");
    let widget = Widget {
        class: words.text("type"),
        label: words.text("label"),
        name: words.text("name"),
        area: area.as_deref().map_or(Ok((0, 0, 0, 0)), rectangle)?,
        path: words.text("path"),
    };
    Ok((widget != Widget::default()).then_some(widget))
}

fn rectangle(text: &str) -> Result<(i32, i32, i32, i32), String> {
    let numbers: Option<Vec<i32>> = text.split(',').map(|number| number.parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[left, top, width, height]) => Ok((left, top, width, height)),
        _ => Err(format!("box={text} has to be left,top,width,height")),
    }
}

/// Two whole numbers within a range.
fn pair(text: &str, between: char, range: std::ops::RangeInclusive<i32>) -> Result<(i32, i32), String> {
    let number = |part: &str| part.parse().ok().filter(|number| range.contains(number));
    let numbers = text.split_once(between).and_then(|(one, other)| Some((number(one)?, number(other)?)));
    numbers.ok_or_else(|| {
        format!("`{text}` has to be two numbers of {} to {} with {between} between", range.start(), range.end())
    })
}

fn notches(text: &str) -> Result<(f64, f64), String> {
    let number = |part: &str| part.parse().ok().filter(|number: &f64| number.abs() <= 1000.0);
    let numbers = text.split_once(',').and_then(|(right, down)| Some((number(right)?, number(down)?)));
    numbers.ok_or_else(|| format!("by={text} has to be notches to the right and down, as by=0,1"))
}

/// Seconds, to the microsecond.
fn time(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| (0.0..=86_400.0).contains(seconds));
    let seconds = seconds.ok_or_else(|| format!("`{text}` has to be seconds, of a day at most"))?;
    Ok(Duration::from_micros((seconds * 1e6).round() as u64))
}

/// The words of a line: those that stand by their place, and those with a name.
struct Words {
    words: std::collections::VecDeque<String>,
    values: BTreeMap<&'static str, String>,
}

impl Words {
    fn of(words: Vec<String>) -> Words {
        // What a program's command line has is its own.
        if words.first().is_some_and(|verb| verb == "program") {
            return Words { words: words.into(), values: BTreeMap::new() };
        }
        let mut of = Words { words: Default::default(), values: BTreeMap::new() };
        for word in words {
            let named = word
                .split_once('=')
                .and_then(|(key, value)| Some((*KEYS.iter().find(|known| **known == key)?, value.to_owned())));
            match named {
                Some((key, value)) => drop(of.values.insert(key, value)),
                None => of.words.push_back(word),
            }
        }
        of
    }

    fn next(&mut self, what: &str) -> Result<String, String> {
        self.words.pop_front().ok_or_else(|| format!("{what} is missing"))
    }

    fn all(&mut self) -> Vec<String> {
        self.words.drain(..).collect()
    }

    fn value(&mut self, key: &str) -> Result<String, String> {
        self.values.remove(key).ok_or_else(|| format!("{key}= is missing"))
    }

    /// A value that may be missing.
    fn text(&mut self, key: &str) -> String {
        self.values.remove(key).unwrap_or_default()
    }

    fn place(&mut self) -> Result<Place, String> {
        pair(&self.next("a place, as 60,350,")?, ',', -32768..=32767)
    }

    fn number<T: std::str::FromStr>(&mut self, key: &str, otherwise: T) -> Result<T, String> {
        match self.values.remove(key) {
            Some(text) => text.parse().map_err(|_| format!("{key}={text} is no number that it can be")),
            None => Ok(otherwise),
        }
    }

    /// That nothing is left over.
    fn end(self) -> Result<(), String> {
        match self.words.front().or(self.values.values().next()) {
            None => Ok(()),
            Some(word) => Err(format!("`{word}` does not belong here")),
        }
    }
}

#[cfg(test)]
mod tests;
