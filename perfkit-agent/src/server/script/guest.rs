//! Inside of a script's process: the engine, what the script finds in it, and its end of the socket.
//!
//! The engine is made once, in the nursery, and every script's process is a copy of it. A question to the host is a
//! blocking call there: the process waits, and nobody else does.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use rquickjs::context::EvalOptions;
use rquickjs::{Context, Ctx, Error, Exception, Function, IntoJs, Object, Promise, Runtime, TypedArray, Value};

use super::confine;
use super::limits::Code;
use super::message::{self, Said, Told};

/// The name under which the script's text stands in stacks.
const SCRIPT: &str = "script";
/// What the script finds, in JavaScript.
const PRELUDE: &str = include_str!("prelude.js");
/// Bytes of C stack that the engine may use: far less than there is.
const STACK: usize = 1 << 20;
/// Bytes of values after which garbage is first looked for: looking for it writes to every page that is shared.
const GARBAGE: usize = 8 << 20;
/// The longest message of an error, in characters.
const MESSAGE: usize = 500;
/// The longest frame of the host: it keeps to its own limits.
const FRAME: usize = 1 << 30;

/// The status with which a process ends that the host does not understand, or that does not understand the host.
pub const BROKEN: i32 = 3;

thread_local! {
    static WIRE: RefCell<Option<Wire>> = const { RefCell::new(None) };
}

/// The process's end of its socket.
struct Wire {
    socket: UnixStream,
    /// Bytes that may still be given out.
    left: u64,
}

/// The engine, with the prelude loaded.
pub struct Guest {
    runtime: Runtime,
    context: Context,
    /// Bytes of its values before any script.
    used: usize,
}

impl Guest {
    /// Makes it.
    pub fn new() -> rquickjs::Result<Guest> {
        let runtime = Runtime::new()?;
        runtime.set_max_stack_size(STACK);
        let context = Context::full(&runtime)?;
        context.with(|ctx| {
            let prelude: Function = ctx.eval_with_options(PRELUDE, named("prelude"))?;
            let call = Function::new(ctx.clone(), call)?;
            let emit = Function::new(ctx.clone(), emit)?;
            prelude.call::<_, ()>((call, emit))
        })?;
        runtime.run_gc();
        fill_holes();
        let used = usize::try_from(runtime.memory_usage().malloc_size).unwrap_or(0);
        runtime.set_gc_threshold(used + GARBAGE);
        Ok(Guest { runtime, context, used })
    }

    /// In a script's process: takes a script from the socket, runs it, says how it ended, and ends the process.
    pub fn serve(&self, filter: &seccompiler::BpfProgram, size: u64) -> ! {
        // All that needs no word of the host is done ahead: processes are kept ready.
        confine::give_way();
        if confine::fence().is_err() {
            confine::end(BROKEN);
        }
        let mut socket = confine::socket();
        let Some(Told::Limits { cpu, memory, output }) = hear(&mut socket) else { confine::end(BROKEN) };
        // An answer is in memory up to four times: as a frame, as parts of it, as JSON and as values.
        let space = size.saturating_add(memory.saturating_mul(4)).saturating_add(64 << 20);
        let confined = confine::limit(space, cpu).and_then(|()| confine::enforce(filter));
        if confined.is_err() {
            confine::end(BROKEN);
        }
        // Only from here on is there anything of the script.
        let Some(Told::Source(source)) = hear(&mut socket) else { confine::end(BROKEN) };
        WIRE.with(|wire| *wire.borrow_mut() = Some(Wire { socket, left: output }));
        let memory = usize::try_from(memory).unwrap_or(usize::MAX);
        self.runtime.set_memory_limit(self.used.saturating_add(memory));
        let last = self.context.with(|ctx| evaluate(&ctx, source));
        say(&last);
        confine::end(0)
    }
}

/// Runs the script until nothing of it is left to run.
fn evaluate(ctx: &Ctx<'_>, source: String) -> Said {
    let mut options = named(SCRIPT);
    (options.strict, options.promise) = (false, true);
    let promise: Promise = match ctx.eval_with_options(source, options) {
        Ok(promise) => promise,
        Err(error) => return failed(ctx, error, Code::Syntax),
    };
    let ended = promise.finish::<Object>().and_then(|last| {
        let mut value: Value = last.get("value")?;
        if let Some(promise) = value.as_promise() {
            value = promise.finish()?;
        }
        while ctx.execute_pending_job() {}
        if value.is_undefined() || value.is_function() {
            return Ok(());
        }
        match ctx.json_stringify(value)? {
            Some(line) => emit(ctx.clone(), line.to_string()?),
            None => Ok(()),
        }
    });
    match ended {
        Ok(()) => Said::Done,
        Err(error) => failed(ctx, error, Code::Exception),
    }
}

