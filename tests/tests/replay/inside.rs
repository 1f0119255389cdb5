//! Input that is made inside the program: it arrives where a person's does, and the display's pointer stays where it is.
//! Whatever else is said to the recorder does its program no harm.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use perfkit_tests::input::Pointer;
use perfkit_tests::process::{Guarded, stdout_of, tied};
use perfkit_tests::programs::compiled;
use perfkit_tests::replay::{MARK, gnome_calculator, scripted};
use perfkit_tests::session::number;
use perfkit_tests::{App, Display, Launch};

use crate::programs::{plays, types, types_in_gtk2};
use crate::{agent, replay, said, session};

const INSIDE: &[&str] = &["--inject", "gdk"];

#[test]
fn gtk3_widget_factory() {
    plays(Launch::new("gtk3-widget-factory"), INSIDE, |pointer| {
        // A menu is opened, and something chosen from it; a double click chooses a word.
        let pointer = pointer.to(450, 253).pause(300).click(1).pause(900).to(450, 283).pause(300).click(1).pause(800);
        let pointer = pointer.to(150, 78).pause(300).click(1).pause(30).click(1).pause(600);
        types(pointer)
    });
}

#[test]
fn gtk2() {
    plays(Launch::new(compiled("gtk2", &["gtk+-2.0"]).unwrap()), INSIDE, |pointer| {
        types_in_gtk2(pointer.to(200, 30).pause(300).click(1).pause(300).click(1).pause(300))
    });
}

fn pointer_of(display: &Display) -> String {
    stdout_of(display.command("xdotool").arg("getmouselocation")).unwrap()
}

#[test]
fn the_pointer_of_the_display_stays_where_it_is() {
    let scripted = scripted(Launch::new(compiled("gtk2", &["gtk+-2.0"]).unwrap()), types_in_gtk2).unwrap();
    let display = &scripted.display;
    Pointer::new(display).to(1200, 850).play().unwrap();
    let before = pointer_of(display);
    let mut playing: Command = display.command(agent().get_program());
    playing.args(["replay", "--display", "current", "--inject", "gdk", "--speed", "fast", "--with", "input"]);
    let output = playing.arg(&scripted.path).arg("-o").arg(session(&scripted)).env(MARK, "no").output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(pointer_of(display), before);
}

/// A finger on what takes fingers: it is no pointer.
#[test]
fn touched() {
    let scripted = scripted(Launch::new("gtk3-widget-factory"), types).unwrap();
    let text = fs::read_to_string(&scripted.path).unwrap();
    let with = |line: &str, verb: &str, does: &str| match line.split_once(&format!(" {verb} ")) {
        Some((after, rest)) => format!("{after} touch {}", rest.replace("button=1", does)),
        None => line.to_owned(),
    };
    let lines = text.lines().map(|line| with(&with(line, "press", "begin"), "release", "end"));
    fs::write(&scripted.path, lines.collect::<Vec<_>>().join("\n")).unwrap();
    let (output, _) = replay(&scripted, INSIDE);
    assert!(output.status.success(), "{}", said(&output));
    let count = |table: &str| number(&session(&scripted), &format!("SELECT count(*) FROM {table}")).unwrap();
    assert_eq!((count("gdk_touch"), count("gdk_button")), (4, 0));
}

/// There windows have shadows, so that everything lies elsewhere than it did when it was recorded.
#[test]
fn under_wayland() {
    let scripted = scripted(Launch::new("gtk3-widget-factory"), types).unwrap();
    let (output, left) = replay(&scripted, &[INSIDE, &["--backend", "wayland", "--speed", "fast"]].concat());
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(left, Vec::<String>::new(), "left behind");
}

