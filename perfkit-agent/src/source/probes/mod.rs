//! Scripts for the tools that put probes into the kernel and into programs: bpftrace and SystemTap.
//!
//! What such a script prints is read like the lines of any other script, by
//! [`line_format`](super::line_format): values, logs, and spans. What the tools add to that has a file each: bpftrace's
//! own JSON ([`json`]), SystemTap's way of attaching.

mod bpftrace;
pub mod json;
mod systemtap;

pub use bpftrace::{Bpftrace, Reader};
pub use systemtap::Systemtap;

use std::path::Path;

use super::Spec;
use crate::error::{Error, Result};

/// A script as it was asked for: `OPTIONS… FILE ARGUMENTS…`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Script {
    /// For the tool itself.
    options: Vec<String>,
    file: String,
    /// For the script.
    arguments: Vec<String>,
}

impl Script {
    fn parse(spec: &Spec, example: &str) -> Result<Script> {
        let words = spec.argument.as_deref().and_then(shlex::split).unwrap_or_default();
        let at = words.iter().position(|word| !word.starts_with('-'));
        let Some(at) = at else {
            let text = format!("which script? As `{example}`; a quote that is opened must be closed");
            return Err(Error::Invalid(format!("{spec}: {text}")));
        };
        let file = words[at].clone();
        if !Path::new(&file).is_file() {
            return Err(Error::Invalid(format!("{spec}: there is no script {file}")));
        }
        Ok(Script { options: words[..at].to_vec(), file, arguments: words[at + 1..].to_vec() })
    }
}

/// What this kernel lacks of what such tools use, each with its remedy.
fn lacks(needs: &[(&str, &str)]) -> Vec<String> {
    needs.iter().filter(|(path, _)| !Path::new(path).exists()).map(|(_, remedy)| (*remedy).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_has_options_before_it_and_arguments_behind_it() {
        let file = format!("{}/Cargo.toml", env!("CARGO_MANIFEST_DIR"));
        let parse = |text: String| Script::parse(&text.parse().unwrap(), "x:./a").map_err(|error| error.to_string());
        assert_eq!(
            parse(format!("x:--runtime=bpf -v {file} 'a b' -c")),
            Ok(Script {
                options: vec!["--runtime=bpf".into(), "-v".into()],
                file,
                arguments: vec!["a b".into(), "-c".into()]
            })
        );
        assert_eq!(parse("x:./none.bt".into()), Err("x:./none.bt: there is no script ./none.bt".into()));
        for empty in ["x", "x:-v", "x:'"] {
            assert!(parse(empty.into()).is_err_and(|line| line.contains("which script? As `x:./a`")), "{empty}");
        }
    }
}
