//! The agent's server: everything from socket to application is asynchronous, and nothing holds a thread while it
//! waits.
//!
//! tokio has the workers (one a core, each with its queue, stealing from each other), hyper speaks HTTP. What is here
//! is what lies between them and the application:
//!
//! - a [`Module`] says at once, from a request's head, how it may enter ([`Admission`]), and then handles it in its own
//!   time with a [`Context`];
//! - [`Partitions`] let requests to one part of the data in by turns, and those that wait cost no thread;
//! - [`Pools`] lend what is scarce and shared: readers of sessions, slots for processes;
//! - the [`Container`] holds modules, sockets and limits together, and [`metrics`] tells what they do.
//!
//! `perfkit-agent/MODULES.md` is the standard that a module is written to.

pub mod access;
mod agent;
mod body;
mod compute;
mod connection;
mod container;
mod context;
mod guard;
mod histogram;
mod limits;
pub mod listen;
pub mod metrics;
mod module;
pub mod modules;
pub mod names;
mod nap;
mod notify;
mod partition;
mod pool;
mod problem;
pub mod readers;
mod request;
mod router;
pub mod script;
mod shelf;
mod trim;

pub use agent::{Options, serve};
pub use body::{Body, Gone, Reply, Sender};
pub use compute::Compute;
pub use connection::Doors;
pub use container::{Builder, Container};
pub use context::Context;
pub use guard::{Everybody, Guard, Peer};
pub use histogram::Histogram;
pub use limits::Limits;
pub use module::{Admission, Head, Identity, Module, Operation, Outcome, Scope};
pub use partition::{Entry, Keys, Mode, Partitions};
pub use pool::{Lease, Pool, Pools, Resource};
pub use problem::Problem;
pub use request::Request;
pub use shelf::Shelf;
