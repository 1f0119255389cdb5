//! What a window looks at: a [`Document`], its visible range and selection. Models own facts, views own pixels.

mod actions;
pub mod applications;
mod bookmarks;
pub mod calltree;
mod document;
pub mod glance;
mod player;
pub mod processes;
mod range;
pub mod recent;
pub mod server;
pub mod speeds;

pub use actions::{actions, slow_frames};
pub use document::{Document, extent};
pub use player::play_with;
pub use range::Range;
