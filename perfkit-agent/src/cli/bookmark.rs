//! `bookmark`: marks moments and stretches of a session, and notes what is to be known about all of it.

use std::path::PathBuf;
use std::process::ExitCode;

use super::words;
use crate::error::{Error, Result};
use crate::session::{Bookmark, Bookmarks, Session, bookmarks, origin};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent bookmark slow.perfkit --at 1.5 'here it hung'
  perfkit-agent bookmark slow.perfkit --from 1.2 --to 1.6 'the first search'
  perfkit-agent bookmark slow.perfkit 'with the cache switched off'   a note about all of it
  perfkit-agent bookmark slow.perfkit --list
  perfkit-agent bookmark slow.perfkit --change 2 'the second search'
  perfkit-agent bookmark slow.perfkit --remove 2

Times count from the session's begin. An empty note removes the one that is there.")]
pub struct Args {
    /// The session; it must not be one that is still being recorded, but for --list.
    #[arg(value_name = "FILE")]
    session: PathBuf,
    /// What is to be said; without a time it is a note about the whole session, in place of the one before.
    #[arg(value_name = "TEXT", required_unless_present_any = ["list", "remove"])]
    text: Option<String>,
    /// Mark this moment: 1.5, 500ms, 2m.
    #[arg(long, value_name = "TIME", value_parser = words::moment, requires = "text", conflicts_with = "from")]
    at: Option<i64>,
    /// Mark a stretch that begins at this time.
    #[arg(long, value_name = "TIME", value_parser = words::moment, requires_all = ["text", "to"])]
    from: Option<i64>,
    /// And that ends at this one.
    #[arg(long, value_name = "TIME", value_parser = words::moment, requires = "from")]
    to: Option<i64>,
    /// Give the bookmark with this number another text, and a time where one is given.
    #[arg(long, value_name = "N", requires = "text")]
    change: Option<i64>,
    /// List the note and the bookmarks with their numbers.
    #[arg(long, conflicts_with_all = ["text", "change", "remove"])]
    list: bool,
    /// Remove the bookmark with this number.
    #[arg(long, value_name = "N", conflicts_with_all = ["text", "change"])]
    remove: Option<i64>,
}

/// What was typed means one of these.
enum Order<'a> {
    List,
    Remove(i64),
    Change(i64, Option<(i64, i64)>, &'a str),
    Add((i64, i64), &'a str),
    Note(&'a str),
}

impl Args {
    fn order(&self) -> Order<'_> {
        let at = self.at.map(|at| (at, at)).or(self.from.zip(self.to));
        match (&self.text, self.change, self.remove, at) {
            (_, _, Some(number), _) => Order::Remove(number),
            (None, ..) => Order::List,
            (Some(text), Some(number), _, at) => Order::Change(number, at, text),
            (Some(text), _, _, Some(at)) => Order::Add(at, text),
            (Some(text), ..) => Order::Note(text),
        }
    }
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let path = &args.session;
    let begin = |session: &Session| origin(session.db()).map_err(Error::store(path));
    let order = match args.order() {
        // Who only reads needs not write.
        Order::List => {
            let session = Session::open(path)?;
            let (begin, db) = (begin(&session)?, session.db());
            let note = bookmarks::note(db).map_err(Error::store(path))?;
            let list = bookmarks::list(db).map_err(Error::store(path))?;
            let note = if note.is_empty() { String::new() } else { format!("note: {}\n", line(&note)) };
            let list = list.iter().map(|bookmark| format!("{}\n", told(bookmark, begin)));
            return super::print(&(note + &list.collect::<String>()));
        }
        order => order,
    };
    let begin = begin(&Session::open(path)?)?;
    let moved = |(from, to): (i64, i64)| (begin.saturating_add(from), begin.saturating_add(to));
    let bookmarks = Bookmarks::open(path)?;
    let done = match order {
        Order::List => return Ok(ExitCode::SUCCESS),
        Order::Add(at, text) => {
            let (from, to) = moved(at);
            told(&bookmarks.add(from, to, text)?, begin)
        }
        Order::Change(number, at, text) => {
            let mut bookmark = bookmarks.get(number)?;
            (bookmark.begin, bookmark.end) = at.map_or((bookmark.begin, bookmark.end), moved);
            bookmark.text = text.to_owned();
            bookmarks.change(&bookmark)?;
            told(&bookmark, begin)
        }
        Order::Remove(number) => format!("removed {}", told(&bookmarks.remove(number)?, begin)),
        Order::Note(text) => {
            let before = bookmarks.note()?;
            bookmarks.set_note(text)?;
            let before = if before.is_empty() { before } else { format!(" (it was: {})", line(&before)) };
            let now = if text.is_empty() { "no note".to_owned() } else { format!("note: {}", line(text)) };
            format!("{now}{before}")
        }
    };
    super::print(&format!("{done}\n"))
}

/// A bookmark in a line, with seconds from the begin of the session.
fn told(bookmark: &Bookmark, begin: i64) -> String {
    format!("{}  {}  {}", bookmark.id, bookmark.place(begin), line(&bookmark.text))
}

/// A text in a line, which commands no terminal.
fn line(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}
