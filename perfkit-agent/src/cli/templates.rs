//! Templates for `record`: what was asked for once, under a name, in the user's configuration.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What a template keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The sources, as after `--with`.
    #[serde(default)]
    pub with: Vec<String>,
    /// Seconds after which the recording ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<f64>,
    /// Variables for the program.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent record --with perf,proc@10Hz --save-template cpu -- ./myprog
  perfkit-agent templates cpu                 what it has
  perfkit-agent record --template cpu -- ./myprog")]
pub struct Args {
    /// Show what this one has.
    name: Option<String>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    if let Some(name) = &args.name {
        let text = serde_json::to_string_pretty(&Template::load(name)?).unwrap_or_default();
        return super::print(&format!("{text}\n"));
    }
    let folder = folder()?;
    let mut lines = Vec::new();
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "json")
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            let with = Template::load(name).map_or_else(|error| error.to_string(), |template| template.with.join(","));
            lines.push(format!("{name:<20} {with}\n"));
        }
    }
    lines.sort();
    if lines.is_empty() {
        lines.push(format!(
            "There are no templates in {}; `record --save-template NAME` makes one.\n",
            folder.display()
        ));
    }
    super::print(&lines.concat())
}

impl Template {
    /// The one of that name.
    pub fn load(name: &str) -> Result<Template> {
        let path = file(name)?;
        let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        serde_json::from_str(&text).map_err(|error| Error::Invalid(format!("{}: {error}", path.display())))
    }

    /// Keeps it under a name.
    pub fn save(&self, name: &str) -> Result<PathBuf> {
        let path = file(name)?;
        let folder = folder()?;
        fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        fs::write(&path, text).map_err(Error::file("write", &path))?;
        Ok(path)
    }
}

fn file(name: &str) -> Result<PathBuf> {
    if name.is_empty() || name.starts_with('.') || name.contains('/') {
        return Err(Error::Invalid(format!("`{name}` is no name for a template: it names a file")));
    }
    Ok(folder()?.join(format!("{name}.json")))
}

fn folder() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    let config = config.ok_or_else(|| Error::Invalid("templates need HOME or XDG_CONFIG_HOME to be set".to_owned()))?;
    Ok(config.join("perfkit/templates"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leaves_the_folder_is_refused() {
        for name in ["", "../x", ".x", "a/b"] {
            assert!(Template::load(name).unwrap_err().to_string().contains("no name for a template"), "{name}");
        }
    }

    #[test]
    fn a_template_reads_back() {
        let template = Template { with: vec!["proc@1Hz".into()], duration: Some(2.0), ..Template::default() };
        let text = serde_json::to_string(&template).unwrap();
        assert_eq!(serde_json::from_str::<Template>(&text).unwrap(), template);
        assert!(serde_json::from_str::<Template>(r#"{"wit":[]}"#).is_err());
    }
}
