//! Asks the program that is played on where a widget is now, and for input from inside. The recorder in it answers, see
//! its `control`.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::channel::Launch;
use crate::error::{Error, Result};
use crate::input::Widget;
use crate::scratch::Scratch;

/// How long an answer may take: the program answers when its main loop comes to it.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the program said of a widget.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Where it is, and whether it takes input.
    Found(Widget, bool),
    /// There is no such widget in the window, or it is not shown.
    Lost,
    /// Nobody answered: there is no recorder, or its program does something else.
    Silence,
}

/// How long one look at whether there is an answer takes.
const LOOK: Duration = Duration::from_millis(2);

/// A socket to which the program's processes connect.
#[derive(Debug)]
pub struct Asking {
    listener: UnixListener,
    path: PathBuf,
    /// By process.
    talks: HashMap<u32, Talk>,
    _folder: Scratch,
}

#[derive(Debug)]
struct Talk {
    reader: BufReader<UnixStream>,
    /// What was read of a line that has not ended.
    line: String,
    /// Answers that nobody waits for any more.
    late: usize,
}

impl Asking {
    /// Makes the socket.
    pub fn new() -> Result<Asking> {
        let folder = Scratch::new()?;
        let path = folder.path().join("control");
        let listener = UnixListener::bind(&path).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        let listener = listener.map_err(Error::file("listen on", &path))?;
        Ok(Asking { listener, path, talks: HashMap::new(), _folder: folder })
    }

    /// Has a program connect.
    pub fn invite(&self, launch: &mut Launch) {
        launch.set("GDKRECORD_CONTROL", self.path.as_os_str());
    }

    /// Asks a process for a widget of one of its windows.
    pub fn find(&mut self, (pid, window): (u32, u32), widget: &Widget) -> Answer {
        let text = |text: &str| text.replace(['\t', '\n'], " ");
        let words = [&widget.path, &widget.class, &widget.label, &widget.name].map(|word| text(word)).join("\t");
        self.ask(pid, &format!("find\t{window}\t{words}")).map_or(Answer::Silence, |line| answer(&line))
    }

    /// Has the main loop of each process turn, so that what had arrived before is dispatched; those that do not answer
    /// are left to themselves.
    pub fn turn(&mut self) {
        self.accept();
        let all: Vec<u32> = self.talks.keys().copied().collect();
        for pid in all {
            // It is answered between finding out what has arrived and dispatching that: what had arrived by the first
            // answer is dispatched by the second one. There is no window 0.
            for _ in 0..2 {
                if self.ask(pid, "find\t0\t\t\t\t").is_none() {
                    break;
                }
            }
        }
    }

    /// The answer to a question, where it comes in time.
    fn ask(&mut self, pid: u32, question: &str) -> Option<String> {
        if !self.say(pid, question) {
            return None;
        }
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && self.talks.contains_key(&pid) {
            if let Some(line) = self.hear(pid) {
                return Some(line);
            }
        }
        self.give_up(pid);
        None
    }

    /// Says a line to a process; false where it has not connected, or hears no more.
    pub fn say(&mut self, pid: u32, line: &str) -> bool {
        self.accept();
        self.talks.get_mut(&pid).is_some_and(|talk| writeln!(talk.reader.get_mut(), "{line}").is_ok())
    }

    /// What it answers, without its end, where that comes within [`LOOK`].
    pub fn hear(&mut self, pid: u32) -> Option<String> {
        let talk = self.talks.get_mut(&pid)?;
        // What was read of a line before the time was up stays.
        if talk.reader.read_line(&mut talk.line).ok()? == 0 {
            self.talks.remove(&pid);
            return None;
        }
        let line = talk.line.strip_suffix('\n')?.to_owned();
        talk.line.clear();
        if talk.late > 0 {
            talk.late -= 1;
            return None;
        }
        Some(line)
    }

    /// Waits no more for an answer: when it comes, it is not taken for that to the next question.
    pub fn give_up(&mut self, pid: u32) {
        if let Some(talk) = self.talks.get_mut(&pid) {
            talk.late += 1;
        }
    }

    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            let wait = |stream: &UnixStream, time| stream.set_read_timeout(Some(time));
            let set = stream.set_nonblocking(false).and_then(|()| wait(&stream, PATIENCE));
            let mut reader = BufReader::new(stream);
            let mut line = String::new();
            let read = set.and_then(|()| reader.read_line(&mut line)).and_then(|_| wait(reader.get_ref(), LOOK));
            let pid = line.trim().strip_prefix("pid ").and_then(|pid| pid.parse().ok());
            if let (Ok(()), Some(pid)) = (read, pid) {
                self.talks.insert(pid, Talk { reader, line: String::new(), late: 0 });
            }
        }
    }
}

fn answer(line: &str) -> Answer {
    let words: Vec<&str> = line.split('\t').collect();
    let &["found", sensitive, left, top, width, height, path, class, label, name] = words.as_slice() else {
        return Answer::Lost;
    };
    let numbers: Option<Vec<i32>> = [left, top, width, height].iter().map(|number| number.parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[left, top, width, height]) => {
            let [path, class, label, name] = [path, class, label, name].map(str::to_owned);
            Answer::Found(Widget { class, label, name, area: (left, top, width, height), path }, sensitive != "0")
        }
        _ => Answer::Lost,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn answers_are_read() {
        let widget = Widget {
            class: "B".into(),
            label: "a b".into(),
            area: (1, -2, 3, 4),
            path: "W/B[0]".into(),
            ..Widget::default()
        };
        assert_eq!(answer("found\t1\t1\t-2\t3\t4\tW/B[0]\tB\ta b\t"), Answer::Found(widget, true));
        assert_eq!(answer("lost"), Answer::Lost);
        assert_eq!(answer("found\t1"), Answer::Lost);
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_means_that_nothing_was_found(line in "(found|lost|.{0,5})(\t(-?[0-9]{1,12}|.{0,6})){0,11}") {
            let whole = line.starts_with("found\t") && line.matches('\t').count() == 9;
            if let Answer::Found(widget, _) = answer(&line) {
                prop_assert!(whole);
                prop_assert!(line.ends_with(&widget.name));
            }
        }
    }

    #[test]
    fn an_answer_that_comes_too_late_is_not_that_to_the_next_question() {
        let mut asking = Asking::new().unwrap();
        let mut program = UnixStream::connect(&asking.path).unwrap();
        program.write_all(b"pid 7\n").unwrap();
        assert!(asking.say(7, "one"));
        assert_eq!(asking.hear(7), None);
        asking.give_up(7);
        assert!(asking.say(7, "two"));
        program.write_all(b"first\nsec").unwrap();
        assert_eq!((asking.hear(7), asking.hear(7)), (None, None));
        program.write_all(b"ond\n").unwrap();
        assert_eq!(asking.hear(7).as_deref(), Some("second"));
        drop(program);
        assert_eq!(asking.hear(7), None);
        assert!(!asking.say(7, "three"));
    }

    #[test]
    fn a_process_that_never_came_is_silent() {
        let mut asking = Asking::new().unwrap();
        assert_eq!(asking.find((1, 1), &Widget::default()), Answer::Silence);
    }
}
