//! The animated stage of exposures.
