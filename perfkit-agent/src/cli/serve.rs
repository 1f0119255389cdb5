//! `perfkit-agent serve`: this machine is watched and profiled from elsewhere.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::error::Result;
use crate::server::access::{Files, Settings};
use crate::server::listen::Address;
use crate::server::{Limits, Options, serve};

/// Where it listens where nothing is said: there, and at a socket of the user's.
const LOOPBACK: &str = "127.0.0.1:7788";
const SOCKET: &str = "perfkit-agent.socket";

/// What was typed.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  perfkit-agent serve                       for this user, at unix:$XDG_RUNTIME_DIR/perfkit-agent.socket
  perfkit-agent token make laptop --scope read,script
  perfkit-agent serve --listen 0.0.0.0:7788 --tls-cert cert.pem --tls-key key.pem

By the Unix socket this user and root may everything. At an address, 127.0.0.1 too, one needs a token (perfkit-agent token)
or a certificate. Only programs that a line of the file `programs` in the folder of --access names are started for others:
/usr/bin/gedit, /opt/mine/* or org.gnome.*.desktop.")]
pub struct Args {
    /// Where to listen: IP:PORT or unix:PATH; may be given several times. An IP that others reach needs TLS.
    #[arg(long, value_name = "ADDR|unix:PATH")]
    listen: Vec<Address>,
    /// The folder of the sessions; ~/.local/share/perfkit/sessions, or the service's state, by default.
    #[arg(long, value_name = "DIR")]
    sessions: Option<PathBuf>,
    /// How many workers; one for each processor by default.
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// The folder that says who may do what; ~/.config/perfkit/agent, or the service's state, by default.
    #[arg(long, value_name = "DIR")]
    access: Option<PathBuf>,
    /// The certificate to show to clients, with those between it and its authority (PEM); it is read anew when it changes.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key to that certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Know clients by certificates of the authorities in this file (PEM); `token allow certificate:NAME` says what they
    /// may.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    client_ca: Option<PathBuf>,
    /// A name that this agent is called by, besides the machine's and those in its certificate; may be given several times.
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// Let pages of this origin use the agent, such as https://perf.example; may be given several times.
    #[arg(long, value_name = "URL")]
    origin: Vec<String>,
    /// How many requests a second one client may send; 0 for any number.
    #[arg(long, value_name = "N", default_value_t = crate::server::access::RATE, value_parser = rate)]
    rate: f64,
    #[command(flatten)]
    limits: Taken,
    /// Write down who did what, and who was refused, at the end of this file, in place of standard error.
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
}

/// What clients may take.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
struct Taken {
    /// Connections at one time; more are closed at once.
    #[arg(long, value_name = "N")]
    max_connections: Option<usize>,
    /// Connections at one time from one address.
    #[arg(long, value_name = "N")]
    max_connections_per_address: Option<usize>,
    /// Bytes of a request's body.
    #[arg(long, value_name = "BYTES")]
    max_body: Option<usize>,
    /// Close a connection that sends no whole head of a request for so long.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    idle_timeout: Option<Duration>,
    /// Give up a client that neither sends the rest of a body nor reads an answer for so long.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    stall_timeout: Option<Duration>,
    /// Give up a request whose answer has not begun after so long.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    request_timeout: Option<Duration>,
}

impl Taken {
    fn limits(self) -> Limits {
        let usual = Limits::default();
        Limits {
            connections: self.max_connections.unwrap_or(usual.connections),
            per_address: self.max_connections_per_address.unwrap_or(usual.per_address),
            body: self.max_body.unwrap_or(usual.body),
            head_time: self.idle_timeout.unwrap_or(usual.head_time),
            body_pause: self.stall_timeout.unwrap_or(usual.body_pause),
            write_pause: self.stall_timeout.unwrap_or(usual.write_pause),
            request: self.request_timeout.unwrap_or(usual.request),
            ..usual
        }
    }
}

fn seconds(text: &str) -> std::result::Result<Duration, String> {
    let read = text.parse().ok().filter(|seconds: &f64| *seconds > 0.0);
    let read = read.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    read.ok_or_else(|| format!("`{text}` is no number of seconds"))
}

fn rate(text: &str) -> std::result::Result<f64, String> {
    let read = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate >= 0.0);
    read.ok_or_else(|| format!("`{text}` is no number of requests a second"))
}

/// Serves until it is told to end.
pub fn run(args: Args) -> Result<ExitCode> {
    let tls = args.tls_cert.zip(args.tls_key);
    let tls = tls.map(|(certificate, key)| Files { certificate, key, client_ca: args.client_ca });
    let access = Settings {
        folder: args.access,
        hosts: args.host,
        origins: args.origin,
        rate: Some(args.rate),
        audit: args.audit,
        tls,
    };
    let listen = if args.listen.is_empty() { usual() } else { args.listen };
    let options =
        Options { listen, workers: args.workers, limits: args.limits.limits(), sessions: args.sessions, access };
    serve(options, |addresses, fingerprint| {
        for address in addresses {
            super::say(&format!("listening at {address}"));
        }
        if let Some(fingerprint) = fingerprint {
            super::say(&format!("the certificate's fingerprint, for --pin, is {fingerprint}"));
        }
    })
}

/// The places where nothing is said.
fn usual() -> Vec<Address> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty());
    let socket = runtime.map(|folder| Address::Unix(PathBuf::from(folder).join(SOCKET)));
    LOOPBACK.parse().into_iter().chain(socket).collect()
}
