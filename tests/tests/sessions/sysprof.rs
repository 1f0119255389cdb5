//! What GTK 4 tells Sysprof of its frames lies where the recorder saw them.

use perfkit_tests::programs::script;
use perfkit_tests::{App, Display, Launch, query};

#[test]
fn gtk4s_own_marks_lie_where_the_recorder_saw_the_frames() {
    let display = Display::start().unwrap();
    let launch = Launch::new("/usr/bin/python3").arg(script("pygtk.py").unwrap()).sources("gdkrecord,sysprof");
    let mut app = App::start(&display, &launch).unwrap();
    for _ in 0..5 {
        app.pointer().to(200, 80).pause(50).click(1).play().unwrap();
        app.settle().unwrap();
    }
    assert!(app.close().unwrap().success(), "{}", app.said());

    let session = app.recording();
    let ask = |sql: &str| query(session, sql).unwrap();
    let names = ask("SELECT name FROM names WHERE name = 'gtk.fps'");
    assert_eq!(names.len(), 1, "GTK's counters are named");
    let cycles = ask("SELECT time, duration FROM marks WHERE name = 'frameclock cycle' ORDER BY time");
    let frames = ask("SELECT time, duration FROM frames ORDER BY time");
    assert!(cycles.len() >= 5 && frames.len() >= 5, "{} cycles, {} frames", cycles.len(), frames.len());
    // Every cycle overlaps with a frame that the recorder saw, by more than half of itself.
    let overlaps = |cycle: &&perfkit_tests::session::Row| {
        let (begin, end) = (cycle.int("time"), cycle.int("time") + cycle.int("duration"));
        frames.iter().any(|frame| {
            let (from, to) = (frame.int("time"), frame.int("time") + frame.int("duration"));
            2 * (end.min(to) - begin.max(from)) >= end - begin
        })
    };
    let seen = cycles.iter().filter(overlaps).count();
    assert!(seen * 10 >= cycles.len() * 9, "{seen} of {} cycles: {cycles:?} {frames:?}", cycles.len());
}
