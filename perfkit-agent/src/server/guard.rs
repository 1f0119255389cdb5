//! Who asks, and what they may: the interface. What the agent itself does about it is in `crate::server::access`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::request::Parts;

use super::metrics::Samples;
use super::module::{Identity, Operation, Scope};
use super::problem::Problem;

/// Whoever is at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A process on this machine, known by the kernel.
    Unix {
        /// Its user.
        uid: u32,
        /// The process, where the kernel tells it.
        pid: Option<i32>,
    },
    /// Somebody at an address.
    Tcp {
        /// Where from.
        address: SocketAddr,
        /// The names in the certificate that was shown and verified, the common name first; none without such.
        certificate: Vec<String>,
        /// Whether it is TLS.
        secure: bool,
    },
}

/// Decides who asks, and hears what became of it.
pub trait Guard: Send + Sync + 'static {
    /// Who asks; or why they are not even listened to (a forged Host or Origin, a token that is none, too many requests).
    fn identify(&self, peer: &Peer, parts: &Parts) -> Result<Identity, Problem>;

    /// What is said to somebody who may not.
    fn refuse(&self, identity: &Identity, scope: Scope) -> Problem {
        let status = if identity.scopes.is_empty() { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
        Problem::new(status, format!("this needs the scope `{}`", scope.name()))
    }

    /// A request was answered.
    fn answered(
        &self,
        _peer: &Peer,
        _identity: &Identity,
        _operation: &'static Operation,
        _status: StatusCode,
        _took: Duration,
        _detail: Option<&str>,
    ) {
    }

    /// What it counts, among the server's metrics.
    fn observe(&self, _samples: &mut Samples) {}
}

/// Lets everybody do everything: for tests and benches.
#[derive(Debug)]
pub struct Everybody;

impl Guard for Everybody {
    fn identify(&self, _peer: &Peer, _parts: &Parts) -> Result<Identity, Problem> {
        Ok(Identity { name: "everybody".into(), scopes: Scope::ALL.to_vec() })
    }
}

impl<G: Guard> Guard for Arc<G> {
    fn identify(&self, peer: &Peer, parts: &Parts) -> Result<Identity, Problem> {
        G::identify(self, peer, parts)
    }

    fn refuse(&self, identity: &Identity, scope: Scope) -> Problem {
        G::refuse(self, identity, scope)
    }

    fn answered(
        &self,
        peer: &Peer,
        identity: &Identity,
        operation: &'static Operation,
        status: StatusCode,
        took: Duration,
        detail: Option<&str>,
    ) {
        G::answered(self, peer, identity, operation, status, took, detail);
    }

    fn observe(&self, samples: &mut Samples) {
        G::observe(self, samples);
    }
}
