//! Clients that mean it ill, or know no better: each gets what it deserves, and others do not notice.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};

use perfkit_tests::wait;

use crate::agent::{Agent, Answer, folder, put, wait_for_end};

/// How many of them at once.
const MANY: usize = 50;

#[test]
fn a_head_that_does_not_come_to_its_end_closes_the_connection() {
    let folder = folder();
    let agent = Agent::start(folder.path(), &["--idle-timeout", "1"]);
    let mut slow: Vec<TcpStream> = (0..MANY).map(|_| agent.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ").unwrap();
    }
    // A letter now and then does not help.
    wait::until("all of them to be closed", || {
        agent.is_well();
        slow.retain_mut(|stream| stream.write_all(b"a").is_ok());
        slow.is_empty().then_some(())
    })
    .unwrap();
    assert!(agent.metric("perfkit_agent_connections_broken_total") >= MANY as f64);
}

#[test]
fn a_body_that_does_not_come_to_its_end_is_given_up() {
    let folder = folder();
    put(folder.path(), "a");
    let agent = Agent::start(folder.path(), &["--stall-timeout", "1"]);
    let mut slow: Vec<TcpStream> = (0..MANY).map(|_| agent.connect()).collect();
    for stream in &mut slow {
        let head = agent.head("POST", "/v1/sessions/a/query");
        stream.write_all(format!("{head}Content-Length: 100\r\n\r\n{{\"sql\"").as_bytes()).unwrap();
    }
    agent.is_well();
    for stream in slow {
        assert_eq!(Answer::read(&mut BufReader::new(stream)).unwrap().status, 408);
    }
    agent.is_well();
}

#[test]
fn one_that_goes_away_leaves_nothing_behind() {
    let folder = folder();
    put(folder.path(), "a");
    let agent = Agent::start(folder.path(), &[]);
    let endless =
        r#"{"sql": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"}"#;
    let lines = "Accept: application/x-ndjson\r\n";
    for (at, accept) in ["", lines, "", lines].into_iter().enumerate() {
        let mut stream = agent.connect();
        let head = agent.head("POST", "/v1/sessions/a/query");
        stream
            .write_all(format!("{head}{accept}Content-Length: {}\r\n\r\n{endless}", endless.len()).as_bytes())
            .unwrap();
        wait::until("the question to be worked at", || {
            (agent.metric("perfkit_agent_pool_lent{pool=\"readers\"}") > 0.0).then_some(())
        })
        .unwrap();
        // Half of it, or all.
        stream.shutdown(if at < 2 { Shutdown::Write } else { Shutdown::Both }).unwrap();
        wait::until("the reader to be given back", || {
            (agent.metric("perfkit_agent_pool_lent{pool=\"readers\"}") == 0.0).then_some(())
        })
        .unwrap();
    }
    wait::until("the connections to be closed", || {
        (agent.metric("perfkit_agent_connections_open") == 1.0).then_some(())
    })
    .unwrap();
}

#[test]
fn what_is_too_large_is_refused() {
    let folder = folder();
    put(folder.path(), "a");
    let agent = Agent::start(folder.path(), &["--max-body", "1000"]);
    let send = |text: &str| {
        let mut stream = agent.connect();
        // It may be closed before all is written.
        let _ = stream.write_all(text.as_bytes());
        Answer::read(&mut BufReader::new(stream))
    };
    let status = |answer: Option<Answer>| answer.map(|answer| answer.status);
    // Whoever refuses to read more may also close at once.
    let refused =
        |status: Option<u16>, expected: u16| assert!(status.is_none_or(|status| status == expected), "{status:?}");
    refused(status(send(&format!("{}X-A: {}\r\n\r\n", agent.head("GET", "/healthz"), "a".repeat(100 << 10)))), 431);
    let headers: String = (0..100).map(|at| format!("X-{at}: a\r\n")).collect();
    assert_eq!(status(send(&format!("{}{headers}\r\n", agent.head("GET", "/healthz")))), Some(431));
    refused(status(send(&format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(70_000)))), 431);
    let post = agent.head("POST", "/v1/sessions/a/query");
    let told = send(&format!("{post}Content-Length: 1001\r\n\r\n{}", " ".repeat(1001))).unwrap();
    assert_eq!(
        (told.status, told.json()["detail"].as_str()),
        (413, Some("the body has more than 1000 bytes, which is the limit"))
    );
    let huge = send(&format!("{post}Content-Length: 99999999999999\r\n\r\n")).unwrap();
    assert_eq!(huge.status, 413);
    let chunk = format!("100\r\n{}\r\n", "a".repeat(256));
    assert_eq!(status(send(&format!("{post}Transfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(8)))), Some(413));
    agent.is_well();
}

#[test]
fn what_is_no_request_is_no_harm() {
    let folder = folder();
    put(folder.path(), "a");
    let agent = Agent::start(folder.path(), &["--idle-timeout", "2"]);
    let post = |rest: &str| format!("{}{rest}", agent.head("POST", "/v1/sessions/a/query")).into_bytes();
    let malformed: Vec<Vec<u8>> = vec![
        b"\0\0\0\0\0\0\0\0\r\n\r\n".to_vec(),
        b"\r\n\r\n\r\n\r\n\r\nx\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 no TLS here\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"GET  /healthz  HTTP/1.1\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\nHost x\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\nX: a\0b\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\n folded: x\r\n\r\n".to_vec(),
        post("Content-Length: -1\r\n\r\n"),
        post("Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}"),
        post("Content-Length: x\r\n\r\n"),
        post("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"),
        post("Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        post("Transfer-Encoding: gzip\r\n\r\n{}"),
        // One request in another's body.
        post("Content-Length: 60\r\n\r\nDELETE /v1/sessions/a HTTP/1.1\r\nHost: x\r\n\r\n"),
    ];
    for bytes in malformed {
        let mut stream = agent.connect();
        stream.write_all(&bytes).unwrap();
        let _ = stream.shutdown(Shutdown::Write);
        let mut said = Vec::new();
        // It is closed, with or without a word.
        let _ = stream.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said);
        let shown = String::from_utf8_lossy(&bytes);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4") || said.starts_with("HTTP/1.1 5"), "{shown}: {said}");
        assert_eq!(said.matches("HTTP/1.1").count(), usize::from(!said.is_empty()), "{shown}: {said}");
    }
    agent.is_well();
    assert_eq!(agent.get("/v1/sessions/a").status, 200);
}

#[test]
fn requests_that_come_together_are_answered_in_their_order() {
    let folder = folder();
    put(folder.path(), "a");
    let agent = Agent::start(folder.path(), &[]);
    let mut stream = agent.connect();
    let paths = ["/healthz", "/v1/sessions", "/nowhere", "/v1/sessions/a/series"];
    let all: String = (0..200).map(|at| agent.head("GET", paths[at % paths.len()]) + "\r\n").collect();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let writer = std::thread::spawn(move || stream.write_all(all.as_bytes()).map(|()| stream));
    for at in 0..200 {
        let answer = Answer::read(&mut reader).unwrap();
        assert_eq!(answer.status, if at % paths.len() == 2 { 404 } else { 200 });
        let text = answer.text();
        assert!(
            [text == "ok\n", text.contains("\"sessions\""), text.contains("/nowhere"), text.contains("\"series\"")]
                [at % 4],
            "{text}"
        );
    }
    let mut stream = writer.join().unwrap().unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    wait_for_end(&mut stream);
}
