//! The schemas of the export formats, made from the table of kinds; the shipped ones are held to them by a test.

mod json;
mod xsd;

use std::io::{self, Write};

use crate::args::{SchemaArgs, SchemaFormat};
use crate::failure::{Failure, Result};

/// Runs `schema`.
pub fn run(args: &SchemaArgs) -> Result<()> {
    io::stdout().lock().write_all(text(args.format).as_bytes()).map_err(Failure::writing("to standard output"))
}

fn text(format: SchemaFormat) -> String {
    match format {
        SchemaFormat::Json => json::schema(),
        SchemaFormat::Xml => xsd::schema(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::{Format, tests::export};
    use std::path::{Path, PathBuf};
    use std::process::Command;

    fn shipped(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(name)
    }

    /// Awkward values of every kind are what the schemas say; what they do not say is refused.
    #[test]
    fn exports_of_every_kind_are_valid() {
        let (folder, recording) = crate::sample::recording();
        let valid = |format: Format, command: &mut Command, spoil: (&str, &str)| {
            let text = String::from_utf8(export(&recording, format)).unwrap();
            assert!(text.contains(spoil.0), "{spoil:?}");
            for (text, expected) in [(text.replacen(spoil.0, spoil.1, 1), false), (text, true)] {
                let path = folder.path().join("export");
                std::fs::write(&path, text).unwrap();
                let output = command.arg(&path).output().expect("cargo xtask test installs the validators");
                let said = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.success(), expected, "{format:?}: {said}");
            }
        };
        let mut json = Command::new("/usr/bin/python3");
        let script = "import json, sys, jsonschema; jsonschema.validate(json.load(open(sys.argv[-1])), json.load(open(sys.argv[1])))";
        json.args(["-c", script]).arg(shipped("gdkrecord.schema.json"));
        valid(Format::Json, &mut json, ("\"ready\":", "\"reedy\":"));
        let mut xml = Command::new("xmllint");
        xml.args(["--noout", "--huge", "--schema"]).arg(shipped("gdkrecord.xsd"));
        valid(Format::Xml, &mut xml, (" ready=", " reedy="));
    }

    #[test]
    fn shipped_schemas_are_those_of_the_table() {
        for (format, name) in [(SchemaFormat::Json, "gdkrecord.schema.json"), (SchemaFormat::Xml, "gdkrecord.xsd")] {
            let path = shipped(name);
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::write(&path, text(format)).unwrap();
            }
            let shipped = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(shipped == text(format), "{name} is not what the table gives: run this test with UPDATE_GOLDEN=1");
        }
    }
}
