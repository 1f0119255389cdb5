//! A request as a module handles it. Its body is read with limits of size and of time.

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::limits::Limits;
use super::module::{Identity, Operation};
use super::problem::Problem;

/// A request that was let in.
#[derive(Debug)]
pub struct Request {
    /// Which operation it is for.
    pub operation: &'static Operation,
    /// Method, URI and headers, and what hyper needs for an upgrade.
    pub parts: Parts,
    /// Who asks.
    pub identity: Identity,
    pub(super) params: Params,
    pub(super) body: Incoming,
    pub(super) limits: Limits,
}

impl Request {
    /// The part of the path that varies, by its name in [`Operation::path`], decoded. Empty where there is none.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name)
    }

    /// The query of the URI as pairs, decoded, in their order.
    pub fn query(&self) -> impl Iterator<Item = (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)> {
        form_urlencoded::parse(self.parts.uri.query().unwrap_or_default().as_bytes())
    }

    /// The whole body. More than the limit is refused before it is read where its length is told, else while it is.
    pub async fn bytes(&mut self) -> Result<Bytes, Problem> {
        let too_large = || {
            let text = format!("the body has more than {} bytes, which is the limit", self.limits.body);
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, text)
        };
        if http_body::Body::size_hint(&self.body).lower() > self.limits.body as u64 {
            return Err(too_large());
        }
        let mut all = BytesMut::new();
        loop {
            let frame = tokio::time::timeout(self.limits.body_pause, self.body.frame()).await;
            let frame = frame
                .map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the rest of the body did not come in time"))?;
            let Some(frame) = frame else { return Ok(all.freeze()) };
            let frame = frame.map_err(|error| Problem::invalid(format!("the body cannot be read: {error}")))?;
            if let Ok(data) = frame.into_data() {
                if all.len() + data.len() > self.limits.body {
                    return Err(too_large());
                }
                all.extend_from_slice(&data);
            }
        }
    }

    /// The body as JSON of a shape; an empty one counts as `{}`.
    pub async fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Problem> {
        let bytes = self.bytes().await?;
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(bytes).map_err(|error| Problem::invalid(format!("the body: {error}")))
    }
}

/// The parts of a path that vary. There are seldom more than two, so that they are looked for in turn.
#[derive(Clone, Debug, Default)]
pub struct Params(pub(super) Vec<(&'static str, String)>);

impl Params {
    /// A part by its name; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}
