//! Journeys of the agent's server: what its clients get, and what becomes of those that mean it ill.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod abuse;
mod agent;
mod crowd;
mod described;
mod downloads;
mod scripts;
mod sessions;
mod stalled;
mod troubles;
