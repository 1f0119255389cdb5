//! Sysprof's captures (`.syscap`): read from files, and live from a program that writes them.
//!
//! [`frames`] reads single frames, [`stream`] cuts bytes into them, [`sink`] puts them into the session.

mod frames;
mod import;
mod live;
mod ring;
mod sink;
mod stream;

pub use frames::header;
pub use import::import;
pub use live::Sysprof;

#[cfg(test)]
mod tests;
