//! Tests of the rows that records become: what is joined with what, golden rows of real outputs, anything at all.

use proptest::prelude::*;

use super::super::text::Text;
use super::*;
use crate::source::{Message, Seen};

fn seen(text: &str) -> Seen {
    let (mut outlet, seen) = Outlet::to_memory("perf");
    let (mut reader, mut rows) = (Text::default(), Rows::new(Machine::X86_64));
    text.lines().for_each(|line| reader.line(line, &mut |record| rows.take(&mut outlet, &record)));
    reader.finish(&mut |record| rows.take(&mut outlet, &record));
    rows.finish(&mut outlet);
    outlet.flush();
    seen
}

fn rows(text: &str) -> Vec<String> {
    seen(text).lines()
}

#[test]
fn calls_are_joined_by_thread_and_number() {
    let lines = rows(
        "a 1/2 [000] 1.000000001: raw_syscalls:sys_enter: NR 0 (3, 7ffd, 340, 0, 0, 0) ffff f\n\
         a 1/3 [001] 1.000000002: raw_syscalls:sys_enter: NR 257 (ffffff9c, 7f65, 80000, 0, 0, 0)\n\
         a 1/3 [001] 1.000000005: raw_syscalls:sys_exit: NR 257 = -2\n\
         a 1/2 [000] 1.000000010: raw_syscalls:sys_exit: NR 0 = 832 ffff g\n\
         a 1/2 [000] 1.000000011: raw_syscalls:sys_exit: NR 0 = 832\n\
         a 1/2 [000] 1.000000012: raw_syscalls:sys_enter: NR 399 (1, 2, 3, 4, 5, 6)\n\
         a 1/2 [000] 1.000000013: raw_syscalls:sys_exit: NR 398 = 1\n\
         a 1/2 [000] 1.000000014: raw_syscalls:sys_enter: NR 15 (0, 0, 0, 0, 0, 0)\n\
         a 1/2 [000] 1.000000015: raw_syscalls:sys_enter: NR 231 (0, 0, 0, 0, 0, 0)\n",
    );
    assert_eq!(
        lines,
        [
            "syscalls 1000000002+3 1/3 name=openat args=0xffffff9c, 0x7f65, 0x80000, 0x0 result=-1 error=ENOENT",
            "syscalls 1000000001+9 1/2 name=read args=0x3, 0x7ffd, 0x340 result=832 fd=3 bytes=832",
            "syscalls 1000000012+? 1/2 name=syscall_0x18f args=0x1, 0x2, 0x3, 0x4, 0x5, 0x6",
            "syscalls 1000000014+? 1/2 name=rt_sigreturn",
            "syscalls 1000000015+? 1/2 name=exit_group args=0x0",
        ]
    );
}

#[test]
fn ends_of_chains_that_are_no_code_are_no_frames() {
    let lines = rows(
        "a 1/1 [000] 1.000000001: cpu-clock: \n\t 10 leaf (/x)\n\t 20 main (/x)\n\t ffffffffffffffff [unknown] \
         ([unknown])\n\n",
    );
    assert!(lines[0].contains("stack=leaf<main") && !lines[0].contains("main<"), "{lines:?}");
}

#[test]
fn stretches_off_the_processor_have_a_reason_and_a_stack() {
    let lines = rows(
        "a 1/1 [000] 1.000000001: sched:sched_switch: prev_comm=a prev_pid=1 prev_prio=120 prev_state=S ==> \
         next_comm=b next_pid=2 next_prio=120\n\t 10 schedule ([kernel.kallsyms])\n\t 20 main (/x)\n\n\
         a 1/1 [000] 1.000000003: PERF_RECORD_SWITCH OUT        \n\
         b 2/2 [000] 1.000000004: PERF_RECORD_SWITCH OUT preempt\n\
         b 2/2 [000] 1.000000006: PERF_RECORD_SWITCH IN\n\
         a 1/1 [000] 1.000000007: PERF_RECORD_SWITCH IN\n\
         a 1/1 [000] 1.000000008: PERF_RECORD_SWITCH OUT\n\
         b 2/2 [000] 1.000000009: sched:sched_switch: prev_comm=b prev_pid=2 prev_prio=120 prev_state=D ==> \
         next_comm=a next_pid=1 next_prio=120\n\
         a 1/1 [000] 1.000000010: sched:sched_switch: prev_comm=a prev_pid=1 prev_prio=120 prev_state=X ==> \
         next_comm=swapper/0 next_pid=0 next_prio=120\n",
    );
    assert_eq!(
        lines,
        [
            "offcpu 1000000004+2 2/2 state=preempted",
            "offcpu 1000000001+6 1/1 state=sleeping stack=schedule<main",
            "offcpu 1000000008+1 1/1",
            "offcpu 1000000009+? 2/2 state=disk",
        ]
    );
}

