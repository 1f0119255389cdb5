//! Widgets: they take input and show drawings, one a file.

pub mod status;