/// Takes all memory that lies free among what is in use, for good. What a script's process then allocates lies together,
/// in pages of its own, and does not have it copy one page after the other of those that all share.
fn fill_holes() {
    // Beyond all that is there: holes so large there are none.
    const BEYOND: usize = 32 << 10;
    // A bound, should the memory not be laid out so.
    const MOST: usize = 1 << 16;
    let block = |size: usize| std::hint::black_box(Vec::<u8>::with_capacity(size));
    let end = block(BEYOND);
    let mut left = MOST;
    for size in (16..BEYOND).rev().step_by(16) {
        let mut taken = block(size);
        while taken.as_ptr() < end.as_ptr() && left > 0 {
            taken.leak();
            taken = block(size);
            left -= 1;
        }
    }
}

/// How a text is run that stands in stacks by a name.
fn named(name: &str) -> EvalOptions {
    let mut options = EvalOptions::default();
    options.filename = Some(name.to_owned());
    options
}

/// `call(name, arguments)`: the host's answer, as an array of its JSON and its columns.
fn call<'js>(ctx: Ctx<'js>, name: String, arguments: String) -> rquickjs::Result<Value<'js>> {
    say(&Said::Call { name, arguments });
    let answer = WIRE.with(|wire| wire.borrow_mut().as_mut().and_then(|wire| hear(&mut wire.socket)));
    match answer {
        Some(Told::Answer(json, columns)) => {
            let answer = rquickjs::Array::new(ctx.clone())?;
            answer.set(0, ctx.json_parse(json)?)?;
            for (at, column) in columns.into_iter().enumerate() {
                answer.set(at + 1, TypedArray::<f64>::new(ctx.clone(), column)?)?;
            }
            answer.into_js(&ctx)
        }
        Some(Told::Refusal(why)) => Err(Exception::from_message(ctx, &why)?.throw()),
        _ => confine::end(BROKEN),
    }
}

/// `emit(json)`: gives out a line. More than is allowed ends the script; it cannot catch that.
fn emit(_: Ctx<'_>, line: String) -> rquickjs::Result<()> {
    let fits = WIRE.with(|wire| {
        let mut wire = wire.borrow_mut();
        let left = wire.as_mut().and_then(|wire| Some((wire.left.checked_sub(line.len() as u64 + 1)?, wire)));
        left.map(|(left, wire)| wire.left = left).is_some()
    });
    if !fits {
        let message = "it gave out more than it may".to_owned();
        say(&Said::Failed { code: Code::Output, line: 0, message });
        confine::end(0);
    }
    say(&Said::Emit(line));
    Ok(())
}

/// What an error is in a line, with the place in the script.
fn failed(ctx: &Ctx<'_>, error: Error, code: Code) -> Said {
    if !matches!(error, Error::Exception) {
        let waits = matches!(error, Error::WouldBlock);
        let message = if waits { "it awaits something that never comes".to_owned() } else { error.to_string() };
        return Said::Failed { code: Code::Exception, line: 0, message: tidy(&message) };
    }
    let thrown = ctx.catch();
    let Some(exception) = thrown.as_exception() else {
        let words = ctx.json_stringify(thrown).ok().flatten().and_then(|words| words.to_string().ok());
        let message = format!("it threw {}", words.unwrap_or_else(|| "something that is no error".to_owned()));
        return Said::Failed { code: Code::Exception, line: 0, message: tidy(&message) };
    };
    let message = exception.message().unwrap_or_default();
    let name: String = exception.as_object().get("name").unwrap_or_default();
    let line = exception.stack().and_then(|stack| line_of(&stack)).unwrap_or(0);
    let code = if message == "out of memory" { Code::Memory } else { code };
    Said::Failed { code, line, message: tidy(&format!("{name}: {message}")) }
}

/// The line of the innermost place of a stack that lies in the script.
fn line_of(stack: &str) -> Option<u32> {
    stack.match_indices(SCRIPT).find_map(|(at, _)| {
        let rest = stack[at + SCRIPT.len()..].strip_prefix(':')?;
        rest.split(|next: char| !next.is_ascii_digit()).next()?.parse().ok()
    })
}

fn tidy(message: &str) -> String {
    message.chars().take(MESSAGE).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Says something to the host; a host that does not listen any more has no use for this process.
fn say(what: &Said) {
    let said = WIRE.with(|wire| {
        let mut wire = wire.borrow_mut();
        wire.as_mut().is_some_and(|wire| wire.socket.write_all(&what.encode()).is_ok())
    });
    if !said {
        confine::end(BROKEN);
    }
}

/// What the host says next; `None` where that is the end, or there is no room for it.
fn hear(socket: &mut UnixStream) -> Option<Told> {
    let mut head = [0; 4];
    socket.read_exact(&mut head).ok()?;
    let length = message::length(head, FRAME).ok()?;
    let mut body = Vec::new();
    body.try_reserve_exact(length).ok()?;
    body.resize(length, 0);
    socket.read_exact(&mut body).ok()?;
    Told::decode(&body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_that_of_the_innermost_place_in_the_script() {
        let stack = "    at parse (native)\n    at f (script:3:7)\n    at <eval> (script:9:1)\n";
        assert_eq!(line_of(stack), Some(3));
        assert_eq!(line_of("    at script:12:5\n"), Some(12));
        assert_eq!(line_of("    at f (prelude:12:5)\n"), None);
        assert_eq!(line_of("script script: script:x"), None);
    }
}
