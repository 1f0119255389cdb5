//! The session: one file on one clock, into which every source puts what it saw.
//!
//! A *series* is a table of rows of one declared [`Schema`]; [`schemas`] has those that every session knows. Rows
//! lie on *tracks* (a thread, a counter, a frame clock). A source fills [`Rows`] and hands them on through its
//! [`crate::source::Outlet`].

pub mod bookmarks;
pub mod chunk;
pub mod clock;
pub mod column;
mod copy;
mod file;
pub mod gdk;
mod ids;
pub mod names;
mod pending;
pub mod pyramid;
pub mod query;
mod reader;
pub mod recorded;
mod recover;
mod rows;
pub mod schemas;
pub mod series;
mod store;

pub use bookmarks::{Bookmark, Bookmarks};
pub use copy::copy;
pub use file::{beside, is_session};
pub use names::Name;
pub use query::Query;
pub use reader::{ChunkInfo, Series, Session, origin};
pub use recover::edit;
pub use rows::{Cell, Data, Dictionary, Frame, Mentioned, NULL, Rows, StackId, Track, TrackId};
pub use series::{Column, ColumnType, Schema, Shape, Unit};
pub use store::Store;
