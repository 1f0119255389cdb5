//! What the calls are about: one table of those whose arguments or result mean a descriptor, a path, or a number of
//! bytes. A call that is not in it is about its first argument where strace says that this is a descriptor.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::line::{Outcome, decoration, number, string};

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The descriptor that is the argument of this number, from 0.
    Fd(usize),
    /// As `Fd(0)`, and it returns how many bytes went through it.
    Bytes,
    /// It returns a number of bytes.
    Count,
    /// The path that is the argument of this number.
    Path(usize),
    /// A folder's descriptor and then a path, from the argument of this number.
    At(usize),
    /// A path as `Path(0)`, and the result is its descriptor.
    Open,
    /// A path as `At(0)`, and the result is its descriptor.
    OpenAt,
    /// The descriptor that it returns.
    Made,
}

/// The table.
const TABLE: &[(About, &[&str])] = &[
    (
        About::Bytes,
        &[
            "read",
            "write",
            "pread64",
            "pwrite64",
            "readv",
            "writev",
            "preadv",
            "pwritev",
            "preadv2",
            "pwritev2",
            "recvfrom",
            "sendto",
            "recvmsg",
            "sendmsg",
            "recv",
            "send",
            "getdents",
            "getdents64",
            "sendfile",
            "sendfile64",
            "splice",
            "tee",
            "vmsplice",
            "copy_file_range",
            "mq_timedreceive",
        ],
    ),
    (About::Count, &["getrandom", "process_vm_readv", "process_vm_writev"]),
    (
        About::Fd(0),
        &[
            "close",
            "fstat",
            "fstat64",
            "lseek",
            "_llseek",
            "ioctl",
            "fcntl",
            "fcntl64",
            "dup",
            "dup2",
            "dup3",
            "fsync",
            "fdatasync",
            "ftruncate",
            "ftruncate64",
            "fchmod",
            "fchown",
            "fchdir",
            "flock",
            "fallocate",
            "fadvise64",
            "readahead",
            "fstatfs",
            "fgetxattr",
            "fsetxattr",
            "flistxattr",
            "connect",
            "bind",
            "listen",
            "accept",
            "accept4",
            "shutdown",
            "getsockopt",
            "setsockopt",
            "getsockname",
            "getpeername",
            "sendmmsg",
            "recvmmsg",
            "epoll_ctl",
            "epoll_wait",
            "epoll_pwait",
            "epoll_pwait2",
            "timerfd_settime",
            "timerfd_gettime",
            "inotify_rm_watch",
            "sync_file_range",
            "syncfs",
            "io_uring_enter",
            "io_uring_register",
            "pidfd_send_signal",
            "mq_timedsend",
            "setns",
            "finit_module",
        ],
    ),
    (About::Fd(4), &["mmap", "mmap2"]),
    (
        About::Path(0),
        &[
            "execve",
            "stat",
            "lstat",
            "stat64",
            "lstat64",
            "access",
            "readlink",
            "unlink",
            "rmdir",
            "mkdir",
            "mknod",
            "chdir",
            "chroot",
            "chmod",
            "chown",
            "lchown",
            "rename",
            "link",
            "truncate",
            "truncate64",
            "statfs",
            "statfs64",
            "utime",
            "utimes",
            "getxattr",
            "lgetxattr",
            "setxattr",
            "lsetxattr",
            "listxattr",
            "llistxattr",
            "removexattr",
            "mount",
            "umount",
            "umount2",
            "swapon",
            "swapoff",
            "acct",
            "uselib",
        ],
    ),
    (About::Path(1), &["symlink", "pivot_root"]),
    (
        About::At(0),
        &[
            "newfstatat",
            "fstatat64",
            "faccessat",
            "faccessat2",
            "readlinkat",
            "unlinkat",
            "mkdirat",
            "mknodat",
            "fchmodat",
            "fchmodat2",
            "fchownat",
            "renameat",
            "renameat2",
            "linkat",
            "statx",
            "utimensat",
            "futimesat",
            "execveat",
            "name_to_handle_at",
            "inotify_add_watch",
            "mount_setattr",
            "open_tree",
        ],
    ),
    (About::At(1), &["symlinkat"]),
    (About::Open, &["open", "creat"]),
    (About::OpenAt, &["openat", "openat2"]),
    (
        About::Made,
        &[
            "socket",
            "epoll_create",
            "epoll_create1",
            "eventfd",
            "eventfd2",
            "timerfd_create",
            "signalfd",
            "signalfd4",
            "inotify_init",
            "inotify_init1",
            "fanotify_init",
            "memfd_create",
            "memfd_secret",
            "pidfd_open",
            "pidfd_getfd",
            "userfaultfd",
            "perf_event_open",
            "io_uring_setup",
            "mq_open",
        ],
    ),
];

