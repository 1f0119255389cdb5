//! Tables of every shape that a line has, and arbitrary ones.

use proptest::prelude::*;

use super::*;

fn name(function: &str) -> Name<'_> {
    Name { function, library: None, system: false }
}

fn returned(value: &str, duration: i64) -> Returned<'_> {
    Returned { value: Some(value).filter(|value| !value.is_empty()), duration: Some(duration).filter(|ns| *ns > 0) }
}

#[test]
fn every_shape_of_a_line_is_read() {
    let call = |function, args, returned| Some(Line::Call { name: name(function), args, returned });
    for (text, expected) in [
        ("strlen(\"abc\")            = 3 <0.000078>", call("strlen", "\"abc\"", returned("3", 78_000))),
        ("getpid() = 7", call("getpid", "", returned("7", 0))),
        ("free(0x55)     = <void> <0.000088>", call("free", "0x55", returned("", 88_000))),
        (
            "strdup(\"a) = 5 <0.1>\\\"\") = \"a) = 5 <0.1>\\\"\" <0.5>",
            call("strdup", "\"a) = 5 <0.1>\\\"\"", returned("\"a) = 5 <0.1>\\\"\"", 500_000_000)),
        ),
        ("strchr(\"a\", '\"') = nil", call("strchr", "\"a\", '\"'", returned("nil", 0))),
        ("f('\\n', '\\'', ')', '\\001') = 1", call("f", "'\\n', '\\'', ')', '\\001'", returned("1", 0))),
        ("f({ 1, (2) }, \"x\"...) = 0", call("f", "{ 1, (2) }, \"x\"...", returned("0", 0))),
        (
            "malloc@libc.so.6(3) = 0x55",
            Some(Line::Call {
                name: Name { library: Some("libc.so.6"), ..name("malloc") },
                args: "3",
                returned: returned("0x55", 0),
            }),
        ),
        ("libgtk-3.so.0->malloc(3) = 0x55", call("malloc", "3", returned("0x55", 0))),
        ("libc.so.6->(14, 0x7f) = 1568", call("", "14, 0x7f", returned("1568", 0))),
        (
            "SYS_brk(0)               = 0x564166bdf000 <0.000043>",
            Some(Line::Call {
                name: Name { system: true, ..name("brk") },
                args: "0",
                returned: returned("0x564166bdf000", 43_000),
            }),
        ),
        ("fork( <unfinished ...>", Some(Line::Unfinished { name: name("fork"), args: "" })),
        ("puts(\"a\" <unfinished ...>", Some(Line::Unfinished { name: name("puts"), args: "\"a\"" })),
        ("_exit(0 <no return ...>", Some(Line::Endless { name: name("_exit"), args: "0" })),
        (
            "<... malloc resumed> )   = 0x5 <0.1>",
            Some(Line::Resumed { name: name("malloc"), args: "", returned: returned("0x5", 100_000_000) }),
        ),
        (
            "<... f resumed> 1, \"a)\") = 5",
            Some(Line::Resumed { name: name("f"), args: "1, \"a)\"", returned: returned("5", 0) }),
        ),
        ("--- SIGCHLD (Child exited) ---", Some(Line::Signal { name: "SIGCHLD", detail: "Child exited" })),
        ("--- Called exec() ---", Some(Line::Exec)),
        ("+++ exited (status 3) +++", Some(Line::Exited { status: 3 })),
        ("+++ killed by SIGSEGV +++", Some(Line::Killed { name: "SIGSEGV" })),
        ("", None),
        ("what", None),
        ("f(", None),
        ("f() 5", None),
        ("f(\"a) = 5", None),
        (" 27.35    0.000988         494         2 fork", None),
        ("--- x ---", None),
        ("+++ exited with 3 +++", None),
        ("<... f resumed> 5", None),
    ] {
        assert_eq!(parse(text), expected, "{text}");
    }
}

#[test]
fn every_line_of_the_real_logs_is_read() {
    for log in [
        include_str!("../../../../tests/fixtures/ltrace/S.txt"),
        include_str!("../../../../tests/fixtures/ltrace/nested.txt"),
    ] {
        for text in log.lines() {
            let (prefix, rest) = crate::source::tracelog::prefix(text);
            assert!(parse(rest).is_some() && prefix.tid.is_some(), "{text}");
        }
    }
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in "(SYS_|<\\.\\.\\. |--- |\\+\\+\\+ )?\\PC{0,80}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_order_of_pieces_is_too_strange(pieces in prop::collection::vec(prop::sample::select(vec![
        "f(", "'", "\"", "\\", ")", "(", " = ", "<void>", " <0.1>", " <unfinished ...>", " <no return ...>", "<... ",
        " resumed> ", "@", "->", "SYS_", "é", "exited (status ", "killed by ",
    ]), 0..16)) {
        let _ = parse(&pieces.concat());
    }
}
