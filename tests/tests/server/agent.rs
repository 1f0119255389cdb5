//! The agent's server in a folder of its own, and a client that says exactly what is to be said.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use perfkit_tests::bins;
use perfkit_tests::process::{Guarded, stdout_of};
use perfkit_tests::wait::{self, DEADLINE};
use serde_json::Value;
use tempfile::TempDir;

/// A server that runs.
pub struct Agent {
    pub process: Guarded,
    pub address: SocketAddr,
    pub token: String,
}

/// A folder with sessions, and who may see them.
pub fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("sessions")).unwrap();
    folder
}

/// Puts a session with 10,000 system calls into the folder.
pub fn put(folder: &Path, name: &str) -> PathBuf {
    let from = bins::root().join("perfkit-agent/tests/fixtures/session/version-1.perfkit");
    let to = folder.join("sessions").join(format!("{name}.perfkit"));
    std::fs::copy(from, &to).unwrap();
    to
}

/// The agent's program with nobody's configuration but that of the folder, and as many descriptors as programs usually
/// have.
pub fn program(folder: &Path) -> Command {
    let mut command = Command::new("prlimit");
    command.args(["--nofile=1024:", "--"]).arg(bins::path(bins::AGENT).unwrap());
    command.current_dir(folder).stdin(Stdio::null());
    for name in ["XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "HOME"] {
        command.env(name, folder);
    }
    command
}

impl Agent {
    /// Starts one that serves the folder's sessions at a port of the system's choice.
    pub fn start(folder: &Path, options: &[&str]) -> Agent {
        let mut make = program(folder);
        make.args(["token", "make", "tests", "--scope", "read,script,control", "--access", "access"]);
        let kept = folder.join("token");
        let token = std::fs::read_to_string(&kept).unwrap_or_else(|_| {
            let token = stdout_of(&mut make).unwrap();
            std::fs::write(&kept, &token).unwrap();
            token
        });
        let mut serve = program(folder);
        serve.args(["serve", "--listen", "127.0.0.1:0", "--sessions", "sessions", "--access", "access", "--rate", "0"]);
        serve.args(["--audit", "audit"]).args(options).stderr(Stdio::piped());
        let mut process = Guarded::spawn(bins::AGENT, &mut serve).unwrap();
        let said = BufReader::new(process.child().stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || said.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        let mut heard = Vec::new();
        let address = wait::until("the agent to listen", || {
            heard.extend(lines.try_iter());
            heard.iter().find_map(|line| line.strip_prefix("perfkit-agent: listening at ")?.parse().ok())
        });
        Agent { process, address: address.unwrap_or_else(|error| panic!("{error}: {heard:?}")), token }
    }

    /// A connection to it, on which nothing takes for ever.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// The head of a request, up to the empty line, which it lacks.
    pub fn head(&self, method: &str, path: &str) -> String {
        format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n", self.address, self.token)
    }

    /// Asks, with headers each on a line, and gets the whole answer.
    pub fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut text = self.head(method, path) + "Connection: close\r\n";
        headers.iter().for_each(|header| text.push_str(&format!("{header}\r\n")));
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        let mut stream = self.connect();
        stream.write_all(format!("{text}\r\n{body}").as_bytes()).unwrap();
        Answer::read(&mut BufReader::new(stream)).unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    /// What SQL over a session answers.
    pub fn query(&self, session: &str, sql: &str) -> Answer {
        let body = serde_json::json!({ "sql": sql }).to_string();
        self.ask("POST", &format!("/v1/sessions/{session}/query"), &[], &body)
    }

    /// One of its own metrics, by its name and labels as OpenMetrics has them.
    pub fn metric(&self, name: &str) -> f64 {
        let text = String::from_utf8(self.get("/metrics").body).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        line.unwrap_or_else(|| panic!("no metric {name} in\n{text}"))
    }

    /// Fails unless it answers as if nothing were going on.
    pub fn is_well(&self) {
        assert_eq!(self.get("/readyz").status, 200);
        let answer = self.get("/v1/sessions");
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads the next answer of a connection; `None` where there is none, or not all of it.
    pub fn read(from: &mut impl BufRead) -> Option<Answer> {
        let mut line = || {
            let mut line = String::new();
            from.read_line(&mut line).ok().filter(|&read| read > 0)?;
            Some(line.trim_end().to_owned())
        };
        let status = line()?.split(' ').nth(1)?.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            let line = line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        if let Some(length) = answer.header("content-length") {
            answer.body.resize(length.parse().ok()?, 0);
            from.read_exact(&mut answer.body).ok()?;
        } else if answer.header("transfer-encoding").is_some() {
            loop {
                let mut size = String::new();
                from.read_line(&mut size).ok()?;
                let size = usize::from_str_radix(size.trim(), 16).ok()?;
                let mut piece = vec![0; size + 2];
                from.read_exact(&mut piece).ok()?;
                if size == 0 {
                    break;
                }
                answer.body.extend_from_slice(&piece[..size]);
            }
        }
        Some(answer)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }
}

/// Waits until the other end has closed a connection, whatever it says before.
pub fn wait_for_end(stream: &mut TcpStream) {
    let mut bytes = [0; 4096];
    wait::until("the agent to close the connection", || match stream.read(&mut bytes) {
        Ok(0) => Some(()),
        Err(error) if !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
            Some(())
        }
        _ => None,
    })
    .unwrap();
}
