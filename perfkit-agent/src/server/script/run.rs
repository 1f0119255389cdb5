//! One script, from its admission to its end.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use nix::sys::signal::Signal;
use serde_json::value::RawValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout_at;

use super::confine::Exit;
use super::keeper::Born;
use super::message::{self, HEAD, Said, Told};
use super::schedule::Turns;
use super::{Code, Counted, Host, Limits, Metrics, Sandbox, ScriptError, Spent};

/// Bytes of a frame beside what is limited: its letter, the name of a question.
const EXTRA: usize = 128;
/// Bytes of the arguments of a question.
const ARGUMENTS: usize = 1 << 20;
/// How long a process that was killed may take to be gone.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs a script.
pub async fn run<H: Host>(
    sandbox: &Sandbox,
    source: &str,
    limits: &Limits,
    host: &H,
    output: mpsc::Sender<Bytes>,
) -> Result<Spent, ScriptError> {
    let metrics = &*sandbox.metrics;
    let mut end = End { metrics, reached: false };
    metrics.begun.fetch_add(1, Ordering::Relaxed);
    let begun = Instant::now();
    let mut spent = Spent::default();
    let ended = admitted(sandbox, source, limits, host, output, &mut spent).await;
    spent.wall = begun.elapsed();
    end.reached = true;
    match ended {
        Ok(()) => {
            metrics.done.fetch_add(1, Ordering::Relaxed);
            Ok(spent)
        }
        Err(Stop { code, line, message }) => {
            if let Some(failed) = metrics.failed.get(usize::from(code.number())) {
                failed.fetch_add(1, Ordering::Relaxed);
            }
            Err(ScriptError { code, message, line, spent })
        }
    }
}

/// Why a script does not go on.
struct Stop {
    code: Code,
    line: Option<u32>,
    message: String,
}

impl Stop {
    fn new(code: Code, message: impl Into<String>) -> Stop {
        Stop { code, line: None, message: message.into() }
    }
}

