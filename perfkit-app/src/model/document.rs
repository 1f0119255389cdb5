//! An open session: what all pages look at, and the part of it that they show. Pages follow its properties, so that
//! all show the same range, selection and moment.

use std::cell::{Cell, OnceCell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use futures_channel::oneshot;
use gtk::glib;
use gtk::glib::subclass::prelude::*;
use gtk::prelude::*;
use perfkit_agent::report::Report;
use perfkit_agent::session::Bookmark;
use perfkit_agent::{Error, Result};

use super::glance::Glance;
use super::{Range, server};
use crate::link::{Desk, Reader, away};
use crate::wording::tr;

/// What is known of a session from its opening on.
#[derive(Debug)]
struct Facts {
    path: PathBuf,
    title: String,
    whole: Range,
    of_a_server: bool,
    quick: Desk,
    slow: Desk,
}

/// Who waits for an analysis.
type Asker = oneshot::Sender<std::result::Result<Arc<Report>, String>>;

mod imp {
    use std::sync::LazyLock;

    use super::*;

    #[derive(Debug, Default, glib::Properties)]
    #[properties(wrapper_type = super::Document)]
    pub struct Document {
        pub(super) facts: OnceCell<Facts>,
        pub report: RefCell<Option<Arc<Report>>>,
        /// Who waits for the analysis while it is made.
        pub awaiting: RefCell<Option<Vec<Asker>>>,
        pub bookmarks: RefCell<Vec<Bookmark>>,
        /// What pages show; never empty, always within the whole.
        #[property(get, set = Self::set_visible, explicit_notify)]
        visible: Cell<Range>,
        /// What was selected; empty where nothing is.
        #[property(get, set = Self::set_selection, explicit_notify)]
        selection: Cell<Range>,
        /// The moment that is looked at or played, in nanoseconds.
        #[property(get, set = Self::set_cursor, explicit_notify)]
        cursor: Cell<i64>,
        /// Whether time runs.
        #[property(get, set = Self::set_playing, explicit_notify)]
        playing: Cell<bool>,
        /// How fast it runs; 1 is as it was.
        #[property(get, set, default = 1.0, construct)]
        speed: Cell<f64>,
        /// What is searched for; empty where nothing is.
        #[property(get, set = Self::set_search, explicit_notify)]
        search: RefCell<String>,
    }

    impl Document {
        fn whole(&self) -> Range {
            self.facts.get().map_or(Range::default(), |facts| facts.whole)
        }

        fn set_visible(&self, range: Range) {
            if self.visible.replace(range.within(self.whole())) != self.visible.get() {
                self.obj().notify_visible();
            }
        }

        fn set_selection(&self, range: Range) {
            if self.selection.replace(range) != range {
                self.obj().notify_selection();
            }
        }

        fn set_cursor(&self, time: i64) {
            let whole = self.whole();
            let time = time.clamp(whole.begin, whole.end.max(whole.begin));
            if self.cursor.replace(time) != time {
                self.obj().notify_cursor();
            }
        }

        fn set_playing(&self, playing: bool) {
            if self.playing.replace(playing) != playing {
                self.obj().notify_playing();
            }
        }

        fn set_search(&self, text: String) {
            if self.search.replace(text.clone()) != text {
                self.obj().notify_search();
            }
        }
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Document {
        const NAME: &'static str = "PerfkitDocument";
        type Type = super::Document;
    }

    #[glib::derived_properties]
    impl ObjectImpl for Document {
        fn signals() -> &'static [glib::subclass::Signal] {
            static SIGNALS: LazyLock<Vec<glib::subclass::Signal>> = LazyLock::new(|| {
                let words = ["page-wanted", "told", "match-wanted", "script-wanted"]
                    .map(|name| glib::subclass::Signal::builder(name).param_types([String::static_type()]).build());
                words.into_iter().chain([glib::subclass::Signal::builder("bookmarked").build()]).collect()
            });
            &SIGNALS
        }
    }
}

glib::wrapper! {
    /// An open session, see the module.
    pub struct Document(ObjectSubclass<imp::Document>);
}

impl Document {
    /// Opens the session at `path`; `title` is what its window is called.
    pub async fn open(path: &Path, title: &str) -> Result<Document> {
        let (quick, slow) = (Desk::open(path).await?, Desk::open(path).await?);
        let seen = quick.ask(|reader| (extent(reader), server::there(reader))).await;
        let (whole, of_a_server) = seen.unwrap_or_default();
        let document: Document = glib::Object::new();
        let imp = document.imp();
        // It was made just now, so this is the first time.
        let facts = Facts { path: path.to_owned(), title: title.to_owned(), whole, of_a_server, quick, slow };
        let _ = imp.facts.set(facts);
        document.set_visible(whole);
        document.set_cursor(whole.begin);
        document.read_bookmarks().await;
        Ok(document)
    }

    /// One of no session: whatever it is asked has no answer.
    pub fn of_nothing() -> Document {
        glib::Object::new()
    }

    /// Whether it is one of no session.
    pub fn is_of_nothing(&self) -> bool {
        self.facts().is_none()
    }

    fn facts(&self) -> Option<&Facts> {
        self.imp().facts.get()
    }

    /// The session's file.
    pub fn path(&self) -> &Path {
        self.facts().map_or(Path::new(""), |facts| &facts.path)
    }

    /// What its window is called.
    pub fn title(&self) -> &str {
        self.facts().map_or("", |facts| &facts.title)
    }

    /// From its first event to the end of its last.
    pub fn whole(&self) -> Range {
        self.facts().map_or(Range::default(), |facts| facts.whole)
    }

    /// Whether a server of an agent told about itself in it.
    pub fn is_of_a_server(&self) -> bool {
        self.facts().is_some_and(|facts| facts.of_a_server)
    }

    /// The selection, or the visible range where there is none: what pages tell about.
    pub fn chosen(&self) -> Range {
        if self.selection().is_empty() { self.visible() } else { self.selection() }
    }

    /// A moment as seconds since the session's begin.
    pub fn seconds(&self, time: i64) -> f64 {
        (time - self.whole().begin) as f64 / 1e9
    }

    /// Asks for what the eye waits for: it must take milliseconds. `None` where it failed.
    pub async fn ask<T: Send + 'static>(&self, job: impl FnOnce(&mut Reader) -> T + Send + 'static) -> Option<T> {
        let desk = self.facts()?.quick.clone();
        desk.ask(job).await
    }

    /// Asks for what may take longer, such as an analysis; such jobs wait for each other. `None` where it failed.
    pub async fn ask_slowly<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Reader) -> T + Send + 'static,
    ) -> Option<T> {
        let desk = self.facts()?.slow.clone();
        desk.ask(job).await
    }

    /// The analysis, where it is made already.
    pub fn report_there(&self) -> Option<Arc<Report>> {
        self.imp().report.borrow().clone()
    }

    /// The analysis of the whole session, which is made once. It takes long, and keeps no desk waiting.
    pub async fn report(&self) -> std::result::Result<Arc<Report>, String> {
        let imp = self.imp();
        let awaited = imp.awaiting.borrow_mut().as_mut().map(|awaiting| {
            let (told, made) = oneshot::channel();
            awaiting.push(told);
            made
        });
        if let Some(made) = awaited {
            // Whoever makes it tells, unless the document is gone.
            return made.await.unwrap_or_else(|_| Err(tr("The analysis failed unexpectedly")));
        }
        if let Some(report) = imp.report.borrow().as_ref() {
            return Ok(Arc::clone(report));
        }
        imp.awaiting.replace(Some(Vec::new()));
        let path = self.path().to_owned();
        let make = move || {
            let report = Report::of(&path, None, None)?;
            // Only the welcome page would miss it, and then makes it itself.
            let _ = Glance::of(&report).keep(&path);
            Ok::<_, Error>(report)
        };
        let made = away(move || make().map_err(|error| error.to_string())).await;
        let made = made.unwrap_or_else(|| Err(tr("The analysis failed unexpectedly"))).map(Arc::new);
        imp.report.replace(made.clone().ok());
        for told in imp.awaiting.take().into_iter().flatten() {
            // Who asked may be gone.
            let _ = told.send(made.clone());
        }
        made
    }

    /// Shows a stretch of time on a page: selects it and makes it visible with its surroundings.
    pub fn go(&self, page: &str, range: Range) {
        self.set_selection(range);
        self.set_cursor(range.begin);
        self.set_visible(range.padded(1.0));
        self.show_page(page);
    }

    /// Shows a page, as it is.
    pub fn show_page(&self, page: &str) {
        self.emit_by_name::<()>("page-wanted", &[&page]);
    }

    /// Makes a stretch visible where it is not, at the same zoom.
    pub fn show_stretch(&self, range: Range) {
        let visible = self.visible();
        if range.begin < visible.begin || range.end > visible.end {
            let middle = range.begin + range.length() / 2;
            self.set_visible(visible.moved(middle - (visible.begin + visible.length() / 2), self.whole()));
        }
    }

    /// Has the page of input show the script of a file.
    pub fn want_script(&self, path: &Path) {
        self.emit_by_name::<()>("script-wanted", &[&&*path.to_string_lossy()]);
    }

    /// Called with the file of a script that is to be shown.
    pub fn connect_script_wanted(&self, wanted: impl Fn(&str) + 'static) -> glib::SignalHandlerId {
        self.connect_text("script-wanted", wanted)
    }

    /// Called with the name of a page that is to be shown.
    pub fn connect_page_wanted(&self, wanted: impl Fn(&str) + 'static) -> glib::SignalHandlerId {
        self.connect_text("page-wanted", wanted)
    }

    /// Tells the user something in passing.
    pub fn tell(&self, text: &str) {
        self.emit_by_name::<()>("told", &[&text]);
    }

    /// Called with what the user is to be told.
    pub fn connect_told(&self, told: impl Fn(&str) + 'static) -> glib::SignalHandlerId {
        self.connect_text("told", told)
    }

    /// Calls `changed` with a widget when one of these properties has changed, as long as the widget is there.
    pub fn watch<W: IsA<gtk::Widget>>(
        &self,
        widget: &W,
        properties: &[&str],
        changed: impl Fn(&W, &Document) + 'static,
    ) {
        let changed = Rc::new(changed);
        let watched = properties.iter().map(|property| {
            let (widget, changed) = (widget.downgrade(), Rc::clone(&changed));
            self.connect_notify_local(Some(property), move |document, _| {
                if let Some(widget) = widget.upgrade() {
                    changed(&widget, document);
                }
            })
        });
        let (document, watched) = (self.downgrade(), RefCell::new(watched.collect::<Vec<_>>()));
        widget.connect_destroy(move |_| {
            if let Some(document) = document.upgrade() {
                watched.take().into_iter().for_each(|handler| document.disconnect(handler));
            }
        });
    }

    /// Asks for the next thing that was found, or the one before.
    pub fn want_match(&self, next: bool) {
        self.emit_by_name::<()>("match-wanted", &[&if next { "next" } else { "previous" }]);
    }

    /// Called when another thing that was found is to be shown, with whether it is the next one.
    pub fn connect_match_wanted(&self, wanted: impl Fn(bool) + 'static) -> glib::SignalHandlerId {
        self.connect_text("match-wanted", move |which| wanted(which == "next"))
    }

    fn connect_text(&self, signal: &str, called: impl Fn(&str) + 'static) -> glib::SignalHandlerId {
        self.connect_closure(signal, false, glib::closure_local!(move |_: Document, text: String| called(&text)))
    }
}

/// From the first row of all series to the end of the last.
pub fn extent(reader: &Reader) -> Range {
    let mut whole: Option<Range> = None;
    for series in reader.session.series() {
        // A series that cannot be read is told of by whoever shows it.
        for chunk in reader.session.chunks(series.id).unwrap_or_default() {
            let range = Range { begin: chunk.summary.first, end: chunk.summary.until.max(chunk.summary.last + 1) };
            whole =
                Some(whole.map_or(range, |whole| Range {
                    begin: whole.begin.min(range.begin),
                    end: whole.end.max(range.end),
                }));
        }
    }
    whole.unwrap_or_default()
}
