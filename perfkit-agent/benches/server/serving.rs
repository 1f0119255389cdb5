//! This program as a server: the container with a module for the bench, and hyper with nothing between.

use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use perfkit_agent::server::script::{self, Sandbox};
use perfkit_agent::server::{
    Admission, Body, Builder, Context, Doors, Everybody, Head, Keys, Limits, Mode, Module, Operation, Outcome, Problem,
    Request, Scope,
};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::peers::BODY;

/// How long what is serial takes.
const SERIAL: Duration = Duration::from_millis(2);
/// How long what computes takes.
const BURN: Duration = Duration::from_millis(5);

/// As many descriptors as may be.
pub fn raise_descriptors() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Serves until killed.
pub fn main(which: &str) -> ExitCode {
    raise_descriptors();
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(0);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let Ok(runtime) = runtime else { return ExitCode::FAILURE };
    runtime.block_on(async {
        let Ok(socket) = TcpListener::bind(("127.0.0.1", port)).await else { return ExitCode::FAILURE };
        match which {
            "hyper" => hyper(socket).await,
            _ => perfkit(socket).await,
        }
        ExitCode::SUCCESS
    })
}

fn spin(lasts: Duration) {
    let until = Instant::now() + lasts;
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

/// What is serial: something of which there is one, and which takes its time without computing.
async fn serial() {
    let _ = tokio::task::spawn_blocking(|| std::thread::sleep(SERIAL)).await;
}

async fn hyper(socket: TcpListener) {
    let one = Arc::new(tokio::sync::Mutex::new(()));
    while let Ok((stream, _)) = socket.accept().await {
        let _ = stream.set_nodelay(true);
        let one = Arc::clone(&one);
        tokio::spawn(async move {
            let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let one = Arc::clone(&one);
                async move {
                    match request.uri().path() {
                        "/serial" => {
                            let _turn = one.lock().await;
                            serial().await;
                        }
                        "/burn" => spin(BURN),
                        _ => {}
                    }
                    let reply = http::Response::builder().header("content-type", "text/plain");
                    let reply = reply.body(Full::new(Bytes::from_static(BODY.as_bytes())));
                    Ok::<_, Infallible>(reply.unwrap_or_default())
                }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Serves what the bench asks for.
struct Bench {
    sandbox: Sandbox,
}

const fn get(name: &'static str, path: &'static str) -> Operation {
    Operation { name, method: "GET", path, scope: Scope::Open, summary: "for the bench", describe: || Value::Null }
}

static OPERATIONS: [Operation; 5] = [
    get("hello", "/hello"),
    get("serial", "/serial"),
    get("burn", "/burn"),
    get("compute", "/compute"),
    get("loop", "/loop"),
];

/// Scripts of the bench ask nothing.
struct Nobody;

impl script::Host for Nobody {
    async fn call(&self, _: &str, _: Vec<Value>) -> Result<script::Answer, String> {
        Err("there is nobody to ask".to_owned())
    }
}

impl Module for Bench {
    fn name(&self) -> &'static str {
        "bench"
    }

    fn operations(&self) -> &'static [Operation] {
        &OPERATIONS
    }

    fn classify(&self, head: &Head<'_>) -> Admission {
        match head.operation.name {
            "serial" => Admission::Partition {
                keys: Keys::one("serial"),
                mode: Mode::Exclusive,
                max_wait: Duration::from_secs(30),
            },
            _ => Admission::Now,
        }
    }

    async fn handle(&self, request: Request, context: Context) -> Outcome {
        match request.operation.name {
            "serial" => serial().await,
            "burn" => spin(BURN),
            "compute" => {
                let work = || {
                    spin(BURN);
                    Ok(())
                };
                context.compute(work).await?;
            }
            "loop" => {
                let (output, _lines) = tokio::sync::mpsc::channel(1);
                let limits = script::Limits {
                    cpu: Duration::from_secs(60),
                    wall: Duration::from_secs(60),
                    ..Default::default()
                };
                let ran = self.sandbox.run("for (;;);", &limits, &Nobody, output).await;
                ran.map_err(|error| Problem::invalid(error.to_string()))?;
            }
            _ => {}
        }
        Ok(Body::of("text/plain", BODY))
    }
}

async fn perfkit(socket: TcpListener) {
    let sandbox = match Sandbox::start(script::Config::default()).await {
        Ok(sandbox) => sandbox,
        Err(error) => return eprintln!("{error}"),
    };
    match Builder::new(Limits::default(), Everybody).module(Bench { sandbox }).build() {
        Ok(container) => container.serve(socket, Doors::new(&container)).await,
        Err(error) => eprintln!("{error}"),
    }
}
