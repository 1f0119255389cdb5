//! Journeys of the agent: real programs are recorded by real tools into a session, which is then asked in SQL what
//! a user would ask.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod click;
mod control;
mod ends;
mod faults;
mod kill;
mod page;
mod recorder;
mod starved;
mod status;
mod sysprof;
