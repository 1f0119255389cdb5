//! Messages of a bus on their way into the session: those of the target, each call with the time to its reply.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::bus::Bus;
use super::wire::{Head, Kind, read};
use crate::error::Result;
use crate::session::{Cell, Track, TrackId, schemas};
use crate::source::{Outlet, SeriesId};

/// Calls that wait for a reply.
const OPEN_MAX: usize = 65_536;
/// Names whose process is known.
const NAMES_MAX: usize = 65_536;
/// Messages that wait for the bus to say whose they are.
const WAITING_MAX: usize = 16_384;
/// The bus itself.
const DRIVER: &str = "org.freedesktop.DBus";
/// Generations that a child of the target may be away from it.
const GENERATIONS: usize = 64;

/// What is known of a bus.
#[derive(Debug)]
pub struct Follower {
    /// Whose messages are wanted; `None` for all.
    target: Option<i32>,
    /// What asks the bus whose a connection is.
    asking: Bus,
    /// The monitor's own name.
    own: String,
    /// Whether a connection is the target's; `None` while the bus was asked and has not answered.
    ours: FxHashMap<String, Option<bool>>,
    /// Questions that were not answered yet, by their serials.
    questions: FxHashMap<u32, String>,
    /// Messages from the first on of which that is not known, with their times.
    waiting: VecDeque<(i64, Vec<u8>)>,
    /// Calls without a reply, by caller and serial.
    open: FxHashMap<(String, u32), Call>,
    series: SeriesId,
    track: TrackId,
    /// Messages that could not be read.
    unreadable: u64,
}

/// A call that waits for its reply.
#[derive(Debug)]
struct Call {
    time: i64,
    destination: Option<String>,
    path: Option<String>,
    interface: Option<String>,
    member: Option<String>,
    bytes: usize,
}

impl Follower {
    /// `bus` is the name of the track; `own` the unique name of the monitor, whose messages are left out.
    pub fn new(target: Option<i32>, asking: Bus, own: &str, bus: &str, outlet: &mut Outlet) -> Follower {
        let series = outlet.series(&schemas::DBUS);
        let track = outlet.track(&Track { pid: 0, tid: 0, label: bus.to_owned() });
        Follower {
            target,
            // Nothing of the recording's own is the target's.
            ours: [own, &asking.name, DRIVER, ""].map(|name| (name.to_owned(), Some(false))).into_iter().collect(),
            own: own.to_owned(),
            asking,
            questions: FxHashMap::default(),
            waiting: VecDeque::new(),
            open: FxHashMap::default(),
            series,
            track,
            unreadable: 0,
        }
    }

    /// What tells whose connections are: what it sends is for [`Follower::answer`].
    pub fn asking(&mut self) -> &mut Bus {
        &mut self.asking
    }

    /// Whether messages wait for an answer.
    pub fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes a message that came at `time`. It waits where it is not known yet whose it is: asking takes longer than
    /// many a call, and times are to be those of the messages.
    pub fn take(&mut self, time: i64, message: &[u8], outlet: &mut Outlet) -> Result<()> {
        let Some(head) = read(message) else {
            self.unreadable += 1;
            return Ok(());
        };
        self.learn(&head)?;
        let wanted = self.wanted(&head)?;
        match wanted.filter(|_| self.waiting.is_empty()) {
            Some(true) => self.put_message(time, &head, outlet),
            Some(false) => {}
            None if self.waiting.len() < WAITING_MAX => self.waiting.push_back((time, message.to_owned())),
            None => {
                self.put_waiting(true, outlet)?;
                self.put_message(time, &head, outlet);
            }
        }
        Ok(())
    }

    /// Takes a message of [`Follower::asking`].
    pub fn answer(&mut self, message: &[u8], outlet: &mut Outlet) -> Result<()> {
        let Some(head) = read(message) else { return Ok(()) };
        let Some(name) = head.reply_to.and_then(|serial| self.questions.remove(&serial)) else { return Ok(()) };
        let pid = head.body.number().filter(|_| head.kind == Kind::Reply).and_then(|pid| i32::try_from(pid).ok());
        // One that was gone before the bus could say whose it was may have been the target's.
        let ours = self.target.is_none_or(|target| pid.is_none_or(|pid| descends(pid, target)));
        self.ours.insert(name, Some(ours));
        self.put_waiting(false, outlet)
    }

    /// Puts messages in as long as it is known whose they are, or all.
    fn put_waiting(&mut self, all: bool, outlet: &mut Outlet) -> Result<()> {
        while let Some((time, message)) = self.waiting.pop_front() {
            let Some(head) = read(&message) else { continue };
            match self.wanted(&head)? {
                None if !all => {
                    self.waiting.push_front((time, message));
                    break;
                }
                Some(false) => {}
                _ => self.put_message(time, &head, outlet),
            }
        }
        Ok(())
    }

