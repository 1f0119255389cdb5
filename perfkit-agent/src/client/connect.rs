//! Connections to an agent: over TCP, TLS or a socket in the file system, all alike afterwards.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use nix::sys::socket::{setsockopt, sockopt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::rustls::pki_types::ServerName;

use super::{Client, Place};
use crate::error::{Error, Result};

/// How long connecting may take, a TLS handshake included.
const CONNECT: Duration = Duration::from_secs(10);

/// After how many seconds of silence the other end is asked whether it is still there, how often, and how many times: a
/// stream whose machine was switched off ends after two minutes.
const SILENCE: u32 = 60;
const AGAIN: u32 = 20;
const TIMES: u32 = 3;

/// A connection, of whichever kind.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection for S {}

/// A connection that speaks another protocol than HTTP from now on.
pub type Upgraded = TokioIo<hyper::upgrade::Upgraded>;

impl Client {
    /// A fresh connection, over which nothing was said yet.
    pub async fn connect(&self) -> Result<Box<dyn Connection>> {
        let url = &self.0.url;
        let connected = tokio::time::timeout(CONNECT, self.dial()).await;
        let connected = connected.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)));
        connected.map_err(|error| Error::Unreachable { url: url.to_string(), error })
    }

    async fn dial(&self) -> io::Result<Box<dyn Connection>> {
        let (host, port) = match &self.0.url.place {
            Place::Unix(path) => return Ok(Box::new(UnixStream::connect(path).await?)),
            Place::Tcp { host, port, .. } => (host.as_str(), *port),
        };
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        setsockopt(&stream, sockopt::KeepAlive, &true)?;
        setsockopt(&stream, sockopt::TcpKeepIdle, &SILENCE)?;
        setsockopt(&stream, sockopt::TcpKeepInterval, &AGAIN)?;
        setsockopt(&stream, sockopt::TcpKeepCount, &TIMES)?;
        let Some(tls) = &self.0.tls else { return Ok(Box::new(stream)) };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "no certificate can be for that name"))?;
        Ok(Box::new(tls.connect(name, stream).await?))
    }

    /// A fresh connection that speaks HTTP.
    pub(super) async fn speak(&self) -> Result<SendRequest<Full<Bytes>>> {
        let stream = self.connect().await?;
        let spoken = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = spoken.map_err(|error| self.broke(&error))?;
        // It ends by itself where the sender is dropped or the other end closes; whoever asks hears of it there.
        tokio::spawn(async move {
            let _ = connection.with_upgrades().await;
        });
        Ok(sender)
    }

    /// That a connection broke, or that what came was no HTTP.
    pub(super) fn broke(&self, error: &hyper::Error) -> Error {
        use std::error::Error as _;
        // What lies below says more than that there was an error on the connection.
        let text = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        Error::Unreachable { url: self.0.url.to_string(), error: io::Error::other(text) }
    }
}