/// Frequent calls that are about none of these: by them a log is known for strace's.
const OTHERS: &[&str] = &[
    "arch_prctl",
    "brk",
    "clock_nanosleep",
    "clone",
    "clone3",
    "exit",
    "exit_group",
    "fork",
    "futex",
    "getpid",
    "getppid",
    "gettid",
    "getuid",
    "kill",
    "madvise",
    "mprotect",
    "munmap",
    "nanosleep",
    "pause",
    "pipe",
    "pipe2",
    "poll",
    "ppoll",
    "prctl",
    "prlimit64",
    "pselect6",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_yield",
    "select",
    "set_robust_list",
    "set_tid_address",
    "setitimer",
    "tgkill",
    "vfork",
    "wait4",
    "waitid",
];

/// The table, for looking names up.
#[derive(Debug)]
pub struct Calls(FxHashMap<&'static str, About>);

impl Default for Calls {
    fn default() -> Calls {
        Calls(TABLE.iter().flat_map(|(about, names)| names.iter().map(|name| (*name, *about))).collect())
    }
}

/// A call's columns beside its name, arguments, result and error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The descriptor that it is about.
    pub fd: Option<i64>,
    /// Its path, or what its descriptor stands for.
    pub path: Option<Cow<'a, str>>,
    /// Bytes that were read or written.
    pub bytes: Option<i64>,
}

impl Calls {
    /// Whether a name is one of a frequent system call.
    pub fn knows(&self, name: &str) -> bool {
        self.0.contains_key(name) || OTHERS.contains(&name)
    }

    /// What a call was about.
    pub fn facts<'a>(&self, name: &str, args: &'a str, outcome: &Outcome<'a>) -> Facts<'a> {
        let returned = outcome.value.filter(|value| *value >= 0);
        let Some(about) = self.0.get(name).copied() else {
            return match descriptor(args) {
                Some((fd, shown @ Some(_))) => Facts::of(fd, shown),
                _ => Facts::default(),
            };
        };
        let bytes = || returned.filter(|_| matches!(about, About::Bytes | About::Count));
        match about {
            About::Fd(0) | About::Bytes => {
                let (fd, shown) = descriptor(args).unwrap_or_default();
                Facts { bytes: bytes(), ..Facts::of(fd, shown) }
            }
            About::Fd(at) => {
                let (fd, shown) = argument(args, at).and_then(descriptor).unwrap_or_default();
                Facts::of(fd, shown)
            }
            About::Count => Facts { bytes: bytes(), ..Facts::default() },
            About::Path(at) => Facts { path: argument(args, at).and_then(quoted).map(decoded), ..Facts::default() },
            About::At(at) => at_folder(args, at),
            About::Made => Facts::of(returned, outcome.shown),
            About::Open | About::OpenAt => {
                let path = match outcome.shown {
                    Some(shown) => Some(lasting(decoded(shown))),
                    None if about == About::Open => quoted(args).map(decoded),
                    None => at_folder(args, 0).path,
                };
                Facts { fd: returned, path, bytes: None }
            }
        }
    }
}

