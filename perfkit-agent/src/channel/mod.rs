//! The channel: one target program, how it is started or attached to, and what watches it.

mod facts;
mod family;
pub mod gate;
mod launch;
mod process;
mod recording;
pub mod ward;

pub use family::adopt;
pub use launch::{How, Launch, Opened, Target};
pub use process::{Killer, Running, name};
pub use recording::{Outcome, Plan, Problems, Recording, Subject};
