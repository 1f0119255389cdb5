//! Marks come out of the ring as they went in, each once, whoever writes meanwhile.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use perfkit_counters::{Counters, Mark, Marks, Ring, Room};
use proptest::prelude::*;

fn opened(folder: &std::path::Path) -> (Marks, PathBuf) {
    let counters = Counters::open_in(folder, "shop", Room::default()).unwrap();
    (counters.marks().unwrap(), folder.join(format!("shop.{}.marks", std::process::id())))
}

fn read(ring: &mut Ring) -> Vec<Mark> {
    let mut marks = Vec::new();
    ring.read(&mut |mark| marks.push(mark)).unwrap();
    marks
}

#[test]
fn stretches_moments_and_open_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (marks, path) = opened(folder.path());
    let mut ring = Ring::open(&path).unwrap();
    assert_eq!((ring.group(), ring.process()), ("shop", std::process::id() as i32));
    let outer = marks.begin("open", "the doors");
    marks.moment("bell", "");
    drop(marks.span("greet", &"é".repeat(200)));
    marks.stretch(5, 7, "late", "told afterwards");
    let seen = read(&mut ring);
    let names: Vec<_> = seen.iter().map(|mark| (mark.number, &*mark.name)).collect();
    assert_eq!(names, [(1, "bell"), (2, "greet"), (3, "late")], "the open one is waited for");
    assert_eq!((seen[0].duration, &*seen[0].message), (Some(0), ""));
    assert_eq!(seen[1].message, "é".repeat(109), "name and message have 224 bytes");
    assert_eq!((seen[2].begin, seen[2].duration), (5, Some(7)));
    assert!(read(&mut ring).is_empty());
    std::thread::sleep(std::time::Duration::from_millis(2));
    marks.end(outer);
    let seen = read(&mut ring);
    assert_eq!((seen.len(), &*seen[0].name, &*seen[0].message), (1, "open", "the doors"));
    assert!(seen[0].duration.unwrap() > 1_000_000 && seen[0].thread > 0);
    marks.begin("never", "ended");
    let mut last = Vec::new();
    ring.finish(&mut |mark| last.push(mark)).unwrap();
    assert_eq!((last.len(), &*last[0].name, last[0].duration), (1, "never", None));
}

#[test]
fn what_is_overwritten_is_counted_and_its_end_changes_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (marks, path) = opened(folder.path());
    let mut ring = Ring::open(&path).unwrap();
    let old = marks.begin("old", "");
    assert!(read(&mut ring).is_empty());
    for _ in 0..2048 + 100 {
        marks.begin("open too", "");
    }
    marks.end(old);
    assert!(read(&mut ring).is_empty());
    assert_eq!(ring.take_lost(), 1 + 100);
    let mut rest = 0;
    ring.finish(&mut |mark| rest += usize::from(mark.duration.is_none())).unwrap();
    assert_eq!((rest, ring.take_lost()), (2048, 0));
}

#[test]
fn many_threads_and_a_reader_agree() {
    let folder = tempfile::tempdir().unwrap();
    let (marks, path) = opened(folder.path());
    let mut ring = Ring::open(&path).unwrap();
    let (done, mut seen, mut lost) = (AtomicBool::new(false), Vec::new(), 0);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|thread| {
                let marks = &marks;
                scope.spawn(move || {
                    for at in 0..5_000 {
                        drop(marks.span(&format!("{thread}"), &format!("{thread} {at}")));
                    }
                })
            })
            .collect();
        let waiting = scope.spawn(|| {
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            seen.extend(read(&mut ring));
            lost += ring.take_lost();
        }
        waiting.join().unwrap();
    });
    seen.extend(read(&mut ring));
    lost += ring.take_lost();
    assert_eq!(seen.len() as u64 + lost, 15_000);
    for mark in &seen {
        assert!(mark.message.starts_with(&format!("{} ", mark.name)) && mark.duration.is_some(), "{mark:?}");
    }
    seen.sort_by_key(|mark| mark.number);
    seen.dedup_by_key(|mark| mark.number);
    assert_eq!(seen.len() as u64 + lost, 15_000, "each once");
}

proptest! {
    #[test]
    fn no_bytes_harm_the_reader(
        changes in proptest::collection::vec((0usize..4000, any::<u8>()), 0..60),
        cut in 0usize..600_000,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (marks, path) = opened(folder.path());
        (0..10).for_each(|_| drop(marks.span("name", "message")));
        let mut bytes = fs::read(&path).unwrap();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes.truncate(cut);
        let copy = folder.path().join("copy");
        fs::write(&copy, bytes).unwrap();
        if let Ok(mut ring) = Ring::open(&copy) {
            let _ = ring.read(&mut |_| {});
            let _ = ring.finish(&mut |_| {});
        }
    }
}