impl<'a> Facts<'a> {
    fn of(fd: Option<i64>, shown: Option<&'a str>) -> Facts<'a> {
        Facts { fd, path: shown.map(|shown| lasting(decoded(shown))), bytes: None }
    }
}

/// What a descriptor stands for without what only this one has, for these are names that a session keeps for ever: a
/// path as it is, but `pipe` of `pipe:[1]`, `UDP:[1.2.3.4->6.7.8.9]` of `UDP:[1.2.3.4:5->6.7.8.9:10]`, and
/// `UNIX-STREAM:["/run/x"]` of `UNIX-STREAM:[1->2,"/run/x"]`. The arguments have all of it.
fn lasting(shown: Cow<'_, str>) -> Cow<'_, str> {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if shown.starts_with('/') {
        return shown;
    }
    let Some((kind, rest)) = shown.split_once(':') else { return shown };
    if number(rest) {
        return Cow::Owned(kind.to_owned());
    }
    let Some(inside) = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else { return shown };
    let (ends, name) = inside.split_once(',').unwrap_or((inside, ""));
    let end = |end: &str| match end.rsplit_once(':') {
        _ if number(end) => String::new(),
        Some((address, port)) if number(port) => address.to_owned(),
        _ => end.to_owned(),
    };
    let mut ends: Vec<String> = ends.split("->").map(end).collect();
    ends.retain(|end| !end.is_empty());
    let mut lasting = ends.join("->");
    // A name that begins with an @ is mostly made for one connection.
    if name.starts_with("\"/") {
        lasting.push_str(name);
    }
    Cow::Owned(if lasting.is_empty() { kind.to_owned() } else { format!("{kind}:[{lasting}]") })
}

/// A folder's descriptor and a path within: the whole path, or the descriptor alone where the path is empty.
fn at_folder(args: &str, at: usize) -> Facts<'_> {
    let Some((fd, shown)) = argument(args, at).and_then(descriptor) else { return Facts::default() };
    let Some(path) = argument(args, at + 1).and_then(quoted) else { return Facts::of(fd, shown) };
    match shown.filter(|shown| shown.starts_with('/')) {
        _ if path.is_empty() => Facts::of(fd, shown),
        Some(folder) if !path.starts_with('/') => {
            let separator = if folder.ends_with('/') { "" } else { "/" };
            let whole = format!("{}{separator}{}", decoded(folder), decoded(path));
            Facts { path: Some(Cow::Owned(whole)), ..Facts::default() }
        }
        _ => Facts { path: Some(decoded(path)), ..Facts::default() },
    }
}

/// A descriptor at the begin of some arguments, `3</etc/passwd>`, `3` or `AT_FDCWD</home>`, with what it stands for.
/// AT_FDCWD has no number, and a negative number is no descriptor.
fn descriptor(args: &str) -> Option<(Option<i64>, Option<&str>)> {
    let bytes = args.as_bytes();
    let (fd, mut at) = match number(bytes) {
        Some((value, length)) => (Some(value).filter(|value| *value >= 0), length),
        None => (None, args.strip_prefix("AT_FDCWD").map(|_| "AT_FDCWD".len())?),
    };
    if args[at..].starts_with(" /* ") {
        at += args[at..].find("*/")? + 2;
    }
    match bytes.get(at) {
        Some(b'<') => {
            let end = decoration(bytes, at)?;
            Some((fd, Some(&args[at + 1..end - 1])))
        }
        None | Some(b',' | b' ') => Some((fd, None)),
        Some(_) => None,
    }
}

/// The text between the quotes at the begin of some arguments.
fn quoted(args: &str) -> Option<&str> {
    let end = args.starts_with('"').then(|| string(args.as_bytes(), 0))??;
    Some(&args[1..end - 1])
}

/// The arguments from the one of this number on.
pub fn argument(args: &str, number: usize) -> Option<&str> {
    let bytes = args.as_bytes();
    let (mut at, mut left, mut depth) = (0, number, 0u32);
    while left > 0 {
        match *bytes.get(at)? {
            b'"' => at = string(bytes, at)?,
            b'<' => at = decoration(bytes, at).unwrap_or(at + 1),
            byte => {
                match byte {
                    b'(' | b'[' | b'{' => depth += 1,
                    b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                    b',' if depth == 0 => left -= 1,
                    _ => {}
                }
                at += 1;
            }
        }
    }
    Some(args[at..].trim_start_matches(' '))
}

/// The strings of a list at the begin of some arguments: `["sh", "-c", "ls"]`.
pub fn strings(args: &str) -> Vec<Cow<'_, str>> {
    let mut all = Vec::new();
    let mut rest = args.strip_prefix('[').unwrap_or_default();
    while let Some(text) = quoted(rest) {
        all.push(decoded(text));
        rest = rest[text.len() + 2..].trim_start_matches(['.', ',', ' ']);
    }
    all
}

