//! How a page follows its document: what it shows is asked for again when the range or the selection changes, not
//! more often than the eye wants it, only while the page is seen, and answers to older questions are dropped.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gtk::glib;
use gtk::prelude::*;

use crate::link::Reader;
use crate::model::{Document, Range};

/// So long nothing has to change until a question is asked: shorter than one notices, longer than between two steps of
/// a zoom.
const QUIET: Duration = Duration::from_millis(80);

/// What a page looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// What is visible: the page shows time.
    Visible,
    /// What is selected, or visible where nothing is: the page tells about a stretch.
    Chosen,
}

impl Over {
    /// The stretch that a document has.
    pub fn of(self, document: &Document) -> Range {
        match self {
            Over::Visible => document.visible(),
            Over::Chosen => document.chosen(),
        }
    }
}

/// Whether an answer is still wanted; a long job looks at it from time to time.
#[derive(Clone, Debug)]
pub struct Wanted {
    turn: u64,
    last: Arc<AtomicU64>,
}

impl Wanted {
    /// Whether it is.
    pub fn still(&self) -> bool {
        self.last.load(Ordering::Relaxed) == self.turn
    }

    /// It always is.
    #[cfg(test)]
    pub fn always() -> Wanted {
        Wanted { turn: 0, last: Arc::default() }
    }
}

/// A page that follows.
pub struct Follow {
    widget: glib::WeakRef<gtk::Widget>,
    document: Document,
    over: Over,
    ask: Box<dyn Fn(Range, Wanted)>,
    last: Arc<AtomicU64>,
    /// Something changed since the last question.
    stale: Cell<bool>,
    waiting: RefCell<Option<glib::SourceId>>,
}

impl Follow {
    /// Asks `job` about the range whenever it has changed and `widget` is seen, and gives the answer to `show`. The
    /// job runs on the desk for what takes longer.
    pub fn new<W: IsA<gtk::Widget>, T: Send + 'static>(
        widget: &W,
        document: &Document,
        over: Over,
        job: impl Fn(&mut Reader, Range, &Wanted) -> T + Send + Sync + 'static,
        show: impl Fn(&W, T) + 'static,
    ) -> Rc<Follow> {
        let (job, show) = (Arc::new(job), Rc::new(show));
        let (weak, asked) = (widget.downgrade(), document.clone());
        let ask = move |range: Range, wanted: Wanted| {
            let (weak, show, asked) = (weak.clone(), Rc::clone(&show), asked.clone());
            let (job, checked) = (Arc::clone(&job), wanted.clone());
            glib::spawn_future_local(async move {
                let work = move |reader: &mut Reader| wanted.still().then(|| job(reader, range, &wanted));
                let answer = asked.ask_slowly(work).await.flatten();
                if let (Some(answer), Some(widget), true) = (answer, weak.upgrade(), checked.still()) {
                    show(&widget, answer);
                }
            });
        };
        let follow = Rc::new(Follow {
            widget: widget.upcast_ref::<gtk::Widget>().downgrade(),
            document: document.clone(),
            over,
            ask: Box::new(ask),
            last: Arc::default(),
            stale: Cell::new(true),
            waiting: RefCell::default(),
        });
        follow.connect(widget.upcast_ref(), document);
        follow
    }

    fn connect(self: &Rc<Self>, widget: &gtk::Widget, document: &Document) {
        let properties: &[&str] = match self.over {
            Over::Visible => &["visible"],
            Over::Chosen => &["visible", "selection"],
        };
        // The widget keeps what asks for it, and that ends with it.
        let kept = Rc::clone(self);
        document.watch(widget, properties, move |_, _| kept.changed());
        let follow = Rc::downgrade(self);
        widget.connect_map(move |_| {
            if let Some(follow) = follow.upgrade().filter(|follow| follow.stale.get()) {
                follow.now();
            }
        });
    }

    /// Something changed that the answer depends on.
    pub fn changed(self: &Rc<Self>) {
        self.stale.set(true);
        // What is being worked out is not wanted any more.
        self.last.fetch_add(1, Ordering::Relaxed);
        if let Some(waiting) = self.waiting.take() {
            waiting.remove();
        }
        if !self.widget.upgrade().is_some_and(|widget| widget.is_mapped()) {
            return;
        }
        let follow = Rc::downgrade(self);
        let waiting = glib::timeout_add_local_once(QUIET, move || {
            if let Some(follow) = follow.upgrade() {
                follow.waiting.take();
                follow.now();
            }
        });
        self.waiting.replace(Some(waiting));
    }

    fn now(&self) {
        self.stale.set(false);
        let turn = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        (self.ask)(self.over.of(&self.document), Wanted { turn, last: Arc::clone(&self.last) });
    }
}
