//! Movies of what was repainted, in each form that they can have; and what is said where they cannot be written: the
//! window stays usable.

use std::path::{Path, PathBuf};
use std::process::Command;

use perfkit_tests::gui::Tree;
use perfkit_tests::process::stdout_of;
use perfkit_tests::{Disk, Display, Gui, wait};

use crate::{PageNames, sample};

/// The forms, in the order in which they are offered.
const GIF: usize = 0;
const WEBM: usize = 1;
const PICTURES: usize = 2;

/// Begins where movies are saved.
fn begin(display: &Display) -> Gui<'_> {
    let mut gui = Gui::start(display, &[sample()]).unwrap();
    gui.pages();
    gui.show("Exposures");
    gui
}

/// Asks for a small movie in a form, at a path.
fn save(gui: &mut Gui, form: usize, path: &Path) {
    gui.act("push button", "Save as Movie…").unwrap();
    gui.find("spin button", "Pictures a second").unwrap();
    gui.write("spin button", "Pictures a second", "5").unwrap();
    gui.write("spin button", "Pixels at most", "600").unwrap();
    if form != GIF {
        let row = gui.find("combo box", "Format").unwrap();
        gui.click(&row).unwrap();
        gui.settle().unwrap();
        let chosen = (0..form).fold(gui.pointer(), |keys, _| keys.key("Down").pause(100));
        chosen.key("Return").play().unwrap();
        gui.settle().unwrap();
    }
    let save = |tree: &Tree| tree.0.iter().find(|widget| widget.name.ends_with("Save…")).map(|it| it.name.clone());
    let save = gui.until("the button", save).unwrap();
    gui.act("push button", &save).unwrap();
    // Nothing is asked while the chooser comes and goes: GTK 4.8 crashes where it is asked for what has just gone.
    std::thread::sleep(std::time::Duration::from_secs(2));
    gui.settle().unwrap();
    gui.pointer().key("ctrl+a").text(path.to_str().unwrap()).pause(300).key("Return").play().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
}

/// What a file is once it is there and says that it is whole.
fn written(gui: &mut Gui, path: &Path, ends: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let whole = || std::fs::read(path).ok().filter(|bytes| ends(bytes));
    let bytes = wait::until("the movie", whole).unwrap();
    gui.settle().unwrap();
    gui.hear(&format!("Saved {}", path.file_name().unwrap().to_str().unwrap())).unwrap();
    bytes
}

#[test]
fn a_movie_is_saved() {
    let display = Display::start().unwrap();
    let mut gui = begin(&display);
    let path = display.home().join("movie.gif");
    save(&mut gui, GIF, &path);
    let bytes = written(&mut gui, &path, |bytes| bytes.ends_with(&[0x3b]));
    assert!(bytes.starts_with(b"GIF89a") && bytes.len() > 5_000, "{}", bytes.len());
    assert_eq!(gui.said_beside_choosers(), "", "warnings of its toolkit");
}

#[test]
fn a_movie_is_saved_as_a_video() {
    let display = Display::start().unwrap();
    let mut gui = begin(&display);
    let path = display.home().join("movie.webm");
    save(&mut gui, WEBM, &path);
    // The one who knows says what it is.
    let asked = ["-v", "error", "-count_frames", "-show_entries", "stream=codec_name,width,nb_read_frames"];
    let probe = || stdout_of(Command::new("ffprobe").args(asked).args(["-of", "csv=p=0"]).arg(&path)).ok();
    gui.hear("Saved movie.webm").unwrap();
    let told = wait::until("a whole video", || probe().filter(|told| !told.is_empty())).unwrap();
    let parts: Vec<&str> = told.split(',').collect();
    assert_eq!(parts[..2], ["vp9", "600"], "{told}");
    assert!(parts[2].parse::<u32>().unwrap() > 5, "{told}");
    assert_eq!(gui.said_beside_choosers(), "", "warnings of its toolkit");
}

#[test]
fn a_movie_is_saved_as_pictures() {
    let display = Display::start().unwrap();
    let mut gui = begin(&display);
    save(&mut gui, PICTURES, &display.home().join("movie.png"));
    gui.hear("Saved ").unwrap();
    let named = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("movie") && name.ends_with(".png")
    };
    let files = std::fs::read_dir(display.home()).unwrap().flatten().map(|entry| entry.path());
    let pictures: Vec<PathBuf> = files.filter(named).collect();
    assert!(pictures.len() > 5, "{pictures:?}");
    for picture in &pictures {
        let asked = Command::new("identify").args(["-format", "%m %w"]).arg(picture).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&asked.stdout), "PNG 600", "{picture:?}");
    }
    assert_eq!(gui.said_beside_choosers(), "", "warnings of its toolkit");
}

#[test]
fn a_full_disk_is_told_in_a_line() {
    let Some(disk) = Disk::of_bytes(4 << 10).unwrap() else { return };
    let display = Display::start().unwrap();
    let mut gui = begin(&display);
    for (form, name) in [(GIF, "movie.gif"), (WEBM, "movie.webm"), (PICTURES, "movie.png")] {
        save(&mut gui, form, &disk.path().join(name));
        gui.hear("the disk is full").unwrap();
        gui.keys(&["Escape"]).unwrap();
        gui.until("the line to go", |tree| tree.says("the disk is full").is_none().then_some(())).unwrap();
    }
    // Nothing of them is left where they are one file.
    let left: Vec<_> = std::fs::read_dir(disk.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name == "movie.gif" || name == "movie.webm"), "{left:?}");
    let path = display.home().join("movie.gif");
    save(&mut gui, GIF, &path);
    written(&mut gui, &path, |bytes| bytes.ends_with(&[0x3b]));
    assert_eq!(gui.said_beside_choosers(), "", "warnings of its toolkit");
}

#[test]
fn a_folder_that_cannot_be_written_is_told_in_a_line() {
    let Some(disk) = Disk::of_bytes(1 << 20).unwrap() else { return };
    disk.make_read_only().unwrap();
    let display = Display::start().unwrap();
    let mut gui = begin(&display);
    for (form, name) in [(GIF, "movie.gif"), (WEBM, "movie.webm"), (PICTURES, "movie.png")] {
        save(&mut gui, form, &disk.path().join(name));
        gui.hear("its disk is read-only").unwrap();
        gui.keys(&["Escape"]).unwrap();
        gui.until("the line to go", |tree| tree.says("its disk is read-only").is_none().then_some(())).unwrap();
    }
    let path = display.home().join("movie.gif");
    save(&mut gui, GIF, &path);
    written(&mut gui, &path, |bytes| bytes.ends_with(&[0x3b]));
    assert_eq!(gui.said_beside_choosers(), "", "warnings of its toolkit");
}
