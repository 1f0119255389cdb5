//! A Python script in every format, one that dies, one that is run at each beat.

use super::{record_until, script, shell};

#[test]
fn a_python_script_speaks_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = script(
        folder.path(),
        "watch.py",
        r##"#!/usr/bin/python3
import json, os, sys, time
pid, rate = os.environ["PERFKIT_PID"], os.environ["PERFKIT_RATE"]
print("app.pid", pid)
print("app.rate", rate)
print("cpu,core=0 user=3i", time.time_ns())
print("# HELP hits_total Hits.\n# TYPE hits_total counter")
print('hits_total{code="200"} 17', time.time())
print("queue:3|g\nqueue:+2|g")
print(json.dumps({"heap": {"used": 5}, "time": time.monotonic()}))
print(json.dumps({"begin": "load", "id": 1, "pid": int(pid), "time": time.monotonic_ns()}))
time.sleep(0.05)
print(json.dumps({"end": "load", "id": 1, "message": sys.argv[1], "time": time.monotonic_ns()}))
print(json.dumps({"level": "warning", "msg": "careful", "logger": "watch"}))
print("what is this line?")
print("and an error", file=sys.stderr)
time.sleep(60)
"##,
    );
    let spec = format!("script:{path} 'two words'@5Hz");
    let seen = record_until(&[&spec], shell("exec sleep 60"), |rows| rows.iter().any(|row| row.contains("an error")));
    let pid = seen.values("app.pid")[0] as i32;
    assert!(pid > 1);
    assert_eq!(seen.values("app.rate"), [5.0]);
    assert_eq!(seen.values("cpu.user.core=0"), [3.0]);
    assert_eq!(seen.values("hits_total.code=200"), [17.0]);
    assert_eq!(seen.values("queue"), [3.0, 5.0]);
    assert_eq!(seen.values("heap.used"), [5.0]);
    assert!(seen.has_told("doc: \"Hits.\""), "{:?}", seen.told);
    let mark = seen.rows.iter().find(|row| row.starts_with("marks ")).unwrap();
    assert!(mark.ends_with(&format!("{pid}/{pid} group=script name=load message=two words")), "{mark}");
    let duration: i64 = mark.split(['+', ' ']).nth(2).unwrap().parse().unwrap();
    assert!((50_000_000..5_000_000_000).contains(&duration), "{mark}");
    // Every way of writing the time lands on the one clock: all within the script's short life.
    let times = |what: &str| -> i64 {
        seen.rows.iter().find(|row| row.contains(what)).unwrap().split([' ', '+']).nth(1).unwrap().parse().unwrap()
    };
    let begin = times("app.pid");
    for what in ["cpu.user", "hits_total", "heap.used", "name=load"] {
        let apart = times(what) - begin;
        assert!(apart.abs() < 1_000_000_000, "{what} is {apart} ns from the script's first line");
    }
    assert_eq!(seen.with("careful"), ["logs 0/0 source=script level=warning domain=watch message=careful"]);
    assert!(seen.with("and an error")[0].ends_with("source=script level=info message=and an error"));
    assert!(seen.has_told("1 lines of no known format") && seen.has_told("what is this line?"), "{:?}", seen.told);
    assert!(seen.problems.is_empty(), "{:?}", seen.problems);
}

#[test]
fn a_script_that_dies_is_started_again_and_given_up_at_last() {
    let seen =
        record_until(&["script:sh -c 'echo lives 1; echo bad luck >&2; exit 3'"], shell("exec sleep 60"), |rows| {
            rows.iter().filter(|row| row.contains("lives")).count() >= 3
        });
    assert!(
        seen.has_told("sh exited with status 3: bad luck; it is started again in 0.25 s, 1 of 8"),
        "{:?}",
        seen.told
    );
    assert!(seen.has_told("2 of 8"), "{:?}", seen.told);
}

#[test]
fn a_script_that_prints_once_is_run_at_each_beat() {
    let seen = record_until(&["script:sh -c 'echo runs:1\\|c'@20Hz"], shell("exec sleep 60"), |rows| {
        rows.iter().any(|row| row.ends_with("runs value=5"))
    });
    assert_eq!(seen.values("runs")[..5], [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert!(seen.problems.is_empty(), "{:?}", seen.problems);
}

#[test]
fn hostile_output_is_survived_and_counted() {
    let script = "head -c 300000 /dev/zero | tr '\\0' x; echo; head -c 100000 /dev/urandom; echo; echo after 1; \
                  i=0; while [ $i -lt 1000 ]; do echo \"a b c $i\"; i=$((i+1)); done; echo last 2";
    let seen = record_until(
        &[&format!("script:sh -c {}", shlex::try_quote(script).unwrap())],
        shell("exec sleep 60"),
        |rows| rows.iter().any(|row| row.contains("last value=2")),
    );
    assert_eq!(seen.values("after"), [1.0]);
    assert!(seen.has_told("lines cut"), "{:?}", seen.told);
    let lost =
        |told: &String| told.strip_suffix(" lines of no known format").and_then(|count| count.parse::<u64>().ok());
    assert!(seen.told.iter().filter_map(lost).sum::<u64>() >= 1000, "{:?}", seen.told);
    // The first of a kind is noted, the rest counted.
    assert_eq!(seen.told.iter().filter(|told| told.contains("such lines are counted")).count().min(4), {
        let kinds = ["no known format", "unreadable JSON", "a finite number", "a usable name"];
        kinds.iter().filter(|kind| seen.has_told(kind)).count()
    });
}
