//! The example modules as somebody runs them, and what the container promises to modules.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use perfkit_agent::server::*;
use perfkit_tests::process::{Guarded, run};
use serde_json::json;

/// The most lines of an example: a module is no great thing to write.
const LINES: usize = 60;

fn ask(address: &str, request: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    BufReader::new(stream)
}

fn answer(address: &str, method: &str, path: &str, body: &str) -> String {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    let mut text = String::new();
    ask(address, &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_examples_run_and_are_short() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["notes", "primes"] {
        let text = std::fs::read_to_string(here.join(format!("examples/modules/{name}.rs"))).unwrap();
        assert!(text.lines().count() < LINES, "{name} has {} lines", text.lines().count());
    }
    run(Command::new(env!("CARGO")).args(["build", "--quiet", "--example", "modules"]).current_dir(here)).unwrap();
    let program = std::env::current_exe().unwrap();
    let program = program.ancestors().nth(2).unwrap().join("examples/modules");
    let folder = tempfile::tempdir().unwrap();
    let mut example = Command::new(program);
    let mut example = Guarded::spawn("the example", example.arg(folder.path()).stdout(Stdio::piped())).unwrap();
    let mut address = String::new();
    BufReader::new(example.child().stdout.take().unwrap()).read_line(&mut address).unwrap();
    let address = address.trim();

    assert!(answer(address, "GET", "/notes/today", "").starts_with("HTTP/1.1 404"));
    let writers: Vec<_> = (0..20)
        .map(|at| {
            let address = address.to_owned();
            std::thread::spawn(move || answer(&address, "POST", "/notes/today", &format!("note {at}")))
        })
        .collect();
    for writer in writers {
        assert!(writer.join().unwrap().starts_with("HTTP/1.1 200"));
    }
    assert_eq!(answer(address, "GET", "/notes/today", "").matches("note ").count(), 20, "a writer was not alone");
    assert!(answer(address, "GET", "/notes/..%2fx", "").starts_with("HTTP/1.1 400"));

    // Each reads as far as it likes; more of them than there are sieves.
    let mut readers: Vec<_> = (0..5).map(|_| ask(address, "GET /primes HTTP/1.1\r\nHost: x\r\n\r\n")).collect();
    for reader in &mut readers {
        let found = reader.lines().map_while(Result::ok).find(|line| line == "104729");
        assert_eq!(found.as_deref(), Some("104729"), "the 10,000th prime");
    }
}

/// Does what modules should not.
struct Bad;

static OPERATIONS: [Operation; 1] = [Operation {
    name: "bad",
    method: "GET",
    path: "/bad/{how}",
    scope: Scope::Open,
    summary: "",
    describe: || json!({"responses": {}}),
}];

impl Module for Bad {
    fn name(&self) -> &'static str {
        "bad"
    }

    fn operations(&self) -> &'static [Operation] {
        &OPERATIONS
    }

    async fn handle(&self, request: Request, context: Context) -> Outcome {
        match request.param("how") {
            "panics" => panic!("as a test has it"),
            "computes" => context.compute(|| -> Outcome { panic!("as a test has it") }).await,
            "blocks" => context.block(|| -> Outcome { panic!("as a test has it") }).await,
            "waits" => std::future::pending().await,
            _ => Ok(Body::of("text/plain", "well")),
        }
    }
}

#[test]
fn a_module_that_fails_fails_for_its_request_alone() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let address = runtime.block_on(async {
        let limits = Limits { request: Duration::from_millis(200), ..Limits::default() };
        let container = Builder::new(limits, Everybody).module(Bad).build().unwrap();
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap().to_string();
        tokio::spawn(async move { container.serve(socket, Doors::new(&container)).await });
        address
    });
    for (how, status) in [("panics", 500), ("computes", 500), ("blocks", 500), ("waits", 504), ("x", 200)] {
        let said = answer(&address, "GET", &format!("/bad/{how}"), "");
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{how}: {said}");
    }
}
