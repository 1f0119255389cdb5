//! What is reckoned from a server's counters.

use perfkit_agent::server::metrics::{REQUESTS, REQUESTS_LATENCY, WORKER_BUSY, WORKER_POLLS};

use super::sections::{LENGTHS, SECTIONS};
use super::*;

const S: i64 = 1_000_000_000;

fn series(name: &str, counts_up: bool, points: &[(i64, f64)]) -> Series {
    let points = points.iter().map(|(second, value)| (second * S, *value)).collect();
    Series { named: Named::read(name).unwrap(), counts_up, points }
}

fn history() -> History {
    History::new(vec![
        series("agent.worker.busy.worker=0", true, &[(0, 0.0), (1, 0.5e9), (2, 0.5e9)]),
        series("agent.worker.busy.worker=10", true, &[(0, 0.0), (1, 1e9), (2, 2e9)]),
        series("agent.worker.busy.worker=2", true, &[(0, 7e9), (1, 7e9), (2, 7e9)]),
        series("agent.requests.class=2xx.module=health", true, &[(0, 5.0), (1, 105.0), (2, 205.0)]),
        series("agent.requests.class=4xx.module=health", true, &[(1, 10.0)]),
        series("agent.requests.latency.bucket.le=1048576.module=health", true, &[(0, 5.0), (2, 95.0)]),
        series("agent.requests.latency.bucket.le=2097152.module=health", true, &[(1, 10.0)]),
        series("agent.requests.open.module=health", false, &[(0, 1.0), (1, 9.0), (2, 2.0)]),
    ])
}

fn found(section: &str, figure: &str, key: &str, range: Range) -> Option<f64> {
    let section = SECTIONS.iter().find(|one| one.title == section).unwrap();
    let figure = section.figures.iter().find(|one| one.title == figure).unwrap();
    history().figure(figure, section.by, key, range)
}

#[test]
fn a_sections_rows_are_the_values_of_its_label_numbers_in_their_order() {
    assert_eq!(history().rows(&SECTIONS[0]), ["0", "2", "10"]);
    assert_eq!(history().rows(&SECTIONS[1]), ["health"]);
}

#[test]
fn figures_are_of_the_stretch_alone() {
    let (all, late) = (Range::new(0, 2 * S), Range::new(S, 2 * S));
    assert_eq!(found("Workers", "Busy", "0", all), Some(0.25));
    assert_eq!(found("Workers", "Busy", "0", late), Some(0.0));
    assert_eq!(found("Workers", "Busy", "10", all), Some(1.0));
    assert_eq!(found("Workers", "Busy", "2", all), Some(0.0));
    assert_eq!(found("Workers", "Polls/s", "0", all), None);
    // Those that failed are first told of after a second, and were none before.
    assert_eq!(found("Requests", "Answered", "health", all), Some(210.0));
    assert_eq!(found("Requests", "Failed", "health", all), Some(10.0));
    assert_eq!(found("Requests", "Failed", "health", late), Some(0.0));
    assert_eq!(found("Requests", "Most at Once", "health", all), Some(9.0));
    assert!(!history().has(&WORKER_POLLS) && history().has(&WORKER_BUSY));
}

#[test]
fn durations_are_told_by_their_buckets() {
    let history = history();
    let which = Which { family: &REQUESTS_LATENCY, of: ("", ""), only: None };
    let buckets = history.buckets(&which, Range::new(0, 2 * S));
    assert_eq!(buckets, [(524_288, 1_048_576, 90), (1_048_576, 2_097_152, 10)]);
    let median = percentile(&buckets, 0.5).unwrap();
    assert!((524_288.0..1_048_576.0).contains(&median), "{median}");
    assert_eq!(percentile(&buckets, 1.0), Some(2_097_152.0));
    assert_eq!(percentile(&[], 0.5), None);
}

#[test]
fn lines_are_values_or_how_fast_they_rise() {
    let plot = |section: usize, plot: usize| &SECTIONS[section].plots[plot].lines[0];
    assert_eq!(history().line(plot(0, 0), "0"), [(S, 0.5), (2 * S, 0.0)]);
    assert_eq!(history().line(plot(1, 0), "health"), [(S, 110.0), (2 * S, 100.0)]);
    assert_eq!(history().line(plot(1, 1), "health"), [(0, 1.0), (S, 9.0), (2 * S, 2.0)]);
    assert!(history().line(plot(1, 0), "nothing").is_empty());
}

#[test]
fn lines_of_a_plot_have_one_unit_and_figures_of_durations_are_percentiles() {
    for plot in SECTIONS.iter().flat_map(|section| section.plots) {
        let units: BTreeSet<_> =
            plot.lines.iter().map(|line| (line.how.unit(line.family), line.how.is_rate())).collect();
        assert_eq!(units.len(), 1, "{}", plot.title);
    }
    assert!(LENGTHS.iter().all(|lengths| lengths.family.unit == "seconds"));
    assert!(REQUESTS.unit.is_empty());
}