/// Counts a script that is dropped before its end.
struct End<'a> {
    metrics: &'a Metrics,
    reached: bool,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        if !self.reached {
            self.metrics.dropped.fetch_add(1, Ordering::Relaxed);
            self.metrics.killed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn admitted<H: Host>(
    sandbox: &Sandbox,
    source: &str,
    limits: &Limits,
    host: &H,
    output: mpsc::Sender<Bytes>,
    spent: &mut Spent,
) -> Result<(), Stop> {
    let metrics = &*sandbox.metrics;
    if source.len() > limits.source {
        let message = format!("it is {} bytes long, and may be {}", source.len(), limits.source);
        return Err(Stop::new(Code::Source, message));
    }
    let deadline = tokio::time::Instant::now() + limits.wall;
    let late = || Stop::new(Code::Wall, format!("it took longer than {} s", limits.wall.as_secs_f64()));
    let waiting = Counted::new(&metrics.waiting);
    let permit = timeout_at(deadline, sandbox.admission.acquire()).await;
    drop(waiting);
    let _permit = permit.map_err(|_| Stop::new(Code::Unavailable, "too many scripts are open; try again later"))?;
    let _open = Counted::new(&metrics.open);
    let begun = Instant::now();
    let unavailable = |error: String| Stop::new(Code::Unavailable, error);
    let born = sandbox.keeper.take().await.map_err(|error| unavailable(error.to_string()))?;
    let Born { socket, handle, exit } = born;
    let turns = sandbox.schedule.enter(handle);
    let mut talk = Talk { socket, turns, exit, ended: None, limits, metrics, host, output, begun, spent };
    let stop = match timeout_at(deadline, talk.until_end(source)).await {
        Ok(stop) => stop,
        Err(_) => Some(late()),
    };
    let Talk { turns, exit, ended, spent, .. } = talk;
    (spent.slices, spent.queued) = (turns.slices(), turns.queued());
    // Whatever it says, it is not to go on.
    drop(turns);
    let exit = match ended {
        Some(ended) => ended,
        None => tokio::time::timeout(PATIENCE, exit).await.ok().and_then(Result::ok),
    };
    if let Some(exit) = exit {
        (spent.cpu, spent.resident) = (exit.cpu, exit.resident);
        if stop.is_some() && exit.signal != 0 {
            metrics.killed.fetch_add(1, Ordering::Relaxed);
        }
    }
    match stop {
        None => Ok(()),
        Some(Stop { code: Code::Engine, .. }) => Err(explain(exit, limits)),
        Some(stop) => Err(stop),
    }
}

/// Why a process ended that was not asked to.
fn explain(exit: Option<Exit>, limits: &Limits) -> Stop {
    let Some(exit) = exit else { return Stop::new(Code::Engine, "its process is gone") };
    match Signal::try_from(exit.signal) {
        Ok(Signal::SIGPROF | Signal::SIGXCPU) => {
            let message = format!("it used up its {} s of processor time", limits.cpu.as_secs_f64());
            Stop::new(Code::Cpu, message)
        }
        Ok(Signal::SIGSYS) => {
            Stop::new(Code::Forbidden, "its process tried what scripts may not do, and was ended for it")
        }
        Ok(signal) => Stop::new(Code::Engine, format!("its process was ended by {signal}")),
        Err(_) => Stop::new(Code::Engine, format!("its process ended with status {}", exit.status)),
    }
}

/// What is going on with a script's process.
struct Talk<'a, H> {
    socket: UnixStream,
    turns: Turns,
    exit: oneshot::Receiver<Exit>,
    /// How the process ended, or that nobody will tell, where that is known already.
    ended: Option<Option<Exit>>,
    limits: &'a Limits,
    metrics: &'a Metrics,
    host: &'a H,
    output: mpsc::Sender<Bytes>,
    begun: Instant,
    spent: &'a mut Spent,
}

