//! What a client wants recorded: from its JSON to what that means, and whether it may be.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::channel::{Launch, Plan, Subject, conduct, find};
use crate::server::access::{Programs, owner};
use crate::server::{Identity, Problem, Shelf};
use crate::source::{Source, Spec, specs, usual};
use crate::template::Template;

/// Sources whose argument is a program, which they run: those are for the owner alone.
const PROGRAMS: [&str; 3] = ["script", "systemtap", "bpftrace"];
/// Variables that anybody may set for a program: others would make it run something else.
const VARIABLES: [&str; 4] = ["DISPLAY", "WAYLAND_DISPLAY", "LANG", "TZ"];

/// The body of `POST /v1/recordings`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wanted {
    program: Option<String>,
    args: Vec<String>,
    environment: BTreeMap<String, String>,
    folder: Option<PathBuf>,
    pid: Option<i32>,
    with: Vec<String>,
    template: Option<String>,
    name: Option<String>,
    seconds: Option<f64>,
}

/// What that means.
#[derive(Debug)]
pub struct Meant {
    pub plan: Plan,
    pub output: PathBuf,
    pub most: Option<Duration>,
}

impl Wanted {
    /// What it means, where whoever asks may have it. Looks at files, so that it may block.
    pub fn meant(
        self,
        identity: &Identity,
        programs: &Programs,
        shelf: &Shelf,
        sources: &[Box<dyn Source>],
    ) -> Result<Meant, Problem> {
        let is_owner = identity.name == owner() || identity.name == "uid:0";
        let template = self.template.as_deref().map(Template::load).transpose()?.unwrap_or_default();
        let with = if self.with.is_empty() { template.with } else { self.with };
        let specs: Vec<Spec> = match with.is_empty() {
            true => usual(sources),
            false => {
                let read: Result<Vec<_>, String> = with.iter().map(|with| specs(with, sources)).collect();
                read.map_err(Problem::invalid)?.concat()
            }
        };
        if let Some(spec) = specs.iter().find(|spec| !is_owner && PROGRAMS.contains(&spec.source.as_str())) {
            return Err(Problem::forbidden(format!(
                "{spec} runs a program of its own, which only the owner may start"
            )));
        }
        let subject = match (self.program, self.pid) {
            (Some(program), None) => {
                let mut environment = self.environment;
                if let Some(name) = environment.keys().find(|name| !is_owner && !VARIABLES.contains(&name.as_str())) {
                    return Err(Problem::forbidden(format!("only the owner may set {name} for a program")));
                }
                template.environment.into_iter().for_each(|(name, value)| _ = environment.entry(name).or_insert(value));
                let mut launch = Launch::new(&program, &self.args);
                launch.folder = self.folder.unwrap_or_default();
                launch.environment = environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
                // Whoever may not start it does not learn whether it is there either.
                let found = find(&launch).map_err(|error| {
                    let refused = programs.check(identity, Path::new(&program)).err();
                    refused.unwrap_or_else(|| Problem::missing(error.to_string()))
                })?;
                programs.check(identity, &found)?;
                launch.program = found.into();
                Subject::Start(launch)
            }
            (None, Some(pid)) => {
                attachable(pid)?;
                Subject::Attach(pid)
            }
            _ => return Err(Problem::invalid("name either a `program` to start or the `pid` of one that runs")),
        };
        let seconds = self.seconds.or(template.duration);
        let most = seconds.map(|seconds| Duration::try_from_secs_f64(seconds).ok().filter(|most| !most.is_zero()));
        let most = match most {
            Some(None) => return Err(Problem::invalid("`seconds` is no duration")),
            other => other.flatten(),
        };
        let asked = match self.name {
            Some(name) => {
                let path = shelf.path(&name)?;
                if path.exists() {
                    return Err(Problem::new(http::StatusCode::CONFLICT, format!("there is a session {name} already")));
                }
                path
            }
            None => {
                let named = conduct::named_after(&subject);
                conduct::free(&shelf.path(Shelf::name(&named).trim_start_matches('.'))?)?
            }
        };
        Ok(Meant { plan: Plan { subject, sources: specs }, output: asked, most })
    }
}

