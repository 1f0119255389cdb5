//! Every format is read by somebody else: schemas, flame graphs, decoders, libraries of the tools that it is for.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ends;
mod inlined;
mod picture;
mod protobufs;
mod session;
mod syscap;
mod text;

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where what belongs to the tests lies.
fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exports").join(name)
}

/// Runs a Python script of Debian's interpreter with these arguments, and gives what it printed.
fn python(script: &str, arguments: &[&Path]) -> String {
    let output =
        Command::new("/usr/bin/python3").args(["-W", "ignore", "-c", script]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Whether a document is what a schema says.
fn validate(schema: &Path, document: &Path) {
    let script = "import json, sys, jsonschema
schema, document = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.validate(document, schema)";
    python(script, &[schema, document]);
}
