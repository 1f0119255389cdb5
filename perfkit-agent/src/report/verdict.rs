//! The first thing to know, in sentences: the text and the page begin with them.

use gdkrecord::units;

use super::{Report, time};
use crate::analysis::latency::percentile;
use crate::analysis::starvation::Starvation;

/// Gives a text in the language of who reads it.
pub type Translate<'a> = &'a dyn Fn(&str) -> String;

/// The verdict, what is most important first.
pub fn sentences(report: &Report) -> Vec<String> {
    sentences_in(report, &str::to_owned)
}

/// The same in another language; what was found, which stands in them, is as it is.
pub fn sentences_in(report: &Report, tr: Translate<'_>) -> Vec<String> {
    // A program that draws no more has no slow frames.
    let mut sentences = starved(report, tr);
    sentences.extend(frames(report, tr));
    sentences.extend(hangs(report, tr));
    sentences.extend(answers(report, tr));
    sentences.extend(lost(report, tr));
    sentences
}

/// A text in the reader's language, with values for `{name}`.
fn say(tr: Translate<'_>, text: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(tr(text), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.3} s")
}

/// What is missing, so that nobody takes the rest for all.
fn lost(report: &Report, tr: Translate<'_>) -> Option<String> {
    let (first, last) = report
        .lost
        .iter()
        .fold((i64::MAX, i64::MIN), |place, lost| (place.0.min(lost.place.0), place.1.max(lost.place.1)));
    let words: Vec<String> = report.lost.iter().take(3).map(|lost| lost.words()).collect();
    (!words.is_empty()).then(|| {
        let (first, last) = (report.seconds(first), report.seconds(last));
        let (first, last) = (seconds(first), seconds(last));
        let values = [("from", &*first), ("to", &*last), ("what", &*words.join(", "))];
        match first == last {
            true => say(tr, "Not all was recorded: {what}, at {from}.", &values),
            false => say(tr, "Not all was recorded: {what}, from {from} to {to}.", &values),
        }
    })
}

fn frames(report: &Report, tr: Translate<'_>) -> Vec<String> {
    let analysis = &report.analysis;
    let (all, slow) = (analysis.frames.len(), analysis.slow.len());
    if all == 0 {
        let end = analysis.timelines.iter().map(|timeline| timeline.end).max();
        let asked = analysis.timelines.first().map_or(i64::MIN, |timeline| timeline.asked.0);
        return match (report.draws, end.filter(|end| *end < asked)) {
            (true, Some(end)) => {
                let end = seconds(report.seconds(end));
                vec![say(tr, "The recording ends at {end}, before this stretch of time.", &[("end", &*end)])]
            }
            (true, None) => vec![say(tr, "No frame was drawn in this stretch of time.", &[])],
            (false, _) => vec![
                say(tr, "No frames were recorded, so nothing can be said about slow ones.", &[]),
                say(tr, "The source gdkrecord records those of GTK programs: perfkit-agent record -- PROGRAM", &[]),
            ],
        };
    }
    let at = |share| time(percentile(&analysis.frames, share).unwrap_or(0));
    let budget = budget(report).map_or(String::new(), time);
    let count = |number: usize| units::count(number as u64);
    let values = [
        ("slow", &*count(slow)),
        ("all", &*count(all)),
        ("share", &*units::share(slow as f64 / all as f64)),
        ("budget", &*budget),
    ];
    let headline = match (slow, all) {
        (0, 1) => say(tr, "The only frame kept to its budget of {budget}.", &values),
        (0, _) => say(tr, "All {all} frames kept to their budget of {budget}.", &values),
        (_, 1) => say(tr, "The only frame took longer than its budget of {budget}.", &values),
        _ => say(tr, "{slow} of {all} frames ({share}) took longer than their budget of {budget}.", &values),
    };
    let values = [("half", &*at(0.5)), ("most", &*at(0.99)), ("slowest", &*at(1.0))];
    let spread = say(tr, "Half of all frames took up to {half}, 99 % up to {most}, the slowest {slowest}.", &values);
    vec![headline, spread]
}

fn hangs(report: &Report, tr: Translate<'_>) -> Option<String> {
    let hangs = &report.analysis.hangs;
    let longest = time(hangs.iter().map(|hang| hang.place.1 - hang.place.0).max()?);
    let values = [("count", &*units::count(hangs.len() as u64)), ("longest", &*longest)];
    Some(match hangs.len() {
        1 => say(tr, "Once the program did not react for over 100 ms: {longest}.", &values),
        _ => say(tr, "{count} times the program did not react for over 100 ms: {longest} at most.", &values),
    })
}

fn starved(report: &Report, tr: Translate<'_>) -> Vec<String> {
    let sentence = |starved: &Starvation| {
        let (from, to) = (seconds(report.seconds(starved.place.0)), seconds(report.seconds(starved.place.1)));
        let values = [("from", &*from), ("to", &*to), ("what", &*starved.words())];
        say(tr, "From {from} to the end at {to} {what}.", &values)
    };
    report.analysis.starved.iter().map(sentence).collect()
}

fn answers(report: &Report, tr: Translate<'_>) -> Option<String> {
    let answers = &report.analysis.answers;
    let mut latencies: Vec<i64> = answers.iter().map(|answer| answer.latency()).collect();
    latencies.sort_unstable();
    let (half, most) = (percentile(&latencies, 0.5)?, answers.iter().max_by_key(|answer| answer.latency())?);
    let (half, latency, at) = (time(half), time(most.latency()), seconds(report.seconds(most.made)));
    let values = [("half", &*half), ("most", &*latency), ("event", &*most.input.what.event), ("at", &*at)];
    Some(say(
        tr,
        "Input was answered on screen after {half} at the median, {most} at most: that of {event} at {at}.",
        &values,
    ))
}

/// The budget of most frames, in nanoseconds; `None` without frames.
pub fn budget(report: &Report) -> Option<i64> {
    let mut budgets: Vec<i64> = report.analysis.strip.iter().map(|(_, _, budget)| *budget).collect();
    budgets.sort_unstable();
    percentile(&budgets, 0.5)
}