/// Says why a process cannot be attached to: it is not there, or not of the agent's own user.
pub fn attachable(pid: i32) -> Result<(), Problem> {
    let missing = || Problem::missing(format!("there is no process {pid}"));
    if pid <= 0 {
        return Err(missing());
    }
    let found = Path::new("/proc").join(pid.to_string()).metadata().map_err(|_| missing())?;
    match found.uid() == nix::unistd::geteuid().as_raw() {
        true => Ok(()),
        false => Err(Problem::forbidden(format!("process {pid} belongs to another user"))),
    }
}

/// Rates by source, checked: what `PATCH …/rates` has for its body.
pub fn rates(asked: &BTreeMap<String, f64>, used: &[Spec], sources: &[Box<dyn Source>]) -> Result<(), Problem> {
    for (name, rate) in asked {
        if !used.iter().any(|spec| spec.source == *name) {
            return Err(Problem::invalid(format!("this recording has no source `{name}`")));
        }
        let source = sources.iter().find(|source| source.name() == name);
        let Some(most) = source.and_then(|source| source.fastest()) else {
            return Err(Problem::invalid(format!("`{name}` does not sample, so that it has no rate")));
        };
        if !(*rate > 0.0 && *rate <= most) {
            return Err(Problem::invalid(format!("`{name}` looks at most {most} times a second, and more than never")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Scope;
    use crate::source::sources;

    fn meant(json: serde_json::Value, name: &str) -> Result<Meant, Problem> {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(Some(folder.path().join("s"))).unwrap();
        let identity = Identity { name: name.to_owned().into(), scopes: vec![Scope::Control] };
        let programs = Programs::new(folder.path());
        serde_json::from_value::<Wanted>(json).unwrap().meant(&identity, &programs, &shelf, &sources())
    }

    #[test]
    fn the_owner_starts_what_there_is_and_others_what_is_listed() {
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let done =
            meant(json(r#"{"program":"sleep","args":["1"],"with":["proc@2Hz"],"seconds":3}"#), &owner()).unwrap();
        assert_eq!(Shelf::name(&done.output), "sleep");
        assert_eq!((done.most, done.plan.sources[0].rate), (Some(Duration::from_secs(3)), Some(2.0)));
        for (text, who, status) in [
            (r#"{"program":"sleep"}"#, "token:x", 403),
            (r#"{"program":"no-such-program"}"#, "token:x", 403),
            (r#"{"program":"sleep","environment":{"LD_PRELOAD":"x"}}"#, "token:x", 403),
            (r#"{"pid":1,"with":["script:./x.sh"]}"#, "token:x", 403),
            (r#"{"program":"no-such-program"}"#, "uid:0", 404),
            (r#"{"pid":999999999}"#, "uid:0", 404),
            (r#"{"program":"sleep","pid":1}"#, "uid:0", 400),
            (r#"{}"#, "uid:0", 400),
            (r#"{"program":"sleep","name":"../x"}"#, "uid:0", 400),
            (r#"{"program":"sleep","with":["prok"]}"#, "uid:0", 400),
            (r#"{"program":"sleep","seconds":-1}"#, "uid:0", 400),
        ] {
            match meant(json(text), who) {
                Err(problem) => assert_eq!(problem.status.as_u16(), status, "{text}: {problem:?}"),
                // Which sources there are is known when it begins.
                Ok(_) => assert!(text.contains("prok"), "{text}"),
            }
        }
    }

    #[test]
    fn rates_are_of_sources_that_sample_and_are_used() {
        let used: Vec<Spec> = ["proc", "output"].iter().map(|text| text.parse().unwrap()).collect();
        let ask = |name: &str, rate| rates(&BTreeMap::from([(name.to_owned(), rate)]), &used, &sources()).is_ok();
        assert!(ask("proc", 0.5) && ask("proc", 1000.0));
        assert!(!ask("proc", 0.0) && !ask("proc", 1001.0) && !ask("proc", f64::NAN));
        assert!(!ask("output", 1.0) && !ask("counters", 1.0) && !ask("nothing", 1.0));
    }
}
