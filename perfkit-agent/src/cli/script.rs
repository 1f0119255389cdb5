//! `script`: runs a script of JavaScript over a session, in the sandbox that the server has for those of clients.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use gdkrecord::units;
use tokio::sync::mpsc;

use crate::client;
use crate::error::{Error, Result};
use crate::server::script::data::{Data, Own};
use crate::server::script::{Config, Limits, Sandbox, ScriptError, Spent};

/// Lines that wait to be written; the script is stopped while there are more.
const LINES: usize = 64;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent script a.perfkit slowest.js
  echo 'session.counters(\"proc.cpu\").rate() / 1e9' | perfkit-agent script a.perfkit -

The script's value, and what it gives to emit() and print(), come as lines of JSON. SCRIPTS.md says what it finds.")]
pub struct Args {
    /// The session.
    #[arg(value_name = "FILE")]
    session: PathBuf,
    /// The script; - for standard input.
    #[arg(value_name = "SCRIPT")]
    script: PathBuf,
    /// Seconds of processor time that it may use.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    cpu: f64,
    /// Megabytes of values that it may have.
    #[arg(long, value_name = "MB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=16384))]
    memory: u32,
    /// Say at the end what it used.
    #[arg(long)]
    spent: bool,
}

fn seconds(text: &str) -> std::result::Result<f64, String> {
    // More than a day is meant for ever.
    let seconds = text.parse().ok().filter(|seconds| (0.001..=86_400.0).contains(seconds));
    seconds.ok_or_else(|| "from 0.001 to 86400 seconds".to_owned())
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let session = super::readable(&args.session)?;
    let mut source = String::new();
    let read = match args.script == Path::new("-") {
        true => io::stdin().read_to_string(&mut source).map(drop),
        false => std::fs::read_to_string(&args.script).map(|text| source = text),
    };
    read.map_err(Error::file("read", &args.script))?;
    let limits = Limits {
        cpu: Duration::from_secs_f64(args.cpu),
        // Who started it can end it.
        wall: Duration::from_secs(86_400),
        memory: args.memory as usize * 1_000_000,
        output: usize::MAX >> 1,
        source: usize::MAX >> 1,
        calls: u64::MAX,
        answer: 256 << 20,
    };
    let data = Data::new(Own::open(session.path())?);
    let ended = client::wait(during(&source, &limits, &data))?;
    let spent = match &ended {
        Ok(spent) => spent,
        Err(error) => &error.spent,
    };
    if args.spent {
        super::say(&words(spent, data.read()));
    }
    ended.map(|_| ExitCode::SUCCESS).map_err(|error| Error::Invalid(format!("{}: {error}", args.script.display())))
}

/// Runs it, and writes what it gives out; failing that is a failure of ours.
async fn during(source: &str, limits: &Limits, data: &Data<Own>) -> Result<std::result::Result<Spent, ScriptError>> {
    let sandbox = Sandbox::start(Config { spares: 0, ..Config::default() }).await?;
    let (output, mut lines) = mpsc::channel::<Bytes>(LINES);
    let write = async move {
        let mut out = io::stdout().lock();
        while let Some(line) = lines.recv().await {
            out.write_all(&line).and_then(|()| out.flush())?;
        }
        Ok(())
    };
    let (ended, written) = tokio::join!(sandbox.run(source, limits, data, output), write);
    written.map_err(Error::file("write to", Path::new("standard output")))?;
    Ok(ended)
}

fn words(spent: &Spent, read: u64) -> String {
    format!(
        "{} of processor time, {} questions that read {}, and {} given out",
        units::duration(spent.cpu.as_nanos() as u64),
        units::count(spent.calls),
        units::bytes(read),
        units::bytes(spent.output),
    )
}
