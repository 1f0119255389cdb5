//! What is shown of a server: one table. A section has graphs of lines over time and a table of figures, one row for
//! each value of a label.

use perfkit_agent::server::metrics::{self as of, Family};
use perfkit_agent::server::names::Part;

use crate::wording::marked;

/// How a number comes of the values of a counter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    /// How much it rose.
    Total,
    /// How much it rose in a second.
    Rate,
    /// How much of each second it rose, of what counts time.
    Share,
    /// The greatest.
    Most,
    /// How many durations there were.
    Times,
    /// How many of them in a second.
    TimesRate,
    /// The duration below which this share of all lies.
    Percentile(f64),
}

impl How {
    /// Which number of the samples it is about.
    pub fn part(self) -> Part {
        match self {
            How::Times | How::TimesRate | How::Percentile(_) => Part::Count,
            _ => Part::Value,
        }
    }

    /// Whether it is how fast something rises.
    pub fn is_rate(self) -> bool {
        matches!(self, How::Rate | How::Share | How::TimesRate)
    }

    /// What a rise in a second is multiplied with.
    pub fn scale(self) -> f64 {
        if self == How::Share { 1e-9 } else { 1.0 }
    }

    /// The unit that its numbers have, as a counter's names it.
    pub fn unit(self, family: &Family) -> &'static str {
        match (self, family.unit) {
            (How::Share, _) => "share",
            (How::Percentile(_), _) | (How::Most, "seconds") => "ns",
            (_, "bytes") => "bytes",
            _ => "",
        }
    }
}

/// A choice among the values of a label.
pub type Only = Option<(&'static str, fn(&str) -> bool)>;

/// Lines of a graph: one for each value of a label, or one alone.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// What it is called, to be translated; `{key}` is the label's value.
    pub title: &'static str,
    /// Of which family.
    pub family: &'static Family,
    /// How its values come about.
    pub how: How,
    /// A line for each value of this label; empty for one of all.
    pub by: &'static str,
    /// Only these.
    pub only: Only,
}

/// A graph.
#[derive(Clone, Copy, Debug)]
pub struct Plot {
    /// Its title, to be translated.
    pub title: &'static str,
    /// Its lines, all of one unit.
    pub lines: &'static [Line],
}

/// A column of a section's table.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Its title, to be translated.
    pub title: &'static str,
    /// Of which family.
    pub family: &'static Family,
    /// How it comes about.
    pub how: How,
    /// Only these.
    pub only: Only,
}

/// A section.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its title, to be translated.
    pub title: &'static str,
    /// What its rows are, to be translated.
    pub row: &'static str,
    /// By which label; empty where there is one row.
    pub by: &'static str,
    /// Its graphs.
    pub plots: &'static [Plot],
    /// The columns of its table.
    pub figures: &'static [Figure],
    /// Why some of it may not be there, to be translated.
    pub missing: &'static str,
}

/// Durations that are shown as a histogram.
#[derive(Clone, Copy, Debug)]
pub struct Lengths {
    /// What took so long, to be translated; `{key}` is the label's value.
    pub title: &'static str,
    /// Of which family.
    pub family: &'static Family,
    /// One for each value of this label, besides that of all; empty for one of all alone.
    pub by: &'static str,
}

const fn line(title: &'static str, family: &'static Family, how: How, by: &'static str) -> Line {
    Line { title, family, how, by, only: None }
}

const fn figure(title: &'static str, family: &'static Family, how: How) -> Figure {
    Figure { title, family, how, only: None }
}

const KEY: &str = "{key}";
const WORKER: &str = marked("worker {key}");

/// Whether a class of status is of requests that failed.
fn failed(class: &str) -> bool {
    matches!(class, "4xx" | "5xx")
}

/// Whether a script ended as it should.
fn done(how: &str) -> bool {
    how == "done"
}

fn not_done(how: &str) -> bool {
    !done(how)
}

