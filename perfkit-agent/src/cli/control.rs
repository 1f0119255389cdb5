//! `control`: tells a recording that goes on what to do, through a socket that belongs to its session file.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;

use crate::channel::{Order, orders};
use crate::error::{Error, Result};

/// How long the recording is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent control a.perfkit status
  perfkit-agent control a.perfkit stop")]
pub struct Args {
    /// The session that is being recorded.
    #[arg(value_name = "FILE")]
    session: PathBuf,
    /// What it is to do.
    #[arg(value_enum)]
    order: Order,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let path = orders::socket(&args.session)?;
    let failed = || Error::file("reach the recording of", &args.session);
    let stream = UnixStream::connect(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            Error::Invalid(format!("{} is not being recorded", args.session.display()))
        }
        _ => failed()(error),
    })?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed())?;
    let order = args.order.to_possible_value();
    let order = order.as_ref().map_or("", |order| order.get_name());
    writeln!(&stream, "{order}").map_err(failed())?;
    let mut answer = String::new();
    BufReader::new(&stream).read_line(&mut answer).map_err(failed())?;
    super::print(&answer)
}
