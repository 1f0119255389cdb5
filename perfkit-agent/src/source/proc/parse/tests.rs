//! Every file of /proc as a real machine had it, and as none ever should.

use proptest::prelude::*;

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/proc/", $name))
    };
}

#[test]
fn a_process() {
    let read = stat(fixture!("pid_stat")).unwrap();
    assert_eq!((&*read.name, read.state, read.parent, read.start), ("cat", 'R', 7195, 232_287.0));
    assert_eq!((read.status, read.values), (Some(0), [0.0, 0.0, 73.0, 0.0, 1.0]));
    let read = stat("1 (a) b (c) S 7 1 1 0 -1 0 1 2 3 4 5 6").unwrap();
    assert_eq!((&*read.name, read.state, read.parent), ("a) b (c", 'S', 7));
    assert_eq!(read.values[..4], [5.0 * TICK, 6.0 * TICK, 1.0, 3.0]);
    assert!(read.start.is_nan() && read.status.is_none());
    let zombie = |code: &str| format!("1 (x) Z 7{} {code}", " 0".repeat(47));
    assert_eq!(stat(&zombie("768")).unwrap().status, Some(3));
    assert_eq!(stat(&zombie("139")).unwrap().status, Some(-11));
    assert_eq!(statm("10 5 2 1 0 3 0\n", 4096.0), Some([40960.0, 20480.0, 8192.0]));
    assert_eq!(status(fixture!("pid_status")), Some([1636.0 * 1024.0, 112.0 * 1024.0, 0.0]));
    assert_eq!(io(fixture!("pid_io")), Some([6976.0, 0.0, 10.0, 0.0, 0.0, 0.0]));
    assert_eq!(smaps(fixture!("smaps_rollup")), Some([184.0 * 1024.0, 120.0 * 1024.0]));
    assert_eq!(schedstat("5 6 7\n"), Some([5.0, 6.0, 7.0]));
    assert_eq!(load("0.50 1.25 2.00 4/136 21071\n"), Some([0.5, 1.25, 2.0]));
}

#[test]
fn the_machine() {
    let text = fixture!("stat");
    let cpus: Vec<_> = text.lines().filter_map(cpu).collect();
    assert_eq!(cpus.len(), 3);
    assert_eq!((cpus[0].0, cpus[1].0, cpus[0].1[0]), (None, Some(0), 249_535.0 * TICK));
    assert_eq!(cpu("cpu1 1 2 3 4").map(|(which, times)| (which, times[3])), Some((Some(1), 4.0 * TICK)));
    assert_eq!(cpu("cpufreq 1 2"), None);
    assert_eq!(system(text), Some([4_327_147.0, 12_445_499.0, 1_141_269.0, 3.0, 0.0]));
    let all = memory(fixture!("meminfo")).unwrap();
    assert_eq!((all.len(), all[0], all[8]), (MEMORY.len(), 24_684_084.0 * 1024.0, 47_812.0 * 1024.0));
    let lines: Vec<_> = fixture!("pressure").lines().filter_map(pressure).map(|(which, _)| which).collect();
    assert_eq!(lines, ["some", "full"]);
    let line = "some avg10=73.97 avg60=52.15 avg300=33.31 total=254353130";
    assert_eq!(pressure(line), Some(("some", [73.97, 52.15, 33.31, 254_353_130_000.0])));
    let disks: Vec<_> = fixture!("diskstats").lines().filter_map(disk).collect();
    let (name, values) = disks.iter().find(|(name, _)| *name == "vda").unwrap();
    assert_eq!((*name, values[0], values[1], values[6]), ("vda", 427_834.0, 18_460_514.0 * 512.0, 0.0));
    let nets: Vec<_> = fixture!("net_dev").lines().filter_map(net).collect();
    assert_eq!(nets.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["lo", "ifb0", "ifb1", "eth0"]);
    assert_eq!(nets[3].1, [317_479_847.0, 14_780.0, 0.0, 0.0, 830_501.0, 9_032.0, 0.0, 0.0]);
    assert_eq!(net("eth0:1 2 3 4 5 6 7 8 9 10 11 12 13").map(|(name, all)| (name, all[4])), Some(("eth0", 9.0)));
}

#[test]
fn control_groups() {
    let (groups, mounts) = (fixture!("pid_cgroup"), fixture!("mountinfo"));
    assert_eq!(
        (group_path(groups, None), group_mount(mounts, None)),
        (Some("/"), Some(("/", "/sys/fs/cgroup/unified")))
    );
    let memory = Some("memory");
    assert_eq!(group_path(groups, memory), Some("/group/inner"));
    assert_eq!(group_mount(mounts, memory), Some(("/", "/sys/fs/cgroup/memory")));
    assert_eq!(group_mount(mounts, Some("none")), None);
    assert_eq!(group_path("0::/user.slice/a:b\n", None), Some("/user.slice/a:b"));
    for (text, key, value) in [
        ("123\n", "", Some(123.0)),
        ("max\n", "", None),
        ("9223372036854771712\n", "", None),
        ("usage_usec 5\nuser_usec 3\n", "user_usec", Some(3.0)),
        ("8:0 rbytes=1 wbytes=2\n8:16 rbytes=10 wbytes=20\n", "rbytes", Some(11.0)),
        ("", "rbytes", None),
    ] {
        assert_eq!(cgroup(text, key), value, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(cpu|cpu0 |some |intr |Pss:)?[ -~\n]{0,120}") {
        all(&text);
    }

    #[test]
    fn a_real_text_with_a_piece_cut_out_is_read_or_refused(which in 0usize..8, from in 0usize..500, len in 0usize..50) {
        let texts = [fixture!("stat"), fixture!("pid_stat"), fixture!("diskstats"), fixture!("net_dev"),
            fixture!("meminfo"), fixture!("pid_cgroup"), fixture!("mountinfo"), fixture!("pid_status")];
        let text = texts[which];
        let from = from.min(text.len());
        all(&format!("{}{}", &text[..from], &text[(from + len).min(text.len())..]));
    }
}
