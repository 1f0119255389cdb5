//! Counters, gauges, histograms and marks of a program, in shared memory that others read while it runs.
//!
//! The layout is that of PCP's MMV files (mmv(5)), so `pminfo` and `mmvdump` read them too; marks lie in a ring file
//! beside it. `LAYOUT.md` has both byte by byte. An increment is one atomic add: no system call, no lock.
//!
//! ```no_run
//! use perfkit_counters::{Counters, Unit};
//!
//! let counters = Counters::open("shop")?;
//! let served = counters.counter("served", Unit::COUNT, "Customers that left with something")?;
//! let queue = counters.gauge("queue.length", Unit::COUNT, "Customers that wait")?;
//! let marks = counters.marks()?;
//!
//! served.inc();
//! queue.set(3.0);
//! let _opening = marks.span("open", "the doors");
//! # Ok::<(), perfkit_counters::Error>(())
//! ```
//!
//! The writer is [`Counters`] and [`Marks`]; readers are [`Layout`] and [`Live`] for values, [`Ring`] for marks.
//! The same for C is data/c/perfkit-counters.h, for Python data/python/perfkit_counters.py.

mod error;
mod folder;
mod layout;
mod live;
mod marks;
mod reader;
mod region;
mod ring;
mod unit;
mod writer;

pub use error::{Error, Result};
pub use folder::{folder, pcp_folder};
pub use live::{Live, State};
pub use marks::{Marks, OpenMark, Span};
pub use reader::{Layout, Metric, Place, Reading, Semantics, Type};
pub use ring::{Mark, Ring};
pub use unit::Unit;
pub use writer::{Counter, Counters, Gauge, Histogram, Room};
