//! The timeline: the tracks of a session one below the other on one axis of time.
//!
//! [`kinds`] is the table of what can lie on a track, [`lanes`] finds the tracks of a session, [`scene`] reads what a
//! stretch of time has on them: per pixel column from the session's pyramid, or the single rows where there are few
//! ([`rows`]). [`paint`] makes a picture of that; all of it happens off the main thread. [`figure`] is what stands
//! around the picture and lies over it: [`overview`], [`ruler`], [`heads`], in the places that [`geometry`] gives them.

pub mod detail;
pub mod figure;
pub mod filter;
pub mod geometry;
pub mod heads;
pub mod hit;
pub mod kinds;
pub mod lanes;
pub mod links;
pub mod overview;
pub mod paint;
mod raster;
pub mod rows;
pub mod ruler;
pub mod scene;
pub mod search;

pub use lanes::{Lane, Member, Tracks, tracks};
pub use scene::{Ask, Column, Content, Kept, Row, Scene, Wanted};

#[cfg(test)]
mod tests;
