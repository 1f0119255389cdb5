//! The stacks of a session: which function of the program itself a stretch of time belongs to.

use std::collections::HashMap;

use rusqlite::Connection;

use super::timeline::{At, Timeline, between, overlapping};
use super::words;
use crate::error::{Error, Result};

/// What lies between the program and GTK where GTK's calls are recorded: no part of the program.
const RECORDER: &str = "libgdkrecord.so";

/// Every place in a stack.
#[derive(Debug, Default)]
pub struct Stacks {
    places: HashMap<i64, Place>,
    /// The file name of the program itself.
    program: String,
}

#[derive(Debug, Default)]
struct Place {
    caller: Option<i64>,
    function: String,
    module: String,
    /// The source file without folders and the line; of a function that called another, that of the call.
    source: Option<(String, i64)>,
    kernel: bool,
}

impl Place {
    /// As people read it: `on_row_activated (app.c:210)`.
    fn words(&self) -> String {
        match (&self.source, self.function.is_empty()) {
            (_, true) if self.module.is_empty() => "?".to_owned(),
            (_, true) if self.module == words::GENERATED => self.module.clone(),
            (_, true) => format!("? ({})", self.module),
            (Some((file, line)), false) => format!("{} ({file}:{line})", self.function),
            (None, false) => self.function.clone(),
        }
    }

    fn function(&self) -> Function {
        Function { name: self.function.clone(), module: self.module.clone(), source: self.source.clone() }
    }
}

/// A function of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The file that it belongs to, without folders.
    pub module: String,
    /// The source file without folders, and the line in it: of many, that in which most of the time passed.
    pub source: Option<(String, i64)>,
}

impl Function {
    /// With its source line where that is known, else with its module: `read (libc.so.6)`.
    pub fn place(&self) -> String {
        match &self.source {
            Some((file, line)) => format!("{} ({file}:{line})", self.name),
            None if self.module.is_empty() => self.name.clone(),
            None => format!("{} ({})", self.name, self.module),
        }
    }
}

/// A stack in words, the innermost function first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// The functions of the program and its libraries.
    pub user: Vec<String>,
    /// What the kernel did for the innermost of them.
    pub kernel: Vec<String>,
}

impl Stack {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.user.is_empty() && self.kernel.is_empty()
    }
}

