//! `import`: makes a session of files that other tools wrote.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use gdkrecord::units;

use super::{symbolise, words};
use crate::error::{Error, Result};
use crate::import::{self, FORMATS, Format, recognise};
use crate::session::{Store, beside};
use crate::source::{Flow, Outlet};
use crate::symbols::When;

#[derive(Debug, clap::Args)]
#[command(after_help = import::help())]
pub struct Args {
    /// The files; what each is is seen from its content.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The session to make [default: the first file's name with .perfkit].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What the files are, where it cannot be seen from them.
    #[arg(long, value_parser = words::one_of(FORMATS, |format| format.name), hide_possible_values = true)]
    format: Option<&'static Format>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    // All of them are known before any is read.
    let format = |file: &Path| args.format.map_or_else(|| recognise(file), Ok);
    let known = args.files.iter().map(|file| Ok((file, format(file)?)));
    let known: Vec<_> = known.collect::<Result<_>>()?;
    let first = args.files.first().cloned().unwrap_or_default();
    let output = args.output.clone().unwrap_or_else(|| first.with_extension("perfkit"));
    let (sender, receiver) = Outlet::queue();
    let store = Store::create(&output)?;
    let store = std::thread::spawn(move || store.run(receiver));
    let flow: Arc<Flow> = Arc::default();
    let mut failed = None;
    for (number, (file, format)) in (1..).zip(known) {
        let mut outlet = Outlet::new(number, format.name, sender.clone(), Arc::clone(&flow));
        outlet.source_begins(&file.display().to_string());
        let result = (format.import)(file, &mut outlet);
        outlet.end(result.as_ref().map(drop).map_err(ToString::to_string));
        failed = failed.or(result.err());
    }
    drop(sender);
    let stored = store.join().unwrap_or_else(|_| Err(Error::Invalid("the session's writer failed".to_owned())));
    if let Some(error) = failed.or(stored.err()) {
        // Half a session would stand in the way of the next try.
        let _ = std::fs::remove_file(&output);
        for suffix in ["-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(beside(&output, suffix));
        }
        return Err(error);
    }
    // Where and when it was recorded nobody knows, so that only build ids count.
    symbolise::after(&output, When::Later, false, &mut || true);
    let rows = flow.rows.load(std::sync::atomic::Ordering::Relaxed);
    super::say(&format!("{}: {} events", output.display(), units::count(rows)));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_import_leaves_nothing_and_the_next_one_is_not_in_its_way() {
        let folder = tempfile::tempdir().unwrap();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gdkrecord/tests/golden/v1.1.gdkrecord");
        let (bad, output) = (folder.path().join("bad"), folder.path().join("a.perfkit"));
        std::fs::write(&bad, "no recording").unwrap();
        let gdkrecord = FORMATS.iter().find(|format| format.name == "gdkrecord").unwrap();
        let import = |files: &[&Path]| {
            let files = files.iter().map(|file| (*file).to_owned()).collect();
            run(&Args { files, output: Some(output.clone()), format: Some(gdkrecord) })
        };
        for _ in 0..2 {
            let error = import(&[&golden, &bad]).unwrap_err().to_string();
            assert!(error.contains("bad"), "{error}");
            let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().map(|file| file.path()).collect();
            assert_eq!(left, std::slice::from_ref(&bad));
        }
        import(&[&golden]).unwrap();
        let whole = std::fs::read(&output).unwrap();
        // What another import made is not touched.
        assert!(matches!(import(&[&bad]), Err(Error::Exists(_))));
        assert_eq!(std::fs::read(&output).unwrap(), whole);
    }
}
