//! Tests of what OProfile's tools write: its real outputs, on software counters, since it ran on no machine that these
//! tests run on.

use proptest::prelude::*;

use super::report::{Event, Report};
use super::*;
use crate::session::clock::{Pair, WallClock};

fn rows(report: &Report) -> Vec<String> {
    let (mut outlet, seen) = Outlet::to_memory("oprofile");
    report.put(&mut outlet, 7, 1000);
    outlet.flush();
    seen.lines()
}

const CALLGRAPH: [&str; 3] = [
    "samples 1000 7/0 event=CPU_CLK_UNHALTED stack=leaf<mid_b<main<__libc_start_call_main weight=215250000",
    "samples 1000 7/0 event=CPU_CLK_UNHALTED stack=leaf<mid_a<main<__libc_start_call_main weight=666750000",
    "samples 1000 7/0 event=CPU_CLK_UNHALTED stack=finish_task_switch.isra.0<__schedule<schedule<\
     irqentry_exit_to_user_mode<asm_sysvec_apic_timer_interrupt<leaf weight=750000",
];

#[test]
fn xml_reports_become_samples() {
    let flat = xml::parse(include_str!("../../../tests/fixtures/oprofile/opreport-X.xml")).unwrap();
    assert_eq!(flat.events, [Event { name: "CPU_CLK_UNHALTED".into(), count: 750_000 }]);
    assert_eq!(
        rows(&flat),
        [
            "samples 1000 7/0 event=CPU_CLK_UNHALTED stack=leaf weight=882000000",
            "samples 1000 7/0 event=CPU_CLK_UNHALTED stack=finish_task_switch.isra.0 weight=750000",
        ]
    );
    assert_eq!((&*flat.functions[0].place.module, flat.functions[0].place.address), ("/home/dev/opd/cg", 0x1149));
    assert_eq!(flat.functions[1].place.module, "/proc/kallsyms");
    let graph = xml::parse(include_str!("../../../tests/fixtures/oprofile/opreport-X-cg.xml")).unwrap();
    assert_eq!(rows(&graph), CALLGRAPH);
}

#[test]
fn text_reports_become_the_same_samples() {
    let flat = text::parse(include_str!("../../../tests/fixtures/oprofile/opreport-l.txt")).unwrap();
    let xml = xml::parse(include_str!("../../../tests/fixtures/oprofile/opreport-X.xml")).unwrap();
    assert_eq!(rows(&flat), rows(&xml));
    let graph = text::parse(include_str!("../../../tests/fixtures/oprofile/opreport-callgraph.txt")).unwrap();
    assert_eq!(rows(&graph), CALLGRAPH);
}

#[test]
fn several_events_are_told_apart() {
    let text = "Counted A events (x) with a unit mask of 0x00 (y) count 10\n\
                Counted B events (x) with a unit mask of 0x00 (y) count 100\n\
                vma      samples  %        samples  %        image name               app name                 symbol name\n\
                00001149 5        50.0     7        70.0     lib.so                   prog                     f(int, char const*)\n\
                00001200 0        0        3        30.0     lib.so                   prog                     (no symbols)\n";
    let expected = [
        "samples 1000 7/0 event=A stack=f(int, char const*) weight=50",
        "samples 1000 7/0 event=B stack=f(int, char const*) weight=700",
        "samples 1000 7/0 event=B stack= weight=300",
    ];
    assert_eq!(rows(&text::parse(text).unwrap()), expected);
    let xml = r#"<profile schemaversion="3.1"><setup><eventsetup id="0" eventname="A" setupcount="10"/>
        <eventsetup id="1" eventname="B" setupcount="100"/></setup>
        <classes><class name="c0" event="0"/><class name="c1" event="1"/></classes>
        <binary name="prog"><count class="c0">5</count><module name="lib.so">
        <symbol idref="0"><count class="c0">5</count><count class="c1">7</count></symbol>
        <symbol idref="1"><count class="c1">3</count></symbol></module></binary>
        <symboltable><symboldata id="0" name="f(int, char const*)" startingaddr="1149"/></symboltable></profile>"#;
    assert_eq!(rows(&xml::parse(xml).unwrap()), expected);
}

#[test]
fn reports_are_recognised() {
    for (text, known) in [
        (include_str!("../../../tests/fixtures/oprofile/opreport-X.xml"), true),
        (include_str!("../../../tests/fixtures/oprofile/opreport-l.txt"), true),
        (include_str!("../../../tests/fixtures/oprofile/opreport-callgraph.txt"), true),
        (include_str!("../../../tests/fixtures/oprofile/ocount-brief.txt"), false),
        ("<?xml version=\"1.0\"?><svg/>", false),
    ] {
        assert_eq!(recognises(text.as_bytes()), known, "{text:.30}");
    }
}

