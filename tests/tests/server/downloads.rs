//! Sessions as files: whole, in parts, and taken up again after the agent was killed.

use std::io::{Read, Write};
use std::path::Path;

use nix::sys::signal::Signal;
use perfkit_tests::process::run;
use perfkit_tests::query;

use crate::agent::{Agent, folder, program, put};

#[test]
fn a_download_is_whole_or_a_part_and_knows_when_the_session_has_changed() {
    let folder = folder();
    put(folder.path(), "a");
    let agent = Agent::start(folder.path(), &[]);
    let path = "/v1/sessions/a/download";
    let whole = agent.get(path);
    let tag = whole.header("etag").unwrap().to_owned();
    assert_eq!(
        (whole.status, whole.header("accept-ranges"), whole.header("content-type")),
        (200, Some("bytes"), Some("application/x-perfkit"))
    );
    let copy = folder.path().join("copy.perfkit");
    std::fs::write(&copy, &whole.body).unwrap();
    assert_eq!(query(&copy, "SELECT count(*) AS n FROM syscalls").unwrap()[0].int("n"), 10_000);
    let part = agent.ask("GET", path, &["Range: bytes=100-199"], "");
    let range = format!("bytes 100-199/{}", whole.body.len());
    assert_eq!(
        (part.status, part.header("content-range"), &part.body[..]),
        (206, Some(range.as_str()), &whole.body[100..200])
    );
    assert_eq!(agent.ask("GET", path, &["Range: bytes=-5"], "").body, whole.body[whole.body.len() - 5..]);
    assert_eq!(agent.ask("GET", path, &["Range: bytes=999999999-"], "").status, 416);
    assert_eq!(agent.ask("GET", path, &["Range: bytes=0-1", "If-Range: \"other\""], "").status, 200);
    assert_eq!(agent.ask("GET", path, &["Range: bytes=0-1", &format!("If-Range: {tag}")], "").status, 206);
    assert_eq!(agent.ask("GET", path, &[&format!("If-None-Match: {tag}")], "").status, 304);
    assert_eq!(agent.ask("POST", "/v1/sessions/a/bookmarks", &[], r#"{"time": 5}"#).status, 201);
    let changed = agent.ask("GET", path, &["Range: bytes=0-1", &format!("If-Range: {tag}")], "");
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
}

/// Records a session of some megabytes.
fn record(folder: &Path) {
    let mut record = program(folder);
    record.args(["record", "--quiet", "--with", "output", "-o", "sessions/large.perfkit", "--"]);
    run(record.args(["sh", "-c", "head -c 8000000 /dev/urandom | base64 -w 200"])).unwrap();
}

#[test]
fn a_download_is_taken_up_again_after_the_agent_was_killed() {
    let folder = folder();
    record(folder.path());
    let mut agent = Agent::start(folder.path(), &[]);
    let path = "/v1/sessions/large/download";
    let tag = agent.ask("GET", path, &["Range: bytes=0-0"], "");
    let tag = tag.header("etag").unwrap().to_owned();
    let mut stream = agent.connect();
    stream.write_all(format!("{}\r\n", agent.head("GET", path)).as_bytes()).unwrap();
    let mut got = vec![0; 1 << 20];
    stream.read_exact(&mut got).unwrap();
    agent.process.signal(Signal::SIGKILL).unwrap();
    agent.process.wait().unwrap();
    drop(stream);
    let head = got.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    got.drain(..head);

    let agent = Agent::start(folder.path(), &[]);
    let rest = agent.ask("GET", path, &[&format!("Range: bytes={}-", got.len()), &format!("If-Range: {tag}")], "");
    assert_eq!((rest.status, rest.header("etag")), (206, Some(tag.as_str())));
    got.extend(rest.body);
    assert!(got == agent.get(path).body, "the two parts are not the whole");
    let copy = folder.path().join("copy.perfkit");
    std::fs::write(&copy, got).unwrap();
    let count = |path: &Path| query(path, "SELECT count(*) AS n FROM logs").unwrap()[0].int("n");
    assert_eq!(count(&copy), count(&folder.path().join("sessions/large.perfkit")));
    let left: Vec<_> =
        std::fs::read_dir(folder.path().join("sessions")).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["large.perfkit"]);
}
