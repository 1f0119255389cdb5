//! Who may use the agent's server: the [`Guard`] of `perfkit-agent serve`.
//!
//! - The **Unix socket** is for the agent's own user and root, who may everything, by the kernel's word; others need a
//!   line in the register.
//! - **Addresses**, loopback too, are for whoever shows a token or a certificate that the register knows. Every user of a
//!   machine reaches its loopback, and so does every page in somebody's browser, while sessions hold command lines, paths
//!   and window titles: without a token there is nothing but whether the agent is alive.
//! - An address that others reach is not listened at without TLS, nor while nobody could be let in.
//! - What is not meant for this server, or comes from another site's page, is refused ([`Site`]); whoever asks too often
//!   waits ([`Rates`]); what was changed, and what was refused, is written down ([`Audit`]).

mod audit;
mod certificate;
mod programs;
mod rates;
mod register;
mod site;
mod tls;
pub mod token;
mod watched;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use http::request::Parts;
use http::{StatusCode, header};

use audit::{Audit, Line};
pub use programs::Programs;
use rates::Rates;
pub use register::{Grant, Register, folder};
use site::Site;
pub use tls::{Files, Made, Secure};
use token::Token;
use watched::Watched;

use super::guard::{Guard, Peer};
use super::listen::Address;
use super::metrics::{ACCESS_REFUSED, Samples};
use super::module::{Identity, Operation, Scope};
use super::problem::Problem;
use crate::error::{Error, Result};

/// How many requests a second somebody may send, where nobody says it: more than any window or script of one person does.
pub const RATE: f64 = 1_000.0;

/// How many wrong tokens an address may show a second, and how many at once. Beyond that it is told to wait; a right one
/// is known all the same, so that nobody is locked out by others at the same address.
const FAILURES: (f64, f64) = (1.0, 20.0);

/// How many refusals are written down a second, and how many at once; the others are counted.
const WRITTEN: (f64, f64) = (20.0, 200.0);

/// Why requests are refused, as metrics tell it.
const REASONS: [&str; 6] = ["site", "token", "user", "rate", "scope", "tls"];

/// Who may use a server, and what is written down.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The folder of the register and the list of programs; [`folder`] where it is not told.
    pub folder: Option<PathBuf>,
    /// Names that the server is called by, besides its own.
    pub hosts: Vec<String>,
    /// Origins of pages that may use it, besides its own.
    pub origins: Vec<String>,
    /// How many requests a second somebody may send; [`RATE`] where it is not told, and any number at 0.
    pub rate: Option<f64>,
    /// Where the audit log is written to; standard error where it is not told.
    pub audit: Option<PathBuf>,
    /// What TLS needs; without it none is spoken.
    pub tls: Option<Files>,
}

/// Decides who may.
pub struct Access {
    folder: PathBuf,
    owner: u32,
    register: Watched<Register>,
    tls: Option<Watched<Made>>,
    has_authority: bool,
    site: Site,
    rates: Rates<Who>,
    failures: Rates<IpAddr>,
    written: Rates<()>,
    audit: Audit,
    refusals: [AtomicU64; REASONS.len()],
}

/// Whose requests are counted together.
#[derive(PartialEq, Eq, Hash)]
enum Who {
    Known(String),
    Stranger(IpAddr),
}

