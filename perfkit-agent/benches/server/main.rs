//! The server beside raw hyper, nginx, Apache and Tornado: processor time a request, memory of idle connections, and
//! what light requests notice of those that are busy, compute, or run scripts.
//!
//! `cargo xtask bench server` runs it, and puts its figures into tests/benches/RESULTS.md. `PERFKIT_ROUNDS` says how
//! often peers take turns.

#![allow(missing_docs, reason = "a program")]

mod load;
mod peers;
mod serving;

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use perfkit_tests::figures;
use perfkit_tests::{Failure, Result};

use load::{Load, Pace, Seen};
use peers::{PEERS, Peer};

/// How long one load lasts.
const LASTS: Duration = Duration::from_secs(4);
/// Connections that stay idle.
const IDLE: usize = 10_000;

fn main() -> ExitCode {
    let words: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    // As the agent does it: processes for scripts are this program, too.
    if let Some(status) = perfkit_agent::channel::hidden(&words) {
        return status;
    }
    if let [word, which] = &words[..]
        && word == "--serve"
    {
        return serving::main(&which.to_string_lossy());
    }
    figures::main("server", run)
}

fn run() -> Result<String> {
    serving::raise_descriptors();
    let rounds = std::env::var("PERFKIT_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let mut missed = Vec::new();
    let mut text = at_once(rounds, &mut missed)?;
    text.push_str(&idle(&mut missed)?);
    text.push_str(&fairness(rounds, &mut missed)?);
    match missed.is_empty() {
        true => Ok(text),
        false => Err(Failure::new(format!("{}\n{text}", missed.join("; ")))),
    }
}

/// A ratio that has an aim.
fn judge(missed: &mut Vec<String>, what: &str, ratio: f64, most: f64) {
    if ratio > most {
        missed.push(format!("{what}: {ratio:.2}, and the aim is {most}"));
    }
}

/// Requests that are answered at once: peers take turns, and each turn gives ratios to raw hyper's of the same round.
fn at_once(rounds: usize, missed: &mut Vec<String>) -> Result<String> {
    let mut text = String::from(
        "| answered at once | connections | requests/s, of hyper's | p99, of hyper's | CPU a request, µs | of hyper's |\n\
         |---|---|---|---|---|---|\n",
    );
    for connections in [64, 1000] {
        let mut table: Vec<Vec<[f64; 4]>> = PEERS.iter().map(|_| Vec::new()).collect();
        for round in 0..rounds {
            let mut seen: Vec<Option<[f64; 3]>> = vec![None; PEERS.len()];
            // Whoever comes first has the quiet machine; so they come in turn.
            for place in 0..PEERS.len() {
                let which = (place + round) % PEERS.len();
                let server = PEERS[which].start()?;
                let paced = Load { connections, path: "/hello", pace: Pace::Closed };
                load::run(server.port, &[paced], Duration::from_millis(500));
                let before = server.cpu();
                let [found] =
                    load::run(server.port, &[paced], LASTS).try_into().map_err(|_| Failure::new("one load"))?;
                let cpu = server.cpu().saturating_sub(before);
                if found.count() == 0 {
                    return Err(Failure::new(format!("{} answered nothing", PEERS[which].name)));
                }
                let each = cpu.as_secs_f64() * 1e6 / found.count() as f64;
                seen[which] = Some([found.count() as f64 / LASTS.as_secs_f64(), found.p(0.99), each]);
            }
            let Some([rate, p99, cpu]) =
                PEERS.iter().zip(&seen).find(|(peer, _)| peer.name == "hyper").and_then(|(_, s)| *s)
            else {
                return Err(Failure::new("hyper is no peer"));
            };
            for (rows, seen) in table.iter_mut().zip(&seen) {
                rows.extend(seen.map(|[r, p, c]| [r / rate, p / p99, c, c / cpu]));
            }
        }
        for (peer, rows) in PEERS.iter().zip(&table) {
            let of = |place: usize| figures::median(&mut rows.iter().map(|row| row[place]).collect::<Vec<_>>());
            let _ = writeln!(
                text,
                "| {} | {connections} | {:.2} | {:.2} | {:.1} | {:.2} |",
                peer.name,
                of(0),
                of(1),
                of(2),
                of(3)
            );
            if peer.name == "perfkit" {
                judge(missed, &format!("CPU a request with {connections} connections, of hyper's"), of(3), 1.15);
            }
        }
    }
    text.push('\n');
    Ok(text)
}

/// Connections that are open, have asked once, and ask no more.
fn idle(missed: &mut Vec<String>) -> Result<String> {
    let mut text = String::from("| idle connections | memory before, MB | with them, MB |\n|---|---|---|\n");
    for peer in PEERS.iter().filter(|peer| ["perfkit", "hyper"].contains(&peer.name)) {
        let server = peer.start()?;
        let before = server.memory();
        let (open, with) = load::idle(server.port, IDLE, || server.memory());
        if open < IDLE {
            return Err(Failure::new(format!("{}: only {open} connections came about", peer.name)));
        }
        let _ = writeln!(text, "| {}, {open} | {before:.1} | {with:.1} |", peer.name);
        if peer.name == "perfkit" {
            judge(missed, "MB with idle connections", with, 100.0);
        }
    }
    text.push('\n');
    Ok(text)
}

/// What light requests notice, at an even pace of their own, of others.
struct Beside {
    what: &'static str,
    peer: &'static str,
    others: &'static [Load],
    aim: Option<f64>,
}

/// Light requests: so many a second, from so many connections.
const LIGHT: Load = Load { connections: 20, path: "/hello", pace: Pace::Even(2000) };

const BESIDE: &[Beside] = &[
    Beside {
        what: "nine times as many at one serial partition, 2 ms each",
        peer: "perfkit",
        others: &[Load { connections: 180, path: "/serial", pace: Pace::Closed }],
        aim: Some(2.0),
    },
    Beside {
        what: "the same",
        peer: "Apache",
        others: &[Load { connections: 180, path: "/serial", pace: Pace::Closed }],
        aim: None,
    },
    Beside {
        what: "1 % that compute 5 ms on a worker",
        peer: "perfkit",
        others: &[Load { connections: 4, path: "/burn", pace: Pace::Even(20) }],
        aim: None,
    },
    Beside {
        what: "1 % that compute 5 ms by Context::compute",
        peer: "perfkit",
        others: &[Load { connections: 4, path: "/compute", pace: Pace::Even(20) }],
        aim: Some(1.5),
    },
    Beside {
        what: "1 % that compute 5 ms",
        peer: "hyper",
        others: &[Load { connections: 4, path: "/burn", pace: Pace::Even(20) }],
        aim: None,
    },
    Beside {
        what: "a script that loops for ever",
        peer: "perfkit",
        others: &[Load { connections: 1, path: "/loop", pace: Pace::Closed }],
        aim: Some(1.5),
    },
];

fn fairness(rounds: usize, missed: &mut Vec<String>) -> Result<String> {
    let mut text = String::from(
        "| light requests beside | server | p50, ms | p99 alone, ms | p99 beside, ms | beside / alone |\n\
         |---|---|---|---|---|---|\n",
    );
    for beside in BESIDE {
        let peer = PEERS.iter().find(|peer| peer.name == beside.peer).ok_or_else(|| Failure::new("no such peer"))?;
        let (mut alone, mut with, mut middle, mut ratio) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let server = peer.start()?;
            let quiet = light(peer, &server, &[])?;
            let loud = light(peer, &server, beside.others)?;
            alone.push(quiet.p(0.99) * 1e3);
            with.push(loud.p(0.99) * 1e3);
            middle.push(loud.p(0.5) * 1e3);
            ratio.push(loud.p(0.99) / quiet.p(0.99));
        }
        let ratio = figures::median(&mut ratio);
        let (middle, alone, with) =
            (figures::median(&mut middle), figures::median(&mut alone), figures::median(&mut with));
        let _ =
            writeln!(text, "| {} | {} | {middle:.2} | {alone:.2} | {with:.2} | {ratio:.2} |", beside.what, beside.peer);
        if let Some(aim) = beside.aim {
            judge(missed, beside.what, ratio, aim);
        }
    }
    Ok(text)
}

fn light(peer: &Peer, server: &peers::Server, others: &[Load]) -> Result<Seen> {
    let mut all = vec![LIGHT];
    all.extend_from_slice(others);
    let seen = load::run(server.port, &all, LASTS).into_iter().next();
    let answered = seen.filter(|seen| seen.count() > 0);
    answered.ok_or_else(|| Failure::new(format!("{} answered no light request", peer.name)))
}
