//! The channel: one target program, how it is started or attached to, and what watches it.

pub mod conduct;
pub mod descriptors;
mod facts;
mod family;
pub mod gate;
mod launch;
pub mod orders;
mod process;
mod recording;
pub mod ward;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::server::script::nursery;
pub use conduct::{Attendant, Ended, Onlooker, conduct};
pub use family::{Company, adopt};
pub use launch::{How, Launch, Opened, Target};
pub use orders::{Order, Orders};
pub use process::{Killer, Running, find, name};
pub use recording::{Outcome, Plan, Problems, Recording, Subject};

/// Does what the hidden commands of our programs do, where the words after the program's name are one: each program
/// that records begins with this.
pub fn hidden(words: &[OsString]) -> Option<ExitCode> {
    match words.split_first() {
        Some((word, rest)) if word == gate::COMMAND => Some(gate::pass(rest)),
        Some((word, [])) if word == ward::COMMAND => Some(ward::keep()),
        Some((word, [])) if word == nursery::COMMAND => Some(nursery::keep()),
        _ => None,
    }
}
