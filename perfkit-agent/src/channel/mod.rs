//! The channel: one target program, how it is started or attached to, and what watches it.

pub mod gate;
mod launch;
mod process;

pub use launch::{Launch, Target};
pub use process::{Running, name};
