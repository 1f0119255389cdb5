//! `input`: what somebody did in a recorded program, as a script.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::error::{Error, Result};
use crate::input::{Script, of_session};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent record --with input -o calc.perfkit -- gnome-calculator
  perfkit-agent input calc.perfkit -o calc.perfinput
  perfkit-agent input calc.perfinput                 checks a script that was edited, and tidies it;
                                                     comments stay")]
pub struct Args {
    /// A session, a recording, or a script.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to write the script, by convention NAME.perfinput; - is standard output.
    #[arg(short, long, value_name = "SCRIPT", default_value = "-")]
    output: PathBuf,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let (script, text) = match is_script(&args.file) {
        true => Script::tidied(&args.file)?,
        false => {
            let script = of_session(super::readable(&args.file)?.path())?;
            let text = script.to_string();
            (script, text)
        }
    };
    if script.untold() > 0 {
        super::say(&format!(
            "{} keys were not kept, and cannot be played: write them in for `untold`, or record with --with \
             input:text=keep, which keeps passwords, too",
            script.untold()
        ));
    }
    if args.output.as_os_str() == "-" {
        return super::print(&text);
    }
    std::fs::write(&args.output, text).map_err(Error::file("write", &args.output))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a file says of itself that it is a script, or is called one.
pub fn is_script(path: &Path) -> bool {
    use std::io::Read;
    let mut head = [0; 10];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut head));
    path.extension().is_some_and(|extension| extension == "perfinput")
        || read.is_ok_and(|count| head[..count] == *b"perfinput ")
}
