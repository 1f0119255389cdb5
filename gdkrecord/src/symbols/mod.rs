//! Names for addresses (feature `symbols`): [`Search`] finds a module's files by its build id, [`Table`] has the
//! functions of their symbol tables, [`demangled`] gives names as their authors wrote them.
//!
//! A file of another build than the one that ran is never read. Files are read piece by piece, so that a library of
//! a hundred megabytes costs what its symbol table costs.

mod demangle;
mod elf;
mod search;
mod table;

pub use demangle::demangled;
pub use elf::{Elf, Pieces, build_id, pieces};
pub use search::{Files, Lacks, Search};
pub use table::Table;

/// The longest name that is kept, in bytes: templates reach thousands, and a damaged file any number.
const NAME_MAX: usize = 16 * 1024;
