//! `graph`: a figure of a recording as PNG or SVG.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use gdkrecord::draw::Palette;
use gdkrecord::draw::scale::Range;
use gdkrecord::draw::timeline::graph::{LEAST_WIDTH, columns};
use gdkrecord::draw::timeline::{self, Collector, Figure, Heading};
use gdkrecord::{Recording, units};
use pango::glib::DateTime;

use crate::args::GraphArgs;
use crate::failure::{Failure, Result};
use crate::files;
use crate::progress::Progress;

/// Pixels, where `--width` does not say: two recordings fit beside each other on a 4K screen.
const WIDTH: u32 = 1400;
/// The widest, in pixels: cairo's images end at 32767.
const MOST_WIDTH: u32 = 16_000;

/// Draws what the arguments ask for.
pub fn run(args: &GraphArgs) -> Result<()> {
    let width = args.width.unwrap_or(WIDTH);
    if !(LEAST_WIDTH..=MOST_WIDTH).contains(&width) {
        return Err(Failure::Other(format!("--width {width}: must be from {LEAST_WIDTH} to {MOST_WIDTH} pixels")));
    }
    let path = match &args.output {
        Some(path) => path.clone(),
        None if files::is_standard(&args.file) => {
            return Err(Failure::Other("give -o NAME.png to graph standard input".into()));
        }
        None => default_name(&args.file),
    };
    let svg = match extension(&path).as_deref() {
        Some("svg") => true,
        Some("png") => false,
        _ if files::is_standard(&path) => false,
        _ => return Err(Failure::Other(format!("{}: a graph is written as NAME.png or NAME.svg", path.display()))),
    };
    let recording = files::open(&args.file)?;
    let start = recording.header().monotonic;
    let from = args.from.map_or(start, |from| start.saturating_add(from.0));
    let to = args.to.map_or(recording.info().end, |to| start.saturating_add(to.0));
    if args.to.is_some() && to <= from {
        return Err(Failure::Other("--to must be later than --from".into()));
    }
    if from > recording.info().end.max(start) {
        let length = units::duration(recording.info().end.saturating_sub(start));
        return Err(Failure::Other(format!("--from lies behind the end of the recording, which is {length} long")));
    }
    let figure = collect(&recording, Range::new(from, to), width);
    let heading = heading(&recording, args);
    write(&path, svg, Palette::of(args.dark), &heading, &figure, (width, args.scale))
}

fn collect(recording: &Recording, range: Range, width: u32) -> Figure {
    let start = recording.header().monotonic;
    let mut collector = Collector::new(range, start, columns(width));
    let mut progress = Progress::new("graph", start, range.to);
    for event in recording.events().take_while(|event| event.time <= range.to) {
        progress.event(event.time);
        collector.add(&event);
    }
    collector.finish()
}

/// What the recording is, from its facts and its head.
fn heading(recording: &Recording, args: &GraphArgs) -> Heading {
    let (info, header) = (recording.info(), recording.header());
    let fact = |name: &str| info.fact(name).filter(|value| !value.is_empty()).map(str::to_owned);
    let title = fact("program").unwrap_or_else(|| {
        let name = args.file.file_stem().unwrap_or(OsStr::new("recording"));
        name.to_string_lossy().into_owned()
    });
    let title = match title.rsplit_once('/') {
        Some((_, name)) if !name.is_empty() => name.to_owned(),
        _ => title,
    };
    let mut facts = Vec::new();
    match (fact("toolkit"), fact("toolkit.version")) {
        // The version says which GTK it is.
        (Some(toolkit), Some(version)) if pretty(&toolkit).starts_with("GTK") => facts.push(format!("GTK {version}")),
        (Some(toolkit), Some(version)) => facts.push(format!("{toolkit} {version}")),
        (Some(toolkit), None) => facts.push(pretty(&toolkit)),
        (None, _) => {}
    }
    facts.extend(fact("backend"));
    facts.extend(fact("renderer"));
    let seconds = (header.realtime / 1_000_000_000) as i64;
    let date = DateTime::from_unix_local(seconds).and_then(|date| date.format("%Y-%m-%d %H:%M:%S"));
    facts.extend(date.ok().map(|date| date.to_string()));
    facts.push(units::duration(info.end.saturating_sub(header.monotonic)));
    facts.push(format!("pid {}", header.pid));
    facts.extend(args.from.map(|from| format!("from {}", units::duration(from.0))));
    facts.extend(args.to.map(|to| format!("to {}", units::duration(to.0))));
    let found = recording.diagnostics();
    let warning = match found.len() {
        0 => String::new(),
        1 => found[0].to_string(),
        more => format!("{} (and {} more: see check)", found[0], more - 1),
    };
    Heading { title, facts, warning }
}

/// "gtk3" and the like as people write it.
fn pretty(toolkit: &str) -> String {
    match toolkit.strip_prefix("gtk").or(toolkit.strip_prefix("GTK")) {
        Some(version) => format!("GTK {}", version.trim_start_matches(['+', '-', ' '])).trim_end().to_owned(),
        None => toolkit.to_owned(),
    }
}

fn write(
    path: &Path,
    svg: bool,
    palette: &Palette,
    heading: &Heading,
    figure: &Figure,
    (width, scale): (u32, u32),
) -> Result<()> {
    let height = timeline::height(figure, width).ceil();
    let draw = |surface: &cairo::Surface| -> std::result::Result<(), cairo::Error> {
        let ctx = cairo::Context::new(surface)?;
        timeline::draw(&ctx, palette, heading, figure, width)
    };
    let failed = |error: cairo::Error| Failure::Other(format!("cannot draw {}: {error}", path.display()));
    if svg {
        let mut bytes = Vec::new();
        {
            // Into memory first, so that no half-written file is left and errors are the system's own words.
            let surface = cairo::SvgSurface::for_stream(width.into(), height, Vec::new()).map_err(failed)?;
            draw(&surface).map_err(failed)?;
            let stream = surface
                .finish_output_stream()
                .map_err(|error| Failure::Other(format!("cannot make an SVG: {}", error.error)))?;
            if let Ok(written) = stream.downcast::<Vec<u8>>() {
                bytes = *written;
            }
        }
        return files::write(path, |out| out.write_all(&bytes));
    }
    let (wide, high) = ((width * scale) as i32, height as i32 * scale as i32);
    let surface = cairo::ImageSurface::create(cairo::Format::Rgb24, wide, high).map_err(failed)?;
    surface.set_device_scale(scale.into(), scale.into());
    draw(&surface).map_err(failed)?;
    let mut bytes = Vec::new();
    surface.write_to_png(&mut bytes).map_err(|error| Failure::Other(format!("cannot make a PNG: {error}")))?;
    files::write(path, |out| out.write_all(&bytes))
}

/// The extension in small letters.
pub fn extension(path: &Path) -> Option<String> {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase())
}

/// `FILE.png` beside the recording.
fn default_name(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".png");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_lies_beside_its_recording() {
        assert_eq!(default_name(Path::new("a/12-x.gdkrecord")), Path::new("a/12-x.gdkrecord.png"));
        assert_eq!(default_name(Path::new("a/plain")), Path::new("a/plain.png"));
        assert_eq!(pretty("gtk3"), "GTK 3");
        assert_eq!(pretty("GTK 4.8.3"), "GTK 4.8.3");
    }
}
