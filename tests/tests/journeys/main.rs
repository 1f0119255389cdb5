//! Journeys: real programs are recorded on a display of their own, driven, and the recording is held against
//! what was done to them, what they printed, what X says and what the pictures show.
//!
//! One file a subject; `recorded` is the recording as the journeys read it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod busy;
mod click;
mod damage;
mod events;
mod exports;
mod hard;
mod kill;
mod quiet;
mod recorded;
mod resize;
mod run;
mod surfaces;
mod targets;
mod text;
mod tool;
mod tree;
mod trouble;
mod wayland;
mod windows;
