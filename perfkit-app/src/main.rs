//! `perfkit`: the graphical program.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    // What records starts itself again for the gate before its target, and for what tidies up where it is killed.
    perfkit_agent::channel::hidden(&words).unwrap_or_else(|| perfkit_app::app::run().into())
}
