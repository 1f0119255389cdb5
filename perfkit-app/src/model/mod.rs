//! What a window looks at: a [`Document`], its visible range and selection. Models own facts, views own pixels.

mod actions;
mod document;
mod player;
mod range;

pub use actions::{actions, slow_frames};
pub use document::{Document, extent};
pub use player::play_with;
pub use range::Range;
