//! What the agent's server does with recordings: each test a server of its own at a socket, asked as programs ask it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use http::Method;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use perfkit_agent::client::{Client, Options, wait};
use perfkit_agent::session::{Query, Session};
use serde_json::{Value, json};

/// How long anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// An agent that serves, in a folder of its own.
struct Agent {
    folder: tempfile::TempDir,
    child: Child,
}

impl Agent {
    fn start() -> Agent {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_perfkit-agent"));
        command.arg("serve").arg("--listen").arg(format!("unix:{}", folder.path().join("socket").display()));
        command.arg("--sessions").arg(folder.path().join("sessions")).arg("--access").arg(folder.path().join("access"));
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        while !lines.next().unwrap().unwrap().contains("listening at") {}
        // What it says later is read, so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Agent { folder, child }
    }

    fn client(&self) -> Client {
        let url = format!("unix:{}", self.folder.path().join("socket").display());
        Client::new(url.parse().unwrap(), &Options::default()).unwrap()
    }

    fn get(&self, path: &str) -> Value {
        wait(async { self.client().get(path).await }).unwrap()
    }

    fn ask(&self, method: Method, path: &str, body: &Value) -> perfkit_agent::Result<Value> {
        wait(async { self.client().ask(method, path).json(body).send().await?.json().await })
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.ask(Method::POST, path, body).unwrap()
    }

