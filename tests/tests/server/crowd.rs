//! Ten thousand connections at once.

use std::io::{BufReader, Write};
use std::net::TcpStream;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use perfkit_tests::wait;

use crate::agent::{Agent, Answer, folder};

const MANY: usize = 10_000;
/// Descriptors that tests need besides.
const SPARE: u64 = 200;

#[test]
fn ten_thousand_are_held_and_others_answered() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if hard < MANY as u64 + SPARE {
        println!("skipped: a process may have {hard} descriptors here");
        return;
    }
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let folder = folder();
    // It raises its own number itself.
    let agent = Agent::start(folder.path(), &[]);
    let asked = agent.head("GET", "/healthz") + "\r\n";
    let mut all: Vec<TcpStream> = Vec::new();
    for at in 0..MANY {
        let mut stream = agent.connect();
        // Some say nothing, some half of it, the others are answered and stay.
        let said = match at % 3 {
            0 => "",
            1 => &asked[..20],
            _ => &asked,
        };
        stream.write_all(said.as_bytes()).unwrap();
        if at % 3 == 2 {
            assert_eq!(Answer::read(&mut BufReader::new(&stream)).unwrap().status, 200);
        }
        all.push(stream);
        if at % 1000 == 0 {
            agent.is_well();
        }
    }
    agent.is_well();
    drop(all);
    wait::until("all of them to be gone", || (agent.metric("perfkit_agent_connections_open") == 1.0).then_some(()))
        .unwrap();
    assert!(agent.metric("perfkit_agent_connections_accepted_total") >= MANY as f64);
}

#[test]
fn more_than_may_be_are_closed_at_once() {
    let folder = folder();
    let agent = Agent::start(folder.path(), &["--max-connections", "10"]);
    let all: Vec<TcpStream> = (0..30).map(|_| agent.connect()).collect();
    let asked = agent.head("GET", "/healthz") + "\r\n";
    let answered = |mut stream: &TcpStream| {
        stream.write_all(asked.as_bytes()).is_ok()
            && Answer::read(&mut BufReader::new(stream)).is_some_and(|answer| answer.status == 200)
    };
    assert_eq!(all.iter().filter(|stream| answered(stream)).count(), 10);
    drop(all);
    wait::until("room", || TcpStream::connect(agent.address).ok().filter(answered)).unwrap();
}
