//! What the layout promises: areas, order, how long rectangles get, how still they lie, and what lies under a point.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Frame, Layout, Towards, Tree, labels, layout, layout_below};
use crate::draw::Area;

const SCREEN: Area = Area::new(0.0, 0.0, 1600.0, 900.0);

fn flat(weights: &[f64]) -> Tree {
    let mut tree = Tree::new("all");
    for (at, &weight) in weights.iter().enumerate() {
        tree.add(0, &format!("n{at}"), weight);
    }
    tree
}

fn leaves(layout: &Layout) -> impl Iterator<Item = (u32, Area)> {
    layout.cells().iter().filter(|cell| !cell.is_group()).map(|cell| (cell.node, cell.area))
}

fn ratio(area: Area) -> f64 {
    (area.width / area.height).max(area.height / area.width)
}

fn counts(weight: &f64) -> bool {
    weight.is_finite() && *weight > 0.0
}

/// Random numbers that are the same on every machine.
struct Dice(u64);

impl Dice {
    fn even(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// The weights of the published trials: log-normal.
    fn log_normal(&mut self) -> f64 {
        let (a, b) = (self.even(), self.even());
        ((-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()).exp()
    }
}

#[test]
fn the_example_of_the_paper_is_laid_out_as_there() {
    // Figures 4 and 5 there: the rows are 6 6, 4 3, 2, 2, and 1 remains.
    let layout = layout(&flat(&[6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0]), Area::new(0.0, 0.0, 6.0, 4.0), Frame::NONE);
    let seen: Vec<f64> = leaves(&layout).map(|(_, area)| ratio(area)).collect();
    let expected = [1.5, 1.5, 49.0 / 36.0, 49.0 / 27.0, 25.0 / 18.0, 25.0 / 18.0, 25.0 / 9.0];
    assert!(seen.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{seen:?}");
}

#[test]
fn what_weighs_nothing_has_no_cell() {
    let layout_of = |weights: &[f64]| layout(&flat(weights), SCREEN, Frame::NONE);
    for weights in [&[][..], &[0.0], &[-1.0], &[f64::NAN], &[f64::INFINITY], &[-0.0, f64::NEG_INFINITY]] {
        assert_eq!(layout_of(weights).cells(), [], "{weights:?}");
    }
    let mixed = layout_of(&[f64::NAN, 3.0, -7.0, 0.0, 1.0, f64::INFINITY]);
    assert_eq!(leaves(&mixed).map(|(node, _)| node).collect::<Vec<_>>(), [2, 5]);
    for area in [Area::new(0.0, 0.0, 0.0, 5.0), Area::new(0.0, 0.0, 5.0, f64::NAN), Area::new(0.0, 0.0, -5.0, 5.0)] {
        assert_eq!(layout(&flat(&[1.0]), area, Frame::NONE).cells(), []);
    }
    // One child fills its parent, and weights whose sum is no number are weights.
    assert_eq!(layout_of(&[0.25]).cells()[1].area, SCREEN);
    assert_eq!(layout_of(&[f64::MAX, f64::MAX]).cells()[1].area, Area::new(0.0, 0.0, 800.0, 900.0));
}

#[test]
fn a_deep_tree_is_laid_out_without_recursion() {
    let mut tree = Tree::new("all");
    let mut at = 0;
    for depth in 0..100_000 {
        at = tree.add(at, "in", 1.0);
        if depth % 3 == 0 {
            tree.add(at, "beside", 1e-6);
        }
    }
    let plain = layout(&tree, SCREEN, Frame::NONE);
    let deepest = plain.cells().last().unwrap();
    assert_eq!(deepest.depth, 100_001);
    // With headers what has no room for its children has none.
    let framed = layout(&tree, SCREEN, Frame { header: 16.0, pad: 2.0 });
    assert!(framed.cells().iter().all(|cell| cell.area.width > 0.0 && cell.area.height > 0.0));
    assert_eq!(tree.path(at).len(), 100_001);
}

#[test]
fn one_huge_and_many_tiny() {
    let mut weights = vec![1e-9; 10_000];
    weights[5000] = 1.0;
    let layout = layout(&flat(&weights), SCREEN, Frame::NONE);
    assert_eq!(leaves(&layout).next().unwrap().0, 5001, "the huge one is first");
    // Equals keep their order.
    let order: Vec<u32> = leaves(&layout).skip(1).map(|(node, _)| node).collect();
    assert!(order.is_sorted());
    let share = 1e-9 / (1.0 + 9_999e-9);
    let whole = SCREEN.width * SCREEN.height;
    assert!(leaves(&layout).skip(1).all(|(_, area)| (area.width * area.height / whole / share - 1.0).abs() < 1e-9));
}

/// The squarified layout alone makes rectangles of these longer than three.
#[test]
fn the_last_rows_keep_the_bound_too() {
    let worst = |weights: &[f64]| {
        let layout = layout(&flat(weights), Area::new(0.0, 0.0, 1.0, 1.0), Frame::NONE);
        leaves(&layout).map(|(_, area)| ratio(area)).fold(1.0, f64::max)
    };
    let mut dice = Dice(3);
    for _ in 0..2_000 {
        // Neighbours differ by less than two, so that the bound is 3.
        let mut weights = vec![1.0];
        (0..20).for_each(|at| weights.push(weights[at] * (0.51 + 0.49 * dice.even())));
        assert!(worst(&weights) <= 3.0 + 1e-9, "{weights:?}");
    }
}

/// The mean ratios that the documentation tells.
#[test]
fn rectangles_are_nearly_square_in_the_mean() {
    for (count, told) in [(20, 1.36), (100, 1.16)] {
        let mut dice = Dice(1);
        let trial = |_| {
            let weights: Vec<f64> = (0..count).map(|_| dice.log_normal()).collect();
            let layout = layout(&flat(&weights), Area::new(0.0, 0.0, 1.0, 1.0), Frame::NONE);
            leaves(&layout).map(|(_, area)| ratio(area)).sum::<f64>() / f64::from(count)
        };
        let mean = (0..500).map(trial).sum::<f64>() / 500.0;
        assert!((mean - told).abs() < 0.03, "{count}: {mean}");
    }
}

/// The moves that the documentation tells.
#[test]
fn a_small_change_moves_little() {
    let mut dice = Dice(2);
    let mut moves: Vec<f64> = Vec::new();
    for _ in 0..200 {
        let weights: Vec<f64> = (0..100).map(|_| dice.log_normal()).collect();
        let changed: Vec<f64> = weights.iter().map(|weight| weight * (0.99 + 0.02 * dice.even())).collect();
        let centres = |weights: &[f64]| {
            let mut centres = vec![(0.0, 0.0); 101];
            for (node, area) in leaves(&layout(&flat(weights), SCREEN, Frame::NONE)) {
                centres[node as usize] = (area.x + area.width / 2.0, area.y + area.height / 2.0);
            }
            centres
        };
        let (before, after) = (centres(&weights), centres(&changed));
        let moved = before.iter().zip(after).skip(1).map(|(a, b)| (a.0 - b.0).hypot(a.1 - b.1));
        moves.extend(moved.map(|far| far / SCREEN.width.hypot(SCREEN.height)));
    }
    moves.sort_unstable_by(f64::total_cmp);
    let (mean, median) = (moves.iter().sum::<f64>() / moves.len() as f64, moves[moves.len() / 2]);
    assert!((mean - 0.024).abs() < 0.003 && median < 0.0005, "mean {mean}, median {median}");
}

/// Weights of every sort, many magnitudes apart.
fn weight() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-12.0..12.0f64).prop_map(|power| 10f64.powf(power)),
        4 => 0.01..1.0f64,
        2 => Just(1.0),
        1 => prop_oneof![Just(0.0), Just(-1.0), Just(f64::NAN), Just(f64::INFINITY)],
    ]
}

