//! Scripts of clients: the same there as here; whatever they do, others are answered; and gone with whoever sent them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use perfkit_tests::process::stdout_of;
use perfkit_tests::{bins, wait};
use serde_json::{Value, json};

use crate::agent::{Agent, Answer, folder, program, put};

const JAVASCRIPT: &str = "Content-Type: text/javascript";

fn run(agent: &Agent, path: &str, source: &str) -> Answer {
    agent.ask("POST", path, &[JAVASCRIPT], source)
}

/// The command, for an agent's session or for all of it.
fn command(folder: &Path, agent: &Agent, session: Option<&str>, script: &Path) -> Command {
    let mut command = program(folder);
    command.arg("script").arg(format!("http://{}", agent.address)).arg(script).env("PERFKIT_TOKEN", &agent.token);
    if let Some(session) = session {
        command.args(["--session", session]);
    }
    command
}

#[test]
fn scripts_give_out_there_what_they_do_here() {
    let folder = folder();
    let session = put(folder.path(), "a b");
    let agent = Agent::start(folder.path(), &[]);
    let mine = folder.path().join("mine.js");
    let source = "print('ä\\n'); emit(session.series()); emit(session.info.facts);
                  for (const row of session.table('syscalls')) emit(row); session.table('syscalls').groupBy('name', 'duration')";
    fs::write(&mine, source).unwrap();
    let examples = fs::read_dir(bins::root().join("data/scripts")).unwrap().map(|entry| entry.unwrap().path());
    let mut seen = 0;
    for script in examples.chain([mine]) {
        let here = stdout_of(program(folder.path()).arg("script").args([&session, &script])).unwrap();
        let there = stdout_of(&mut command(folder.path(), &agent, Some("a b"), &script)).unwrap();
        assert!(here == there, "{}", script.display());
        seen += here.lines().count();
    }
    assert!(seen > 10_000, "{seen}");

    let wrong = folder.path().join("wrong.js");
    for (source, given, said) in [
        ("1 +", "", "wrong.js: line 1: SyntaxError"),
        ("emit(1)\nnothing.at.all", "1\n", "wrong.js: line 2: ReferenceError: nothing is not defined"),
        ("emit({ error: 1 }); for (;;);", "{\"error\":1}\n", "wrong.js: it used up its 0.5 s of processor time"),
    ] {
        fs::write(&wrong, source).unwrap();
        let here = program(folder.path()).args(["script", "--cpu", "0.5"]).args([&session, &wrong]).output().unwrap();
        let there = command(folder.path(), &agent, Some("a b"), &wrong).args(["--cpu", "0.5"]).output().unwrap();
        for output in [here, there] {
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(error.contains(said) && error.lines().count() == 1, "{error}");
            assert_eq!((String::from_utf8_lossy(&output.stdout).as_ref(), output.status.code()), (given, Some(125)));
        }
    }
    fs::write(&wrong, "emit({ error: 1 }); emit({ spent: 1 })").unwrap();
    let output = command(folder.path(), &agent, Some("a b"), &wrong).arg("--spent").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"error\":1}\n{\"spent\":1}\n", "what is the script's own");
    let account = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(account.contains("0 questions that read 0 B, and 24 B given out; "), "{account}");
    let missing = command(folder.path(), &agent, Some("b"), &wrong).output().unwrap();
    assert!(String::from_utf8_lossy(&missing.stderr).contains("there is no session b (404)"));
}

