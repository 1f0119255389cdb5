//! `script`: runs a script of JavaScript, here over a session ([`here`]) or where an agent is ([`there`]), in the sandbox
//! that the server has for those of clients.

mod here;
mod there;

use std::convert::Infallible;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use gdkrecord::units;

use super::remote::Remote;
use crate::client::Url;
use crate::error::{Error, Result};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent script a.perfkit slowest.js
  echo 'session.counters(\"proc.cpu\").rate() / 1e9' | perfkit-agent script a.perfkit -
  perfkit-agent script https://box:7788 --session a slowest.js
  echo 'agent.metrics' | perfkit-agent script unix:/run/user/1000/perfkit-agent.socket -

The script's value, and what it gives to emit() and print(), come as lines of JSON. SCRIPTS.md says what it finds.")]
pub struct Args {
    /// The session; or an agent, as http://HOST:PORT, https://HOST:PORT or unix:PATH.
    #[arg(value_name = "FILE|URL")]
    place: Place,
    /// The script; - for standard input.
    #[arg(value_name = "SCRIPT")]
    script: PathBuf,
    /// The session of the agent; without it the script is run over all that the agent has.
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// Seconds of processor time that it may use; 30 by default, and of an agent what that says.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    cpu: Option<f64>,
    /// Megabytes of values that it may have; 256 by default, and of an agent what that says.
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u32).range(1..=16384))]
    memory: Option<u32>,
    /// Say at the end what it used.
    #[arg(long)]
    spent: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Where a script is run.
#[derive(Clone, Debug)]
enum Place {
    /// Over a session of this machine.
    Here(PathBuf),
    /// By an agent.
    There(Url),
}

/// How places of agents begin; a file that is called so is named by `./` before it.
const SCHEMES: [&str; 3] = ["http://", "https://", "unix:"];

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Place, String> {
        match SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
            true => text.parse().map(Place::There),
            false => text.parse().map(Place::Here).map_err(|never: Infallible| match never {}),
        }
    }
}

fn seconds(text: &str) -> std::result::Result<f64, String> {
    // More than a day is meant for ever.
    let seconds = text.parse().ok().filter(|seconds| (0.001..=86_400.0).contains(seconds));
    seconds.ok_or_else(|| "from 0.001 to 86400 seconds".to_owned())
}

pub fn run(args: Args) -> Result<ExitCode> {
    match &args.place {
        Place::Here(_) if args.session.is_some() => {
            Err(Error::Invalid("--session names a session of an agent; give the agent's place before it".to_owned()))
        }
        Place::Here(path) => here::run(path, &args),
        Place::There(url) => there::run(url.clone(), args),
    }
}

/// The script's text.
fn source(path: &Path) -> Result<String> {
    let mut source = String::new();
    let read = match path == Path::new("-") {
        true => io::stdin().read_to_string(&mut source).map(drop),
        false => std::fs::read_to_string(path).map(|text| source = text),
    };
    read.map_err(Error::file("read", path))?;
    Ok(source)
}

/// What a script used, and what became of it.
struct Account {
    /// Nanoseconds of processor time.
    cpu: u64,
    calls: u64,
    /// Bytes read for it.
    read: u64,
    /// Bytes that it gave out.
    output: u64,
}

impl Account {
    fn words(&self) -> String {
        format!(
            "{} of processor time, {} questions that read {}, and {} given out",
            units::duration(self.cpu),
            units::count(self.calls),
            units::bytes(self.read),
            units::bytes(self.output),
        )
    }
}

/// That a script failed.
fn failed(script: &Path, why: impl std::fmt::Display) -> Error {
    Error::Invalid(format!("{}: {why}", script.display()))
}
