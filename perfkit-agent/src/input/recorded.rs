//! Takes a script from a session: of all that the recorder saw of input, what a person did, window by window.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Row};

use super::{Action, Finger, Key, Place, Script, Step, Stroke, Widget, Window};
use crate::analysis::read::{rows, text};
use crate::error::{Error, Result};
use crate::session::query::Query;

/// Pixels of a display that has room for most programs.
pub const DISPLAY: (i32, i32) = (1600, 900);

/// Marks of an event (FORMAT.md): made by the toolkit, and made of another.
const SYNTHETIC: i64 = 2;
const EMULATED: i64 = 8;
const MADE: i64 = SYNTHETIC | EMULATED;
/// A key's: what it was is not kept.
const REDACTED: i64 = 4;

/// The script of the input that a session holds, whose windows are those of the process that got most of it.
pub fn of_session(path: &Path) -> Result<Script> {
    let recorded = recorded(&Query::open(path)?)?;
    recorded.map(|recorded| recorded.script).ok_or_else(|| {
        Error::Invalid(format!(
            "{} has no input with the widgets that it went to: record it with --with input",
            path.display()
        ))
    })
}

/// A script, and when in the session that it was taken from its steps were.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// The script.
    pub script: Script,
    /// For each step when it began, in nanoseconds of CLOCK_MONOTONIC.
    pub times: Vec<i64>,
}

/// The same with the times of its steps; none where a session has no input that could be played.
pub fn recorded(query: &Query) -> Result<Option<Recorded>> {
    let db = query.db();
    let pid = rows(db, "SELECT pid FROM gdk_target GROUP BY pid ORDER BY count(*) DESC LIMIT 1", [], |row| row.get(0))?;
    let Some(&pid) = pid.first() else { return Ok(None) };
    let mut making = Making::read(db, pid)?;
    for event in read_events(db, pid)? {
        making.put(event);
    }
    Ok(Some(Recorded { script: making.script, times: making.times }))
}

/// One event of input.
#[derive(Clone, Debug)]
struct Event {
    time: i64,
    /// The GDK window that got it.
    window: i64,
    /// Where in that window, and on the screen where the toolkit knows that; none for keys.
    at: Option<(f64, f64)>,
    root: Option<(f64, f64)>,
    what: What,
    target: Option<Target>,
}

#[derive(Clone, Debug)]
enum What {
    Move,
    Button {
        number: u8,
        down: bool,
    },
    /// The keysym, where it was kept, and the number of the key itself.
    Key {
        key: Option<u32>,
        code: u16,
        down: bool,
    },
    Scroll {
        by: (f64, f64),
    },
    Touch {
        finger: u32,
        what: Finger,
    },
}

#[derive(Clone, Debug)]
struct Target {
    /// The top-level or popup.
    window: i64,
    widget: Widget,
}

