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

    #[test]
    fn shipped_schemas_are_those_of_the_table() {
        for (format, name) in [(SchemaFormat::Json, "gdkrecord.schema.json"), (SchemaFormat::Xml, "gdkrecord.xsd")] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(name);
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::write(&path, text(format)).unwrap();
            }
            let shipped = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(shipped == text(format), "{name} is not what the table gives: run this test with UPDATE_GOLDEN=1");
        }
    }
}