impl Stacks {
    /// Reads those of a session; `program` is the path of the program that is looked at.
    pub fn read(db: &Connection, program: &str) -> Result<Stacks> {
        let mut places = HashMap::new();
        let mut read = || -> rusqlite::Result<()> {
            let mut select = db.prepare("SELECT id, parent, function, module, file, line, address FROM stacks")?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                let word = |at| row.get::<_, Option<String>>(at).map(Option::unwrap_or_default);
                let (module, address) = (word(3)?, row.get::<_, Option<i64>>(6)?.unwrap_or(0));
                let line = row.get::<_, Option<i64>>(5)?.filter(|line| *line > 0);
                let place = Place {
                    caller: row.get(1)?,
                    function: word(2)?,
                    source: line.zip(row.get::<_, Option<String>>(4)?).map(|(line, path)| (file(&path), line)),
                    // Its own modules have names in brackets as well, and lie in the upper half of all addresses.
                    kernel: module == "[kernel]" || (address < 0 && module.starts_with('[')),
                    module: words::module(&module).to_owned(),
                };
                places.insert(row.get(0)?, place);
            }
            Ok(())
        };
        let places = read().map(|()| places);
        let places = places.map_err(|error| Error::Invalid(format!("the session's stacks cannot be read: {error}")))?;
        Ok(Stacks { places, program: file(program) })
    }

    /// The functions of a stack, the innermost first.
    fn functions(&self, stack: i64) -> impl Iterator<Item = &Place> {
        let mut next = self.places.get(&stack);
        // A damaged file may have a circle.
        (0..512).map_while(move |_| {
            let place = next?;
            next = place.caller.and_then(|caller| self.places.get(&caller));
            Some(place)
        })
    }

    /// The function by which a stack came into the program's own code last: the innermost run of its functions, and
    /// of that the outermost. The program's `main`, and what calls it, is everything, and so no answer.
    fn own(&self, stack: i64) -> Option<Function> {
        let own = |place: &&Place| place.module == self.program && !place.function.is_empty();
        let run = self.functions(stack).skip_while(|place| !own(place)).take_while(own);
        let last = run.last().filter(|place| !["main", "_start"].contains(&&*place.function))?;
        Some(last.function())
    }

    /// The innermost function of a stack that has a name.
    fn innermost(&self, stack: i64) -> Option<Function> {
        let place = self.functions(stack).find(|place| !place.function.is_empty())?;
        Some(place.function())
    }

    /// The function of the program's own that most of a stretch of time belongs to, and how much of it; samples and
    /// time off the processor both tell.
    pub fn busiest_own(&self, timeline: &Timeline, parts: &[(i64, i64)]) -> Option<(i64, Function)> {
        self.busiest(timeline, parts, true, |stack| self.own(stack))
    }

    /// The innermost function, whosever it is, that the processor was in most, for how long, and in how many samples:
    /// off the processor that would be the kernel's scheduler, always.
    pub fn busiest_innermost(&self, timeline: &Timeline, parts: &[(i64, i64)]) -> Option<(i64, usize, Function)> {
        let (ns, function) = self.busiest(timeline, parts, false, |stack| self.innermost(stack))?;
        let same = |found: Function| (&found.name, &found.module) == (&function.name, &function.module);
        let samples = samples(timeline, parts);
        let count = samples.filter(|at| self.innermost(at.what.1).is_some_and(same)).count();
        Some((ns, count, function))
    }

    /// Samples in whose stack a function has a name that begins so: their nanoseconds, and how many.
    pub fn under(&self, timeline: &Timeline, parts: &[(i64, i64)], prefix: &str) -> (i64, usize) {
        let samples = samples(timeline, parts);
        let below = samples.filter(|at| self.functions(at.what.1).any(|place| place.function.starts_with(prefix)));
        below.fold((0, 0), |(ns, count), at| (ns + at.what.0, count + 1))
    }

    /// The stack in which most of a stretch passed.
    pub fn busiest_stack(&self, timeline: &Timeline, from: i64, to: i64) -> Stack {
        let mut sums: HashMap<i64, i64> = HashMap::new();
        for at in between(&timeline.samples, from, to) {
            *sums.entry(at.what.1).or_default() += at.what.0;
        }
        for span in overlapping(&timeline.off, from, to) {
            if let Some(stack) = span.what.stack {
                *sums.entry(stack).or_default() += span.within(from, to);
            }
        }
        let most = sums.into_iter().max_by_key(|&(stack, ns)| (ns, -stack));
        let Some((most, _)) = most else { return Stack::default() };
        let frames = self.functions(most).filter(|place| place.module != RECORDER);
        let (kernel, user): (Vec<&Place>, Vec<&Place>) = frames.partition(|place| place.kernel);
        let words = |places: Vec<&Place>| {
            let mut words: Vec<String> = places.into_iter().map(Place::words).collect();
            // Several unknown ones of a module say no more than one.
            words.dedup_by(|a, b| a == b && a.starts_with('?'));
            words
        };
        Stack { user: words(user), kernel: words(kernel) }
    }

    fn busiest(
        &self,
        timeline: &Timeline,
        parts: &[(i64, i64)],
        off: bool,
        of: impl Fn(i64) -> Option<Function>,
    ) -> Option<(i64, Function)> {
        let mut sums: HashMap<Function, i64> = HashMap::new();
        for at in samples(timeline, parts) {
            if let Some(function) = of(at.what.1) {
                *sums.entry(function).or_default() += at.what.0;
            }
        }
        for &(from, to) in parts.iter().filter(|_| off) {
            for span in overlapping(&timeline.off, from, to) {
                if let Some(function) = span.what.stack.and_then(&of) {
                    *sums.entry(function).or_default() += span.within(from, to);
                }
            }
        }
        // A function is one, whatever its lines; then that of its lines that has most.
        let mut wholes: HashMap<(&str, &str), i64> = HashMap::new();
        for (function, ns) in &sums {
            *wholes.entry((&function.name, &function.module)).or_default() += ns;
        }
        let (&(name, module), &ns) = wholes.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)))?;
        let lines = sums.iter().filter(|(function, _)| function.name == name && function.module == module);
        let (function, _) = lines.max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.source.cmp(&a.0.source)))?;
        Some((ns, function.clone()))
    }
}

