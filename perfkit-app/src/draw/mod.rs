//! Drawings on a cairo context: they know no widgets, so that they can be saved, compared and timed.

pub mod counters;
pub mod flame;
pub mod frames;
pub mod histogram;
pub mod live;
pub mod plot;
#[cfg(test)]
mod reference;
pub mod strip;
pub mod timeline;
