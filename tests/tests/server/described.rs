//! The OpenAPI description: valid, and true.

use std::path::PathBuf;
use std::process::Command;

use perfkit_tests::bins;
use perfkit_tests::process::run;
use serde_json::Value;

use crate::agent::{Agent, folder, put};

/// A program of Python's registry, which `cargo xtask test` has installed.
fn tool(name: &str) -> Command {
    let path: PathBuf = bins::target().join("python/bin").join(name);
    assert!(path.is_file(), "{} is not installed: `cargo xtask test` does it", path.display());
    let mut command = Command::new(path);
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("NO_COLOR", "1");
    command
}

/// Operations that no requests are invented for: one watches processes that are not ours.
const SPARED: &str = "record";

/// Asks by a description as its tool likes, and fails where an answer is not as that says.
fn asked_by(description: &str, agent: &Agent, unlike: &str, spared: &str, folder: &std::path::Path) {
    let mut command = tool("schemathesis");
    command.args(["run", description, "--url", &format!("http://{}", agent.address)]);
    command.args(["--header", &format!("Authorization: Bearer {}", agent.token)]);
    command.args(["--checks", "all", "--exclude-checks", unlike]);
    command.args(["--max-examples", "20", "--seed", "1", "--generation-database", "none", "--continue-on-failure"]);
    let output =
        command.args(["--exclude-operation-id-regex", &format!("^({spared})$")]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// What is not so for good reason: SQL is a language of its own, so that a text that is none is refused.
const LANGUAGE: &str = "positive_data_acceptance";
/// And whoever shows wrong tokens again and again is told to wait, and no more that they are wrong.
const TOKENS: &str = "positive_data_acceptance,ignored_auth";

#[test]
fn the_description_is_valid_and_says_what_is_so() {
    let folder = folder();
    put(folder.path(), "first");
    let agent = Agent::start(folder.path(), &["--request-timeout", "5"]);
    let mut description = agent.get("/v1/openapi.json").json();
    let at = |description: &Value, name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, description.to_string()).unwrap();
        path.display().to_string()
    };
    let all = at(&description, "all.json");
    run(tool("openapi-spec-validator").arg(&all)).unwrap();
    // Names that are none mostly, so that nothing is there.
    asked_by(&all, &agent, LANGUAGE, SPARED, folder.path());
    agent.is_well();

    // And one that is there, which the tool is not to try otherwise.
    for path in description["paths"].as_object_mut().unwrap().values_mut() {
        for operation in path.as_object_mut().unwrap().values_mut() {
            let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten();
            for parameter in parameters.filter(|parameter| parameter["name"] == "name") {
                parameter["schema"] = serde_json::json!({"type": "string"});
            }
        }
    }
    put(folder.path(), "first");
    std::fs::write(folder.path().join("schemathesis.toml"), "[parameters]\n\"path.name\" = \"first\"\n").unwrap();
    asked_by(&at(&description, "first.json"), &agent, TOKENS, &format!("{SPARED}|delete"), folder.path());
    agent.is_well();
    assert_eq!(agent.get("/v1/sessions/first").status, 200);
}
