//! Bodies of replies: nothing, bytes, or a stream whose maker waits where its reader is slow.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;

use super::nap::Busy;

/// A reply.
pub type Reply = http::Response<Body>;

/// The body of a [`Reply`].
#[derive(Debug, Default)]
pub struct Body {
    inner: Inner,
    /// Tells the connection that the reply is under way.
    _busy: Option<Busy>,
}

#[derive(Debug, Default)]
enum Inner {
    #[default]
    Empty,
    Full(Bytes),
    Stream {
        pieces: mpsc::Receiver<Frame<Bytes>>,
        left: Option<u64>,
    },
}

impl Body {
    /// A stream of pieces, and where its maker puts them. At most `ahead` wait to be sent. Its `length` in bytes is told
    /// where it is known; a stream that then ends early ends the connection.
    pub fn stream(ahead: usize, length: Option<u64>) -> (Sender, Body) {
        let (sender, pieces) = mpsc::channel(ahead.max(1));
        (Sender(sender), Inner::Stream { pieces, left: length }.into())
    }

    /// This body, with which what is under way ends.
    pub(super) fn during(self, busy: Busy) -> Body {
        Body { _busy: Some(busy), ..self }
    }

    /// JSON, as a reply.
    pub fn json(value: &impl serde::Serialize) -> Reply {
        // What is served has text keys and finite depth; if one day it has not, an empty body is better than a panic.
        let text = serde_json::to_vec(value).unwrap_or_default();
        Body::of("application/json", text)
    }

    /// Bytes of some media type, as a reply.
    pub fn of(media: &'static str, bytes: impl Into<Bytes>) -> Reply {
        let mut reply = Reply::new(Body::from(bytes));
        reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        reply
    }
}

impl From<Inner> for Body {
    fn from(inner: Inner) -> Body {
        Body { inner, _busy: None }
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Body {
        Inner::Full(bytes.into()).into()
    }
}

/// Where the maker of a stream puts its pieces.
#[derive(Clone, Debug)]
pub struct Sender(mpsc::Sender<Frame<Bytes>>);

/// Whoever read a stream has gone away.
#[derive(Debug, PartialEq, Eq)]
pub struct Gone;

impl Sender {
    /// Sends a piece; waits where the reader is slow.
    pub async fn send(&self, piece: impl Into<Bytes>) -> Result<(), Gone> {
        self.0.send(Frame::data(piece.into())).await.map_err(|_| Gone)
    }

    /// Sends a piece if there is room for it now, and says whether there was.
    pub fn offer(&self, piece: impl Into<Bytes>) -> Result<bool, Gone> {
        match self.0.try_send(Frame::data(piece.into())) {
            Ok(()) => Ok(true),
            Err(mpsc::error::TrySendError::Full(_)) => Ok(false),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Gone),
        }
    }

    /// Sends what is known at the end only, as the last of it. Clients get it that say `TE: trailers`, and only fields whose
    /// names the reply's head has in `Trailer`.
    pub async fn trailers(&self, fields: HeaderMap) -> Result<(), Gone> {
        self.0.send(Frame::trailers(fields)).await.map_err(|_| Gone)
    }

    /// Returns when the reader has gone away.
    pub async fn gone(&self) {
        self.0.closed().await;
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = match &mut self.inner {
            Inner::Empty => None,
            Inner::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.inner = Inner::Empty;
                (!bytes.is_empty()).then_some(Frame::data(bytes))
            }
            Inner::Stream { pieces, left } => {
                let frame = ready!(pieces.poll_recv(context));
                if let (Some(left), Some(piece)) = (left, frame.as_ref().and_then(Frame::data_ref)) {
                    *left = left.saturating_sub(piece.len() as u64);
                }
                frame
            }
        };
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.inner, Inner::Empty | Inner::Stream { left: Some(0), .. })
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Empty => SizeHint::with_exact(0),
            Inner::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Inner::Stream { left, .. } => left.map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}
