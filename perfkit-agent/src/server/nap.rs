//! Connections that are idle sleep: what HTTP needs, some 14 KB, is given back, and made anew when the client goes on.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection sleeps after it was idle for one to two of these.
const TICK: Duration = Duration::from_secs(1);
/// After how many that fell asleep their memory is given back to the system.
const HEAP: usize = 500;

/// What a connection does, seen from its ends: hyper does not tell.
#[derive(Debug, Default)]
pub struct Activity {
    /// Requests whose reply's body is not made yet.
    busy: AtomicUsize,
    /// Requests so far.
    asked: AtomicU64,
    /// Whether the client reads slower than it is written to.
    blocked: AtomicBool,
}

/// A request that is under way, until its reply's body is made.
#[derive(Debug)]
pub struct Busy(Arc<Activity>);

impl Activity {
    /// A request has come.
    pub fn ask(self: &Arc<Activity>) -> Busy {
        self.busy.fetch_add(1, Ordering::AcqRel);
        self.asked.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Returns when the connection has answered something and nothing has been going on since for a while.
    pub async fn idle(&self) {
        let mut before = self.asked.load(Ordering::Relaxed);
        let first = before;
        loop {
            tokio::time::sleep(TICK).await;
            let asked = self.asked.load(Ordering::Relaxed);
            let quiet = self.busy.load(Ordering::Acquire) == 0 && !self.blocked.load(Ordering::Relaxed);
            if asked == before && asked > first && quiet {
                return;
            }
            before = asked;
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A stream that begins with what was read of it before.
#[derive(Debug)]
pub struct Again<S> {
    before: Bytes,
    stream: S,
    activity: Arc<Activity>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Again<S> {
    /// With nothing read before.
    pub fn new(stream: S) -> Again<S> {
        Again { before: Bytes::new(), stream, activity: Arc::default() }
    }

    /// What it does.
    pub fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// Puts back what was read of it; nothing that was put back before may be left.
    pub fn put_back(&mut self, bytes: Bytes) {
        self.before = if self.before.is_empty() { bytes } else { [bytes, self.before.split_off(0)].concat().into() };
    }

    /// Waits until the client goes on; false where it closes the connection instead.
    pub async fn wake(&mut self) -> io::Result<bool> {
        if !self.before.is_empty() {
            return Ok(true);
        }
        let mut byte = [0];
        let read = tokio::io::AsyncReadExt::read(&mut self.stream, &mut byte).await?;
        self.before = Bytes::copy_from_slice(&byte[..read]);
        Ok(read > 0)
    }

    fn noted<T>(&self, written: Poll<T>) -> Poll<T> {
        self.activity.blocked.store(written.is_pending(), Ordering::Relaxed);
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Again<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.before.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, to);
        }
        let length = self.before.len().min(to.remaining());
        to.put_slice(&self.before[..length]);
        self.before.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Again<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.noted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Counts connections that fell asleep, and says when it is time to give memory back.
#[derive(Debug, Default)]
pub struct Sleepers(AtomicUsize);

impl Sleepers {
    /// One more; true for one in many.
    pub fn fell_asleep(&self) -> bool {
        (self.0.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(HEAP)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_was_read_before_comes_first() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut again = Again::new(server);
        client.write_all(b"GET").await.unwrap();
        assert!(again.wake().await.unwrap());
        let mut text = [0; 3];
        again.read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b"GET");
        again.put_back(Bytes::from_static(b"HE"));
        again.put_back(Bytes::from_static(b"T"));
        assert!(again.wake().await.unwrap());
        again.read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b"THE");
        drop(client);
        assert!(!again.wake().await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_once_it_has_answered_and_its_client_has_read() {
        let activity = Arc::new(Activity::default());
        let is_idle = async || tokio::time::timeout(10 * TICK, activity.idle()).await.is_ok();
        assert!(!is_idle().await, "nothing was asked yet: the limit of a head's time counts");
        let idle = tokio::spawn({
            let activity = Arc::clone(&activity);
            async move { activity.idle().await }
        });
        tokio::task::yield_now().await;
        let busy = activity.ask();
        tokio::time::sleep(10 * TICK).await;
        assert!(!idle.is_finished(), "the reply is not made yet");
        activity.blocked.store(true, Ordering::Relaxed);
        drop(busy);
        tokio::time::sleep(10 * TICK).await;
        assert!(!idle.is_finished(), "the reply is not read yet");
        activity.blocked.store(false, Ordering::Relaxed);
        tokio::time::sleep(3 * TICK).await;
        assert!(idle.is_finished());
    }
}
