//! What the writer writes the reader reads; what PCP's library writes, too; and no bytes harm the reader.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use perfkit_counters::{Counters, Error, Layout, Live, Reading, Room, Semantics, State, Unit};
use proptest::prelude::*;

/// Every value in words: `NAME[INSTANCE] UNIT SEMANTICS = VALUE`.
fn lines(live: &Live) -> Vec<String> {
    let mut lines = Vec::new();
    live.values(1_000_000, &mut |metric, place, reading| {
        let instance = place.instance.as_ref().map_or(String::new(), |name| format!("[{name}]"));
        let value = match reading {
            Reading::Missing => "missing".to_owned(),
            Reading::Number(number) => number.to_string(),
            Reading::Text(text) => format!("{text:?}"),
        };
        lines.push(format!("{}{instance} {:?} {} = {value}", metric.name, metric.semantics, metric.unit));
    });
    lines
}

#[test]
fn what_is_counted_is_read_while_metrics_are_added() {
    let folder = tempfile::tempdir().unwrap();
    let counters = Counters::open_in(folder.path(), "shop", Room::default()).unwrap();
    let mut live = Live::open(&counters.path().unwrap()).unwrap();
    assert_eq!(live.sample().unwrap(), State::Flux, "there is no metric yet");
    let served = counters.counter("served", Unit::COUNT, "Customers").unwrap();
    served.add(41);
    assert_eq!(live.sample().unwrap(), State::Changed);
    served.inc();
    assert_eq!(live.sample().unwrap(), State::Same);
    assert_eq!(lines(&live), ["shop.served Counter count = 42"]);
    let queue = counters.gauge("queue.length", Unit::NONE, "").unwrap();
    queue.set(1.5);
    queue.add(-3.0);
    let wait = counters.histogram("wait", &[10, 100], Unit::MILLISECONDS, "How long they wait").unwrap();
    for value in [0, 9, 10, 99, 100, u64::from(u32::MAX)] {
        wait.record(value);
    }
    assert_eq!(live.sample().unwrap(), State::Changed);
    assert_eq!(
        lines(&live),
        [
            "shop.served Counter count = 42",
            "shop.queue.length Instant  = -1.5",
            "shop.wait_sum Counter ms = 4294967513",
            "shop.wait[0-10] Counter count = 2",
            "shop.wait[10-100] Counter count = 2",
            "shop.wait[100-inf] Counter count = 2",
        ]
    );
    let layout = live.layout().unwrap();
    assert_eq!((layout.version, layout.prefixed, layout.skipped), (2, false, 0));
    assert_eq!(layout.process, std::process::id() as i32);
    assert_eq!(layout.metrics[0].doc, "Customers");
    assert_eq!((served.get(), queue.get(), wait.get(0)), (42, -1.5, 2));
}

#[test]
fn names_are_checked_and_given_once() {
    let folder = tempfile::tempdir().unwrap();
    let counters = Counters::open_in(folder.path(), "shop", Room { metrics: 2, buckets: 2 }).unwrap();
    for name in ["", ".", "a.", "1a", "a-b", "a b", "ä", &"a".repeat(300)] {
        assert!(matches!(counters.counter(name, Unit::NONE, ""), Err(Error::Name(_))), "{name}");
    }
    counters.counter("a", Unit::NONE, "").unwrap().inc();
    assert_eq!(counters.counter("a", Unit::NONE, "").unwrap().get(), 1, "the same name is the same value");
    assert!(matches!(counters.gauge("a", Unit::NONE, ""), Err(Error::Taken(_))));
    assert!(matches!(counters.histogram("h", &[2, 1], Unit::NONE, ""), Err(Error::Bounds(_))));
    counters.gauge("b", Unit::NONE, &"é".repeat(200)).unwrap();
    let full = counters.counter("c", Unit::NONE, "").unwrap_err();
    assert_eq!(full.to_string(), "no room is left for `shop.c`: ask for more with Counters::open_in");
    let mut live = Live::open(&counters.path().unwrap()).unwrap();
    live.sample().unwrap();
    assert_eq!(live.layout().unwrap().metrics[1].doc, "é".repeat(127), "cut between characters");
    let private = Counters::private("shop");
    private.counter("x", Unit::NONE, "").unwrap().inc();
    private.marks().unwrap().moment("a", "");
    assert_eq!(private.path(), None);
}

