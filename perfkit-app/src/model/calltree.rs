//! Call trees: what samples' stacks have in common, from the outermost function in or from the innermost out.
//!
//! A [`Stacks`] is every stack of a session, read once. A [`Tree`] is what the samples of a stretch add up to: its
//! first level are threads, unless it is inverted.

use std::collections::HashMap;
use std::sync::Arc;

use perfkit_agent::Result;
use perfkit_agent::session::query::{On, Query, Value};

use super::Range;

/// Functions of a stack at most: a damaged file may have a stack without an end, and deeper ones nobody looks at.
pub const DEEPEST: usize = 250;
/// Rows between two looks at whether the answer is still wanted.
const BREATH: u64 = 4096;

/// A function, or a thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// Its name.
    pub name: Arc<str>,
    /// The file that it belongs to, without folders; empty where that is not known, and of threads.
    pub module: Arc<str>,
    /// Whether its name is known; where not, all of a file are one.
    pub known: bool,
    /// Whether it is a thread.
    pub thread: bool,
}

/// Every stack of a session.
#[derive(Debug, Default)]
pub struct Stacks {
    /// Caller and symbol by the number of the stack, from 1; 0 is none.
    places: Vec<(u32, u32)>,
    /// The functions at a symbol, the outermost first: those behind the first were inlined.
    symbols: Vec<Box<[u32]>>,
    functions: Vec<Function>,
    threads: HashMap<i32, String>,
}

impl Stacks {
    /// Reads them.
    pub fn read(query: &Query) -> Result<Stacks> {
        let mut stacks = Stacks { places: vec![(0, 0)], ..Stacks::default() };
        let mut known: HashMap<Function, u32> = HashMap::new();
        let mut function = |name: String, path: &str, functions: &mut Vec<Function>| {
            let module = path.rsplit('/').next().unwrap_or_default();
            let unknown = || if module.is_empty() { "?".into() } else { format!("? ({module})").into() };
            let is_known = !name.is_empty();
            let name = if is_known { name.into() } else { unknown() };
            let function = Function { name, module: module.into(), known: is_known, thread: false };
            *known.entry(function.clone()).or_insert_with(|| {
                functions.push(function);
                functions.len() as u32 - 1
            })
        };
        let mut places: HashMap<u32, Vec<String>> = HashMap::new();
        for (symbol, name) in
            query.read("SELECT symbol, function FROM main.place ORDER BY symbol, level", [], |row| {
                Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?))
            })?
        {
            places.entry(symbol).or_default().push(name);
        }
        let symbols = "SELECT symbol.id, function, coalesce(path, '') FROM main.symbol LEFT JOIN main.module \
                       ON module.id = symbol.module ORDER BY symbol.id";
        for (id, name, path) in query
            .read(symbols, [], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))?
        {
            // Numbers count up from 1; in a damaged file they may not.
            stacks.symbols.resize(stacks.symbols.len().max((id as usize).min(1 << 24) + 1), Box::default());
            let names = places.remove(&id).unwrap_or_else(|| vec![name]);
            let all = names.into_iter().map(|name| function(name, &path, &mut stacks.functions)).collect();
            if let Some(symbol) = stacks.symbols.get_mut(id as usize) {
                *symbol = all;
            }
        }
        let number = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
        for (id, place) in query.read("SELECT id, parent, symbol FROM main.stack ORDER BY id", [], |row| {
            Ok((number(row.get(0)?), (number(row.get(1)?), number(row.get(2)?))))
        })? {
            if id as usize == stacks.places.len() {
                stacks.places.push(place);
            }
        }
        let threads = query.read("SELECT tid, name FROM threads WHERE name IS NOT NULL", [], |row| {
            Ok((row.get::<_, i32>(0)?, row.get::<_, String>(1)?))
        })?;
        stacks.threads = threads.into_iter().collect();
        Ok(stacks)
    }

    /// The functions of a stack, the innermost first. Those without a name that follow each other in one file are one.
    fn path(&self, stack: u32, path: &mut Vec<u32>) {
        let mut next = stack;
        while path.len() < DEEPEST {
            let Some(&(caller, symbol)) = self.places.get(next as usize).filter(|_| next > 0) else { return };
            for &function in self.symbols.get(symbol as usize).into_iter().flatten().rev() {
                let again = path.last() == Some(&function) && !self.functions[function as usize].known;
                if !again {
                    path.push(function);
                }
            }
            next = caller;
        }
    }
}

/// What is sampled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sampled {
    /// What ran, by an event: `cpu-clock`.
    On(String),
    /// What did not run.
    Off,
}

