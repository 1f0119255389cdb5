//! What a treemap is of: names and weights in a tree, in one list.

/// A node of a tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What people call it.
    pub name: Box<str>,
    /// How much it weighs, where it has no children; else what they weigh counts. What is not a positive finite
    /// number weighs nothing, and gets no cell.
    pub weight: f64,
    /// The weight in words, with its unit; empty where there is nothing to say.
    pub value: Box<str>,
    /// The colour: nodes of one number have one, and children mostly have that of their parent.
    pub group: u16,
    /// A second measure, 0 to 1, that is shown as colour instead of the group; NaN where it is unknown.
    pub level: f32,
    /// The node above it; the root's is itself.
    parent: u32,
}

/// A tree of weights. Nodes are numbered as they come, and the root is 0, so that all stand in one list and a tree of
/// a hundred thousand is built, summed and laid out without a walk through memory.
#[derive(Clone, Debug)]
pub struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    /// One with a root alone.
    pub fn new(name: &str) -> Tree {
        Tree { nodes: vec![Node { parent: 0, ..node(name, 0.0) }] }
    }

    /// Adds a child; gives its number. It has the group of its parent; a child of the root begins a group of its own.
    ///
    /// # Panics
    /// Where there is no such parent.
    pub fn add(&mut self, parent: usize, name: &str, weight: f64) -> usize {
        assert!(parent < self.nodes.len(), "a treemap's parent {parent} of {}", self.nodes.len());
        let number = self.nodes.len();
        let group = if parent == 0 { number as u16 } else { self.nodes[parent].group };
        self.nodes.push(Node { parent: parent as u32, group, ..node(name, weight) });
        number
    }

    /// A node, to give it a value in words, another group, or a level.
    pub fn node_mut(&mut self, number: usize) -> &mut Node {
        &mut self.nodes[number]
    }

    /// All nodes, the root first, and each after its parent.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node above one; the root's is itself.
    pub fn parent(&self, number: usize) -> usize {
        self.nodes[number].parent as usize
    }

    /// The nodes from the root to this one.
    pub fn path(&self, number: usize) -> Vec<usize> {
        let mut path = vec![number];
        let mut at = number;
        while at != 0 {
            at = self.parent(at);
            path.push(at);
        }
        path.reverse();
        path
    }

    /// What each node weighs with all below it, as shares of the heaviest leaf: sums of weights may be more than a
    /// number can hold, sums of shares are not.
    pub(super) fn totals(&self) -> Vec<f64> {
        let counts = |weight: f64| weight.is_finite() && weight > 0.0;
        let mut leaf = vec![true; self.nodes.len()];
        self.nodes[1..].iter().for_each(|node| leaf[node.parent as usize] = false);
        let leaves = self.nodes.iter().zip(&leaf).filter(|(node, leaf)| **leaf && counts(node.weight));
        let most = leaves.map(|(node, _)| node.weight).fold(0.0, f64::max);
        let own = self.nodes.iter().zip(&leaf);
        let mut totals: Vec<f64> =
            own.map(|(node, leaf)| if *leaf && counts(node.weight) { node.weight / most } else { 0.0 }).collect();
        // Children come after their parents, so that backwards every sum is whole before it is added.
        for at in (1..self.nodes.len()).rev() {
            totals[self.nodes[at].parent as usize] += totals[at];
        }
        totals
    }

    /// The children of every node: where each node's begin in the list of all, and that list. A node's children stand
    /// in their order.
    pub(super) fn children(&self) -> (Vec<u32>, Vec<u32>) {
        let mut starts = vec![0u32; self.nodes.len() + 1];
        self.nodes[1..].iter().for_each(|node| starts[node.parent as usize + 1] += 1);
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut list = vec![0u32; self.nodes.len() - 1];
        for (at, node) in self.nodes.iter().enumerate().skip(1) {
            let place = &mut next[node.parent as usize];
            list[*place as usize] = at as u32;
            *place += 1;
        }
        (starts, list)
    }
}

fn node(name: &str, weight: f64) -> Node {
    Node { name: name.into(), weight, value: "".into(), group: 0, level: f32::NAN, parent: 0 }
}
