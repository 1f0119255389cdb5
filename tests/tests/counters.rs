//! Counters between us and PCP: its tools read what we write, and we read what its library writes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use perfkit_counters::{Counters, Live, Reading, Room, State, Unit};
use perfkit_tests::bins;
use perfkit_tests::process::stdout_of;

/// Where PCP is unpacked: it is not installed, for that would start its services.
fn pcp(file: &str) -> PathBuf {
    let path = bins::target().join("debian/pcp").join(file);
    assert!(path.exists(), "{} is not there: run `cargo xtask setup`", path.display());
    path
}

/// What `pminfo` says about the metrics below a name, of files in FOLDER/mmv: no daemon, its agent in this process.
fn pminfo(folder: &Path, below: &str) -> String {
    let names = folder.join("names");
    fs::write(&names, "root { mmv 70:*:* }\n").unwrap();
    let agent = format!("add,70,{},mmv_init", pcp("usr/lib/pcp/pmdas/mmv/pmda_mmv.so").display());
    let mut pminfo = Command::new(pcp("usr/bin/pminfo"));
    pminfo.args(["-L", "-K", "clear", "-K", &agent, "-n"]).arg(names).args(["-fdT", below]);
    pminfo.env("PCP_TMP_DIR", folder).env("PCP_TMPFILE_DIR", folder);
    stdout_of(pminfo.env("PCP_BINADM_DIR", pcp("usr/lib/pcp/bin"))).unwrap() + "\n"
}

fn fill(folder: &Path) -> Counters {
    let counters = Counters::open_in(&folder.join("mmv"), "shop", Room::default()).unwrap();
    counters.counter("served", Unit::COUNT, "Customers that left with something").unwrap().add(42);
    counters.gauge("till.content", Unit::BYTES_PER_SECOND, "What is in it").unwrap().set(-1.5);
    let wait = counters.histogram("wait", &[10, 100], Unit::MILLISECONDS, "How long they wait").unwrap();
    [5, 50, 51, 500].iter().for_each(|value| wait.record(*value));
    let long = "a_name_of_more_than_sixty_three_bytes.which_the_first_version_of_the_layout_had_no_room_for";
    counters.counter(long, Unit::NONE, "").unwrap().add(u64::MAX);
    counters
}

#[test]
fn pminfo_reads_ours() {
    let folder = tempfile::tempdir().unwrap();
    let _counters = fill(folder.path());
    let said = pminfo(folder.path(), "mmv.shop");
    for expected in [
        "mmv.shop.served\n    Data Type: 64-bit unsigned int  InDom: PM_INDOM_NULL 0xffffffff\n    Semantics: counter  \
         Units: count\nHelp:\nCustomers that left with something\n    value 42\n",
        "Semantics: instant  Units: byte / sec\nHelp:\nWhat is in it\n    value -1.5\n",
        "Units: millisec\nHelp:\nHow long they wait\n    value 606\n",
        "    inst [0 or \"0-10\"] value 1\n    inst [1 or \"10-100\"] value 2\n    inst [2 or \"100-inf\"] value 1\n",
        "no_room_for\n",
        "value 18446744073709551615\n",
    ] {
        assert!(said.contains(expected), "{expected}\nis not in\n{said}");
    }
}

#[test]
fn mmvdump_reads_ours() {
    let folder = tempfile::tempdir().unwrap();
    let counters = fill(folder.path());
    let dump = Command::new(pcp("usr/lib/pcp/pmdas/mmv/mmvdump")).arg(counters.path().unwrap()).output().unwrap();
    let said = String::from_utf8_lossy(&dump.stdout).into_owned();
    assert!(dump.status.success() && dump.stderr.is_empty(), "{dump:?}");
    for expected in [
        "Version    = 2\n",
        "Flags      = 0x3 (noprefix, process)\n",
        "shop.served = 42\n",
        "shop.wait[1 or \"10-100\"] = 2\n",
        "shop.till.content = -1.500000\n",
    ] {
        assert!(said.contains(expected), "{expected}\nis not in\n{said}");
    }
}

#[test]
fn c_and_python_look_like_rust_to_pcp() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("counting");
    let (data, programs) = (bins::root().join("data"), bins::root().join("perfkit-agent/tests/programs"));
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"]).arg(&program);
    gcc.arg(programs.join("counting.c")).arg(data.join("c/perfkit-counters.c")).arg("-I").arg(data.join("c"));
    stdout_of(&mut gcc).unwrap();
    let mut python = Command::new("python3");
    python.arg(programs.join("counting.py")).env("PYTHONPATH", data.join("python"));
    for (mut command, name) in [(Command::new(program), "inc"), (python, "inpython")] {
        command.env("PERFKIT_COUNTERS_DIR", folder.path().join("mmv")).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let said = pminfo(folder.path(), &format!("mmv.{name}"));
        for expected in ["Rounds of all threads\n    value 40000\n", "inst [1 or \"10-100\"] value 1\n", "value -2.5\n"]
        {
            assert!(said.contains(expected), "{name}: {expected}\nis not in\n{said}");
        }
        drop(child.stdin.take());
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn pcps_library_is_read_live() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("mmv")).unwrap();
    let program = folder.path().join("pcp-mmv");
    let source = bins::root().join("tests/programs/pcp-mmv.c");
    let mut gcc = Command::new("gcc");
    stdout_of(gcc.args(["-Wall", "-o"]).arg(&program).arg(source).args(["-lpcp_mmv", "-lpcp"])).unwrap();
    let mut child =
        Command::new(program).arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    for (file, version) in [("pcp1", 1), ("pcp2", 2), ("pcp3", 3)] {
        let mut live = Live::open(&folder.path().join("mmv").join(file)).unwrap();
        assert_eq!(live.sample().unwrap(), State::Changed);
        let layout = live.layout().unwrap();
        assert_eq!((layout.version, layout.skipped), (version, 0));
        assert_eq!(layout.process, if version == 1 { 0 } else { child.id() as i32 });
        let mut rockets = None;
        live.values(0, &mut |metric, place, reading| {
            if metric.name == "served" && place.instance.as_deref() == Some("rockets") {
                rockets = Some(reading);
            }
        });
        assert_eq!(rockets, Some(Reading::Number(4.0)), "{file}");
    }
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}
