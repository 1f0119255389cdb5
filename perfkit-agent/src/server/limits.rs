//! What a client may take of the server. One struct, so that every phase of a connection has its limit in one place.

use std::time::Duration;

/// Limits of sizes, numbers and times. [`Limits::default`] suits an agent on a desktop.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at one time.
    pub connections: usize,
    /// Connections at one time from one address. Unix sockets count as one address.
    pub per_address: usize,
    /// Bytes of a request's head.
    pub head: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Bytes of a request's body.
    pub body: usize,
    /// From a connection's begin, or from the end of the last request, to the end of the next head: idle connections
    /// and slow heads end by it.
    pub head_time: Duration,
    /// The longest pause between two pieces of a body.
    pub body_pause: Duration,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// From the end of the head to the reply's head.
    pub request: Duration,
    /// How long a client may read nothing of what it asked for.
    pub write_pause: Duration,
    /// Threads for what computes for long.
    pub compute: usize,
    /// Requests that wait at one partition.
    pub depth: usize,
    /// What is left to requests when the server is told to end.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 12_000,
            per_address: 12_000,
            head: 16 << 10,
            headers: 64,
            body: 1 << 20,
            head_time: Duration::from_secs(30),
            body_pause: Duration::from_secs(10),
            handshake: Duration::from_secs(10),
            request: Duration::from_secs(60),
            write_pause: Duration::from_secs(30),
            compute: std::thread::available_parallelism().map_or(1, usize::from),
            depth: 1_000,
            farewell: Duration::from_secs(5),
        }
    }
}