impl Sampled {
    /// Whether its weights are nanoseconds.
    pub fn is_time(&self) -> bool {
        match self {
            Sampled::On(event) => event.contains("clock"),
            Sampled::Off => true,
        }
    }
}

/// What a session has samples of, what is sampled most first.
pub fn sampled(query: &Query) -> Result<Vec<Sampled>> {
    let events = "SELECT event, count(*) FROM samples WHERE stack IS NOT NULL GROUP BY event \
                  ORDER BY event LIKE '%clock%' DESC, 2 DESC";
    let events = query.read(events, [], |row| row.get::<_, Option<String>>(0))?;
    let mut all: Vec<Sampled> = events.into_iter().map(|event| Sampled::On(event.unwrap_or_default())).collect();
    if !query.read("SELECT 1 FROM offcpu WHERE stack IS NOT NULL LIMIT 1", [], |_| Ok(()))?.is_empty() {
        all.push(Sampled::Off);
    }
    Ok(all)
}

/// A node: a function, as it was called from the node above.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Its function, by number.
    pub function: u32,
    /// The node above; the root is its own.
    pub above: u32,
    /// What it weighs with all below it.
    pub total: i64,
    /// What it weighs itself.
    pub own: i64,
    /// Samples in it and below it.
    pub samples: u64,
    /// The nodes below it, the heaviest first, as places in the tree's list.
    below: (u32, u32),
}

/// What samples add up to.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Every node; the first is the root, which is no function.
    pub nodes: Vec<Node>,
    /// Every function.
    pub functions: Arc<[Function]>,
    below: Vec<u32>,
}

