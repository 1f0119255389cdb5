//! The headless half of perfkit: it knows where performance data comes from, and no graphical toolkit.
//!
//! What is here today is the list of [`source`]s and whether each is ready; channels, sessions and the server
//! grow from it.

pub mod source;
