//! A disk that is full, and sessions that are damaged.

use perfkit_tests::Disk;
use serde_json::json;

use crate::agent::{Agent, folder, put};

#[test]
fn a_full_disk_is_told_and_what_can_be_done_is_done() {
    let Some(disk) = Disk::of_bytes(4 << 20).unwrap() else { return };
    std::fs::create_dir(disk.path().join("sessions")).unwrap();
    put(disk.path(), "a");
    let agent = Agent::start(disk.path(), &[]);
    assert_eq!(agent.get("/v1/sessions/a").status, 200);
    let filler = disk.path().join("filler");
    let mut size = 4 << 20;
    while size > 0 {
        // Halves of it, until nothing more fits.
        let all = std::fs::read(&filler).unwrap_or_default();
        if std::fs::write(&filler, [all.as_slice(), &vec![1; size]].concat()).is_err() {
            std::fs::write(&filler, all).unwrap();
            size /= 2;
        }
    }
    for (method, path, body) in
        [("GET", "/v1/sessions/a/download", ""), ("POST", "/v1/sessions/a/bookmarks", r#"{"time": 5}"#)]
    {
        let answer = agent.ask(method, path, &[], body);
        assert_eq!(answer.status, 507, "{path}: {}", answer.text());
    }
    assert_eq!(agent.query("a", "SELECT count(*) FROM syscalls").json()["rows"], json!([[10_000]]));
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(agent.get("/v1/sessions/a/download").status, 200);
    assert_eq!(agent.ask("POST", "/v1/sessions/a/bookmarks", &[], r#"{"time": 5}"#).status, 201);
}

#[test]
fn a_damaged_session_is_told_and_no_other_suffers() {
    let folder = folder();
    let path = put(folder.path(), "bad");
    put(folder.path(), "good");
    let mut bytes = std::fs::read(&path).unwrap();
    let length = bytes.len();
    bytes[4096..length - 4096].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let agent = Agent::start(folder.path(), &[]);
    for what in ["", "/series", "/names", "/report", "/download", "/bookmarks"] {
        let answer = agent.get(&format!("/v1/sessions/bad{what}"));
        assert!(answer.status >= 400, "{what}: {}", answer.status);
        assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
    }
    assert!(agent.query("bad", "SELECT * FROM syscalls").status >= 400);
    assert_eq!(agent.query("good", "SELECT count(*) FROM syscalls").json()["rows"], json!([[10_000]]));
}
