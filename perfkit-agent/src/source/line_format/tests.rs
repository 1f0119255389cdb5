//! Every format, line by line, and lines of no format.

use proptest::prelude::*;

use super::*;
use crate::session::clock::now;
use crate::source::{Message, Outlet, Seen};

/// What a line says in words: `name=value` with what is not usual about it, one item after the other.
fn said(line: &str) -> String {
    let stamp = |time: &Option<Stamp>| time.map(|Stamp(at)| format!(" @{at}")).unwrap_or_default();
    let item = |item: &Item| match item {
        Item::Sample(s) => {
            let step = match &s.step {
                Step::Absolute => String::new(),
                Step::Added => " added".to_owned(),
                Step::OneOf(share) if *share == 1.0 => String::new(),
                Step::OneOf(share) => format!(" x{share}"),
                Step::Member(member) => format!(" member {member}"),
            };
            let semantics = if s.semantics == Semantics::Gauge { "" } else { s.semantics.name() };
            let words =
                [semantics, &s.unit, &s.doc].map(|word| if word.is_empty() { "".into() } else { format!(" {word}") });
            format!("{}={}{step}{}{}", s.name, s.value, words.concat(), stamp(&s.time))
        }
        Item::Log(log) => {
            let level = log.level.map_or("-", Level::name);
            format!("log {level} {}: {}{}", log.domain.as_deref().unwrap_or("-"), log.message, stamp(&log.time))
        }
        Item::Mark(m) => {
            let of = [&m.group, &m.name, &m.message, &m.id].map(String::as_str).join("/");
            format!("mark {:?} {of} {:?} {:?}{}", m.edge, m.pid, m.tid, stamp(&m.time))
        }
        Item::Family(f) => format!("family {} {:?} {:?} {:?}", f.name, f.of, f.unit, f.doc),
    };
    match parse(line) {
        Ok(items) => items.iter().map(item).collect::<Vec<_>>().join("; "),
        Err(why) => format!("! {}", why.kind()),
    }
}

fn check(table: &[(&str, &str)]) {
    for (line, expected) in table {
        assert_eq!(said(line), *expected, "{line}");
    }
}

#[test]
fn bare_lines() {
    check(&[
        ("app.cache.hits 3", "app.cache.hits=3"),
        ("  load\t1.5  1795418299.5 \r", "load=1.5 @1795418299500000000"),
        ("requests_total 7", "requests_total=7 counter"),
        ("heap_bytes -1e3", "heap_bytes=-1000 bytes"),
        ("x NaN", "! lines without a finite number"),
        ("x +Inf", "! lines without a finite number"),
        ("x 5x", "! lines without a finite number"),
        ("x 5 soon", "! lines without a finite number"),
        ("connection refused", "! lines of no known format"),
        ("a b c d", "! lines of no known format"),
        ("alone", "! lines of no known format"),
        ("", ""),
        ("# a remark", ""),
    ]);
}