#[test]
fn a_script_over_the_agent_sees_its_sessions_and_what_it_counts() {
    let folder = folder();
    put(folder.path(), "first");
    put(folder.path(), "second");
    let agent = Agent::start(folder.path(), &[]);
    assert_eq!(agent.get("/healthz").status, 200);
    let source = "emit(agent.metrics['agent.requests.class=2xx.module=health']); emit(agent.recordings);
                  emit(sessions.list().map((one) => one.name)); emit(agent.now > 0);
                  for (const { name } of sessions.list()) emit(sessions.open(name).table('syscalls').count());
                  try { sessions.open('third').info } catch (error) { emit(error.message) }
                  try { session.frames.count() } catch (error) { emit(error.message) }";
    let answer = run(&agent, "/v1/script?spent=1", source);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/x-ndjson")));
    let text = answer.text();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = [
        json!(1),
        json!([]),
        json!(["first", "second"]),
        json!(true),
        json!(10_000),
        json!(10_000),
        json!("there is no session third"),
        json!("this script is run over no single session: open one with sessions.open(name)"),
    ];
    assert_eq!(lines[..8], said);
    let spent = &lines[8]["spent"];
    let sent = answer.header("x-perfkit-sent-bytes").unwrap();
    assert_eq!((sent.parse().ok(), answer.header("content-length")), (Some(answer.body.len()), Some(sent)));
    assert_eq!(answer.header("x-perfkit-read-bytes").unwrap(), spent["read"].to_string());
    assert!(spent["read"].as_u64() > Some(160_000) && spent["calls"] == json!(9), "{spent}");

    for (path, headers, source, status, code) in [
        ("/v1/script?cpu=0", JAVASCRIPT, "1", 400, None),
        ("/v1/script?memory=1e12", JAVASCRIPT, "1", 400, None),
        ("/v1/script?spent=yes", JAVASCRIPT, "1", 400, None),
        ("/v1/script", "Content-Type: text/plain", "1", 415, None),
        ("/v1/script", JAVASCRIPT, "1 +", 400, Some("script.syntax")),
        ("/v1/script", JAVASCRIPT, "throw new Error('x')", 422, Some("script.exception")),
        ("/v1/script?output=3", JAVASCRIPT, "emit('long')", 422, Some("script.output")),
        ("/v1/script?calls=1", JAVASCRIPT, "agent.now + agent.now", 422, Some("script.calls")),
        ("/v1/script?wall=0.3&cpu=9", JAVASCRIPT, "for (;;);", 422, Some("script.wall")),
        ("/v1/sessions/third/script", JAVASCRIPT, "1", 404, None),
        ("/v1/sessions/..%2fx/script", JAVASCRIPT, "1", 400, None),
    ] {
        let answer = agent.ask("POST", path, &[headers], source);
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (status, code),
            "{path} {source}: {}",
            answer.text()
        );
    }
    assert_eq!(run(&agent, "/v1/script", &" ".repeat((1 << 20) + 1)).status, 413);
}

#[test]
fn lines_come_while_a_script_runs_and_it_keeps_nobody_from_its_session() {
    let folder = folder();
    put(folder.path(), "a");
    let agent = Agent::start(folder.path(), &[]);
    let source = "emit('begun'); while (session.sql('SELECT count(*) AS n FROM bookmarks')[0].n === 0); emit('marked')";
    let head = agent.head("POST", "/v1/sessions/a/script?calls=100000&cpu=30");
    let mut stream = agent.connect();
    let headers = format!("TE: trailers\r\nConnection: close\r\n{JAVASCRIPT}\r\nContent-Length: {}", source.len());
    stream.write_all(format!("{head}{headers}\r\n\r\n{source}").as_bytes()).unwrap();
    let mut lines = BufReader::new(stream);
    let (mut line, mut head) = (String::new(), String::new());
    while line != "\"begun\"\n" {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "{head}");
        head.push_str(&line.to_lowercase());
    }
    assert!(head.contains("transfer-encoding: chunked") && head.contains("\ntrailer: "), "{head}");
    let marked = agent.ask("POST", "/v1/sessions/a/bookmarks", &[], r#"{"time": 5}"#);
    assert_eq!(marked.status, 201, "{}", marked.text());
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("\"marked\"\n") && rest.contains("\r\nx-perfkit-ended: done\r\n"), "{rest}");
    assert!(rest.contains("\r\nx-perfkit-sent-bytes: 17\r\n") && rest.contains("x-perfkit-read-bytes: "), "{rest}");

    let answer = run(&agent, "/v1/sessions/a/script", "emit(1); for (;;) emit('x'.repeat(100000))");
    let text = answer.text();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(
        (answer.status, &last["error"]["code"], &last["error"]["line"]),
        (200, &json!("script.output"), &json!(null))
    );
}

