//! Scripts that want out: nothing of the system is there, and what the host finds is checked.

use perfkit_agent::server::script::{Code, Limits};

use crate::{run, run_with, sandbox};

#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_files_no_network_and_no_system() {
    let sandbox = sandbox().await;
    for name in [
        "std",
        "os",
        "require",
        "process",
        "Deno",
        "fetch",
        "XMLHttpRequest",
        "WebSocket",
        "Worker",
        "scriptArgs",
        "load",
        "bjson",
    ] {
        let (ended, lines) = run(&sandbox, &format!("typeof {name}")).await;
        ended.unwrap();
        assert_eq!(lines, [r#""undefined""#], "{name}");
    }
    for source in [
        "await import('std')",
        "await import('os')",
        "await import('/etc/passwd')",
        "await import('./prelude.js')",
        "await import('data:text/javascript,1')",
        "import std from 'std'",
        "import * as os from 'os'",
        "new Function('return import(\"std\")')().then(std => std.open('/etc/passwd'))",
        "new Worker('x')",
    ] {
        let (ended, lines) = run(&sandbox, source).await;
        let error = ended.unwrap_err();
        assert!(matches!(error.code, Code::Syntax | Code::Exception), "{source}: {error:?}");
        assert!(lines.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_script_leaves_behind_no_other_one_finds() {
    let sandbox = sandbox().await;
    let poison = "globalThis.secret = 42; Array.prototype.secret = 42; Object.prototype.secret = 42;
                  JSON.stringify = () => 'stolen'; Promise.prototype.then = null; globalThis.kept = session; 1";
    for _ in 0..3 {
        run(&sandbox, poison).await.0.unwrap();
        let (ended, lines) = run(&sandbox, "[typeof secret, [].secret, {}.secret, typeof kept].join()").await;
        ended.unwrap();
        assert_eq!(lines, [r#""undefined,,,undefined""#]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prelude_cannot_be_bent() {
    let sandbox = sandbox().await;
    for source in [
        "'use strict'; session.info = 1",
        "'use strict'; session = 1",
        "'use strict'; emit = 1",
        "'use strict'; session.sql = () => 1",
        "'use strict'; Object.defineProperty(session, 'series', { value: 1 })",
        "'use strict'; Object.setPrototypeOf(session, {})",
        "'use strict'; delete session.names",
        "'use strict'; Object.getPrototypeOf(emit.bind).x = 1; emit.x = 1",
    ] {
        let error = run(&sandbox, source).await.0.unwrap_err();
        assert!(error.message.starts_with("TypeError"), "{source}: {error:?}");
    }
    // What its own script changes for it does not reach what the prelude took before.
    let bent = "JSON.stringify = () => '\"bent\"'; Array.prototype.map = () => ['bent']; Object.freeze = 1; emit(5);
                print(1, 2); session.sql('x')";
    let (ended, lines) = run(&sandbox, bent).await;
    ended.unwrap();
    assert_eq!(lines, ["5", r#""1 2""#, r#"[{"text":"x","parameters":null}]"#]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_questions_are_answered_with_an_exception() {
    let sandbox = sandbox().await;
    for source in [
        "session.names(Symbol())",
        "session.names(5n)",
        "const a = []; a[0] = a; session.names(a)",
        "session.names({ toJSON() { throw new Error('mine') } })",
        "session.sql()",
        "session.sql('x', { get y() { throw 5 } })",
    ] {
        let (ended, _) = run(&sandbox, &format!("try {{ {source} }} catch (error) {{ print(typeof error) }} 7")).await;
        ended.unwrap();
        let _ = run(&sandbox, source).await;
    }
    // As many and as large as it likes, up to its limits.
    let limits = Limits { calls: 50, ..Limits::default() };
    let (ended, _) = run_with(&sandbox, &limits, "for (;;) { try { session.series() } catch {} }").await;
    let error = ended.unwrap_err();
    assert_eq!((error.code, error.spent.calls), (Code::Calls, 51));
    let (ended, _) = run(&sandbox, "session.sql('x'.repeat(3e6))").await;
    let error = ended.unwrap_err();
    assert!(error.code == Code::Exception && error.message.contains("longer than"), "{error:?}");
    let limits = Limits { answer: 10_000, ..Limits::default() };
    let (ended, _) = run_with(&sandbox, &limits, "session.sql('x'.repeat(20000))").await;
    let error = ended.unwrap_err();
    assert!(error.code == Code::Exception && error.message.contains("ask for less"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_is_too_long_is_not_begun() {
    let sandbox = sandbox().await;
    let (ended, _) = run(&sandbox, &" ".repeat((1 << 20) + 1)).await;
    let error = ended.unwrap_err();
    assert_eq!(error.code, Code::Source);
    let (ended, lines) = run(&sandbox, &format!("{}1", " ".repeat((1 << 20) - 1))).await;
    ended.unwrap();
    assert_eq!(lines, ["1"]);
    let (ended, _) = run(&sandbox, "1\0 + 1").await;
    assert!(ended.is_err());
}
