//! The channel: one target program, how it is started or attached to, and what watches it.

mod launch;

pub use launch::{Launch, Target};
