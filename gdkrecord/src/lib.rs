//! The record of what a GTK application's main loop did: the file's format, its writer and its reader.
//!
//! [`kind`] is the one table of everything that can be recorded. [`writer`] puts records into a file through a
//! shared mapping, at a few nanoseconds each; [`reader`] reads a finished, a growing or a torn file back as
//! [`Event`]s and [`Diagnostic`]s. `FORMAT.md` beside this crate specifies the bytes. Nothing here knows GTK.

#[cfg(feature = "draw")]
pub mod draw;
pub mod error;
pub mod field;
pub mod kind;
pub mod layout;
mod map;
pub mod modules;
pub mod options;
#[cfg(feature = "pages")]
pub mod pages;
pub mod reader;
pub mod sets;
#[cfg(feature = "symbols")]
pub mod symbols;
pub mod texts;
pub mod units;
pub mod writer;

pub use error::{Diagnostic, Error, Result};
pub use field::{Field, Rect, Span, Text, Value};
pub use kind::{Body, Event, KINDS, Kind};
pub use reader::{Info, Recording};
pub use texts::Texts;
