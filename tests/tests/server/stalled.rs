//! Clients that ask for much and read nothing: they are given up, and others are answered meanwhile.

use std::io::Write;

use perfkit_tests::wait;
use serde_json::json;

use crate::agent::{Agent, folder, put};

/// More than there are readers of sessions.
const MANY: usize = 20;

#[test]
fn who_reads_nothing_is_given_up() {
    let folder = folder();
    put(folder.path(), "a");
    let agent = Agent::start(folder.path(), &["--stall-timeout", "2"]);
    let much = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, hex(zeroblob(500)) FROM n";
    let body = json!({ "sql": much }).to_string();
    let head = agent.head("POST", "/v1/sessions/a/query");
    let asked = format!("{head}Accept: application/x-ndjson\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let stalled: Vec<_> = (0..MANY)
        .map(|_| {
            let mut stream = agent.connect();
            stream.write_all(asked.as_bytes()).unwrap();
            stream
        })
        .collect();
    // They hold what they got; others wait for a reader at most as long as they are given.
    agent.is_well();
    let answer = agent.query("a", "SELECT count(*) FROM syscalls");
    assert_eq!(answer.status, 200, "{}", answer.text());
    wait::until("their connections to be closed", || {
        (agent.metric("perfkit_agent_connections_open") == 1.0).then_some(())
    })
    .unwrap();
    wait::until("their readers to be given back", || {
        (agent.metric("perfkit_agent_pool_lent{pool=\"readers\"}") == 0.0).then_some(())
    })
    .unwrap();
    drop(stalled);
}
