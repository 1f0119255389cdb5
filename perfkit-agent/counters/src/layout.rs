//! Where things lie in the two files; LAYOUT.md says it in words. Sizes and places are bytes.

/// `MMV\0`, the first four bytes of a file of values.
pub const MAGIC: [u8; 4] = *b"MMV\0";
/// The header of a file of values.
pub const HEADER: usize = 40;
/// An entry of its table of contents.
pub const TOC: usize = 16;
/// A fixed field of a name in version 1.
pub const NAME: usize = 64;
/// An entry of the strings.
pub const STRING: usize = 256;
/// An entry of the values.
pub const VALUE: usize = 32;
/// An entry of the instance domains.
pub const INDOM: usize = 32;
/// Entries in the middle versions' form: their names are strings.
pub const METRIC2: usize = 48;
/// As above.
pub const INSTANCE2: usize = 24;
/// A metric of version 1: its name lies in it.
pub const METRIC1: usize = 104;
/// An instance of version 1.
pub const INSTANCE1: usize = 80;

/// Sections, by their number in the table of contents.
pub mod section {
    pub const INDOMS: u32 = 1;
    pub const INSTANCES: u32 = 2;
    pub const METRICS: u32 = 3;
    pub const VALUES: u32 = 4;
    pub const STRINGS: u32 = 5;
}

/// Flags of the header.
pub mod flag {
    /// Metric names do not begin with the file's name.
    pub const NO_PREFIX: u32 = 1;
    /// The values count only while the process lives.
    pub const PROCESS: u32 = 2;
    /// All bits set, NaN and the empty string stand for no value.
    pub const SENTINEL: u32 = 4;
}

/// Instances are of no domain where a metric says this, or 0.
pub const NO_INDOM: u32 = u32::MAX;

/// The ring of marks.
pub mod ring {
    /// The first eight bytes.
    pub const MAGIC: [u8; 8] = *b"PKMARKS\0";
    pub const VERSION: u32 = 1;
    pub const HEADER: usize = 64;
    /// Where the number of the next mark lies in the header.
    pub const NEXT: usize = 24;
    /// The group's name, ended by a zero.
    pub const GROUP: usize = 40;
    pub const GROUP_MAX: usize = 23;
    /// A mark.
    pub const SLOT: usize = 256;
    /// Where its texts begin.
    pub const TEXT: usize = 32;
    /// Room for its name and message together.
    pub const TEXT_MAX: usize = SLOT - TEXT;
    /// Room for its name alone.
    pub const NAME_MAX: usize = 64;
    /// Marks that a ring holds.
    pub const SLOTS: usize = 2048;
    /// The most that a reader believes.
    pub const SLOTS_MAX: u64 = 1 << 20;
}