/// The samples that lie in these parts of a thread's time.
fn samples<'a>(timeline: &'a Timeline, parts: &'a [(i64, i64)]) -> impl Iterator<Item = &'a At<(i64, i64)>> {
    parts.iter().flat_map(|&(from, to)| between(&timeline.samples, from, to))
}

fn file(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
impl Stacks {
    /// Places with their numbers, callers and functions.
    pub fn named(places: &[(i64, Option<i64>, &str)]) -> Stacks {
        let place = |&(id, caller, function): &(i64, Option<i64>, &str)| {
            (id, Place { caller, function: function.to_owned(), ..Place::default() })
        };
        Stacks { places: places.iter().map(place).collect(), program: String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{ms, span};
    use crate::analysis::timeline::Off;

    /// A program whose handler reads in two lines, and the kernel below it.
    fn stacks() -> Stacks {
        let place = |caller, function: &str, module: &str, line: Option<i64>, kernel| Place {
            caller,
            function: function.into(),
            module: module.into(),
            source: line.map(|line| ("app.c".to_owned(), line)),
            kernel,
        };
        let places = [
            (1, place(None, "main", "app", Some(300), false)),
            (9, place(Some(1), "end<1>", RECORDER, Some(78), false)),
            (2, place(Some(9), "g_signal_emit", "libgobject.so", None, false)),
            (3, place(Some(2), "on_click", "app", Some(210), false)),
            (4, place(Some(2), "on_click", "app", Some(214), false)),
            (5, place(Some(4), "", "libc.so.6", None, false)),
            (8, place(Some(5), "", "libc.so.6", None, false)),
            (6, place(Some(8), "ksys_read", "[kernel]", None, true)),
            (7, place(Some(6), "schedule", "[kernel]", None, true)),
        ];
        Stacks { places: places.into(), program: "app".into() }
    }

    fn timeline() -> Timeline {
        let off = Off { state: "sleeping".into(), stack: Some(7) };
        let samples = [1, 2, 3].map(|at| At { time: ms(at), what: (ms(1), 3) });
        Timeline { samples: samples.into(), off: vec![span(5, 60, off)].into(), ..Timeline::default() }
    }

    #[test]
    fn a_handler_is_told_with_the_line_in_which_most_passed() {
        let (ns, function) = stacks().busiest_own(&timeline(), &[(0, ms(100))]).unwrap();
        assert_eq!((ns, &*function.place()), (ms(58), "on_click (app.c:214)"));
        let (_, function) = stacks().busiest_own(&timeline(), &[(0, ms(4))]).unwrap();
        assert_eq!(function.place(), "on_click (app.c:210)");
    }

    #[test]
    fn a_stack_begins_with_the_program_and_not_with_the_kernel() {
        let stack = stacks().busiest_stack(&timeline(), 0, ms(100));
        assert_eq!(stack.user, ["? (libc.so.6)", "on_click (app.c:214)", "g_signal_emit", "main (app.c:300)"]);
        assert_eq!(stack.kernel, ["schedule", "ksys_read"]);
    }
}
