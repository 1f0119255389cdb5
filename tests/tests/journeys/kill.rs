//! kill -9 loses nothing: what the program had heard when it was killed stands in the recording.

use std::time::{Duration, Instant};

use gdkrecord::sets::EventType;
use nix::sys::signal::Signal;
use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch};

use crate::recorded::Recorded;

/// How often a program is killed, as issue 2 asks.
const TIMES: u32 = 50;

/// Milliseconds after the input began, spread over the time that it takes: an additive sequence by the golden
/// ratio, which looks random, covers evenly, and is the same in each run.
fn moment(round: u32) -> u64 {
    20 + u64::from(round.wrapping_mul(0x9e37_79b9) >> 16) * 600 / 65536
}

#[test]
fn nothing_before_the_last_record_is_lost() {
    let program = compiled("gtk3-own-handler", &["gtk+-3.0"]).unwrap();
    let display = Display::start().unwrap();
    for round in 0..TIMES {
        let path = display.home().join(format!("kill-{round}.gdkrecord"));
        let mut app = App::spawn(&display, &Launch::new(&program).output(&path)).unwrap();
        app.window = app.find_window().unwrap();
        // Each click is at a place of its own: 40, 41, 42 …
        let mut clicks = display.command("xdotool");
        for x in 40..140 {
            clicks.args(["mousemove", &x.to_string(), "100", "click", "1", "sleep", "0.004"]);
        }
        let clicking = perfkit_tests::process::Guarded::spawn("xdotool", &mut clicks).unwrap();
        let start = Instant::now();
        // The moment is the test's subject, not a wait for something.
        std::thread::sleep(Duration::from_millis(moment(round)).saturating_sub(start.elapsed()));
        app.process().signal(Signal::SIGKILL).unwrap();
        app.process().wait().unwrap();
        let _ = clicking.signal(Signal::SIGTERM);

        let recorded = Recorded::open(&path);
        recorded.assert_whole();
        // The program prints each press while it handles it, line by line.
        let heard = app.stdout().matches("presses").count();
        let places: Vec<i32> =
            recorded.buttons(EventType::ButtonPress).map(|(_, b)| b.x_root.0.round() as i32).collect();
        assert!(places.len() >= heard, "round {round}: {heard} presses heard, recorded {places:?}");
        assert!(places.len() <= heard + 1, "round {round}: {heard} presses heard, recorded {places:?}");
        let first = places.first().copied().unwrap_or(0);
        let expected: Vec<i32> = (first..).take(places.len()).collect();
        assert_eq!(places, expected, "round {round}: a gap");
        assert!(!recorded.events.is_empty(), "round {round}");
    }
}
