//! Tables of every shape that a line has, and arbitrary ones.

use proptest::prelude::*;

use super::*;

fn outcome(value: impl Into<Option<i64>>) -> Outcome<'static> {
    Outcome { value: value.into(), ..Outcome::default() }
}

fn call<'a>(name: &'a str, args: &'a str, outcome: Outcome<'a>) -> Option<Line<'a>> {
    Some(Line::Call { name, args, outcome })
}

#[test]
fn every_shape_of_a_line_is_read() {
    let took = |value: i64, duration| Outcome { duration: Some(duration), ..outcome(value) };
    let error = |value: Option<i64>, error| Outcome { error: Some(error), ..outcome(value) };
    let shown = |value: i64, shown| Outcome { shown: Some(shown), ..outcome(value) };
    for (text, expected) in [
        ("brk(NULL)    = 0x558122ec9000 <0.000037446>", call("brk", "NULL", took(0x5581_22ec_9000, 37_446))),
        ("close(3</etc/a>) = 0 <1.5>", call("close", "3</etc/a>", took(0, 1_500_000_000))),
        ("getppid() = 21833", call("getppid", "", outcome(21833))),
        ("umask(022) = 022", call("umask", "022", outcome(0o22))),
        ("mmap(NULL) = 0xffffffffffffffff", call("mmap", "NULL", outcome(-1))),
        ("access(\"/x\", R_OK) = -1 ENOENT (No such file)", call("access", "\"/x\", R_OK", error(Some(-1), "ENOENT"))),
        (
            "read(3, 0x7ff, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set) <0.050056636>",
            call("read", "3, 0x7ff, 1", Outcome { duration: Some(50_056_636), ..error(None, "ERESTARTSYS") }),
        ),
        ("exit_group(3) = ?", call("exit_group", "3", outcome(None))),
        ("poll([], 1, 0) = 0 (Timeout)", call("poll", "[], 1, 0", outcome(0))),
        ("poll([], 1, 0) = 1 ([{fd=3, revents=POLLIN}])", call("poll", "[], 1, 0", outcome(1))),
        ("fcntl(3, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)", call("fcntl", "3, F_GETFL", outcome(0x8002))),
        (
            "open(\"a\") = 3</a\\76b\\n>(deleted) <0.1>",
            call("open", "\"a\"", Outcome { duration: Some(100_000_000), ..shown(3, "/a\\76b\\n") }),
        ),
        ("open(\"a\") = 3</dev/null<char 1:3>>", call("open", "\"a\"", shown(3, "/dev/null<char 1:3>"))),
        ("socket(1) = 4<TCPv6:[[::1]:8->[::1]:9]>", call("socket", "1", shown(4, "TCPv6:[[::1]:8->[::1]:9]"))),
        ("getuid() = 0 (INJECTED)", call("getuid", "", outcome(0))),
        (
            r#"write(1<a:[1->2,@"/x)>"]>, "line <unfinished ...>\t\"q\" \\ \1) = 5 <0.1>\0", 50) = 50"#,
            call("write", r#"1<a:[1->2,@"/x)>"]>, "line <unfinished ...>\t\"q\" \\ \1) = 5 <0.1>\0", 50"#, outcome(50)),
        ),
        (r#"read(3</a(b>, "x"..., 1) = 1"#, call("read", r#"3</a(b>, "x"..., 1"#, outcome(1))),
        (
            "connect(6, {htons(8125), inet_addr(\"1.2.3.4\")}) = 0",
            call("connect", "6, {htons(8125), inet_addr(\"1.2.3.4\")}", outcome(0)),
        ),
        ("capset({1<<CAP_CHOWN|1<<CAP_KILL}) = 0", call("capset", "{1<<CAP_CHOWN|1<<CAP_KILL}", outcome(0))),
        (
            "syscall_0x270f(0x1, 0) = -1 ENOSYS (Function not implemented)",
            call("syscall_0x270f", "0x1, 0", error(Some(-1), "ENOSYS")),
        ),
        (
            "restart_syscall(<... resuming interrupted poll ...>) = 0 <0.1>",
            call("restart_syscall", "<... resuming interrupted poll ...>", took(0, 100_000_000)),
        ),
        (
            "restart_syscall(<... resuming interrupted read ...> <unfinished ...>",
            Some(Line::Unfinished { name: "restart_syscall", args: "<... resuming interrupted read ...>" }),
        ),
        (
            "clone3({a} => {parent_tid=[21840]}, 88) = 21840",
            call("clone3", "{a} => {parent_tid=[21840]}, 88", outcome(21840)),
        ),
        ("vfork( <unfinished ...>", Some(Line::Unfinished { name: "vfork", args: "" })),
        ("wait4(-1,  <unfinished ...>", Some(Line::Unfinished { name: "wait4", args: "-1, " })),
        ("poll([], 2, 15 <detached ...>", Some(Line::Detached { name: "poll", args: "[], 2, 15" })),
        ("<... read resumed>\"x\", 1) = 1 <0.1>", Some(Line::Resumed { name: "read", rest: "\"x\", 1) = 1 <0.1>" })),
        ("<... exit_group resumed>) = ?", Some(Line::Resumed { name: "exit_group", rest: ") = ?" })),
        ("--- SIGALRM {si_signo=SIGALRM} ---", Some(Line::Signal { name: "SIGALRM", detail: "{si_signo=SIGALRM}" })),
        ("--- SIGRT_1 {si_signo=SIGRT_1} ---", Some(Line::Signal { name: "SIGRT_1", detail: "{si_signo=SIGRT_1}" })),
        ("--- stopped by SIGSTOP ---", Some(Line::Stopped { name: "SIGSTOP" })),
        ("+++ exited with 3 +++", Some(Line::Exited { status: 3 })),
        ("+++ killed by SIGSEGV +++", Some(Line::Killed { name: "SIGSEGV", detail: "" })),
        ("+++ killed by SIGSEGV (core dumped) +++", Some(Line::Killed { name: "SIGSEGV", detail: "core dumped" })),
        ("+++ superseded by execve in pid 21840 +++", Some(Line::Superseded { by: 21840 })),
        ("", None),
        ("strace: Process 7 attached", None),
        ("read(3", None),
        ("read(3) =", None),
        ("read(\"abc", None),
        ("read(3) = x", None),
        ("<... resumed>", None),
        ("--- what ---", None),
        ("+++ exited (status 0) +++", None),
        ("(3) = 1", None),
    ] {
        assert_eq!(parse(text), expected, "{text}");
    }
}

#[test]
fn every_line_of_the_real_logs_is_read() {
    for log in [
        include_str!("../../../../tests/fixtures/strace/shapes.txt"),
        include_str!("../../../../tests/fixtures/strace/attach.txt"),
        include_str!("../../../../tests/fixtures/strace/gtk3-demo.txt"),
    ] {
        for text in log.lines() {
            let (prefix, rest) = crate::source::tracelog::prefix(text);
            assert!(parse(rest).is_some() && prefix.tid.is_some(), "{text}");
        }
    }
}

/// Pieces that lines are made of, put together without sense.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "read(",
        "3",
        "</a",
        "<",
        ">",
        "->",
        "\"",
        "\\",
        "\\76",
        "(",
        ")",
        " = ",
        "= ",
        "-1 ",
        "?",
        "ENOENT",
        " <0.1>",
        " <unfinished ...>",
        " <detached ...>",
        "<... ",
        " resumed>",
        "+++ ",
        " +++",
        "--- ",
        " ---",
        "exited with ",
        "killed by ",
        "SIGSEGV",
        "é",
        "\0",
        ", ",
        "AT_FDCWD",
        "/* */",
        "0x",
        "07",
        "[",
        "]",
        "99999999999999999999",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_line_is_too_strange(text in pieces()) {
        // What is read lies in the line in its order, with nothing of it twice.
        if let Some(Line::Call { name, args, .. }) = parse(&text) {
            prop_assert_eq!(&text[..name.len()], name);
            prop_assert_eq!(&text[name.len() + 1..][..args.len()], args);
            prop_assert_eq!(&text[name.len() + 1 + args.len()..][..1], ")");
        }
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,200}") {
        let _ = parse(&text);
        let _ = finish(&text);
    }

    #[test]
    fn what_is_written_is_read(name in "[a-z0-9_]{1,12}", text in "[ -~&&[^\"\\\\]]{0,40}", value: i64, ns in 0i64..10_000_000_000) {
        let line = format!("{name}(3</a>, \"{text}\", 7) = {value} <{}.{:09}>", ns / 1_000_000_000, ns % 1_000_000_000);
        let args = format!("3</a>, \"{text}\", 7");
        let outcome = Outcome { value: Some(value), duration: Some(ns), ..Outcome::default() };
        prop_assert_eq!(parse(&line), Some(Line::Call { name: &name, args: &args, outcome }));
    }
}
