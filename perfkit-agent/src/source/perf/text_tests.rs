//! Tests of the lines of `perf script`: shapes by table, and anything at all.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> (Vec<Record>, u64) {
    let (mut reader, mut records) = (Text::default(), Vec::new());
    text.lines().for_each(|line| reader.line(line, &mut |record| records.push(record)));
    reader.finish(&mut |record| records.push(record));
    (records, reader.take_unread())
}

fn frames(record: &Record) -> &[Frame] {
    match &record.what {
        What::Event { frames, .. } => frames,
        _ => &[],
    }
}

/// The thread, the processor and the time in words.
fn place(record: &Record) -> String {
    let number = |number: Option<i32>| number.map_or("-".to_owned(), |number| number.to_string());
    format!("{}|{}/{}|{}|{}", record.name, number(record.pid), record.tid, number(record.cpu), record.time)
}

#[test]
fn threads_and_times_are_read_in_all_shapes() {
    for (line, expected) in [
        ("gtkwork  6618  6519.754195956:    1003009 cpu-clock: ", "gtkwork|-/6618|-|6519754195956"),
        ("busy 12454/12454 [001]  1040.154736515: cpu-clock: ", "busy|12454/12454|1|1040154736515"),
        (
            "            busy 24103/24104 [001]  1284.204467: raw_syscalls:sys_exit: NR 59 = 0",
            "busy|24103/24104|1|1284204467000",
        ),
        ("Web Content 7/8 [011] 1.5: cycles:P: ", "Web Content|7/8|11|1500000000"),
        ("a 1 [0] 2.x: b 12.5: [x 7/8 [000] 3.25: cycles: ", "a 1 [0] 2.x: b 12.5: [x|7/8|0|3250000000"),
        (
            "source::lines:: 27076/27081 [000]  1312.158396524:    1001001 cpu-clock: ",
            "source::lines::|27076/27081|0|1312158396524",
        ),
        (" 5/6 [000] 1.5: cycles:", "|5/6|0|1500000000"),
        (":-1 -1/-1 [000] 1.5: cycles:", ":-1|-1/-1|0|1500000000"),
    ] {
        let (records, unread) = read(line);
        assert_eq!((records.iter().map(place).collect::<Vec<_>>(), unread), (vec![expected.to_owned()], 0), "{line}");
    }
}

#[test]
fn what_happened_is_read() {
    let event = |name: &str, period, text: &str, frames: Vec<Frame>| What::Event {
        name: name.into(),
        period,
        text: text.into(),
        frames,
    };
    let leaf = Frame { address: 0x55b8, function: "leaf".into(), module: "/tmp/a".into(), inlined: false };
    for (text, expected) in [
        ("1003009 cpu-clock: ", event("cpu-clock", Some(1_003_009), "", vec![])),
        ("cpu/cycles,period=3/u:", event("cpu/cycles,period=3/u", None, "", vec![])),
        (
            "raw_syscalls:sys_exit: NR 59 = 0 ffff81417e9c x",
            event("raw_syscalls:sys_exit", None, "NR 59 = 0 ffff81417e9c x", vec![]),
        ),
        ("250000 cpu-clock:      55b8 leaf+0x27 (/tmp/a)", event("cpu-clock", Some(250_000), "", vec![leaf])),
        ("PERF_RECORD_SWITCH IN         ", What::In),
        ("PERF_RECORD_SWITCH OUT preempt", What::Out { preempted: true }),
        ("PERF_RECORD_SWITCH_CPU_WIDE OUT          next pid/tid:     0/0", What::Out { preempted: false }),
        ("PERF_RECORD_LOST lost 18839", What::Lost(18_839)),
        (
            "PERF_RECORD_COMM exec: my busy:3:18869/18870",
            What::Named { name: "my busy:3".into(), pid: 18869, tid: 18870, exec: true },
        ),
        ("PERF_RECORD_COMM: perf-exec:1/1", What::Named { name: "perf-exec".into(), pid: 1, tid: 1, exec: false }),
        ("PERF_RECORD_FORK(18934:18935):(18869:18869)", What::Fork { pid: 18934, tid: 18935, parent: 18869 }),
        ("PERF_RECORD_EXIT(18934:18934):(18869:18869)", What::Exit { pid: 18934, tid: 18934 }),
        ("PERF_RECORD_MMAP2 1/1: [0x7f(0x1000) @ 0 08:01 1 0]: r-xp /lib/x", What::Other),
        ("PERF_RECORD_LOST lost many", What::Other),
    ] {
        let (records, unread) = read(&format!("a 1/1 [000] 1.5: {text}"));
        assert_eq!((&records[0].what, records.len(), unread), (&expected, 1, 0), "{text}");
    }
}

