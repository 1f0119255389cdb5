//! Asks the program that is played on where a widget is now. The recorder in it answers, see its `control`.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

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

/// A socket to which the program's processes connect.
#[derive(Debug)]
pub struct Asking {
    listener: UnixListener,
    path: PathBuf,
    talks: HashMap<u32, BufReader<UnixStream>>,
    _folder: Scratch,
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
        self.accept();
        let Some(talk) = self.talks.get_mut(&pid) else { return Answer::Silence };
        let text = |text: &str| text.replace(['\t', '\n'], " ");
        let words = [&widget.path, &widget.class, &widget.label, &widget.name].map(|word| text(word)).join("\t");
        let mut line = String::new();
        let asked = writeln!(talk.get_mut(), "find\t{window}\t{words}").and_then(|()| talk.read_line(&mut line));
        match asked {
            Ok(count) if count > 0 => answer(&line),
            _ => {
                // An answer that comes too late would be taken for that to the next question.
                self.talks.remove(&pid);
                Answer::Silence
            }
        }
    }

    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            let set = stream.set_nonblocking(false).and_then(|()| stream.set_read_timeout(Some(PATIENCE)));
            let mut talk = BufReader::new(stream);
            let mut line = String::new();
            let read = set.and_then(|()| talk.read_line(&mut line));
            let pid = line.trim().strip_prefix("pid ").and_then(|pid| pid.parse().ok());
            if let (Ok(_), Some(pid)) = (read, pid) {
                self.talks.insert(pid, talk);
            }
        }
    }
}

fn answer(line: &str) -> Answer {
    let words: Vec<&str> = line.trim_end_matches('\n').split('\t').collect();
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
        assert_eq!(answer("found\t1\t1\t-2\t3\t4\tW/B[0]\tB\ta b\t\n"), Answer::Found(widget, true));
        assert_eq!(answer("lost\n"), Answer::Lost);
        assert_eq!(answer("found\t1\n"), Answer::Lost);
    }

    #[test]
    fn a_process_that_never_came_is_silent() {
        let mut asking = Asking::new().unwrap();
        assert_eq!(asking.find((1, 1), &Widget::default()), Answer::Silence);
    }
}
