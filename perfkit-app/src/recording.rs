//! What a window does about recordings: from what a dialog asks for, or what is dropped on it, to the session that it
//! shows in the end.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use adw::prelude::*;
use gtk::{gio, glib};
use perfkit_agent::channel::{self, Subject};

use crate::dialogs::record::{self, Preset, Start, Target, of_file};
use crate::link::away;
use crate::link::recording::{Done, Recording, Update, Wanted};
use crate::settings::{self, settings};
use crate::widgets::live::Live;
use crate::widgets::{accessible, status};
use crate::window::Window;
use crate::wording::{self, plain, time, tr, tr_with};

/// What ends by itself sooner, and draws nothing, was hardly meant so.
const SOON: std::time::Duration = std::time::Duration::from_secs(3);

/// Asks what is to be recorded.
pub fn ask(window: &Window) {
    record::present(window, &Target::Start(Start::default()).into());
}

/// Opens what was dropped on a window, or named on the command line, or sets up a recording of it where it is a program or an application.
pub fn dropped(window: &Window, file: &gio::File) {
    let (window, file) = (window.clone(), file.clone());
    glib::spawn_future_local(async move {
        let Some(path) = file.path() else { return window.open(&file) };
        let at = path.clone();
        match away(move || starts(&at)).await.flatten() {
            Some(Ok(start)) => record::present(&window, &Target::Start(start).into()),
            Some(Err(error)) => window.complain(&tr("Cannot Record This Application"), &error),
            None => window.open_path(path),
        }
    });
}

/// What a file starts, where it is of an application or a program; a recording that may be executed, as all files of
/// some disks, is none.
fn starts(path: &Path) -> Option<Result<Start, String>> {
    let mut head = [0; 4];
    let read = File::open(path).and_then(|file| file.take(4).read(&mut head));
    let runs = read.is_ok() && (head == *b"\x7fELF" || head.starts_with(b"#!"));
    let named = path.extension().is_some_and(|extension| extension == "desktop");
    if runs || named { of_file(path) } else { None }
}

/// Starts a recording and shows it: in this window, or in a new one where this has something to show. `again` is what
/// the dialog begins with, should it be tried again.
pub fn start(window: &Window, wanted: Wanted, again: Preset) {
    let window = match (window.is_free(), window.application().and_downcast::<adw::Application>()) {
        (false, Some(app)) => {
            let window = Window::new(&app);
            GtkWindowExt::present(&window);
            window
        }
        _ => window.clone(),
    };
    if let Some(folder) = wanted.output.parent().and_then(Path::to_str) {
        settings().set(settings::FOLDER, folder);
    }
    let name = match (&wanted.plan.subject, &again.target) {
        (_, Target::Attach(process)) => format!("{} ({})", process.name, process.pid),
        (Subject::Start(launch), _) => channel::name(&launch.program),
        (Subject::Attach(pid), _) => pid.to_string(),
    };
    let recording = match Recording::start(wanted) {
        Ok(recording) => recording,
        Err(error) => return window.complain(&tr("Cannot Record"), &wording::error(&error)),
    };
    let updates = recording.updates.clone();
    let live = Live::new(recording, &name);
    window.put("recording", &live, &tr_with("Recording {name}", &[("name", &name)]));
    let (window, live) = (window.downgrade(), live.downgrade());
    glib::spawn_future_local(async move {
        let mut problems = Vec::new();
        while let Ok(update) = updates.recv().await {
            let (Some(window), Some(live)) = (window.upgrade(), live.upgrade()) else { return };
            live.take(&update);
            match update {
                Update::Problem(line) => problems.push(line),
                Update::Again(session) => crate::model::recent::opened(&session, &session),
                Update::Ended(ended) => ended_in(&window, &name, ended, &problems, &again),
                _ => {}
            }
        }
    });
}

