//! The thread that plays a script: how it goes comes out as [`Update`]s, with pictures of the display of its own, which
//! a thread beside it looks at.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use perfkit_agent::channel::conduct;
use perfkit_agent::input::Script;
use perfkit_agent::replay::measure::{self, Run};
use perfkit_agent::replay::{Audience, Display, Play, otherwise};
use perfkit_agent::source::{Source, Stop, Stopper, sources};
use perfkit_agent::symbols::{Search, Symbolizer, When, symbolise};
use perfkit_agent::{Error, Result};

use super::{Progress, recording};

/// From one picture of the display to the next.
const LOOK: Duration = Duration::from_millis(200);
/// Updates that wait at most.
const QUEUE: usize = 64;

/// What is to be played.
#[derive(Debug)]
pub struct Wanted {
    /// The script.
    pub script: Script,
    /// How it is played, and on what.
    pub play: Play,
    /// How often.
    pub runs: u32,
    /// The file of the first session; where that is taken, and for further ones, it gets a number.
    pub named: PathBuf,
}

/// How it goes.
#[derive(Debug)]
pub enum Update {
    /// A run begins, counted from 1.
    Run(u32),
    /// The display, as it is now.
    Seen(Picture),
    /// So many steps are done of this run.
    Step(usize),
    /// Something went wrong with a source: one line.
    Problem(String),
    /// A run is over.
    Ran(Ran),
    /// It is over: whether to its end, and not cancelled.
    Ended(Result<bool>),
}

/// A run that is over.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its session.
    pub session: PathBuf,
    /// How many steps were done.
    pub done: usize,
    /// What was otherwise than recorded; none where all went as it should.
    pub otherwise: Option<String>,
    /// Which step could not be done, counted from 0.
    pub failed: Option<usize>,
    /// A picture of the end, or of what could not be done.
    pub picture: Option<PathBuf>,
    /// What was measured; nothing of a run that did not go as recorded.
    pub measured: Option<Run>,
}

/// A picture: pixels of cairo's format RGB 24.
#[derive(Debug)]
pub struct Picture {
    /// The pixels, line by line.
    pub data: Vec<u8>,
    /// Width and height in pixels.
    pub size: (i32, i32),
    /// Bytes of a line.
    pub stride: i32,
}

/// The room that there is for pictures, in pixels. All clones are one.
#[derive(Clone, Debug, Default)]
pub struct Room(Arc<(AtomicI32, AtomicI32)>);

impl Room {
    /// Says how much there is.
    pub fn set(&self, (width, height): (i32, i32)) {
        self.0.0.store(width, Ordering::Relaxed);
        self.0.1.store(height, Ordering::Relaxed);
    }

    /// By how much a picture is made smaller, so that it fits.
    fn scale(&self, (width, height): (i32, i32)) -> f64 {
        let (across, down) = (self.0.0.load(Ordering::Relaxed), self.0.1.load(Ordering::Relaxed));
        let part = |room: i32, size: i32| f64::from(room.max(1)) / f64::from(size.max(1));
        part(across, width).min(part(down, height)).min(1.0)
    }
}

/// Begins it. Whoever hears no more of the updates has cancelled it, as `progress` does.
pub fn start(wanted: Wanted, progress: Progress, room: Room) -> Result<Receiver<Update>> {
    let (tell, updates) = async_channel::bounded(QUEUE);
    let named = wanted.named.clone();
    let run = move || {
        let played = std::panic::AssertUnwindSafe(|| play(&wanted, &progress, &room, &tell));
        let ended = std::panic::catch_unwind(played);
        let ended =
            ended.unwrap_or_else(|_| Err(Error::Invalid("the replay failed by an error of perfkit".to_owned())));
        // Nobody may be there any more to hear it.
        let _ = tell.send_blocking(Update::Ended(ended));
    };
    std::thread::Builder::new().name("replay".into()).spawn(run).map_err(Error::file("start a thread for", &named))?;
    Ok(updates)
}

fn play(wanted: &Wanted, progress: &Progress, room: &Room, tell: &Sender<Update>) -> Result<bool> {
    recording::prepare(&|problem| drop(tell.send_blocking(Update::Problem(problem))));
    let sources = sources();
    for number in 1..=wanted.runs {
        // Who asks is told by the error.
        let _ = tell.send_blocking(Update::Run(number));
        let session = conduct::free(&wanted.named)?;
        let Some(ran) = once(wanted, &session, &sources, progress, room, tell)? else { return Ok(false) };
        let _ = tell.send_blocking(Update::Ran(ran));
    }
    Ok(true)
}

fn once(
    wanted: &Wanted,
    session: &Path,
    sources: &[Box<dyn Source>],
    progress: &Progress,
    room: &Room,
    tell: &Sender<Update>,
) -> Result<Option<Ran>> {
    let Wanted { script, play, .. } = wanted;
    let watcher = RefCell::default();
    let mut window = Window { progress, room, tell, watcher };
    let Some(account) = play.once(script, session, sources, &mut window)? else { return Ok(None) };
    // Where names are not found, addresses are shown.
    let _ = symbolise(session, &mut Symbolizer::new(Search::system()), When::Recorded, &mut |_, _| {
        !progress.is_cancelled() && !tell.is_closed()
    });
    for note in &account.notes {
        let _ = tell.send_blocking(Update::Problem(note.clone()));
    }
    let otherwise = otherwise(&account, script, session);
    let measured = match otherwise {
        // The figures of one run are in its session.
        None if wanted.runs > 1 => Some(measure::run(session, script, &account)?),
        _ => None,
    };
    Ok(Some(Ran {
        session: session.to_owned(),
        done: account.done,
        failed: account.trouble.map(|trouble| trouble.step),
        picture: account.picture,
        otherwise,
        measured,
    }))
}

