//! The welcome page: what can be done, and the sessions that were opened last, each with what it told.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;

use adw::prelude::*;
use gdkrecord::draw::Area;
use gtk::{glib, pango};

use super::flow::Flow;
use super::{accessible, graph};
use crate::draw::strip;
use crate::link::away;
use crate::model::glance::Glance;
use crate::model::recent::{self, Recent, Recents};
use crate::window::Window;
use crate::wording::{self, time, tr, tr_with};

/// A thumbnail's size in pixels.
const THUMBNAIL: (i32, i32) = (132, 44);

struct Welcome {
    window: glib::WeakRef<Window>,
    list: gtk::ListBox,
    recents: gtk::Box,
    /// What is in the list, in its order.
    listed: RefCell<Vec<Recent>>,
    /// Those of which nothing is known yet.
    unknown: RefCell<VecDeque<Row>>,
    /// Whether what is not known yet is being looked for.
    looking: Cell<bool>,
}

/// A row of the list.
#[derive(Clone)]
struct Row {
    recent: Recent,
    verdict: gtk::Label,
    details: gtk::Label,
    strip: gtk::DrawingArea,
    frames: Rc<RefCell<Vec<f32>>>,
}

/// Makes it for a window.
pub fn make(window: &Window) -> gtk::Widget {
    let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).css_classes(["boxed-list"]).build();
    accessible::name(&list, &tr("Recent Sessions"));
    let heading = gtk::Label::builder().label(tr("Recent Sessions")).xalign(0.0).css_classes(["heading"]).build();
    let recents = gtk::Box::new(gtk::Orientation::Vertical, 12);
    recents.append(&heading);
    recents.append(&list);
    let content = gtk::Box::builder()
        .orientation(gtk::Orientation::Vertical)
        .spacing(30)
        .margin_top(24)
        .margin_bottom(24)
        .margin_start(12)
        .margin_end(12)
        .valign(gtk::Align::Center)
        .build();
    let (head, first) = head();
    content.append(&head);
    content.append(&recents);
    let clamp = adw::Clamp::builder().maximum_size(760).child(&content).build();
    let scrolled = gtk::ScrolledWindow::builder().hscrollbar_policy(gtk::PolicyType::Never).child(&clamp).build();
    let (listed, unknown, looking) = Default::default();
    let welcome = Rc::new(Welcome { window: window.downgrade(), list, recents, listed, unknown, looking });
    let shown = Rc::downgrade(&welcome);
    welcome.list.connect_row_activated(move |_, row| {
        if let Some(welcome) = shown.upgrade() {
            welcome.open(row.index());
        }
    });
    // The page holds it.
    let shown = Rc::clone(&welcome);
    scrolled.connect_map(move |_| {
        shown.refresh();
        first.grab_focus();
    });
    scrolled.upcast()
}

/// The name and what can be done, and the button for what is mostly wanted.
fn head() -> (gtk::Box, gtk::Button) {
    let image = gtk::Image::builder().icon_name("org.perfkit.Perfkit").pixel_size(80).build();
    let title = gtk::Label::builder().label("perfkit").css_classes(["title-1"]).build();
    let about = gtk::Label::builder()
        .label(tr("See which frame was slow, and why. Drop an application, a program or a recording here."))
        .wrap(true)
        .justify(gtk::Justification::Center)
        .css_classes(["dim-label"])
        .build();
    let buttons = Flow::new(3, 150, 12);
    buttons.set_halign(gtk::Align::Center);
    let mut first = gtk::Button::new();
    for (label, hint, action, suggested) in [
        (tr("_New Recording…"), tr("Start a program and record it"), "win.new-recording", true),
        (tr("_Open…"), tr("Open a session, or what another tool recorded"), "win.open", false),
        (tr("_Attach…"), tr("Record a process that runs already"), "win.attach", false),
    ] {
        let button = accessible::button(&label);
        button.set_tooltip_text(Some(&hint));
        button.set_action_name(Some(action));
        button.add_css_class("pill");
        if suggested {
            button.add_css_class("suggested-action");
            first = button.clone();
        }
        buttons.append(&button);
    }
    let head = gtk::Box::new(gtk::Orientation::Vertical, 12);
    head.append(&image);
    head.append(&title);
    head.append(&about);
    buttons.set_margin_top(12);
    head.append(&buttons);
    (head, first)
}

