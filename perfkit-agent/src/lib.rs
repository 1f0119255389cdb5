//! The headless half of perfkit: it runs a program under the tuning utilities and puts what they see into one
//! session on one clock. It knows no graphical toolkit.
//!
//! [`source`]s collect, a [`channel`] holds the target that they look at, a [`session`] keeps what they saw.

pub mod analysis;
pub mod channel;
pub mod cli;
pub mod client;
pub mod error;
pub mod export;
pub mod import;
pub mod input;
pub mod replay;
pub mod report;
mod scratch;
pub mod server;
pub mod session;
pub mod source;
pub mod symbols;
pub mod template;

pub use error::{Error, Result};
