//! The Debian packages that building, showing and testing need: one table, and what installs the missing ones.

use std::process::{Command, Stdio};

use nix::unistd::Uid;
use perfkit_tests::error::Context;
use perfkit_tests::process::run;
use perfkit_tests::{Failure, Result, bins};

/// What a package is needed for; each needs what stands before it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Building gdkrecord.
    Record,
    /// Recording the demo's programs.
    Demo,
    /// Building the graphical program, and all tests.
    Test,
    /// Comparing with peers.
    Bench,
}

/// The packages' names in Debian 12, and why they are needed.
const TABLE: &[(Need, &str, &str)] = &[
    (Need::Record, "gcc", "links the programs"),
    (Need::Record, "libc6-dev", "links the programs"),
    (Need::Record, "pkg-config", "finds the libraries"),
    (Need::Record, "libcairo2-dev", "draws graphs and animations"),
    (Need::Record, "libpango1.0-dev", "draws their labels"),
    (Need::Record, "libwayland-dev", "plays animations in a window"),
    (Need::Record, "libxkbcommon-dev", "plays animations in a window"),
    (Need::Demo, "libx11-dev", "asks windows to close"),
    (Need::Demo, "xvfb", "a display of its own"),
    (Need::Demo, "xkb-data", "that display's keyboard"),
    (Need::Demo, "xdotool", "moves, clicks and types"),
    (Need::Demo, "imagemagick", "takes pictures of the display, and looks at those that are exported"),
    (Need::Demo, "dbus", "a session bus of its own"),
    (Need::Demo, "gtk-3-examples", "gtk3-widget-factory, a program to record"),
    (Need::Demo, "gtk-4-examples", "gtk4-widget-factory, a program to record"),
    (Need::Demo, "adwaita-icon-theme", "these programs' icons"),
    (Need::Demo, "librsvg2-common", "these programs' icons"),
    (Need::Demo, "fonts-dejavu-core", "labels, and those of the reference pictures"),
    (Need::Demo, "fonts-cantarell", "labels"),
    (Need::Demo, "strace", "system calls in the demo's sessions"),
    (Need::Demo, "linux-perf", "samples in the demo's sessions"),
    (Need::Demo, "python3", "the demo's script"),
    (Need::Test, "libgtk-4-dev", "builds the graphical program"),
    (Need::Test, "libadwaita-1-dev", "builds the graphical program"),
    (Need::Test, "libgtk2.0-dev", "compiles a GTK 2 program to record"),
    (Need::Test, "libgtk-3-dev", "compiles GTK 3 programs to record"),
    (Need::Test, "libgtk-3-bin", "a server that shows GTK 3 programs without any display"),
    (Need::Test, "libglib2.0-dev-bin", "compiles what the graphical program brings along, and its settings"),
    (Need::Test, "at-spi2-core", "lets tests see the graphical program as assistive technology does"),
    (Need::Test, "gir1.2-atspi-2.0", "lets tests see the graphical program as assistive technology does"),
    (Need::Test, "gettext", "translations"),
    (Need::Test, "gtk-update-icon-cache", "the desktop's cache of icons"),
    (Need::Test, "shared-mime-info", "the desktop's types of files"),
    (Need::Test, "desktop-file-utils", "validates the desktop entry"),
    (Need::Test, "appstream", "validates what software centres show"),
    (Need::Test, "gnome-calculator", "a program to record"),
    (Need::Test, "gnome-text-editor", "a program whose input is replayed"),
    (Need::Test, "python3-gi", "a Python program to record"),
    (Need::Test, "gir1.2-gtk-3.0", "a Python program to record"),
    (Need::Test, "gir1.2-gtk-4.0", "a Python program to record"),
    (Need::Test, "libgl1-mesa-dri", "GL without a graphics card"),
    (Need::Test, "weston", "a Wayland compositor to record under"),
    (Need::Test, "python3-venv", "an environment for Python's packages"),
    (Need::Test, "python3", "scripts, clients and servers for the sources to watch"),
    (Need::Test, "libglib2.0-bin", "gdbus, a client of message buses"),
    (Need::Test, "binutils", "shows what the recorder links to"),
    (Need::Test, "g++", "compiles programs whose functions get names"),
    (Need::Test, "lld", "links programs whose code lies elsewhere in memory than in the file"),
    (Need::Test, "dwz", "shares debug data among programs"),
    (Need::Test, "ffmpeg", "writes and checks webm animations"),
    (Need::Test, "libxml2-utils", "validates XML against its schema"),
    (Need::Test, "python3-jsonschema", "validates JSON against its schema"),
    (Need::Test, "librsvg2-bin", "draws pictures that are exported as SVG"),
    (Need::Test, "protobuf-compiler", "describes profiles and traces that are exported"),
    (Need::Test, "python3-protobuf", "decodes profiles and traces that are exported"),
    (Need::Test, "bpftrace", "runs scripts that watch programs"),
    (Need::Test, "ltrace", "a source of sessions"),
    (Need::Test, "uftrace", "a source of sessions"),
    (Need::Test, "libpcp3-dev", "compiles a program that counts with PCP's library"),
    (Need::Test, "libpcp-mmv1-dev", "compiles a program that counts with PCP's library"),
    (Need::Test, "libpcp-pmda3", "PCP's tools read our counters"),
    (Need::Test, "libsysprof-4-dev", "writes captures for the importer, and is the recorder's peer"),
    (Need::Test, "chromium", "shows the report's page as people see it"),
    (Need::Test, "jq", "reads JSON in examples of the help"),
    (Need::Bench, "valgrind", "counts the instructions that the recorder adds"),
    (Need::Bench, "time", "tells how much memory an export takes"),
    (Need::Bench, "sqlite3", "the exporter's peer"),
    (Need::Bench, "nginx-light", "a server to compare with"),
    (Need::Bench, "apache2-bin", "a server to compare with"),
    (Need::Bench, "apache2", "that server's settings"),
    (Need::Bench, "python3-tornado", "a server to compare with"),
];

