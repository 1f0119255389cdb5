//! What an agent answers: a head, and a body that comes piece by piece.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::Client;
use crate::error::{Error, Result};

/// Bytes of an answer that is read as a whole. What may be longer is read piece by piece.
const WHOLE: usize = 64 << 20;

/// Bytes of what an agent says about an error.
const PROBLEM: usize = 64 << 10;

/// Letters of it that are told.
const LINE: usize = 400;

/// An answer whose body was not read yet.
#[derive(Debug)]
pub struct Answer {
    client: Client,
    parts: http::response::Parts,
    body: Incoming,
    /// What it comes over; kept for the next who asks when all of it was read.
    connection: Option<SendRequest<Full<Bytes>>>,
    trailers: HeaderMap,
}

impl Answer {
    pub(super) fn new(client: Client, response: Response<Incoming>, connection: SendRequest<Full<Bytes>>) -> Answer {
        let (parts, body) = response.into_parts();
        Answer { client, parts, body, connection: Some(connection), trailers: HeaderMap::new() }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.parts.status
    }

    /// A header's text; none where there is none, or where it is no text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The trailers, after all of the body was read.
    pub fn trailers(&self) -> &HeaderMap {
        &self.trailers
    }

    /// How many bytes the body has, where the agent says so.
    pub fn length(&self) -> Option<u64> {
        http_body::Body::size_hint(&self.body).exact()
    }

    /// The next piece of the body; `None` at its end. A body that ends before its end is an error.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        while let Some(frame) = self.body.frame().await {
            match frame.map_err(|error| self.client.broke(&error))?.into_data() {
                Ok(data) => return Ok(Some(data)),
                Err(other) => self.trailers.extend(other.into_trailers().unwrap_or_default()),
            }
        }
        if let Some(connection) = self.connection.take() {
            self.client.keep(connection);
        }
        Ok(None)
    }

    /// The whole body.
    pub async fn bytes(mut self) -> Result<Bytes> {
        let mut all = BytesMut::new();
        while let Some(piece) = self.next().await? {
            if all.len() + piece.len() > WHOLE {
                let text = format!("{} answers with more than {} MB", self.client.url(), WHOLE >> 20);
                return Err(Error::Invalid(text));
            }
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }

    /// The whole body as JSON of a shape.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T> {
        let url = self.client.url().clone();
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Error::Invalid(format!("{url} answers with something else than was expected: {error}")))
    }

    /// Copies the body to somewhere, and says how many bytes it had.
    pub async fn copy(mut self, to: &mut (impl AsyncWrite + Unpin)) -> Result<u64> {
        let mut copied = 0;
        let failed = |error| Error::File { what: "write", path: "what is received".into(), error };
        while let Some(piece) = self.next().await? {
            to.write_all(&piece).await.map_err(failed)?;
            copied += piece.len() as u64;
        }
        to.flush().await.map_err(failed)?;
        Ok(copied)
    }

    /// What the agent says is wrong, as an error.
    pub(super) async fn problem(mut self) -> Error {
        let status = self.status();
        let mut text = Vec::new();
        while let Ok(Some(piece)) = self.next().await {
            text.extend_from_slice(&piece);
            if text.len() > PROBLEM {
                break;
            }
        }
        let told: Told = serde_json::from_slice(&text).unwrap_or_default();
        let detail = told.detail.or_else(|| status.canonical_reason().map(str::to_owned)).unwrap_or_default();
        Error::Refused {
            url: self.client.url().to_string(),
            status: status.as_u16(),
            detail: line(&detail),
            code: told.code,
        }
    }
}

/// Problem details, as RFC 9457 has them, as far as they are told on.
#[derive(Default, Deserialize)]
struct Told {
    detail: Option<String>,
    code: Option<String>,
}

/// What somebody else said, as one line without signs that a terminal takes for orders.
pub(crate) fn line(text: &str) -> String {
    let plain = text.chars().map(|one| if one.is_control() { ' ' } else { one });
    plain.take(LINE).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_agent_says_is_one_line_and_gives_a_terminal_no_orders() {
        assert_eq!(line("a\nb\x1b[31mc"), "a b [31mc");
        assert_eq!(line(&"x".repeat(10_000)).len(), LINE);
    }
}
