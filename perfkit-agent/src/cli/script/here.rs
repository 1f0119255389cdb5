//! A script over a session of this machine.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{Account, Args};
use crate::cli;
use crate::client;
use crate::error::{Error, Result};
use crate::server::script::data::{Data, Own};
use crate::server::script::{Config, Limits, Sandbox, ScriptError, Spent};

/// Lines that wait to be written; the script is stopped while there are more.
const LINES: usize = 64;
/// What it may use where nobody says otherwise: seconds of processor time, and megabytes.
const CPU: f64 = 30.0;
const MEMORY: u32 = 256;

pub fn run(session: &Path, args: &Args) -> Result<ExitCode> {
    let session = cli::readable(session)?;
    let source = super::source(&args.script)?;
    let limits = Limits {
        cpu: Duration::from_secs_f64(args.cpu.unwrap_or(CPU)),
        // Who started it can end it.
        wall: Duration::from_secs(86_400),
        memory: args.memory.unwrap_or(MEMORY) as usize * 1_000_000,
        output: usize::MAX >> 1,
        source: usize::MAX >> 1,
        calls: u64::MAX,
        answer: 256 << 20,
    };
    let data = Data::new(Own::open(session.path())?);
    let ended = client::wait(during(&source, &limits, &data))?;
    let Spent { cpu, calls, output, .. } = match &ended {
        Ok(spent) => spent,
        Err(error) => &error.spent,
    };
    if args.spent {
        let account = Account { cpu: cpu.as_nanos() as u64, calls: *calls, read: data.read(), output: *output };
        cli::say(&account.words());
    }
    ended.map(|_| ExitCode::SUCCESS).map_err(|error| super::failed(&args.script, error))
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
