//! From sockets to requests: connections are accepted as many as may be, and each phase of one has its limit of time.

use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;

use super::container::Container;
use super::guard::Peer;
use super::metrics::Open;
use super::nap::Again;

/// How long to wait where the system has no more descriptors, before the next is accepted.
const BREATH: Duration = Duration::from_millis(50);

/// A socket that connections come in by.
pub trait Listen: Send + 'static {
    /// What a connection is read from and written to.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// The next connection.
    fn accept(&mut self) -> impl Future<Output = std::io::Result<(Self::Stream, Peer)>> + Send;

    /// What is to be done with one before it speaks HTTP, such as a TLS handshake. On a task of its own.
    fn greet(&self) -> impl Greet<Self::Stream>;
}

/// What is done with a connection before it speaks HTTP.
pub trait Greet<S>: Send + 'static {
    /// What HTTP is spoken over then.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Does it.
    fn greet(self, stream: S, peer: Peer) -> impl Future<Output = std::io::Result<(Self::Stream, Peer)>> + Send;
}

/// Nothing.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Greet<S> for Plain {
    type Stream = S;

    async fn greet(self, stream: S, peer: Peer) -> std::io::Result<(S, Peer)> {
        Ok((stream, peer))
    }
}

impl Listen for tokio::net::TcpListener {
    type Stream = tokio::net::TcpStream;

    async fn accept(&mut self) -> std::io::Result<(Self::Stream, Peer)> {
        let (stream, address) = tokio::net::TcpListener::accept(self).await?;
        // Replies are written whole; without this the last piece of a stream would wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        Ok((stream, Peer::Tcp { address, certificate: Vec::new(), secure: false }))
    }

    fn greet(&self) -> impl Greet<Self::Stream> {
        Plain
    }
}

impl Listen for tokio::net::UnixListener {
    type Stream = tokio::net::UnixStream;

    async fn accept(&mut self) -> std::io::Result<(Self::Stream, Peer)> {
        let (stream, _) = tokio::net::UnixListener::accept(self).await?;
        let peer = stream.peer_cred()?;
        Ok((stream, Peer::Unix { uid: peer.uid(), pid: peer.pid() }))
    }

    fn greet(&self) -> impl Greet<Self::Stream> {
        Plain
    }
}

/// Who has how many connections.
#[derive(Clone, Debug)]
pub struct Doors {
    all: Arc<Semaphore>,
    by_address: Arc<Mutex<HashMap<Option<IpAddr>, usize>>>,
    per_address: usize,
}

/// Room for one connection.
#[derive(Debug)]
struct Room {
    doors: Doors,
    address: Option<IpAddr>,
    _one: OwnedSemaphorePermit,
}

impl Doors {
    /// As the limits say; all sockets of a server share them.
    pub fn new(container: &Container) -> Doors {
        let limits = &container.0.limits;
        let all = Arc::new(Semaphore::new(limits.connections));
        Doors { all, by_address: Arc::default(), per_address: limits.per_address }
    }

    fn enter(&self, peer: &Peer) -> Option<Room> {
        let address = match peer {
            Peer::Unix { .. } => None,
            Peer::Tcp { address, .. } => Some(address.ip()),
        };
        let one = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_address.entry(address).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        drop(by_address);
        Some(Room { doors: self.clone(), address, _one: one })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut by_address = self.doors.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

impl Container {
    /// Serves a socket until the server is told to end.
    pub async fn serve(&self, mut socket: impl Listen, doors: Doors) {
        let ending = self.0.ending.clone();
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                () = ending.cancelled() => return,
            };
            let Ok((stream, peer)) = accepted else {
                // No descriptors, or one that went away again; others go on meanwhile.
                tokio::time::sleep(BREATH).await;
                continue;
            };
            let Some(room) = doors.enter(&peer) else {
                self.0.metrics.connections.refused.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            self.0.metrics.connections.accepted.fetch_add(1, Ordering::Relaxed);
            let (container, greet) = (self.clone(), socket.greet());
            self.0.tasks.spawn(async move {
                let _room = room;
                let _open = Open::new(&container.0.metrics.connections.open);
                let greeted = tokio::time::timeout(container.0.limits.handshake, greet.greet(stream, peer)).await;
                let served = match greeted {
                    Ok(Ok((stream, peer))) => container.connection(stream, peer).await,
                    _ => false,
                };
                if !served {
                    container.0.metrics.connections.broken.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    }

    /// Serves one connection; says whether it ended as one should.
    async fn connection(&self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, peer: Peer) -> bool {
        let limits = &self.0.limits;
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.write_pause));
        let mut stream = Again::new(Box::pin(stream));
        let peer = Arc::new(peer);
        // A connection that was idle for a while gives back what HTTP needs, until its client goes on.
        loop {
            let activity = Arc::clone(stream.activity());
            let (container, peer) = (self.clone(), Arc::clone(&peer));
            let service = service_fn({
                let activity = Arc::clone(&activity);
                move |request| {
                    let (container, peer, busy) = (container.clone(), Arc::clone(&peer), activity.ask());
                    async move { container.answer(request, peer).await.map(|reply| reply.map(|body| body.during(busy))) }
                }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.head_time)
                .max_headers(limits.headers)
                .max_buf_size(limits.head.max(8 << 10))
                .half_close(false)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            // In a box, so that one that sleeps is small.
            let mut connection = Box::pin(connection);
            tokio::select! {
                ended = connection.as_mut() => return ended.is_ok(),
                () = self.0.ending.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    return connection.await.is_ok();
                }
                () = activity.idle() => {}
            }
            let Some(parts) = Pin::into_inner(connection).into_parts() else { return true };
            stream = parts.io.into_inner();
            stream.put_back(parts.read_buf);
            drop(parts.service);
            if self.0.sleepers.fell_asleep() {
                self.0.tasks.spawn_blocking(super::trim::trim);
            }
            let woken = tokio::select! {
                woken = tokio::time::timeout(limits.head_time, stream.wake()) => woken,
                () = self.0.ending.cancelled() => return true,
            };
            match woken {
                Ok(Ok(true)) => {}
                // The client has gone, or was idle for longer than it may.
                Ok(Ok(false)) | Err(_) => return true,
                Ok(Err(_)) => return false,
            }
        }
    }
}
