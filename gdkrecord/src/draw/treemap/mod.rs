//! Treemaps: a tree of weights as nested rectangles, the heavier the larger.
//!
//! [`tree`] holds the weights and names, [`layout`] is the squarified layout as a pure function, [`labels`] places
//! names where they fit by Pango's measures, and [`picture`] draws all on a cairo context. Reports take the layout and
//! the labels and write SVG; the GUI takes the picture, and asks the layout what lies under the pointer.

pub mod labels;
pub mod layout;
pub mod picture;
mod pixels;
pub mod tree;

#[cfg(test)]
mod tests;

pub use labels::{Label, Labels, labels};
pub use layout::{Cell, Frame, Layout, Towards, layout, layout_below};
pub use picture::{Ground, Look, draw, marks};
pub use tree::{Node, Tree};