#[test]
fn what_is_no_report_is_refused() {
    for (text, why) in [
        ("<profile schemaversion=\"2.0\"/>", "is of schema version \"2.0\", and 3 is known"),
        ("<other/>", "is no profile"),
        ("", "is no profile"),
        ("<profile schemaversion=\"3.1\"><binary", "is no XML"),
        (&"<a>".repeat(100), "too deep"),
    ] {
        let error = xml::parse(text).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    assert!(text::parse("nonsense").is_err());
    let error = import(Path::new("/nonexistent.xml"), &mut Outlet::to_memory("oprofile").0).unwrap_err();
    assert!(error.to_string().starts_with("cannot read /nonexistent.xml"), "{error}");
}

#[test]
fn counts_are_read_in_all_shapes() {
    use counts::Said::{Count, Nothing, Time};
    let count = |name: &str, count| Some(Count(name.into(), count));
    for (line, said) in [
        ("timestamp,1795419929.8", Some(Time(1_795_419_929_800_000_000))),
        ("t:1795419929", Some(Time(1_795_419_929_000_000_000))),
        ("Current time (seconds since epoch): 1795419931.1", Some(Time(1_795_419_931_100_000_000))),
        ("CPU_CLK_UNHALTED,265120339,100.00", count("CPU_CLK_UNHALTED", 265_120_339)),
        ("1,CPU_CLK_UNHALTED,5,99.50", count("CPU_CLK_UNHALTED.1", 5)),
        ("\tCPU_CLK_UNHALTED             282,747,114              100.00", count("CPU_CLK_UNHALTED", 282_747_114)),
        ("\tEvent                        Count                    % time counted", Some(Nothing)),
        ("Event counts (actual) for /home/dev/opd/cg:", Some(Nothing)),
        ("", Some(Nothing)),
        ("t:never", None),
        ("A,many,100.00", None),
        ("what is this", None),
    ] {
        assert_eq!(counts::parse(line), said, "{line}");
    }
}

#[test]
fn real_counts_become_a_timeline() {
    let counted = |text: &str| {
        let (mut outlet, seen) = Outlet::to_memory("oprofile");
        // The session's clock began a second before.
        let pair = Pair { monotonic: 0, realtime: 1_795_419_929_000_000_000 };
        let mut counts = counts::Counts::new(7, WallClock::fixed(pair));
        text.lines().for_each(|line| counts.line(&mut outlet, line));
        outlet.flush();
        (seen.lines(), counts.take_unread())
    };
    let (brief, unread) = counted(include_str!("../../../tests/fixtures/oprofile/ocount-brief.txt"));
    assert_eq!(
        (brief, unread),
        (
            vec![
                "counters 800000000 7/0 oprofile.CPU_CLK_UNHALTED value=265120339".to_owned(),
                "counters 1100000000 7/0 oprofile.CPU_CLK_UNHALTED value=563219727".to_owned(),
                "counters 1400000000 7/0 oprofile.CPU_CLK_UNHALTED value=860899564".to_owned(),
                "counters 1700000000 7/0 oprofile.CPU_CLK_UNHALTED value=1157757599".to_owned(),
            ],
            0
        )
    );
    let (table, unread) = counted(include_str!("../../../tests/fixtures/oprofile/ocount-interval.txt"));
    assert_eq!((table.len(), unread), (10, 0));
    assert_eq!(table[9], "counters 3300000000 7/0 oprofile.RETIRED_INSTRUCTIONS value=1176524776");
}

#[test]
fn what_is_asked_becomes_a_plan() {
    let plan = |spec: &str| Plan::parse(&spec.parse().unwrap()).map_err(|error| error.to_string());
    let default = Plan { samples: true, counts: false, events: Vec::new(), interval: 200 };
    assert_eq!(plan("oprofile"), Ok(default.clone()));
    let asked = Plan { counts: true, events: vec!["LLC_MISSES:10000:0x41".into()], interval: 100, ..default.clone() };
    assert_eq!(plan("oprofile:samples+counts+LLC_MISSES:10000:0x41@50Hz"), Ok(asked));
    assert_eq!(plan("operf:counts@1Hz"), Ok(Plan { samples: false, counts: true, interval: 1000, ..default.clone() }));
    assert!(plan("oprofile:bogus").unwrap_err().contains("knows no part `bogus`"));
}

proptest! {
    #[test]
    fn any_xml_is_read_or_refused(
        parts in prop::collection::vec(prop::sample::select(&[
            "<profile schemaversion=\"3.1\">", "</profile>", "<binary name=\"a\">", "</binary>", "<module name=\"b\">",
            "</module>", "<symbol idref=\"0\">", "</symbol>", "<callers>", "</callers>", "<callees>", "</callees>",
            "<count>5</count>", "<count class=\"z\">18446744073709551615</count>", "<symbol idref=\"0\" self=\"true\"/>",
            "<eventsetup id=\"0\" eventname=\"A\" setupcount=\"18446744073709551615\"/>",
            "<class name=\"z\" event=\"9\"/>", "<symboldata id=\"0\" name=\"f&amp;g\" startingaddr=\"zz\"/>", "&", "<", "x",
        ][..]), 0..40),
    ) {
        let mut text = String::from("<profile schemaversion=\"3.1\">");
        text.extend(parts);
        if let Ok(report) = xml::parse(&text) {
            rows(&report);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(body in "((  )?[0-9]{1,4} [0-9.]{1,4} [a-z]{0,3} .{0,10}\n|-----\n|.{0,20}\n){0,20}") {
        let head = "Counted A events (x) count 10\nsamples  %        image name               symbol name\n";
        rows(&text::parse(&format!("{head}{body}")).unwrap());
        let _ = text::parse(&body);
        for line in body.lines() {
            let _ = counts::parse(line);
        }
    }
}
