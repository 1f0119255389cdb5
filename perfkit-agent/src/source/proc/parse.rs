//! The files of /proc, each by a pure function of its text. Values come in the order of the file's table in
//! [`meters`](super::meters); one that is missing is NaN, a text that is nothing of the kind gives nothing.

use super::meters::MEMORY;

/// Nanoseconds of a tick in which /proc tells times: a hundredth of a second on every architecture.
pub const TICK: f64 = 1e7;
/// Bytes of the sectors in which /proc/diskstats counts, whatever the device's own are.
const SECTOR: f64 = 512.0;
const MILLISECOND: f64 = 1e6;

/// What /proc/PID/stat tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Stat {
    /// The name of the program, or what the thread calls itself.
    pub name: String,
    /// The state's letter.
    pub state: char,
    /// The parent.
    pub parent: i32,
    /// Ticks since the machine was started.
    pub start: f64,
    /// The exit status of a zombie; a signal's number negated.
    pub status: Option<i32>,
    /// Values.
    pub values: [f64; 5],
}

/// `/proc/PID/stat`: `PID (NAME) STATE PARENT …`, where the name may hold anything.
pub fn stat(text: &str) -> Option<Stat> {
    let (name, rest) = text.split_once(" (")?.1.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // Numbered as proc(5) does, where the state is the third.
    let field = |number: usize| fields.get(number - 3).copied();
    let number = |at: usize| field(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(f64::NAN);
    let status = field(52).and_then(|field| field.parse::<i32>().ok());
    Some(Stat {
        name: name.to_owned(),
        state: field(3)?.chars().next()?,
        parent: field(4)?.parse().ok()?,
        start: number(22),
        status: status.map(|status| if status & 0x7f == 0 { (status >> 8) & 0xff } else { -(status & 0x7f) }),
        values: [number(14) * TICK, number(15) * TICK, number(10), number(12), number(20)],
    })
}

/// `/proc/PID/statm`, in pages of so many bytes.
pub fn statm(text: &str, page: f64) -> Option<[f64; 3]> {
    let [size, resident, shared] = words(text)?;
    Some([size * page, resident * page, shared * page])
}

/// `/proc/PID/status`.
pub fn status(text: &str) -> Option<[f64; 3]> {
    let values = ["VmHWM", "RssAnon", "VmSwap"].map(|key| kilobytes(text, key));
    some(values)
}

/// `/proc/PID/io`.
pub fn io(text: &str) -> Option<[f64; 6]> {
    some(["rchar", "wchar", "syscr", "syscw", "read_bytes", "write_bytes"].map(|key| keyed(text, key, ':')))
}

/// `/proc/PID/smaps_rollup`.
pub fn smaps(text: &str) -> Option<[f64; 2]> {
    let private = kilobytes(text, "Private_Clean") + kilobytes(text, "Private_Dirty");
    some([kilobytes(text, "Pss"), private])
}

/// `/proc/PID/task/TID/schedstat`.
pub fn schedstat(text: &str) -> Option<[f64; 3]> {
    words(text)
}

/// `/proc/loadavg`.
pub fn load(text: &str) -> Option<[f64; 3]> {
    words(text)
}

/// A line `cpu` of `/proc/stat`: `None` for all processors, and the times.
pub fn cpu(line: &str) -> Option<(Option<u32>, [f64; 8])> {
    let (word, rest) = line.strip_prefix("cpu")?.split_once(' ')?;
    let which = if word.is_empty() { None } else { Some(word.parse().ok()?) };
    // Older kernels know fewer kinds of time.
    let mut times = [f64::NAN; 8];
    for (time, word) in times.iter_mut().zip(rest.split_ascii_whitespace()) {
        *time = word.parse::<f64>().ok()? * TICK;
    }
    some(times).map(|times| (which, times))
}

/// The other lines of `/proc/stat`.
pub fn system(text: &str) -> Option<[f64; 5]> {
    some(["intr", "ctxt", "processes", "procs_running", "procs_blocked"].map(|key| keyed(text, key, ' ')))
}

/// `/proc/meminfo`.
pub fn memory(text: &str) -> Option<Vec<f64>> {
    let values: Vec<f64> = MEMORY.iter().map(|(key, _)| kilobytes(text, key)).collect();
    values.iter().any(|value| !value.is_nan()).then_some(values)
}

/// A line of `/proc/pressure/*`: `some` or `full`, and the values.
pub fn pressure(line: &str) -> Option<(&str, [f64; 4])> {
    let (which, rest) = line.split_once(' ')?;
    if !["some", "full"].contains(&which) {
        return None;
    }
    let value = |key: &str| {
        let word = rest.split_ascii_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        word.and_then(number).unwrap_or(f64::NAN)
    };
    some([value("avg10"), value("avg60"), value("avg300"), value("total") * 1e3]).map(|values| (which, values))
}

/// A line of `/proc/diskstats`: the device's name, and the values.
pub fn disk(line: &str) -> Option<(&str, [f64; 9])> {
    let mut fields = line.split_ascii_whitespace().skip(2);
    let name = fields.next()?;
    let mut all = [0.0; 11];
    for value in &mut all {
        *value = number(fields.next()?)?;
    }
    let [reads, _, read, read_ms, writes, _, written, write_ms, in_flight, busy_ms, queue_ms] = all;
    Some((
        name,
        [
            reads,
            read * SECTOR,
            read_ms * MILLISECOND,
            writes,
            written * SECTOR,
            write_ms * MILLISECOND,
            in_flight,
            busy_ms * MILLISECOND,
            queue_ms * MILLISECOND,
        ],
    ))
}

/// A line of `/proc/net/dev`: the interface's name, and the values.
pub fn net(line: &str) -> Option<(&str, [f64; 8])> {
    // There need not be a space after the colon, and a name may hold one.
    let (name, rest) = line.rsplit_once(':')?;
    let mut all = [0.0; 12];
    let mut fields = rest.split_ascii_whitespace();
    for value in &mut all {
        *value = number(fields.next()?)?;
    }
    let [rx_bytes, rx_packets, rx_errors, rx_drops, _, _, _, _, tx_bytes, tx_packets, tx_errors, tx_drops] = all;
    Some((name.trim(), [rx_bytes, rx_packets, rx_errors, rx_drops, tx_bytes, tx_packets, tx_errors, tx_drops]))
}

/// A value of a file of a control group: all of it where the key is empty, otherwise what stands after the key, or
/// as `key=value` in several lines, which are added up. `None` also for `max`, and for what stands for no limit.
pub fn cgroup(text: &str, key: &str) -> Option<f64> {
    /// Version 1 writes the largest number of pages that there could be.
    const UNLIMITED: f64 = (1u64 << 62) as f64;
    if key.is_empty() {
        return number(text.trim()).filter(|value| *value < UNLIMITED);
    }
    let value = keyed(text, key, ' ');
    if !value.is_nan() {
        return Some(value);
    }
    let words = text.split_ascii_whitespace().filter_map(|word| number(word.strip_prefix(key)?.strip_prefix('=')?));
    words.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}

/// The path of a process's group in `/proc/PID/cgroup`: of version 2, or of a controller of version 1.
pub fn group_path<'a>(text: &'a str, controller: Option<&str>) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (number, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let fits = match controller {
            None => number == "0" && controllers.is_empty(),
            Some(controller) => controllers.split(',').any(|known| known == controller),
        };
        fits.then_some(path)
    })
}