#[test]
fn what_the_dead_left_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    // No process has the largest number that Linux can give.
    for name in ["shop.4194304", "shop.4194304.marks", "shop.1", "other.4194304", "shop.x"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    Counters::open_in(folder.path(), "shop", Room::default()).unwrap();
    let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(
        left,
        ["other.4194304", "shop.1", &format!("shop.{}", std::process::id()), "shop.x"].map(Into::into)
            as [std::ffi::OsString; 4]
    );
}

#[test]
fn many_threads_lose_nothing() {
    let counters = Counters::private("x");
    let (count, gauge) = (counters.counter("a", Unit::NONE, "").unwrap(), counters.gauge("b", Unit::NONE, "").unwrap());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10_000).for_each(|_| (count.inc(), gauge.add(0.5)).0));
        }
    });
    assert_eq!((count.get(), gauge.get()), (40_000, 20_000.0));
}

#[test]
fn a_file_that_changes_under_the_reader_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let counters = Counters::open_in(folder.path(), "shop", Room::default()).unwrap();
    counters.counter("served", Unit::COUNT, "").unwrap().add(7);
    let path = counters.path().unwrap();
    let copy = folder.path().join("copy");
    fs::copy(&path, &copy).unwrap();
    let mut live = Live::open(&copy).unwrap();
    assert_eq!(live.sample().unwrap(), State::Changed);
    let file = fs::OpenOptions::new().write(true).open(&copy).unwrap();
    file.set_len(3000).unwrap();
    assert_eq!(live.sample().unwrap(), State::Changed, "the head is whole, so what is left is read");
    assert!(lines(&live).is_empty() && live.layout().unwrap().skipped > 0);
    file.set_len(10).unwrap();
    assert!(live.sample().is_err());
    fs::write(&copy, fs::read(&path).unwrap()).unwrap();
    assert_eq!(live.sample().unwrap(), State::Changed);
    assert_eq!(lines(&live), ["shop.served Counter count = 7"]);
    file.write_all_at(&[0; 8], 16).unwrap();
    assert_eq!(live.sample().unwrap(), State::Flux);
    file.write_all_at(b"garbage", 0).unwrap();
    assert!(live.sample().is_err());
    assert!(!live.replaced());
    fs::remove_file(&copy).unwrap();
    assert!(live.replaced());
}

#[test]
fn files_of_pcps_library_are_read() {
    let long = "a.long.name.that.is.more.than.sixty.three.bytes.which.is.all.that.version.one.has.room.for";
    for (file, version, first) in [("pcp1", 1, "requests"), ("pcp2", 2, long), ("pcp3", 3, "requests")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(file);
        let mut live = Live::open(&path).unwrap();
        assert_eq!(live.sample().unwrap(), State::Changed);
        let layout = live.layout().unwrap();
        assert_eq!((layout.version, layout.prefixed, layout.skipped), (version, true, 0), "{file}");
        assert_eq!(layout.process != 0, version > 1);
        assert_eq!((&*layout.metrics[0].doc, &*layout.metrics[1].doc), ("long help", "how hot"));
        let mut expected = vec![
            format!("{first} Counter count = 7"),
            "temperature Instant  = -1.5".to_owned(),
            "memory Instant KiB = 123456789012".to_owned(),
            "served[anvils] Counter count = 3".to_owned(),
            "served[rockets] Counter count = 4".to_owned(),
            "motto Discrete  = \"all you need\"".to_owned(),
        ];
        if version > 1 {
            expected.push("busy Counter ms = 0".to_owned());
        }
        assert_eq!(lines(&live), expected, "{file}");
    }
}

