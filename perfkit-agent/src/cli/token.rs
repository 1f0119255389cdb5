//! `perfkit-agent token`: who may use the agents of this user, and what they may.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Subcommand;

use crate::error::{Error, Result, similar};
use crate::server::Scope;
use crate::server::access::token::Token;
use crate::server::access::{Grant, Register, folder};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent token make laptop --scope read,script --expires 30d
  perfkit-agent token allow certificate:collector.example --scope read
  perfkit-agent token list
  perfkit-agent token revoke laptop

Scopes: read sees sessions and counters; script runs scripts over them, too; control records, starts and stops programs.
Servers that run see changes within a second. A token is shown once: only its hash is kept.")]
pub struct Args {
    #[command(subcommand)]
    what: What,
    /// The folder that says who may do what; ~/.config/perfkit/agent by default.
    #[arg(long, value_name = "DIR", global = true)]
    access: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a token, and print it, this once.
    Make {
        /// What it is known by: a word for whoever gets it.
        #[arg(value_parser = name)]
        name: String,
        #[command(flatten)]
        given: Given,
    },
    /// Let somebody in by certificate, or another user of this machine by the Unix socket.
    Allow {
        /// certificate:NAME, with the common name or an alternative one; user:NAME or uid:NUMBER.
        who: String,
        #[command(flatten)]
        given: Given,
    },
    /// List who may do what.
    List,
    /// Take away what somebody may.
    Revoke {
        /// The name of a token, or whatever `list` shows.
        who: String,
    },
}

/// What is given to somebody.
#[derive(Debug, clap::Args)]
struct Given {
    /// What is allowed: read, script, control.
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', required = true)]
    scope: Vec<Scope>,
    /// After how long it ends: 12h, 30d, 1year; never by default.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    expires: Option<Duration>,
}

impl Given {
    fn to(mut self, who: String) -> Result<Grant> {
        self.scope.sort();
        self.scope.dedup();
        let now = since_1970(SystemTime::now());
        let ends = |after: Duration| {
            // What humantime can tell ends with the year 9999.
            let end = now.checked_add(after.as_secs()).filter(|end| *end < 253_370_764_800);
            end.ok_or_else(|| {
                Error::Invalid("that is too far away; leave --expires out for a token that does not end".into())
            })
        };
        let expires = self.expires.map(ends).transpose()?;
        Ok(Grant { who, scopes: self.scope, sha256: None, made: now, expires })
    }
}

pub fn run(args: Args) -> Result<ExitCode> {
    let folder = args.access.map_or_else(folder, Ok)?;
    match args.what {
        What::Make { name, given } => {
            let token = Token::make()?;
            let grant = Grant { sha256: Some(token.hash()), ..given.to(format!("token:{name}"))? };
            Register::change(&folder, |register| {
                let now = SystemTime::now();
                register.grants.retain(|known| known.who != grant.who || !known.is_over(now));
                if register.grants.iter().any(|known| known.who == grant.who) {
                    let text = format!("there is a token `{name}` already; revoke it first, or choose another name");
                    return Err(Error::Invalid(text));
                }
                register.grants.push(grant);
                Ok(())
            })?;
            super::print(&format!("{}\n", token.reveal()))
        }
        What::Allow { who, given } => {
            let grant = given.to(known(&who)?)?;
            Register::change(&folder, |register| {
                register.grants.retain(|known| known.who != grant.who);
                register.grants.push(grant);
                Ok(())
            })?;
            Ok(ExitCode::SUCCESS)
        }
        What::List => super::print(&list(&Register::load(&folder)?)),
        What::Revoke { who } => {
            let full = if who.contains(':') { known(&who)? } else { format!("token:{who}") };
            Register::change(&folder, |register| {
                let before = register.grants.len();
                register.grants.retain(|grant| grant.who != full);
                if register.grants.len() < before {
                    return Ok(());
                }
                let names = register.grants.iter().map(|grant| grant.who.trim_start_matches("token:"));
                Err(Error::Invalid(format!("nothing was given to `{who}`{}", similar(&who, names))))
            })?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A name of a token: it stands in logs and lists, so that it is a word.
fn name(text: &str) -> std::result::Result<String, String> {
    let is_word = |one: char| one.is_alphanumeric() || "-_.@".contains(one);
    match text.chars().count() {
        1..=64 if text.chars().all(is_word) => Ok(text.to_owned()),
        _ => Err("a name has up to 64 letters, digits, and -_.@ between them".to_owned()),
    }
}

/// Who is meant, as identities are named.
fn known(who: &str) -> Result<String> {
    let wrong = || Error::Invalid(format!("`{who}` is nobody: give certificate:NAME, user:NAME or uid:NUMBER"));
    let (kind, name) = who.split_once(':').ok_or_else(wrong)?;
    match kind {
        "certificate" | "token" if !name.is_empty() && !name.contains(char::is_control) => Ok(who.to_owned()),
        "uid" => name.parse::<u32>().map(|uid| format!("uid:{uid}")).map_err(|_| wrong()),
        "user" => {
            let user = nix::unistd::User::from_name(name).ok().flatten();
            let user = user.ok_or_else(|| Error::Invalid(format!("this machine has no user `{name}`")))?;
            Ok(format!("uid:{}", user.uid))
        }
        _ => Err(wrong()),
    }
}

/// A line for each, in the order in which they were made.
fn list(register: &Register) -> String {
    let mut text = String::new();
    let now = SystemTime::now();
    let width = register.grants.iter().map(|grant| grant.who.chars().count()).max().unwrap_or_default();
    for grant in &register.grants {
        let scopes: Vec<&str> = grant.scopes.iter().map(|scope| scope.name()).collect();
        let ends = match grant.expires {
            None => "does not end".to_owned(),
            Some(end) if grant.is_over(now) => format!("ended {}", date(end)),
            Some(end) => format!("ends {}", date(end)),
        };
        let _ = writeln!(text, "{:<width$}  {:<19}  made {}, {ends}", grant.who, scopes.join(","), date(grant.made));
    }
    text
}

fn since_1970(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A time of the register, as people read it. One beyond what can be told is told as the last that can.
fn date(seconds: u64) -> String {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(253_370_764_800));
    humantime::format_rfc3339_seconds(time).to_string()
}
