//! Messages of a D-Bus: a monitor of the bus, as `dbus-monitor` and `busctl monitor` are, without either.
//!
//! Both print what is meant for people, their machine-readable forms lack the time or need systemd, and whose a
//! connection is would have to be asked by another program for each. The protocol's heads are quickly read
//! ([`wire`]), so the bus is spoken to directly: one connection becomes the monitor, another asks whose connections
//! are.

mod bus;
mod follow;
pub mod wire;

use std::fs;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};

use self::bus::Bus;
use self::follow::Follower;
use super::{Collector, Outlet, Readiness, Source, Spec, Stop};
use crate::channel::{Launch, Target};
use crate::error::{Error, Result};
use crate::session::clock::now;

const SESSION: &str = "DBUS_SESSION_BUS_ADDRESS";
const SYSTEM: &str = "DBUS_SYSTEM_BUS_ADDRESS";
/// Where the system's bus is unless the variable says otherwise.
const SYSTEM_SOCKET: &str = "/run/dbus/system_bus_socket";

/// At the end, messages that the bus has not handed on yet are waited for until nothing comes for so many
/// milliseconds, and at most for so long.
const QUIET: u16 = 50;
const LAST_WORDS: Duration = Duration::from_millis(250);

/// The source.
#[derive(Debug)]
pub struct Dbus;

impl Source for Dbus {
    fn name(&self) -> &'static str {
        "dbus"
    }

    fn about(&self) -> &'static str {
        "the target's messages on a D-Bus, each call with the time to its reply"
    }

    fn usage(&self) -> &'static str {
        "dbus[:BUS][+all]   session, system, or an address; all: of every program, not of the target alone"
    }

    fn readiness(&self) -> Readiness {
        match address(Which::Session, None).is_some() || Path::new(SYSTEM_SOCKET).exists() {
            true => Readiness::Ready { version: String::new(), path: None },
            false => Readiness::Limited {
                version: String::new(),
                path: None,
                remedy: format!("{SESSION} is not set: start it all within `dbus-run-session -- …`"),
            },
        }
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        let argument = spec.argument.as_deref().unwrap_or("");
        let (which, all) = match argument.strip_suffix("all").filter(|rest| rest.is_empty() || rest.ends_with('+')) {
            Some(rest) => (rest.trim_end_matches('+'), true),
            None => (argument, false),
        };
        let (which, address) = match which {
            "" | "session" => (Which::Session, None),
            "system" => (Which::System, address(Which::System, None)),
            address if address.starts_with("unix:") => (Which::Named, Some(address.to_owned())),
            other => {
                let text = "is no bus: session, system, or an address as `unix:path=/run/user/1000/bus`";
                return Err(Error::Invalid(format!("{spec}: `{other}` {text}")));
            }
        };
        Ok(Box::new(Monitor { which, all, address, buses: None }))
    }
}

/// Which bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Session,
    System,
    Named,
}

/// The address of a bus, for a program with such a variable in its environment.
fn address(which: Which, variable: Option<String>) -> Option<String> {
    let ours = |name: &str| std::env::var(name).ok();
    let there = |path: String| Path::new(&path).exists().then(|| format!("unix:path={path}"));
    match which {
        Which::System => Some(ours(SYSTEM).unwrap_or_else(|| format!("unix:path={SYSTEM_SOCKET}"))),
        _ => variable.or_else(|| ours(SESSION)).or_else(|| there(format!("{}/bus", ours("XDG_RUNTIME_DIR")?))),
    }
}

#[derive(Debug)]
struct Monitor {
    which: Which,
    all: bool,
    address: Option<String>,
    /// What monitors, and what asks.
    buses: Option<(Bus, Bus)>,
}

impl Collector for Monitor {
    fn prepare(&mut self, launch: &mut Launch) -> Result<()> {
        if self.which == Which::Session {
            let variable = launch.variable(SESSION).map(|value| value.to_string_lossy().into_owned());
            self.address = address(Which::Session, variable);
        }
        Ok(())
    }

    fn attach(&mut self, target: &Target) -> Result<()> {
        if self.address.is_none() {
            let variable = target.attached.then(|| variable_of(target.pid, SESSION)).flatten();
            self.address = address(self.which, variable);
        }
        let address = self.address.as_deref().ok_or_else(|| {
            Error::Invalid(format!(
                "dbus: the target has no session bus: {SESSION} is not set; `dbus-run-session -- …`"
            ))
        })?;
        let (mut monitor, asking) = (Bus::connect(address)?, Bus::connect(address)?);
        monitor.become_monitor()?;
        self.buses = Some((monitor, asking));
        Ok(())
    }

    fn run(mut self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        if self.buses.is_none() {
            self.attach(target)?;
        }
        let Some((mut monitor, asking)) = self.buses.take() else { return Ok(()) };
        let address = self.address.unwrap_or_default();
        outlet.fact("dbus.address", &address);
        let label = match self.which {
            Which::Session => "session",
            Which::System => "system",
            Which::Named => &address,
        };
        let pid = (!self.all).then_some(target.pid);
        let mut follower = Follower::new(pid, asking, &monitor.name, label, outlet);
        let result = follow(&mut monitor, &mut follower, target, outlet, stop);
        follower.finish(outlet);
        result
    }
}

fn follow(monitor: &mut Bus, follower: &mut Follower, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
    let mut end: Option<Instant> = None;
    loop {
        let asking = &*follower.asking();
        let mut fds = [monitor.as_fd(), asking.as_fd(), stop.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        let heard = if end.is_some() { 2 } else { 3 };
        let _ = poll(&mut fds[..heard], if end.is_some() { QUIET } else { 100 });
        let [message, answer] = [0, 1].map(|at| fds[at].revents().is_some_and(|events| !events.is_empty()));
        let mut result = Ok(());
        let mut open = true;
        if message {
            open = monitor.messages(&mut |message| {
                let taken = follower.take(now(), message, outlet);
                result = std::mem::replace(&mut result, Ok(())).and(taken);
            })?;
        }
        if answer {
            let mut answers = Vec::new();
            open &= follower.asking().messages(&mut |message| answers.push(message.to_owned()))?;
            answers.iter().try_for_each(|answer| follower.answer(answer, outlet))?;
        }
        result?;
        if !open {
            let ended = Error::Invalid("dbus: the bus has ended".to_owned());
            return if end.is_some() || target.ended() { Ok(()) } else { Err(ended) };
        }
        outlet.tick();
        if let Some(end) = end
            && (!(message || answer || follower.waits()) || end.elapsed() > LAST_WORDS)
        {
            return Ok(());
        }
        if end.is_none() && (stop.said() || target.ended()) {
            end = Some(Instant::now());
        }
    }
}

/// A variable that a process was started with.
fn variable_of(pid: i32, name: &str) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let pairs = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    pairs.into_iter().find_map(|pair| Some(pair.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_bus_is_told_apart() {
        let open = |spec: &str| Dbus.open(&spec.parse().unwrap()).map(drop).map_err(|error| error.to_string());
        for spec in ["dbus", "dbus:session", "dbus:system+all", "dbus:all", "dbus:unix:path=/run/all"] {
            assert_eq!(open(spec), Ok(()), "{spec}");
        }
        assert!(open("dbus:overall").unwrap_err().contains("`overall` is no bus"));
        assert_eq!(variable_of(std::process::id() as i32, "PERFKIT_NO_SUCH_VARIABLE"), None);
    }
}
