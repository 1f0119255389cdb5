//! The figure of a recording: event timeline, frame times, exposed area.
//!
//! [`collect`] takes events as they stream by and keeps pixel columns only, so that ten million events need the
//! memory of one screen; [`graph`] lays the figure out and draws it, with [`lanes`], [`plots`] and [`legend`].

pub mod collect;
pub mod graph;
mod lanes;
mod legend;
mod plots;

#[cfg(test)]
mod tests;

pub use collect::{Collector, Figure};
pub use graph::{Heading, draw, height};