    /// Whether a message is of the target; `None` where that is not known yet.
    fn wanted(&mut self, head: &Head<'_>) -> Result<Option<bool>> {
        let (sender, destination) = (head.sender.unwrap_or_default(), head.destination.unwrap_or_default());
        let mine = |name: &str| name == self.own || name == self.asking.name;
        if mine(sender) || mine(destination) {
            return Ok(Some(false));
        }
        if self.target.is_none() {
            return Ok(Some(true));
        }
        Ok(match (self.is_ours(sender)?, self.is_ours(destination)?) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        })
    }

    fn put_message(&mut self, time: i64, head: &Head<'_>, outlet: &mut Outlet) {
        let (sender, destination) = (head.sender.unwrap_or_default(), head.destination.unwrap_or_default());
        match head.kind {
            Kind::Call if head.wants_reply && self.open.len() < OPEN_MAX => {
                let text = |text: Option<&str>| text.map(str::to_owned);
                let call = Call {
                    time,
                    destination: text(head.destination),
                    path: text(head.path),
                    interface: text(head.interface),
                    member: text(head.member),
                    bytes: head.bytes,
                };
                if let Some(old) = self.open.insert((sender.to_owned(), head.serial), call) {
                    // A serial is used again only after four thousand million calls, or by mistake.
                    self.put_call(&old, sender, head.serial, None, None, outlet);
                }
            }
            Kind::Reply | Kind::Error => {
                let call = head.reply_to.and_then(|serial| self.open.remove(&(destination.to_owned(), serial)));
                if let (Some(call), Some(serial)) = (&call, head.reply_to) {
                    self.put_call(call, destination, serial, Some(time - call.time), head.error, outlet);
                }
                self.put(time, head, call.as_ref(), outlet);
            }
            Kind::Call | Kind::Signal => self.put(time, head, None, outlet),
        }
    }

    /// No more messages come: calls that were never answered are put in without a duration.
    pub fn finish(mut self, outlet: &mut Outlet) {
        // Without an answer they count as the target's.
        let _ = self.put_waiting(true, outlet);
        for ((sender, serial), call) in std::mem::take(&mut self.open) {
            self.put_call(&call, &sender, serial, None, None, outlet);
        }
        outlet.dropped("unreadable messages", self.unreadable);
    }

    /// Learns of connections that come and go while they are there to be asked about.
    fn learn(&mut self, head: &Head<'_>) -> Result<()> {
        if head.member != Some("NameOwnerChanged") || head.sender != Some(DRIVER) {
            return Ok(());
        }
        let mut texts = head.body.texts();
        let (Some(name), Some(_), Some(new)) = (texts.next(), texts.next(), texts.next()) else { return Ok(()) };
        if self.target.is_none() || new.is_empty() {
            // A unique name is never used again, and messages about it may still be on their way.
            return Ok(());
        }
        if !name.starts_with(':') {
            self.ours.remove(name);
        }
        self.is_ours(name).map(drop)
    }

    /// Whether a connection is of the target or a child of it; `None` where the bus has to say it first.
    fn is_ours(&mut self, name: &str) -> Result<Option<bool>> {
        if let Some(ours) = self.ours.get(name) {
            return Ok(*ours);
        }
        if self.ours.len() >= NAMES_MAX {
            self.ours.retain(|name, ours| ours.is_none() || !name.starts_with(':'));
        }
        let question = self.asking.ask_process_of(name)?;
        self.questions.insert(question, name.to_owned());
        self.ours.insert(name.to_owned(), None);
        Ok(None)
    }

    fn put(&self, time: i64, head: &Head<'_>, call: Option<&Call>, outlet: &mut Outlet) {
        // A reply does not say what it replies to.
        let or = |own: Option<&'_ str>, of_call: Option<&String>| own.map(str::to_owned).or(of_call.cloned());
        let path = or(head.path, call.and_then(|call| call.path.as_ref()));
        let interface = or(head.interface, call.and_then(|call| call.interface.as_ref()));
        let member = or(head.member, call.and_then(|call| call.member.as_ref()));
        let cells = [
            Cell::Text(head.kind.name()),
            Cell::text(head.sender),
            Cell::text(head.destination),
            Cell::text(path.as_deref()),
            Cell::text(interface.as_deref()),
            Cell::text(member.as_deref()),
            Cell::text(head.error),
            Cell::Int(head.serial.into()),
            Cell::Int(head.bytes as i64),
        ];
        outlet.span(self.series, time, Some(0), self.track, &cells);
    }

    fn put_call(
        &self,
        call: &Call,
        sender: &str,
        serial: u32,
        duration: Option<i64>,
        error: Option<&str>,
        outlet: &mut Outlet,
    ) {
        let cells = [
            Cell::Text(Kind::Call.name()),
            Cell::Text(sender),
            Cell::text(call.destination.as_deref()),
            Cell::text(call.path.as_deref()),
            Cell::text(call.interface.as_deref()),
            Cell::text(call.member.as_deref()),
            Cell::text(error),
            Cell::Int(serial.into()),
            Cell::Int(call.bytes as i64),
        ];
        outlet.span(self.series, call.time, duration, self.track, &cells);
    }
}

/// Whether a process is another, or came of it. One that has ended meanwhile may have.
fn descends(pid: i32, from: i32) -> bool {
    let mut pid = pid;
    for _ in 0..GENERATIONS {
        if pid == from || pid <= 1 {
            return pid == from;
        }
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let Some(stat) = crate::source::proc::parse::stat(&stat) else { return true };
        pid = stat.parent;
    }
    false
}
