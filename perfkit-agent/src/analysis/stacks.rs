//! The stacks of a session: which function of the program itself a stretch of time belongs to.

use std::collections::HashMap;

use rusqlite::Connection;

use super::timeline::{Timeline, between, overlapping};
use crate::error::{Error, Result};

/// Every place in a stack.
#[derive(Debug, Default)]
pub struct Stacks {
    places: HashMap<i64, Place>,
    /// The file name of the program itself.
    program: String,
}

#[derive(Debug)]
struct Place {
    caller: Option<i64>,
    function: String,
    module: String,
}

/// A function of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The file that it belongs to, without folders.
    pub module: String,
}

impl Stacks {
    /// Reads those of a session; `program` is the path of the program that is looked at.
    pub fn read(db: &Connection, program: &str) -> Result<Stacks> {
        let mut places = HashMap::new();
        let mut read = || -> rusqlite::Result<()> {
            let mut select = db.prepare("SELECT id, parent, function, module FROM stacks")?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                let word = |at| row.get::<_, Option<String>>(at).map(Option::unwrap_or_default);
                let place = Place { caller: row.get(1)?, function: word(2)?, module: file(&word(3)?) };
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
        Some(Function { name: last.function.clone(), module: last.module.clone() })
    }

    /// The innermost function of a stack that has a name.
    fn innermost(&self, stack: i64) -> Option<Function> {
        let place = self.functions(stack).find(|place| !place.function.is_empty())?;
        Some(Function { name: place.function.clone(), module: place.module.clone() })
    }

    /// The function of the program's own that most of a stretch of time belongs to, and how much of it; samples and
    /// time off the processor both tell.
    pub fn busiest_own(&self, timeline: &Timeline, from: i64, to: i64) -> Option<(i64, Function)> {
        self.busiest(timeline, from, to, true, |stack| self.own(stack))
    }

    /// The innermost function, whosever it is, that the processor was in most: off the processor that would be the
    /// kernel's scheduler, always.
    pub fn busiest_innermost(&self, timeline: &Timeline, from: i64, to: i64) -> Option<(i64, Function)> {
        self.busiest(timeline, from, to, false, |stack| self.innermost(stack))
    }

    /// Nanoseconds of samples in whose stack a function has a name that begins so.
    pub fn under(&self, timeline: &Timeline, from: i64, to: i64, prefix: &str) -> i64 {
        let samples = between(&timeline.samples, from, to).iter();
        let below = samples.filter(|at| self.functions(at.what.1).any(|place| place.function.starts_with(prefix)));
        below.map(|at| at.what.0).sum()
    }

    /// The stack in which most of a stretch passed, as function names from the innermost out.
    pub fn busiest_stack(&self, timeline: &Timeline, from: i64, to: i64) -> Vec<String> {
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
        let name = |place: &Place| match place.function.is_empty() {
            true => format!("? ({})", place.module),
            false => place.function.clone(),
        };
        most.map_or(Vec::new(), |(stack, _)| self.functions(stack).map(name).collect())
    }

    fn busiest(
        &self,
        timeline: &Timeline,
        from: i64,
        to: i64,
        off: bool,
        of: impl Fn(i64) -> Option<Function>,
    ) -> Option<(i64, Function)> {
        let mut sums: HashMap<Function, i64> = HashMap::new();
        for at in between(&timeline.samples, from, to) {
            if let Some(function) = of(at.what.1) {
                *sums.entry(function).or_default() += at.what.0;
            }
        }
        for span in overlapping(&timeline.off, from, to).filter(|_| off) {
            if let Some(function) = span.what.stack.and_then(&of) {
                *sums.entry(function).or_default() += span.within(from, to);
            }
        }
        let most = sums.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.name.cmp(&a.0.name)));
        most.map(|(function, ns)| (ns, function))
    }
}

fn file(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}