/// Where events of a kind lie in a session, and what becomes of a row.
struct Part {
    table: &'static str,
    /// The columns after those that all have.
    columns: &'static str,
    /// Marks of events that nobody made.
    except: i64,
    what: fn(&Row<'_>) -> rusqlite::Result<Option<What>>,
}

/// The first column of a part that is its own.
const OWN: usize = 7;

const PARTS: &[Part] = &[
    Part { table: "gdk_motion", columns: "x, y, x_root, y_root", except: MADE, what: |_| Ok(Some(What::Move)) },
    Part {
        table: "gdk_button",
        columns: "x, y, x_root, y_root, button",
        except: MADE,
        what: |row| {
            // A double click is told twice: as its presses, and as such.
            let down = match text(row, 2)?.as_str() {
                "button-press" => true,
                "button-release" => false,
                _ => return Ok(None),
            };
            Ok(Some(What::Button { number: row.get(OWN)?, down }))
        },
    },
    Part {
        table: "gdk_key",
        columns: "NULL, NULL, NULL, NULL, keyval, flags, keycode",
        except: MADE,
        what: |row| {
            let kept = row.get::<_, i64>(OWN + 1)? & REDACTED == 0;
            let key = if kept { Some(row.get(OWN)?) } else { None };
            Ok(Some(What::Key { key, code: row.get(OWN + 2)?, down: text(row, 2)? == "key-press" }))
        },
    },
    Part {
        table: "gdk_scroll",
        columns: "x, y, x_root, y_root, direction, delta_x, delta_y, is_stop",
        except: MADE,
        what: |row| {
            let stop: bool = row.get(OWN + 3)?;
            let delta = |at: usize| row.get::<_, Option<f64>>(at).map(Option::unwrap_or_default);
            let by = match text(row, OWN)?.as_str() {
                "up" => (0.0, -1.0),
                "down" => (0.0, 1.0),
                "left" => (-1.0, 0.0),
                "right" => (1.0, 0.0),
                _ => (delta(OWN + 1)?, delta(OWN + 2)?),
            };
            Ok((!stop && by != (0.0, 0.0)).then_some(What::Scroll { by }))
        },
    },
    Part {
        table: "gdk_touch",
        columns: "x, y, x_root, y_root, sequence",
        // The first finger stands for the pointer, too, and is marked for that.
        except: SYNTHETIC,
        what: |row| {
            let what = match text(row, 2)?.as_str() {
                "touch-begin" => Finger::Begin,
                "touch-update" => Finger::Move,
                _ => Finger::End,
            };
            Ok(Some(What::Touch { finger: row.get(OWN)?, what }))
        },
    },
];

/// All events of a process, in their order, each with its target.
fn read_events(db: &Connection, pid: i64) -> Result<Vec<Event>> {
    let targets = read_targets(db, pid)?;
    let mut events = Vec::new();
    for Part { table, columns, except, what } in PARTS {
        let sql = format!(
            "SELECT time, window, event, {columns} FROM {table} WHERE pid = ?1 AND flags & {except} = 0 ORDER BY time"
        );
        let pair = |row: &Row<'_>, at: usize| -> rusqlite::Result<Option<(f64, f64)>> {
            Ok(row.get::<_, Option<f64>>(at)?.zip(row.get::<_, Option<f64>>(at + 1)?))
        };
        let read = rows(db, &sql, [pid], |row| {
            let time = row.get(0)?;
            let Some(what) = what(row)? else { return Ok(None) };
            let (at, root) = (pair(row, 3)?, pair(row, 5)?);
            Ok(Some(Event { time, window: row.get(1)?, at, root, what, target: targets.get(&time).cloned() }))
        })?;
        events.extend(read.into_iter().flatten());
    }
    events.sort_by_key(|event| event.time);
    Ok(events)
}

/// The targets by the time of their event.
fn read_targets(db: &Connection, pid: i64) -> Result<HashMap<i64, Target>> {
    let sql = "SELECT time, window, path, class, label, name, x, y, width, height FROM gdk_target WHERE pid = ?1";
    let targets = rows(db, sql, [pid], |row| {
        let widget = Widget {
            path: text(row, 2)?,
            class: text(row, 3)?,
            label: text(row, 4)?,
            name: text(row, 5)?,
            area: (or_0(row, 6)?, or_0(row, 7)?, row.get(8)?, row.get(9)?),
        };
        Ok((row.get(0)?, Target { window: row.get(1)?, widget }))
    });
    Ok(targets?.into_iter().collect())
}

/// A place, which is not known everywhere.
fn or_0(row: &Row<'_>, at: usize) -> rusqlite::Result<i32> {
    Ok(row.get::<_, Option<i32>>(at)?.unwrap_or(0))
}

/// What a window was from some time on.
type History<T> = HashMap<i64, Vec<(i64, T)>>;

/// The value of a window at a time: the last before it, else the first.
fn at<T: Clone>(history: &History<T>, window: i64, time: i64) -> Option<T> {
    let of = history.get(&window)?;
    let known = of.iter().rev().find(|(since, _)| *since <= time).or(of.first());
    known.map(|(_, value)| value.clone())
}

