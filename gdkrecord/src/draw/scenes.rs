//! Recordings made up for the reference pictures: the usual one, and those that are hard to draw.

use super::treemap::Tree;
use crate::field::{FieldType, Rect, Value};
use crate::kind::{Body, Event, Kind};

const MS: u64 = 1_000_000;

/// A recording in memory: it begins at 0.
pub struct Scene {
    pub events: Vec<Event>,
    /// Its end, in nanoseconds.
    pub end: u64,
}

impl Scene {
    fn new(end: u64) -> Scene {
        Scene { events: Vec::new(), end }
    }

    /// Adds an event; fields that are not given are unknown, 0 or empty.
    fn add(&mut self, time: u64, kind: &str, fields: &[(&str, Value<'_>)]) {
        let kind = Kind::by_name(kind).unwrap();
        let body = Body::from_values(kind, &mut |name| {
            let given = fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.clone());
            given.unwrap_or_else(|| match kind.fields.iter().find(|field| field.name == name).unwrap().of {
                FieldType::Bool => Value::Bool(false),
                FieldType::Uint(_) => Value::Uint(0),
                FieldType::Int(_) => Value::Int(0),
                FieldType::Name(names) => Value::Text(names[0]),
                FieldType::Rects => Value::Rects(&[]),
                FieldType::Text | FieldType::Bytes => Value::Text(""),
                FieldType::Float | FieldType::Span => Value::None,
            })
        });
        self.events.push(Event { time, thread: 0, body: body.unwrap() });
    }

    fn window(&mut self, time: u64, id: u64, role: &str, title: &str, place: Option<(i64, i64)>, size: (i64, i64)) {
        let window = ("window", Value::Uint(id));
        let at = |of: fn((i64, i64)) -> i64| place.map_or(Value::None, |place| Value::Int(of(place)));
        self.add(time, "window", &[window.clone(), ("role", Value::Text(role))]);
        self.add(time, "window-title", &[window.clone(), ("title", Value::Text(title))]);
        let geometry = [
            window.clone(),
            ("x", at(|p| p.0)),
            ("y", at(|p| p.1)),
            ("width", Value::Int(size.0)),
            ("height", Value::Int(size.1)),
        ];
        self.add(time, "window-geometry", &geometry);
        self.add(time, "window-map", &[window]);
    }

    fn exposure(&mut self, time: u64, window: u64, what: &str, rects: &[Rect]) {
        let what = ("what", Value::Text(what));
        self.add(time, "exposure", &[("window", Value::Uint(window)), what, ("rects", Value::Rects(rects))]);
    }

    fn frame(&mut self, time: u64, ns: u64) {
        let at = |percent: u64| Value::Uint(ns * percent / 100);
        let fields = [
            ("duration", Value::Uint(ns)),
            ("flush_events", at(0)),
            ("update", at(8)),
            ("layout", at(20)),
            ("paint", at(45)),
            ("after_paint", at(92)),
            ("interval", Value::Uint(16_666_667)),
        ];
        self.add(time, "frame", &fields);
    }

    fn dispatch(&mut self, time: u64, ns: u64, source: &str) {
        self.add(time, "dispatch", &[("duration", Value::Uint(ns)), ("source", Value::Text(source))]);
    }

    fn input(&mut self, time: u64, kind: &str, event: &str, ns: u64, at: (f32, f32)) {
        let (x, y) = (("x", Value::Float(at.0)), ("y", Value::Float(at.1)));
        let event = ("event", Value::Text(event));
        self.add(time, kind, &[("duration", Value::Uint(ns)), ("window", Value::Uint(1)), event, x, y]);
    }
}

/// A program with a window and a menu, used for three seconds; one frame is slow, and a timeout is its cause.
pub fn session() -> Scene {
    let mut scene = Scene::new(3_000 * MS);
    scene.window(20 * MS, 1, "toplevel", "Notes", Some((40, 30)), (640, 420));
    scene.exposure(120 * MS, 1, "damage", &[Rect::new(0, 0, 640, 420)]);
    scene.exposure(121 * MS, 1, "repaint", &[Rect::new(0, 0, 640, 420)]);
    for n in 0..170u64 {
        let time = 120 * MS + n * 16_666_667;
        let spread = n * 7919 % 13;
        let ns = if n == 83 { 74 * MS } else { 900_000 + spread * 350_000 };
        if n == 83 {
            scene.dispatch(time - 50 * MS, 48 * MS, "load_everything");
        }
        if (20..80).contains(&n) {
            let at = (20.0 + n as f32 * 5.0, 60.0 + n as f32 * 2.0);
            scene.input(time - 2 * MS, "motion", "motion-notify", 40_000 + spread * 30_000, at);
            let changed = Rect::new(n as i32 * 5, n as i32 * 2 + 40, 90, 28);
            scene.exposure(time, 1, "damage", &[changed]);
            scene.exposure(time, 1, "repaint", &[Rect::new(n as i32 * 5 - 6, n as i32 * 2 + 34, 104, 42)]);
        }
        if n > 110 && n % 9 == 0 {
            scene.input(time - 2 * MS, "key", "key-press", 300_000 + spread * 100_000, (0.0, 0.0));
            scene.exposure(time, 1, "damage", &[Rect::new(60, 300, 400, 20)]);
            scene.exposure(time, 1, "repaint", &[Rect::new(56, 296, 408, 28)]);
        }
        scene.dispatch(time - 100_000, ns + 200_000, "[gdk] gdk_frame_clock_paint_idle");
        scene.dispatch(time - 3 * MS, 60_000 + spread * 20_000, "GDK X11 Event source (:0)");
        scene.frame(time, ns);
        let cost = [("duration", Value::Uint(ns / 3)), ("class", Value::Text("GtkLabel")), ("count", Value::Uint(3))];
        scene.add(time, "widget-cost", &cost);
    }
    scene.input(1_480 * MS, "button", "button-press", 2 * MS, (300.0, 90.0));
    scene.window(1_560 * MS, 2, "popup", "", Some((330, 130)), (180, 240));
    scene.exposure(1_600 * MS, 2, "damage", &[Rect::new(0, 0, 180, 240)]);
    scene.exposure(1_600 * MS, 2, "repaint", &[Rect::new(0, 0, 180, 240)]);
    scene.events.sort_by_key(|event| event.time);
    scene
}

/// Two hundred windows with long titles whose places are not known, as on Wayland; every sort of lane.
pub fn crowd() -> Scene {
    let mut scene = Scene::new(2_000 * MS);
    for n in 1..=200u64 {
        let title =
            format!("{n} – a title that goes on and on, with 日本語, עברית and an emoji 🙂, as titles of web pages do");
        scene.window(n * 5 * MS, n, "toplevel", &title, None, (300 + n as i64 % 7 * 40, 200 + n as i64 % 5 * 30));
        let rects = [Rect::new(10, 10, 80, 40), Rect::new(120, 60, 60, 60)];
        scene.exposure(n * 5 * MS + 1, n, "damage+repaint", &rects[..1 + n as usize % 2]);
        let source = format!("a source with a long name of its own, number {}", n % 9);
        scene.dispatch(n * 5 * MS, n * 10_000, &source);
        scene.frame(n * 9 * MS, 3 * MS + n * 20_000);
    }
    scene.events.sort_by_key(|event| event.time);
    scene
}

/// A day and two hours with a frame an hour, one of them of a second.
pub fn long() -> Scene {
    let hour = 3_600_000 * MS;
    let mut scene = Scene::new(26 * hour);
    scene.window(1, 1, "toplevel", "Clock", Some((0, 0)), (200, 100));
    for n in 0..26 {
        scene.exposure(n * hour + 7, 1, "damage+repaint", &[Rect::new(0, 0, 200, 100)]);
        scene.frame(n * hour + 8, if n == 17 { 1_000 * MS } else { 2 * MS });
    }
    scene
}

/// Less than a millisecond of a window larger than any screen.
pub fn short_and_huge() -> Scene {
    let mut scene = Scene::new(900_000);
    scene.window(1, 1, "toplevel", "Wall", Some((-200, -100)), (15_360, 8_640));
    scene.exposure(100_000, 1, "damage", &[Rect::new(0, 0, 15_360, 8_640)]);
    scene.exposure(110_000, 1, "repaint", &[Rect::new(0, 0, 15_360, 8_640)]);
    scene.exposure(400_000, 1, "damage", &[Rect::new(9_000, 5_000, 900, 700)]);
    scene.exposure(400_000, 1, "repaint", &[Rect::new(8_900, 4_900, 1_100, 900)]);
    scene.dispatch(50_000, 420_000, "idle");
    scene.frame(100_000, 350_000);
    scene
}

/// One event and nothing else.
pub fn one_event() -> Scene {
    let mut scene = Scene::new(1_000 * MS);
    scene.dispatch(400 * MS, 3 * MS, "idle");
    scene
}

/// Nothing at all.
pub fn empty() -> Scene {
    Scene::new(0)
}

/// Functions by module, as samples of a program that draws show them, each with how often it was seen as its level.
pub fn functions() -> Tree {
    const MODULES: &[(&str, &[(&str, f64)])] = &[
        (
            "libgtk-4.so.1",
            &[
                ("gtk_widget_snapshot", 84.0),
                ("gtk_css_node_validate_internal", 66.0),
                ("gtk_widget_measure", 31.0),
                ("gsk_gl_renderer_render", 27.0),
                ("gtk_box_layout_allocate", 12.0),
                ("gtk_list_item_manager_update", 9.0),
            ],
        ),
        ("libpixman-1.so.0", &[("sse2_composite_over_8888_8888", 61.0), ("general_composite_rect", 24.0)]),
        ("gnome-text-editor", &[("editor_page_draft_cb", 58.0), ("on_row_activated", 33.0), ("μέθοδος_κλήσης", 8.0)]),
        ("libc.so.6", &[("__memmove_avx_unaligned_erms", 37.0), ("malloc", 14.0), ("_int_free", 11.0)]),
        ("libpango-1.0.so.0", &[("pango_layout_check_lines", 21.0), ("pango_shape_internal", 18.0)]),
        ("libglib-2.0.so.0", &[("g_hash_table_lookup", 12.0), ("g_main_context_check", 6.0)]),
        ("libcairo.so.2", &[("_cairo_tor_scan_converter_generate", 9.0)]),
        ("[kernel]", &[("clear_page_erms", 7.0), ("copy_user_enhanced_fast_string", 5.0)]),
    ];
    let mut tree = Tree::new("functions");
    for (n, (module, functions)) in MODULES.iter().enumerate() {
        let group = tree.add(0, module, 0.0);
        tree.node_mut(group).group = n as u16;
        let few = (0..14).map(|at| (format!("static_{at}"), 3.0 / f64::from(at + 1)));
        let functions = functions.iter().map(|(name, ms)| ((*name).to_owned(), *ms)).chain(few);
        let mut sum = 0.0;
        for (at, (name, ms)) in functions.enumerate() {
            let function = tree.add(group, &name, ms);
            let node = tree.node_mut(function);
            node.value = crate::units::duration((ms * 1e6) as u64).into();
            node.level = if at % 5 == 3 { f32::NAN } else { (at * 37 % 100) as f32 / 100.0 };
            sum += ms;
        }
        tree.node_mut(group).value = crate::units::duration((sum * 1e6) as u64).into();
    }
    tree
}

/// Twenty thousand files in folders of folders, most of them smaller than a pixel.
pub fn many() -> Tree {
    let mut tree = Tree::new("files");
    for top in 0..9u64 {
        let folder = tree.add(0, &format!("/usr/lib/part-{top}"), 0.0);
        for inner in 0..10 {
            let inner_folder = tree.add(folder, &format!("folder-{inner}"), 0.0);
            for file in 0..220 {
                let weight = 1e6 / (1.0 + ((file * 7919 + inner * 31 + top * 17) % 997) as f64);
                tree.add(inner_folder, &format!("file-{file}.so"), weight);
            }
        }
    }
    tree
}

/// One thing alone.
pub fn single() -> Tree {
    let mut tree = Tree::new("callbacks");
    let only = tree.add(0, "load_everything", 48.0);
    tree.node_mut(only).value = "48 ms".into();
    tree
}
