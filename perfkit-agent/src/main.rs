//! `perfkit-agent`: the command line over the library of the same name.

use std::process::ExitCode;

fn main() -> ExitCode {
    perfkit_agent::cli::main()
}
