//! Drawings on a cairo context: they know no widgets, so that they can be saved, compared and timed.

pub mod timeline;
