//! What every command that talks to another agent is told about it: flattened into the arguments of each.

use std::path::PathBuf;

use crate::client::{self, Fingerprint, Options, Trust};
use crate::error::{Error, Result};

/// How to talk to an agent, besides where it is.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Remote {
    /// The file that holds the token; else the variable PERFKIT_TOKEN does. There is no option for the token itself, as
    /// everybody on this machine can read command lines.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Trust agents that have a certificate of the authorities in this file (PEM).
    #[arg(long, value_name = "FILE", conflicts_with = "pin")]
    pub ca: Option<PathBuf>,
    /// Trust the agent that has the certificate with this SHA-256 fingerprint, which it says as it starts.
    #[arg(long, value_name = "SHA256")]
    pub pin: Option<Fingerprint>,
    /// The certificate to show to the agent (PEM).
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// The key to that certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
}

impl Remote {
    /// What that means.
    pub fn options(self) -> Result<Options> {
        let token = match &self.token_file {
            Some(file) => {
                let text = std::fs::read_to_string(file).map_err(Error::file("read", file))?;
                Some(text.trim().to_owned())
            }
            None => std::env::var(client::TOKEN).ok().filter(|token| !token.is_empty()),
        };
        let trust = self.ca.map(Trust::Authority).or(self.pin.map(Trust::Pinned));
        Ok(Options { token, trust, certificate: self.cert.zip(self.key), patience: None })
    }
}
