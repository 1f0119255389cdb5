//! What a module is: the contract between the container and whatever it serves.

use std::borrow::Cow;
use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use http::request::Parts;

use super::body::Reply;
use super::context::Context;
use super::partition::{Keys, Mode};
use super::problem::Problem;
use super::request::{Params, Request};
use crate::error::similar;

/// What a request comes to: a reply, or what was wrong.
pub type Outcome = Result<Reply, Problem>;

/// Something that serves requests. It is made once and shared by all workers.
pub trait Module: Send + Sync + 'static {
    /// Its name, as metrics and the log tell it: one word.
    fn name(&self) -> &'static str;

    /// What it serves. The container asks once, when it is built; two modules must not serve the same.
    fn operations(&self) -> &'static [Operation];

    /// Schemas that its operations refer to, by name as `#/components/schemas/NAME`, for the OpenAPI description.
    fn schemas(&self) -> Vec<(&'static str, serde_json::Value)> {
        Vec::new()
    }

    /// Says how a request may enter. Called on a worker, before a byte of the body is read; it must neither wait nor
    /// compute for long. Whoever asks may already do what the operation's scope needs.
    fn classify(&self, _head: &Head<'_>) -> Admission {
        Admission::Now
    }

    /// Handles a request that was let in. It may wait as often as it likes, as long as it waits with `await`: for the
    /// body, for pools, for scripts. It is dropped where the client goes away or the deadline passes, so that it must
    /// leave nothing half done at an `await`; what has to be finished is given to [`Context::spawn`].
    fn handle(&self, request: Request, context: Context) -> impl Future<Output = Outcome> + Send;
}

/// One thing that a module does, under one method and path.
#[derive(Debug)]
pub struct Operation {
    /// Its name, unique among all modules: the `operationId` of the OpenAPI description.
    pub name: &'static str,
    /// The method: "GET", "POST" …
    pub method: &'static str,
    /// The path, with `{name}` for a part that varies and `{*name}` for all the rest.
    pub path: &'static str,
    /// What whoever asks must be allowed.
    pub scope: Scope,
    /// One line for people.
    pub summary: &'static str,
    /// The rest of its OpenAPI Operation Object (parameters, requestBody, responses), as JSON.
    pub describe: fn() -> serde_json::Value,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Anything, without being known: health, readiness.
    Open,
    /// See what there is.
    Read,
    /// Run scripts over it.
    Script,
    /// Start, stop and change things.
    Control,
}

impl Scope {
    /// All that can be given to somebody, in the order of their weight.
    pub const ALL: [Scope; 3] = [Scope::Read, Scope::Script, Scope::Control];

    /// Its name, as tokens have it.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Open => "open",
            Scope::Read => "read",
            Scope::Script => "script",
            Scope::Control => "control",
        }
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Scope, String> {
        let known = || Scope::ALL.iter().map(|scope| scope.name());
        let found = Scope::ALL.into_iter().find(|scope| scope.name() == text);
        found.ok_or_else(|| {
            format!(
                "there is no scope `{text}`{}; there are {}",
                similar(text, known()),
                known().collect::<Vec<_>>().join(", ")
            )
        })
    }
}

/// Who asks, and what they may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// As the audit log tells it: `uid:1000`, `token:NAME`, `certificate:CN`, or `anonymous`.
    pub name: Cow<'static, str>,
    /// What is allowed, without [`Scope::Open`], which everybody is.
    pub scopes: Vec<Scope>,
}

impl Identity {
    /// Somebody of whom nothing is known.
    pub fn anonymous() -> Identity {
        Identity { name: Cow::Borrowed("anonymous"), scopes: Vec::new() }
    }

    /// Whether they may.
    pub fn may(&self, scope: Scope) -> bool {
        scope == Scope::Open || self.scopes.contains(&scope)
    }
}

/// The head of a request, as [`Module::classify`] sees it.
#[derive(Debug)]
pub struct Head<'a> {
    /// Which operation it is for.
    pub operation: &'static Operation,
    /// Method, URI and headers.
    pub parts: &'a Parts,
    /// Who asks.
    pub identity: &'a Identity,
    pub(super) params: &'a Params,
}

impl Head<'_> {
    /// The part of the path that varies, by its name in [`Operation::path`], decoded. Empty where there is none.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name)
    }
}

/// How a request may enter.
#[derive(Debug)]
pub enum Admission {
    /// At once.
    Now,
    /// When its turn comes at a part of the data. Meanwhile it holds no thread, and others do not notice.
    Partition {
        /// Which part.
        keys: Keys,
        /// Beside others, or alone.
        mode: Mode,
        /// How long it may wait before it is told to come back later (503 with Retry-After).
        max_wait: Duration,
    },
    /// Not at all.
    Reject(Problem),
}
