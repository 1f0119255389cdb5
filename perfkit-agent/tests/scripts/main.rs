//! Scripts in their sandbox.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use perfkit_agent::server::script::data::{Data, Own};
use perfkit_agent::server::script::{Answer, Code, Config, Host, Limits, Sandbox, ScriptError, Spent};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// A host that gives back what it is asked, late where it is told to be.
struct Echo;

impl Host for Echo {
    async fn call(&self, name: &str, arguments: Vec<Value>) -> Result<Answer, String> {
        match name {
            "wait" => {
                let ms = arguments.first().and_then(Value::as_u64).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(ms)).await;
                Ok(Answer::from(json!(ms)))
            }
            "numbers" => {
                let count = arguments.first().and_then(Value::as_u64).unwrap_or(0);
                Ok(Answer { value: json!({}), columns: vec![(0..count).map(|number| number as f64).collect()] })
            }
            "echo" => Ok(Answer::from(Value::Array(arguments))),
            _ => Err(format!("nothing is known of `{name}`")),
        }
    }
}

/// How a script ended, and its lines.
async fn run_with(sandbox: &Sandbox, limits: &Limits, source: &str) -> (Result<Spent, ScriptError>, Vec<String>) {
    let (sender, mut lines) = mpsc::channel::<bytes::Bytes>(8);
    let gather = async {
        let mut all = Vec::new();
        while let Some(line) = lines.recv().await {
            all.push(String::from_utf8(line.to_vec()).unwrap().trim_end_matches('\n').to_owned());
        }
        all
    };
    tokio::join!(sandbox.run(source, limits, &Echo, sender), gather)
}

async fn run(sandbox: &Sandbox, source: &str) -> (Result<Spent, ScriptError>, Vec<String>) {
    run_with(sandbox, &Limits::default(), source).await
}

async fn sandbox() -> Sandbox {
    Sandbox::start(Config::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_come_out_as_lines() {
    let sandbox = sandbox().await;
    for (source, expected) in [
        ("1 + 1", &["2"][..]),
        ("emit({ a: [1, null, 'x'] }); print('one', 2); undefined", &[r#"{"a":[1,null,"x"]}"#, r#""one 2""#]),
        ("let x = await Promise.resolve(5); x * 2", &["10"]),
        ("async function f() { return 7 } f()", &["7"]),
        ("'line\\nbreak'", &[r#""line\nbreak""#]),
        ("for (let i = 0; i < 3; i++) emit(i); null", &["0", "1", "2", "null"]),
        ("", &[]),
    ] {
        let (ended, lines) = run(&sandbox, source).await;
        ended.unwrap();
        assert_eq!(lines, expected, "{source}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_a_line_with_a_code_and_a_place() {
    let sandbox = sandbox().await;
    for (source, code, line, message) in [
        ("let a = 1;\nlet = ;", Code::Syntax, Some(2), "SyntaxError"),
        ("let a = 1;\n\na.b.c()", Code::Exception, Some(3), "TypeError"),
        ("JSON.parse('{')", Code::Exception, Some(1), "SyntaxError"),
        ("throw 5", Code::Exception, None, "it threw 5"),
        ("await new Promise(() => {})", Code::Exception, None, "it awaits something that never comes"),
        ("function f() { f() }\nf()", Code::Exception, Some(1), "Maximum call stack"),
    ] {
        let (ended, _) = run(&sandbox, source).await;
        let error = ended.unwrap_err();
        assert_eq!((error.code, error.line), (code, line), "{source}: {error:?}");
        assert!(error.message.contains(message) && !error.to_string().contains('\n'), "{source}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_asks_a_session() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.perfkit");
    perfkit_agent::session::Store::create(&path).unwrap().close().unwrap();
    let sandbox = sandbox().await;
    let data = Data::new(Own::open(&path).unwrap());
    let source = "print(session.info.closed); print(session.series().length); print(session.names().length);
                  session.sql('SELECT ? + 1 AS sum', [41])[0].sum";
    let (sender, mut lines) = mpsc::channel::<bytes::Bytes>(64);
    let spent = sandbox.run(source, &Limits::default(), &data, sender).await.unwrap();
    assert_eq!(spent.calls, 4);
    let mut all = Vec::new();
    while let Ok(line) = lines.try_recv() {
        all.push(String::from_utf8(line.to_vec()).unwrap());
    }
    assert_eq!(all.concat(), "\"true\"\n\"0\"\n\"0\"\n42\n");
    for (source, message) in [
        ("session.sql('DELETE FROM main.chunk')", "only reads"),
        ("session.sql('PRAGMA case_sensitive_like = 1')", "only reads"),
        ("session.sql('ATTACH ? AS x', ['/etc/passwd'])", "only reads"),
        ("session.sql('CREATE TEMP TABLE x AS SELECT 1')", "only reads"),
        ("session.sql('SELECT 1; SELECT 2')", "the query"),
        ("session.sql('SELECT * FROM nowhere')", "no such table"),
        ("session.sql('SELECT ?', [1, 2])", "1 parameters, and 2 are given"),
        ("session.sql('SELECT ?', [{}])", "a parameter is"),
    ] {
        let (sender, _lines) = mpsc::channel(64);
        let error = sandbox.run(source, &Limits::default(), &data, sender).await.unwrap_err();
        assert_eq!((error.code, error.line), (Code::Exception, Some(1)), "{error:?}");
        assert!(error.message.contains(message), "{source}: {error:?}");
    }
}
