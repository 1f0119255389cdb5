//! The agent's own server: its modules and pools put into a container, its sockets, and its life.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use super::connection::Doors;
use super::container::Builder;
use super::guard::Everybody;
use super::limits::Limits;
use super::listen::{Address, Socket};
use super::modules::{Health, MetricsModule};
use crate::error::{Error, Result};

/// How the agent is to serve.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens.
    pub listen: Vec<Address>,
    /// How many workers; as many as processors where it is not told.
    pub workers: Option<usize>,
    /// What clients may take.
    pub limits: Limits,
}

/// Serves until it is told to end, by SIGTERM, SIGINT or SIGHUP. `ready` hears where it listens.
pub fn serve(options: Options, ready: impl FnOnce(&[Address])) -> Result<ExitCode> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().thread_name("worker");
    if let Some(workers) = options.workers {
        runtime.worker_threads(workers.max(1));
    }
    let failed = |error| Error::File { what: "start", path: "the server's workers".into(), error };
    runtime.build().map_err(failed)?.block_on(run(options, ready))
}

async fn run(options: Options, ready: impl FnOnce(&[Address])) -> Result<ExitCode> {
    let container = Builder::new(options.limits, Everybody).module(Health).module(MetricsModule).build()?;
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
            Socket::Tcp(socket) => drop(tokio::spawn(async move { container.serve(socket, doors).await })),
            Socket::Unix(socket, file) => {
                files.push(file);
                drop(tokio::spawn(async move { container.serve(socket, doors).await }));
            }
        }
    }
    ready(&told);
    told_to_end().await?;
    container.end().await;
    Ok(ExitCode::SUCCESS)
}

/// Waits for a signal that means the end.
async fn told_to_end() -> Result<()> {
    let listen = |kind| signal(kind).map_err(|error| Error::File { what: "listen for", path: "signals".into(), error });
    let (mut term, mut int, mut hup) =
        (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?, listen(SignalKind::hangup())?);
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
        _ = hup.recv() => {}
    }
    Ok(())
}