impl Welcome {
    /// Shows the list as it is now.
    fn refresh(self: &Rc<Self>) {
        let welcome = Rc::clone(self);
        glib::spawn_future_local(async move {
            let read = || {
                let recents = Recents::load(&recent::file());
                let known = |recent: Recent| {
                    let there = recent.path.exists();
                    let glance = Glance::kept(&recent.session).filter(|_| there);
                    (recent, there, glance)
                };
                recents.sessions.into_iter().map(known).collect::<Vec<_>>()
            };
            let all = away(read).await.unwrap_or_default();
            while let Some(row) = welcome.list.row_at_index(0) {
                welcome.list.remove(&row);
            }
            welcome.recents.set_visible(!all.is_empty());
            welcome.unknown.take();
            welcome.listed.replace(all.iter().map(|(recent, ..)| recent.clone()).collect());
            for (recent, there, glance) in all {
                let row = welcome.add(&recent, there);
                match (there, glance) {
                    (false, _) => row.missing(),
                    (true, Some(glance)) => row.show(&glance),
                    (true, None) => welcome.unknown.borrow_mut().push_back(row),
                }
            }
            welcome.look();
        });
    }

    fn open(&self, at: i32) {
        let path = usize::try_from(at).ok().and_then(|at| Some(self.listed.borrow().get(at)?.path.clone()));
        if let (Some(window), Some(path)) = (self.window.upgrade(), path) {
            window.open_path(path);
        }
    }

    /// Looks at the sessions of which nothing is known yet, one after the other, as long as they are seen.
    fn look(self: &Rc<Self>) {
        if self.looking.replace(true) {
            return;
        }
        let welcome = Rc::clone(self);
        glib::spawn_future_local(async move {
            while welcome.list.is_mapped() {
                let next = welcome.unknown.borrow_mut().pop_front();
                let Some(row) = next else { break };
                let session = row.recent.session.clone();
                match away(move || Glance::make(&session)).await {
                    Some(Ok(glance)) => row.show(&glance),
                    Some(Err(error)) => row.verdict.set_label(&wording::error(&error)),
                    None => row.verdict.set_label(&tr("The analysis failed unexpectedly")),
                }
            }
            welcome.looking.set(false);
        });
    }

    fn add(self: &Rc<Self>, recent: &Recent, there: bool) -> Row {
        let name = recent.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let strip = gtk::DrawingArea::builder()
            .content_width(THUMBNAIL.0)
            .content_height(THUMBNAIL.1)
            .accessible_role(gtk::AccessibleRole::Img)
            .valign(gtk::Align::Center)
            .css_classes(["card"])
            .overflow(gtk::Overflow::Hidden)
            .build();
        let frames: Rc<RefCell<Vec<f32>>> = Rc::default();
        let drawn = Rc::clone(&frames);
        strip.set_draw_func(move |_, ctx, width, height| {
            // A thumbnail that cannot be drawn is not there.
            let _ = draw(ctx, &drawn.borrow(), Area::new(0.0, 0.0, width.into(), height.into()));
        });
        let label = |classes: &[&str]| {
            gtk::Label::builder().xalign(0.0).ellipsize(pango::EllipsizeMode::End).css_classes(classes.to_vec()).build()
        };
        let (title, verdict, details) = (label(&["heading"]), label(&[]), label(&["dim-label", "caption"]));
        title.set_label(&name);
        verdict.set_label(&tr("Being looked at…"));
        verdict.set_ellipsize(pango::EllipsizeMode::None);
        verdict.set_wrap(true);
        let folder = recent.path.parent().unwrap_or(Path::new("/")).display().to_string();
        details.set_label(&format!("{} · {folder}", when(recent.opened)));
        let text = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(3).hexpand(true).build();
        text.append(&title);
        text.append(&verdict);
        text.append(&details);
        let remove = gtk::Button::builder()
            .icon_name("window-close-symbolic")
            .tooltip_text(tr("Remove from the List"))
            .valign(gtk::Align::Center)
            .css_classes(["flat", "circular"])
            .build();
        accessible::name(&remove, &tr_with("Remove {name} from the List", &[("name", &name)]));
        let line =
            gtk::Box::builder().spacing(12).margin_start(12).margin_end(6).margin_top(9).margin_bottom(9).build();
        line.append(&strip);
        line.append(&text);
        line.append(&remove);
        let row = gtk::ListBoxRow::builder().child(&line).activatable(there).build();
        accessible::name(&row, &name);
        self.list.append(&row);
        let (welcome, path) = (Rc::downgrade(self), recent.path.clone());
        remove.connect_clicked(move |_| {
            if let Some(welcome) = welcome.upgrade() {
                welcome.remove(&path);
            }
        });
        Row { recent: recent.clone(), verdict, details, strip, frames }
    }

