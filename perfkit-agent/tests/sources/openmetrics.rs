//! A small HTTP server of Python's as an exporter: it answers, fails, and answers again.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::{record, record_until, shell};

const EXPORTER: &str = r##"
import http.server
class Exporter(http.server.BaseHTTPRequestHandler):
    count = 0
    def do_GET(self):
        Exporter.count += 1
        if Exporter.count in (2, 3) or self.path != "/metrics":
            self.send_error(500, "Having a rest")
            return
        body = f"""# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{{code="200"}} {Exporter.count}
# TYPE rpc_seconds histogram
rpc_seconds_bucket{{le="0.5"}} 3
rpc_seconds_bucket{{le="+Inf"}} 4
rpc_seconds_sum 4.5
rpc_seconds_count 4
# TYPE gc_seconds summary
gc_seconds{{quantile="0.5"}} 0.25
gc_seconds_sum 9
nothing NaN
this line is broken }}
# EOF
""".encode()
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        half = len(body) // 2
        for part in (body[:half], body[half:], b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
    def log_message(self, *args): pass
    protocol_version = "HTTP/1.1"
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
print(server.server_port, flush=True)
server.serve_forever()
"##;

/// A server that is stopped when the test is over.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn an_exporter_is_read_through_its_failures() {
    let child = Command::new("/usr/bin/python3").args(["-c", EXPORTER]).stdout(Stdio::piped()).spawn().unwrap();
    let mut server = Server(child);
    let mut port = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let spec = format!("openmetrics:http://127.0.0.1:{}@20Hz", port.trim());
    let seen =
        record_until(&[&spec], shell("exec sleep 60"), |rows| rows.iter().any(|row| row.ends_with("code=200 value=5")));
    assert_eq!(seen.values("http_requests_total.code=200")[..3], [1.0, 4.0, 5.0]);
    assert_eq!(seen.values("rpc_seconds.bucket.le=0_5")[0], 3.0);
    assert_eq!(seen.values("rpc_seconds.bucket.le=+Inf")[0], 4.0);
    assert_eq!((seen.values("rpc_seconds.sum")[0], seen.values("rpc_seconds.count")[0]), (4.5, 4.0));
    assert_eq!((seen.values("gc_seconds.p50")[0], seen.values("gc_seconds.sum")[0]), (0.25, 9.0));
    assert!(seen.has_told("doc: \"Requests.\""), "{:?}", seen.told);
    assert!(seen.has_told("2 scrapes that failed"), "{:?}", seen.told);
    assert_eq!(seen.told.iter().filter(|told| told.contains("answers 500 Having a rest")).count(), 1);
    assert!(seen.has_told("answers again") && seen.has_told("lines of no known format"), "{:?}", seen.told);
}

#[test]
fn an_endpoint_that_never_answers_ends_its_source_alone() {
    let seen = record(&["openmetrics:http://127.0.0.1:9/x@10Hz"], shell("sleep 0.3; exit 5"));
    assert_eq!(seen.outcome.code, 5);
    assert!(seen.problems[0].contains("http://127.0.0.1:9/x never answered"), "{:?}", seen.problems);
    assert!(seen.has_told("Connection refused"), "{:?}", seen.told);
}
