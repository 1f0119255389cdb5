//! Several processes in one tree: each GTK process has its recording, the others are unharmed.

use std::fs;
use std::path::PathBuf;

use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch, Loading, wait};

use crate::recorded::Recorded;

fn recordings(display: &Display) -> Vec<PathBuf> {
    let entries = fs::read_dir(display.home()).unwrap().flatten().map(|entry| entry.path());
    let mut found: Vec<_> = entries.filter(|path| path.to_string_lossy().contains(".gdkrecord")).collect();
    found.sort();
    found
}

#[test]
fn two_processes_of_one_name_have_two_recordings() {
    let display = Display::start().unwrap();
    let first = compiled("gtk2", &["gtk+-2.0"]).unwrap();
    let second = compiled("gtk3-own-handler", &["gtk+-3.0"]).unwrap();
    // The shell waits, so that both are its children and write while the other does.
    let script = format!("{} & {} & wait", first.display(), second.display());
    let launch = Launch::new("/bin/sh").arg("-c").arg(script).output("both.gdkrecord");
    let mut app = App::spawn(&display, &launch).unwrap();
    let visible = || perfkit_tests::input::Window::visible(&display);
    wait::until("both windows", || (visible().len() == 2).then_some(())).unwrap();
    for window in visible() {
        window.ask_to_close(&display).unwrap();
    }
    app.process().wait().unwrap();
    let found = recordings(&display);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.contains(&display.home().join("both.gdkrecord")), "{found:?}");
    for path in found {
        let recorded = Recorded::open(&path);
        recorded.assert_whole();
        assert!(recorded.counts().contains_key("window"), "{}: {:?}", path.display(), recorded.counts());
    }
}

#[test]
fn names_can_hold_pid_and_program() {
    let display = Display::start().unwrap();
    let program = compiled("gtk3-own-handler", &["gtk+-3.0"]).unwrap();
    let mut app = App::start(&display, &Launch::new(program).output("%n-%p.gdkrecord")).unwrap();
    let pid = app.window_pid().unwrap();
    app.close().unwrap();
    assert_eq!(recordings(&display), [display.home().join(format!("gtk3-own-handler-{pid}.gdkrecord"))]);
}

#[test]
fn the_usual_name_is_pid_and_program() {
    let display = Display::start().unwrap();
    let program = compiled("gtk3-own-handler", &["gtk+-3.0"]).unwrap();
    // An empty variable is as good as none.
    let mut app = App::start(&display, &Launch::new(program).output("")).unwrap();
    let pid = app.window_pid().unwrap();
    app.close().unwrap();
    assert_eq!(recordings(&display), [display.home().join(format!("{pid}-gtk3-own-handler.gdkrecord"))]);
}

#[test]
fn a_program_without_gtk_is_unharmed() {
    let display = Display::start().unwrap();
    for loading in [Loading::None, Loading::Modules, Loading::Tool] {
        let script = "echo out; echo err >&2; exit 3";
        let launch = Launch::new("/bin/sh").arg("-c").arg(script).loading(loading);
        let mut app = App::spawn(&display, &launch).unwrap();
        let status = app.process().wait().unwrap();
        assert_eq!((app.stdout().as_str(), status.code()), ("out\n", Some(3)), "{loading:?}");
        match loading {
            // The tool may say that there is nothing to show for it.
            Loading::Tool => assert!(app.said().starts_with("err\n"), "{}", app.said()),
            _ => assert_eq!(app.said(), "err\n", "{loading:?}"),
        }
        assert_eq!(recordings(&display), Vec::<PathBuf>::new(), "{loading:?}");
    }
}
