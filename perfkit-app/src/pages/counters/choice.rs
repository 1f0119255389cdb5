//! Which counters are shown: a tree by the parts of their dotted names, with a box to check on each.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use gtk::prelude::*;
use gtk::subclass::prelude::*;
use gtk::{gio, glib};

use crate::widgets::accessible;
use crate::wording::tr;

/// Below so many counters the whole tree is open.
const FEW: usize = 40;

mod imp {
    use super::*;

    /// A part of names, or a counter.
    #[derive(Debug, Default, glib::Properties)]
    #[properties(wrapper_type = super::Node)]
    pub struct Node {
        /// What it is called.
        #[property(get, set)]
        title: RefCell<String>,
        /// What there is to know about it.
        #[property(get, set)]
        doc: RefCell<String>,
        /// Whether all below it are shown.
        #[property(get, set)]
        checked: Cell<bool>,
        /// Whether some below it are shown, and some are not.
        #[property(get, set)]
        partly: Cell<bool>,
        /// The counters below it.
        pub leaves: RefCell<Vec<usize>>,
        pub below: RefCell<Option<gio::ListStore>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Node {
        const NAME: &'static str = "PerfkitCounterNode";
        type Type = super::Node;
    }

    #[glib::derived_properties]
    impl ObjectImpl for Node {}
}

glib::wrapper! {
    /// A part of names, or a counter.
    pub struct Node(ObjectSubclass<imp::Node>);
}

/// A counter as it is chosen.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its dotted name.
    pub name: String,
    /// Whose it is; may be empty.
    pub of: String,
    /// What it is; may be empty.
    pub doc: String,
}

type Told = RefCell<Option<Rc<dyn Fn()>>>;

/// The tree.
pub struct Choice {
    /// All of it.
    pub root: gtk::ScrolledWindow,
    view: gtk::ListView,
    options: Vec<Item>,
    chosen: RefCell<HashSet<usize>>,
    nodes: RefCell<Vec<Node>>,
    told: Told,
}

/// A tree of names on the way to objects.
#[derive(Default)]
struct Branch {
    below: BTreeMap<String, Branch>,
    leaves: Vec<usize>,
}

impl Choice {
    /// Of some counters, of which some are chosen.
    pub fn new(options: Vec<Item>, chosen: HashSet<usize>) -> Rc<Choice> {
        let view = gtk::ListView::builder().css_classes(["navigation-sidebar", "perfkit-choice"]).build();
        accessible::name(&view, &tr("Counters"));
        let root = gtk::ScrolledWindow::builder().child(&view).vexpand(true).hexpand(true).build();
        root.set_hscrollbar_policy(gtk::PolicyType::Never);
        let choice = Rc::new(Choice {
            root,
            view,
            options,
            chosen: RefCell::new(chosen),
            nodes: RefCell::default(),
            told: RefCell::default(),
        });
        choice.view.set_factory(Some(&choice.factory()));
        let activated = Rc::downgrade(&choice);
        choice.view.connect_activate(move |view, at| {
            let row = view.model().and_then(|model| model.item(at)).and_downcast::<gtk::TreeListRow>();
            let node = row.and_then(|row| row.item()).and_downcast::<Node>();
            if let (Some(choice), Some(node)) = (activated.upgrade(), node) {
                choice.check(&node, !node.checked());
            }
        });
        choice.filter("");
        choice
    }

    /// Called when others are chosen.
    pub fn connect_changed(&self, told: impl Fn() + 'static) {
        self.told.replace(Some(Rc::new(told)));
    }

    /// Which are chosen, in the order of their names.
    pub fn chosen(&self) -> Vec<usize> {
        let mut chosen: Vec<usize> = self.chosen.borrow().iter().copied().collect();
        chosen.sort_unstable();
        chosen
    }

