//! A real bus with real clients: whose messages are seen, and how long calls take.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use perfkit_agent::channel::Launch;

use super::{record, record_until, shell};

/// A bus of the test's own, which ends with it.
struct OwnBus {
    daemon: Child,
    address: String,
}

impl OwnBus {
    fn start() -> OwnBus {
        let mut command = Command::new("dbus-daemon");
        command.args(["--session", "--nofork", "--print-address=1"]).stdout(Stdio::piped());
        let mut daemon = command.spawn().unwrap();
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        OwnBus { daemon, address: address.trim().to_owned() }
    }

    fn launch(&self, script: &str) -> Launch {
        let mut launch = shell(script);
        launch.set("DBUS_SESSION_BUS_ADDRESS", &self.address);
        launch
    }

    fn client(&self, words: &[&str]) -> Child {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env("DBUS_SESSION_BUS_ADDRESS", &self.address).stdout(Stdio::null());
        command.spawn().unwrap()
    }
}

impl Drop for OwnBus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        self.daemon.wait().unwrap();
    }
}

/// A service that takes 50 ms to answer.
const SERVICE: &str = "
from gi.repository import Gio, GLib
import time
about = Gio.DBusNodeInfo.new_for_xml(\"<node><interface name='org.perfkit.Sleeper'><method name='Nap'/></interface></node>\")
def nap(connection, sender, path, interface, method, arguments, invocation):
    time.sleep(0.05)
    invocation.return_value(None)
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
bus.register_object('/', about.interfaces[0], nap, None, None)
Gio.bus_own_name_on_connection(bus, 'org.perfkit.Sleeper', 0, None, None)
GLib.MainLoop().run()
";

/// A call of it.
const NAP: &str = "gdbus call --session -d org.perfkit.Sleeper -o / -m org.perfkit.Sleeper.Nap >/dev/null";

const LIST: &str = "dbus-send --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames >/dev/null";

fn field<'a>(row: &'a str, name: &str) -> Option<&'a str> {
    row.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

#[test]
fn calls_are_joined_with_their_replies() {
    let bus = OwnBus::start();
    let script = format!(
        "{LIST}; \
         gdbus call --session -d org.freedesktop.DBus -o / -m org.freedesktop.DBus.NoSuchMethod 2>/dev/null; \
         dbus-send --type=signal / org.perfkit.Test.Told string:x; \
         dbus-send --type=method_call --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetId"
    );
    let seen = record(&["dbus"], bus.launch(&script));
    assert!(!seen.problems.iter().any(|line| line.contains("ended early")), "{:?}", seen.problems);
    let rows: Vec<&String> = seen.rows.iter().filter(|row| row.starts_with("dbus ")).collect();
    let of = |kind: &str, member: &str| -> &str {
        let wanted = |row: &&&String| field(row, "type") == Some(kind) && field(row, "member") == Some(member);
        rows.iter().find(wanted).unwrap_or_else(|| panic!("no {kind} of {member}: {rows:#?}"))
    };
    let list = of("call", "ListNames");
    let duration: i64 = list.split(['+', ' ']).nth(2).unwrap().parse().unwrap();
    assert!((1..2_000_000_000).contains(&duration), "{list}");
    assert_eq!((field(list, "destination"), field(list, "path")), (Some("org.freedesktop.DBus"), Some("/")));
    let reply = of("reply", "ListNames");
    assert_eq!(field(reply, "destination"), field(list, "sender"));
    let begin: i64 = list.split([' ', '+']).nth(1).unwrap().parse().unwrap();
    let end: i64 = reply.split([' ', '+']).nth(1).unwrap().parse().unwrap();
    assert_eq!(end - begin, duration);
    let error = Some("org.freedesktop.DBus.Error.UnknownMethod");
    assert_eq!(
        (field(of("call", "NoSuchMethod"), "error"), field(of("error", "NoSuchMethod"), "error")),
        (error, error)
    );
    assert!(of("signal", "Told").contains("interface=org.perfkit.Test"));
    assert!(of("call", "GetId").contains("path=/ "));
    // The recording's own questions are not among them.
    assert!(!rows.iter().any(|row| row.contains("GetConnectionUnixProcessID") || row.contains("BecomeMonitor")));
    // Only the last caller did not stay for its reply.
    assert!(!rows.iter().any(|row| row.contains("+?") && !row.contains("member=GetId")), "{rows:#?}");
}

#[test]
fn the_time_to_a_reply_is_that_of_the_service() {
    let bus = OwnBus::start();
    let mut service = bus.client(&["/usr/bin/python3", "-c", SERVICE]);
    let script = format!("gdbus wait --session --timeout 30 org.perfkit.Sleeper; {NAP}; {NAP}");
    let seen = record(&["dbus"], bus.launch(&script));
    kill(Pid::from_raw(service.id() as i32), Signal::SIGTERM).unwrap();
    service.wait().unwrap();
    let naps: Vec<_> = seen.rows.iter().filter(|row| row.contains("type=call") && row.contains("member=Nap")).collect();
    assert_eq!(naps.len(), 2, "{:#?}", seen.rows);
    for nap in naps {
        let duration: i64 = nap.split(['+', ' ']).nth(2).unwrap().parse().unwrap();
        // He naps for 50 ms; on a busy machine the recording hears of the call later than of the reply.
        assert!((20_000_000..2_000_000_000).contains(&duration), "{nap}");
        assert_eq!(field(nap, "destination"), Some("org.perfkit.Sleeper"));
    }
}

#[test]
fn only_the_targets_messages_are_seen_unless_all_are_asked_for() {
    let bus = OwnBus::start();
    // A stranger that never stops talking, and the target that says one thing.
    let chatter = "
from gi.repository import Gio, GLib
import time
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
while True:
    bus.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'ListNames', None, None, 0, -1, None)
    time.sleep(0.02)
";
    let mut stranger = bus.client(&["/usr/bin/python3", "-c", chatter]);
    let script =
        "sleep 0.3; dbus-send --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetId >/dev/null";
    let own = record(&["dbus"], bus.launch(script));
    let all = record_until(&["dbus:session+all"], bus.launch("exec sleep 60"), |rows| {
        rows.iter().filter(|row| row.contains("member=ListNames")).count() >= 4
    });
    kill(Pid::from_raw(stranger.id() as i32), Signal::SIGTERM).unwrap();
    stranger.wait().unwrap();
    assert_eq!(own.with("type=call").iter().filter(|row| row.contains("member=GetId")).count(), 1, "{:#?}", own.rows);
    assert_eq!(own.with("member=ListNames"), [""; 0]);
    assert!(all.with("member=ListNames").len() >= 4, "{:?}", all.problems);
}

#[test]
fn a_bus_that_ends_or_is_absent_ends_its_source_alone() {
    let bus = OwnBus::start();
    let pid = bus.daemon.id();
    let seen = record(&["dbus"], bus.launch(&format!("sleep 0.2; kill {pid}; sleep 0.5; exit 6")));
    assert_eq!(seen.outcome.code, 6);
    assert!(seen.problems.iter().any(|line| line.contains("the bus has ended")), "{:?}", seen.problems);
    let mut launch = shell("exit 7");
    launch.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    let seen = record(&["dbus"], launch);
    assert_eq!(seen.outcome.code, 7);
    assert!(seen.problems.iter().any(|line| line.contains("cannot connect to `unix:path=/nonexistent/bus`")));
}
