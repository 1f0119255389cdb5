//! Lengths of time in words, for findings.

use gdkrecord::units;

/// Nanoseconds as people read them.
pub fn time(ns: i64) -> String {
    units::duration(u64::try_from(ns).unwrap_or(0))
}

/// What code belongs to that no file holds: a program made it as it ran.
pub const GENERATED: &str = "code that was generated at run time";

/// A module without its folders, as people know it: perf tells code of no file as that of /tmp/perf-PID.map.
pub fn module(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    let map = name.strip_prefix("perf-").and_then(|rest| rest.strip_suffix(".map"));
    let generated = map.is_some_and(|pid| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()));
    if generated || name == "anon" { GENERATED } else { name }
}

/// What a descriptor stands for as people know it, without numbers that say nothing: `pipe` of `pipe:[77]`.
pub fn thing(path: &str) -> &str {
    if path.starts_with('/') {
        return path;
    }
    let (kind, rest) = path.split_once(':').unwrap_or((path, ""));
    match kind {
        // strace's words for sockets between programs of one machine: the display's, a bus's.
        "UNIX" | "UNIX-STREAM" | "UNIX-DGRAM" | "UNIX-SEQPACKET" => "Unix socket",
        "anon_inode" if !rest.is_empty() => rest.trim_start_matches('[').trim_end_matches(']'),
        _ if rest.starts_with('[') => kind,
        _ => path,
    }
}

/// A number with its noun, which gets an s where there is not one.
pub fn many(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{} {noun}s", units::count(count as u64)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_of_no_file_and_things_of_no_path_have_words() {
        assert_eq!(
            ["/tmp/perf-4711.map", "//anon", "/lib/libc.so.6", "perf-x.map"].map(module),
            [GENERATED, GENERATED, "libc.so.6", "perf-x.map"]
        );
        let things =
            ["pipe:[77]", "anon_inode:[eventfd]", "anon_inode:inotify", "UNIX-STREAM", "UNIX-STREAM:[\"/run/x\"]"];
        assert_eq!(things.map(thing), ["pipe", "eventfd", "inotify", "Unix socket", "Unix socket"]);
        assert_eq!(
            ["/etc/a:[b", "TCP:[1.2.3.4->5.6.7.8]", "descriptor"].map(thing),
            ["/etc/a:[b", "TCP", "descriptor"]
        );
    }
}
