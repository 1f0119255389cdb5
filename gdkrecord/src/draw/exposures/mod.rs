//! The animated stage of exposures: the windows where they were, and what flashed when it was repainted.
//!
//! [`plan`] reads a recording once and decides where windows lie and which still times are skipped; [`stage`]
//! is the state at a moment, fed with events in their order; [`picture`] draws that state. [`film`] goes to any moment
//! of a stretch, `movie` makes files. [`repaint`] tells what was repainted in vain, and [`heat`] where again and again.

pub mod film;
pub mod heat;
#[cfg(feature = "movie")]
pub mod movie;
pub mod picture;
pub mod plan;
pub mod repaint;
pub mod stage;

#[cfg(test)]
mod tests;

pub use film::{Film, Showing};
pub use heat::Heat;
pub use picture::{View, draw};
pub use plan::{Clock, Plan, Planner};
pub use repaint::{Repaint, Tally};
pub use stage::Stage;

/// Shown nanoseconds in which a flash fades: long enough to see, short enough to tell the next one.
pub const FADE: f64 = 600e6;

/// Recorded nanoseconds in which flashes fade at a speed, so that eyes see them equally long at each.
pub fn fade(speed: f64) -> u64 {
    ((FADE * speed) as u64).max(1)
}