    /// Shows only counters that have all of some words in their name, or say whose they are with them.
    pub fn filter(&self, search: &str) {
        let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
        let fits = |option: &Item| {
            let text = format!("{} {} {}", option.name, option.of, option.doc).to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        let mut tree = Branch::default();
        let fitting: Vec<usize> = (0..self.options.len()).filter(|&at| fits(&self.options[at])).collect();
        for &at in &fitting {
            let mut branch = &mut tree;
            for part in self.options[at].name.split('.') {
                branch = branch.below.entry(part.to_owned()).or_default();
            }
            branch.leaves.push(at);
        }
        let mut nodes = Vec::new();
        let store = self.store(&tree, "", &mut nodes);
        self.nodes.replace(nodes);
        self.refresh();
        let open = !words.is_empty() || fitting.len() <= FEW;
        let model = gtk::TreeListModel::new(store, false, open, |node| {
            node.downcast_ref::<Node>().and_then(|node| node.imp().below.borrow().clone()).and_upcast()
        });
        if !open {
            // What is shown can be seen in the tree.
            let mut at = 0;
            while let Some(row) = model.row(at) {
                let node = row.item().and_downcast::<Node>();
                if node.is_some_and(|node| node.checked() || node.partly()) {
                    row.set_expanded(true);
                }
                at += 1;
            }
        }
        self.view.set_model(Some(&gtk::NoSelection::new(Some(model))));
    }

    fn store(&self, branch: &Branch, prefix: &str, nodes: &mut Vec<Node>) -> gio::ListStore {
        let store = gio::ListStore::new::<Node>();
        for (part, mut below) in &branch.below {
            // A part with nothing beside it is no level of its own.
            let mut title = format!("{prefix}{part}");
            while below.leaves.is_empty() && below.below.len() == 1 {
                let Some((part, only)) = below.below.iter().next() else { break };
                title = format!("{title}.{part}");
                below = only;
            }
            for (place, &leaf) in below.leaves.iter().enumerate() {
                let option = &self.options[leaf];
                let title = match below.leaves.len() {
                    1 => title.clone(),
                    _ if option.of.is_empty() => format!("{title} {}", place + 1),
                    _ => format!("{title}, {}", option.of),
                };
                let about = [option.name.as_str(), &option.of, &option.doc];
                let about: Vec<&str> = about.into_iter().filter(|text| !text.is_empty()).collect();
                store.append(&node(&title, &about.join("\n"), vec![leaf], None, nodes));
            }
            if !below.below.is_empty() {
                let children = self.store(below, "", nodes);
                let leaves = leaves(below);
                store.append(&node(&title, "", leaves, Some(children), nodes));
            }
        }
        store
    }

    /// Makes all boxes say what is chosen.
    fn refresh(&self) {
        let chosen = self.chosen.borrow();
        for node in &*self.nodes.borrow() {
            let leaves = node.imp().leaves.borrow();
            let count = leaves.iter().filter(|leaf| chosen.contains(leaf)).count();
            node.set_checked(count == leaves.len());
            node.set_partly(count > 0 && count < leaves.len());
        }
    }

    fn check(&self, node: &Node, checked: bool) {
        for &leaf in &*node.imp().leaves.borrow() {
            match checked {
                true => self.chosen.borrow_mut().insert(leaf),
                false => self.chosen.borrow_mut().remove(&leaf),
            };
        }
        self.refresh();
        let told = self.told.borrow().clone();
        if let Some(told) = told {
            told();
        }
    }

    fn factory(self: &Rc<Self>) -> gtk::SignalListItemFactory {
        let factory = gtk::SignalListItemFactory::new();
        let choice = Rc::downgrade(self);
        factory.connect_setup(move |_, item| {
            let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
            let button = gtk::CheckButton::builder().build();
            let expander = gtk::TreeExpander::builder().child(&button).build();
            let (choice, weak) = (choice.clone(), item.downgrade());
            button.connect_toggled(move |button| {
                let node = weak.upgrade().and_then(|item| node_of(&item));
                // Where the box only says what is chosen, nobody has chosen.
                let node = node.filter(|node| node.checked() != button.is_active());
                if let (Some(choice), Some(node)) = (choice.upgrade(), node) {
                    choice.check(&node, button.is_active());
                }
            });
            item.set_child(Some(&expander));
        });
        let bound: Rc<RefCell<HashMap<gtk::ListItem, Vec<glib::Binding>>>> = Rc::default();
        let bindings = Rc::clone(&bound);
        factory.connect_bind(move |_, item| {
            let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
            let expander = item.child().and_downcast::<gtk::TreeExpander>();
            let row = item.item().and_downcast::<gtk::TreeListRow>();
            let (Some(expander), Some(row), Some(node)) = (expander, row, node_of(item)) else { return };
            expander.set_list_row(Some(&row));
            let Some(button) = expander.child().and_downcast::<gtk::CheckButton>() else { return };
            button.set_label(Some(&node.title()));
            let doc = node.doc();
            button.set_tooltip_text((!doc.is_empty()).then_some(doc.as_str()));
            let to = |property: &str, of: &str| node.bind_property(property, &button, of).sync_create().build();
            bindings.borrow_mut().insert(item.clone(), vec![to("checked", "active"), to("partly", "inconsistent")]);
        });
        factory.connect_unbind(move |_, item| {
            let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
            bound.borrow_mut().remove(item).into_iter().flatten().for_each(|binding| binding.unbind());
        });
        factory
    }
}

fn node_of(item: &gtk::ListItem) -> Option<Node> {
    item.item().and_downcast::<gtk::TreeListRow>()?.item().and_downcast()
}

fn node(title: &str, doc: &str, leaves: Vec<usize>, below: Option<gio::ListStore>, nodes: &mut Vec<Node>) -> Node {
    let node: Node = glib::Object::builder().property("title", title).property("doc", doc).build();
    node.imp().leaves.replace(leaves);
    node.imp().below.replace(below);
    nodes.push(node.clone());
    node
}

/// The counters below a branch.
fn leaves(branch: &Branch) -> Vec<usize> {
    let below = branch.below.values().flat_map(leaves);
    branch.leaves.iter().copied().chain(below).collect()
}
