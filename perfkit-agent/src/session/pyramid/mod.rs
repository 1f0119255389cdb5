//! What each track measures, at every width of time, so that a picture of any stretch costs as much as its pixels.
//!
//! A node summarises consecutive rows of a track in at most 256 buckets of time: how many rows begin in it, and the
//! sum, the least and the greatest of what they measure, with the begin of the greatest. Nothing that stands out is
//! ever lost: a bucket's greatest is that of all below it. A leaf has 4096 rows, a node above 16 below it.
//!
//! Two things keep the cost of any window bounded. Rows that come late (a long call is told when it ends) go into
//! lanes of their own, so that one of them does not make a node span all the time since its begin. And a leaf whose
//! rows lie scattered over many chunks keeps the rows themselves, so that no chunk needs to be opened for them.

mod build;
mod kept;
mod node;
mod window;

use rusqlite::{Connection, params};

use super::column::Encoder;

pub use build::{Builder, Key};
pub use kept::Kept;
pub use node::{Entry, Node, Segment};
pub use window::{Bin, Reach, Window};

/// Writes nodes in place of those of the same places.
pub fn write_nodes(db: &Connection, encoder: &mut Encoder, nodes: &[(Key, Node)]) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO pyramid VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let mut insert = db.prepare_cached(sql)?;
    let mut data = Vec::new();
    for (Key { track, lane, level, seq }, node) in nodes {
        node.encode(encoder, &mut data);
        let Node { first, last, until, shift, max, .. } = node;
        insert.execute(params![track, lane, level, seq, first, last, until, shift, max, data])?;
    }
    Ok(())
}
