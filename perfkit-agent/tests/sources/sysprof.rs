//! Programs that tell Sysprof of themselves: one with its library that writes a capture, and one that asks for a ring.

use std::path::Path;
use std::process::Command;

use perfkit_agent::channel::Launch;

use super::record;

#[test]
fn a_program_writes_a_capture() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("syscap");
    let flags = Command::new("pkg-config").args(["--cflags", "--libs", "sysprof-capture-4"]).output().unwrap();
    let flags = String::from_utf8(flags.stdout).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/syscap.c");
    let mut cc = Command::new("cc");
    cc.args(["-Wall", "-o"]).arg(&program).arg(source).args(flags.split_whitespace());
    assert!(cc.status().unwrap().success());
    let seen = record(&["sysprof"], Launch::new(program, [""; 0]));
    assert_eq!((seen.outcome.code, seen.problems.len()), (0, 0), "{:?}", seen.problems);
    assert_eq!(seen.with("name=layout"), ["marks 42/0 group=gtk name=layout message=of the window"]);
    assert_eq!(seen.values("GTK.fps"), [59.5, -0.25]);
    assert!(!seen.has_told("no right begin") && !seen.has_told("broken end"), "{:?}", seen.told);
}

/// Speaks as Sysprof's collector does; the ring is small against what is written, so it must be read meanwhile.
const CLIENT: &str = r#"
import mmap, os, socket, struct, sys, time
there = socket.socket(fileno=int(os.environ["SYSPROF_CONTROL_FD"]))
for ring in range(2):
    there.sendall(b"CreatRing\0")
    byte, fds, flags, address = socket.recv_fds(there, 1, 1)
    memory = mmap.mmap(fds[0], 0)
    head, tail, offset, size = struct.unpack_from("=IIII", memory)
    assert (head, tail, offset + size) == (0, 0, len(memory))
    for at in range(20000):
        message = b"%d of %d" % (at, ring)
        frame = struct.pack("=HhiqB7xq24s40s", 0, 1, os.getpid(), time.monotonic_ns(), 10, 5, b"test", b"step") + message
        length = (len(frame) + 8) // 8 * 8
        frame = struct.pack("=H", length) + frame[2:].ljust(length - 2, b"\0")
        while (struct.unpack_from("=I", memory)[0] - tail - 1) % size <= length:
            time.sleep(0.001)
        first = min(length, size - tail)
        memory[offset + tail : offset + tail + first] = frame[:first]
        memory[offset : offset + length - first] = frame[first:]
        tail = (tail + length) % size
        struct.pack_into("=I", memory, 4, tail)
there.sendall(b"SomethingElse")
assert there.recv(1) == b""
"#;

#[test]
fn rings_are_given_and_read_while_they_are_written() {
    let seen = record(&["sysprof"], Launch::new("/usr/bin/python3", ["-c", CLIENT]));
    assert_eq!((seen.outcome.code, seen.problems.len()), (0, 0), "{:?}", seen.problems);
    let marks = seen.with("group=test");
    assert_eq!(marks.len(), 40_000);
    let last = marks.iter().filter(|mark| mark.ends_with("message=19999 of 1"));
    assert_eq!(last.count(), 1, "each once");
    assert!(!seen.has_told("frames") && !seen.has_told("bytes"), "{:?}", seen.told);
}

#[test]
fn a_program_that_tells_nothing_is_noted_and_finds_its_descriptors_open() {
    let script = "test -S /proc/self/fd/$SYSPROF_CONTROL_FD && test -f /proc/self/fd/$SYSPROF_TRACE_FD";
    let seen = record(&["sysprof"], super::shell(script));
    assert_eq!(seen.outcome.code, 0);
    assert!(seen.has_told("sysprof: the target told nothing"), "{:?}", seen.told);
}
