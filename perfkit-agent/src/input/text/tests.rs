//! Scripts are written and read back, and what is wrong is told with its line.

use proptest::prelude::*;

use super::*;
use crate::input::Key;

const SAMPLE: &str = "\
perfinput 1
program gnome-calculator '--mode=basic'
toolkit 'GTK 4.8.3'
display 1600x900

window main toplevel class=MathWindow title=Calculator
window popup popup class=GtkPopoverMenu

+0 wait-for main size=365x496
+1.25 move main 60,350 type=GtkButton label=4 name=calc_4_button box=17,339,63,44 path='MathWindow/GtkGrid[0]/GtkButton[0]'
+0.3 press main 60,350 button=1
+0.1 release main 60,350 button=1
+0.2 key main plus for=0.08
+0 key main Shift_L down
+0.5 scroll main 60,350 by=0,-1.5
+0 touch popup -3,4 begin finger=2
";

#[test]
fn a_script_is_written_as_it_was_read() {
    let script = Script::parse(SAMPLE).unwrap();
    assert_eq!(script.to_string(), SAMPLE);
    assert_eq!(script.steps.len(), 8);
    assert_eq!(script.length(), Duration::from_millis(2430));
}

#[test]
fn what_people_write_may_have_comments_and_leave_things_out() {
    let text = "# mine\n\nperfinput 1\nwindow w toplevel # the only one\n\nkey w ctrl+s\npress w 1,2\n";
    let script = Script::parse(text).unwrap();
    assert_eq!(script.steps[0].action, Action::Key("ctrl+s".parse().unwrap(), Stroke::Tap(Duration::ZERO)));
    assert_eq!(script.steps[1].action, Action::Press((1, 2), 1));
    assert_eq!(script.steps[1].widget, None);
}

#[test]
fn what_is_tidied_keeps_its_comments() {
    let text = "# mine\n\n perfinput   1 # the first\nprogram x  '# no comment' a#b # one\n\n  # a menu\n\
                window 'w'  toplevel title='#1'\n\n\n   +0.50 key w   ctrl+s  # it saves  \npress w 1,2";
    let tidied = "# mine\n\nperfinput 1 # the first\nprogram x '# no comment' 'a#b' # one\n\n# a menu\n\
                  window w toplevel title='#1'\n\n\n+0.5 key w ctrl+s # it saves\n+0 press w 1,2 button=1\n";
    let (script, once) = tidy(text).unwrap();
    assert_eq!(once, tidied);
    assert_eq!(tidy(&once).unwrap(), (script, once));
    assert_eq!(tidy(SAMPLE).unwrap().1, SAMPLE);
    assert_eq!(tidy("perfinput 1\n# here\npres\n").unwrap_err().0, 3);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let check = |line: &str, says: &str| {
        let error = Script::parse(&format!("perfinput 1\nwindow main toplevel\n{line}\n")).unwrap_err();
        assert!(error.starts_with("line 3: ") && error.contains(says), "{line}: {error}");
    };
    check("prss main 1,2", "there is no step `prss` (did you mean `press`?)");
    check("press man 1,2", "no line before says what window `man` is (did you mean `main`?)");
    check("press main", "a place, as 60,350, is missing");
    check("press main 1;2", "has to be two numbers");
    check("press main 1,2 button=left", "button=left is no number");
    check("press main 1,2 3", "`3` does not belong here");
    check("press main 1,2 size=3x4", "`3x4` does not belong here");
    check("+x move main 1,2", "`x` has to be seconds");
    check("key main Retrun", "there is no key `Retrun` (did you mean `Return`?)");
    check("key main a sideways", "a key goes down or up");
    check("wait-for main", "size= is missing");
    check("move main 'x", "a quote or backslash is not ended");
    check("window main popup", "there is a window `main` already");
    check("touch main 1,2 hold", "a finger can begin, move and end");
    assert!(Script::parse("").unwrap_err().contains("begins with `perfinput 1`"));
    assert!(Script::parse("perfinput 2\n").unwrap_err().contains("update perfkit"));
}

fn word() -> impl Strategy<Value = String> {
    "[^\\p{Cc}]{0,12}"
}

prop_compose! {
    fn widget()(class in "[A-Z][a-z]{1,8}", label in word(), name in word(), area in any::<(i32, i32, i32, i32)>(),
                path in word()) -> Widget {
        Widget { class, label, name, area, path }
    }
}

fn action() -> impl Strategy<Value = Action> {
    let place = || (-32768..=32767, -32768..=32767);
    let time = || (0..10_000_000u64).prop_map(Duration::from_micros);
    prop_oneof![
        (1..=16384, 1..=16384).prop_map(Action::WaitFor),
        place().prop_map(Action::Move),
        (place(), any::<u8>()).prop_map(|(at, button)| Action::Press(at, button)),
        (place(), any::<u8>()).prop_map(|(at, button)| Action::Release(at, button)),
        (0..16u8, 0x20..0xffffu32, time())
            .prop_map(|(held, key, time)| { Action::Key(Key::Known(held, key), Stroke::Tap(time)) }),
        (0..2usize).prop_map(|at| Action::Key(Key::Untold, [Stroke::Down, Stroke::Up][at])),
        (place(), (-1000.0..1000.0, -1000.0..1000.0)).prop_map(|(at, by)| Action::Scroll(at, by)),
        (place(), any::<u32>(), 0..3usize).prop_map(|(at, finger, what)| Action::Touch(at, finger, FINGERS[what].0)),
    ]
}

prop_compose! {
    fn script()(program in prop::collection::vec(word(), 0..4), toolkit in word(), title in word(), class in word(),
                popup in any::<bool>(), name in "[a-z][a-z0-9]{0,6}",
                steps in prop::collection::vec((0..90_000_000u64, action(), prop::option::of(widget())), 0..20))
                -> Script {
        let steps = steps.into_iter().map(|(after, action, widget)| {
            Step { after: Duration::from_micros(after), window: name.clone(), action, widget }
        });
        let steps = steps.collect();
        let windows = vec![Window { name, popup, class, title }];
        Script { program, toolkit, display: (1600, 900), windows, steps }
    }
}

proptest! {
    #[test]
    fn any_script_is_read_back(script in script()) {
        prop_assert_eq!(tidy(&script.to_string()), Ok((script.clone(), script.to_string())));
        prop_assert_eq!(Script::parse(&script.to_string()), Ok(script));
    }

    #[test]
    fn no_text_is_too_much(text in "(perfinput 1\n)?(\\PC*\n){0,8}") {
        let parsed = parse(&text);
        let tidied = tidy(&text);
        prop_assert_eq!(tidied.clone().map(|(script, _)| script), parsed.clone());
        if let Ok((_, tidied)) = tidied {
            prop_assert_eq!(parse(&tidied), parsed);
        }
    }
}
