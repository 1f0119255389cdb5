//! PNG pictures, one a moment: NAME-0001.png, NAME-0002.png and so on.

use std::path::{Path, PathBuf};

use super::{Error, Result, Sink};

/// Pictures being written.
pub struct Pictures {
    path: PathBuf,
    size: (u32, u32),
    count: u64,
}

impl Pictures {
    /// Names them after `path`, and makes their folder.
    pub fn create(path: &Path, size: (u32, u32)) -> Result<Pictures> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(Error::writing(folder))?;
        }
        Ok(Pictures { path: path.to_owned(), size, count: 0 })
    }
}

impl Sink for Pictures {
    fn picture(&mut self, pixels: &[u8]) -> Result<()> {
        self.count += 1;
        let path = numbered(&self.path, self.count);
        let (width, height) = (self.size.0 as i32, self.size.1 as i32);
        let failed = |error: &dyn std::fmt::Display| Error::Other(format!("cannot write {}: {error}", path.display()));
        let stride = width * 4;
        let surface =
            cairo::ImageSurface::create_for_data(pixels.to_vec(), cairo::Format::Rgb24, width, height, stride)
                .map_err(|error| failed(&error))?;
        let mut bytes = Vec::new();
        surface.write_to_png(&mut bytes).map_err(|error| failed(&error))?;
        std::fs::write(&path, bytes).map_err(Error::writing(path))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

/// `NAME-0001.png`; where the name has a `%05d`, the number in that many digits takes its place.
fn numbered(path: &Path, number: u64) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if let Some((before, rest)) = name.split_once('%')
        && let Some((digits, after)) = rest.split_once('d')
        && digits.chars().all(|digit| digit.is_ascii_digit())
    {
        let wide = digits.parse().unwrap_or(1).min(20);
        return path.with_file_name(format!("{before}{number:0wide$}{after}"));
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number:04}.png"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_numbered() {
        assert_eq!(numbered(Path::new("a/b.png"), 7), Path::new("a/b-0007.png"));
        assert_eq!(numbered(Path::new("a/%05d.png"), 7), Path::new("a/00007.png"));
        assert_eq!(numbered(Path::new("a/50%.png"), 7), Path::new("a/50%-0007.png"));
    }
}
