//! What was slow, and why.
//!
//! A [`Timeline`] is what one thread that draws did. Each frame has a [`Window`]: from the moment at which something
//! asked for it to its end. A window whose work took longer than the frame's budget is slow; [`rules`] then say what
//! took the time, each for a part of it, and [`inside`] what that part mostly was.

mod clocks;
pub mod costs;
mod engine;
mod evidence;
pub mod excerpt;
pub mod exposures;
pub mod hangs;
pub mod inside;
pub mod latency;
pub(crate) mod read;
pub mod rules;
mod stacks;
pub mod starvation;
mod timeline;
pub mod treemap;
pub mod waste;
mod window;
pub mod words;

pub use engine::{Analysis, Facts, Report, analyse};
pub use inside::Inside;
pub use rules::{Finding, Rule};
pub use stacks::Stack;
pub use timeline::{Dispatch, Frame, Input, Span, Timeline, overlapping};
pub use window::{DEFAULT_BUDGET, Window, frame_waits};
