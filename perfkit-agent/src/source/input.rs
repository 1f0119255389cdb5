//! Input for replay, as a source: the recorder of GTK main loops, told to say which widget each event goes to.

use super::gdkrecord::Gdkrecord;
use super::{Collector, Readiness, Source, Spec};
use crate::error::Result;

/// The recorder's option.
const OPTION: &str = "input=replay";

/// What replay needs.
#[derive(Clone, Copy, Debug)]
pub struct Input;

impl Source for Input {
    fn name(&self) -> &'static str {
        "input"
    }

    fn about(&self) -> &'static str {
        "what gdkrecord records, and the widget that each key and click goes to: what replay needs"
    }

    fn usage(&self) -> &'static str {
        "input[:text=keep]: text=keep keeps what is typed, passwords too; letters can be played only then"
    }

    fn readiness(&self) -> Readiness {
        Gdkrecord.readiness()
    }

    fn attaches(&self) -> bool {
        false
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        Gdkrecord.open(&recorder(None, spec))
    }
}

/// What is asked for with `input` taken for what it is: the recorder, with what else it was asked for.
pub fn joined(specs: &[Spec]) -> Vec<Spec> {
    let Some(input) = specs.iter().find(|spec| spec.source == Input.name()) else { return specs.to_vec() };
    let known = specs.iter().find(|spec| spec.source == Gdkrecord.name());
    let mut joined = vec![recorder(known, input)];
    let taken = [Input.name(), Gdkrecord.name()];
    joined.extend(specs.iter().filter(|spec| !taken.contains(&&*spec.source)).cloned());
    joined
}

fn recorder(known: Option<&Spec>, input: &Spec) -> Spec {
    let options = [known.and_then(|known| known.argument.as_deref()), Some(OPTION), input.argument.as_deref()];
    let argument = options.into_iter().flatten().collect::<Vec<_>>().join(",");
    Spec { source: Gdkrecord.name().to_owned(), argument: Some(argument), rate: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_recorder_with_what_else_that_was_asked_for() {
        let check = |asked: &[&str], expected: &[&str]| {
            let specs: Vec<Spec> = asked.iter().map(|spec| spec.parse().unwrap()).collect();
            let joined: Vec<String> = joined(&specs).iter().map(Spec::to_string).collect();
            assert_eq!(joined, expected);
        };
        check(&["proc"], &["proc"]);
        check(&["input"], &["gdkrecord:input=replay"]);
        check(
            &["proc", "gdkrecord:widgets=on", "input:text=keep"],
            &["gdkrecord:widgets=on,input=replay,text=keep", "proc"],
        );
    }
}
