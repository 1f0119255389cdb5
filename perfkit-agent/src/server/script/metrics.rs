//! What is counted about scripts: readable at any time, by anybody.

use std::sync::atomic::AtomicU64;

use super::limits::Code;
use crate::server::Histogram;

/// Counts of a sandbox, from its start.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Scripts that were begun.
    pub begun: AtomicU64,
    /// Scripts that ended as they should.
    pub done: AtomicU64,
    /// Scripts that failed, by [`Code`], in the order of its table.
    pub failed: [AtomicU64; Code::ALL.len()],
    /// Scripts that were dropped before they ended.
    pub dropped: AtomicU64,
    /// Scripts whose processes had to be killed.
    pub killed: AtomicU64,
    /// Turns.
    pub slices: AtomicU64,
    /// Questions of scripts to the host.
    pub calls: AtomicU64,
    /// Now: scripts that wait to be admitted.
    pub waiting: AtomicU64,
    /// Now: scripts that are admitted and have not ended.
    pub open: AtomicU64,
    /// Now: scripts that run.
    pub running: AtomicU64,
    /// Now: scripts that could run and wait for their turn.
    pub ready: AtomicU64,
    /// How long turns were.
    pub slice: Histogram,
    /// How long scripts waited for each turn.
    pub queued: Histogram,
    /// From a script's admission to the first that was heard of it.
    pub start: Histogram,
    /// How long the host took for each answer.
    pub answer: Histogram,
}