impl<H: Host> Talk<'_, H> {
    /// Until it ends; why, where that is not as it should.
    async fn until_end(&mut self, source: &str) -> Option<Stop> {
        let Limits { cpu, memory, output, .. } = *self.limits;
        let first = Told::Limits { cpu, memory: memory as u64, output: output as u64 };
        let frames = [first.encode(), Told::Source(source.to_owned()).encode()].concat();
        let mut told = self.tell(&frames).await;
        loop {
            if told.is_err() {
                return Some(Stop::new(Code::Engine, ""));
            }
            let said = match self.hear().await {
                Ok(said) => said,
                Err(stop) => return Some(stop),
            };
            if self.spent.started.is_zero() {
                self.spent.started = self.begun.elapsed();
                self.metrics.start.record(self.spent.started);
            }
            told = match said {
                Said::Done => return None,
                Said::Failed { code, line, message } => {
                    return Some(Stop { code, line: Some(line).filter(|line| *line > 0), message });
                }
                Said::Emit(line) => match self.give_out(&line).await {
                    Some(stop) => return Some(stop),
                    None => Ok(()),
                },
                Said::Call { name, arguments } => match self.answer(&name, &arguments).await {
                    Ok(answer) => self.tell(&answer).await,
                    Err(stop) => return Some(stop),
                },
            };
        }
    }

    /// Has it go on with these bytes.
    async fn tell(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        // What there is room for is written first, so that its turn is not spent with waiting for us.
        let written = match self.socket.try_write(bytes) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => 0,
            written => written?,
        };
        self.turns.ready();
        self.socket.write_all(&bytes[written..]).await
    }

    /// What it says next. A process that ends without a word is told by the code `Engine`.
    async fn hear(&mut self) -> Result<Said, Stop> {
        let gone = |_| Stop::new(Code::Engine, "");
        let odd = |damage: message::Damage| Stop::new(Code::Forbidden, format!("its process said {damage}"));
        let most = EXTRA + ARGUMENTS.max(self.limits.output);
        let mut head = [0; HEAD];
        self.socket.read_exact(&mut head).await.map_err(gone)?;
        let [length @ .., letter] = head;
        let length = message::length(length, most).map_err(odd)?;
        let mut body = BytesMut::with_capacity(length.min(1 << 16));
        body.put_u8(letter);
        let mut rest = (&mut self.socket).take(length as u64 - 1);
        while body.len() < length {
            if rest.read_buf(&mut body).await.map_err(gone)? == 0 {
                return Err(Stop::new(Code::Engine, ""));
            }
        }
        Said::decode(&body).map_err(odd)
    }

    /// Hands on a line; it is stopped while there is no room for that.
    async fn give_out(&mut self, line: &str) -> Option<Stop> {
        let over = || Stop::new(Code::Output, format!("it gave out more than {} bytes", self.limits.output));
        let length = line.len() as u64 + 1;
        if self.spent.output + length > self.limits.output as u64 {
            return Some(over());
        }
        if line.contains('\n') || serde_json::from_str::<&RawValue>(line).is_err() {
            return Some(Stop::new(Code::Forbidden, "its process gave out what is no JSON"));
        }
        self.spent.output += length;
        let mut bytes = BytesMut::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.put_u8(b'\n');
        let cancelled = || Some(Stop::new(Code::Cancelled, "nobody reads what it gives out"));
        match self.output.try_send(bytes.freeze()) {
            Ok(()) => None,
            Err(mpsc::error::TrySendError::Closed(_)) => cancelled(),
            Err(mpsc::error::TrySendError::Full(bytes)) => {
                self.turns.park();
                let sent = tokio::select! {
                    sent = self.output.send(bytes) => sent,
                    exit = &mut self.exit => return Some(self.gone(exit)),
                };
                self.turns.ready();
                if sent.is_err() { cancelled() } else { None }
            }
        }
    }

    /// Asks the host; it is stopped meanwhile.
    async fn answer(&mut self, name: &str, arguments: &str) -> Result<Vec<u8>, Stop> {
        self.turns.park();
        if self.output.is_closed() {
            return Err(Stop::new(Code::Cancelled, "nobody reads what it gives out"));
        }
        self.spent.calls += 1;
        self.metrics.calls.fetch_add(1, Ordering::Relaxed);
        if self.spent.calls > self.limits.calls {
            let message = format!("it asked for data more than {} times: ask for more at once", self.limits.calls);
            return Err(Stop::new(Code::Calls, message));
        }
        let begun = Instant::now();
        let long = arguments.len() > ARGUMENTS;
        let answer = match serde_json::from_str(arguments) {
            Ok(_) if long => Err(format!("the question is longer than {ARGUMENTS} bytes")),
            Ok(arguments) => tokio::select! {
                answer = self.host.call(name, arguments) => answer,
                exit = &mut self.exit => return Err(self.gone(exit)),
            },
            Err(_) => return Err(Stop::new(Code::Forbidden, "its process asked with what is no JSON")),
        };
        let answer = match answer {
            Ok(answer) => Told::Answer(answer.value.to_string(), answer.columns),
            Err(why) => Told::Refusal(why),
        };
        let mut frame = answer.encode();
        if frame.len() > self.limits.answer {
            let (length, most) = (frame.len(), self.limits.answer);
            frame = Told::Refusal(format!("the answer has {length} bytes, and may have {most}: ask for less")).encode();
        }
        let waited = begun.elapsed();
        self.metrics.answer.record(waited);
        self.spent.waited += waited;
        self.spent.answers += frame.len() as u64;
        Ok(frame)
    }

    /// Its process ended while it was waiting for us.
    fn gone(&mut self, exit: Result<Exit, oneshot::error::RecvError>) -> Stop {
        self.ended = Some(exit.ok());
        Stop::new(Code::Engine, "")
    }
}
