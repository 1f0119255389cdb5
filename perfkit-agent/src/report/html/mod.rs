//! The report as one page that needs nothing else: no network, no other file.
//!
//! [`page`] puts the parts in their order, verdict first; [`plots`] draws with plotters, [`timeline`] and [`treemap`]
//! write SVG of their own. All of it is drawn in the light colours of [`style`], which turns them dark where the reader
//! prefers that. Whatever a session tells goes through [`escape`]: titles and arguments are written by others.

mod costs;
mod escape;
mod frames;
mod page;
mod plots;
mod session;
mod style;
mod summary;
mod timeline;
mod treemap;

#[cfg(test)]
pub mod tests;

use std::path::Path;

use super::Report;
use crate::error::Result;
use crate::session::query::Query;

/// The page; `session` is where the session lies. It is opened again for what only the page shows: timelines, facts.
///
/// # Errors
/// Where the session cannot be read.
pub fn html(report: &Report, session: &Path) -> Result<String> {
    let query = Query::open(session)?;
    page::page(report, &query)
}
