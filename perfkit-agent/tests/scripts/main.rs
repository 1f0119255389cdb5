//! Scripts in their sandbox: real processes, real limits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bombs;
mod data;
mod ends;
mod escapes;
mod turns;

use std::time::Duration;

use perfkit_agent::server::script::{Answer, Config, Host, Limits, Sandbox, ScriptError, Spent};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// A host that gives back what it is asked; to `session.sql('wait 300')` it answers 300 ms later.
struct Echo;

impl Host for Echo {
    async fn call(&self, name: &str, arguments: Vec<Value>) -> Result<Answer, String> {
        let wait = arguments.first().and_then(Value::as_str).and_then(|text| text.strip_prefix("wait "));
        match (name, wait) {
            ("sql", Some(ms)) => {
                tokio::time::sleep(Duration::from_millis(ms.parse().unwrap())).await;
                Ok(Answer::from(json!({ "names": [], "rows": [] })))
            }
            ("sql", None) => {
                let rows = Value::Array(vec![Value::Array(arguments)]);
                Ok(Answer::from(json!({ "names": ["text", "parameters"], "rows": rows })))
            }
            _ => Ok(Answer::from(Value::Array(arguments))),
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