    /// Takes one out of the list, and offers to put it back.
    fn remove(self: &Rc<Self>, path: &Path) {
        let mut before = None;
        let path = path.to_owned();
        recent::change(|recents| {
            before = Some(recents.clone());
            recents.remove(&path);
        });
        self.refresh();
        let Some(window) = self.window.upgrade() else { return };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let words = tr_with("{name} is no longer in the list; the file stays", &[("name", &name)]);
        let welcome = Rc::clone(self);
        window.offer_undo(&words, move || {
            if let Some(before) = &before {
                recent::change(|recents| *recents = before.clone());
                welcome.refresh();
            }
        });
    }
}

impl Row {
    fn show(&self, glance: &Glance) {
        self.verdict.set_label(&glance.verdict);
        if !glance.subject.is_empty() {
            let subject = glance.subject.split(", ").next().unwrap_or_default();
            let program = subject.split(' ').next().unwrap_or_default();
            let program = program.rsplit('/').next().unwrap_or(program);
            self.details.set_label(&format!("{program}, {} · {}", time(glance.length), self.details.label()));
        }
        let slow = glance.frames.iter().filter(|took| **took > 1.0).count();
        let words = match glance.frames.is_empty() {
            true => tr("No frames"),
            false => {
                let values = [("slow", &*slow.to_string()), ("all", &*glance.frames.len().to_string())];
                tr_with("Frames: {slow} of {all} parts of the recording have one over budget", &values)
            }
        };
        accessible::name(&self.strip, &words);
        self.frames.replace(glance.frames.clone());
        self.strip.queue_draw();
    }

    /// Says that its file is not there any more.
    fn missing(&self) {
        self.verdict.set_label(&tr("The file is not there any more: it was moved or removed"));
        self.verdict.add_css_class("warning");
    }
}

fn draw(ctx: &cairo::Context, frames: &[f32], area: Area) -> gdkrecord::draw::Result<()> {
    let palette = graph::palette();
    let inner = Area::new(area.x + 4.0, area.y + 4.0, area.width - 8.0, area.height - 8.0);
    match frames.is_empty() {
        // A line for what has no frames.
        true => gdkrecord::draw::line(
            ctx,
            (inner.x, inner.middle()),
            (inner.right(), inner.middle()),
            palette.dim.alpha(0.5),
            1.0,
        ),
        false => strip::draw(ctx, palette, &strip::bars(frames, inner), inner),
    }
}

/// A time of the past as people say it: today's by the clock, others by their date.
fn when(seconds: u64) -> String {
    let Ok(then) = glib::DateTime::from_unix_local(i64::try_from(seconds).unwrap_or(0)) else { return String::new() };
    let today = glib::DateTime::now_local().is_ok_and(|now| now.ymd() == then.ymd());
    then.format(if today { "%H:%M" } else { "%x" }).map(String::from).unwrap_or_default()
}