impl Tree {
    /// Of paths of functions, the outermost first, each with what it weighs and how many samples that is.
    pub fn of<'a>(functions: Arc<[Function]>, paths: impl Iterator<Item = (&'a [u32], i64, u64)>) -> Tree {
        let mut nodes = vec![Node::default()];
        let mut at: HashMap<(u32, u32), u32> = HashMap::new();
        for (path, weight, samples) in paths {
            let mut above = 0;
            let add = |at: u32, nodes: &mut Vec<Node>| {
                let node = &mut nodes[at as usize];
                node.total += weight;
                node.samples += samples;
            };
            add(0, &mut nodes);
            for &function in path {
                above = *at.entry((above, function)).or_insert_with(|| {
                    nodes.push(Node { function, above, ..Node::default() });
                    nodes.len() as u32 - 1
                });
                add(above, &mut nodes);
            }
            nodes[above as usize].own += weight;
        }
        let mut lists: Vec<Vec<u32>> = vec![Vec::new(); nodes.len()];
        for (at, node) in nodes.iter().enumerate().skip(1) {
            lists[node.above as usize].push(at as u32);
        }
        let mut below = Vec::with_capacity(nodes.len());
        for (at, mut list) in lists.into_iter().enumerate() {
            list.sort_by(|a, b| {
                let (a, b) = (&nodes[*a as usize], &nodes[*b as usize]);
                let name = |node: &Node| functions.get(node.function as usize).map(|function| function.name.clone());
                b.total.cmp(&a.total).then_with(|| name(a).cmp(&name(b)))
            });
            nodes[at].below = (below.len() as u32, (below.len() + list.len()) as u32);
            below.extend(list);
        }
        Tree { nodes, functions, below }
    }

    /// Of what was sampled in a stretch; `None` where it is not wanted any more.
    pub fn read(
        query: &Query,
        stacks: &Stacks,
        sampled: &Sampled,
        range: Range,
        inverted: bool,
        wanted: &dyn Fn() -> bool,
    ) -> Result<Option<Tree>> {
        let Some(sums) = sums(query, sampled, range, wanted)? else { return Ok(None) };
        let mut functions = stacks.functions.clone();
        let mut threads: HashMap<i32, u32> = HashMap::new();
        let mut thread = |tid: i32| {
            *threads.entry(tid).or_insert_with(|| {
                let name = match stacks.threads.get(&tid) {
                    Some(name) => format!("{name} ({tid})"),
                    None => format!("thread {tid}"),
                };
                functions.push(Function { name: name.into(), module: "".into(), known: true, thread: true });
                functions.len() as u32 - 1
            })
        };
        let mut paths = Vec::with_capacity(sums.len());
        for ((tid, stack), (weight, samples)) in sums {
            let mut path = Vec::new();
            stacks.path(stack, &mut path);
            path.push(thread(tid));
            if !inverted {
                path.reverse();
            }
            paths.push((path, weight, samples));
        }
        // One order, whatever that of the sums was.
        paths.sort();
        let tree = paths.iter().map(|(path, weight, samples)| (&**path, *weight, *samples));
        Ok(Some(Tree::of(functions.into(), tree)))
    }

    /// The nodes below one, the heaviest first.
    pub fn below(&self, node: u32) -> &[u32] {
        let (from, to) = self.nodes.get(node as usize).map_or((0, 0), |node| node.below);
        &self.below[from as usize..to as usize]
    }

    /// The function of a node; none of the root.
    pub fn function(&self, node: u32) -> Option<&Function> {
        let at = self.nodes.get(node as usize).filter(|_| node > 0)?.function;
        self.functions.get(at as usize)
    }

    /// The node to which these functions lead from the root.
    pub fn find(&self, path: &[Function]) -> Option<u32> {
        path.iter().try_fold(0, |at, function| {
            self.below(at).iter().copied().find(|&node| self.function(node) == Some(function))
        })
    }

    /// The nodes from the root to one, both included.
    pub fn line(&self, node: u32) -> Vec<u32> {
        let mut line = vec![node];
        let mut next = node;
        while next != 0 {
            next = self.nodes.get(next as usize).map_or(0, |node| node.above);
            line.push(next);
        }
        line.reverse();
        line
    }

    /// Every function that was sampled: its number, what it weighs itself, and with all that it called, where it is
    /// counted once however often it lies in itself.
    pub fn sums(&self) -> Vec<(u32, i64, i64)> {
        let mut sums: HashMap<u32, (i64, i64)> = HashMap::new();
        self.visit(&mut |node, outermost| {
            let sum = sums.entry(node.function).or_default();
            sum.0 += node.own;
            if outermost {
                sum.1 += node.total;
            }
        });
        let mut sums: Vec<_> = sums.into_iter().map(|(at, (own, total))| (at, own, total)).collect();
        sums.sort_by_key(|&(at, own, total)| (std::cmp::Reverse((own, total)), at));
        sums
    }

    /// What all functions for which `which` says so weigh together with what they called.
    pub fn share(&self, which: &dyn Fn(u32) -> bool) -> f64 {
        let mut weight = 0;
        let mut stack = vec![0];
        while let Some(at) = stack.pop() {
            let node = &self.nodes[at as usize];
            if at != 0 && which(node.function) {
                weight += node.total;
            } else {
                stack.extend(self.below(at));
            }
        }
        weight as f64 / self.nodes.first().map_or(1, |root| root.total).max(1) as f64
    }

    /// Who called a function and what it called, each with the weight of that.
    pub fn around(&self, function: u32) -> [Vec<(u32, i64)>; 2] {
        let (mut callers, mut callees): (HashMap<u32, i64>, HashMap<u32, i64>) = Default::default();
        for (at, node) in self.nodes.iter().enumerate().skip(1).filter(|(_, node)| node.function == function) {
            if node.above != 0 {
                *callers.entry(self.nodes[node.above as usize].function).or_default() += node.total;
            }
            for &below in self.below(at as u32) {
                let below = &self.nodes[below as usize];
                *callees.entry(below.function).or_default() += below.total;
            }
        }
        let sorted = |all: HashMap<u32, i64>| {
            let mut all: Vec<(u32, i64)> = all.into_iter().collect();
            all.sort_by_key(|&(function, weight)| (std::cmp::Reverse(weight), function));
            all
        };
        [sorted(callers), sorted(callees)]
    }

    /// Visits all nodes, and says of each whether its function lies in no other of the same function.
    fn visit(&self, each: &mut dyn FnMut(&Node, bool)) {
        let mut open: HashMap<u32, u32> = HashMap::new();
        // A node that is left again stands with a mark.
        let mut stack: Vec<(u32, bool)> = self.below(0).iter().map(|&at| (at, false)).collect();
        while let Some((at, left)) = stack.pop() {
            let node = &self.nodes[at as usize];
            let count = open.entry(node.function).or_default();
            if left {
                *count -= 1;
                continue;
            }
            each(node, *count == 0);
            *count += 1;
            stack.push((at, true));
            stack.extend(self.below(at).iter().map(|&below| (below, false)));
        }
    }
}

/// Weights and numbers of samples by thread and stack.
type Sums = HashMap<(i32, u32), (i64, u64)>;

