//! The one error of harness and xtask: a sentence for a person. Nobody tells its cases apart.

use std::fmt;

/// The harness's result.
pub type Result<T> = std::result::Result<T, Failure>;

/// One clear line saying what could not be done, and why.
#[derive(Debug)]
pub struct Failure(pub String);

impl Failure {
    /// From anything that reads as a sentence.
    pub fn new(sentence: impl Into<String>) -> Failure {
        Failure(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Says what was tried when an error is passed on.
pub trait Context<T> {
    /// `what` reads after "cannot": "start Xvfb".
    fn cannot(self, what: impl fmt::Display) -> Result<T>;
}

impl<T, E: fmt::Display> Context<T> for std::result::Result<T, E> {
    fn cannot(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Failure(format!("cannot {what}: {error}")))
    }
}
