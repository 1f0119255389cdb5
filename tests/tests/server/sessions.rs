//! What clients get of sessions, and what they are refused.

use std::os::unix::fs::symlink;

use perfkit_tests::process::Guarded;
use perfkit_tests::{bins, query, wait};
use serde_json::json;

use crate::agent::{Agent, folder, program, put};

#[test]
fn a_session_is_listed_described_asked_marked_and_removed() {
    let folder = folder();
    let path = put(folder.path(), "a b");
    let agent = Agent::start(folder.path(), &[]);
    let about = agent.get("/v1/agent").json();
    assert!(about["features"].as_array().unwrap().contains(&json!("sessions")), "{about}");
    assert_eq!(agent.get("/v1/sessions").json()["sessions"][0]["name"], "a b");
    let session = agent.get("/v1/sessions/a%20b").json();
    assert_eq!((&session["recording"], &session["open"]), (&json!(false), &json!(false)), "{session}");
    let series = agent.get("/v1/sessions/a%20b/series").json();
    let syscalls = series["series"].as_array().unwrap().iter().find(|series| series["name"] == "syscalls").unwrap();
    assert_eq!(syscalls["rows"], 10_000);
    let report = agent.get("/v1/sessions/a%20b/report").json();
    assert_eq!((report["session"].as_str(), &report["frames"]["slow"]), (Some("a b"), &json!(0)));
    assert!(agent.get("/v1/sessions/a%20b/names?prefix=x&limit=3").json()["names"].as_array().unwrap().is_empty());

    let marks = "/v1/sessions/a%20b/bookmarks";
    let made = agent.ask("POST", marks, &[], r#"{"time": 5, "duration": 2, "text": "here"}"#);
    let bookmark = json!({"id": 1, "time": 5, "duration": 2, "text": "here"});
    assert_eq!(
        (made.status, made.json(), made.header("location").unwrap()),
        (201, bookmark, "/v1/sessions/a%20b/bookmarks/1")
    );
    assert_eq!(agent.get(marks).json()["bookmarks"].as_array().unwrap().len(), 1);
    assert_eq!(query(&path, "SELECT text FROM bookmarks").unwrap()[0].text("text"), "here");
    assert_eq!(agent.ask("DELETE", "/v1/sessions/a%20b/bookmarks/1", &[], "").status, 200);
    assert_eq!(agent.ask("DELETE", "/v1/sessions/a%20b/bookmarks/1", &[], "").status, 404);
    assert_eq!(agent.ask("POST", marks, &[], r#"{"time": 5, "duration": -2}"#).status, 400);

    assert_eq!(agent.ask("DELETE", "/v1/sessions/a%20b", &[], "").status, 204);
    assert!(!path.exists());
    assert_eq!(agent.get("/v1/sessions/a%20b").status, 404);
}

#[test]
fn questions_are_answered_exactly_and_do_nothing_else() {
    let folder = folder();
    let path = put(folder.path(), "a");
    let agent = Agent::start(folder.path(), &["--request-timeout", "2"]);
    let ask = |body: &str, headers: &[&str]| agent.ask("POST", "/v1/sessions/a/query", headers, body);
    let body = r#"{"sql": "SELECT ?1 + count(*) AS n, :x AS x FROM syscalls", "params": [1, "y"]}"#;
    assert_eq!(
        ask(body, &[]).json(),
        json!({"columns": ["n", "x"], "rows": [[10_001, "y"]], "more": false, "damaged": []})
    );
    let body = r#"{"sql": "SELECT time FROM syscalls", "limit": 2}"#;
    let answer = ask(body, &[]).json();
    assert_eq!((answer["rows"].as_array().unwrap().len(), &answer["more"]), (2, &json!(true)));

    let lines = "Accept: application/x-ndjson";
    let answer = ask(r#"{"sql": "SELECT time FROM syscalls"}"#, &[lines]);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let text = answer.text();
    assert_eq!(text.lines().count(), 10_002);
    assert_eq!(text.lines().last(), Some(r#"{"damaged":[],"more":false,"rows":10000}"#));
    // An error in the midst of it is its last line.
    let late =
        r#"{"sql": "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT length(zeroblob(i * 10000)) FROM n"}"#;
    let text = ask(late, &[lines]).text();
    assert!(text.lines().last().unwrap().starts_with(r#"{"error":"#), "{}", text.lines().last().unwrap());

    let before = std::fs::read(&path).unwrap();
    for (sql, said) in [
        ("SELECT * FROM syscals", "the query: no such table: syscals (did you mean `syscalls`?)"),
        ("SELEC", "the query: near \"SELEC\": syntax error"),
        ("", "the query: SQL is empty or comment only"),
        ("DELETE FROM main.chunk", "the query: it can only read; give one SELECT"),
        ("PRAGMA journal_mode=wal", "the query: it can only read; give one SELECT"),
        ("BEGIN", "the query: it can only read; give one SELECT"),
        ("SELECT ?", "the query has 1 parameters, and 0 are given"),
    ] {
        let body = json!({ "sql": sql }).to_string();
        for headers in [&[][..], &[lines]] {
            let answer = ask(&body, headers);
            assert_eq!((answer.status, answer.json()["detail"].as_str().unwrap()), (400, said), "{sql}");
        }
    }
    for body in
        ["", "[]", "{", r#"{"sql": 1}"#, r#"{"sql": "SELECT 1", "other": 1}"#, r#"{"sql": "SELECT 1", "limit": -1}"#]
    {
        assert_eq!(ask(body, &[]).status, 400, "{body}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);

    // What never ends is ended, and its reader answers the next one.
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    for _ in 0..3 {
        assert_eq!(agent.query("a", endless).status, 504);
    }
    wait::until("the readers to be free", || {
        (agent.metric("perfkit_agent_pool_lent{pool=\"readers\"}") == 0.0).then_some(())
    })
    .unwrap();
    assert_eq!(agent.query("a", "SELECT count(*) FROM syscalls").json()["rows"], json!([[10_000]]));
}

#[test]
fn a_question_that_takes_the_memory_is_ended() {
    let folder = folder();
    put(folder.path(), "a");
    let agent = Agent::start(folder.path(), &[]);
    // SQLite sorts in memory.
    let large = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000)
                 SELECT i, zeroblob(1000000 + i) AS x FROM n ORDER BY -i";
    let answer = agent.query("a", large);
    assert_eq!((answer.status, answer.json()["code"].as_str()), (422, Some("query.memory")), "{}", answer.text());
    assert_eq!(agent.query("a", "SELECT count(*) FROM syscalls").json()["rows"], json!([[10_000]]));
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let folder = folder();
    let outside = put(folder.path(), "a");
    let elsewhere = folder.path().join("outside.perfkit");
    std::fs::rename(&outside, &elsewhere).unwrap();
    symlink(&elsewhere, folder.path().join("sessions/link.perfkit")).unwrap();
    std::fs::write(folder.path().join("sessions/.hidden.perfkit"), "x").unwrap();
    std::fs::write(folder.path().join("sessions/text.perfkit"), "no session").unwrap();
    let agent = Agent::start(folder.path(), &[]);
    for name in [
        "..%2foutside",
        "%2e%2e%2foutside",
        "../outside",
        "link",
        ".hidden",
        "%2e",
        "..",
        "a%00",
        "%ff",
        "%2fetc%2fpasswd",
    ] {
        for (method, path) in [("GET", ""), ("GET", "/download"), ("DELETE", "")] {
            let answer = agent.ask(method, &format!("/v1/sessions/{name}{path}"), &[], "");
            assert!([400, 404, 405].contains(&answer.status), "{name}{path}: {}", answer.status);
        }
    }
    assert!(elsewhere.exists());
    assert_eq!(
        agent.get("/v1/sessions/text").json()["detail"].as_str().map(|text| text.contains("is no perfkit session")),
        Some(true)
    );
}

#[test]
fn a_session_that_is_being_recorded_is_read_and_left_alone() {
    let folder = folder();
    let path = folder.path().join("sessions/live.perfkit");
    let mut record = program(folder.path());
    record.args(["record", "--quiet", "--with", "output", "-o"]).arg(&path);
    record.args(["--", "sh", "-c", "echo begun; until [ -e go ]; do sleep 0.02; done"]);
    let mut recording = Guarded::spawn(bins::AGENT, &mut record).unwrap();
    wait::until("the session", || path.exists().then_some(())).unwrap();
    let agent = Agent::start(folder.path(), &[]);
    let count = || agent.query("live", "SELECT count(*) FROM logs WHERE message = 'begun'").json();
    wait::until("what is recorded", || (count()["rows"] == json!([[1]])).then_some(())).unwrap();
    assert_eq!(agent.get("/v1/sessions/live").json()["recording"], true);
    let refused = agent.ask("DELETE", "/v1/sessions/live", &[], "");
    assert_eq!((refused.status, refused.json()["code"].as_str()), (409, Some("session.recording")));
    assert_eq!(agent.ask("POST", "/v1/sessions/live/bookmarks", &[], r#"{"time": 5}"#).status, 409);
    // A copy of it as of now is a whole session.
    let copy = folder.path().join("copy.perfkit");
    std::fs::write(&copy, agent.get("/v1/sessions/live/download").body).unwrap();
    assert_eq!(query(&copy, "SELECT count(*) AS n FROM logs").unwrap()[0].int("n"), 1);
    std::fs::write(folder.path().join("go"), "").unwrap();
    assert!(recording.wait().unwrap().success());
    assert!(!folder.path().join("sessions/live.perfkit-wal").exists(), "a reader has kept the recording open");
    assert_eq!(agent.get("/v1/sessions/live").json()["recording"], false);
    assert_eq!(agent.ask("DELETE", "/v1/sessions/live", &[], "").status, 204);
}

#[test]
fn what_is_recorded_has_as_many_descriptors_as_ever() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("access")).unwrap();
    std::fs::write(folder.path().join("access/programs"), "/bin/sh\n/usr/bin/dash\n").unwrap();
    let agent = Agent::start(folder.path(), &[]);
    let wanted = json!({"program": "/bin/sh", "args": ["-c", "ulimit -n"], "with": ["output"], "name": "few"});
    let made = agent.ask("POST", "/v1/recordings", &[], &wanted.to_string());
    assert_eq!(made.status, 201, "{}", made.text());
    let said = || agent.query("few", "SELECT message FROM logs").json();
    wait::until("what it says", || (said()["rows"] == json!([["1024"]])).then_some(())).unwrap();
}