#[test]
fn what_spans_a_loss_has_no_duration() {
    let text = "a 1/1 [000] 1.000000001: raw_syscalls:sys_enter: NR 0 (3, 0, 0, 0, 0, 0)\n\
                a 1/1 [000] 1.000000002: PERF_RECORD_LOST lost 7\n\
                a 1/1 [000] 1.000000009: raw_syscalls:sys_exit: NR 0 = 1\n";
    assert_eq!(rows(text), ["syscalls 1000000001+? 1/1 name=read args=0x3, 0x0, 0x0 fd=3"]);
    let lost = |message: &Message| matches!(message, Message::Dropped { kind, count: 7, .. } if kind == "samples");
    assert_eq!(seen(text).messages().iter().filter(|message| lost(message)).count(), 1);
}

#[test]
fn threads_and_processes_are_told() {
    let messages = seen(
        "x 0/0 [000] 0.000000000: PERF_RECORD_COMM: sh:5/5\n\
         x 5/5 [000] 0.000000002: PERF_RECORD_COMM exec: busy:5/5\n\
         busy 5/5 [000] 0.000000003: PERF_RECORD_FORK(6:6):(5:5)\n\
         busy 6/6 [000] 0.000000004: cpu-clock:\n\
         busy 6/6 [000] 0.000000005: cpu-clock:\n\
         busy 6/6 [000] 0.000000009: PERF_RECORD_EXIT(6:6):(5:5)\n",
    )
    .messages();
    let processes: Vec<_> = messages
        .iter()
        .filter_map(|message| match message {
            Message::Process(process) => Some(process.clone()),
            _ => None,
        })
        .collect();
    let named = |pid, name: &str| Process { pid, name: Some(name.into()), ..Process::default() };
    assert_eq!(
        processes,
        [
            named(5, "sh"),
            named(5, "busy"),
            named(5, "busy"),
            Process { pid: 6, parent: Some(5), start: Some(3), ..Process::default() },
            named(6, "busy"),
            Process { pid: 6, end: Some(9), ..Process::default() },
        ]
    );
}

#[test]
fn inlined_functions_lie_in_the_module_they_were_inlined_into() {
    let messages =
        seen("a 1/1 [000] 1.5: 5 cpu-clock:\n\t10 g (inlined)\n\t10 f (/lib/x)\n\t20 main (/bin/y)\n").messages();
    let stacks = messages.iter().find_map(|message| match message {
        Message::Rows { new, .. } => Some(&new.stacks),
        _ => None,
    });
    let places: Vec<_> = stacks
        .unwrap()
        .iter()
        .map(|(_, frame)| format!("{} {} {:x}", frame.function, frame.module, frame.address))
        .collect();
    assert_eq!(places, ["main /bin/y 20", "f /lib/x 10", "g /lib/x 10"]);
}

/// The rows of real outputs. `PERFKIT_BLESS=1` writes the golden files anew.
#[test]
fn real_outputs_become_the_golden_rows() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/perf");
    for name in ["script-dwarf", "script-fp", "combined"] {
        let text = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
        let lines = rows(&text);
        let lines = lines.join("\n") + "\n";
        let golden = folder.join(format!("{name}.rows"));
        if std::env::var_os("PERFKIT_BLESS").is_some() {
            std::fs::write(&golden, &lines).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap();
        for (at, (got, expected)) in lines.lines().zip(expected.lines()).enumerate() {
            assert_eq!(got, expected, "{name}, row {at}");
        }
        assert_eq!(lines.lines().count(), expected.lines().count(), "{name}");
    }
}

proptest! {
    #[test]
    fn anything_becomes_rows_or_nothing(
        lines in prop::collection::vec(
            (0..3i32, 0..20u32, prop::sample::select(&[
                "raw_syscalls:sys_enter: NR 1 (1, 2, 3, 4, 5, 6)",
                "raw_syscalls:sys_enter: NR -9223372036854775808 (ffffffffffffffff)",
                "raw_syscalls:sys_enter: NR 1 (",
                "raw_syscalls:sys_exit: NR 1 = 2",
                "raw_syscalls:sys_exit: NR 1 = -9223372036854775808",
                "sched:sched_switch: prev_pid=1 prev_state=R+ ==> next_comm=x next_pid=2 next_prio=1",
                "sched:sched_switch: prev_state= ==> next_pid=",
                "PERF_RECORD_SWITCH IN",
                "PERF_RECORD_SWITCH OUT",
                "PERF_RECORD_LOST lost 18446744073709551615",
                "PERF_RECORD_FORK(2:2):(1:1)",
                "PERF_RECORD_EXIT(2:2):(1:1)",
                "1 cpu-clock: 0 x (/y)",
            ][..])),
            0..60,
        ),
    ) {
        let mut text: String =
            lines.iter().map(|(tid, time, what)| format!("a 1/{tid} [000] {time}.5: {what}\n")).collect();
        text.push_str("a 1/1 [0] 9223372036.854775807: raw_syscalls:sys_exit: NR 1 = 1\n");
        let enters = text.matches("sys_enter: NR 1 (1, ").count() + text.matches("NR -92").count();
        let lines = rows(&text);
        // Every call that began is there once, whatever became of it.
        prop_assert_eq!(lines.iter().filter(|line| line.starts_with("syscalls")).count(), enters);
    }
}
