//! The treemap page: what cost in a stretch, by what one chooses: each cell as large as its cost, and coloured by
//! another measure where that is wanted.
//!
//! [`choice`] is what is chosen, [`crumbs`] the way into the map, [`foot`] tells of the cell that is pointed at, [`rows`]
//! tells the same as a table.

mod choice;
mod crumbs;
mod foot;
mod rows;
mod words;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex, PoisonError};

use adw::prelude::*;
use gdkrecord::draw::treemap::Tree;
use perfkit_agent::analysis::treemap::{self, Costly};

use super::follow::{Follow, Over, Wanted};
use crate::link::Reader;
use crate::model::{Document, Range};
use crate::widgets::line::Line;
use crate::widgets::save::Saving;
use crate::widgets::table::Table;
use crate::widgets::treemap::Treemap;
use crate::widgets::{accessible, as_table, bar, status};
use crate::wording::{tr, tr_with};
use choice::{Choice, Chooser};
use crumbs::Crumbs;
use foot::Foot;

pub fn make(document: &Document) -> gtk::Widget {
    let page = Rc::new(Page::new(document));
    page.connect();
    page.root.clone().upcast()
}

/// What was found.
struct Answer {
    choice: Choice,
    /// The pairs of a kind and a measure of which the session has something, by their names.
    known: Vec<(&'static str, &'static str)>,
    costly: Costly,
}

/// What is shown.
struct Shown {
    choice: Choice,
    tree: Arc<Tree>,
    costly: Costly,
    /// The least and the greatest that the colours tell.
    shaded: Option<(i64, i64)>,
}

struct Page {
    document: Document,
    root: gtk::Box,
    /// "waiting", "map", "nothing", "trouble".
    states: gtk::Stack,
    /// "map", "table".
    views: gtk::Stack,
    chooser: Chooser,
    crumbs: Crumbs,
    map: Treemap,
    foot: Foot,
    table: Table,
    /// What is asked for next.
    asked: Arc<Mutex<Choice>>,
    shown: RefCell<Option<Shown>>,
    /// Whether a kind was chosen by whoever looks, and not by what there is.
    meant: Cell<bool>,
    follow: OnceCell<Weak<Follow>>,
}

impl Page {
    fn new(document: &Document) -> Page {
        let states = gtk::Stack::builder().vexpand(true).build();
        states.add_named(&status::waiting(), Some("waiting"));
        Page {
            document: document.clone(),
            root: gtk::Box::new(gtk::Orientation::Vertical, 0),
            states,
            views: gtk::Stack::new(),
            chooser: Chooser::new(),
            crumbs: Crumbs::new(),
            map: Treemap::new(&tr("What cost most")),
            foot: Foot::new(),
            table: rows::table(document),
            asked: Arc::new(Mutex::new(Choice::default())),
            shown: RefCell::default(),
            meant: Cell::new(false),
            follow: OnceCell::new(),
        }
    }

    fn connect(self: &Rc<Self>) {
        self.map.set_margin_start(12);
        self.map.set_margin_end(12);
        self.views.add_named(&self.map, Some("map"));
        self.views.add_named(&self.table, Some("table"));
        let inner = gtk::Box::new(gtk::Orientation::Vertical, 0);
        inner.append(self.crumbs.widget());
        inner.append(&self.views);
        inner.append(self.foot.widget());
        self.states.add_named(&inner, Some("map"));
        [&self.states, &self.views].into_iter().for_each(accessible::only_shown);
        self.root.append(&self.bar());
        self.root.append(self.chooser.widget());
        self.root.append(&self.states);
        let page = Rc::downgrade(self);
        self.chooser.connect_chosen(move |choice| {
            if let Some(page) = page.upgrade() {
                page.meant.set(true);
                page.choose(choice);
            }
        });
        let page = Rc::downgrade(self);
        self.map.set_words(move |node| {
            let page = page.upgrade();
            let shown = page.as_ref().map(|page| page.shown.borrow());
            shown.and_then(|shown| shown.as_ref().map(|shown| words::of_node(shown, node))).unwrap_or_default()
        });
        let page = Rc::downgrade(self);
        self.map.connect_entered(move |node| {
            if let Some(page) = page.upgrade() {
                page.entered(node);
            }
        });
        let page = Rc::downgrade(self);
        self.map.connect_pointed(move |node| {
            if let Some(page) = page.upgrade() {
                page.foot.tell(page.shown.borrow().as_ref(), node);
            }
        });
        let map = self.map.downgrade();
        self.crumbs.connect_chosen(move |node| {
            if let Some(map) = map.upgrade() {
                map.enter(node);
                map.grab_focus();
            }
        });
        let page = Rc::downgrade(self);
        self.foot.connect_longest(move || {
            let page = page.upgrade();
            let place = page.as_ref().and_then(|page| page.shown.borrow().as_ref()?.place(page.map.selected()?));
            if let (Some(page), Some((begin, end))) = (page, place) {
                page.document.go("timeline", Range::new(begin, end));
            }
        });
        let page = Rc::downgrade(self);
        self.document.watch(&self.root, &["search"], move |_, _| {
            if let Some(page) = page.upgrade() {
                page.search();
            }
        });
        let asked = Arc::clone(&self.asked);
        let job = move |reader: &mut Reader, range: Range, _: &Wanted| {
            let choice = *asked.lock().unwrap_or_else(PoisonError::into_inner);
            read(reader, range, choice)
        };
        // The widget keeps the page, by what the page is told.
        let page = Rc::clone(self);
        let follow = Follow::new(&self.root, &self.document, Over::Chosen, job, move |_, answer| match answer {
            Ok(answer) => page.show(answer),
            Err(error) => page.state("trouble", &status::trouble("Cannot Read the Session", &error.to_string())),
        });
        // It is set once, here.
        let _ = self.follow.set(Rc::downgrade(&follow));
    }