/// Every section, in its order.
pub static SECTIONS: &[Section] = &[
    Section {
        title: marked("Workers"),
        row: marked("Worker"),
        by: "worker",
        plots: &[
            Plot { title: marked("Busy"), lines: &[line(WORKER, &of::WORKER_BUSY, How::Share, "worker")] },
            Plot {
                title: marked("Tasks in Queues"),
                lines: &[
                    line(marked("shared"), &of::RUNTIME_QUEUE, How::Most, ""),
                    line(WORKER, &of::WORKER_QUEUE, How::Most, "worker"),
                ],
            },
        ],
        figures: &[
            figure(marked("Busy"), &of::WORKER_BUSY, How::Share),
            figure(marked("Polls/s"), &of::WORKER_POLLS, How::Rate),
            figure(marked("Stolen"), &of::WORKER_STOLEN, How::Total),
            figure(marked("Asleep"), &of::WORKER_PARKED, How::Total),
            figure(marked("Queue"), &of::WORKER_QUEUE, How::Most),
        ],
        missing: marked("the agent was built without tokio_unstable, so that its runtime does not tell"),
    },
    Section {
        title: marked("Requests"),
        row: marked("Module"),
        by: "module",
        plots: &[
            Plot { title: marked("Answered per Second"), lines: &[line(KEY, &of::REQUESTS, How::Rate, "module")] },
            Plot {
                title: marked("Being Handled or Waiting"),
                lines: &[line(KEY, &of::REQUESTS_OPEN, How::Most, "module")],
            },
        ],
        figures: &[
            figure(marked("Answered"), &of::REQUESTS, How::Total),
            figure(marked("Per s"), &of::REQUESTS, How::Rate),
            Figure { only: Some(("class", failed)), ..figure(marked("Failed"), &of::REQUESTS, How::Total) },
            figure(marked("Most at Once"), &of::REQUESTS_OPEN, How::Most),
            figure(marked("Median"), &of::REQUESTS_LATENCY, How::Percentile(0.5)),
            figure(marked("99 %"), &of::REQUESTS_LATENCY, How::Percentile(0.99)),
        ],
        missing: marked("this agent does not tell"),
    },
    Section {
        title: marked("Partitions"),
        row: marked("Partition"),
        by: "partition",
        plots: &[Plot {
            title: marked("Waiting Requests"),
            lines: &[
                line(marked("all"), &of::PARTITIONS_WAITING, How::Most, ""),
                line(KEY, &of::PARTITION_WAITING, How::Most, "partition"),
            ],
        }],
        figures: &[
            figure(marked("Most Waiting"), &of::PARTITION_WAITING, How::Most),
            figure(marked("Most Inside"), &of::PARTITION_INSIDE, How::Most),
            figure(marked("Entered"), &of::PARTITION_ENTERED, How::Total),
            figure(marked("Longest Wait"), &of::PARTITION_LONGEST, How::Most),
        ],
        missing: marked("no request entered a partition"),
    },
    Section {
        title: marked("Pools"),
        row: marked("Pool"),
        by: "pool",
        plots: &[Plot { title: marked("Lent"), lines: &[line(KEY, &of::POOL_LENT, How::Most, "pool")] }],
        figures: &[
            figure(marked("Size"), &of::POOL_SIZE, How::Most),
            figure(marked("Most Lent"), &of::POOL_LENT, How::Most),
            figure(marked("Most Waiting"), &of::POOL_WAITING, How::Most),
            figure(marked("Made"), &of::POOL_MADE, How::Total),
            figure(marked("Overdue"), &of::POOL_OVERDUE, How::Total),
            figure(marked("Wait, 99 %"), &of::POOL_WAIT, How::Percentile(0.99)),
            figure(marked("Held, 99 %"), &of::POOL_HELD, How::Percentile(0.99)),
        ],
        missing: marked("this agent has no pools"),
    },
    Section {
        title: marked("Connections and Tasks"),
        row: "",
        by: "",
        plots: &[Plot {
            title: marked("Open"),
            lines: &[
                line(marked("connections"), &of::CONNECTIONS_OPEN, How::Most, ""),
                line(marked("tasks"), &of::RUNTIME_TASKS, How::Most, ""),
                line(marked("computing"), &of::COMPUTE_OPEN, How::Most, ""),
            ],
        }],
        figures: &[
            figure(marked("Accepted"), &of::CONNECTIONS_ACCEPTED, How::Total),
            figure(marked("Refused"), &of::CONNECTIONS_REFUSED, How::Total),
            figure(marked("Broken"), &of::CONNECTIONS_BROKEN, How::Total),
            figure(marked("Most Open"), &of::CONNECTIONS_OPEN, How::Most),
            figure(marked("Most Tasks"), &of::RUNTIME_TASKS, How::Most),
            figure(marked("Computing, 99 %"), &of::COMPUTE_TOOK, How::Percentile(0.99)),
        ],
        missing: marked("this agent does not tell"),
    },
    Section {
        title: marked("Scripts"),
        row: "",
        by: "",
        plots: &[
            Plot {
                title: marked("Scripts Now"),
                lines: &[
                    line(marked("running"), &of::SCRIPT_RUNNING, How::Most, ""),
                    line(marked("ready"), &of::SCRIPT_READY, How::Most, ""),
                    line(marked("open"), &of::SCRIPT_OPEN, How::Most, ""),
                    line(marked("waiting"), &of::SCRIPT_WAITING, How::Most, ""),
                ],
            },
            Plot {
                title: marked("Slices per Second"),
                lines: &[line(marked("slices"), &of::SCRIPT_SLICE, How::TimesRate, "")],
            },
        ],
        figures: &[
            Figure { only: Some(("how", done)), ..figure(marked("Done"), &of::SCRIPT_ENDED, How::Total) },
            Figure { only: Some(("how", not_done)), ..figure(marked("Failed"), &of::SCRIPT_ENDED, How::Total) },
            figure(marked("Killed"), &of::SCRIPT_KILLED, How::Total),
            figure(marked("Slices"), &of::SCRIPT_SLICE, How::Times),
            figure(marked("Slice, 99 %"), &of::SCRIPT_SLICE, How::Percentile(0.99)),
            figure(marked("Awaited, 99 %"), &of::SCRIPT_QUEUED, How::Percentile(0.99)),
            figure(marked("Started in, 99 %"), &of::SCRIPT_START, How::Percentile(0.99)),
        ],
        missing: marked("this agent runs no scripts"),
    },
];

/// Every kind of durations, in its order.
pub static LENGTHS: &[Lengths] = &[
    Lengths { title: marked("Requests"), family: &of::REQUESTS_LATENCY, by: "module" },
    Lengths { title: marked("Waits at Partitions"), family: &of::PARTITIONS_WAIT, by: "" },
    Lengths { title: marked("Waits for Pools"), family: &of::POOL_WAIT, by: "pool" },
    Lengths { title: marked("Slices of Scripts"), family: &of::SCRIPT_SLICE, by: "" },
    Lengths { title: marked("Waits for Slices"), family: &of::SCRIPT_QUEUED, by: "" },
    Lengths { title: marked("Long Computing"), family: &of::COMPUTE_TOOK, by: "" },
];
