//! A Python program that sends statsd over UDP and the Unix socket, found by its environment.

use perfkit_agent::channel::Launch;

use super::record;

#[test]
fn a_program_sends_over_both_sockets() {
    let client = r#"
import os, socket
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect((os.environ["STATSD_HOST"], int(os.environ["STATSD_PORT"])))
udp.send(b"app.hits:1|c\napp.hits:2|c|@0.5\napp.load:320|ms|#page:home\n")
for queue in (b"17", b"-3", b"+1"):
    udp.send(b"app.queue:" + queue + b"|g")
unix = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
unix.connect(os.environ["STATSD_SOCKET"])
for user in (b"al", b"bo", b"al"):
    unix.send(b"app.users:" + user + b"|s")
unix.send(b"\xff\xfe not statsd \x00")
unix.send(b"")
unix.send(b"app.last:1|g")
"#;
    let seen = record(&["statsd:0"], Launch::new("/usr/bin/python3", ["-c", client]));
    assert_eq!(seen.outcome.code, 0);
    assert_eq!(seen.values("app.hits"), [1.0, 5.0]);
    assert_eq!(seen.values("app.load.page=home"), [320.0]);
    assert_eq!(seen.values("app.queue"), [17.0, 14.0, 15.0]);
    assert_eq!(seen.values("app.users"), [1.0, 2.0, 2.0]);
    assert_eq!(seen.values("app.last"), [1.0]);
    assert!(seen.has_told("1 lines of no known format"), "{:?}", seen.told);
    assert!(seen.has_told("statsd.udp=127.0.0.1:") && seen.problems.is_empty(), "{:?}", seen.problems);
}

/// What is sent and not received was dropped by the kernel, and the kernel's count of it is in the recording.
#[test]
fn every_datagram_of_a_flood_is_recorded_or_counted() {
    let client = r#"
import os, socket
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect(("127.0.0.1", int(os.environ["STATSD_PORT"])))
for _ in range(200000):
    udp.send(b"flood:1|c")
"#;
    let seen = record(&["statsd:0"], Launch::new("/usr/bin/python3", ["-c", client]));
    let received = seen.values("flood").last().copied().unwrap();
    let dropped = |told: &String| told.strip_suffix(" datagrams dropped by the kernel")?.parse::<f64>().ok();
    let dropped: f64 = seen.told.iter().filter_map(dropped).sum();
    assert_eq!(received + dropped, 200_000.0, "{received} received, {dropped} dropped");
}

#[test]
fn a_port_that_is_taken_is_named_with_the_way_out() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let seen = record(&[&format!("statsd:{port}")], Launch::new("true", [""; 0]));
    assert_eq!(seen.outcome.code, 0);
    assert!(seen.problems[0].contains("`statsd:0` takes any port that is free"), "{:?}", seen.problems);
}
