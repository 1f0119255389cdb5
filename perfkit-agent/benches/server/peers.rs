//! The servers that are compared: each is started for a load and stopped after it.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use perfkit_tests::error::Context;
use perfkit_tests::{Failure, Result};
use tempfile::TempDir;

/// What is answered: a hundred bytes.
pub const BODY: &str =
    "perfkit answers what a program did, frame by frame, and why this one was slow, in 100 bytes as here.";

/// A server to compare with.
pub struct Peer {
    pub name: &'static str,
    command: fn(port: u16, folder: &TempDir) -> Result<Command>,
}

/// All of them.
pub const PEERS: &[Peer] = &[
    Peer { name: "hyper", command: |port, _| ours("hyper", port) },
    Peer { name: "perfkit", command: |port, _| ours("perfkit", port) },
    Peer { name: "nginx", command: nginx },
    Peer { name: "Apache", command: apache },
    Peer { name: "Tornado", command: tornado },
];

/// A server that runs; it ends with this.
pub struct Server {
    pub port: u16,
    child: Child,
    _folder: TempDir,
    /// What it asks itself, where it is a proxy for that.
    _behind: Option<Box<Server>>,
}

impl Peer {
    /// Starts it, and waits until it answers.
    pub fn start(&self) -> Result<Server> {
        let behind = match self.name {
            "Apache" => Some(Box::new(PEERS[0].start()?)),
            _ => None,
        };
        let folder = tempfile::tempdir().cannot("make a folder")?;
        if let Some(behind) = &behind {
            fs::write(folder.path().join("behind"), behind.port.to_string()).cannot("write")?;
        }
        let port = free_port()?;
        let mut command = (self.command)(port, &folder)?;
        use std::os::unix::process::CommandExt;
        let log = fs::File::create(folder.path().join("log")).cannot("make a log")?;
        let child = command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let child = child.cannot(format_args!("start {}", self.name))?;
        let server = Server { port, child, _folder: folder, _behind: behind };
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let log = fs::read_to_string(server._folder.path().join("log")).unwrap_or_default();
        Err(Failure::new(format!("{} does not answer: {log}", self.name)))
    }
}

impl Server {
    /// Processor time of its processes, so far.
    pub fn cpu(&self) -> Duration {
        let group = self.child.id().to_string();
        let of = |pid: &str| -> Option<u64> {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let rest = stat.rsplit_once(") ")?.1;
            (rest.split(' ').nth(2)? == group).then_some(())?;
            let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten();
            Some(
                tasks
                    .filter_map(|task| {
                        fs::read_to_string(task.path().join("schedstat")).ok()?.split(' ').next()?.parse::<u64>().ok()
                    })
                    .sum(),
            )
        };
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        Duration::from_nanos(all.filter_map(|entry| of(entry.file_name().to_str()?)).sum())
    }

    /// Megabytes that it has resident.
    pub fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = killpg(Pid::from_raw(self.child.id() as i32), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

fn free_port() -> Result<u16> {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").cannot("find a port")?;
    Ok(socket.local_addr().cannot("find a port")?.port())
}

fn ours(which: &str, port: u16) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().cannot("find this program")?);
    command.args(["--serve", which]).env("PORT", port.to_string());
    Ok(command)
}

fn write(folder: &TempDir, name: &str, text: &str) -> Result<std::path::PathBuf> {
    let path = folder.path().join(name);
    fs::File::create(&path).and_then(|mut file| file.write_all(text.as_bytes())).cannot("write a configuration")?;
    Ok(path)
}

fn nginx(port: u16, folder: &TempDir) -> Result<Command> {
    let at = folder.path().display();
    let text = format!(
        "daemon off; master_process on; user root; worker_processes 2; pid {at}/pid; error_log {at}/error;\n\
         events {{ worker_connections 4096; }}\n\
         http {{ access_log off; keepalive_requests 1000000000;\n\
         server {{ listen 127.0.0.1:{port} backlog=4096; location /hello {{ default_type text/plain; return 200 \"{BODY}\"; }} }} }}\n"
    );
    let file = write(folder, "nginx.conf", &text)?;
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-c").arg(file);
    Ok(command)
}

/// With Debian's own settings of mpm_event; what is serial is asked of a server behind it.
fn apache(port: u16, folder: &TempDir) -> Result<Command> {
    let at = folder.path().display();
    let behind = fs::read_to_string(folder.path().join("behind")).cannot("read a port")?;
    fs::create_dir(folder.path().join("files")).cannot("make a folder")?;
    write(folder, "files/hello", BODY)?;
    let mpm = fs::read_to_string("/etc/apache2/mods-available/mpm_event.conf").cannot("read Apache's settings")?;
    let modules = "/usr/lib/apache2/modules";
    let text = format!(
        "ServerRoot {at}\nPidFile {at}/pid\nErrorLog {at}/error\nListen 127.0.0.1:{port}\nListenBacklog 4096\nServerName localhost\n\
         User www-data\nGroup www-data\nKeepAlive On\nMaxKeepAliveRequests 0\n\
         LoadModule mpm_event_module {modules}/mod_mpm_event.so\nLoadModule authz_core_module {modules}/mod_authz_core.so\n\
         LoadModule proxy_module {modules}/mod_proxy.so\nLoadModule proxy_http_module {modules}/mod_proxy_http.so\n{mpm}\n\
         DocumentRoot {at}/files\n<Directory {at}/files>\nRequire all granted\n</Directory>\n\
         ProxyPass /serial http://127.0.0.1:{behind}/serial\n"
    );
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).cannot("open a folder")?;
    let file = write(folder, "apache.conf", &text)?;
    let mut command = Command::new("/usr/sbin/apache2");
    command.args(["-D", "FOREGROUND", "-f"]).arg(file);
    Ok(command)
}

fn tornado(port: u16, folder: &TempDir) -> Result<Command> {
    let text = format!(
        "import tornado.ioloop, tornado.web, tornado.httpserver, logging\n\
         logging.disable(logging.CRITICAL)\n\
         class Hello(tornado.web.RequestHandler):\n    def get(self):\n        self.write({BODY:?})\n\
         server = tornado.httpserver.HTTPServer(tornado.web.Application([('/hello', Hello)]))\n\
         server.bind({port}, '127.0.0.1', backlog=4096)\nserver.start(2)\ntornado.ioloop.IOLoop.current().start()\n"
    );
    let file = write(folder, "server.py", &text)?;
    let mut command = Command::new("/usr/bin/python3");
    command.arg(file);
    Ok(command)
}
