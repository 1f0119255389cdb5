//! The way into a treemap: a button for each cell that one is in, from the outermost.

use std::cell::RefCell;
use std::rc::Rc;

use gtk::pango;
use gtk::prelude::*;

use super::Shown;
use crate::widgets::accessible;
use crate::wording::tr;

/// Called with the node that is gone out to.
type Told = Box<dyn Fn(usize)>;

/// The way.
pub struct Crumbs {
    line: gtk::Box,
    told: Rc<RefCell<Option<Told>>>,
}

impl Crumbs {
    /// Of nothing yet.
    pub fn new() -> Crumbs {
        let line = gtk::Box::builder().spacing(2).margin_start(12).margin_end(12).margin_bottom(6).build();
        Crumbs { line, told: Rc::default() }
    }

    /// Its widget.
    pub fn widget(&self) -> &gtk::Box {
        &self.line
    }

    /// Called with the node whose button was clicked.
    pub fn connect_chosen(&self, told: impl Fn(usize) + 'static) {
        self.told.replace(Some(Box::new(told)));
    }

    /// Leads to a node.
    pub fn set(&self, shown: &Shown, node: usize) {
        while let Some(before) = self.line.first_child() {
            self.line.remove(&before);
        }
        let path = shown.tree.path(node);
        let last = path.len() - 1;
        for (at, node) in path.into_iter().enumerate() {
            let of = &shown.tree.nodes()[node];
            let name = if node == 0 { tr(shown.choice.kind().title) } else { of.name.to_string() };
            let label = gtk::Label::builder()
                .label(format!("{name}  {}", of.value))
                .ellipsize(pango::EllipsizeMode::Middle)
                .css_classes(if at == last { ["heading", "numeric"] } else { ["dim-label", "numeric"] })
                .build();
            if at > 0 {
                self.line.append(&gtk::Label::builder().label("›").css_classes(["dim-label"]).build());
            }
            let button = gtk::Button::builder().child(&label).css_classes(["flat", "perfkit-line"]).build();
            accessible::name(&button, &format!("{name}, {}", of.value));
            if at < last {
                button.set_tooltip_text(Some(&tr("Go out to here")));
            }
            let told = Rc::clone(&self.told);
            button.connect_clicked(move |_| {
                if let Some(told) = &*told.borrow() {
                    told(node);
                }
            });
            self.line.append(&button);
        }
    }
}