/// Broadway shows programs in a browser: there is no X, and nobody needs to look.
#[test]
fn without_any_display() {
    let scripted = scripted(Launch::new("gtk3-widget-factory"), types).unwrap();
    let home = scripted.display.home();
    let mut daemon = tied("broadwayd");
    daemon.arg("--unixsocket").arg(home.join("http")).arg(":0").env("XDG_RUNTIME_DIR", home);
    let mut daemon = Guarded::spawn("broadwayd", daemon.stdout(Stdio::piped())).unwrap();
    let mut told = String::new();
    BufReader::new(daemon.child().stdout.as_mut().unwrap()).read_line(&mut told).unwrap();
    assert!(told.contains("Listening on"), "{told}");
    let mut playing = scripted.display.command(agent().get_program());
    playing
        .env("XDG_RUNTIME_DIR", home)
        .env("GDK_BACKEND", "broadway")
        .env("BROADWAY_DISPLAY", ":0")
        .env_remove("DISPLAY");
    playing.args(["replay", "--display", "current", "--speed", "fast", "--with", "input"]).args(INSIDE);
    let output = playing.arg(&scripted.path).arg("-o").arg(session(&scripted)).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn gtk4_is_refused() {
    let scripted = scripted(Launch::new("gnome-calculator"), gnome_calculator).unwrap();
    let (output, left) = replay(&scripted, INSIDE);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("GTK 4 takes input from its display only: leave --inject out"), "{said}");
    assert_eq!(left, Vec::<String>::new(), "left behind");
}

/// What a replay would be to the recorder in a program.
struct Talk(BufReader<UnixStream>);

impl Talk {
    fn begin(listener: &UnixListener) -> Talk {
        let stream = listener.accept().unwrap().0;
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut talk = Talk(BufReader::new(stream));
        assert!(talk.hear().starts_with("pid "));
        talk
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    fn ask(&mut self, line: impl AsRef<[u8]>) -> String {
        self.0.get_mut().write_all(line.as_ref()).unwrap();
        self.0.get_mut().write_all(b"\n").unwrap();
        self.hear().trim_end().to_owned()
    }
}

fn bears_anything(program: Launch) {
    let display = Display::start().unwrap();
    let path = display.home().join("control");
    let listener = UnixListener::bind(&path).unwrap();
    let launch = program.options("input=replay").env("GDKRECORD_CONTROL", &path);
    let mut app = App::start(&display, &launch).unwrap();
    let mut talk = Talk::begin(&listener);
    // One of the first windows is the top-level: the recorder counts from 1.
    let window = (1..50).find(|window| talk.ask(format!("move\t{window}\t5\t5")) == "done").unwrap();

    for nonsense in
        ["", "\t\t\t", "what", "find", "move\t1", "move\t1\tx\ty", "press\t1\t1\t1\t0", "touch\t1\t1\t1\t1\ttap"]
    {
        assert_eq!(talk.ask(nonsense), "what", "{nonsense:?}");
    }
    assert_eq!(talk.ask(b"move\t\xff\xfe\t\0\t1"), "what");
    for gone in ["move\t0\t1\t1", "key\t4294967295\t97\tdown", "press\t40000\t1\t1\t1"] {
        assert_eq!(talk.ask(gone), "cannot\tthe window is gone");
    }
    // What means something is done, however odd: places outside, keys that no keyboard has, fingers that never came,
    // buttons that were not pressed.
    for odd in [
        format!("move\t{window}\t-2147483648\t2147483647"),
        format!("press\t{window}\t-7\t100000\t1"),
        format!("release\t{window}\t-7\t100000\t1"),
        format!("release\t{window}\t5\t5\t255"),
        format!("press\t{window}\t5\t5\t255"),
        format!("wheel\t{window}\t5\t5\tleft"),
        format!("touch\t{window}\t5\t5\t4294967295\tend"),
        format!("touch\t{window}\t5\t5\t4294967295\tbegin"),
        format!("touch\t{window}\t9\t5\t4294967295\tmove"),
        format!("touch\t{window}\t9\t5\t4294967295\tend"),
        format!("key\t{window}\t4294967295\tdown"),
        format!("key\t{window}\t16785582\tdown"),
    ] {
        assert_eq!(talk.ask(&odd), "done", "{odd:?}");
    }
    assert!(app.process().ended().is_none(), "{}", app.said());

    // A question that never ends is not waited for, and its program goes on.
    let endless = vec![b'x'; 1 << 20];
    let _ = talk.0.get_mut().write_all(&endless);
    drop(talk);
    assert!(!app.said().contains("CRITICAL"), "{}", app.said());
    let status = app.close().unwrap();
    assert!(status.success(), "{status}: {}", app.said());
}

#[test]
fn the_recorder_bears_whatever_is_said_to_it() {
    bears_anything(Launch::new(compiled("gtk2", &["gtk+-2.0"]).unwrap()));
    bears_anything(Launch::new(compiled("gtk3-clicks", &["gtk+-3.0"]).unwrap()));
}
