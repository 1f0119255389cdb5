//! Scripts that want all there is: each is stopped at its limits, whatever it does, while another one is answered.

use std::time::{Duration, Instant};

use perfkit_agent::server::script::{Code, Limits, Sandbox};

use crate::{run, run_with, sandbox};

fn short() -> Limits {
    let (cpu, wall) = (Duration::from_millis(150), Duration::from_secs(30));
    Limits { cpu, wall, memory: 128 << 20, output: 1 << 20, ..Limits::default() }
}

/// Runs a script that must fail with one of these codes, and soon. Meanwhile another one goes on.
async fn stopped(sandbox: &Sandbox, source: &str, codes: &[Code]) {
    let others = async {
        let mut most = Duration::ZERO;
        for _ in 0..5 {
            let begun = Instant::now();
            let (ended, lines) = run(sandbox, "emit(1); session.info; 2").await;
            ended.unwrap();
            assert_eq!(lines, ["1", "2"]);
            most = most.max(begun.elapsed());
        }
        most
    };
    let (limits, begun) = (short(), Instant::now());
    let ((ended, _), most) = tokio::join!(run_with(sandbox, &limits, source), others);
    let error = ended.unwrap_err();
    assert!(codes.contains(&error.code), "{source}: {error:?}");
    assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error:?}");
    // It had its time once, and not again and again; the machine has others to run.
    assert!(error.spent.cpu < Duration::from_millis(700), "{source}: {error:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{source}: {error:?}");
    assert!(most < Duration::from_secs(3), "{source}: another script took {most:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn loops_end_with_their_processor_time() {
    let sandbox = sandbox().await;
    for source in [
        "while (true);",
        "for (;;) { try { while (true); } catch {} finally { continue } }",
        "Promise.resolve().then(function again() { return Promise.resolve().then(again) }); await new Promise(() => {})",
        "async function f() { for (;;) await null } f()",
        "let a = []; a.toString = () => { while (true); }; print(a)",
        "emit({ toJSON() { while (true); } })",
        "new Proxy({}, { get() { while (true); } }).x",
    ] {
        stopped(&sandbox, source, &[Code::Cpu]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn builtins_that_no_engine_interrupts_end_with_their_processor_time() {
    let sandbox = sandbox().await;
    for source in [
        "const a = []; a.length = 2 ** 32 - 1; a.join()",
        "const a = []; a.length = 2 ** 32 - 1; a.reverse()",
        "Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 0, 1)",
        "const a = { length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true }; [].concat(a)",
        "const a = []; a.length = 2 ** 32 - 1; [a].flat()",
        "Array.prototype.splice.call({ length: 2 ** 53 - 1 }, 0, 1)",
        "const s = 'a'.repeat(4e6); s.indexOf('a'.repeat(2e6) + 'b')",
        "const t = new Uint8Array(6e7); for (;;) t.fill(1)",
        "Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1)",
        "const a = []; a.length = 2 ** 32 - 1; a.sort()",
        "BigInt(2) ** 100000000n",
        "(3n ** 1000000n).toString()",
    ] {
        stopped(&sandbox, source, &[Code::Cpu, Code::Memory, Code::Exception]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn regular_expressions_end_with_their_processor_time() {
    let sandbox = sandbox().await;
    for source in [
        "/^(a+)+$/.test('a'.repeat(40) + 'b')",
        "/(x+x+)+y/.exec('x'.repeat(50))",
        "/(a|aa)+$/.test('a'.repeat(60) + 'b')",
        "/^(\\w+\\s?)*$/.test('word '.repeat(30) + '!')",
        "'x'.repeat(1e7).replace(/(?=(x+))\\1*y/g, '')",
    ] {
        // What it cannot do within the memory it says itself.
        stopped(&sandbox, source, &[Code::Cpu, Code::Memory, Code::Exception]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_ends_where_it_may_not_grow() {
    let sandbox = sandbox().await;
    for source in [
        "const a = []; for (;;) a.push(new Array(10000).fill(1.5))",
        "let s = 'x'; for (;;) s += s",
        "'x'.repeat(2 ** 29)",
        "new ArrayBuffer(2 ** 31)",
        "const a = []; for (;;) a.push(new Uint8Array(1e6))",
        "const m = new Map(); for (let i = 0; ; i++) m.set(i, {})",
        "const all = []; for (;;) { try { all.push('y'.repeat(1e6) + all.length) } catch { throw new RangeError('enough') } }",
        "Array.from({ length: 2 ** 32 - 1 }, () => ({}))",
        "JSON.stringify(new Array(1e7).fill('abcdefgh'))",
    ] {
        stopped(&sandbox, source, &[Code::Memory, Code::Exception, Code::Cpu]).await;
    }
    let (ended, _) = run_with(&sandbox, &short(), "new ArrayBuffer(2 ** 29)").await;
    assert_eq!(ended.unwrap_err().code, Code::Memory);
}

#[tokio::test(flavor = "multi_thread")]
async fn recursion_ends() {
    let sandbox = sandbox().await;
    for source in [
        "function f() { return f() + 1 } f()",
        "const o = {}; o.toString = () => o + ''; o + ''",
        "const a = []; let b = a; for (let i = 0; i < 1e5; i++) { const c = []; b.push(c); b = c } a.flat(Infinity)",
        "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a)",
        "JSON.parse('['.repeat(1e6))",
        "eval('('.repeat(1e6))",
        "new RegExp('('.repeat(1e5) + ')'.repeat(1e5))",
        "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x",
        "function f() { try { f() } finally { f() } } f()",
    ] {
        stopped(&sandbox, source, &[Code::Exception, Code::Memory, Code::Cpu]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn output_ends_where_it_is_too_much_and_cannot_be_caught() {
    let sandbox = sandbox().await;
    for source in
        ["for (;;) emit('x'.repeat(1000))", "for (;;) { try { print('y'.repeat(5e5)) } catch {} }", "'z'.repeat(2e6)"]
    {
        stopped(&sandbox, source, &[Code::Output]).await;
    }
    let (_, lines) = run_with(&sandbox, &short(), "for (;;) emit('x'.repeat(1000))").await;
    assert!(lines.iter().map(|line| line.len() + 1).sum::<usize>() <= 1 << 20);
}