/// Where in `/proc/self/mountinfo` control groups are mounted: the group that is shown there, and where.
pub fn group_mount<'a>(text: &'a str, controller: Option<&str>) -> Option<(&'a str, &'a str)> {
    text.lines().find_map(|line| {
        let (mount, rest) = line.split_once(" - ")?;
        let mut kind = rest.split(' ');
        let (kind, options) = (kind.next()?, kind.nth(1)?);
        let fits = match controller {
            None => kind == "cgroup2",
            Some(controller) => kind == "cgroup" && options.split(',').any(|known| known == controller),
        };
        let mut fields = mount.split(' ').skip(3);
        let place = (fields.next()?, fields.next()?);
        fits.then_some(place)
    })
}

/// Reads a text as each of the files, for tests that only want to know that all of them come back.
pub fn all(text: &str) {
    let single = (stat(text), statm(text, 4096.0), status(text), io(text), smaps(text), schedstat(text));
    let whole = (load(text), system(text), memory(text), cgroup(text, ""), cgroup(text, "rbytes"));
    let places = [None, Some("memory")].map(|controller| (group_path(text, controller), group_mount(text, controller)));
    std::hint::black_box((single, whole, places));
    for line in text.lines() {
        std::hint::black_box((cpu(line), pressure(line), disk(line), net(line)));
    }
}

fn number(word: &str) -> Option<f64> {
    word.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0)
}

/// The first words of a text, all of them numbers.
fn words<const N: usize>(text: &str) -> Option<[f64; N]> {
    let mut words = text.split_ascii_whitespace();
    let mut all = [0.0; N];
    for value in &mut all {
        *value = number(words.next()?)?;
    }
    Some(all)
}

/// The number after a key that begins a line; NaN where there is none.
fn keyed(text: &str, key: &str, separator: char) -> f64 {
    let rest = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(separator));
    rest.and_then(|rest| number(rest.split_ascii_whitespace().next()?)).unwrap_or(f64::NAN)
}

fn kilobytes(text: &str, key: &str) -> f64 {
    keyed(text, key, ':') * 1024.0
}

/// The values, if there are any.
fn some<const N: usize>(values: [f64; N]) -> Option<[f64; N]> {
    values.iter().any(|value| !value.is_nan()).then_some(values)
}

#[cfg(test)]
mod tests;
