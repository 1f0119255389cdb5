//! What can be typed: the one definition of the command line, from which help, completions and man pages come.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::export::Format;
use crate::select::{Moment, Seconds};

/// Records any GTK application's main loop, and shows what it did.
#[derive(Debug, Parser)]
#[command(name = "gdkrecord-tool", version, max_term_width = 100)]
#[command(after_help = "Examples:
  gdkrecord-tool run -- gtk4-demo                 record a program
  gdkrecord-tool stat 4711-gtk4-demo.gdkrecord    see where its time went
  gdkrecord-tool graph 4711-gtk4-demo.gdkrecord   draw it
  gdkrecord-tool dump 4711-gtk4-demo.gdkrecord --format csv -o events.csv")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a program and record it.
    Run(RunArgs),
    /// Show counts, rates, percentiles, slow frames and their causes, busy callbacks and windows.
    Stat(StatArgs),
    /// Print every event as text, XML, JSON or CSV.
    Dump(DumpArgs),
    /// Draw the events, the frame times and the repainted area over time.
    Graph(GraphArgs),
    /// Show or save an animation of what was repainted when.
    Exposures(ExposureArgs),
    /// Look for damage: exit status 0 for none, 1 for findings, 2 for a file that cannot be read.
    Check(CheckArgs),
    /// Print shell completions.
    Completions(CompletionsArgs),
    /// Write the man pages into a folder.
    Man(ManArgs),
    /// Print the schema of an export format.
    #[command(hide = true)]
    Schema(SchemaArgs),
}

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gdkrecord-tool run -- gtk3-widget-factory
  gdkrecord-tool run --output 'logs/%n-%p.gdkrecord' -- gnome-calculator --mode=advanced
  gdkrecord-tool run --options widgets=on,ring=30 -- ./myprog

The exit status is the program's, or 128 plus the signal that ended it; 127 where the program is not found,
126 where it cannot be started, 125 where the recording cannot be made.")]
pub struct RunArgs {
    /// Where to write the recording; %p is the pid, %n the program's name [default: %p-%n.gdkrecord].
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Options of the recorder, such as widgets=on,ring=30,max=64M: see the man page.
    #[arg(long, value_name = "K=V,…", default_value = "", hide_default_value = true)]
    pub options: String,
    /// Keep typed text and key values, which replay needs and which may hold passwords.
    #[arg(long)]
    pub keep_text: bool,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "PROG")]
    pub program: Vec<OsString>,
}

/// Arguments of `stat`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gdkrecord-tool stat 4711-gtk4-demo.gdkrecord
  gdkrecord-tool stat --format json - < recording | jq .frames")]
pub struct StatArgs {
    /// The recording; - is standard input.
    pub file: PathBuf,
    /// text or json.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// The most rows of each table.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub rows: usize,
    /// Where to write; - is standard output.
    #[arg(short, long, value_name = "OUT", default_value = "-")]
    pub output: PathBuf,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Tables for reading.
    Text,
    /// One JSON object.
    Json,
}

/// Arguments of `dump`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gdkrecord-tool dump app.gdkrecord --kind button --kind key
  gdkrecord-tool dump app.gdkrecord --kind input --window Preferences --from 1.5 --to 2s
  gdkrecord-tool dump app.gdkrecord --format csv --kind frame -o frames.csv
  zcat app.gdkrecord.gz | gdkrecord-tool dump - --format json | jq '.events | length'

In CSV each field is a column of its own; fields of the same name share one, and --kind narrows the
table to the columns of the kinds asked for. Times are nanoseconds in all formats but text.")]
pub struct DumpArgs {
    /// The recording; - is standard input.
    pub file: PathBuf,
    /// text, xml, json or csv.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Only this kind of event, or group of kinds (input, frame, loop, exposure, gdk, window, widget, process).
    #[arg(short, long, value_name = "KIND")]
    pub kind: Vec<String>,
    /// Only events of this window and those inside it: its number, part of its title or owner, or its X id.
    #[arg(short, long, value_name = "WINDOW")]
    pub window: Option<String>,
    /// Only from here: seconds since the start, such as 1.25, or 250ms.
    #[arg(long, value_name = "T")]
    pub from: Option<Moment>,
    /// Only up to here.
    #[arg(long, value_name = "T")]
    pub to: Option<Moment>,
    /// Where to write; - is standard output.
    #[arg(short, long, value_name = "OUT", default_value = "-")]
    pub output: PathBuf,
}

/// Arguments of `graph`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gdkrecord-tool graph app.gdkrecord
  gdkrecord-tool graph app.gdkrecord -o slow.svg --from 3.2 --to 3.9 --dark")]
pub struct GraphArgs {
    /// The recording; - is standard input.
    pub file: PathBuf,
    /// NAME.png or NAME.svg; - is standard output, a PNG [default: FILE.png].
    #[arg(short, long, value_name = "NAME")]
    pub output: Option<PathBuf>,
    /// Light on dark.
    #[arg(long)]
    pub dark: bool,
    /// Only from here: seconds since the start, such as 1.25, or 250ms.
    #[arg(long, value_name = "T")]
    pub from: Option<Moment>,
    /// Only up to here.
    #[arg(long, value_name = "T")]
    pub to: Option<Moment>,
    /// Width in pixels.
    #[arg(long, value_name = "PIXELS")]
    pub width: Option<u32>,
    /// Pixels of a PNG for each of the figure's, each way: 2 is sharp on a HiDPI screen and in print.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=4))]
    pub scale: u32,
}

/// Arguments of `exposures`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gdkrecord-tool exposures app.gdkrecord                 play in a window
  gdkrecord-tool exposures app.gdkrecord -o repaint.gif --speed 0.5
  gdkrecord-tool exposures app.gdkrecord -o frames/%05d.png --window Preferences")]
pub struct ExposureArgs {
    /// The recording; - is standard input.
    pub file: PathBuf,
    /// NAME.gif, NAME.webm or NAME.png (a sequence); - is standard output, a GIF. Without, it plays in a window.
    #[arg(short, long, value_name = "NAME")]
    pub output: Option<PathBuf>,
    /// Times as fast as it happened.
    #[arg(long, value_name = "FACTOR", default_value_t = Seconds(1.0))]
    pub speed: Seconds,
    /// Only this window: its number, part of its title or owner, or its X id.
    #[arg(short, long, value_name = "WINDOW")]
    pub window: Option<String>,
    /// Light on dark.
    #[arg(long)]
    pub dark: bool,
    /// Pictures a second.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub fps: u32,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gdkrecord-tool check app.gdkrecord
  gdkrecord-tool check app.json            an export: is it whole, does each event read back?")]
pub struct CheckArgs {
    /// The recording, or a JSON export; - is standard input.
    pub file: PathBuf,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  source <(gdkrecord-tool completions bash)")]
pub struct CompletionsArgs {
    /// For which shell.
    pub shell: gdkrecord::pages::Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  gdkrecord-tool man ~/.local/share/man/man1")]
pub struct ManArgs {
    /// The folder to write into.
    pub folder: PathBuf,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Of which format.
    pub format: SchemaFormat,
}

/// The formats that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaFormat {
    /// JSON Schema, draft 2020-12.
    Json,
    /// XML Schema 1.0.
    Xml,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_visible_command_says_what_it_does() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
        }
    }
}
