//! What is remembered from one run to the next: the keys of data/org.perfkit.Perfkit.gschema.xml.
//!
//! Where that schema is not installed, as under cargo, GSettings would end the program; there settings live in memory
//! and begin with the defaults that the schema's file names.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use gtk::gio;
use gtk::gio::prelude::*;
use gtk::glib::VariantTy;
use gtk::glib::variant::{FromVariant, Variant};
use quick_xml::events::Event;

const ID: &str = "org.perfkit.Perfkit";
/// The schema itself: the one table of keys and defaults.
const SCHEMA: &str = include_str!("../../data/org.perfkit.Perfkit.gschema.xml");

/// The style: "system", "light" or "dark".
pub const STYLE: &str = "style";
/// Whether what changes moves.
pub const ANIMATIONS: &str = "animations";
/// What new recordings record, as after `--with`; empty for what costs next to nothing.
pub const SOURCES: &str = "sources";
/// The folder of the last recording; empty where there was none.
pub const FOLDER: &str = "folder";
/// Pixels that a new window is wide.
pub const WIDTH: &str = "window-width";
/// Pixels that a new window is high.
pub const HEIGHT: &str = "window-height";
/// Whether a new window is maximized.
pub const MAXIMIZED: &str = "window-maximized";
/// Whether the side pane is shown.
pub const PANE: &str = "pane-shown";

/// The settings. All clones are one.
#[derive(Clone)]
pub struct Settings(Rc<Kept>);

enum Kept {
    Stored(gio::Settings),
    Held(Held),
}

type Watcher = Rc<dyn Fn()>;

#[derive(Default)]
struct Held {
    values: RefCell<HashMap<String, Variant>>,
    watchers: RefCell<Vec<(String, Watcher)>>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(*self.0, Kept::Stored(_)) { "Settings, stored" } else { "Settings, in memory" })
    }
}

thread_local! {
    static SETTINGS: Settings = Settings::open();
}

/// The program's settings, on its main thread.
pub fn settings() -> Settings {
    SETTINGS.with(Clone::clone)
}

impl Settings {
    fn open() -> Settings {
        // Where the desktop looks, and then beside the program, which may be installed anywhere.
        let beside = std::env::current_exe().ok();
        let beside = beside.as_deref().and_then(Path::parent).and_then(Path::parent);
        let beside = beside.map(|prefix| prefix.join("share/glib-2.0/schemas"));
        let usual = gio::SettingsSchemaSource::default();
        let found = usual.as_ref().and_then(|source| source.lookup(ID, true)).or_else(|| {
            let own = gio::SettingsSchemaSource::from_directory(beside?, usual.as_ref(), false).ok()?;
            own.lookup(ID, false)
        });
        // A schema of another version lacks keys, and to ask for one would end the program.
        let held = defaults();
        let known = found.filter(|schema| held.iter().all(|(key, _)| schema.has_key(key)));
        Settings(Rc::new(match known {
            Some(schema) => Kept::Stored(gio::Settings::new_full(&schema, None::<&gio::SettingsBackend>, None)),
            None => Kept::Held(Held { values: RefCell::new(held), watchers: RefCell::default() }),
        }))
    }

    /// The value of a key, whose type is the schema's.
    pub fn get<T: FromVariant + Default>(&self, key: &str) -> T {
        match &*self.0 {
            Kept::Stored(settings) => settings.value(key).get().unwrap_or_default(),
            Kept::Held(held) => held.values.borrow().get(key).and_then(Variant::get).unwrap_or_default(),
        }
    }

    /// Gives a key a value.
    pub fn set(&self, key: &str, value: impl ToVariant) {
        match &*self.0 {
            // What is refused, as by an administrator's lock, stays as it was.
            Kept::Stored(settings) => drop(settings.set_value(key, &value.to_variant())),
            Kept::Held(held) => {
                let value = value.to_variant();
                if held.values.borrow_mut().insert(key.to_owned(), value.clone()) == Some(value) {
                    return;
                }
                let told: Vec<Watcher> = held
                    .watchers
                    .borrow()
                    .iter()
                    .filter(|(watched, _)| watched == key)
                    .map(|(_, watcher)| Rc::clone(watcher))
                    .collect();
                told.iter().for_each(|watcher| watcher());
            }
        }
    }

    /// Calls `changed` now and whenever the value of a key changes.
    pub fn follow(&self, key: &str, changed: impl Fn() + 'static) {
        changed();
        match &*self.0 {
            Kept::Stored(settings) => drop(settings.connect_changed(Some(key), move |_, _| changed())),
            Kept::Held(held) => held.watchers.borrow_mut().push((key.to_owned(), Rc::new(changed))),
        }
    }
}

/// The keys with the values that the schema gives them.
fn defaults() -> HashMap<String, Variant> {
    let mut found = HashMap::new();
    let mut reader = quick_xml::Reader::from_str(SCHEMA);
    let (mut key, mut kind, mut within) = (String::new(), String::new(), false);
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                within = tag.name().as_ref() == "default";
                for attribute in tag.attributes().flatten().filter(|_| tag.name().as_ref() == "key") {
                    let value = attribute.value.clone().into_owned();
                    match attribute.key.as_ref() {
                        "name" => key = value,
                        "type" => kind = value,
                        // The values of an enumeration are written as texts.
                        "enum" => kind = "s".to_owned(),
                        _ => {}
                    }
                }
            }
            Ok(Event::Text(text)) if within => {
                let kind = VariantTy::new(&kind).ok();
                if let Ok(value) = Variant::parse(kind, &text) {
                    found.insert(std::mem::take(&mut key), value);
                }
                within = false;
            }
            Ok(Event::Eof) | Err(_) => return found,
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn held() -> Settings {
        Settings(Rc::new(Kept::Held(Held { values: RefCell::new(defaults()), watchers: RefCell::default() })))
    }

    #[test]
    fn what_is_not_installed_has_every_key_with_its_default() {
        let settings = held();
        assert_eq!(settings.get::<String>(STYLE), "system");
        assert!(settings.get::<bool>(ANIMATIONS) && settings.get::<bool>(PANE) && !settings.get::<bool>(MAXIMIZED));
        assert_eq!((settings.get::<i32>(WIDTH), settings.get::<i32>(HEIGHT)), (1280, 800));
        assert_eq!(settings.get::<String>(SOURCES), "");
        assert_eq!(defaults().len(), SCHEMA.matches("<key ").count());
    }

    #[test]
    fn who_follows_a_key_is_told_of_its_changes_only() {
        let (settings, told) = (held(), Rc::new(Cell::new(0)));
        let count = Rc::clone(&told);
        settings.follow(STYLE, move || count.set(count.get() + 1));
        settings.set(STYLE, "dark");
        settings.set(STYLE, "dark");
        settings.set(ANIMATIONS, false);
        assert_eq!(told.get(), 2);
        assert_eq!(settings.get::<String>(STYLE), "dark");
    }
}
