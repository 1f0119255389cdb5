//! What the widgets of each class cost in a frame: own time without the children's, for GTK 4.
//!
//! A call to measure, allocate or snapshot enters, and leaves with its time; what its nested calls took is taken
//! off. Sums are kept by the class of the instance and recorded when the frame ends.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

use gdkrecord::field::Span;
use gdkrecord::kind::raw;
use gdkrecord::sets::WidgetWork;
use gdkrecord::writer::now;

use crate::ffi::gtk4::Handle;
use crate::gtk4::{self, Out, surfaces::Names};
use crate::hashes::Table;
use crate::recorder::{self, Session};

static ON: AtomicBool = AtomicBool::new(false);

/// Deeper nesting than any widget tree has: a broken stack does not grow.
const DEEPEST: usize = 4096;

thread_local! {
    static COSTS: RefCell<Costs> = RefCell::new(Costs::default());
    static CLASSES: RefCell<Table<usize, ()>> = RefCell::new(Table::default());
}

/// A call that runs.
struct Call {
    widget: Handle,
    work: WidgetWork,
    start: u64,
    children: u64,
}

/// The sums of one class and one kind of work.
#[derive(Clone, Copy)]
struct Sum {
    class: usize,
    gtype: usize,
    work: WidgetWork,
    count: u32,
    ns: u64,
}

#[derive(Default)]
struct Costs {
    stack: Vec<Call>,
    /// Open addressing, a power of two long; `slots` holds indices into `sums`, counted from 1.
    slots: Vec<u32>,
    sums: Vec<Sum>,
    names: Names,
}

/// The place of a call in the stack.
#[derive(Clone, Copy)]
pub struct Timed(usize);

/// A widget's work begins.
#[inline]
pub fn enter(widget: Handle, work: WidgetWork) -> Option<Timed> {
    if !ON.load(Ordering::Relaxed) {
        return None;
    }
    COSTS
        .try_with(|costs| {
            let mut costs = costs.try_borrow_mut().ok()?;
            let depth = costs.stack.len();
            if depth >= DEEPEST {
                return None;
            }
            costs.stack.push(Call { widget, work, start: now(), children: 0 });
            Some(Timed(depth))
        })
        .ok()
        .flatten()
}

/// A widget's work ends.
#[inline]
pub fn leave(timed: Timed) {
    let _ = COSTS.try_with(|costs| {
        if let Ok(mut costs) = costs.try_borrow_mut() {
            costs.leave(timed.0, now());
        }
    });
}

impl Costs {
    fn leave(&mut self, depth: usize, now: u64) {
        // What an exception unwound through was not left: it is given up.
        self.stack.truncate(depth + 1);
        if self.stack.len() != depth + 1 {
            return;
        }
        let Some(call) = self.stack.pop() else { return };
        let whole = now.saturating_sub(call.start);
        let mut again = false;
        if let Some(outer) = self.stack.last_mut() {
            outer.children += whole;
            again = outer.widget == call.widget && outer.work == call.work;
        }
        let sum = self.sum(call.widget, call.work);
        sum.ns += whole.saturating_sub(call.children);
        // A class that chains up to its parent's function works once.
        sum.count += u32::from(!again);
    }

    fn sum(&mut self, widget: Handle, work: WidgetWork) -> &mut Sum {
        if self.slots.len() < 2 * (self.sums.len() + 1) {
            self.grow();
        }
        let class = widget.class();
        let mask = self.slots.len() - 1;
        let mut at = place(class, work) & mask;
        loop {
            match self.slots[at] {
                0 => {
                    self.sums.push(Sum { class, gtype: widget.gtype(), work, count: 0, ns: 0 });
                    self.slots[at] = self.sums.len() as u32;
                }
                index => {
                    let index = index as usize - 1;
                    if self.sums[index].class == class && self.sums[index].work == work {
                        return &mut self.sums[index];
                    }
                    at = (at + 1) & mask;
                }
            }
        }
    }

    fn grow(&mut self) {
        let length = (4 * (self.sums.len() + 1)).next_power_of_two().max(1024);
        self.slots = vec![0; length];
        for (index, sum) in self.sums.iter().enumerate() {
            let mut at = place(sum.class, sum.work) & (length - 1);
            while self.slots[at] != 0 {
                at = (at + 1) & (length - 1);
            }
            self.slots[at] = index as u32 + 1;
        }
    }
}

fn place(class: usize, work: WidgetWork) -> usize {
    (class.wrapping_add(work as usize)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40
}

/// A frame ended: its sums are recorded and begin anew.
pub fn flush(out: &mut Out<'_>) {
    if !ON.load(Ordering::Relaxed) {
        return;
    }
    let _ = COSTS.try_with(|costs| {
        let Ok(mut costs) = costs.try_borrow_mut() else { return };
        let costs = &mut *costs;
        let time = now();
        for sum in costs.sums.iter_mut().filter(|sum| sum.count > 0) {
            let gtype = sum.gtype;
            let class =
                costs.names.get(sum.class, out, || gtk4::api().map_or_else(String::new, |api| api.type_name(gtype)));
            let (duration, count, work) = (Span::from_ns(sum.ns), sum.count, sum.work);
            out.lane.push(time, &raw::WidgetCost { duration, class, count, work });
            (sum.count, sum.ns) = (0, 0);
        }
    });
}

/// A widget or layout manager was constructed: the first of its class is the time to hook the class.
pub fn constructed(object: Handle, layout: bool) {
    if !ON.load(Ordering::Relaxed) {
        return;
    }
    let class = object.class();
    let new = CLASSES
        .try_with(|classes| classes.try_borrow_mut().is_ok_and(|mut classes| classes.insert(class, ()).is_none()));
    if new != Ok(true) {
        return;
    }
    recorder::guarded(|session| {
        if !gtk4::api()?.hook_class(object, layout) {
            session.hook("gtk4.widgets", true, "more functions than trampolines: some classes are not timed");
        }
        Some(())
    });
}

/// Starts timing.
pub fn install(session: &Session, api: &gtk4::Api) {
    ON.store(true, Ordering::Relaxed);
    let on = api.hook_widgets() && api.hook_after_paint();
    ON.store(on, Ordering::Relaxed);
    let note = if on { "class functions of widgets and layout managers" } else { "the classes have other slots" };
    session.hook("gtk4.widgets", on, note);
}
