//! The word to stop, which a thread that waits in `poll` hears.

use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Tells collectors to stop.
#[derive(Debug)]
pub struct Stopper {
    said: Arc<AtomicBool>,
    pipe: std::io::PipeWriter,
}

/// Hears it. Its descriptor is readable from then on.
#[derive(Debug)]
pub struct Stop {
    said: Arc<AtomicBool>,
    pipe: std::io::PipeReader,
}

impl Stopper {
    /// A pair of both ends.
    pub fn new() -> std::io::Result<(Stopper, Stop)> {
        let (reader, writer) = std::io::pipe()?;
        let said = Arc::new(AtomicBool::new(false));
        Ok((Stopper { said: Arc::clone(&said), pipe: writer }, Stop { said, pipe: reader }))
    }

    /// Says it, once and for all.
    pub fn stop(&self) {
        if !self.said.swap(true, Ordering::AcqRel) {
            // The pipe is empty and its reader may be gone, which is stopped too.
            let _ = (&self.pipe).write_all(&[1]);
        }
    }
}

impl Stop {
    /// Whether it was said.
    pub fn said(&self) -> bool {
        self.said.load(Ordering::Acquire)
    }

    /// Another ear for the same word.
    pub fn another(&self) -> std::io::Result<Stop> {
        Ok(Stop { said: Arc::clone(&self.said), pipe: self.pipe.try_clone()? })
    }

    /// Waits until it is said, or the time has passed; true where it was said.
    pub fn wait(&self, time: Duration) -> bool {
        let mut fds = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
        // A signal cuts the wait short, which a caller that waits in a loop does not mind.
        let _ = poll(&mut fds, PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX));
        self.said()
    }
}

impl AsFd for Stop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_heard_by_all_who_wait() {
        let (stopper, stop) = Stopper::new().unwrap();
        let another = stop.another().unwrap();
        assert!(!stop.wait(Duration::from_millis(1)) && !another.said());
        let waiting = std::thread::spawn(move || another.wait(Duration::from_secs(60)));
        stopper.stop();
        stopper.stop();
        assert!(waiting.join().unwrap() && stop.wait(Duration::from_secs(60)));
    }
}
