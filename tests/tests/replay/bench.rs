//! Several runs are measured, each and together, and their sessions are kept.

use perfkit_tests::Launch;
use perfkit_tests::process::stdout_of;
use serde_json::Value;

use perfkit_tests::replay::scripted;

use crate::agent;

#[test]
fn figures_are_given_for_each_run_and_all_of_them() {
    let scripted = scripted(Launch::new("gnome-calculator"), |pointer| {
        pointer.to(60, 350).pause(100).click(1).pause(100).text("1+2").key("Return").pause(200)
    })
    .unwrap();
    let folder = scripted.display.home().join("bench");
    let mut bench = agent();
    bench.arg("bench").arg(&scripted.path).args(["--runs", "3", "--speed", "fast", "--with", "gdkrecord,proc@20Hz"]);
    let said = stdout_of(bench.arg("-o").arg(&folder).args(["--format", "json", "--quiet"])).unwrap();
    let figures: Value = serde_json::from_str(&said).unwrap();

    let sessions = figures["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 3);
    assert!(sessions.iter().all(|path| std::path::Path::new(path.as_str().unwrap()).is_file()));
    for name in ["time", "frames", "frame_p50", "frame_p99", "latency_p50", "busy", "cpu", "repainted", "memory"] {
        let measure = &figures["measures"][name];
        let runs: Vec<f64> = measure["runs"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
        assert_eq!(runs.len(), 3, "{name}");
        assert!(runs.iter().all(|value| *value > 0.0), "{name}: {runs:?}");
        let all = |key: &str| measure["all"][key].as_f64().unwrap();
        assert!(all("min") <= all("p25") && all("p25") <= all("median"), "{name}: {measure}");
        assert!(all("median") <= all("p75") && all("p75") <= all("max"), "{name}: {measure}");
    }
    // Nothing was asked of system calls.
    assert!(figures["measures"]["syscalls"]["all"].is_null());
    // The press that the calculator answers is aligned between the runs.
    let steps = figures["steps"].as_array().unwrap();
    let press = steps.iter().find(|step| step["line"].as_str().unwrap().contains(" release ")).unwrap();
    let latencies = press["latency_ns"]["runs"].as_array().unwrap();
    assert_eq!(latencies.iter().filter(|latency| latency.is_i64()).count(), 3, "{press}");
}
