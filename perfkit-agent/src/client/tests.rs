//! The client against the container, and against servers that do not do as they should.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};

use super::*;
use crate::server::{
    Body, Builder, Context, Doors, Everybody, Limits, Module, Operation, Outcome, Problem, Request, Scope,
};

/// Serves what tests ask for.
struct Echo;

static OPERATIONS: [Operation; 3] = [
    Operation { name: "echo", method: "POST", path: "/echo", scope: Scope::Open, summary: "", describe: || json!({}) },
    Operation { name: "wrong", method: "GET", path: "/wrong", scope: Scope::Open, summary: "", describe: || json!({}) },
    Operation { name: "flow", method: "GET", path: "/flow", scope: Scope::Open, summary: "", describe: || json!({}) },
];

impl Module for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn operations(&self) -> &'static [Operation] {
        &OPERATIONS
    }

    async fn handle(&self, mut request: Request, context: Context) -> Outcome {
        let header =
            |name| request.parts.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let heads = json!({"host": header("host"), "authorization": header("authorization"), "range": header("range")});
        match request.operation.name {
            "echo" => Ok(Body::json(&json!({"heads": heads, "body": request.json::<Value>().await?}))),
            "wrong" => Err(Problem::invalid("this is\nwrong").coded("echo.wrong")),
            _ => Ok(context.stream("text/plain", 2, |sender, _| async move {
                for number in 0..100 {
                    let _ = sender.send(format!("{number}\n")).await;
                }
            })),
        }
    }
}

/// A client of a container of its own, over a socket in the file system.
async fn served(folder: &tempfile::TempDir) -> Client {
    let container = Builder::new(Limits::default(), Everybody).module(Echo).build().unwrap();
    let path = folder.path().join("socket");
    let socket = UnixListener::bind(&path).unwrap();
    let doors = Doors::new(&container);
    tokio::spawn(async move { container.serve(socket, doors).await });
    let options = Options { token: Some("secret".to_owned()), ..Options::default() };
    Client::new(Url { place: Place::Unix(path) }, &options).unwrap()
}

#[tokio::test]
async fn json_goes_out_and_comes_back_with_the_token_and_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let client = served(&folder).await;
    let answer: Value = client.post("/echo", &json!([1, "ä"])).await.unwrap();
    assert_eq!(answer["body"], json!([1, "ä"]));
    assert_eq!(answer["heads"], json!({"host": "localhost", "authorization": "Bearer secret", "range": null}));
    let answer = client.ask(Method::POST, "/echo").after(7, None).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["heads"]["range"], "bytes=7-");
}

#[tokio::test]
async fn what_is_wrong_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let client = served(&folder).await;
    let wrong = client.get::<Value>("/wrong").await.unwrap_err();
    assert!(wrong.to_string().ends_with("answers: this is wrong (400)"), "{wrong}");
    assert!(matches!(wrong, Error::Refused { code: Some(code), .. } if code == "echo.wrong"));
    let missing = client.get::<Value>("/nothing").await.unwrap_err();
    assert!(matches!(missing, Error::Refused { status: 404, .. }), "{missing}");
}

#[tokio::test]
async fn streams_come_piece_by_piece() {
    let folder = tempfile::tempdir().unwrap();
    let client = served(&folder).await;
    let mut answer = client.ask(Method::GET, "/flow").send().await.unwrap();
    assert_eq!(answer.length(), None);
    let mut text = Vec::new();
    while let Some(piece) = answer.next().await.unwrap() {
        text.extend_from_slice(&piece);
    }
    let expected: String = (0..100).map(|number| format!("{number}\n")).collect();
    assert_eq!(String::from_utf8(text).unwrap(), expected);
}

#[tokio::test]
async fn a_connection_is_used_again_and_one_that_was_closed_meanwhile_is_replaced() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let accepted = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&accepted);
    // Two answers a connection; then it closes without having said that it would.
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            for _ in 0..2 {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n7").await;
            }
        }
    });
    let client = Client::new(format!("http://127.0.0.1:{port}").parse().unwrap(), &Options::default()).unwrap();
    for _ in 0..6 {
        assert_eq!(client.get::<u8>("/").await.unwrap(), 7);
    }
    assert_eq!(accepted.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn what_is_no_server_is_told_as_that() {
    for (says, expected) in [
        ("SSH-2.0-OpenSSH\r\n\r\n", "cannot be reached"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n7", "cannot be reached"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "something else than was expected"),
        ("HTTP/1.1 418 x\r\nContent-Length: 0\r\n\r\n", "I'm a teapot (418)"),
        ("", "has not answered for"),
    ] {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = socket.accept().await.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(says.as_bytes()).await;
            if says.is_empty() {
                std::future::pending::<()>().await;
            }
        });
        let options = Options { patience: Some(Duration::from_millis(300)), ..Options::default() };
        let client = Client::new(format!("http://127.0.0.1:{port}").parse().unwrap(), &options).unwrap();
        let wrong = client.get::<u8>("/").await.unwrap_err().to_string();
        assert!(wrong.contains(expected) && wrong.lines().count() == 1, "{says:?}: {wrong}");
    }
}

#[test]
fn what_cannot_be_safe_is_refused_before_anything_is_sent() {
    let token = || Options { token: Some("secret".to_owned()), ..Options::default() };
    for (url, options, expected) in [
        ("http://box.example", token(), "use https"),
        ("https://box.example", token(), "--pin"),
        ("unix:x", Options { token: Some("a\nb".to_owned()), ..Options::default() }, "the token has signs"),
        (
            "https://box",
            Options { trust: Some(Trust::Authority("/nowhere".into())), ..token() },
            "cannot read /nowhere",
        ),
    ] {
        let wrong = Client::new(url.parse().unwrap(), &options).unwrap_err().to_string();
        assert!(wrong.contains(expected) && !wrong.contains("secret"), "{wrong}");
    }
    assert!(!format!("{:?}", token()).contains("secret"));
}
