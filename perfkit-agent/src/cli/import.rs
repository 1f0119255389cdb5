//! `import`: makes a session of files that other tools wrote.

use std::path::PathBuf;
use std::process::ExitCode;

use gdkrecord::units;

use super::symbolise;
use crate::error::Result;
use crate::import;
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
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let first = args.files.first().cloned().unwrap_or_default();
    let output = args.output.clone().unwrap_or_else(|| first.with_extension("perfkit"));
    let rows = import::session(&args.files, args.format.as_deref(), &output, &mut |_| true)?;
    // Where and when it was recorded nobody knows, so that only build ids count.
    symbolise::after(&output, When::Later, false, &mut || true);
    super::say(&format!("{}: {} events", output.display(), units::count(rows)));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::error::Error;

    #[test]
    fn a_failed_import_leaves_nothing_and_the_next_one_is_not_in_its_way() {
        let folder = tempfile::tempdir().unwrap();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gdkrecord/tests/golden/v1.1.gdkrecord");
        let (bad, output) = (folder.path().join("bad"), folder.path().join("a.perfkit"));
        std::fs::write(&bad, "no recording").unwrap();
        let import = |files: &[&Path]| {
            let files = files.iter().map(|file| (*file).to_owned()).collect();
            run(&Args { files, output: Some(output.clone()), format: Some("gdkrecord".to_owned()) })
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
