//! The harness of the journeys: a display of its own, real programs on it, scripted input, and pictures.
//!
//! [`Display`] is an Xvfb with a session bus, [`compositor`] a Wayland compositor in it, [`Launch`] says how a
//! program is started under the recorder, [`App`] is the running program, [`Screen`] a picture of the display,
//! [`Gui`] is the graphical program, [`session`] reads what the agent recorded, [`browser`] shows its pages, [`replay`]
//! records what is done with a program once, so that it can be played again, and [`quota`] is a slow machine. Nothing
//! here sleeps to know that something has happened: [`wait`] polls with a deadline. `cargo xtask demo` uses the same pieces.

pub mod app;
pub mod bins;
pub mod browser;
pub mod compositor;
pub mod disk;
pub mod display;
pub mod error;
pub mod figures;
pub mod gui;
pub mod input;
pub mod launch;
pub mod process;
pub mod programs;
pub mod quota;
pub mod replay;
pub mod screen;
pub mod session;
pub mod wait;

pub use app::App;
pub use disk::Disk;
pub use display::Display;
pub use error::{Failure, Result};
pub use gui::Gui;
pub use launch::{Launch, Loading};
pub use screen::{Area, Screen};
pub use session::query;