    fn session(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("sessions/{name}.perfkit"))
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn number(session: &Path, sql: &str) -> i64 {
    Query::open(session).unwrap().db().query_row(sql, [], |row| row.get(0)).unwrap()
}

fn lives(pid: &Value) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

#[test]
fn a_recording_is_begun_paused_marked_and_stopped() {
    let agent = Agent::start();
    assert!(agent.get("/v1/sources").as_array().unwrap().iter().any(|source| source["name"] == "proc"));
    let wanted = json!({"program": "sleep", "args": ["600"], "with": ["proc:process@50Hz"], "name": "a b"});
    let begun = agent.post("/v1/recordings", &wanted);
    assert_eq!((&begun["name"], &begun["state"]), (&json!("a b"), &json!("recording")));
    let taken = agent.ask(Method::POST, "/v1/recordings", &wanted).unwrap_err().to_string();
    assert!(taken.contains("(409)"), "{taken}");
    let one = "/v1/recordings/a%20b";
    until("rows come", || agent.get(one)["rows"].as_u64() > Some(20));
    let pid = agent.get(one)["pid"].clone();
    assert!(lives(&pid) && agent.get("/v1/targets").as_array().unwrap().iter().any(|other| other["pid"] == pid));
    assert_eq!(agent.post(&format!("{one}/pause"), &json!({}))["state"], "paused");
    assert_eq!(agent.get(one)["state"], "paused");
    assert_eq!(agent.post(&format!("{one}/resume"), &json!({}))["state"], "recording");
    agent.post(&format!("{one}/bookmark"), &json!({"text": "here"}));
    let ended = agent.post(&format!("{one}/stop"), &json!({}));
    assert_eq!((&ended["state"], &ended["exit"], &ended["problems"]), (&json!("ended"), &json!(0), &json!([])));
    assert!(!lives(&pid));
    let late = agent.ask(Method::POST, &format!("{one}/pause"), &json!({})).unwrap_err().to_string();
    assert!(late.contains("the recording a b is over (409)"), "{late}");
    let session = agent.session("a b");
    assert_eq!(number(&session, "SELECT count(*) FROM bookmarks WHERE text = 'here'"), 1);
    assert_eq!(number(&session, "SELECT count(*) FROM main.meta WHERE key = 'closed'"), 1);
    assert!(number(&session, "SELECT count(*) FROM counters") > 20);
}

#[test]
fn rates_change_while_a_recording_goes_on() {
    let agent = Agent::start();
    agent.post("/v1/recordings", &json!({"program": "sleep", "args": ["600"], "with": ["proc@1Hz"], "name": "a"}));
    let slow = agent.ask(Method::PATCH, "/v1/recordings/a/rates", &json!({"proc": 5000})).unwrap_err().to_string();
    assert!(slow.contains("at most 1000 times a second"), "{slow}");
    let told = agent.ask(Method::PATCH, "/v1/recordings/a/rates", &json!({"proc": 100})).unwrap();
    assert_eq!(told["state"], "recording");
    until("the rate is told", || agent.get("/v1/recordings/a")["rates"] == json!({"proc": 100.0}));
    std::thread::sleep(Duration::from_secs(3));
    agent.post("/v1/recordings/a/stop", &json!({}));
    // The machine switches between threads from each look to the next.
    let looks = number(&agent.session("a"), "SELECT count(*) FROM counters WHERE name = 'system.switches'");
    let seconds = number(&agent.session("a"), "SELECT (max(time) - min(time)) / 1000000000 + 1 FROM counters");
    assert!(looks > 10 * seconds, "{looks} looks in {seconds} s");
}

#[test]
fn rows_are_seen_live_as_they_come() {
    let agent = Agent::start();
    agent.post("/v1/recordings", &json!({"program": "sleep", "args": ["600"], "with": ["proc@20Hz"], "name": "a"}));
    let path = "/v1/recordings/a/live?series=counters";
    let text = wait(async {
        let client = agent.client();
        let mut live = client.ask(Method::GET, path).send().await?;
        let mut text = live.next().await?.unwrap().to_vec();
        client.post::<Value>("/v1/recordings/a/stop", &json!({})).await?;
        while let Some(piece) = live.next().await? {
            text.extend_from_slice(&piece);
        }
        Ok(String::from_utf8(text).unwrap())
    })
    .unwrap();
    let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert!(text.starts_with("event: rows\nid: "), "{text}");
    assert_eq!((&data["series"], data["rows"][0].as_array().unwrap().len()), (&json!("counters"), 5));
    assert!(text.ends_with("event: end\ndata: {}\n\n"));
}

#[test]
fn the_end_of_the_server_stops_recordings_and_closes_their_sessions() {
    let mut agent = Agent::start();
    let begun =
        agent.post("/v1/recordings", &json!({"program": "sleep", "args": ["600"], "with": ["proc"], "name": "a"}));
    until("rows come", || agent.get("/v1/recordings/a")["rows"].as_u64() > Some(0));
    agent.signal(Signal::SIGTERM);
    assert!(agent.child.wait().unwrap().success());
    assert_eq!(number(&agent.session("a"), "SELECT count(*) FROM main.meta WHERE key = 'closed'"), 1);
    assert_eq!(begun["state"], "recording");
}

#[test]
fn nothing_that_was_committed_is_lost_where_the_agent_is_killed() {
    let mut agent = Agent::start();
    agent.post(
        "/v1/recordings",
        &json!({
            "program": "sleep", "args": ["600"], "with": ["proc:process+threads+system@100Hz"], "name": "a",
        }),
    );
    let session = agent.session("a");
    until("rows are committed", || number(&session, "SELECT count(*) FROM counters") > 500);
    agent.post("/v1/recordings/a/bookmark", &json!({"text": "before the end"}));
    let marks = || number(&session, "SELECT count(*) FROM bookmarks");
    until("the mark is committed", || marks() == 1);
    let before = number(&session, "SELECT count(*) FROM counters");
    agent.signal(Signal::SIGKILL);
    agent.child.wait().unwrap();
    drop(Session::open(&session).unwrap());
    assert!(number(&session, "SELECT count(*) FROM counters") >= before && marks() == 1);
    // The target goes on, as nobody is left who would end it.
    let target = "SELECT CAST(value AS INTEGER) FROM main.fact WHERE name = 'target.pid'";
    kill(Pid::from_raw(number(&session, target) as i32), Signal::SIGKILL).unwrap();
}

#[test]
fn an_agent_records_what_it_counts_about_itself_and_another_one_reads_the_same_of_it() {
    let (agent, other) = (Agent::start(), Agent::start());
    agent.post("/v1/recordings", &json!({"program": "sleep", "args": ["60"], "with": ["agent@20Hz"], "name": "own"}));
    let place = format!("agent:unix:{}@20Hz", agent.folder.path().join("socket").display());
    other.post("/v1/recordings", &json!({"program": "sleep", "args": ["60"], "with": [place], "name": "far"}));
    let count = |of: &Agent, name: &str, what: &str| {
        let sql = format!("SELECT max(value) FROM counters WHERE name = 'agent.{what}'");
        let query = Query::open(&of.session(name)).unwrap();
        query.read(&sql, [], |row| row.get::<_, Option<f64>>(0)).unwrap()[0].unwrap_or(0.0)
    };
    let answered = "requests.class=2xx.module=health";
    let (begun, mut asked) = (Instant::now(), 0.0);
    loop {
        wait(async { agent.client().ask(Method::GET, "/healthz").send().await?.bytes().await }).unwrap();
        asked += 1.0;
        let seen = [count(&agent, "own", answered), count(&other, "far", answered)];
        assert!(seen.iter().all(|seen| *seen <= asked), "{seen:?} of {asked}");
        if seen.iter().all(|seen| *seen >= 5.0) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{seen:?} of {asked}");
        std::thread::sleep(Duration::from_millis(50));
    }
    for (of, name) in [(&agent, "own"), (&other, "far")] {
        // The kernel's clock of a worker, in nanoseconds.
        let busy = count(of, name, "worker.busy.worker=0");
        assert!(busy > 1e4 && busy < PATIENCE.as_nanos() as f64, "{name}: {busy}");
        assert!(count(of, name, "requests.latency.count.module=health") >= 5.0, "{name}");
    }
    for (of, name) in [(&agent, "own"), (&other, "far")] {
        of.post(&format!("/v1/recordings/{name}/stop"), &json!({}));
    }
}
