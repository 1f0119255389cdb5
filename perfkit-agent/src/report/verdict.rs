//! The first thing to know, in sentences: the text and the page begin with them.

use gdkrecord::units;

use super::{Report, time};
use crate::analysis::latency::percentile;
use crate::analysis::starvation::Starvation;

/// The verdict, what is most important first.
pub fn sentences(report: &Report) -> Vec<String> {
    // A program that draws no more has no slow frames.
    let mut sentences = starved(report);
    sentences.extend(frames(report));
    sentences.extend(hangs(report));
    sentences.extend(answers(report));
    sentences.extend(lost(report));
    sentences
}

/// What is missing, so that nobody takes the rest for all.
fn lost(report: &Report) -> Option<String> {
    let (first, last) = report
        .lost
        .iter()
        .fold((i64::MAX, i64::MIN), |place, lost| (place.0.min(lost.place.0), place.1.max(lost.place.1)));
    let words: Vec<String> = report.lost.iter().take(3).map(|lost| lost.words()).collect();
    (!words.is_empty()).then(|| {
        let (first, last) = (report.seconds(first), report.seconds(last));
        let (first, last) = (format!("{first:.3} s"), format!("{last:.3} s"));
        let place = if first == last { format!("at {first}") } else { format!("from {first} to {last}") };
        format!("Not all was recorded: {}, {place}.", words.join(", "))
    })
}

fn frames(report: &Report) -> Vec<String> {
    let analysis = &report.analysis;
    let (all, slow) = (analysis.frames.len(), analysis.slow.len());
    if all == 0 {
        let end = analysis.timelines.iter().map(|timeline| timeline.end).max();
        let asked = analysis.timelines.first().map_or(i64::MIN, |timeline| timeline.asked.0);
        let words: &[&str] = match (report.draws, end.filter(|end| *end < asked)) {
            (true, Some(end)) => {
                return vec![format!(
                    "The recording ends at {:.3} s, before this stretch of time.",
                    report.seconds(end)
                )];
            }
            (true, None) => &["No frame was drawn in this stretch of time."],
            (false, _) => &[
                "No frames were recorded, so nothing can be said about slow ones.",
                "The source gdkrecord records those of GTK programs: perfkit-agent record -- PROGRAM",
            ],
        };
        return words.iter().map(|&sentence| sentence.to_owned()).collect();
    }
    let at = |share| time(percentile(&analysis.frames, share).unwrap_or(0));
    let budget = budget(report).map_or(String::new(), time);
    let headline = match slow {
        0 if all == 1 => format!("The only frame kept to its budget of {budget}."),
        0 => format!("All {} frames kept to their budget of {budget}.", units::count(all as u64)),
        _ => format!(
            "{} of {} ({}) took longer than their budget of {budget}.",
            units::count(slow as u64),
            units::plural(all as u64, "frame"),
            units::share(slow as f64 / all as f64)
        ),
    };
    let spread =
        format!("Half of all frames took up to {}, 99 % up to {}, the slowest {}.", at(0.5), at(0.99), at(1.0));
    vec![headline, spread]
}

fn hangs(report: &Report) -> Option<String> {
    let hangs = &report.analysis.hangs;
    let longest = time(hangs.iter().map(|hang| hang.place.1 - hang.place.0).max()?);
    Some(match hangs.len() {
        1 => format!("Once the program did not react for over 100 ms: {longest}."),
        count => {
            let count = units::count(count as u64);
            format!("{count} times the program did not react for over 100 ms: {longest} at most.")
        }
    })
}

fn starved(report: &Report) -> Vec<String> {
    let sentence = |starved: &Starvation| {
        let (from, to) = (report.seconds(starved.place.0), report.seconds(starved.place.1));
        format!("From {from:.3} s to the end at {to:.3} s {}.", starved.words())
    };
    report.analysis.starved.iter().map(sentence).collect()
}

fn answers(report: &Report) -> Option<String> {
    let answers = &report.analysis.answers;
    let mut latencies: Vec<i64> = answers.iter().map(|answer| answer.latency()).collect();
    latencies.sort_unstable();
    let (half, most) = (percentile(&latencies, 0.5)?, answers.iter().max_by_key(|answer| answer.latency())?);
    let (half, latency) = (time(half), time(most.latency()));
    let (event, at) = (&most.input.what.event, report.seconds(most.made));
    Some(format!(
        "Input was answered on screen after {half} at the median, {latency} at most: that of {event} at {at:.3} s."
    ))
}

/// The budget of most frames, in nanoseconds; `None` without frames.
pub fn budget(report: &Report) -> Option<i64> {
    let mut budgets: Vec<i64> = report.analysis.strip.iter().map(|(_, _, budget)| *budget).collect();
    budgets.sort_unstable();
    percentile(&budgets, 0.5)
}
