//! What is said where a request cannot be served: problem details as RFC 9457 has them, one line for people.

use std::borrow::Cow;
use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::body::{Body, Reply};
use crate::error::Error;

/// Why a request was not served.
#[derive(Debug)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// One line: the thing and the remedy.
    pub detail: Cow<'static, str>,
    /// A word for programs, such as `script.memory`; none where the status says it all.
    pub code: Option<&'static str>,
    /// When to try again, where that helps.
    pub retry: Option<Duration>,
}

impl Problem {
    /// A problem of some status.
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem { status, detail: detail.into(), code: None, retry: None }
    }

    /// 400: what was asked cannot mean anything.
    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 404: there is no such thing.
    pub fn missing(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, detail)
    }

    /// 403: whoever asks may not.
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, detail)
    }

    /// 503: not now, but perhaps after a while.
    pub fn busy(detail: impl Into<Cow<'static, str>>, retry: Duration) -> Problem {
        Problem { retry: Some(retry), ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    /// 500: what should not happen did; the log has the rest.
    pub fn from_panic() -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the agent has failed at this; its log says where")
    }

    /// With a word for programs.
    pub fn coded(self, code: &'static str) -> Problem {
        Problem { code: Some(code), ..self }
    }

    /// As a reply.
    pub fn into_reply(self) -> Reply {
        let mut object = json!({
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(code) = self.code {
            object["code"] = code.into();
        }
        let mut reply = Reply::new(Body::from(object.to_string()));
        *reply.status_mut() = self.status;
        let headers = reply.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(retry) = self.retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry.as_secs().max(1)));
        }
        reply
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let status = match &error {
            Error::File { error, .. } if error.kind() == std::io::ErrorKind::NotFound => StatusCode::NOT_FOUND,
            Error::Invalid(_) | Error::NotASession(_) | Error::TooNew { .. } => StatusCode::BAD_REQUEST,
            Error::Exists(_) => StatusCode::CONFLICT,
            Error::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
            Error::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Problem::new(status, error.to_string())
    }
}
