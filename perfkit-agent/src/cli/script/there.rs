//! A script that an agent runs.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use http::{HeaderValue, Method, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{Account, Args};
use crate::cli;
use crate::client::{self, Answer, Client, Url};
use crate::error::{Error, Result};
use crate::server::modules::script::ENDED;

/// How lines begin that may be the agent's own, of how the script ended.
const OWN: [&[u8]; 2] = [b"{\"error\":", b"{\"spent\":"];

pub fn run(url: Url, args: Args) -> Result<ExitCode> {
    let source = super::source(&args.script)?;
    let path = path(&args);
    let client = Client::new(url, &args.remote.options()?)?;
    client::wait(async {
        let ask = client.ask(Method::POST, &path).header(header::TE, "trailers");
        let sent = ask.body("text/javascript", source).send().await;
        let answer = sent.map_err(|error| match error {
            Error::Refused { detail, code: Some(code), .. } if code.starts_with("script.") => {
                super::failed(&args.script, detail)
            }
            error => error,
        })?;
        told(answer, &args.script, args.spent).await
    })
}

/// What is asked, and with which limits.
fn path(args: &Args) -> String {
    let session = args.session.as_ref().map(|name| utf8_percent_encode(name, NON_ALPHANUMERIC));
    let over = session.map_or_else(String::new, |name| format!("/sessions/{name}"));
    let mut path = format!("/v1{over}/script?spent={}", u8::from(args.spent));
    if let Some(seconds) = args.cpu {
        path.push_str(&format!("&cpu={seconds}"));
    }
    if let Some(megabytes) = args.memory {
        path.push_str(&format!("&memory={megabytes}000000"));
    }
    path
}

/// Writes the lines as they come, and says how it ended.
async fn told(mut answer: Answer, script: &Path, spent: bool) -> Result<ExitCode> {
    let mut lines = Lines::default();
    while let Some(piece) = answer.next().await? {
        lines.add(&piece)?;
    }
    let ended = answer.header(&ENDED).map(str::to_owned);
    let after = answer.trailers().get(&ENDED).map(HeaderValue::to_str).and_then(std::result::Result::ok);
    let done = ended.as_deref().or(after) == Some("done");
    let sent = lines.bytes;
    // A script may give out what looks like the last line; whether it is one is told beside the lines.
    let last = if done && !spent { None } else { serde_json::from_slice::<Value>(&lines.held).ok() };
    let Some(last) = last else {
        lines.end()?;
        return if done {
            Ok(ExitCode::SUCCESS)
        } else {
            Err(super::failed(script, "the agent does not say how it ended"))
        };
    };
    let account = &last["spent"];
    if spent && account.is_object() {
        let number = |name: &str| account[name].as_u64().unwrap_or(0);
        let cpu = (account["cpu"].as_f64().unwrap_or(0.0) * 1e9) as u64;
        let account = Account { cpu, calls: number("calls"), read: number("read"), output: number("output") };
        cli::say(&format!("{}; {} came over the wire", account.words(), gdkrecord::units::bytes(sent)));
    }
    match last["error"]["detail"].as_str() {
        None => Ok(ExitCode::SUCCESS),
        Some(detail) => Err(super::failed(script, client::line(detail))),
    }
}

/// Lines on their way to standard output. One that may be the agent's own is held back until another one comes.
#[derive(Default)]
struct Lines {
    held: Vec<u8>,
    bytes: u64,
}

impl Lines {
    fn add(&mut self, piece: &[u8]) -> Result<()> {
        self.bytes += piece.len() as u64;
        self.held.extend_from_slice(piece);
        let whole = self.held.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let last = self.held[..whole.saturating_sub(1)].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let is_own = OWN.iter().any(|own| self.held[last..].starts_with(own));
        let out: Vec<u8> = self.held.drain(..if is_own { last } else { whole }).collect();
        write(&out)
    }

    fn end(self) -> Result<()> {
        write(&self.held)
    }
}

fn write(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.map_err(Error::file("write to", Path::new("standard output")))
}