#[test]
fn sentinels_and_running_stretches_are_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pcp2");
    let mut bytes = fs::read(path).unwrap();
    let layout = Layout::parse(&bytes).unwrap().unwrap();
    let place = |name: &str| layout.places.iter().find(|place| layout.metrics[place.metric].name == name).unwrap();
    let busy = place("busy").at;
    bytes[busy..busy + 8].copy_from_slice(&500i64.to_ne_bytes());
    bytes[busy + 8..busy + 16].copy_from_slice(&(-900i64).to_ne_bytes());
    assert_eq!(layout.read(place("busy"), &bytes, 1000), Reading::Number(600.0));
    let memory = place("memory").at;
    bytes[memory..memory + 8].fill(0xff);
    bytes[28] |= 4;
    let layout = Layout::parse(&bytes).unwrap().unwrap();
    assert_eq!(layout.read(place("memory"), &bytes, 0), Reading::Missing);
    assert_eq!(layout.read(place("temperature"), &bytes, 0), Reading::Number(-1.5));
    assert_eq!(layout.metrics[0].semantics, Semantics::Counter);
}

/// What may be counted.
#[derive(Clone, Debug)]
enum Made {
    Counter(u64),
    Gauge(f64),
    Histogram(Vec<u64>, Vec<u64>),
}

fn made() -> impl Strategy<Value = Made> {
    prop_oneof![
        any::<u32>().prop_map(|value| Made::Counter(value.into())),
        (-1e9..1e9).prop_map(Made::Gauge),
        (proptest::collection::btree_set(1u64..1000, 1..6), proptest::collection::vec(0u64..2000, 0..20))
            .prop_map(|(bounds, values)| Made::Histogram(bounds.into_iter().collect(), values)),
    ]
}

proptest! {
    #[test]
    fn the_reader_has_what_the_writer_had(all in proptest::collection::vec((made(), ".{0,300}"), 1..20)) {
        let folder = tempfile::tempdir().unwrap();
        let counters = Counters::open_in(folder.path(), "x", Room::default()).unwrap();
        let mut expected = Vec::new();
        for (at, (made, doc)) in all.iter().enumerate() {
            let name = format!("m{at}");
            match made {
                Made::Counter(value) => {
                    counters.counter(&name, Unit::BYTES, doc).unwrap().add(*value);
                    expected.push(format!("x.{name} Counter bytes = {value}"));
                }
                Made::Gauge(value) => {
                    counters.gauge(&name, Unit::SECONDS, doc).unwrap().set(*value);
                    expected.push(format!("x.{name} Instant s = {value}"));
                }
                Made::Histogram(bounds, values) => {
                    let histogram = counters.histogram(&name, bounds, Unit::COUNT, doc).unwrap();
                    values.iter().for_each(|value| histogram.record(*value));
                    expected.push(format!("x.{name}_sum Counter count = {}", values.iter().sum::<u64>()));
                    let mut edges = vec![0];
                    edges.extend(bounds);
                    for (at, low) in edges.iter().enumerate() {
                        let high = edges.get(at + 1);
                        let within = |value: &&u64| *value >= low && high.is_none_or(|high| *value < high);
                        let count = values.iter().filter(within).count();
                        let high = high.map_or("inf".to_owned(), u64::to_string);
                        expected.push(format!("x.{name}[{low}-{high}] Counter count = {count}"));
                    }
                }
            }
        }
        let mut live = Live::open(&counters.path().unwrap()).unwrap();
        prop_assert_eq!(live.sample().unwrap(), State::Changed);
        prop_assert_eq!(lines(&live), expected);
    }

    #[test]
    fn no_change_of_a_file_harms_the_reader(
        file in 1..4u32,
        changes in proptest::collection::vec((0usize..7000, any::<u8>()), 0..40),
        cut in proptest::option::of(0usize..7000),
    ) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/pcp{file}"));
        let mut bytes = fs::read(path).unwrap();
        for (at, byte) in changes {
            if let Some(there) = bytes.get_mut(at) {
                *there = byte;
            }
        }
        bytes.truncate(cut.unwrap_or(bytes.len()));
        if let Ok(Some(layout)) = Layout::parse(&bytes) {
            for place in &layout.places {
                layout.read(place, &bytes, i64::MAX);
            }
        }
    }
}
