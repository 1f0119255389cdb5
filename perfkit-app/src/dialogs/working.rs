//! What takes time, with a bar and a button to end it; shown only where it takes long enough to be read.

use std::time::Duration;

use adw::prelude::*;
use gtk::glib;

use crate::link::{Progress, away};
use crate::wording::tr;

/// From one look at how far it is to the next.
const STEP: Duration = Duration::from_millis(80);
/// Looks before it is shown: what is done within a quarter of a second needs no words.
const PATIENCE: u32 = 3;

/// Does a job on a thread of its own, which is told when it is to end. `None` where it failed unexpectedly.
pub async fn work<T: Send + 'static>(
    parent: &impl IsA<gtk::Window>,
    title: &str,
    job: impl FnOnce(&Progress) -> T + Send + 'static,
) -> Option<T> {
    let progress = Progress::default();
    let bar = gtk::ProgressBar::builder().build();
    let dialog = adw::MessageDialog::builder()
        .transient_for(parent)
        .modal(true)
        .heading(title)
        .extra_child(&bar)
        .close_response("cancel")
        .build();
    dialog.add_response("cancel", &tr("_Cancel"));
    let cancelled = progress.clone();
    dialog.connect_response(None, move |_, _| cancelled.cancel());
    let (shown, watched, mut looks) = (dialog.downgrade(), progress.clone(), 0);
    let ticking = glib::timeout_add_local(STEP, move || {
        let Some(dialog) = shown.upgrade() else { return glib::ControlFlow::Break };
        match watched.share() {
            Some(share) => bar.set_fraction(share),
            None => bar.pulse(),
        }
        looks += 1;
        if looks == PATIENCE {
            dialog.present();
        }
        glib::ControlFlow::Continue
    });
    let told = progress.clone();
    let done = away(move || job(&told)).await;
    ticking.remove();
    dialog.destroy();
    done
}
