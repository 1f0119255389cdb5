//! Where data comes from and goes to: files, and `-` for standard input and output.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::Path;

use gdkrecord::Recording;
use gdkrecord::layout::MAGIC;

use crate::failure::{Failure, Result};

/// Bytes gathered before they are written: large, since exports are long and sequential.
const BUFFER: usize = 256 * 1024;

/// Opens a recording; `-` is standard input, which is kept in a file that has no name.
pub fn open(path: &Path) -> Result<Recording> {
    if !is_standard(path) {
        return Ok(Recording::open(path)?);
    }
    Ok(Recording::from_file(spool()?, Path::new("standard input"))?)
}

/// Standard input as a file that can be read anywhere in it.
pub fn spool() -> Result<File> {
    let mut file = tempfile::tempfile().map_err(Failure::Spool)?;
    io::copy(&mut io::stdin().lock(), &mut file).map_err(Failure::Spool)?;
    file.rewind().map_err(Failure::Spool)?;
    Ok(file)
}

/// Whether a path means standard input or output.
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Opens the output: a new file, or standard output.
pub fn create(path: &Path) -> Result<File> {
    if is_recording(path) {
        let words = format!("{} is a recording, which is not written over; name another file", path.display());
        return Err(Failure::Other(words));
    }
    if !is_standard(path) {
        return File::create(path).map_err(Failure::writing(path));
    }
    // Standard output's own buffer ends at each line; a file of the same descriptor has none.
    let plain = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned().map(File::from);
    plain.map_err(Failure::writing(name(path)))
}

/// Whether a recording stands at a path: what is made of one would be the end of it.
fn is_recording(path: &Path) -> bool {
    let mut head = [0; MAGIC.len()];
    path.metadata().is_ok_and(|there| there.is_file())
        && File::open(path).is_ok_and(|mut file| file.read_exact(&mut head).is_ok())
        && head == MAGIC
}

/// What messages call an output.
pub fn name(path: &Path) -> &Path {
    if is_standard(path) { Path::new("to standard output") } else { path }
}

/// Opens the output, hands it to `write`, and makes sure that all of it arrived.
pub fn write(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER, create(path)?);
    write(&mut out).and_then(|()| out.flush()).map_err(|error| {
        // What is left in the buffer would fail again when it is dropped.
        Failure::writing(name(path))(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let (recording, other) = (folder.path().join("a.gdkrecord"), folder.path().join("a.json"));
        std::fs::write(&recording, [&MAGIC[..], b"all that was recorded"].concat()).unwrap();
        std::fs::write(&other, "{}").unwrap();
        let said = create(&recording).unwrap_err().to_string();
        assert_eq!(
            said,
            format!("{} is a recording, which is not written over; name another file", recording.display())
        );
        assert_eq!(std::fs::metadata(&recording).unwrap().len(), 8 + 21);
        create(&other).unwrap();
        assert_eq!(std::fs::metadata(&other).unwrap().len(), 0, "another file is");
    }
}
