//! Captures that Sysprof's library wrote, captures of both byte orders, cut ones and changed ones.

use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::stream::{Frames, Piece};
use super::*;
use crate::source::{Message, Outlet, Seen};

fn fixture() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sysprof/library.syscap")).unwrap()
}

/// What a capture gives: its rows, and everything else in words.
fn imported(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.syscap");
    fs::write(&path, bytes).unwrap();
    let (mut outlet, seen) = Outlet::to_memory("sysprof");
    import(&path, &mut outlet).unwrap();
    outlet.flush();
    let messages = seen.messages();
    let told = messages.iter().filter_map(|message| match message {
        Message::Fact { name, value, .. } if name == "sysprof.captured" => {
            Some(format!("{name} {}", !value.is_empty()))
        }
        Message::Fact { name, value, .. } => Some(format!("{name} = {value:?}")),
        Message::Note { text, .. } => Some(text.clone()),
        Message::Dropped { kind, count, .. } => Some(format!("lost {count} {kind}")),
        Message::Name(info) => Some(format!("{} {:?}", info.name, info.doc)),
        Message::Process(process) => Some(format!("process {} {:?} {:?}", process.pid, process.name, process.parent)),
        Message::Module(module) => {
            Some(format!("{} {:x}+{:x} {}", module.pid, module.base, module.length, module.path))
        }
        _ => None,
    });
    let told = told.collect();
    (Seen::readable(&messages), told)
}

const ROWS: &[&str] = &[
    "counters 1002 42/0 Main-Loop.Depth-v1-0 value=-3",
    "counters 1002 42/0 GTK.fps value=59.5",
    "counters 1003 42/0 Main-Loop.Depth-v1-0 value=9000000000",
    "counters 1003 42/0 GTK.fps value=-0.25",
    "marks 2000+500 42/0 group=gtk name=layout message=of the window",
    "marks 2600+0 42/0 group=gtk name=a name of forty bytes and more, which i",
    "logs 2700 42/0 source=sysprof level=warning domain=Gtk message=this will not do",
    "logs 2701 42/0 source=sysprof level=message message=all is well",
    "samples 3000 42/43 event=sample stack=<<<shop.js:12 cpu=1",
    "samples 3001 42/42 event=sample cpu=1",
    "samples 3100 42/43 event=allocation stack=< cpu=1 weight=64",
    "samples 3101 42/43 event=free cpu=1 weight=0",
    "life 4000 42/42 what=fork value=44",
    "life 5000 42/42 what=exit",
];

const TOLD: &[&str] = &[
    "sysprof.captured true",
    "process 42 Some(\"shop\") None",
    "Main-Loop.Depth-v1-0 \"How deep it is\"",
    "GTK.fps \"\"",
    "sysprof.org-shop = \"open=true\"",
    "process 44 None Some(42)",
    "process 42 None None",
    "42 401000+1000 /usr/bin/shop",
    "sysprof.file./etc/shop = \"one\\ntwo\\n\"",
];

#[test]
fn what_the_library_wrote_is_read() {
    let (rows, told) = imported(&fixture());
    let mut rows = rows;
    rows.sort_by_key(|line| line.split(' ').nth(1).unwrap().split('+').next().unwrap().parse::<i64>().unwrap());
    assert_eq!(rows, ROWS);
    assert_eq!(told, TOLD);
}

#[test]
fn the_library_of_today_writes_what_is_kept_here() {
    let folder = tempfile::tempdir().unwrap();
    let (program, file) = (folder.path().join("syscap"), folder.path().join("x.syscap"));
    let flags = Command::new("pkg-config").args(["--cflags", "--libs", "sysprof-capture-4"]).output().unwrap();
    let flags = String::from_utf8(flags.stdout).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/syscap.c");
    let mut gcc = Command::new("gcc");
    gcc.args(["-Wall", "-o"]).arg(&program).arg(source).args(flags.split_whitespace());
    assert!(gcc.status().unwrap().success());
    assert!(Command::new(program).arg(&file).status().unwrap().success());
    let (rows, told) = imported(&fs::read(file).unwrap());
    assert_eq!((rows, told), imported(&fixture()));
}

/// Builds captures of either byte order.
struct Builder {
    big: bool,
    bytes: Vec<u8>,
}

impl Builder {
    fn new(big: bool) -> Builder {
        let mut head = vec![0; 256];
        head[..4].copy_from_slice(&0xfdca_975eu32.to_le_bytes());
        head[4..6].copy_from_slice(&[1, u8::from(!big)]);
        head[8..12].copy_from_slice(b"2026");
        Builder { big, bytes: head }
    }

    fn number<const N: usize>(&self, mut little: [u8; N]) -> Vec<u8> {
        if self.big {
            little.reverse();
        }
        little.to_vec()
    }

    fn frame(&mut self, kind: u8, time: i64, body: &[Vec<u8>]) {
        let body = body.concat();
        let length = (24 + body.len()).next_multiple_of(8);
        let head = [
            self.number((length as u16).to_le_bytes()),
            self.number(2i16.to_le_bytes()),
            self.number(7i32.to_le_bytes()),
            self.number(time.to_le_bytes()),
            vec![kind, 0, 0, 0, 0, 0, 0, 0],
            body,
        ];
        let end = self.bytes.len() + length;
        self.bytes.extend(head.concat());
        self.bytes.resize(end, 0);
    }

    fn text(text: &str, size: usize) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(size, 0);
        bytes
    }
}