/// The window, as the replay sees it.
struct Window<'a> {
    progress: &'a Progress,
    room: &'a Room,
    tell: &'a Sender<Update>,
    watcher: RefCell<Option<Watcher>>,
}

impl Audience for Window<'_> {
    fn staged(&mut self, display: &str) {
        self.watcher.replace(Watcher::start(display, self.room.clone(), self.tell.clone()));
    }

    fn done(&mut self, steps: usize) {
        // Where the last ones were not heard yet, this one is not missed.
        let _ = self.tell.try_send(Update::Step(steps));
    }

    fn stops(&self) -> bool {
        self.progress.is_cancelled() || self.tell.is_closed()
    }

    fn problem(&mut self, line: &str) {
        let _ = self.tell.send_blocking(Update::Problem(line.to_owned()));
    }

    fn ending(&mut self) {
        self.watcher.take();
    }
}

/// The thread that looks at the display. Dropped, it has ended.
struct Watcher {
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Where it cannot be started, nothing is seen, and everything is played.
    fn start(display: &str, room: Room, tell: Sender<Update>) -> Option<Watcher> {
        let (stopper, stop) = Stopper::new().ok()?;
        let name = display.to_owned();
        let watch = move || {
            if let Ok(display) = Display::on(&name) {
                watch(&display, &room, &stop, &tell);
            }
        };
        let thread = std::thread::Builder::new().name("spectator".into()).spawn(watch).ok()?;
        Some(Watcher { stopper, thread: Some(thread) })
    }
}

fn watch(display: &Display, room: &Room, stop: &Stop, tell: &Sender<Update>) {
    let (mut before, mut reach) = (Vec::new(), (0, 0));
    // A display that ended is told of by who plays on it.
    while let Ok(mut picture) = display.picture() {
        // What was shown once stays in sight, so that the picture does not jump.
        let now = reached(&mut picture);
        reach = (reach.0.max(now.0), reach.1.max(now.1));
        let made = smaller(&picture, reach, room);
        if let Ok(picture) = made.map_err(drop)
            && before != picture.data
        {
            before.clone_from(&picture.data);
            let _ = tell.try_send(Update::Seen(picture));
        }
        if stop.wait(LOOK) {
            return;
        }
    }
}

/// How far from its left top corner, where programs put their windows, a picture shows anything.
fn reached(picture: &mut cairo::ImageSurface) -> (i32, i32) {
    let (width, stride) = (picture.width() as usize, picture.stride() as usize);
    let Ok(data) = picture.data() else { return (0, 0) };
    let mut reach = (0, 0);
    for (y, line) in data.chunks(stride).enumerate() {
        // The fourth byte of a pixel means nothing.
        let mut pixels = line.chunks_exact(4).take(width);
        if let Some(x) = pixels.rposition(|pixel| pixel[..3] != [0; 3]) {
            reach = (reach.0.max(x as i32 + 1), y as i32 + 1);
        }
    }
    reach
}

/// The part of a picture that shows anything, made to fit into the room for it: what is left to the main thread is to
/// copy it.
fn smaller(
    picture: &cairo::ImageSurface,
    reach: (i32, i32),
    room: &Room,
) -> std::result::Result<Picture, Box<dyn std::error::Error>> {
    let (width, height) = if reach == (0, 0) { (picture.width(), picture.height()) } else { reach };
    let scale = room.scale((width, height));
    let size = |full: i32| ((f64::from(full) * scale).round() as i32).max(1);
    let small = cairo::ImageSurface::create(cairo::Format::Rgb24, size(width), size(height))?;
    let ctx = cairo::Context::new(&small)?;
    ctx.scale(scale, scale);
    ctx.set_source_surface(picture, 0.0, 0.0)?;
    ctx.source().set_filter(cairo::Filter::Good);
    ctx.paint()?;
    drop(ctx);
    let (size, stride) = ((small.width(), small.height()), small.stride());
    Ok(Picture { data: small.take_data()?.to_vec(), size, stride })
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            // A panic in it was told of where it happened.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_fits_into_its_room_and_is_never_larger_than_it_is() {
        let room = Room::default();
        for (of, expected) in [((80, 90), (80, 45)), ((800, 900), (160, 90)), ((0, 0), (1, 1))] {
            room.set(of);
            let picture = cairo::ImageSurface::create(cairo::Format::Rgb24, 160, 90).unwrap();
            let small = smaller(&picture, (0, 0), &room).unwrap();
            assert_eq!(small.size, expected);
            assert_eq!(small.data.len(), (small.stride * small.size.1) as usize);
        }
    }

    #[test]
    fn of_a_display_that_is_mostly_empty_the_part_with_windows_is_shown() {
        let mut picture = cairo::ImageSurface::create(cairo::Format::Rgb24, 160, 90).unwrap();
        assert_eq!(reached(&mut picture), (0, 0));
        let ctx = cairo::Context::new(&picture).unwrap();
        ctx.set_source_rgb(1.0, 1.0, 1.0);
        ctx.rectangle(10.0, 5.0, 40.0, 20.0);
        ctx.fill().unwrap();
        drop(ctx);
        assert_eq!(reached(&mut picture), (50, 25));
        let room = Room::default();
        room.set((800, 900));
        assert_eq!(smaller(&picture, (50, 25), &room).unwrap().size, (50, 25));
    }
}