/// Shows what came of a recording.
fn ended_in(window: &Window, name: &str, ended: perfkit_agent::Result<Done>, problems: &[String], again: &Preset) {
    if !window.is_visible() {
        // It was only waited for.
        window.put_away("recording");
        return window.close();
    }
    let done = match ended {
        Ok(done) => done,
        Err(error) => {
            let lines =
                [&wording::error(&error)].into_iter().chain(problems).map(|line| plain(line)).collect::<Vec<_>>();
            return failed(window, &tr("Cannot Record"), &lines.join("\n"), None, again);
        }
    };
    if done.discarded {
        window.put_away("recording");
        return window.toast(&tr("The recording was discarded"));
    }
    if !done.outcome.whole {
        let title = tr_with("The Recording of {name} Is Not Whole", &[("name", name)]);
        let lines: Vec<String> = problems.iter().map(|line| plain(line)).collect();
        return failed(window, &title, &lines.join("\n"), Some(done.session), again);
    }
    if done.by_itself && !done.draws && done.outcome.time < SOON {
        let took = time(i64::try_from(done.outcome.time.as_nanos()).unwrap_or(i64::MAX));
        let title = tr_with("{name} Ended After {time}", &[("name", name), ("time", &took)]);
        return failed(window, &title, &why(&done, problems), Some(done.session), again);
    }
    if done.by_itself {
        window.toast(&ending(done.outcome.code));
    }
    window.put_away("recording");
    window.open_path(done.session);
}

/// Why a program may have ended so soon.
fn why(done: &Done, problems: &[String]) -> String {
    let mut lines = vec![ending(done.outcome.code)];
    if done.outcome.code == 0 && done.said.is_empty() {
        lines
            .push(tr("If it runs already, it may have told the one that runs to open a window: close that one first."));
    }
    lines.extend(problems.iter().cloned());
    let mut text = lines.iter().map(|line| plain(line)).collect::<Vec<_>>().join("\n");
    if !done.said.is_empty() {
        let said: Vec<String> = done.said.iter().map(|line| plain(line)).collect();
        text.push_str(&format!("\n\n{}\n<tt>{}</tt>", plain(&tr("It said last:")), said.join("\n")));
    }
    text
}

/// How a program ended, in words.
fn ending(code: u8) -> String {
    match code {
        0 => tr("The program has ended"),
        129..=192 => tr_with("The program was ended by the signal {signal}", &[("signal", &signal(code - 128))]),
        code => tr_with("The program has ended with the status {status}", &[("status", &code.to_string())]),
    }
}

fn signal(number: u8) -> String {
    nix::sys::signal::Signal::try_from(i32::from(number))
        .map_or_else(|_| number.to_string(), |signal| signal.to_string())
}

/// Says in the recording's place why it is none, or not what was meant, and what can be done.
fn failed(window: &Window, title: &str, markup: &str, session: Option<PathBuf>, again: &Preset) {
    let page = status::trouble("", "");
    page.set_title(&plain(title));
    page.set_description(Some(markup));
    let buttons = gtk::Box::builder().spacing(12).halign(gtk::Align::Center).build();
    let button = |label: &str| {
        let button = accessible::button(label);
        button.add_css_class("pill");
        button
    };
    let retry = button(&tr("_Record Again…"));
    retry.add_css_class("suggested-action");
    let (parent, again) = (window.downgrade(), again.clone());
    retry.connect_clicked(move |_| {
        if let Some(window) = parent.upgrade() {
            record::present(&window, &again);
        }
    });
    buttons.append(&retry);
    if let Some(session) = session {
        let open = button(&tr("_Open the Session"));
        let parent = window.downgrade();
        open.connect_clicked(move |_| {
            if let Some(window) = parent.upgrade() {
                window.open_path(session.clone());
            }
        });
        buttons.append(&open);
    }
    let back = button(&tr("_Back"));
    let parent = window.downgrade();
    back.connect_clicked(move |_| {
        if let Some(window) = parent.upgrade() {
            window.put_away("recording");
        }
    });
    buttons.append(&back);
    page.set_child(Some(&buttons));
    window.put("recording", &page, title);
    retry.grab_focus();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_applications_are_told_from_recordings() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &[u8], mode| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        assert!(starts(&write("script", b"#!/bin/sh\n", 0o755)).is_some_and(|start| start.is_ok()));
        assert!(starts(&write("text", b"#!/bin/sh\n", 0o644)).is_none());
        assert!(starts(&write("a.perfkit", b"SQLite format 3\0", 0o755)).is_none());
        assert!(starts(&write("a.desktop", b"junk", 0o644)).is_some_and(|start| start.is_err()));
        assert!(starts(Path::new("/bin/sh")).is_some_and(|start| start.is_ok()));
    }

    #[test]
    fn an_ending_is_told_in_words() {
        assert_eq!(ending(139), "The program was ended by the signal SIGSEGV");
        assert_eq!(ending(3), "The program has ended with the status 3");
    }
}
