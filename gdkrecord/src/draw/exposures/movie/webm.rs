//! WebM: raw pictures through a pipe to ffmpeg, which encodes them as VP9.

use std::ffi::OsStr;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::{Error, Result, Sink};

/// What the system may have answered ffmpeg, which it tells among other words.
const ANSWERS: &[(&str, ErrorKind)] = &[
    ("No space left on device", ErrorKind::StorageFull),
    ("Read-only file system", ErrorKind::ReadOnlyFilesystem),
    ("Permission denied", ErrorKind::PermissionDenied),
];

/// What is said where there is no ffmpeg.
const NO_FFMPEG: &str = "WebM needs ffmpeg: install it (apt install ffmpeg)";

/// Whether there is an ffmpeg; otherwise says how to get one.
pub fn ffmpeg() -> std::result::Result<(), &'static str> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    if is_in(&folders) { Ok(()) } else { Err(NO_FFMPEG) }
}

fn is_in(folders: &OsStr) -> bool {
    std::env::split_paths(folders).any(|folder| folder.join("ffmpeg").is_file())
}

/// A WebM being written.
pub struct Webm {
    child: Child,
    pipe: Option<ChildStdin>,
    path: PathBuf,
    ended: bool,
}

impl Webm {
    /// Starts ffmpeg.
    pub fn create(path: &Path, size: (u32, u32), fps: u32) -> Result<Webm> {
        let mut command = Command::new("ffmpeg");
        command.args(["-loglevel", "error", "-nostdin", "-y", "-f", "rawvideo", "-pix_fmt", "bgr0"]);
        command.args(["-s", &format!("{}x{}", size.0, size.1), "-r", &fps.to_string(), "-i", "pipe:0"]);
        // Constant quality; 4:2:0 since not every player takes more.
        command.args(["-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p", "-b:v", "0", "-crf", "30", "-row-mt", "1"]);
        command.args(["-deadline", "realtime", "-cpu-used", "6", "-f", "webm"]);
        // A name that begins with a dash, or looks like a protocol, is a file all the same.
        command.arg(format!("file:{}", path.display()));
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::Other(format!("{NO_FFMPEG}, or write NAME.gif")),
            _ => Error::Other(format!("cannot start ffmpeg: {error}")),
        })?;
        let pipe = child.stdin.take();
        Ok(Webm { child, pipe, path: path.to_owned(), ended: false })
    }

    /// Waits for ffmpeg's end, and words its complaint where it has one.
    fn end(&mut self) -> Result<()> {
        (self.pipe, self.ended) = (None, true);
        let mut words = String::new();
        if let Some(mut err) = self.child.stderr.take() {
            // Without its words there is still its exit status.
            let _ = err.read_to_string(&mut words);
        }
        let status = self.child.wait().map_err(|error| Error::Other(format!("cannot wait for ffmpeg: {error}")))?;
        // Where the end of the file cannot be written, it says so and ends well all the same.
        if let Some((_, kind)) = ANSWERS.iter().find(|(answer, _)| words.contains(answer)) {
            return Err(Error::writing(&self.path)((*kind).into()));
        }
        if status.success() {
            return Ok(());
        }
        let last = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
        Err(Error::Other(format!("ffmpeg could not write {}: {}", self.path.display(), last.trim())))
    }
}

impl Sink for Webm {
    fn picture(&mut self, pixels: &[u8]) -> Result<()> {
        match self.pipe.as_mut().map(|pipe| pipe.write_all(pixels)) {
            Some(Ok(())) => Ok(()),
            // It went away: its own words say why.
            _ => self.end().and(Err(Error::Other("ffmpeg ended before the last picture".to_owned()))),
        }
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.end()
    }
}

impl Drop for Webm {
    /// Of a movie that is not finished nobody wants the rest.
    fn drop(&mut self) {
        if !self.ended {
            // It may have ended by itself.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ffmpeg_is_looked_for_where_programs_are() {
        let folder = tempfile::tempdir().unwrap();
        let folders = std::env::join_paths([Path::new("/nowhere"), folder.path()]).unwrap();
        assert!(!is_in(&folders));
        std::fs::write(folder.path().join("ffmpeg"), "").unwrap();
        assert!(is_in(&folders));
        assert!(!is_in(OsStr::new("")));
    }
}
