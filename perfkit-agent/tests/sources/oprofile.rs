//! OProfile by stand-ins that answer as its manual pages say and print its real outputs: it is not in Debian 12, and
//! refuses machines without hardware counters.

use std::process::Command;

use super::script;

/// Records `sleep` with stand-ins for the tools, and gives what they were called with and what a query yields.
fn recorded(spec: &str, operf: &str, query: &str) -> (String, Vec<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/oprofile");
    script(folder.path(), "operf", operf);
    let opreport = format!(
        "#!/bin/sh\necho opreport \"$@\" >> called\n[ -f \"$2/samples\" ] || exit 1\ncat {fixtures}/opreport-X-cg.xml\n"
    );
    script(folder.path(), "opreport", &opreport);
    script(folder.path(), "ocount", OCOUNT);
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let agent = |words: &[&str]| {
        let mut agent = Command::new(env!("CARGO_BIN_EXE_perfkit-agent"));
        let said = agent.args(words).env("PATH", &path).current_dir(folder.path()).output().unwrap();
        (String::from_utf8(said.stdout).unwrap(), String::from_utf8(said.stderr).unwrap(), said.status.success())
    };
    let (_, errors, success) = agent(&["record", "-o", "s.perfkit", "--with", spec, "--", "sleep", "0.5"]);
    assert!(success, "{errors}");
    let (rows, problems, success) = agent(&["query", "s.perfkit", query, "--format", "csv"]);
    assert!(success, "{problems}");
    let called = std::fs::read_to_string(folder.path().join("called")).unwrap_or_default();
    (called, rows.lines().skip(1).map(str::to_owned).collect(), errors)
}

const OPERF: &str = r#"#!/usr/bin/python3
import os, signal, sys, time
if sys.argv[1:] == ["--version"]:
    print("operf: oprofile 1.4.0 compiled on Nov 24 2026 12:00:00")
    sys.exit(0)
open("called", "a").write("operf " + " ".join(sys.argv[1:]) + "\n")
def end(*_):
    folder = sys.argv[sys.argv.index("--session-dir") + 1]
    os.mkdir(folder)
    open(folder + "/samples", "w").close()
    print("\nProfiling done.", file=sys.stderr)
    sys.exit(0)
signal.signal(signal.SIGINT, end)
print(f"operf: Press Ctl-c or 'kill -SIGINT {os.getpid()}' to stop profiling", file=sys.stderr)
print("operf: Profiler started", file=sys.stderr)
while True:
    time.sleep(1)
"#;

const OCOUNT: &str = r#"#!/usr/bin/python3
import os, signal, sys, time
open("called", "a").write("ocount " + " ".join(sys.argv[1:]) + "\n")
out = os.fdopen(1, "w", 1)
stop = []
signal.signal(signal.SIGINT, lambda *_: stop.append(1))
out.write(f"ocount: Press Ctl-c or 'kill -SIGINT {os.getpid()}' to stop counting\n")
while not stop:
    time.sleep(0.1)
    out.write(f"\nt:{time.time():.1f}\nCPU_CLK_UNHALTED,100,100.00\n")
"#;

#[test]
fn operf_samples_are_reported_at_the_end() {
    let query = "select event, weight, time = max(time) over () from samples order by weight";
    let (called, rows, _) = recorded("operf:CPU_CLK_UNHALTED:750000", OPERF, query);
    let called: Vec<Vec<&str>> = called.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!(
        (called[0][0], called[0][1], &called[0][3..6]),
        ("operf", "--session-dir", &["--callgraph", "--events", "CPU_CLK_UNHALTED:750000"][..])
    );
    assert_eq!(called[0][6], "--pid");
    assert!(called[0][7].parse::<i32>().is_ok_and(|pid| pid > 1));
    // The report is of the same folder.
    assert_eq!(called[1], ["opreport", "--session-dir", called[0][2], "-X", "--callgraph"]);
    assert_eq!(rows, ["CPU_CLK_UNHALTED,750000,1", "CPU_CLK_UNHALTED,215250000,1", "CPU_CLK_UNHALTED,666750000,1"]);
}

#[test]
fn ocount_counts_by_the_clock() {
    let query = "select name, count(*) >= 3, max(value) = 100 * count(*), max(time) - min(time) > 100000000 \
                 from counters group by name";
    let (called, rows, _) = recorded("oprofile:counts+CPU_CLK_UNHALTED:750000@10Hz", OPERF, query);
    assert!(called.starts_with("ocount -i 100 -b -e CPU_CLK_UNHALTED -p "), "{called}");
    assert_eq!(rows, ["oprofile.CPU_CLK_UNHALTED,1,1,1"]);
}

#[test]
fn an_operf_that_refuses_is_left_out_with_its_words() {
    let refuses = "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\n\
                   echo \"Your kernel's Performance Events Subsystem does not support your processor type.\" >&2\nexit 1\n";
    let (_, rows, errors) = recorded("oprofile", refuses, "select count(*) from samples");
    let line = "oprofile is left out: operf exited with status 1: Your kernel's Performance Events Subsystem does not";
    assert!(rows == ["0"] && errors.contains(line), "{errors}");
}