#[test]
fn bombs_are_ended_while_others_are_answered() {
    let folder = folder();
    put(folder.path(), "a");
    let agent = Agent::start(folder.path(), &[]);
    let bombs = [
        ("for (;;);", "script.cpu"),
        ("while (true) session.frames", "script.cpu"),
        ("new Array(4e9).join('x')", "script.cpu"),
        ("/(a+)+$/.test('a'.repeat(40) + 'b')", "script.cpu"),
        ("const all = []; for (;;) all.push(new Array(1000).fill(1.5))", "script.memory"),
        ("const all = []; for (;;) all.push('x'.repeat(1000) + all.length)", "script.memory"),
        ("const f = () => f() + 1; f()", "script.exception"),
    ];
    std::thread::scope(|scope| {
        let ended: Vec<_> = bombs
            .iter()
            .map(|(source, code)| {
                let agent = &agent;
                (scope.spawn(move || run(agent, "/v1/sessions/a/script?cpu=2", source)), source, code)
            })
            .collect();
        let mut answered = 0;
        while ended.iter().any(|(bomb, ..)| !bomb.is_finished()) {
            agent.is_well();
            answered += 1;
        }
        assert!(answered > 10, "{answered}");
        for (bomb, source, code) in ended {
            // The reply to those that take long has begun when they end.
            let mut said = bomb.join().unwrap().json();
            let said = if said["error"].is_null() { said } else { said["error"].take() };
            assert_eq!(said["code"].as_str(), Some(*code), "{source}: {said}");
        }
    });
    assert_eq!(run(&agent, "/v1/sessions/a/script", "session.table('syscalls').count()").text(), "10000\n");
    assert_eq!(agent.metric("perfkit_agent_script_open"), 0.0);
}

/// The children of a process.
fn children(pid: i32) -> Vec<i32> {
    let stat = |pid: i32| fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let parent = |child: &i32| stat(*child)?.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<i32>().ok();
    all.filter(|child| parent(child) == Some(pid)).collect()
}

/// Ticks of processor time that the busiest of the scripts' processes has used.
fn busiest(agent: &Agent) -> u64 {
    let ticks = |pid: i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(11)?.parse::<u64>().ok()
    };
    let scripts = children(agent.process.pid()).into_iter().flat_map(children);
    scripts.filter_map(ticks).max().unwrap_or(0)
}

#[test]
fn a_script_whose_client_has_gone_is_gone() {
    let folder = folder();
    put(folder.path(), "a");
    let agent = Agent::start(folder.path(), &[]);
    // Before its reply has begun, while it waits for an answer, and while its lines are not read.
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let sources = ["for (;;);".to_owned(), format!("session.sql('{endless}')"), "for (;;) emit(1)".to_owned()];
    for (killed, source) in sources.iter().enumerate() {
        let head = agent.head("POST", "/v1/sessions/a/script?cpu=30&wall=300");
        let mut stream = agent.connect();
        let headers = format!("{JAVASCRIPT}\r\nContent-Length: {}", source.len());
        stream.write_all(format!("{head}{headers}\r\n\r\n{source}").as_bytes()).unwrap();
        let open = |count: f64| (agent.metric("perfkit_agent_script_open") == count).then_some(());
        wait::until("the script", || {
            let lent = agent.metric("perfkit_agent_pool_lent{pool=\"readers\"}");
            match killed {
                0 => (busiest(&agent) > 20).then_some(()),
                1 => (lent == 1.0).then_some(()),
                _ => open(1.0).filter(|()| busiest(&agent) > 0),
            }
        })
        .unwrap_or_else(|error| panic!("{error}: {source}"));
        drop(stream);
        wait::until_within(Duration::from_secs(20), "its end", || open(0.0))
            .unwrap_or_else(|error| panic!("{error}: {source}"));
        wait::until("the end of its process", || (busiest(&agent) < 20).then_some(())).unwrap();
        wait::until("its reader to be free", || {
            (agent.metric("perfkit_agent_pool_lent{pool=\"readers\"}") == 0.0).then_some(())
        })
        .unwrap();
        assert_eq!(agent.metric("perfkit_agent_script_killed_total"), (killed + 1) as f64, "{source}");
    }
    agent.is_well();
}

#[test]
fn scripts_need_their_scope() {
    let folder = folder();
    put(folder.path(), "a");
    let made = [("read", 403), ("read,control", 403), ("script", 200)].map(|(scope, status)| {
        let name = format!("for-{}", scope.replace(',', "-"));
        let mut make = program(folder.path());
        let token = stdout_of(make.args(["token", "make", &name, "--scope", scope, "--access", "access"])).unwrap();
        (scope, status, token)
    });
    let mut agent = Agent::start(folder.path(), &[]);
    for (scope, status, token) in made {
        agent.token = token;
        for path in ["/v1/script", "/v1/sessions/a/script"] {
            assert_eq!(run(&agent, path, "1").status, status, "{scope}: {path}");
        }
    }
    let nobody = Answer::read(&mut BufReader::new({
        let mut stream = agent.connect();
        let text = format!(
            "POST /v1/script HTTP/1.1\r\nHost: {}\r\n{JAVASCRIPT}\r\nContent-Length: 1\r\n\r\n1",
            agent.address
        );
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }));
    assert_eq!(nobody.map(|answer| answer.status), Some(401));
}
