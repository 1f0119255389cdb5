//! The graphical half of perfkit: it records and opens sessions and shows them, so that the eye finds the slow frame
//! and its cause.
//!
//! [`model`] holds what a window looks at, [`link`] is the one way to work off the main thread, [`draw`] has drawings
//! that know no widgets, [`widgets`] what takes input and shows drawings, [`pages`] and [`dialogs`] what a
//! [`window`] shows. [`settings`] are what is remembered, [`actions`] has every action and its keys, [`wording`] every number and error in the user's
//! language.

pub mod actions;
pub mod app;
pub mod dialogs;
pub mod draw;
pub mod link;
pub mod model;
pub mod opening;
pub mod pages;
pub mod recording;
pub mod settings;
pub mod widgets;
pub mod window;
pub mod wording;
