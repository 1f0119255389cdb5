//! What the benches share: medians, and the section of RESULTS.md that each of them rewrites.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::bins;
use crate::error::{Context, Failure, Result};

/// Runs a bench; a failure is one line.
pub fn main(bench: &str, run: fn() -> Result<String>) -> ExitCode {
    match run().and_then(|figures| publish(bench, &figures)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench {bench}: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The value in the middle; 0 of none.
pub fn median(values: &mut [f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value that this part of the values does not exceed.
pub fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len().saturating_sub(1) as f64 * part).round() as usize;
    values.get(at).copied().unwrap_or(0.0)
}

/// A folder for what a bench writes, on the disk that holds the build.
pub fn folder() -> Result<PathBuf> {
    let folder = bins::target().join("bench");
    fs::create_dir_all(&folder).cannot(format_args!("create {}", folder.display()))?;
    Ok(folder)
}

/// Prints the figures, and puts them between this bench's marks in RESULTS.md.
fn publish(bench: &str, figures: &str) -> Result<()> {
    println!("{figures}");
    let path = bins::root().join("tests/benches/RESULTS.md");
    let text = fs::read_to_string(&path).cannot("read RESULTS.md")?;
    let (begin, end) = (format!("<!-- {bench} -->\n"), format!("<!-- end of {bench} -->"));
    let marks = text.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = marks.ok_or_else(|| Failure::new(format!("RESULTS.md has no marks for {bench}")))?;
    let text = format!("{before}{begin}\nMeasured on {}.\n\n{}\n\n{end}{after}", machine(), figures.trim());
    fs::write(&path, text).cannot("write RESULTS.md")
}

/// The processor and its number, without which figures mean little.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} × {}, Linux {}", model.unwrap_or("an unknown processor"), kernel.trim())
}
