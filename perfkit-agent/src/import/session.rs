//! A session made of files that other tools wrote.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use super::recognise;
use crate::error::{Error, Result};
use crate::session::{Store, beside};
use crate::source::{Flow, Outlet};

/// From one look at who waits to the next.
const LOOK: Duration = Duration::from_millis(50);

/// Makes the session `output` of files, which are of the format `said`, or as their content shows. `goes_on` is
/// asked now and then with the rows so far; where it says no, the import ends with [`Error::Cancelled`]. Gives the
/// rows. Where it fails, nothing is left.
pub fn session(
    files: &[PathBuf],
    said: Option<&str>,
    output: &Path,
    goes_on: &mut dyn FnMut(u64) -> bool,
) -> Result<u64> {
    // All of them are known before any is read.
    let known = files.iter().map(|file| recognise(file, said).map(|format| (file.clone(), format)));
    let known: Vec<_> = known.collect::<Result<_>>()?;
    let (sender, receiver) = Outlet::queue();
    let mut store = Store::create(output)?;
    let flow: Arc<Flow> = Arc::default();
    let flowing = Arc::clone(&flow);
    let reading = move || -> Result<()> {
        for (number, (file, format)) in (1..).zip(known) {
            let mut outlet = Outlet::new(number, format.name, sender.clone(), Arc::clone(&flowing));
            outlet.source_begins(&file.display().to_string());
            let result = (format.import)(&file, &mut outlet);
            outlet.end(result.as_ref().map(drop).map_err(ToString::to_string));
            result?;
        }
        Ok(())
    };
    let reading = std::thread::Builder::new().name("import".into()).spawn(reading);
    let reading = reading.map_err(Error::file("start a thread for", output))?;
    let mut looked = std::time::Instant::now();
    let stored = loop {
        if looked.elapsed() >= LOOK {
            looked = std::time::Instant::now();
            if !goes_on(flow.rows.load(Ordering::Relaxed)) {
                break Err(Error::Cancelled);
            }
        }
        let handled = match receiver.recv_timeout(LOOK) {
            Ok(message) => store.handle(message).and_then(|()| store.commit_if_due()),
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => break store.close(),
        };
        if let Err(error) = handled {
            break Err(error);
        }
    };
    // A reader that waits for us would wait for ever; without a receiver it ends.
    drop(receiver);
    let read =
        reading.join().unwrap_or_else(|_| Err(Error::Invalid("the import failed by an error of perfkit".to_owned())));
    if let Err(error) = stored.and(read) {
        // Half a session would stand in the way of the next try.
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(beside(output, suffix));
        }
        return Err(error);
    }
    Ok(flow.rows.load(Ordering::Relaxed))
}
