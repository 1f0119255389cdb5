//! The animated stage of exposures: the windows where they were, and what flashed when it was repainted.
//!
//! [`plan`] reads a recording once and decides where windows lie and which still times are skipped; [`stage`]
//! is the state at a moment, fed with events in their order; [`picture`] draws that state.

pub mod picture;
pub mod plan;
pub mod stage;

#[cfg(test)]
mod tests;

pub use picture::{View, draw};
pub use plan::{Clock, Plan, Planner};
pub use stage::Stage;