fn built(big: bool) -> Vec<u8> {
    let mut to = Builder::new(big);
    to.frame(10, 10, &[to.number(5i64.to_le_bytes()), Builder::text("g", 24), Builder::text("n", 40), b"m\0".to_vec()]);
    let id = if big { vec![0, 1, 2, 1] } else { vec![2, 1, 0, 1] };
    let counter =
        [Builder::text("c", 32), Builder::text("d", 32), Builder::text("e", 52), id, to.number(1.5f64.to_le_bytes())];
    to.frame(8, 11, &[to.number(1u16.to_le_bytes()), vec![0; 6], counter.concat()]);
    let ids = [to.number(0x102u32.to_le_bytes()), vec![0; 28]].concat();
    let values = [to.number(2.5f64.to_le_bytes()), vec![0; 56]].concat();
    to.frame(9, 12, &[to.number(1u16.to_le_bytes()), vec![0; 6], ids, values]);
    to.frame(77, 13, &[vec![0; 16]]);
    let map = [0x1000u64, 0x2000, 0, 1].map(|word| to.number(word.to_le_bytes())).concat();
    to.frame(3, 14, &[map, b"/lib\0".to_vec()]);
    to.frame(
        2,
        15,
        &[
            to.number(2u16.to_le_bytes()),
            vec![0; 2],
            to.number(8i32.to_le_bytes()),
            to.number(0x1500u64.to_le_bytes()),
            to.number(0x1800u64.to_le_bytes()),
        ],
    );
    to.frame(12, 16, &[to.number(64u16.to_le_bytes()), vec![0; 6], Builder::text("dom", 32), b"hello\0".to_vec()]);
    // Names for the addresses, in a file at the end.
    let symbol = [
        to.number(0x1400u64.to_le_bytes()),
        to.number(0x15ffu64.to_le_bytes()),
        to.number(7u32.to_le_bytes()),
        to.number(64u32.to_le_bytes()),
        to.number(69u32.to_le_bytes()),
        vec![0; 4],
        vec![0; 32],
        b"leaf\0libx\0".to_vec(),
    ]
    .concat();
    let last = vec![if big { 0x80 } else { 1 }, 0];
    to.frame(
        13,
        17,
        &[last, to.number((symbol.len() as u16).to_le_bytes()), Builder::text("__symbols__", 256), symbol],
    );
    to.bytes
}

#[test]
fn both_byte_orders_say_the_same() {
    let little = imported(&built(false));
    assert_eq!(little, imported(&built(true)));
    assert_eq!(
        little.0,
        [
            "marks 10+5 7/0 group=g name=n message=m",
            "counters 11 7/0 c.d value=1.5",
            "counters 12 7/0 c.d value=2.5",
            "samples 15 7/8 event=sample stack=leaf< cpu=2",
            "logs 16 7/0 source=sysprof level=info domain=dom message=hello",
        ]
    );
    let last = ["c.d \"e\"", "7 1000+1000 /lib", "lost 1 frames of an unknown type"];
    assert_eq!(little.1[1..], last);
}

#[test]
fn a_cut_capture_is_read_to_its_end() {
    let whole = built(false);
    let (rows, told) = imported(&whole[..whole.len() - 300]);
    assert_eq!(rows.len(), 5, "{rows:?}");
    assert_eq!(told.last().unwrap(), "lost 60 bytes at a broken end");
    let (rows, told) = imported(&whole[..300]);
    assert_eq!((rows.len(), told.last().unwrap().as_str()), (0, "lost 44 bytes at a broken end"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let (mut outlet, _seen) = Outlet::to_memory("sysprof");
    for (bytes, said) in [(&whole[..100], "is cut before the end of its head"), (&[7; 300], "is no capture of Sysprof")]
    {
        fs::write(&path, bytes).unwrap();
        assert!(import(&path, &mut outlet).unwrap_err().to_string().ends_with(said));
    }
}

/// Every piece in words, with what was lost.
fn pieces(parts: &[&[u8]]) -> (Vec<String>, u64) {
    let (mut frames, mut all) = (Frames::default(), Vec::new());
    for part in parts {
        frames.feed(part, &mut |piece: Piece| all.push(format!("{piece:?}")));
    }
    (all, frames.take_lost(true).iter().map(|(_, count)| count).sum())
}

proptest! {
    #[test]
    fn how_it_is_cut_into_parts_does_not_matter(big: bool, at in 0usize..1500) {
        let bytes = built(big);
        let at = at.min(bytes.len());
        prop_assert_eq!(pieces(&[&bytes[..at], &bytes[at..]]), pieces(&[&bytes]));
    }

    #[test]
    fn no_change_harms_and_every_byte_is_accounted_for(
        changes in proptest::collection::vec((6usize..1500, any::<u8>()), 0..30),
        cut in 256usize..1600,
    ) {
        let mut bytes = built(false);
        for (at, byte) in changes {
            if let Some(there) = bytes.get_mut(at) {
                *there = byte;
            }
        }
        bytes.truncate(cut);
        imported(&bytes);
        let (mut frames, mut size) = (Frames::default(), 256u64);
        let mut odd = 0;
        frames.feed(&bytes, &mut |piece| if let Piece::Frame(head, _) = piece { size += head.length as u64 });
        for (kind, count) in frames.take_lost(true) {
            match kind {
                "bytes at a broken end" => size += count,
                _ => odd += count,
            }
        }
        prop_assert!(size == bytes.len() as u64 || odd > 0, "{size} of {}", bytes.len());
    }
}