fn history<T>(
    db: &Connection,
    pid: i64,
    sql: &str,
    value: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<History<T>> {
    let mut history = History::new();
    for (window, time, value) in rows(db, sql, [pid], |row| Ok((row.get(0)?, row.get(1)?, value(row)?)))? {
        history.entry(window).or_insert_with(Vec::new).push((time, value));
    }
    Ok(history)
}

/// A script that is being made.
struct Making {
    script: Script,
    /// When its steps began.
    times: Vec<i64>,
    owners: History<String>,
    titles: History<String>,
    roles: History<String>,
    /// Left, top, width and height.
    places: History<(i32, i32, i32, i32)>,
    shown: History<()>,
    /// What is known of each window that had input: its name, and for what it was waited last.
    named: HashMap<i64, Named>,
    /// Where the pointer is, by window.
    pointer: HashMap<i64, Place>,
    /// What keys are held, by their numbers.
    held: HashMap<u16, Key>,
    /// The time to which the steps so far have come.
    time: Option<i64>,
    began: i64,
}

struct Named {
    name: String,
    waited: Option<(i64, (i32, i32))>,
}

impl Making {
    fn read(db: &Connection, pid: i64) -> Result<Making> {
        let texts = |sql: &str| history(db, pid, sql, |row| text(row, 2));
        let fact = |name: &str| -> Result<String> {
            let sql = format!("SELECT value FROM facts WHERE name = '{name}' LIMIT 1");
            Ok(rows(db, &sql, [], |row| text(row, 0))?.pop().unwrap_or_default())
        };
        let mut script = Script { display: DISPLAY, ..Script::default() };
        script.program = shlex::split(&fact("target.command")?).unwrap_or_default();
        // The version says which GTK it is, too.
        let (toolkit, version) =
            (fact(&format!("process.{pid}.toolkit"))?, fact(&format!("process.{pid}.toolkit.version"))?);
        script.toolkit = if version.is_empty() { toolkit } else { format!("GTK {version}") };
        let places = history(
            db,
            pid,
            "SELECT window, time, x, y, width, height FROM gdk_window_geometry WHERE pid = ?1 ORDER BY time",
            |row| Ok((or_0(row, 2)?, or_0(row, 3)?, row.get(4)?, row.get(5)?)),
        )?;
        let began = rows(db, "SELECT min(time) FROM gdk_window WHERE pid = ?1", [pid], |row| row.get(0))?;
        Ok(Making {
            script,
            times: Vec::new(),
            owners: texts("SELECT window, time, owner FROM gdk_window_owner WHERE pid = ?1 ORDER BY time")?,
            titles: texts("SELECT window, time, title FROM gdk_window_title WHERE pid = ?1 ORDER BY time")?,
            roles: texts(
                "SELECT window, time, role FROM gdk_window WHERE pid = ?1 UNION ALL SELECT window, time, role FROM \
                 gdk_window_parent WHERE pid = ?1 ORDER BY 2",
            )?,
            places,
            shown: history(
                db,
                pid,
                "SELECT window, time FROM gdk_window_map WHERE pid = ?1 ORDER BY time",
                |_| Ok(()),
            )?,
            named: HashMap::new(),
            pointer: HashMap::new(),
            held: HashMap::new(),
            time: None,
            began: began.first().copied().flatten().unwrap_or(0),
        })
    }

    /// Adds the step of an event.
    fn put(&mut self, event: Event) {
        let window = event.target.as_ref().map_or(event.window, |target| target.window);
        let action = match (event.what.clone(), self.place(&event, window)) {
            (What::Key { key, code, down }, _) => self.key(key, code, down),
            (What::Move, Some(at)) => Action::Move(at),
            (What::Button { number, down: true }, Some(at)) => Action::Press(at, number),
            (What::Button { number, down: false }, Some(at)) => Action::Release(at, number),
            (What::Scroll { by }, Some(at)) => Action::Scroll(at, by),
            (What::Touch { finger, what }, Some(at)) => Action::Touch(at, finger, what),
            (_, None) => return,
        };
        if let Action::Move(at) | Action::Press(at, _) | Action::Release(at, _) = action {
            self.pointer.insert(window, at);
        }
        let name = self.wait_for(window, event.time);
        if self.joins(&action, &name, event.time) {
            return;
        }
        let after = self.since(event.time);
        self.script.steps.push(Step { after, window: name, action, widget: event.target.map(|target| target.widget) });
        self.times.push(event.time);
    }

    /// Where an event is in the top-level or popup that it is told of by.
    fn place(&self, event: &Event, window: i64) -> Option<Place> {
        let whole = |(x, y): (f64, f64)| (x.floor() as i32, y.floor() as i32);
        if matches!(event.what, What::Key { .. }) {
            return None;
        }
        // GTK 4 says of no wheel where it was turned: where the pointer is.
        let Some(at) = event.at else { return self.pointer.get(&window).copied() };
        if event.window == window {
            return Some(whole(at));
        }
        let corner = |window| self::at(&self.places, window, event.time).map(|(x, y, ..)| (f64::from(x), f64::from(y)));
        let (x, y) = match event.root {
            Some((x, y)) => corner(window).map(|(left, top)| (x - left, y - top))?,
            // Wayland tells no program where it is; what lies in a window has its place there.
            None => corner(event.window).map(|(left, top)| (at.0 + left, at.1 + top))?,
        };
        Some(whole((x, y)))
    }

    /// A key is let go as what it was pressed, also where a modifier was let go before it.
    fn key(&mut self, key: Option<u32>, code: u16, down: bool) -> Action {
        let key = key.map_or(Key::Untold, |key| Key::Known(0, key));
        match down {
            true => {
                self.held.insert(code, key);
                Action::Key(key, Stroke::Down)
            }
            false => Action::Key(self.held.remove(&code).unwrap_or(key), Stroke::Up),
        }
    }

    /// Whether a key is let go that was the last thing to be pressed: both are one step.
    fn joins(&mut self, action: &Action, window: &str, time: i64) -> bool {
        let held = micros(time - self.time.unwrap_or(time));
        match (self.script.steps.last_mut(), action) {
            (Some(last), Action::Key(key, Stroke::Up))
                if last.window == window && last.action == Action::Key(*key, Stroke::Down) =>
            {
                last.action = Action::Key(*key, Stroke::Tap(held));
                self.time = Some(time);
                true
            }
            _ => false,
        }
    }

    /// Time since the last step.
    fn since(&mut self, time: i64) -> Duration {
        let before = self.time.replace(time).unwrap_or(self.began);
        micros(time - before)
    }

    /// The window's name; waits for the window where it is new, came again, or has another size.
    fn wait_for(&mut self, window: i64, time: i64) -> String {
        let (_, _, width, height) = at(&self.places, window, time).unwrap_or((0, 0, 0, 0));
        let shown = self.shown.get(&window).and_then(|of| of.iter().rev().find(|(since, ())| *since <= time));
        let state = (shown.map_or(0, |(since, ())| *since), (width, height));
        if !self.named.contains_key(&window) {
            let named = self.name(window, time);
            self.named.insert(window, named);
        }
        let Some(named) = self.named.get_mut(&window) else { return String::new() };
        let name = named.name.clone();
        if named.waited.replace(state) != Some(state) && width > 0 && height > 0 {
            // What follows says how long after; the wait itself is for what it names.
            let step =
                Step { after: Duration::ZERO, window: name.clone(), action: Action::WaitFor(state.1), widget: None };
            self.script.steps.push(step);
            self.times.push(time);
            let display = &mut self.script.display;
            *display = (display.0.max(width), display.1.max(height));
        }
        name
    }

    /// Gives a window a name, and tells the script what it is.
    fn name(&mut self, window: i64, time: i64) -> Named {
        let role = at(&self.roles, window, time).unwrap_or_default();
        let popup = ["popup", "temp"].contains(&&*role);
        let kind = match (popup, self.script.windows.is_empty()) {
            (true, _) => "popup",
            (false, true) => "main",
            (false, false) => "window",
        };
        let number = 1 + self.script.windows.iter().filter(|known| known.name.starts_with(kind)).count();
        let name = if number == 1 { kind.to_owned() } else { format!("{kind}{number}") };
        self.script.windows.push(Window {
            name: name.clone(),
            popup,
            class: at(&self.owners, window, time).unwrap_or_default(),
            title: at(&self.titles, window, time).unwrap_or_default(),
        });
        Named { name, waited: None }
    }
}

fn micros(nanoseconds: i64) -> Duration {
    Duration::from_micros(u64::try_from(nanoseconds / 1000).unwrap_or(0))
}