/// The text that is the argument of this number.
pub fn text(args: &str, number: usize) -> Option<Cow<'_, str>> {
    argument(args, number).and_then(quoted).map(decoded)
}

/// A string or a path as it was before strace wrote it in the way of C.
pub fn decoded(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let Some((&escape, after)) = rest.split_first() else { break };
        let (base, most, begin) = if escape == b'x' { (16, 2, 1) } else { (8, 3, 0) };
        let digits = rest[begin..].iter().take(most).take_while(|byte| char::from(**byte).is_digit(base)).count();
        if digits > 0 && (escape == b'x' || escape.is_ascii_digit()) {
            let value = rest[begin..begin + digits].iter();
            let value = value.fold(0, |sum, byte| sum * base + char::from(*byte).to_digit(base).unwrap_or(0));
            bytes.push(value as u8);
            rest = &rest[begin + digits..];
            continue;
        }
        bytes.push(match escape {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'v' => 0x0b,
            b'f' => 0x0c,
            other => other,
        });
        rest = after;
    }
    Cow::Owned(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_call_stands_in_the_table_twice() {
        let names: Vec<_> = TABLE.iter().flat_map(|(_, names)| *names).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn descriptors_paths_and_bytes_are_found() {
        let calls = Calls::default();
        for (text, fd, path, bytes) in [
            ("close(3</etc/ld.so.cache>) = 0", Some(3), Some("/etc/ld.so.cache"), None),
            ("close(3) = 0", Some(3), None, None),
            ("close(-1) = -1 EBADF (Bad file descriptor)", None, None, None),
            ("read(3<pipe:[1]>, \"x\", 1) = 1", Some(3), Some("pipe"), Some(1)),
            ("read(3, 0x7f, 1) = -1 EAGAIN (x)", Some(3), None, None),
            ("write(5</we ird\\76file\\n\\\"q>(deleted), \"del\", 3) = 3", Some(5), Some("/we ird>file\n\"q"), Some(3)),
            ("sendto(6<UDP:[1.2.3.4:5->6.7.8.9:10]>, \"a\", 1, 0, NULL, 0) = 1", Some(6), None, Some(1)),
            ("getrandom(\"\\x40\", 8, GRND_NONBLOCK) = 8", None, None, Some(8)),
            ("access(\"/etc/ld.so.preload\", R_OK) = -1 ENOENT (No)", None, Some("/etc/ld.so.preload"), None),
            (
                "openat(AT_FDCWD</home>, \"a\\303\\251\", O_RDONLY) = 3</home/a\\303\\251>",
                Some(3),
                Some("/home/aé"),
                None,
            ),
            ("openat(AT_FDCWD</home>, \"a\", O_RDONLY) = -1 ENOENT (No)", None, Some("/home/a"), None),
            ("openat(AT_FDCWD</>, \"a\", O_RDONLY) = -1 ENOENT (No)", None, Some("/a"), None),
            ("openat(AT_FDCWD, \"/proc/self/statm\", O_RDONLY) = 5", Some(5), Some("/proc/self/statm"), None),
            ("openat(-100 /* AT_FDCWD */</home>, \"/a\", 0) = 3</a>", Some(3), Some("/a"), None),
            ("open(\"a\", O_RDONLY) = 4", Some(4), Some("a"), None),
            ("newfstatat(3</etc/passwd>, \"\", {st_mode=0}, AT_EMPTY_PATH) = 0", Some(3), Some("/etc/passwd"), None),
            ("mmap(NULL, 1, (2, 3), [4,5], 3</lib/a>, 0) = 0x7f", Some(3), Some("/lib/a"), None),
            ("mmap(NULL, 1, 2, 3, -1, 0) = 0x7f", None, None, None),
            ("symlinkat(\"to\", AT_FDCWD</tmp>, \"from\") = 0", None, Some("/tmp/from"), None),
            ("socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 6<UDP:[32510]>", Some(6), Some("UDP"), None),
            ("syscall_0x270f(7</a>, 1) = 0", Some(7), Some("/a"), None),
            ("syscall_0x270f(7, 1) = 0", None, None, None),
            ("inotify_add_watch(9<anon_inode:inotify>, \"/tmp\", IN_CREATE) = 1", None, Some("/tmp"), None),
            ("close(3</dev/null<char 1:3>>) = 0", Some(3), Some("/dev/null<char 1:3>"), None),
        ] {
            let Some(super::super::line::Line::Call { name, args, outcome }) = super::super::line::parse(text) else {
                panic!("{text}")
            };
            let facts = calls.facts(name, args, &outcome);
            let path = path.or(text.starts_with("sendto").then_some("UDP:[1.2.3.4->6.7.8.9]"));
            assert_eq!((facts.fd, facts.path.as_deref(), facts.bytes), (fd, path, bytes), "{text}");
        }
    }

    #[test]
    fn names_of_descriptors_have_nothing_that_only_one_has() {
        for (shown, name) in [
            ("/tmp/a:[1]", "/tmp/a:[1]"),
            ("/dev/pts/0<char 136:0>", "/dev/pts/0<char 136:0>"),
            ("pipe:[123]", "pipe"),
            ("socket:[1]", "socket"),
            ("net:[4026531840]", "net"),
            ("pid:77", "pid"),
            ("anon_inode:[eventfd]", "anon_inode:[eventfd]"),
            ("anon_inode:inotify", "anon_inode:inotify"),
            ("UNIX-STREAM:[1->2]", "UNIX-STREAM"),
            ("UNIX-STREAM:[1->2,\"/run/x\"]", "UNIX-STREAM:[\"/run/x\"]"),
            ("UNIX-DGRAM:[1,@\"userdb-abc\"]", "UNIX-DGRAM"),
            ("TCP:[127.0.0.1:80]", "TCP:[127.0.0.1]"),
            ("TCP:[127.0.0.1:80->1.2.3.4:55]", "TCP:[127.0.0.1->1.2.3.4]"),
            ("TCPv6:[[::1]:80->[fe80::2]:55]", "TCPv6:[[::1]->[fe80::2]]"),
            ("NETLINK:[KOBJECT_UEVENT:812]", "NETLINK:[KOBJECT_UEVENT]"),
            ("", ""),
        ] {
            assert_eq!(lasting(shown.into()), name);
        }
    }

    #[test]
    fn escapes_are_undone() {
        for (text, plain) in [
            ("plain", "plain"),
            (r#"a\"b\\c\n\t"#, "a\"b\\c\n\t"),
            (r"\76\0011\x41\x4g", ">\u{1}1A\u{4}g"),
            (r"\303\251", "é"),
            (r"\377", "\u{fffd}"),
            ("end\\", "end"),
        ] {
            assert_eq!(decoded(text), plain, "{text}");
        }
    }

    #[test]
    fn lists_of_strings_are_taken_apart() {
        assert_eq!(strings(r#"["sh", "-c", "a, \"b\""..., "x"], 0x7f"#), ["sh", "-c", "a, \"b\"", "x"]);
        assert!(strings("0x7ffd").is_empty() && strings("[").is_empty());
    }
}
