//! A server of two example modules; MODULES.md is the standard that they are written to. To try them:
//! `cargo run -p perfkit-agent --example modules FOLDER`, which says where it listens.

mod notes;
mod primes;

use std::io;
use std::time::Duration;

use perfkit_agent::server::{Builder, Doors, Everybody, Limits, Pool};

#[tokio::main]
async fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).unwrap_or_else(|| ".".into());
    let container = Builder::new(Limits::default(), Everybody)
        .pool(Pool::<primes::Sieve>::new(2, Duration::from_secs(10)))
        .module(notes::Notes(folder.into()))
        .module(primes::Primes)
        .build()
        .map_err(io::Error::other)?;
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", socket.local_addr()?);
    container.serve(socket, Doors::new(&container)).await;
    Ok(())
}
