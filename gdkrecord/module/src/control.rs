//! What a replay asks of the program that it plays on: where a widget is now, and to take input from inside.
//!
//! It is asked over the socket that `GDKRECORD_CONTROL` names, and answered where the main loop polls, so that a
//! question wakes a loop that sleeps. A line is a question, and a line its answer, of words with tabs between:
//!
//!     find WINDOW PATH CLASS LABEL NAME
//!     found SENSITIVE LEFT TOP WIDTH HEIGHT PATH CLASS LABEL NAME     or     lost
//!
//!     move WINDOW X Y
//!     press WINDOW X Y BUTTON            release WINDOW X Y BUTTON
//!     wheel WINDOW X Y up|down|left|right
//!     touch WINDOW X Y FINGER begin|move|end
//!     key WINDOW KEYSYM down|up
//!     done     or     cannot WHY
//!
//! Anything else is answered `what`. The program says first `pid NUMBER`.

mod question;

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::ffi::Object;
use crate::recorder::{self, Session, Toolkit, guarded};
use crate::targets::{self, Wanted};
use crate::{gtk4, inject, windows};

pub use question::{Finger, Input, Place, Question, Way};

/// A question longer than this is none.
const LONGEST: usize = 64 * 1024;

static FD: AtomicI32 = AtomicI32::new(-1);
static TALK: Mutex<Option<Talk>> = Mutex::new(None);

struct Talk {
    stream: UnixStream,
    /// What was read of a question that has not ended.
    asked: Vec<u8>,
}

/// Connects, where somebody wants to ask.
pub fn install(session: &Session) {
    let Some(path) = &session.options.control else { return };
    let connected = UnixStream::connect(path).and_then(|mut stream| {
        writeln!(stream, "pid {}", std::process::id())?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    });
    match connected {
        Ok(stream) => {
            FD.store(stream.as_raw_fd(), Ordering::Relaxed);
            *TALK.lock().unwrap_or_else(PoisonError::into_inner) = Some(Talk { stream, asked: Vec::new() });
            session.hook("control", true, "replay asks where widgets are, and for input");
        }
        Err(error) => session.hook("control", false, &error.to_string()),
    }
}

/// What is to be polled too; `None` where nobody asks.
#[inline]
pub fn fd() -> Option<i32> {
    let fd = FD.load(Ordering::Relaxed);
    // A forked child has its parent's socket, which is none of its business.
    if fd < 0 || recorder::session().is_none() { None } else { Some(fd) }
}

/// Answers what was asked.
#[cold]
pub fn serve() {
    guarded(|session| {
        let mut talk = TALK.try_lock().ok()?;
        let over = talk.as_mut()?.serve(session).is_err();
        if over {
            FD.store(-1, Ordering::Relaxed);
            *talk = None;
        }
        Some(())
    });
}

impl Talk {
    fn serve(&mut self, session: &Session) -> std::io::Result<()> {
        let mut block = [0; 4096];
        match self.stream.read(&mut block) {
            // Nobody asks any more.
            Ok(0) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => self.asked.extend_from_slice(&block[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
        while let Some(end) = self.asked.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.asked.drain(..=end).collect();
            let answer = answer(session, String::from_utf8_lossy(&line[..end]).as_ref());
            self.stream.write_all(format!("{answer}\n").as_bytes())?;
        }
        if self.asked.len() > LONGEST { Err(std::io::ErrorKind::InvalidData.into()) } else { Ok(()) }
    }
}

fn answer(session: &Session, line: &str) -> String {
    match Question::read(line) {
        Some(Question::Find(window, wanted)) => find(session, window, &wanted).unwrap_or_else(|| "lost".to_owned()),
        Some(Question::Put(window, input)) => match inject::put(session, window, input) {
            Ok(()) => "done".to_owned(),
            Err(why) => format!("cannot\t{why}"),
        },
        None => "what".to_owned(),
    }
}

fn find(session: &Session, window: u32, wanted: &Wanted<'_>) -> Option<String> {
    let found = targets::find(session, owner(session, window)?, wanted)?;
    let (left, top, width, height) = found.rectangle?;
    let text = |text: &str| text.replace(['\t', '\n'], " ");
    let texts = [&found.path, &found.class, &found.label, &found.name].map(|one| text(one)).join("\t");
    Some(format!("found\t{}\t{left}\t{top}\t{width}\t{height}\t{texts}", u8::from(found.sensitive)))
}

/// The widget that a window belongs to.
fn owner(session: &Session, window: u32) -> Option<Object> {
    match session.toolkit {
        Toolkit::Gtk4 => targets::native(gtk4::surface(window)?),
        _ => windows::owner(session, window),
    }
}
