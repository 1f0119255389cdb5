//! A module with partitions: notes in files of a folder, each of which many read at a time and one alone writes.
//! `curl --data hello http://ADDRESS/notes/today`

use std::path::PathBuf;
use std::time::Duration;

use perfkit_agent::server::*;
use serde_json::json;

/// Serves the notes of a folder.
pub struct Notes(pub PathBuf);

const fn operation(name: &'static str, method: &'static str, scope: Scope, summary: &'static str) -> Operation {
    Operation { name, method, path: "/notes/{name}", scope, summary, describe: || json!({"responses": {}}) }
}

static OPERATIONS: [Operation; 2] =
    [operation("read", "GET", Scope::Read, "A note"), operation("write", "POST", Scope::Control, "Add to a note")];

impl Module for Notes {
    fn name(&self) -> &'static str {
        "notes"
    }

    fn operations(&self) -> &'static [Operation] {
        &OPERATIONS
    }

    fn classify(&self, head: &Head<'_>) -> Admission {
        let name = head.param("name");
        if !name.chars().all(char::is_alphanumeric) {
            return Admission::Reject(Problem::invalid("a note's name is letters and digits"));
        }
        let mode = if head.operation.name == "write" { Mode::Exclusive } else { Mode::Shared };
        Admission::Partition { keys: Keys::one(format!("note:{name}")), mode, max_wait: Duration::from_secs(5) }
    }

    async fn handle(&self, mut request: Request, context: Context) -> Outcome {
        let (file, new) = (self.0.join(request.param("name")), request.bytes().await?);
        let add = request.operation.name == "write";
        let note = context.block(move || {
            let failed = |error: std::io::Error| Problem::missing(format!("the note: {error}"));
            if add {
                // It is alone here, so that nobody reads half of it.
                let old = std::fs::read(&file).unwrap_or_default();
                std::fs::write(&file, [old.as_slice(), &new, b"\n"].concat()).map_err(failed)?;
            }
            std::fs::read(&file).map_err(failed)
        });
        Ok(Body::of("text/plain", note.await?))
    }
}
