//! What was repainted is played and stepped through, seen as heat and read as a table; windows are hidden.

use perfkit_tests::gui::{Tree, Widget};
use perfkit_tests::screen::Screen;
use perfkit_tests::{Display, Gui};

use crate::{PageNames, sample};

/// The strip on which one scrubs.
pub fn strip(tree: &Tree) -> Option<&Widget> {
    tree.find("slider", "Moment").filter(|strip| strip.has_room())
}

/// The moment that is looked at, in seconds, once it is as asked for.
pub fn moment(gui: &mut Gui, what: &str, fits: impl Fn(f64) -> bool) -> f64 {
    let told = |tree: &Tree| strip(tree)?.description.split(' ').next()?.parse().ok();
    gui.until(what, |tree| told(tree).filter(|&moment| fits(moment))).unwrap()
}

#[test]
fn exposures_are_played_stepped_through_and_read() {
    let display = Display::start().unwrap();
    let mut gui = Gui::start(&display, &[sample()]).unwrap();
    gui.pages();
    gui.show("Exposures");
    gui.hear(" repaints of ").unwrap();
    let begin = moment(&mut gui, "the begin", |_| true);
    // To the middle, where something is repainted all the time.
    let area = gui.until("the strip", |tree| strip(tree).cloned()).unwrap();
    gui.click(&area).unwrap();
    let middle = moment(&mut gui, "the middle", |now| now > begin);
    // It plays to the end, and stands there.
    gui.act("push button", "Play (Space)").unwrap();
    moment(&mut gui, "that time had run", |now| now > middle);
    gui.find("push button", "Play (Space)").unwrap();
    gui.click(&area).unwrap();
    moment(&mut gui, "the middle again", |now| now == middle);
    // Damage and repaint of one paint may lie within a millisecond.
    gui.keys(&["period"; 4]).unwrap();
    let next = moment(&mut gui, "the next exposure", |now| now > middle);
    gui.keys(&["period"; 2]).unwrap();
    moment(&mut gui, "the one after it", |now| now > next);
    gui.keys(&["comma"; 2]).unwrap();
    moment(&mut gui, "the same exposure", |now| now == next);
    gui.hear("exposed area").unwrap();

    gui.settle().unwrap();
    let cool = Screen::take(&display).unwrap();
    gui.act("push button", "Heat Map").unwrap();
    gui.hear("256 times").unwrap();
    gui.settle().unwrap();
    let hot = Screen::take(&display).unwrap();
    assert!(cool.differing(&hot).count() > 100_000, "{}", cool.differing(&hot).count());
    let shown = gui.find("check box", "GTK Widget Factory").unwrap();
    gui.click(&shown).unwrap();
    gui.hear("No window is there at this moment").unwrap();

    gui.act("push button", "Show as a Table").unwrap();
    gui.hear("repainted").unwrap();
    let rows =
        |tree: &Tree| tree.0.iter().filter(|widget| widget.role == "label" && widget.name == "had changed").count();
    gui.until("rows", |tree| (rows(tree) > 3).then_some(())).unwrap();
    assert_eq!(gui.said(), "", "warnings of its toolkit");
}