#[test]
fn frames_are_read_in_all_shapes() {
    let check = |line: &str, address: u64, function: &str, module: &str, inlined: bool| {
        let expected = Frame { address, function: function.into(), module: module.into(), inlined };
        assert_eq!(frame(line), Some(expected), "{line}");
    };
    check("7085 elf_get_dynamic_info+0xab5 (inlined)", 0x7085, "elf_get_dynamic_info", "", true);
    check(
        "ffffffff815e5601 do_wp_page+0x6b1 ([kernel.kallsyms])",
        0xffff_ffff_815e_5601,
        "do_wp_page",
        "[kernel]",
        false,
    );
    check("7f7e7b76a1e0 [unknown] ([unknown])", 0x7f7e_7b76_a1e0, "", "", false);
    check("27249 __libc_start_call_main", 0x27249, "__libc_start_call_main", "", false);
    check("10 f (/tmp/a b (deleted))", 0x10, "f", "/tmp/a b (deleted)", false);
    check(
        "10 (anonymous namespace)::f(int, char const*)+0x1 (/x)",
        0x10,
        "(anonymous namespace)::f(int, char const*)",
        "/x",
        false,
    );
    check("10 <a as b>::c (d) (/x (y))", 0x10, "<a as b>::c (d)", "/x (y)", false);
    check("10 operator+0xg (/x)", 0x10, "operator+0xg", "/x", false);
    check("10", 0x10, "", "", false);
    check("10 (/x)", 0x10, "", "/x", false);
    assert_eq!((frame("main"), frame("12345678901234567 f")), (None, None));
}

#[test]
fn stacks_end_at_a_blank_line_or_the_next_record() {
    let text = "a 1/1 [000] 1.5: cycles:\n\t  10 leaf (/x)\n\t 20 main (/x)\n\nb 2/2 [000] 2.5: cycles:\n\t 30 f (/x)\n\
                c 3/3 [000] 3.5: x:y: text\nnonsense\n\t 40 g (/x)\n\n\t 50 stray (/x)\n";
    let (records, unread) = read(text);
    let depths: Vec<_> = records.iter().map(|record| frames(record).len()).collect();
    // Nonsense and the stray frame.
    assert_eq!((depths, unread), (vec![2, 1, 1], 2));
}

#[test]
fn real_output_is_read_to_the_last_line() {
    for (name, text) in [
        ("script-dwarf.txt", include_str!("../../../tests/fixtures/perf/script-dwarf.txt")),
        ("script-fp.txt", include_str!("../../../tests/fixtures/perf/script-fp.txt")),
    ] {
        let (records, unread) = read(text);
        assert_eq!(unread, 0, "{name}");
        let depths: Vec<usize> = records.iter().map(|record| frames(record).len()).collect();
        // What a plain count of lines says.
        let framed = text.lines().filter(|line| line.starts_with('\t') && !line.trim().is_empty());
        assert_eq!(framed.count(), depths.iter().sum::<usize>(), "{name}");
        assert_eq!(text.lines().filter(|line| line.contains("cpu-clock: ")).count(), records.len(), "{name}");
        assert!(records.len() > 50 && depths.iter().sum::<usize>() > 2 * records.len(), "{name}");
    }
}

proptest! {
    #[test]
    fn anything_is_read_or_counted(lines in prop::collection::vec(
        "([a-z]{0,3} ?[0-9]{0,3}/?[0-9]{0,3} (\\[[0-9]{1,2}\\])? ?[0-9]{1,3}\\.?[0-9]{0,9}: ?([0-9]{1,4} )?[a-z:]{0,5}:?|\t[0-9a-f]{0,18} .{0,10}( \\(.{0,8}\\))?|.{0,30})\n",
        0..40,
    )) {
        let text = lines.concat();
        let (records, unread) = read(&text);
        let meant = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).count();
        let frames: usize = records.iter().map(|record| frames(record).len()).sum();
        // Each line is a record, a frame, or was counted; a frame may stand on the line of its record.
        prop_assert!(records.len() + unread as usize <= meant);
        prop_assert!(records.len() + frames + unread as usize >= meant);
    }
}