/// Packages of which what matches the pattern is unpacked into target/debian, and which are not installed: they would
/// start services, or are hundreds of megabytes of which one program is needed. What their programs need besides
/// stands in the table above.
const UNPACKED: &[(Need, &str, &str, &str)] = &[
    (Need::Test, "pcp", "./*", "its tools read our counters"),
    (Need::Test, "golang-1.19-go", "./usr/lib/go-1.19/pkg/tool/*/pprof", "pprof reads profiles that are exported"),
];

/// Packages of Python's registry, which lie in an environment of their own, target/python: Debian does not have them.
const PYTHON: &[(&str, &str)] = &[
    ("schemathesis==4.32.5", "asks the agent's server whatever its description allows"),
    ("openapi-spec-validator==0.9.0", "validates that description"),
];

/// Seconds for which another installation that goes on is waited for.
const LOCK: &str = "DPkg::Lock::Timeout=300";

/// Installs what is missing, and says before what and why.
pub fn install(need: Need) -> Result<()> {
    let wanted: Vec<_> = TABLE.iter().filter(|(of, ..)| *of <= need).collect();
    let names: Vec<&str> = wanted.iter().map(|(_, name, _)| *name).collect();
    let Some(there) = installed(&names) else {
        eprintln!("This system has no dpkg, so what is missing is not known. Debian's names of what is needed:");
        eprintln!("  {}", names.join(" "));
        return Ok(());
    };
    let missing: Vec<_> = wanted.into_iter().filter(|(_, name, _)| !there.iter().any(|have| have == name)).collect();
    if missing.is_empty() {
        return unpack(need);
    }
    eprintln!("These Debian packages are missing and will be installed with apt-get:");
    for (_, name, why) in &missing {
        eprintln!("  {name:<22} {why}");
    }
    let missing: Vec<&str> = missing.into_iter().map(|(_, name, _)| *name).collect();
    let command = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    apt(&["update"], &command)?;
    apt(&[&["install", "-y", "--no-install-recommends"], missing.as_slice()].concat(), &command)?;
    unpack(need)
}

/// Makes the environment with Python's packages, which tests need, where it is not there as it should be.
pub fn python() -> Result<()> {
    let names: Vec<&str> = PYTHON.iter().map(|(name, _)| *name).collect();
    let folder = bins::target().join("python");
    let (list, names_in_list) = (folder.join("perfkit-packages"), names.join(" "));
    if std::fs::read_to_string(&list).is_ok_and(|there| there == names_in_list) {
        return Ok(());
    }
    eprintln!("These packages of Python's registry are installed with pip, into {}:", folder.display());
    for (name, why) in PYTHON {
        eprintln!("  {name:<30} {why}");
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = Command::new(folder.join("bin/pip"));
    run(pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(&names))?;
    // Written last, so that an installation that was cut off is done again.
    std::fs::write(&list, names_in_list).cannot("write into target/python")
}

/// Unpacks the packages that are not installed, once.
fn unpack(need: Need) -> Result<()> {
    for (_, name, kept, why) in UNPACKED.iter().filter(|(of, ..)| *of <= need) {
        let folder = bins::target().join("debian").join(name);
        if folder.is_dir() {
            continue;
        }
        eprintln!("Debian's package {name} is unpacked, and not installed, into {}: {why}", folder.display());
        let fresh = tempfile::tempdir_in(bins::target()).cannot("make a folder in target")?;
        let mut download = Command::new("apt-get");
        run(download.args(["-qq", "download", name]).current_dir(fresh.path()))?;
        let file = std::fs::read_dir(fresh.path()).cannot("read a folder in target")?.flatten().next();
        let file = file.ok_or_else(|| Failure::new(format!("apt-get download {name} gave no file")))?.path();
        let made = fresh.path().join("made");
        std::fs::create_dir(&made).cannot("make a folder in target")?;
        let unpack = "dpkg-deb --fsys-tarfile \"$1\" | tar -x -C \"$2\" --wildcards \"$3\"";
        let mut shell = Command::new("bash");
        run(shell.args(["-o", "pipefail", "-c", unpack, "unpack"]).args([&file, &made]).arg(kept))?;
        std::fs::create_dir_all(bins::target().join("debian")).cannot("make target/debian")?;
        std::fs::rename(&made, &folder).cannot(format_args!("make {}", folder.display()))?;
    }
    Ok(())
}

/// Which of the packages are installed; `None` where there is no dpkg.
fn installed(names: &[&str]) -> Option<Vec<String>> {
    let mut query = Command::new("dpkg-query");
    query.args(["-W", "-f=${Package} ${db:Status-Status}\n"]).args(names).stderr(Stdio::null());
    let said = query.output().ok()?.stdout;
    let lines = String::from_utf8_lossy(&said).into_owned();
    Some(lines.lines().filter_map(|line| line.strip_suffix(" installed")).map(str::to_owned).collect())
}

fn apt(args: &[&str], remedy: &str) -> Result<()> {
    let mut command = match Uid::effective().is_root() {
        true => Command::new("apt-get"),
        false => {
            let mut sudo = Command::new("sudo");
            sudo.args(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
            sudo
        }
    };
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("-q").args(["-o", LOCK]).args(args);
    let sentence = format!("install packages without being root or having sudo; as root, run: {remedy}");
    let status = command.stdout(Stdio::null()).status().cannot(&sentence)?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("apt-get failed ({status}); by hand: {remedy}"))) }
}
