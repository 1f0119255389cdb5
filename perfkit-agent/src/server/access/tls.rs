//! TLS for the sockets of addresses: version 1.3 alone, with certificates of clients where an authority for them is known.
//! Certificates are read anew when their files change.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring as provider;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::server::TlsStream;

use super::certificate;
use super::watched::Watched;
use super::{Access, Line};
use crate::client::Fingerprint;
use crate::client::tls::{authorities, certificates, private_key};
use crate::error::{Error, Result};
use crate::server::connection::{Greet, Listen};
use crate::server::guard::Peer;

/// Files that TLS needs, in PEM.
#[derive(Clone, Debug)]
pub struct Files {
    /// The server's certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// The key to it.
    pub key: PathBuf,
    /// The authorities of clients' certificates. Without them none is asked for.
    pub client_ca: Option<PathBuf>,
}

/// What was made of them.
pub struct Made {
    config: Arc<ServerConfig>,
    /// The server's certificate's.
    pub fingerprint: Fingerprint,
    /// The names that it is for.
    pub names: Vec<String>,
}

impl Files {
    /// Reads them, now and whenever they change.
    pub fn watch(self) -> Result<Watched<Made>> {
        let files = [Some(&self.certificate), Some(&self.key), self.client_ca.as_ref()];
        Watched::new(files.into_iter().flatten().cloned().collect(), move || self.read())
    }

    fn read(&self) -> Result<Made> {
        let crypto = Arc::new(provider::default_provider());
        let wrong = |error: &dyn std::fmt::Display| {
            Error::Invalid(format!("{} and {}: {error}", self.certificate.display(), self.key.display()))
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&crypto)).with_protocol_versions(&[&TLS13]);
        let builder = builder.map_err(|error| wrong(&error))?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(file) => {
                // Whoever shows none may still show a token.
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities(file)?), crypto);
                let verifier = verifier.allow_unauthenticated().build();
                builder.with_client_cert_verifier(verifier.map_err(|error| wrong(&error))?)
            }
        };
        let chain = certificates(&self.certificate)?;
        let first = chain.first().ok_or_else(|| wrong(&"there is no certificate"))?;
        let (fingerprint, names) = (Fingerprint::of(first), certificate::names(first));
        let config = builder.with_single_cert(chain, private_key(&self.key)?);
        let mut config = config.map_err(|error| wrong(&error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Made { config: Arc::new(config), fingerprint, names })
    }
}

/// A socket whose connections begin with a TLS handshake.
pub struct Secure {
    /// What they come in by.
    pub socket: TcpListener,
    /// Who has the certificates, and hears of what fails.
    pub access: Arc<Access>,
}

impl Listen for Secure {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, Peer)> {
        Listen::accept(&mut self.socket).await
    }

    fn greet(&self) -> impl Greet<TcpStream> {
        Handshake(Arc::clone(&self.access))
    }
}

struct Handshake(Arc<Access>);

impl Greet<TcpStream> for Handshake {
    type Stream = TlsStream<TcpStream>;

    async fn greet(self, stream: TcpStream, peer: Peer) -> io::Result<(Self::Stream, Peer)> {
        let made = self.0.tls().ok_or_else(|| io::Error::other("there are no certificates"))?;
        let accepted = TlsAcceptor::from(Arc::clone(&made.config)).accept(stream).await;
        let stream = accepted.inspect_err(|error| self.0.turned_away(&peer, &format!("TLS: {error}")))?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let certificate = shown.map(certificate::names).unwrap_or_default();
        let peer = match peer {
            Peer::Tcp { address, .. } => Peer::Tcp { address, certificate, secure: true },
            peer @ Peer::Unix { .. } => peer,
        };
        Ok((stream, peer))
    }
}

impl Access {
    /// Somebody did not come so far as to speak HTTP.
    fn turned_away(&self, peer: &Peer, detail: &str) {
        self.refused(peer, Line { who: "anonymous", detail: Some(detail), ..Line::default() }, "tls");
    }
}
