//! One click, seen by the recorder, by strace and by the application itself, lies at one place of the session's clock.

use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch, query, wait};

/// Clicks: each further from the one before than a double click may be.
const CLICKS: i64 = 5;
/// What may lie between two sources' views of one click, in nanoseconds.
const CLOSE: i64 = 1_000_000;

#[test]
fn a_click_is_at_one_place_for_all_sources() {
    let program = compiled("gtk3-clicks", &["gtk+-3.0"]).unwrap();
    let display = Display::start().unwrap();
    let launch = Launch::new(program).sources("gdkrecord,strace,counters@500Hz,output");
    let mut app = App::start(&display, &launch).unwrap();
    for click in 1..=CLICKS {
        app.pointer().to(100 + click as i32, 100).pause(500).click(1).play().unwrap();
        let line = format!("click {click}\n");
        wait::until(&line, || app.stdout().contains(&line).then_some(())).unwrap();
    }
    assert!(app.close().unwrap().success(), "{}", app.said());

    let session = app.recording();
    let ask = |sql: &str| query(session, sql).unwrap();
    let presses = ask("SELECT time, duration FROM gdk_button WHERE event = 'button-press' ORDER BY time");
    let writes = ask("SELECT time, duration FROM syscalls WHERE name = 'write' AND args LIKE '%click %' ORDER BY time");
    let marks = ask("SELECT time, duration, message FROM marks WHERE name LIKE '%click%' ORDER BY time");
    let lines = ask("SELECT time FROM logs WHERE source = 'stdout' AND message LIKE 'click %' ORDER BY time");
    let values = ask("SELECT time, value FROM counters WHERE name LIKE '%clicks' ORDER BY time");
    for (what, rows) in [("presses", &presses), ("writes", &writes), ("marks", &marks), ("lines", &lines)] {
        assert_eq!(rows.len() as i64, CLICKS, "{what}: {rows:?}");
    }
    for click in 0..CLICKS as usize {
        let (press, write, mark) = (&presses[click], &writes[click], &marks[click]);
        let (begin, end) = (press.int("time"), press.int("time") + press.int("duration"));
        // The handling contains the mark, and the mark the write: by three clocks that are one.
        let inside = |what: &str, row: &perfkit_tests::session::Row, from: i64, to: i64| {
            let (at, until) = (row.int("time"), row.int("time") + row.int("duration"));
            assert!(at >= from - CLOSE && until <= to + CLOSE, "{what} {click}: {at} to {until} in {from} to {to}");
        };
        inside("mark", mark, begin, end);
        inside("write", write, mark.int("time"), mark.int("time") + mark.int("duration"));
        // The counter was sampled now and then: it had the new value after the click, and the old one before.
        let old =
            values.iter().filter(|value| value.real("value") <= click as f64).map(|value| value.int("time")).max();
        let new = values.iter().filter(|value| value.real("value") > click as f64).map(|value| value.int("time")).min();
        assert!(new.is_some_and(|new| new >= begin - CLOSE), "click {click}: {new:?} after {begin}");
        assert!(old.is_none_or(|old| old <= end + CLOSE), "click {click}: {old:?} before {end}");
        assert!(lines[click].int("time") >= write.int("time") - CLOSE, "line {click}");
    }
}
