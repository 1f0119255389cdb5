//! `perfkit-agent serve`: this machine is watched and profiled from elsewhere.

use std::process::ExitCode;

use clap::Parser;

use crate::error::Result;
use crate::server::listen::Address;
use crate::server::{Limits, Options, serve};

/// What was typed.
#[derive(Debug, Parser)]
pub struct Args {
    /// Where to listen: IP:PORT or unix:PATH; may be given several times.
    #[arg(long, value_name = "ADDR|unix:PATH", default_value = "127.0.0.1:7788")]
    listen: Vec<Address>,
    /// How many workers; one for each processor by default.
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
}

/// Serves until it is told to end.
pub fn run(args: Args) -> Result<ExitCode> {
    let options = Options { listen: args.listen, workers: args.workers, limits: Limits::default() };
    serve(options, |addresses| {
        for address in addresses {
            super::say(&format!("listening at {address}"));
        }
    })
}
