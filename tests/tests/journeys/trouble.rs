//! A full disk, and a folder that cannot be written to: the application goes on, and what was recorded stays.

use nix::unistd::Uid;
use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch, wait};

use crate::recorded::Recorded;

/// Clicks once, and expects the program to hear it and to end well.
fn goes_on(app: &mut App<'_>) {
    app.pointer().to(150, 100).pause(50).click(1).play().unwrap();
    wait::until("the click to be heard", || app.stdout().contains("clicked").then_some(())).unwrap();
    assert!(app.close().unwrap().success(), "{}", app.said());
}

#[test]
fn a_folder_that_cannot_be_written_to() {
    let program = compiled("gtk3-own-handler", &["gtk+-3.0"]).unwrap();
    let display = Display::start().unwrap();
    let mut app = App::start(&display, &Launch::new(program).output("/proc/no/such/place.gdkrecord")).unwrap();
    goes_on(&mut app);
    let said = app.said();
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("gdkrecord")).collect();
    assert_eq!(ours.len(), 1, "one line, not: {said}");
    assert!(ours[0].contains("/proc/no/such/place.gdkrecord"), "{said}");
}

#[test]
fn options_that_make_no_sense() {
    let program = compiled("gtk3-own-handler", &["gtk+-3.0"]).unwrap();
    let display = Display::start().unwrap();
    let mut app = App::start(&display, &Launch::new(program).options("no-such=option")).unwrap();
    goes_on(&mut app);
    assert!(app.said().contains("no-such"), "{}", app.said());
}

#[test]
fn a_full_disk() {
    let program = compiled("gtk3-own-handler", &["gtk+-3.0"]).unwrap();
    let display = Display::start().unwrap();
    let kept = display.home().join("kept.gdkrecord");
    // A disk of one megabyte that nobody else sees; what lies on it is copied off at the end.
    let disk = display.home().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=1m perfkit {disk} && {program} && cp {disk}/full.gdkrecord {kept}",
        disk = disk.display(),
        program = program.display(),
        kept = kept.display()
    );
    let mut launch = Launch::new("unshare").arg("--mount");
    if !Uid::effective().is_root() {
        launch = launch.arg("--map-root-user");
    }
    let launch = launch.arg("/bin/sh").arg("-c").arg(script).output(disk.join("full.gdkrecord"));
    let mut app = App::start(&display, &launch).unwrap();
    // Each move is some records: many more than a megabyte holds.
    for _ in 0..40 {
        let mut pointer = app.pointer();
        for step in 0..250 {
            pointer = pointer.to(20 + step, 100 + step % 50);
        }
        pointer.play().unwrap();
    }
    goes_on(&mut app);
    let recorded = Recorded::open(&kept);
    assert!(recorded.events.len() > 100, "{:?}", recorded.counts());
    let size = std::fs::metadata(&kept).unwrap().len();
    assert!(size <= 1 << 20, "{size} bytes on a disk of a megabyte");
}
