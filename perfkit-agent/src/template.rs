//! Templates for recordings: what was asked for once, under a name, in the user's configuration.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, similar};

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

impl Template {
    /// The names of all there are, in their order.
    pub fn names() -> Result<Vec<String>> {
        let entries = fs::read_dir(folder()?).into_iter().flatten().flatten().map(|entry| entry.path());
        let json = entries.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        let mut names: Vec<_> = json.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
        names.sort();
        Ok(names)
    }

    /// The file of the one of that name; a name that would lead elsewhere is refused.
    pub fn named(name: &str) -> Result<PathBuf> {
        if name.is_empty() || name.starts_with('.') || name.contains('/') {
            return Err(Error::Invalid(format!("`{name}` is no name for a template: it names a file")));
        }
        Ok(folder()?.join(format!("{name}.json")))
    }

    /// The one of that name.
    pub fn load(name: &str) -> Result<Template> {
        let path = Template::named(name)?;
        let text = fs::read_to_string(&path).map_err(|error| match (error.kind(), Template::names()) {
            (ErrorKind::NotFound, Ok(names)) => {
                let alike = similar(name, names.iter().map(String::as_str));
                Error::Invalid(format!("there is no template `{name}`{alike}; `perfkit-agent templates` lists them"))
            }
            _ => Error::file("read", &path)(error),
        })?;
        serde_json::from_str(&text).map_err(|error| Error::Invalid(format!("{}: {error}", path.display())))
    }

    /// Keeps it under a name.
    pub fn save(&self, name: &str) -> Result<PathBuf> {
        let path = Template::named(name)?;
        let folder = folder()?;
        fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        fs::write(&path, text).map_err(Error::file("write", &path))?;
        Ok(path)
    }
}

/// Where they are kept.
pub fn folder() -> Result<PathBuf> {
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