fn sums(query: &Query, sampled: &Sampled, range: Range, wanted: &dyn Fn() -> bool) -> Result<Option<Sums>> {
    let mut sums = Sums::new();
    let name = if *sampled == Sampled::Off { "offcpu" } else { "samples" };
    let Some(series) = query.series().iter().find(|series| series.schema.name == name) else { return Ok(Some(sums)) };
    let column = |name: &str| series.schema.column(name).unwrap_or(usize::MAX);
    let (event, stack, weight) = (column("event"), column("stack"), column("weight"));
    let mut walk = query.walk(series, range.begin, range.end.saturating_sub(1), On::All)?;
    let mut rows = 0u64;
    while walk.advance()? {
        rows += 1;
        if rows.is_multiple_of(BREATH) && !wanted() {
            return Ok(None);
        }
        let weighs = match sampled {
            Sampled::On(of) => match walk.cell(event)? {
                Value::Name(_, is) if *is != **of => continue,
                // A sample that tells no weight is one event.
                _ => walk.cell(weight)?.int().unwrap_or(1),
            },
            Sampled::Off => {
                let begin = walk.time();
                let end = begin.saturating_add(walk.duration()?.unwrap_or(0));
                end.min(range.end) - begin.max(range.begin)
            }
        };
        let Value::Stack(stack) = walk.cell(stack)? else { continue };
        let tid = walk.track()?.1.map_or(0, |track| track.tid);
        let sum = sums.entry((tid, u32::try_from(stack).unwrap_or(0))).or_default();
        sum.0 += weighs.max(0);
        sum.1 += 1;
    }
    Ok(Some(sums))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A tree of paths of names.
    pub fn tree(paths: &[(&[&str], i64)]) -> Tree {
        let mut names: Vec<&str> = paths.iter().flat_map(|(path, _)| path.iter().copied()).collect();
        names.sort_unstable();
        names.dedup();
        let of = |name: &&str| Function {
            name: (*name).into(),
            module: format!("lib{}.so", &name[..1]).into(),
            known: true,
            thread: false,
        };
        let functions = names.iter().map(of).collect();
        let numbers: Vec<(Vec<u32>, i64)> = paths
            .iter()
            .map(|(path, weight)| {
                let number = |name: &&str| names.iter().position(|known| known == name).unwrap() as u32;
                (path.iter().map(number).collect(), *weight)
            })
            .collect();
        Tree::of(functions, numbers.iter().map(|(path, weight)| (&**path, *weight, 1)))
    }

    fn name(tree: &Tree, function: u32) -> &str {
        &tree.functions[function as usize].name
    }

    #[test]
    fn a_function_that_calls_itself_is_counted_once() {
        let tree = tree(&[(&["main", "walk", "walk", "read"], 30), (&["main", "walk"], 10), (&["main", "draw"], 50)]);
        let sums: Vec<_> = tree.sums().iter().map(|&(at, own, total)| (name(&tree, at), own, total)).collect();
        assert_eq!(sums, [("draw", 50, 50), ("read", 30, 30), ("walk", 10, 40), ("main", 0, 90)]);
        let walk = tree.functions.iter().position(|function| &*function.name == "walk").unwrap() as u32;
        let [callers, callees] = tree.around(walk);
        let named =
            |all: Vec<(u32, i64)>| all.iter().map(|&(at, ns)| (name(&tree, at).to_owned(), ns)).collect::<Vec<_>>();
        assert_eq!(named(callers), [("main".to_owned(), 40), ("walk".to_owned(), 30)]);
        assert_eq!(named(callees), [("read".to_owned(), 30), ("walk".to_owned(), 30)]);
        assert!((tree.share(&|function| function == walk) - 40.0 / 90.0).abs() < 1e-9);
    }

    #[test]
    fn what_weighs_most_comes_first() {
        let tree = tree(&[(&["a", "x"], 1), (&["a", "y"], 5), (&["b"], 9)]);
        let below = |at| tree.below(at).iter().map(|&at| &*tree.function(at).unwrap().name).collect::<Vec<_>>();
        assert_eq!((below(0), below(1)), (vec!["b", "a"], vec!["y", "x"]));
        let deep = tree.below(1)[0];
        assert_eq!(tree.line(deep), [0, 1, deep]);
        assert_eq!(tree.function(0), None);
    }

    #[test]
    fn unknown_functions_of_one_file_that_call_each_other_are_one() {
        let function = |name: &str, known| Function { name: name.into(), module: "l".into(), known, thread: false };
        let stacks = Stacks {
            places: vec![(0, 0), (0, 0), (1, 1), (2, 1), (3, 0)],
            symbols: vec![Box::new([0]), Box::new([1])],
            functions: vec![function("main", true), function("?", false)],
            threads: HashMap::new(),
        };
        let mut path = Vec::new();
        stacks.path(4, &mut path);
        assert_eq!(path, [0, 1, 0]);
    }
}