/// A refusal: which of [`REASONS`], who as far as is known, and what is answered.
type Refusal = (&'static str, String, Problem);

impl Access {
    /// Reads what the settings name. Needs a thread for the audit log.
    pub fn new(settings: Settings) -> Result<Access> {
        let folder = settings.folder.map_or_else(folder, Ok)?;
        let (file, from) = (folder.join(register::FILE), folder.clone());
        let rate = settings.rate.unwrap_or(RATE);
        let mut site = Site { names: settings.hosts, origins: settings.origins };
        let own = nix::sys::utsname::uname().ok();
        site.names.extend(own.and_then(|own| own.nodename().to_str().map(str::to_owned)));
        Ok(Access {
            folder,
            owner: nix::unistd::geteuid().as_raw(),
            register: Watched::new(vec![file], move || Register::load(&from))?,
            has_authority: settings.tls.as_ref().is_some_and(|files| files.client_ca.is_some()),
            tls: settings.tls.map(Files::watch).transpose()?,
            site,
            rates: Rates::new(rate, rate * 2.0),
            failures: Rates::new(FAILURES.0, FAILURES.1),
            written: Rates::new(WRITTEN.0, WRITTEN.1),
            audit: Audit::open(settings.audit.as_deref())?,
            refusals: Default::default(),
        })
    }

    /// Says why a place must not be listened at.
    pub fn may_listen(&self, address: &Address) -> Result<()> {
        if address.is_local() {
            return Ok(());
        }
        let wrong = |text: &str| Err(Error::Invalid(format!("{address} can be reached from elsewhere: {text}")));
        if self.tls.is_none() {
            return wrong("that needs TLS; give --tls-cert and --tls-key, or listen at 127.0.0.1");
        }
        let now = SystemTime::now();
        let somebody = self.register().grants.iter().any(|grant| grant.sha256.is_some() && !grant.is_over(now));
        if somebody || self.has_authority {
            return Ok(());
        }
        wrong("make a token first, as nobody could be let in (perfkit-agent token make NAME), or give --client-ca")
    }

    /// Whether other users than the owner are let in by the Unix socket, so that its file must be open to them.
    pub fn has_users(&self) -> bool {
        self.register().grants.iter().any(|grant| grant.who.starts_with("uid:"))
    }

    /// The list of programs that may be started.
    pub fn programs(&self) -> Programs {
        Programs::new(&self.folder)
    }

    /// What TLS is spoken with, as it is now; none without TLS. Files that cannot be read leave it as it was.
    pub fn tls(&self) -> Option<Arc<Made>> {
        let tls = self.tls.as_ref()?;
        Some(tls.get(|error| {
            self.note(&error);
            None
        }))
    }

    /// The register as it is now. One that cannot be read lets nobody in.
    fn register(&self) -> Arc<Register> {
        self.register.get(|error| {
            self.note(&error);
            Some(Register::default())
        })
    }

    /// Looks at all files again.
    pub fn look_again(&self) {
        self.register();
        self.tls();
    }

    /// Writes down what happens to the agent itself.
    fn note(&self, error: &Error) {
        let detail = error.to_string();
        self.audit.write(Line { who: "agent", from: "itself".to_owned(), detail: Some(&detail), ..Line::default() });
    }

    fn look(&self, peer: &Peer, parts: &Parts) -> std::result::Result<Identity, Refusal> {
        let stranger = |reason| move |problem| (reason, "anonymous".to_owned(), problem);
        if let Peer::Tcp { secure, .. } = peer {
            let made = self.tls();
            let own = made.as_ref().map_or(&[][..], |made| &made.names);
            self.site.check(parts, own, *secure).map_err(stranger("site"))?;
        }
        let (now, register) = (SystemTime::now(), self.register());
        let shown = parts.headers.get(header::AUTHORIZATION);
        let identity = match (shown, peer) {
            (Some(shown), _) => {
                let once = parts.headers.get_all(header::AUTHORIZATION).iter().count() == 1;
                let token = Token::shown(shown.as_bytes()).filter(|_| once);
                let grant = token.and_then(|token| register.token(&token, now));
                grant.map(identity_of).ok_or_else(|| self.wrong_token(peer)).map_err(stranger("token"))?
            }
            (None, Peer::Unix { uid, .. }) => {
                let name = format!("uid:{uid}");
                match register.find(&name, now) {
                    _ if *uid == self.owner || *uid == 0 => {
                        // By the kernel's word it is whom the agent serves, who is not to be slowed either.
                        return Ok(Identity { name: name.into(), scopes: Scope::ALL.to_vec() });
                    }
                    Some(grant) => identity_of(grant),
                    None => {
                        let text = "this agent serves another user, who could let you in: perfkit-agent token allow";
                        return Err(("user", name, Problem::forbidden(text)));
                    }
                }
            }
            (None, Peer::Tcp { certificate, .. }) => {
                let known = certificate.iter().find_map(|name| register.find(&format!("certificate:{name}"), now));
                match (known, certificate.first()) {
                    (Some(grant), _) => identity_of(grant),
                    (None, Some(name)) => Identity { name: format!("certificate:{name}").into(), scopes: Vec::new() },
                    (None, None) => Identity::anonymous(),
                }
            }
        };
        let who = match peer {
            Peer::Tcp { address, .. } if identity.scopes.is_empty() => Who::Stranger(network(address.ip())),
            _ => Who::Known(identity.name.to_string()),
        };
        match self.rates.take(who, Instant::now()) {
            Ok(()) => Ok(identity),
            Err(wait) => Err(("rate", identity.name.into_owned(), too_often("too many requests", wait))),
        }
    }

    /// What is answered to a token that is none.
    fn wrong_token(&self, peer: &Peer) -> Problem {
        let taken = match peer {
            Peer::Tcp { address, .. } => self.failures.take(network(address.ip()), Instant::now()),
            Peer::Unix { .. } => Ok(()),
        };
        match taken {
            Ok(()) => {
                Problem::new(StatusCode::UNAUTHORIZED, "the token is not known here, or has been revoked or expired")
            }
            Err(wait) => too_often("too many wrong tokens", wait),
        }
    }

    /// Counts a refusal, and writes it down.
    fn refused(&self, peer: &Peer, line: Line<'_>, reason: &'static str) {
        if let Some(at) = REASONS.iter().position(|known| *known == reason) {
            self.refusals[at].fetch_add(1, Ordering::Relaxed);
        }
        match self.written.take((), Instant::now()) {
            Ok(()) => self.audit.write(Line { from: told(peer), ..line }),
            Err(_) => self.audit.omit(),
        }
    }
}

impl Guard for Access {
    fn identify(&self, peer: &Peer, parts: &Parts) -> std::result::Result<Identity, Problem> {
        self.look(peer, parts).map_err(|(reason, who, problem)| {
            let (status, detail) = (Some(problem.status.as_u16()), Some(problem.detail.as_ref()));
            self.refused(peer, Line { who: &who, status, detail, ..Line::default() }, reason);
            problem
        })
    }

    fn refuse(&self, identity: &Identity, scope: Scope) -> Problem {
        let scope = scope.name();
        if identity.name == "anonymous" {
            let text =
                format!("this needs a token with the scope `{scope}` (perfkit-agent token make NAME --scope {scope})");
            return Problem::new(StatusCode::UNAUTHORIZED, text);
        }
        Problem::forbidden(format!("{} has not the scope `{scope}`, which this needs", identity.name))
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
        let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status);
        if !refused && operation.scope < Scope::Script {
            return;
        }
        let line = Line {
            who: &identity.name,
            from: told(peer),
            operation: Some(operation.name),
            scope: Some(operation.scope.name()),
            status: Some(status.as_u16()),
            ms: Some(audit::ms(took)),
            detail,
        };
        if refused { self.refused(peer, line, "scope") } else { self.audit.write(line) }
    }

    fn observe(&self, samples: &mut Samples) {
        for (reason, count) in REASONS.iter().zip(&self.refusals) {
            let reason = [("reason", (*reason).to_owned())];
            samples.counter(&ACCESS_REFUSED, &reason, count.load(Ordering::Relaxed) as f64);
        }
    }
}

/// Whose name a process of this agent's own user has.
pub fn owner() -> String {
    format!("uid:{}", nix::unistd::geteuid())
}

fn identity_of(grant: &Grant) -> Identity {
    Identity { name: grant.who.clone().into(), scopes: grant.scopes.clone() }
}

fn too_often(what: &str, wait: Duration) -> Problem {
    let text = format!("{what}; wait {} s", wait.as_secs() + 1);
    Problem { retry: Some(wait + Duration::from_secs(1)), ..Problem::new(StatusCode::TOO_MANY_REQUESTS, text) }
}

/// From where, as the log tells it.
fn told(peer: &Peer) -> String {
    match peer {
        Peer::Unix { uid, pid: Some(pid) } => format!("uid:{uid} pid:{pid}"),
        Peer::Unix { uid, pid: None } => format!("uid:{uid}"),
        Peer::Tcp { address, .. } => address.to_string(),
    }
}

/// The addresses that one machine has as many of as it likes count as one.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) & !u128::from(u64::MAX)).into()),
        ip => ip,
    }
}

#[cfg(test)]
mod tests;
