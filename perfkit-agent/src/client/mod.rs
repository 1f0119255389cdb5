//! A client of an agent's server: for the command line, the window and the tests.
//!
//! A [`Client`] stands for one agent, wherever it listens ([`Url`]); it keeps connections that are idle. What it is
//! asked goes out as [`Ask`], and comes back as [`Answer`] or as one clear line. All of it needs a tokio runtime;
//! [`wait`] brings one for a command that has nothing else to do.

mod answer;
mod ask;
mod connect;
pub mod metrics;
pub(crate) mod tls;
mod url;

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method};
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_rustls::TlsConnector;

pub use answer::Answer;
pub(crate) use answer::line;
pub use ask::Ask;
pub use connect::{Connection, Upgraded};
pub use tls::{Fingerprint, Trust};
pub use url::{Place, Url};

use crate::error::{Error, Result};

/// The variable whose value is the token, where nobody gives another.
pub const TOKEN: &str = "PERFKIT_TOKEN";

/// Connections that are kept while nobody asks anything.
const KEPT: usize = 4;

/// How an agent is to be talked to, besides where it is.
#[derive(Clone, Default)]
pub struct Options {
    /// The bearer token, if any.
    pub token: Option<String>,
    /// Whom to believe to be the agent, where it is asked by https.
    pub trust: Option<Trust>,
    /// Files with our own certificate and its key, in PEM, where the agent wants to see one.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// How long to wait for the head of an answer; [`PATIENCE`] where it is not told.
    pub patience: Option<Duration>,
}

/// How long the head of an answer is waited for: a little longer than an agent itself tries.
pub const PATIENCE: Duration = Duration::from_secs(70);

impl fmt::Debug for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A token is told to nobody, not even to whoever looks for what went wrong.
        let token = self.token.as_ref().map(|_| "…");
        out.debug_struct("Options").field("token", &token).field("trust", &self.trust).finish_non_exhaustive()
    }
}

/// One agent. A clone is the same, and shares its idle connections.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

struct Inner {
    url: Url,
    authorization: Option<HeaderValue>,
    tls: Option<TlsConnector>,
    patience: Duration,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Inner").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the agent at a place. Nothing is connected yet; what fails is what cannot mean anything: https without
    /// [`Options::trust`], files that are no certificates, and a token that everybody on the way could read.
    pub fn new(url: Url, options: &Options) -> Result<Client> {
        let tls = match &url.place {
            Place::Tcp { secure: true, .. } => Some(tls::connector(&url, options)?),
            _ => None,
        };
        if options.token.is_some() && !url.is_private() {
            let text = format!("{url}: a token is not sent where everybody on the way can read it; use https");
            return Err(Error::Invalid(text));
        }
        let bearer = |token: &String| {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| Error::Invalid("the token has signs in it that no token has".to_owned()))?;
            value.set_sensitive(true);
            Ok(value)
        };
        let authorization = options.token.as_ref().map(bearer).transpose()?;
        let patience = options.patience.unwrap_or(PATIENCE);
        Ok(Client(Arc::new(Inner { url, authorization, tls, patience, idle: Mutex::default() })))
    }

    /// Where the agent is.
    pub fn url(&self) -> &Url {
        &self.0.url
    }

    /// Something that is to be asked: a method, and a path with its query, both as they go over the wire.
    pub fn ask(&self, method: Method, path: &str) -> Ask {
        Ask::new(self.clone(), method, path)
    }

    /// Gets JSON.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.ask(Method::GET, path).send().await?.json().await
    }

    /// Posts JSON, and gets JSON.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.ask(Method::POST, path).json(body).send().await?.json().await
    }

    /// An idle connection, if there is one that is still open.
    fn reuse(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| !connection.is_closed());
        let at = idle.iter().rposition(SendRequest::is_ready)?;
        Some(idle.swap_remove(at))
    }

    /// Keeps a connection for the next who asks.
    fn keep(&self, connection: SendRequest<Full<Bytes>>) {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT && !connection.is_closed() {
            idle.push(connection);
        }
    }
}

/// Waits for something that needs a runtime, on this thread. For commands; never call it from within a runtime.
pub fn wait<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let failed = |error| Error::File { what: "start", path: "a runtime for the network".into(), error };
    runtime.map_err(failed)?.block_on(work)
}

#[cfg(test)]
mod tests;
