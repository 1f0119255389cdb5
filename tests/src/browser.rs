//! Chromium without a window: shows a page, tells what it complained about and what it fetched, and answers questions
//! about what lies where. Spoken to in its own protocol (Chrome DevTools Protocol) through two pipes.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::error::{Context, Failure, Result};
use crate::process::Guarded;
use crate::wait::DEADLINE;

/// What Chromium is started with: nothing of its own that would reach for a network.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
];

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Width and height of the window, in pixels.
    pub size: (u32, u32),
    /// The reader prefers dark pages.
    pub dark: bool,
}

/// A page that is shown. The browser ends when this is dropped.
pub struct Page {
    to: File,
    from: Receiver<Value>,
    next: u64,
    tab: String,
    seen: Vec<Value>,
    _browser: Guarded,
    _folder: TempDir,
}

impl Page {
    /// Shows a file, and waits until it is loaded.
    pub fn open(file: &Path, view: View) -> Result<Page> {
        let folder = tempfile::tempdir().cannot("make a folder for Chromium")?;
        let (to, from) = (folder.path().join("to"), folder.path().join("from"));
        for pipe in [&to, &from] {
            mkfifo(pipe, Mode::S_IRUSR | Mode::S_IWUSR).cannot("make a pipe to Chromium")?;
        }
        // It reads descriptor 3 and writes 4, which only a shell can open without code that the house does not allow.
        let mut command = Command::new("sh");
        command.args(["-c", "exec chromium \"$@\" 3<\"$TO\" 4>\"$FROM\"", "sh"]).args(FLAGS);
        let mut data = OsString::from("--user-data-dir=");
        data.push(folder.path().join("data"));
        command.arg(data).env("TO", &to).env("FROM", &from);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let browser = Guarded::spawn("chromium", &mut command)?;
        let to = File::options().write(true).open(&to).cannot("write to Chromium")?;
        let from = File::open(&from).cannot("read from Chromium")?;
        let mut page = Page {
            to,
            from: messages(from),
            next: 0,
            tab: String::new(),
            seen: Vec::new(),
            _browser: browser,
            _folder: folder,
        };
        let target = page.tell("Target.createTarget", &json!({ "url": "about:blank" }))?;
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        let tab = page.tell("Target.attachToTarget", &target)?;
        page.tab = tab["sessionId"].as_str().unwrap_or_default().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.tell(&format!("{domain}.enable"), &json!({}))?;
        }
        page.view(view)?;
        let file = fs::canonicalize(file).cannot(format_args!("find {}", file.display()))?;
        page.tell("Page.navigate", &json!({ "url": format!("file://{}", file.display()) }))?;
        page.wait_for("Page.loadEventFired")?;
        Ok(page)
    }

    /// Looks at it differently.
    pub fn view(&mut self, view: View) -> Result<()> {
        let (width, height) = view.size;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.tell("Emulation.setDeviceMetricsOverride", &size)?;
        let scheme = if view.dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.tell("Emulation.setEmulatedMedia", &media)?;
        Ok(())
    }

    /// The value of an expression in JavaScript. What it throws is an error.
    pub fn ask(&mut self, script: &str) -> Result<Value> {
        let question = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.tell("Runtime.evaluate", &question)?;
        match answer.get("exceptionDetails") {
            Some(thrown) => Err(Failure::new(format!("`{script}` failed in the page: {thrown}"))),
            None => Ok(answer["result"]["value"].take()),
        }
    }

    /// What the page, or the browser about it, complained of so far.
    pub fn complaints(&self) -> Vec<String> {
        let complaint = |message: &Value| match message["method"].as_str()? {
            "Log.entryAdded" => Some(message["params"]["entry"].to_string()),
            "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Page.javascriptDialogOpening" => {
                Some(message["params"].to_string())
            }
            _ => None,
        };
        self.seen.iter().filter_map(complaint).collect()
    }

    /// The addresses of all that was fetched so far, the page's own first.
    pub fn fetched(&self) -> Vec<String> {
        let requests = self.seen.iter().filter(|message| message["method"] == "Network.requestWillBeSent");
        requests.map(|message| message["params"]["request"]["url"].as_str().unwrap_or_default().to_owned()).collect()
    }

    fn tell(&mut self, method: &str, params: &Value) -> Result<Value> {
        self.next += 1;
        let mut message = json!({ "id": self.next, "method": method, "params": params });
        if !self.tab.is_empty() {
            message["sessionId"] = Value::from(self.tab.clone());
        }
        self.to.write_all(format!("{message}\0").as_bytes()).cannot("write to Chromium")?;
        loop {
            let mut answer = self.receive(method)?;
            if answer["id"] == self.next {
                return match answer.get("error") {
                    Some(error) => Err(Failure::new(format!("Chromium refuses {method}: {error}"))),
                    None => Ok(answer["result"].take()),
                };
            }
            self.seen.push(answer);
        }
    }

    fn wait_for(&mut self, event: &str) -> Result<()> {
        while !self.seen.iter().any(|message| message["method"] == event) {
            let message = self.receive(event)?;
            self.seen.push(message);
        }
        Ok(())
    }

    fn receive(&self, what: &str) -> Result<Value> {
        self.from.recv_timeout(DEADLINE).map_err(|error| match error {
            RecvTimeoutError::Timeout => Failure::new(format!("waited in vain for Chromium's {what}")),
            RecvTimeoutError::Disconnected => Failure::new(format!("Chromium ended before {what}; is it installed?")),
        })
    }
}

/// What comes through a pipe, each message with a NUL at its end.
fn messages(from: File) -> Receiver<Value> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut bytes = Vec::new();
        while from.read_until(0, &mut bytes).is_ok_and(|length| length > 0) {
            bytes.pop();
            let message = serde_json::from_slice(&bytes).unwrap_or_default();
            if sender.send(message).is_err() {
                return;
            }
            bytes.clear();
        }
    });
    receiver
}
