//! Processes that run, told apart by whether they use GTK.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// Its name, as the kernel has it.
    pub name: String,
    /// Its command line.
    pub command: String,
    /// The name of its user, or the number of one without a name.
    pub user: String,
    /// The version of GTK that it has loaded: "GTK 4"; none where it has none, or where that cannot be seen.
    pub toolkit: Option<&'static str>,
}

/// Versions of GTK by the names of their libraries.
const TOOLKITS: &[(&str, &str)] = &[
    ("/libgtk-4.so", "GTK 4"),
    ("/libgtk-3.so", "GTK 3"),
    ("/libgdk-3.so", "GTK 3"),
    ("/libgtk-x11-2.0.so", "GTK 2"),
    ("/libgdk-x11-2.0.so", "GTK 2"),
];

/// Commands of ours that watch over recordings: nobody means them.
const HELPERS: &[&str] = &[perfkit_agent::channel::gate::COMMAND, perfkit_agent::channel::ward::COMMAND];

impl Process {
    /// Whether what was typed is in its name, its command line, or is its number.
    pub fn fits(&self, typed: &str) -> bool {
        let typed = typed.to_lowercase();
        let text = format!("{} {} {}", self.name, self.command, self.user).to_lowercase();
        typed.split_whitespace().all(|word| text.contains(word) || self.pid.to_string() == word)
    }
}

/// Every process but this one, its helpers, and threads of the kernel: those that use GTK first, each in the order of their names.
pub fn running() -> Vec<Process> {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    below(Path::new("/proc"), &users(&passwd), std::process::id() as i32)
}

fn below(root: &Path, users: &HashMap<u32, String>, but: i32) -> Vec<Process> {
    let pids = fs::read_dir(root).into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()).filter(|pid| *pid != but);
    let mut all: Vec<Process> = pids.filter_map(|pid| process(&root.join(pid.to_string()), pid, users)).collect();
    all.sort_by_key(|process| (process.toolkit.is_none(), process.name.to_lowercase(), process.pid));
    all
}

/// `None` for a thread of the kernel, and for one that has ended meanwhile.
fn process(folder: &Path, pid: i32, users: &HashMap<u32, String>) -> Option<Process> {
    let bytes = fs::read(folder.join("cmdline")).ok().filter(|bytes| !bytes.is_empty())?;
    let words: Vec<_> = bytes.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    if words.get(1).is_some_and(|word| HELPERS.contains(&&**word)) && words[0].contains("perfkit") {
        return None;
    }
    let name = fs::read_to_string(folder.join("comm")).ok()?.trim().to_owned();
    let uid = fs::metadata(folder).ok()?.uid();
    // Of other users' processes it cannot be seen.
    let maps = fs::read_to_string(folder.join("maps")).unwrap_or_default();
    Some(Process {
        pid,
        name,
        command: words.join(" ").trim().to_owned(),
        user: users.get(&uid).cloned().unwrap_or_else(|| uid.to_string()),
        toolkit: toolkit(&maps),
    })
}

fn toolkit(maps: &str) -> Option<&'static str> {
    TOOLKITS.iter().find(|(library, _)| maps.contains(library)).map(|(_, name)| *name)
}

/// The names of users, from the text of /etc/passwd.
fn users(passwd: &str) -> HashMap<u32, String> {
    let user = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        Some((fields.nth(1)?.parse().ok()?, name))
    };
    passwd.lines().filter_map(user).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_with_gtk_come_first_and_those_of_the_kernel_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let make = |pid: &str, name: &str, cmdline: &str, maps: &str| {
            let folder = root.path().join(pid);
            fs::create_dir(&folder).unwrap();
            for (file, text) in [("comm", format!("{name}\n")), ("cmdline", cmdline.into()), ("maps", maps.into())] {
                fs::write(folder.join(file), text).unwrap();
            }
        };
        make("10", "zenity", "/usr/bin/zenity\0--info\0", "7f00 r-xp 0 08:01 5 /usr/lib/x/libgtk-3.so.0.2406.32\n");
        make("11", "bash", "bash\0", "7f00 r-xp 0 08:01 5 /usr/lib/libc.so.6\n");
        make("9", "perfkit", "/usr/bin/perfkit\0ward\0", "7f00 r-xp 0 08:01 5 /usr/lib/libgtk-4.so.1\n");
        make("12", "kthreadd", "", "");
        make("13", "Demo", "gtk4-demo\0", "7f00 r-xp 0 08:01 5 /usr/lib/libgtk-4.so.1\n7f01 … /usr/lib/libgdk-3.so\n");
        fs::create_dir(root.path().join("self")).unwrap();
        let found = below(root.path(), &HashMap::new(), 99);
        let names: Vec<_> = found.iter().map(|process| (&*process.name, process.toolkit)).collect();
        assert_eq!(names, [("Demo", Some("GTK 4")), ("zenity", Some("GTK 3")), ("bash", None)]);
        assert_eq!(found[1].command, "/usr/bin/zenity --info");
        assert!(found[1].fits("INFO zen") && found[1].fits("10") && !found[1].fits("1") && !found[1].fits("bash"));
        assert!(below(root.path(), &HashMap::new(), 13).iter().all(|process| process.pid != 13));
    }

    #[test]
    fn users_have_names() {
        let users = users("root:x:0:0:root:/root:/bin/sh\nbroken\nann:x:1000:1000::/home/ann:/bin/sh\n");
        assert_eq!(
            (users.get(&0).map(String::as_str), users.get(&1000).map(String::as_str)),
            (Some("root"), Some("ann"))
        );
    }

    #[test]
    fn this_machine_has_some() {
        let shell = std::process::Command::new("sleep").arg("30").spawn();
        let mut shell = shell.unwrap();
        let pid = shell.id() as i32;
        let begun = std::time::Instant::now();
        while !running().iter().any(|process| process.pid == pid && process.name == "sleep") {
            assert!(begun.elapsed() < std::time::Duration::from_secs(30));
        }
        shell.kill().unwrap();
        shell.wait().unwrap();
    }
}
