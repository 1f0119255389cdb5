//! The agent's own server: its modules and pools put into a container, its sockets, and its life.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::access::{Access, Secure, Settings};
use super::connection::Doors;
use super::container::Builder;
use super::limits::Limits;
use super::listen::{Address, Socket};
use super::metrics;
use super::modules::{About, Desk, Health, Live, MetricsModule, OpenApi, Recordings, Scripts, Sessions, Snapshot};
use super::notify::notify;
use super::pool::Pool;
use super::readers::Reader;
use super::shelf::Shelf;
use crate::channel::descriptors;
use crate::client::Fingerprint;
use crate::error::{Error, Result};

/// How many readers of sessions there are, and how long one is lent: a question may take so long.
const READERS: (usize, Duration) = (8, Duration::from_secs(60));
/// How many sessions lie ready as copies to be downloaded.
const SNAPSHOTS: usize = 4;

/// How the agent is to serve.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens.
    pub listen: Vec<Address>,
    /// How many workers; as many as processors where it is not told.
    pub workers: Option<usize>,
    /// What clients may take.
    pub limits: Limits,
    /// The folder of its sessions; the user's own where it is not told.
    pub sessions: Option<PathBuf>,
    /// Who may use it.
    pub access: Settings,
}

/// Serves until it is told to end, by SIGTERM or SIGINT, or where its terminal goes away. `ready` hears where it listens,
/// and the certificate's fingerprint where it speaks TLS.
pub fn serve(options: Options, ready: impl FnOnce(&[Address], Option<Fingerprint>)) -> Result<ExitCode> {
    // A connection is a descriptor.
    descriptors::raise();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().thread_name("worker");
    if let Some(workers) = options.workers {
        runtime.worker_threads(workers.max(1));
    }
    let failed = |error| Error::File { what: "start", path: "the server's workers".into(), error };
    runtime.build().map_err(failed)?.block_on(run(options, ready))
}

async fn run(options: Options, ready: impl FnOnce(&[Address], Option<Fingerprint>)) -> Result<ExitCode> {
    let access = Arc::new(Access::new(options.access)?);
    options.listen.iter().try_for_each(|address| access.may_listen(address))?;
    let (shelf, desk) = (Shelf::new(options.sessions)?, Desk::default());
    let scripts = Scripts::new(shelf.clone(), desk.clone());
    let container = Builder::new(options.limits, Arc::clone(&access))
        .observe(scripts.observer())
        .pool(Pool::<Reader>::new(READERS.0, READERS.1))
        .pool(Pool::<Snapshot>::new(SNAPSHOTS, READERS.1))
        .module(Health)
        .module(MetricsModule)
        .module(About)
        .module(OpenApi)
        .module(Sessions::new(shelf.clone()))
        .module(Recordings::new(desk.clone(), shelf, access.programs()))
        .module(Live(desk.clone()))
        .module(scripts)
        .build()?;
    // Who asks is a thread of a recording.
    let (observed, runtime) = (container.clone(), tokio::runtime::Handle::current());
    metrics::tell_own(move || {
        let _within = runtime.enter();
        observed.observe()
    });
    let mut sockets = Vec::new();
    for address in &options.listen {
        sockets.push(Socket::bind(address).await?);
    }
    let told: Vec<Address> = sockets.iter().filter_map(Socket::address).collect();
    let doors = Doors::new(&container);
    let mut files = Vec::new();
    for socket in sockets {
        let (container, doors) = (container.clone(), doors.clone());
        match socket {
            Socket::Tcp(socket) if access.tls().is_some() => {
                let socket = Secure { socket, access: Arc::clone(&access) };
                drop(tokio::spawn(async move { container.serve(socket, doors).await }));
            }
            Socket::Tcp(socket) => drop(tokio::spawn(async move { container.serve(socket, doors).await })),
            Socket::Unix(socket, file) => {
                if access.has_users() {
                    file.open_to_all()?;
                }
                files.push(file);
                drop(tokio::spawn(async move { container.serve(socket, doors).await }));
            }
        }
    }
    let tended = container.clone();
    tokio::spawn(async move { tended.tend().await });
    ready(&told, access.tls().map(|made| made.fingerprint));
    notify("READY=1");
    told_to_end(&access).await?;
    notify("STOPPING=1");
    tokio::join!(container.end(), desk.end());
    Ok(ExitCode::SUCCESS)
}

/// Waits for a signal that means the end. SIGHUP does where there is a terminal, which went away then; a service is told
/// by it to look at its files again.
async fn told_to_end(access: &Access) -> Result<()> {
    let listen = |kind| signal(kind).map_err(|error| Error::File { what: "listen for", path: "signals".into(), error });
    let (mut term, mut int, mut hup) =
        (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?, listen(SignalKind::hangup())?);
    let has_terminal = std::fs::File::open("/dev/tty").is_ok();
    loop {
        tokio::select! {
            _ = term.recv() => return Ok(()),
            _ = int.recv() => return Ok(()),
            _ = hup.recv() => {
                if has_terminal {
                    return Ok(());
                }
                access.look_again();
            }
        }
    }
}