    fn bar(self: &Rc<Self>) -> Line {
        let bar = bar::bar(&self.document);
        let table = as_table::switching(&self.views, "map");
        bar.append(&table);
        let map = self.map.downgrade();
        let draw = move |ctx: &cairo::Context, width, height| match map.upgrade() {
            Some(map) => map.draw(ctx, width, height),
            None => Ok(()),
        };
        let saving = self.table.give(Saving::new(&tr("treemap")).picture_of(&self.map, draw));
        bar.append(&saving.button(&self.document));
        bar
    }

    /// Asks for something else.
    fn choose(self: &Rc<Self>, choice: Choice) {
        let before = std::mem::replace(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner), choice);
        if before.same_map(&choice) {
            // Only the colours differ.
            return self.color(choice);
        }
        if let Some(follow) = self.follow.get().and_then(Weak::upgrade) {
            follow.changed();
        }
    }

    fn state(&self, name: &str, page: &adw::StatusPage) {
        if let Some(before) = self.states.child_by_name(name) {
            self.states.remove(&before);
        }
        self.states.add_named(page, Some(name));
        self.states.set_visible_child_name(name);
    }

    fn show(self: &Rc<Self>, Answer { choice, known, costly }: Answer) {
        // Until somebody chooses, it is what the session has most to say of.
        if !self.meant.replace(true)
            && let Some(first) = Choice::first(&known)
            && !first.same_map(&choice)
        {
            self.chooser.set(first, &known);
            return self.choose(first);
        }
        self.chooser.set(choice, &known);
        if costly.tree.nodes().len() < 2 {
            self.shown.take();
            let recorded = known.contains(&(choice.kind().name, choice.measure.name()));
            return self.state("nothing", &words::nothing(&self.document, choice, recorded));
        }
        self.states.set_visible_child_name("map");
        self.shown.replace(Some(Shown { choice, tree: Arc::new(Tree::new("")), costly, shaded: None }));
        self.color(choice);
    }

    /// Shows what was found in the colours that are chosen.
    fn color(self: &Rc<Self>, choice: Choice) {
        {
            let mut shown = self.shown.borrow_mut();
            let Some(shown) = shown.as_mut() else { return };
            shown.choice = choice;
            shown.shaded = choice.shade.and_then(|shade| shown.costly.shade(shade));
            shown.tree = Arc::new(shown.costly.tree.clone());
        }
        let of = self.shown.borrow().as_ref().map(|shown| (Arc::clone(&shown.tree), shown.shaded.is_some()));
        if let Some((tree, by_level)) = of {
            self.map.set_tree(tree, by_level);
        }
        self.foot.set_shade(self.shown.borrow().as_ref());
        self.search();
    }

    fn entered(&self, node: usize) {
        let shown = self.shown.borrow();
        let Some(shown) = shown.as_ref() else { return };
        self.crumbs.set(shown, node);
        self.table.set_rows(rows::rows(shown, node));
        self.table.hide_empty_columns();
    }

    fn search(&self) {
        let shown = self.shown.borrow();
        if let Some(shown) = shown.as_ref() {
            let (search, pointed) = (self.document.search(), self.map.selected());
            let found = words::found(&shown.tree, &search);
            let none = found.as_ref().is_some_and(|found| !found.first().copied().unwrap_or(false));
            self.map.set_found(found);
            self.foot.tell(Some(shown), pointed);
            if none {
                self.foot.say(&tr_with("Nothing matches “{text}”", &[("text", &search)]));
            }
        }
    }
}

impl Shown {
    /// Where the longest of a node was.
    fn place(&self, node: usize) -> Option<(i64, i64)> {
        self.costly.amounts.get(node)?.place
    }
}

fn read(reader: &mut Reader, range: Range, choice: Choice) -> perfkit_agent::Result<Answer> {
    let known = treemap::known(&reader.query);
    let known = known.into_iter().map(|(kind, measured)| (kind.name, measured.measure.name())).collect();
    let costly = treemap::tree(&reader.query, choice.kind(), choice.measure, range.begin, range.end)?;
    Ok(Answer { choice, known, costly })
}
