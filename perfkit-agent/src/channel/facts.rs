//! What a session tells of how it was made: the command line, the environment, the machine.

use std::ffi::OsString;
use std::fs;

use super::{Subject, Target};
use crate::source::{Outlet, Process};

/// Variables that change how a program of this kind runs, by the beginning of their names. The others are not
/// kept: an environment holds secrets.
const VARIABLES: &[&str] = &[
    "PATH",
    "LANG",
    "LC_",
    "DISPLAY",
    "WAYLAND_",
    "XDG_",
    "DESKTOP_",
    "GTK",
    "GDK",
    "GSK",
    "G_",
    "GSETTINGS_",
    "GIO_",
    "ADW_",
    "LD_",
    "MALLOC_",
    "MESA_",
    "LIBGL_",
    "VK_",
    "QT_",
    "DBUS_",
    "TZ",
];

/// Tells them.
pub fn tell(subject: &Subject, target: &Target, outlet: &mut Outlet) {
    match subject {
        Subject::Start(launch) => {
            let words = std::iter::once(&launch.program).chain(&launch.arguments);
            let command = words.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ");
            outlet.fact("target.command", &command);
            let folder = match launch.folder.as_os_str().is_empty() {
                true => std::env::current_dir().unwrap_or_default(),
                false => launch.folder.clone(),
            };
            outlet.fact("target.folder", &folder.display().to_string());
            let names =
                std::env::vars_os().map(|(name, _)| name).chain(launch.environment.iter().map(|(n, _)| n.clone()));
            let mut names: Vec<_> = names.filter_map(|name| name.into_string().ok()).collect();
            names.sort();
            names.dedup();
            for name in names.iter().filter(|name| VARIABLES.iter().any(|known| name.starts_with(known))) {
                if let Some(value) = launch.variable(name) {
                    outlet.fact(&format!("environment.{name}"), &value.to_string_lossy());
                }
            }
            outlet.process(Process { pid: target.pid, command: Some(command), ..Process::default() });
        }
        Subject::Attach(pid) => {
            let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let words = bytes.split(|&byte| byte == 0).filter(|word| !word.is_empty());
            let command = words.map(|word| quoted(&String::from_utf8_lossy(word))).collect::<Vec<_>>().join(" ");
            outlet.fact("target.command", &command);
            outlet.fact("target.attached", "true");
            outlet.process(Process { pid: *pid, command: Some(command), ..Process::default() });
        }
    }
    outlet.fact("target.pid", &target.pid.to_string());
    let line = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    outlet.fact("machine.hostname", &line("/proc/sys/kernel/hostname"));
    outlet.fact("machine.kernel", &line("/proc/sys/kernel/osrelease"));
    outlet.fact("machine.architecture", std::env::consts::ARCH);
    let release = line("/etc/os-release");
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    outlet.fact("machine.os", name.unwrap_or_default().trim_matches('"'));
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    outlet.fact("machine.cpu", model.map_or("", |(_, model)| model.trim()));
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    outlet.fact("machine.cpus", &cpus.to_string());
    outlet.fact("perfkit.version", env!("CARGO_PKG_VERSION"));
    outlet.fact("perfkit.command", &own_command(std::env::args_os()));
}

/// Our own command line, without the values of variables that were set on it: they may be secrets.
fn own_command(words: impl Iterator<Item = OsString>) -> String {
    let mut value = false;
    let words = words.map(|word| {
        let word = word.to_string_lossy().into_owned();
        let masked = match (std::mem::take(&mut value), word.strip_prefix("--env=")) {
            (true, _) => format!("{}=…", word.split('=').next().unwrap_or_default()),
            (false, Some(set)) => format!("--env={}=…", set.split('=').next().unwrap_or_default()),
            _ => word.clone(),
        };
        value = word == "-e" || word == "--env";
        quoted(&masked)
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A word as a shell would need it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:@%+,…".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_command_line_keeps_no_secrets_and_any_bytes() {
        use std::os::unix::ffi::OsStringExt;
        let words = ["perfkit-agent", "record", "-e", "TOKEN=hunter2", "--env=KEY=secret", "--", "echo"];
        let words = words.into_iter().map(OsString::from).chain([OsString::from_vec(vec![0xff])]);
        let said = own_command(words);
        assert!(said.starts_with("perfkit-agent record -e TOKEN=… --env=KEY=… -- echo"), "{said}");
        assert!(!said.contains("hunter2") && !said.contains("secret"));
    }

    #[test]
    fn words_are_quoted_as_a_shell_needs_them() {
        for (word, out) in [("a-b", "a-b"), ("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("$x", "'$x'")] {
            assert_eq!(quoted(word), out);
        }
    }
}
