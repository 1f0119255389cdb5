//! Resizing a window yields the sizes that X reports.

use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch};

use crate::recorded::Recorded;

fn sizes_are_those_of_x(launch: Launch) {
    let display = Display::start().unwrap();
    let mut app = App::start(&display, &launch).unwrap();
    let first = app.window.geometry(&display).unwrap();
    let mut sizes = vec![(first.width, first.height)];
    for (wider, higher) in [(120, 40), (20, 90), (75, 5)] {
        let size = (first.width + wider, first.height + higher);
        let now = app.window.resize(&display, size.0, size.1).unwrap();
        app.settle().unwrap();
        sizes.push((now.width, now.height));
    }
    let xid = app.window.0;
    app.close().unwrap();

    let recorded = Recorded::open(app.recording());
    let windows = recorded.windows();
    let window = recorded.by_xid(xid).expect("the window was recorded");
    let mut told: Vec<_> = windows[&window].geometry.iter().map(|now| (now.width, now.height)).collect();
    told.dedup();
    // A size before the first is what the toolkit had in mind before the window was mapped.
    let start = told.iter().position(|size| *size == sizes[0]).unwrap_or_else(|| panic!("{sizes:?} in {told:?}"));
    assert_eq!(told[start..], sizes);
}

#[test]
fn gtk2() {
    sizes_are_those_of_x(Launch::new(compiled("gtk2", &["gtk+-2.0"]).unwrap()));
}

#[test]
fn gtk3() {
    sizes_are_those_of_x(Launch::new("gtk3-demo"));
}

#[test]
fn gtk4() {
    sizes_are_those_of_x(Launch::new("gnome-calculator"));
}
