//! GTK 4's surfaces: what comes and goes quickly or was there before the recorder is told from birth to death.

use gdkrecord::Body;
use gdkrecord::sets::Role;
use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch, Loading, bins};

use crate::recorded::Recorded;

/// The numbers of a recording's popups, in their order, with the names of the widgets that own them.
fn popups(recorded: &Recorded) -> Vec<(u32, String)> {
    let name = |window: u32| {
        recorded.events.iter().find_map(|at| match &at.body {
            Body::WindowOwner(owner) if owner.window == window => Some(owner.name.to_string()),
            _ => None,
        })
    };
    let made = recorded.events.iter().filter_map(|at| match &at.body {
        Body::Window(made) if made.role == Role::Popup => Some(made.window),
        _ => None,
    });
    made.map(|window| (window, name(window).unwrap_or_default())).collect()
}

fn destroyed(recorded: &Recorded, window: u32) -> usize {
    let gone = |at: &&gdkrecord::Event| matches!(&at.body, Body::WindowDestroy(gone) if gone.window == window);
    recorded.events.iter().filter(gone).count()
}

#[test]
fn a_popup_that_was_there_before_the_recorder_is_told_to_its_end() {
    let display = Display::start().unwrap();
    let program = compiled("gtk4-late", &["gtk4"]).unwrap();
    let output = display.home().join("app.gdkrecord");
    let launch = Launch::new(program).arg(bins::path(bins::MODULE).unwrap()).loading(Loading::None);
    let mut app = App::spawn(&display, &launch.env("GDKRECORD_FILENAME", &output)).unwrap();
    let status = app.process().wait().unwrap();
    assert!(status.success() && app.stdout() == "done\n", "{status}: {}", app.said());

    let recorded = Recorded::open(&output);
    recorded.assert_whole();
    let popups = popups(&recorded);
    let names: Vec<_> = popups.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, [["early"].as_slice(), &["late"; 10]].concat());
    for (window, name) in &popups {
        assert_eq!(destroyed(&recorded, *window), 1, "the {name} popover died");
        assert!(recorded.exposures_from(0).any(|e| e.window == *window), "the {name} popover was painted");
    }
}
