//! What was typed after `--with`: `strace`, `proc@10Hz`, `script:./watch.py@2Hz`.

use std::str::FromStr;

use super::Source;
use crate::error::{Error, similar};

/// A source as it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The source's name.
    pub source: String,
    /// What follows the `:`; each source says what it means.
    pub argument: Option<String>,
    /// Samples a second, after the `@`.
    pub rate: Option<f64>,
}

/// What a source is called too: the name of its tool, and the source's name.
pub const ALIASES: &[(&str, &str)] = &[("stap", "systemtap"), ("operf", "oprofile")];

impl FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Spec, String> {
        let (rest, rate) = match text.rsplit_once('@') {
            // An `@` inside of an argument is the argument's own.
            Some((rest, rate)) if rate.to_ascii_lowercase().ends_with("hz") => {
                let number = &rate[..rate.len() - 2];
                let hertz = number.parse::<f64>().ok().filter(|hertz| *hertz > 0.0 && *hertz <= 100_000.0);
                let hertz = hertz.ok_or(format!("{text}: the rate `{rate}` must be a number of 0 to 100000 and `Hz`"));
                (rest, Some(hertz?))
            }
            _ => (text, None),
        };
        let (source, argument) = match rest.split_once(':') {
            Some((source, argument)) => (source, Some(argument.to_owned()).filter(|argument| !argument.is_empty())),
            None => (rest, None),
        };
        match source {
            "" => Err(format!("`{text}` names no source; `perfkit-agent sources` lists them")),
            name => {
                let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
                Ok(Spec { source: alias.map_or(name, |(_, source)| source).to_owned(), argument, rate })
            }
        }
    }
}

impl std::fmt::Display for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.source)?;
        if let Some(argument) = &self.argument {
            write!(f, ":{argument}")?;
        }
        if let Some(rate) = self.rate {
            write!(f, "@{rate}Hz")?;
        }
        Ok(())
    }
}

/// The source that is asked for; where there is none, the error has the names of those that there are.
pub fn named<'s>(spec: &Spec, sources: &'s [Box<dyn Source>]) -> Result<&'s dyn Source, Error> {
    let source = sources.iter().find(|source| source.name() == spec.source);
    source.map(|source| &**source).ok_or_else(|| {
        let known: Vec<_> = sources.iter().map(|source| source.name()).collect();
        let alike = similar(&spec.source, known.iter().copied());
        Error::Invalid(format!("there is no source `{}`{alike}; there are {}", spec.source, known.join(", ")))
    })
}

/// The sources of one `--with`: separated by commas, of which a source's argument may have some of its own.
pub fn specs(text: &str, sources: &[Box<dyn Source>]) -> Result<Vec<Spec>, String> {
    let known = |part: &str| {
        let name = part.split([':', '@']).next().unwrap_or_default();
        sources.iter().any(|source| source.name() == name) || ALIASES.iter().any(|(alias, _)| *alias == name)
    };
    let mut parts: Vec<String> = Vec::new();
    for part in text.split(',') {
        match parts.last_mut() {
            // Only after a source that has an argument can there be more of it.
            Some(last) if !known(part) && last.contains(':') => {
                last.push(',');
                last.push_str(part);
            }
            _ => parts.push(part.trim().to_owned()),
        }
    }
    parts.iter().map(|part| part.parse()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::sources;

    #[test]
    fn names_arguments_and_rates_are_told_apart() {
        let spec = |source: &str, argument: Option<&str>, rate| {
            Ok(Spec { source: source.into(), argument: argument.map(Into::into), rate })
        };
        for (text, expected) in [
            ("strace", spec("strace", None, None)),
            ("proc@10Hz", spec("proc", None, Some(10.0))),
            ("proc@0.5hz", spec("proc", None, Some(0.5))),
            ("script:./x.py", spec("script", Some("./x.py"), None)),
            ("script:./x.py a:b@2Hz", spec("script", Some("./x.py a:b"), Some(2.0))),
            ("stap:./x.stp", spec("systemtap", Some("./x.stp"), None)),
            ("ltrace:main@MAIN", spec("ltrace", Some("main@MAIN"), None)),
        ] {
            let read: Result<Spec, String> = text.parse();
            assert_eq!(read, expected);
        }
        assert!("".parse::<Spec>().is_err() && ":x".parse::<Spec>().is_err());
        assert!("proc@0Hz".parse::<Spec>().is_err() && "proc@manyHz".parse::<Spec>().is_err());
        assert_eq!("proc:a@10Hz".parse::<Spec>().unwrap().to_string(), "proc:a@10Hz");
    }

    #[test]
    fn commas_of_an_argument_are_told_from_those_between_sources() {
        let read = |text: &str| {
            let specs = specs(text, &sources()).unwrap();
            specs.iter().map(Spec::to_string).collect::<Vec<_>>()
        };
        assert_eq!(read("gdkrecord:text=keep,widgets=on,gdkrecord"), ["gdkrecord:text=keep,widgets=on", "gdkrecord"]);
        assert_eq!(read("gdkrecord,nonsense"), ["gdkrecord", "nonsense"]);
        let (stap, operf) = ("systemtap:./x.stp", "oprofile:samples");
        assert_eq!(read("strace:file,read,stap:./x.stp,operf:samples"), ["strace:file,read", stap, operf]);
        assert_eq!(read("stap:./x.stp 1,2,operf"), ["systemtap:./x.stp 1,2", "oprofile"]);
        assert!(specs("gdkrecord,,", &sources()).is_err());
    }
}
