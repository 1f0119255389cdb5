//! Asks for a file.

use std::path::{Path, PathBuf};

use gtk::prelude::*;
use gtk::{gio, glib};

use crate::wording::tr;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The title.
    pub title: String,
    /// The button.
    pub accept: String,
    /// Kinds of files that can be chosen among: a name, and patterns.
    pub kinds: Vec<(String, Vec<&'static str>)>,
    /// The name that is proposed.
    pub name: String,
    /// Where it begins.
    pub folder: Option<PathBuf>,
}

/// Asks for a file to read. `None` where nothing was chosen.
pub async fn to_read(parent: &impl IsA<gtk::Window>, asked: Asked) -> Option<gio::File> {
    ask(parent, gtk::FileChooserAction::Open, asked).await
}

/// Asks for a file to write; that one which is there may be replaced was asked too.
pub async fn to_write(parent: &impl IsA<gtk::Window>, asked: Asked) -> Option<PathBuf> {
    ask(parent, gtk::FileChooserAction::Save, asked).await?.path()
}

/// Asks for a folder. `None` where nothing was chosen.
pub async fn of_folder(parent: &impl IsA<gtk::Window>, asked: Asked) -> Option<PathBuf> {
    ask(parent, gtk::FileChooserAction::SelectFolder, asked).await?.path()
}

async fn ask(parent: &impl IsA<gtk::Window>, action: gtk::FileChooserAction, asked: Asked) -> Option<gio::File> {
    let chooser = gtk::FileChooserNative::new(Some(&asked.title), Some(parent), action, Some(&asked.accept), None);
    chooser.set_modal(true);
    for (name, patterns) in &asked.kinds {
        let filter = gtk::FileFilter::new();
        filter.set_name(Some(name));
        patterns.iter().for_each(|pattern| filter.add_pattern(pattern));
        chooser.add_filter(&filter);
    }
    if !asked.kinds.is_empty() {
        let all = gtk::FileFilter::new();
        all.set_name(Some(&tr("All files")));
        all.add_pattern("*");
        chooser.add_filter(&all);
    }
    if action == gtk::FileChooserAction::Save {
        chooser.set_current_name(&asked.name);
    }
    if let Some(folder) = asked.folder {
        // A folder that cannot be shown is no reason not to ask.
        let _ = chooser.set_current_folder(Some(&gio::File::for_path(folder)));
    }
    let response = chooser.run_future().await;
    let file = chooser.file().filter(|_| response == gtk::ResponseType::Accept);
    chooser.destroy();
    file
}

/// Where to begin with what belongs to a file: beside it, or at home where it lies in the cache.
pub fn beside(path: &Path) -> Option<PathBuf> {
    match path.starts_with(glib::user_cache_dir()) {
        true => Some(glib::home_dir()),
        false => path.parent().map(Path::to_owned),
    }
}