#[test]
fn influx_lines() {
    check(&[
        (
            "cpu,host=a,core=0 user=3i,system=2.5 1795418299397651792",
            "cpu.user.core=0.host=a=3 @1795418299397651792000000000; \
             cpu.system.core=0.host=a=2.5 @1795418299397651792000000000",
        ),
        (r"disk\ io,dev=a\,b\=c read=1u", "disk_io.read.dev=a,b=c=1"),
        ("door open=true,locked=F", "door.open=1; door.locked=0"),
        (r#"app state="say \"hi\", a=b",n=1"#, r#"log - app.state: say "hi", a=b; app.n=1"#),
        ("cpu,broken user=1", "! lines of no known format"),
        ("cpu user=", "! lines without a finite number"),
        ("cpu user=1,", "cpu.user=1"),
        ("cpu user=1 late", "! lines without a finite number"),
        ("=1 =1", "! lines without a usable name"),
    ]);
}

#[test]
fn statsd_lines() {
    check(&[
        ("hits:1|c", "hits=1 added counter"),
        ("app.hits:2|c|@0.1|#shard:3,hot", "app.hits.hot=true.shard=3=20 added counter"),
        ("queue:17|g", "queue=17"),
        ("queue:-3|g", "queue=-3 added"),
        ("queue:+3|g", "queue=3 added"),
        ("load:320|ms", "load=320 discrete ms"),
        ("load:1:2|h|@0.5", "load=1 x2 discrete; load=2 x2 discrete"),
        ("size:5|d|T1656581400|c:abc", "size=5 discrete @1656581400000000000"),
        ("users:al:ice|s", "users=0 member al:ice members"),
        ("hits:many|c", "! lines without a finite number"),
        ("hits:1|c|@0", "! lines without a finite number"),
        (":1|c", "! lines without a usable name"),
        ("hits:1|x", "! lines of no known format"),
        (r"_e{5,4}:title|te\n|t:error", "log error event: title: te\n"),
        ("_e{99,4}:title|text", "! lines of no known format"),
        ("_sc|db|2|m:down", "log error check: db: down"),
    ]);
}

#[test]
fn openmetrics_lines() {
    check(&[
        (
            r#"http_requests_total{method="po\"st",code="2.0 0"} 17 1795418299397"#,
            r#"http_requests_total.code=2_0_0.method=po"st=17 counter @1795418299397000000000"#,
        ),
        ("up{} 1", "up=1"),
        ("up {a=\"}\",} 1 # {trace=\"x\"} 5 1.2", "up.a=}=1"),
        (r#"rpc_seconds_bucket{le="0.5",job="a"} 3"#, "rpc_seconds.bucket.job=a.le=0_5=3 counter"),
        (r#"rpc_seconds{quantile="0.99"} 3"#, "rpc_seconds.p99=3 s"),
        (r#"rpc_seconds{quantile="0.999"} 3"#, "rpc_seconds.p99_9=3 s"),
        (r#"up{a="b} 1"#, "! lines of no known format"),
        (r#"up{a="b"} x"#, "! lines without a finite number"),
        (r#"up{a="b"} 1 2 3"#, "! lines of no known format"),
        ("# HELP up Whether\\nit is.", r#"family up None None Some("Whether it is.")"#),
        ("# TYPE up gauge", r#"family up Some("gauge") None None"#),
        ("# UNIT rpc_seconds seconds", r#"family rpc_seconds None Some("seconds") None"#),
        ("# EOF", ""),
    ]);
}

#[test]
fn json_lines() {
    check(&[
        (r#"{"rss": 5, "cpu": {"user": [1, true]}}"#, "cpu.user.0=1; cpu.user.1=1; rss=5"),
        (
            r#"{"name":"app.hits","value":3,"type":"counter","unit":"1","doc":"Hits.","time":1.5,"tags":{"n":2}}"#,
            "app.hits.n=2=3 counter 1 Hits. @1500000000",
        ),
        (
            r#"{"fields":{"a":1,"s":"x"},"name":"m","tags":{"h":"b"},"timestamp":1795418299}"#,
            "m.a.h=b=1 @1795418299000000000; log - m.s.h=b: x @1795418299000000000",
        ),
        (r#"{"level":"WARN","msg":"slow","ms":3,"logger":"db"}"#, "log warning db: slow ms=3"),
        (r#"{"level":30,"msg":"up","time":1795418299397}"#, "log info -: up @1795418299397000000000"),
        (
            r#"{"begin":"load","id":7,"group":"app","message":"x","pid":1,"tid":2}"#,
            "mark Begin app/load/x/7 Some(1) Some(2)",
        ),
        (r#"{"end":"load","id":7,"ts":1}"#, "mark End /load//7 None None @1000000000"),
        (r#"{"mark":"frame","duration_ns":16}"#, "mark Whole(16) /frame// None None"),
        (r#""all is well""#, "log - -: all is well"),
        (r#"[{"a":1},{"b":2}]"#, "a=1; b=2"),
        (r#"{"a":null}"#, "! lines of unreadable JSON"),
        (r#"{"a":1"#, "! lines of unreadable JSON"),
        ("[1]", "! lines of unreadable JSON"),
        (r#"{"a":1e999}"#, "! lines of unreadable JSON"),
    ]);
    let deep = format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100));
    assert_eq!(said(&deep), "! lines without a usable name");
}

/// Feeds lines that all came at 1000, and gives the rows, what was lost, and the notes.
fn fed(lines: &[&str]) -> (Vec<String>, Vec<String>) {
    let (mut outlet, seen) = Outlet::to_memory("test");
    let mut feed = Feed::new(7);
    lines.iter().for_each(|line| feed.line(&mut outlet, 1000, line));
    feed.finish(&mut outlet);
    outlet.flush();
    let messages = seen.messages();
    let told = |message: &Message| match message {
        Message::Dropped { kind, count, .. } => Some(format!("{count} {kind}")),
        Message::Note { text, .. } => Some(text.clone()),
        Message::Name(info) => Some(format!("{} {} {} {}", info.name, info.semantics.name(), info.unit, info.doc)),
        _ => None,
    };
    let told = messages.iter().filter_map(told).collect();
    (Seen::readable(&messages), told)
}

#[test]
fn steps_add_up_and_sets_are_counted() {
    let (rows, _) = fed(&["h:1|c", "h:2|c|@0.5", "g:5|g", "g:-2|g", "s:a|s", "s:a|s", "s:b|s", "t:3|ms|@0.25"]);
    let values = ["h value=1", "h value=5", "g value=5", "g value=3", "s value=1", "s value=1", "s value=2"];
    let mut expected: Vec<_> = values.iter().map(|value| format!("counters 1000 7/0 {value}")).collect();
    expected.extend(["counters 1000 7/0 t value=3".into(), "counters 1000 7/0 t.count value=4".into()]);
    assert_eq!(rows, expected);
}

#[test]
fn families_tell_about_what_follows() {
    let (rows, told) = fed(&[
        "# TYPE rpc_seconds histogram",
        "# HELP rpc_seconds How long.",
        r#"rpc_seconds_bucket{le="+Inf"} 3"#,
        r#"rpc_seconds_sum{a="b"} 4.5"#,
        "rpc_seconds_count 3",
        "# TYPE hits counter",
        "# UNIT hits clicks",
        "hits_total 1",
    ]);
    let values = ["rpc_seconds.bucket.le=+Inf value=3", "rpc_seconds.sum.a=b value=4.5", "rpc_seconds.count value=3"];
    let values = values.iter().chain(&["hits_total value=1"]).map(|value| format!("counters 1000 7/0 {value}"));
    assert_eq!(rows, values.collect::<Vec<_>>());
    assert_eq!(
        told,
        [
            "rpc_seconds.bucket.le=+Inf counter  How long.",
            "rpc_seconds.sum.a=b counter s How long.",
            "rpc_seconds.count counter  How long.",
            "hits_total counter clicks ",
        ]
    );
}

#[test]
fn spans_are_joined_and_those_that_never_end_are_kept() {
    let begin = now();
    let (later, end) = (begin + 1, begin + 4000);
    let (rows, told) = fed(&[
        &format!(r#"{{"begin":"a","id":1,"time":{begin}}}"#),
        &format!(r#"{{"begin":"a","id":2,"group":"app","time":{later}}}"#),
        &format!(r#"{{"end":"a","id":1,"message":"done","time":{end}}}"#),
        r#"{"end":"b"}"#,
        r#"{"mark":"m","duration_ns":5,"pid":8,"tid":9}"#,
    ]);
    assert_eq!(
        rows,
        [
            &*format!("marks {begin}+4000 7/7 group=test name=a message=done"),
            "marks 1000+5 8/9 group=test name=m",
            &*format!("marks {later}+? 7/7 group=app name=a"),
        ]
    );
    assert_eq!(told, ["1 ends of spans that had not begun"]);
}

#[test]
fn what_cannot_be_read_is_counted_and_noted_once() {
    let (rows, told) = fed(&["hello there world", "more of it", "x 1 12345678901234567890", "x NaN"]);
    assert_eq!(rows, ["counters 1000 7/0 x value=1"]);
    assert!(told[0].starts_with("test: lines of no known format, as \"hello there world\""), "{told:?}");
    assert_eq!(told.iter().filter(|told| told.contains("lines of no known format")).count(), 2);
    assert!(told.contains(&"2 lines of no known format".to_owned()), "{told:?}");
    assert!(told.contains(&"1 times that lie over ten minutes away".to_owned()), "{told:?}");
}

proptest! {
    #[test]
    fn any_line_is_read_or_refused(line in "\\PC{0,80}") {
        let _ = parse(&line);
    }

    #[test]
    fn lines_of_the_formats_own_characters_are_read_or_refused(line in "[a-z_.:|@#,={}\"\\\\ 0-9+\\-TeN\\[\\]]{0,60}") {
        for item in parse(&line).unwrap_or_default() {
            if let Item::Sample(sample) = item {
                prop_assert!(sample.value.is_finite() && !sample.name.is_empty(), "{sample:?}");
                prop_assert!(!sample.name.contains(char::is_whitespace), "{sample:?}");
            }
        }
    }

    #[test]
    fn a_number_goes_through_unharmed(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
        for line in [format!("a {value:?}"), format!("a b={value:?}"), format!("{{\"a\":{value:?}}}")] {
            let items = parse(&line).unwrap();
            let Item::Sample(sample) = &items[0] else { panic!("{line}") };
            // serde_json may differ in the last digit without its feature `float_roundtrip`.
            // Below the least normal number digits are fewer.
            prop_assert!((sample.value - value).abs() <= value.abs().max(f64::MIN_POSITIVE) * 1e-15, "{line}");
        }
    }
}
