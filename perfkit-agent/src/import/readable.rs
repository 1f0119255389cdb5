//! A session to be read, whatever the file is: what another tool recorded is made a session for as long as it is read.

use std::path::{Path, PathBuf};

use super::{Format, make, recognise};
use crate::error::{Error, Result};
use crate::scratch::Scratch;
use crate::session::is_session;

/// A session that can be opened.
#[derive(Debug)]
pub struct Readable {
    path: PathBuf,
    made: Option<(Scratch, &'static Format)>,
}

impl Readable {
    /// The session at `path`, or one of what it is otherwise, which goes when this is dropped.
    ///
    /// # Errors
    /// Where it is neither a session nor what another tool recorded, or cannot be read.
    pub fn open(path: &Path) -> Result<Readable> {
        if is_session(path)? {
            return Ok(Readable { path: path.to_owned(), made: None });
        }
        let format = recognise(path).map_err(|_| Error::NotASession(path.to_owned()))?;
        let folder = Scratch::new()?;
        let name = path.file_stem().unwrap_or_default();
        let session = folder.path().join(name).with_extension("perfkit");
        make(&[(path.to_owned(), format)], &session)?;
        Ok(Readable { path: session, made: Some((folder, format)) })
    }

    /// Where the session is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file is, where a session had to be made of it.
    pub fn made_of(&self) -> Option<&'static Format> {
        self.made.as_ref().map(|(_, format)| *format)
    }
}
