//! Facts about the process, its toolkit and its machine, and the files it has mapped.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use gdkrecord::kind::raw;
use gdkrecord::writer::now;

use crate::ffi::memory::{self, variable};
use crate::recorder::{Session, Toolkit};

static BACKEND: OnceLock<String> = OnceLock::new();
static NEXT: AtomicU64 = AtomicU64::new(0);
static ADDS: AtomicU64 = AtomicU64::new(0);
static TOLD: Mutex<Vec<(usize, String)>> = Mutex::new(Vec::new());

/// What the kernel has as the command line.
fn arguments() -> Vec<String> {
    let bytes = std::fs::read("/proc/self/cmdline").unwrap_or_default();
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    bytes.split(|&byte| byte == 0).map(|one| String::from_utf8_lossy(one).into_owned()).collect()
}

/// The program's name, as the file's name has it.
pub fn program() -> String {
    let first = arguments().into_iter().next().unwrap_or_default();
    let name = first.rsplit('/').next().unwrap_or_default().trim_start_matches('-');
    if name.is_empty() { "unknown".into() } else { name.into() }
}

fn file(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// Records what is known at the start.
pub fn start(session: &Session) {
    session.fact("program", &program());
    for (at, argument) in arguments().iter().enumerate().take(100) {
        session.fact(&format!("arg.{at}"), argument);
    }
    let path = |link: &str| std::fs::read_link(link).map(|path| path.display().to_string()).unwrap_or_default();
    session.fact("executable", &path("/proc/self/exe"));
    session.fact("cwd", &path("/proc/self/cwd"));
    session.fact("pid", &std::process::id().to_string());
    session.fact("parent", &std::os::unix::process::parent_id().to_string());
    let (name, renderer) = match session.toolkit {
        Toolkit::Gtk2 => ("GTK 2", "cairo"),
        Toolkit::Gtk3 => ("GTK 3", "cairo"),
        Toolkit::Gtk4 => ("GTK 4", ""),
    };
    session.fact("toolkit", name);
    let [major, minor, micro] = session.version;
    session.fact("toolkit.version", &format!("{major}.{minor}.{micro}"));
    session.fact("renderer", renderer);
    let glib = [c"glib_major_version", c"glib_minor_version", c"glib_micro_version"]
        .map(|name| variable(session.library, name).unwrap_or(0).to_string());
    session.fact("glib.version", &glib.join("."));
    session.fact("recorder.version", env!("CARGO_PKG_VERSION"));
    session.fact("hostname", &file("/proc/sys/kernel/hostname"));
    session.fact("kernel", &format!("{} {}", file("/proc/sys/kernel/ostype"), file("/proc/sys/kernel/osrelease")));
    let release = file("/etc/os-release");
    let os = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    session.fact("os", os.unwrap_or_default().trim_matches('"'));
    session.fact("machine", std::env::consts::ARCH);
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    session.fact("cpus", &cpus.to_string());
    // Ticks of a hundredth of a second since the boot.
    let stat = file("/proc/self/stat");
    let ticks = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(19)).unwrap_or_default();
    session.fact("start.ticks", ticks);
    session.fact("start.monotonic", &now().to_string());
    let realtime = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    session.fact("start.realtime", &realtime.as_nanos().to_string());
    for name in ["GDK_BACKEND", "GSK_RENDERER", "GTK_THEME", "GDK_SCALE", "GTK_MODULES", "XDG_SESSION_TYPE", "LANG"] {
        session.fact(&format!("env.{name}"), &std::env::var(name).unwrap_or_default());
    }
    modules(session);
}

/// Records the files with code that are new among what is mapped.
pub fn modules(session: &Session) {
    let adds = memory::adds();
    if ADDS.swap(adds, Ordering::Relaxed) == adds && adds != 0 {
        return;
    }
    let Ok(mut told) = TOLD.lock() else { return };
    let known = |base: usize, path: &str| told.iter().any(|(at, name)| *at == base && name == path);
    for one in memory::loaded_but(&known) {
        let path = if one.path.is_empty() {
            std::fs::read_link("/proc/self/exe").map(|path| path.display().to_string()).unwrap_or_default()
        } else {
            one.path.clone()
        };
        let (path, build_id) = (session.recorder.text(&path), session.recorder.text(&one.build_id));
        let length = (one.end - one.base) as u64;
        session.recorder.state(now(), &raw::Module { base: one.base as u64, length, path, build_id });
        told.push((one.base, one.path));
    }
}

/// Whether it is time for [`tick`].
#[inline]
pub fn due(time: u64) -> bool {
    time >= NEXT.load(Ordering::Relaxed) || BACKEND.get().is_none()
}

/// At intervals: the display, once it is open, and what was loaded since.
pub fn tick(session: &Session, time: u64) {
    display(session);
    if time >= NEXT.load(Ordering::Relaxed) {
        NEXT.store(time + 500_000_000, Ordering::Relaxed);
        modules(session);
    }
}

/// Records display and backend, once the display is open.
pub fn display(session: &Session) {
    if BACKEND.get().is_none()
        && let Some((display, name)) = session.gdk.display_name()
    {
        let class = session.glib.class_name(display);
        let backend = [("X11", "x11"), ("Wayland", "wayland"), ("Broadway", "broadway")];
        let backend = backend.iter().find(|(part, _)| class.contains(part)).map_or(class.as_str(), |(_, name)| name);
        if BACKEND.set(backend.to_owned()).is_ok() {
            session.fact("display", &name);
            session.fact("backend", backend);
        }
    }
}

/// The backend; empty before the display is open.
pub fn backend() -> &'static str {
    BACKEND.get().map_or("", String::as_str)
}