/// A tree: for each node after the root the parent, as a share of those before it, and a weight.
fn tree() -> impl Strategy<Value = Tree> {
    vec((0.0..1.0f64, weight()), 1..120).prop_map(|nodes| {
        let mut tree = Tree::new("all");
        for (at, (parent, weight)) in nodes.iter().enumerate() {
            tree.add((parent * (at + 1) as f64) as usize, &format!("some::node_{at}"), *weight);
        }
        tree
    })
}

fn areas() -> impl Strategy<Value = Area> {
    (-500.0..500.0f64, -500.0..500.0f64, 1.0..2000.0f64, 1.0..2000.0f64).prop_map(|(x, y, w, h)| Area::new(x, y, w, h))
}

proptest! {
    #[test]
    fn areas_are_true_and_lie_in_their_parents(tree in tree(), area in areas()) {
        let layout = layout(&tree, area, Frame::NONE);
        let totals = tree.totals();
        let whole = area.width * area.height;
        let slack = 1e-9 * (area.width + area.height);
        for cell in layout.cells() {
            let share = totals[cell.node as usize] / totals[0];
            let seen = cell.area.width * cell.area.height / whole;
            prop_assert!((seen - share).abs() <= 1e-9 * share, "{seen} for {share}");
            let children = &layout.cells()[cell.children.0 as usize..cell.children.1 as usize];
            let falls = children.windows(2).all(|two| {
                let (a, b) = (totals[two[0].node as usize], totals[two[1].node as usize]);
                a > b || a == b && two[0].node < two[1].node
            });
            prop_assert!(falls, "siblings are not in the order of their weights");
            for (at, child) in children.iter().enumerate() {
                let (inner, outer) = (child.area, cell.area);
                prop_assert!(inner.x >= outer.x - slack && inner.right() <= outer.right() + slack);
                prop_assert!(inner.y >= outer.y - slack && inner.bottom() <= outer.bottom() + slack);
                for other in &children[..at] {
                    let common = inner.within(other.area);
                    prop_assert!(common.width <= slack || common.height <= slack, "siblings overlap");
                }
            }
        }
        let inner_nodes: std::collections::HashSet<usize> =
            (1..tree.nodes().len()).map(|at| tree.path(at)[tree.path(at).len() - 2]).collect();
        let weighty = (0..tree.nodes().len()).filter(|at| !inner_nodes.contains(at) && counts(&tree.nodes()[*at].weight));
        prop_assert_eq!(leaves(&layout).count(), weighty.count());
    }

    #[test]
    fn every_rectangle_keeps_the_published_bound(weights in prop_oneof![vec(weight(), 1..60), vec(Just(1.0), 1..400)],
                                                 whole in 1.0..6.0f64) {
        let layout = layout(&flat(&weights), Area::new(0.0, 0.0, whole, 1.0), Frame::NONE);
        let mut sorted: Vec<f64> = weights.into_iter().filter(counts).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let steps = sorted.windows(2).map(|two| two[1] / two[0]).fold(1.0, f64::max);
        let bound = whole.max(3.0).max(1.0 + steps);
        for (_, area) in leaves(&layout) {
            prop_assert!(ratio(area) <= bound * (1.0 + 1e-9), "{} for {bound}", ratio(area));
        }
    }

    #[test]
    fn each_cell_is_found_at_its_middle(tree in tree(), header in 0.0..20.0f64) {
        let layout = layout(&tree, SCREEN, Frame { header, pad: 2.0 });
        for (at, cell) in layout.cells().iter().enumerate() {
            // Smaller ones have no middle that a number of the screen's size can tell.
            if cell.is_group() || cell.area.width < 1e-6 || cell.area.height < 1e-6 {
                continue;
            }
            let (x, y) = (cell.area.x + cell.area.width / 2.0, cell.area.y + cell.area.height / 2.0);
            let hit = layout.hit(x, y);
            let path: Vec<usize> = hit.iter().map(|&at| layout.cells()[at].node as usize).collect();
            prop_assert_eq!(hit.last(), Some(&at));
            prop_assert_eq!(path, tree.path(cell.node as usize));
        }
        prop_assert!(layout.hit(-1.0, 5.0).is_empty() && layout.hit(5.0, 900.0).is_empty());
    }

    #[test]
    fn labels_stay_in_their_cells_and_apart(tree in tree(), header in 0.0..20.0f64) {
        let layout = layout(&tree, Area::new(0.0, 0.0, 400.0, 300.0), Frame { header, pad: 2.0 });
        let labels = labels(&tree, &layout);
        for (at, label) in labels.iter().enumerate() {
            let cell = &layout.cells()[label.cell];
            let within = label.area.within(cell.area);
            prop_assert!((within.width - label.area.width).abs() < 1.0 && (within.height - label.area.height).abs() < 1.0);
            let name = &*tree.nodes()[cell.node as usize].name;
            let kept = label.text.trim_end_matches('…');
            prop_assert!(name.starts_with(kept) && (kept.len() == name.len() || label.text.ends_with('…')));
            for other in &labels[..at] {
                let common = label.area.within(other.area);
                prop_assert!(common.width <= 0.0 || common.height <= 0.0, "{label:?} over {other:?}");
            }
        }
    }
}

