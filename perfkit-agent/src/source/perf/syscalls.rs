//! System calls by number: the table `syscalls.txt`, which the kernel's raw tracepoints need.

use std::sync::LazyLock;

use nix::errno::Errno;

/// What numbers mean depends on the machine that they come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// As `uname -m` calls it: x86_64.
    X86_64,
    /// As `uname -m` calls it: aarch64.
    Aarch64,
    /// Another one: its calls are named by number.
    Other,
}

impl Machine {
    /// The one that this program was built for.
    pub fn this() -> Machine {
        Machine::named(std::env::consts::ARCH)
    }

    /// By the name that `uname -m` has for it.
    pub fn named(name: &str) -> Machine {
        match name {
            "x86_64" => Machine::X86_64,
            "aarch64" => Machine::Aarch64,
            _ => Machine::Other,
        }
    }
}

/// What is known of a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arguments: usize,
    /// Which of them is the descriptor that it is about.
    pub descriptor: Option<usize>,
    /// Whether it returns a number of bytes.
    pub bytes: bool,
}

const TABLE: &str = include_str!("syscalls.txt");

static X86_64: LazyLock<Vec<Option<Call>>> = LazyLock::new(|| by_number(1));
static AARCH64: LazyLock<Vec<Option<Call>>> = LazyLock::new(|| by_number(2));

/// The call with a number; none where it is not known.
pub fn call(machine: Machine, number: i64) -> Option<Call> {
    let table = match machine {
        Machine::X86_64 => &X86_64,
        Machine::Aarch64 => &AARCH64,
        Machine::Other => return None,
    };
    *table.get(usize::try_from(number).ok()?)?
}

/// The name of the error that a call returned as a negative number; none for what is no error.
pub fn error(result: i64) -> Option<String> {
    // The kernel keeps the last page of addresses for errors.
    if !(-4095..0).contains(&result) {
        return None;
    }
    let number = -result as i32;
    let name = match number {
        // These never leave the kernel: a signal came, and it will call again or make it EINTR.
        512 => "ERESTARTSYS".to_owned(),
        513 => "ERESTARTNOINTR".to_owned(),
        514 => "ERESTARTNOHAND".to_owned(),
        516 => "ERESTART_RESTARTBLOCK".to_owned(),
        _ => match Errno::from_raw(number) {
            Errno::UnknownErrno => format!("E{number}"),
            known => format!("{known:?}"),
        },
    };
    Some(name)
}

fn by_number(column: usize) -> Vec<Option<Call>> {
    let mut table = Vec::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&'static str> = line.split(' ').collect();
        let &[name, _, _, arguments, descriptor, bytes] = fields.as_slice() else { continue };
        let Ok(number) = fields[column].parse::<usize>() else { continue };
        let Ok(arguments) = arguments.parse() else { continue };
        if table.len() <= number {
            table.resize(number + 1, None);
        }
        table[number] = Some(Call { name, arguments, descriptor: descriptor.parse().ok(), bytes: bytes == "bytes" });
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_are_those_of_the_machine() {
        let name = |machine, number| call(machine, number).map(|call| call.name);
        for (machine, number, expected) in [
            (Machine::X86_64, 0, Some("read")),
            (Machine::X86_64, 231, Some("exit_group")),
            (Machine::X86_64, 257, Some("openat")),
            (Machine::X86_64, 300, Some("fanotify_init")),
            (Machine::X86_64, 451, Some("cachestat")),
            (Machine::X86_64, 400, None),
            (Machine::X86_64, -1, None),
            (Machine::X86_64, 1 << 40, None),
            (Machine::Aarch64, 63, Some("read")),
            (Machine::Aarch64, 94, Some("exit_group")),
            (Machine::Aarch64, 56, Some("openat")),
            (Machine::Aarch64, 435, Some("clone3")),
            (Machine::Other, 0, None),
        ] {
            assert_eq!(name(machine, number), expected, "{machine:?} {number}");
        }
        let read = call(Machine::X86_64, 0).unwrap();
        assert_eq!((read.arguments, read.descriptor, read.bytes), (3, Some(0), true));
    }

    #[test]
    fn every_line_of_the_table_is_read_and_no_number_is_given_twice() {
        let lines: Vec<_> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        for column in [1, 2] {
            let numbers: Vec<_> =
                lines.iter().filter_map(|line| line.split(' ').nth(column)?.parse::<usize>().ok()).collect();
            assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len());
            assert_eq!(by_number(column).iter().flatten().count(), numbers.len());
        }
        assert!(by_number(1).iter().flatten().all(|call| call.arguments <= 6));
    }

    #[test]
    fn errors_have_names() {
        for (result, name) in [
            (-2, Some("ENOENT")),
            (-11, Some("EAGAIN")),
            (-512, Some("ERESTARTSYS")),
            (-4000, Some("E4000")),
            (0, None),
            (-4096, None),
            (i64::MIN, None),
        ] {
            assert_eq!(error(result).as_deref(), name, "{result}");
        }
    }
}
