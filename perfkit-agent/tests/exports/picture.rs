//! Pictures are opened by libraries that did not draw them, and show what the session has.

use std::path::Path;
use std::process::Command;

use crate::session::Made;

/// What a program prints about a file.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Width and height of a picture, and how many of its pixels have this colour.
fn look(path: &Path, color: &str) -> (u32, u32, u32) {
    let mut convert = Command::new("convert");
    convert.arg(path).args(["-fill", "black", "+opaque", color, "-fill", "white", "-opaque", color]);
    let words = said(convert.args(["-format", "%w %h %[fx:round(mean*w*h)]", "info:"]));
    let numbers: Vec<u32> = words.split(' ').map(|number| number.parse().unwrap()).collect();
    (numbers[0], numbers[1], numbers[2])
}

const WHITE: &str = "#ffffff";
const DARK: &str = "#1b1d21";
/// What is over budget, light and dark.
const SLOW: &str = "#c23b00";
const SLOW_DARK: &str = "#ff7b45";
/// The process's own lanes: calls, marks and counters.
const GREY: &str = "#8c959c";

#[test]
fn a_png_shows_frames_over_budget_calls_and_counters() {
    let made = Made::new();
    let light = made.export("png", &[]);
    let (width, height, white) = look(&light, WHITE);
    assert_eq!(width, 1400);
    assert!(height > 800 && white > width * height / 4, "{height} {white}");
    // The frame, the dispatch and the calls that are too long; the counters' lines.
    assert!(look(&light, SLOW).2 > 1000);
    let grey = look(&light, GREY).2;
    assert!(grey > 1000, "{grey}");
    let without = made.export("png", &["--series", "gdk_frame"]);
    assert!(look(&without, GREY).2 < grey / 4);
    let dark = made.export("png", &["--dark", "--width", "900"]);
    let (width, _, dark_pixels) = look(&dark, DARK);
    assert!(width == 900 && dark_pixels > 100_000, "{dark_pixels}");
    assert!(look(&dark, SLOW_DARK).2 > 500);
}

#[test]
fn an_svg_is_xml_and_another_library_draws_it() {
    let made = Made::new();
    let svg = made.export("svg", &["--from", "90ms", "--to", "500ms"]);
    said(Command::new("xmllint").args(["--noout", "--nonet"]).arg(&svg));
    let text = std::fs::read_to_string(&svg).unwrap();
    assert!(text.contains("width=\"1400\"") && text.starts_with("<?xml"), "{}", &text[..200]);
    let png = made.folder().join("drawn.png");
    said(Command::new("rsvg-convert").arg("-o").arg(&png).arg(&svg));
    let (width, _, slow) = look(&png, SLOW);
    assert!(width == 1400 && slow > 500, "{width} {slow}");
}

#[test]
fn a_session_without_frames_or_without_anything_has_a_picture() {
    for made in [
        Made::with(&|_| {}),
        Made::with(&|outlet| {
            let series = outlet.series(&perfkit_agent::session::schemas::LOGS);
            let track = outlet.track(&perfkit_agent::session::Track::thread(1, 1));
            outlet.point(series, 5, track, &[]);
        }),
    ] {
        let (width, height, white) = look(&made.export("png", &[]), WHITE);
        assert!(width == 1400 && height > 100 && white > 10_000);
    }
    let output = Made::new().run(&["--format", "png", "--width", "10"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("720..=16000"));
}
