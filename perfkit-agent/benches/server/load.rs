//! Loads: connections that ask again as soon as they are answered, or at an even pace. What is late counts from when it
//! should have been asked, so that a server that stands still does not look well.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use perfkit_agent::server::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Requests of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many connections ask.
    pub connections: usize,
    /// For what.
    pub path: &'static str,
    /// When.
    pub pace: Pace,
}

/// When a connection asks.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// As soon as it is answered.
    Closed,
    /// So that all connections together ask so many times a second.
    Even(u32),
}

/// What a load saw.
pub struct Seen(Arc<Histogram>);

impl Seen {
    /// How many were answered with 200.
    pub fn count(&self) -> u64 {
        self.0.counts().count
    }

    /// The latency below which a share of them lies, in seconds.
    pub fn p(&self, share: f64) -> f64 {
        self.0.counts().quantile(share).as_secs_f64()
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let built = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    built.expect("a runtime can be made")
}

/// Puts loads on a server at the same time, and gives what each saw.
pub fn run(port: u16, loads: &[Load], lasts: Duration) -> Vec<Seen> {
    let runtime = runtime();
    let until = Instant::now() + lasts;
    let seen: Vec<Arc<Histogram>> = loads.iter().map(|_| Arc::default()).collect();
    for (load, seen) in loads.iter().zip(&seen) {
        for number in 0..load.connections {
            let (load, seen) = (*load, Arc::clone(seen));
            runtime.spawn(async move {
                while Instant::now() < until {
                    // A server that closes a connection is asked over another.
                    if connection(port, load, number, until, &seen).await.is_err() {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
            });
        }
    }
    std::thread::sleep(until.saturating_duration_since(Instant::now()));
    let found = seen.iter().map(|seen| Seen(Arc::new(copy(seen)))).collect();
    runtime.shutdown_background();
    found
}

/// What was seen up to now: requests that are under way go on for a moment.
fn copy(seen: &Histogram) -> Histogram {
    let copied = Histogram::new();
    for (low, high, count) in seen.counts().filled() {
        (0..count).for_each(|_| copied.record((low + high) / 2));
    }
    copied
}

async fn connection(port: u16, load: Load, number: usize, until: Instant, seen: &Histogram) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let request = format!("GET {} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n", load.path);
    let mut buffer = Vec::new();
    let every = match load.pace {
        Pace::Closed => Duration::ZERO,
        Pace::Even(rate) => Duration::from_secs(load.connections as u64) / rate,
    };
    let mut due = Instant::now() + every * number as u32 / load.connections as u32;
    loop {
        if every > Duration::ZERO {
            tokio::time::sleep_until(due.into()).await;
        }
        let now = Instant::now();
        if now >= until {
            return Ok(());
        }
        // The timer's own lateness is not the server's; being late because the last answer was late is.
        let asked = if now.saturating_duration_since(due) > every && every > Duration::ZERO { due } else { now };
        stream.write_all(request.as_bytes()).await?;
        if reply(&mut stream, &mut buffer).await? == 200 {
            seen.record(asked.elapsed());
        }
        due += every;
    }
}

/// Reads one reply, and gives its status.
async fn reply(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<u16> {
    buffer.clear();
    loop {
        let head = buffer.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
            let length =
                text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            let length = length.ok_or(ErrorKind::InvalidData)?;
            while buffer.len() < head + 4 + length {
                if stream.read_buf(buffer).await? == 0 {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
            }
            let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
            return status.ok_or_else(|| ErrorKind::InvalidData.into());
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Opens connections, asks once over each, and gives how many stand while `look` looks, some seconds later.
pub fn idle(port: u16, connections: usize, look: impl FnOnce() -> f64) -> (usize, f64) {
    runtime().block_on(async {
        let mut open = Vec::new();
        for _ in 0..connections {
            let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { break };
            let request = format!("GET /hello HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
            let asked = stream.write_all(request.as_bytes()).await;
            if asked.is_ok() && reply(&mut stream, &mut Vec::new()).await.is_ok_and(|status| status == 200) {
                open.push(stream);
            }
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        (open.len(), look())
    })
}
