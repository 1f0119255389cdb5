//! Plays a script of input on a program that is being recorded.
//!
//! A [`Stage`] is where the program runs, [`Hands`] make its input, as a person's or inside it, [`Eyes`] see from its recording what
//! it shows and what arrived, and a [`Player`] goes through the script: it waits for what each step needs, does it, and
//! sees that it arrived where it belongs. [`Play`] puts them together.

mod asking;
mod display;
mod eyes;
mod hands;
pub mod measure;
mod play;
mod player;
mod same;
mod stage;
mod watch;

pub use asking::{Answer, Asking};
pub use display::Display;
pub use eyes::Eyes;
pub use hands::{Hands, Inside, XTest};
pub use play::{Audience, Inject, Play, Where, otherwise, program, with_input};
pub use player::{Account, Pace, Player, Trouble};
pub use same::difference;
pub use stage::{Backend, Stage};