#[test]
fn names_of_every_script_are_cut_where_they_must_be() {
    let setter = crate::draw::text::Setter::new(12.0, false);
    let names =
        ["gtk_widget_measure", "日本語のウィンドウ", "כותרת ארוכה של חלון", "🙂🙂🙂🙂🙂🙂🙂🙂", "ein Name\0mit Nichts"];
    for name in names.into_iter().chain(["e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}"]) {
        let whole = setter.width(name);
        let fit = setter.fit(name, whole + 1.0, 3).unwrap();
        assert_eq!((fit.text, fit.width), (name.replace('\0', "␀"), whole));
        let mut shorter = usize::MAX;
        for room in (0..whole as i32).rev() {
            let Some(fit) = setter.fit(name, f64::from(room), 3) else { continue };
            assert!(fit.text.ends_with('…') && fit.width <= f64::from(room), "{fit:?} in {room}");
            assert!(fit.text.chars().count() <= shorter, "{name}");
            shorter = fit.text.chars().count();
        }
        assert!(shorter <= 5, "{name} could be shorter than {shorter}");
        assert_eq!(setter.fit(name, 5.0, 3), None);
    }
}

#[test]
fn what_lies_below_a_node_is_laid_out_as_if_it_were_all() {
    let mut tree = Tree::new("all");
    let group = tree.add(0, "group", 0.0);
    for weight in [5.0, 3.0, 1.0] {
        tree.add(group, "leaf", weight);
    }
    tree.add(0, "other", 4.0);
    let below = layout_below(&tree, group, SCREEN, Frame::HEADED);
    let alone = layout(&flat(&[5.0, 3.0, 1.0]), SCREEN, Frame::HEADED);
    let areas = |layout: &Layout| layout.cells().iter().map(|cell| (cell.area, cell.depth)).collect::<Vec<_>>();
    assert_eq!(areas(&below), areas(&alone));
    assert_eq!(below.cells().iter().map(|cell| cell.node).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(layout_below(&tree, 99, SCREEN, Frame::NONE).cells(), []);
    assert_eq!(leaves(&layout_below(&tree, 5, SCREEN, Frame::NONE)).count(), 1);
}

#[test]
fn every_leaf_is_reached_by_going_from_one_to_the_next() {
    let mut dice = Dice(7);
    let mut tree = Tree::new("all");
    for _ in 0..6 {
        let group = tree.add(0, "group", 0.0);
        for _ in 0..9 {
            tree.add(group, "leaf", dice.log_normal());
        }
    }
    let layout = layout(&tree, SCREEN, Frame::HEADED);
    let first = layout.cells().iter().position(|cell| !cell.is_group()).unwrap();
    let (mut reached, mut open) = (std::collections::BTreeSet::from([first]), vec![first]);
    while let Some(at) = open.pop() {
        for towards in [Towards::Left, Towards::Right, Towards::Up, Towards::Down] {
            let Some(next) = layout.beside(at, towards) else { continue };
            let (here, there) = (layout.cells()[at].area, layout.cells()[next].area);
            match towards {
                Towards::Left => assert!(there.right() <= here.x + 1e-3),
                Towards::Right => assert!(there.x >= here.right() - 1e-3),
                Towards::Up => assert!(there.bottom() <= here.y + 1e-3),
                Towards::Down => assert!(there.y >= here.bottom() - 1e-3),
            }
            if reached.insert(next) {
                open.push(next);
            }
        }
    }
    assert_eq!(reached.len(), leaves(&layout).count());
    assert_eq!(layout.beside(usize::MAX, Towards::Left), None);
}
