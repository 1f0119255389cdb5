//! Something that an agent is asked.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde::Serialize;

use super::Client;
use super::answer::Answer;
use super::connect::Upgraded;
use crate::error::{Error, Result};

/// Something that is asked. Nothing is sent before [`Ask::send`].
#[derive(Debug)]
#[must_use = "nothing is sent before `send`"]
pub struct Ask {
    client: Client,
    request: http::request::Builder,
    /// The body, or why there can be none.
    body: Result<Bytes>,
    patience: Duration,
}

impl Ask {
    pub(super) fn new(client: Client, method: Method, path: &str) -> Ask {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, client.0.url.host());
        if let Some(authorization) = &client.0.authorization {
            request = request.header(header::AUTHORIZATION, authorization.clone());
        }
        let patience = client.0.patience;
        Ask { client, request, body: Ok(Bytes::new()), patience }
    }

    /// With a header.
    pub fn header(mut self, name: HeaderName, value: &str) -> Ask {
        self.request = self.request.header(name, value);
        self
    }

    /// With a body of some media type.
    pub fn body(mut self, media: &str, body: impl Into<Bytes>) -> Ask {
        self.body = Ok(body.into());
        self.header(header::CONTENT_TYPE, media)
    }

    /// With something as JSON for its body.
    pub fn json(mut self, value: &impl Serialize) -> Ask {
        self.body = serde_json::to_vec(value)
            .map(Bytes::from)
            .map_err(|error| Error::Invalid(format!("what is to be sent is no JSON: {error}")));
        self.header(header::CONTENT_TYPE, "application/json")
    }

    /// For what comes after so many bytes alone. The answer is 206 where the agent does so, and 200 with all of it where it
    /// does not, or where `tag` is given and is no longer the entity tag of what lies there.
    pub fn after(self, bytes: u64, tag: Option<&str>) -> Ask {
        let ask = self.header(header::RANGE, &format!("bytes={bytes}-"));
        match tag {
            Some(tag) => ask.header(header::IF_RANGE, tag),
            None => ask,
        }
    }

    /// Waits so long for the head of the answer, instead of what the client's options say.
    pub fn patience(mut self, patience: Duration) -> Ask {
        self.patience = patience;
        self
    }

    /// Sends it, and waits for the head of the answer. Anything but success is an error, and so is what no server says.
    pub async fn send(self) -> Result<Answer> {
        let (client, response, connection) = self.exchange().await?;
        let answer = Answer::new(client, response, connection);
        match answer.status() {
            status if status.is_success() || status == StatusCode::NOT_MODIFIED => Ok(answer),
            _ => Err(answer.problem().await),
        }
    }

    /// Sends it, with the headers of an upgrade that it was given, and takes the connection over when the agent agrees.
    pub async fn upgrade(self) -> Result<(Response<()>, Upgraded)> {
        let (client, response, connection) = self.exchange().await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(Answer::new(client, response, connection).problem().await);
        }
        let (parts, body) = response.into_parts();
        let upgraded = hyper::upgrade::on(Response::from_parts(parts.clone(), body)).await;
        let upgraded = upgraded.map_err(|error| client.broke(&error))?;
        Ok((Response::from_parts(parts, ()), TokioIo::new(upgraded)))
    }

    /// Sends it over an idle connection or a fresh one.
    async fn exchange(self) -> Result<(Client, Response<Incoming>, SendRequest<Full<Bytes>>)> {
        let Ask { client, request, body, patience } = self;
        let request = request.body(Full::new(body?));
        let request = request.map_err(|error| Error::Invalid(format!("this cannot be asked: {error}")))?;
        let late = || Error::Invalid(format!("{} has not answered for {} s", client.0.url, patience.as_secs()));
        let exchanged = tokio::time::timeout(patience, exchange(&client, request)).await;
        let (response, connection) = exchanged.map_err(|_| late())??;
        Ok((client, response, connection))
    }
}

async fn exchange(
    client: &Client,
    request: Request<Full<Bytes>>,
) -> Result<(Response<Incoming>, SendRequest<Full<Bytes>>)> {
    let request = match client.reuse() {
        None => request,
        Some(mut connection) => {
            // The agent may have closed it meanwhile. What changes nothing is asked once more then, and what may change
            // something only where it is sure that it was not sent.
            let again = request.method().is_safe().then(|| request.clone());
            match connection.try_send_request(request).await {
                Ok(response) => return Ok((response, connection)),
                Err(mut failed) => match failed.take_message().or(again) {
                    Some(request) => request,
                    None => return Err(client.broke(failed.error())),
                },
            }
        }
    };
    let mut connection = client.speak().await?;
    let response = connection.send_request(request).await.map_err(|error| client.broke(&error))?;
    Ok((response, connection))
}
