//! The guard as a whole, by what it answers to whom.

use std::net::SocketAddr;

use super::*;

const SELF: &str = "127.0.0.1:7788";

struct Trial {
    folder: tempfile::TempDir,
    access: Access,
}

fn trial(rate: f64, grants: Vec<Grant>) -> Trial {
    let folder = tempfile::tempdir().unwrap();
    Register::change(folder.path(), |register| {
        register.grants = grants;
        Ok(())
    })
    .unwrap();
    let settings = Settings {
        folder: Some(folder.path().to_owned()),
        rate: Some(rate),
        audit: Some(folder.path().join("log")),
        ..Settings::default()
    };
    Trial { access: Access::new(settings).unwrap(), folder }
}

fn grant(who: &str, scopes: &[Scope]) -> Grant {
    Grant { who: who.to_owned(), scopes: scopes.to_vec(), sha256: None, made: 0, expires: None }
}

fn tcp(certificate: &[&str]) -> Peer {
    let address: SocketAddr = "192.0.2.1:5".parse().unwrap();
    Peer::Tcp { address, certificate: certificate.iter().map(|name| (*name).to_owned()).collect(), secure: true }
}

impl Trial {
    fn asks(&self, peer: &Peer, headers: &[(&str, &str)]) -> std::result::Result<Identity, u16> {
        let mut request = http::Request::builder().header("host", SELF);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        self.access.identify(peer, &parts).map_err(|problem| problem.status.as_u16())
    }

    fn log(self) -> Vec<serde_json::Value> {
        drop(self.access);
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn everybody_is_whom_the_kernel_a_token_or_a_certificate_says() {
    let (token, over) = (Token::make().unwrap(), Token::make().unwrap());
    let trial = trial(
        0.0,
        vec![
            Grant { sha256: Some(token.hash()), ..grant("token:a", &[Scope::Read]) },
            Grant { sha256: Some(over.hash()), expires: Some(1), ..grant("token:b", &[Scope::Read]) },
            grant("certificate:box", &[Scope::Script]),
            grant("uid:4000000001", &[Scope::Read]),
        ],
    );
    let unix = |uid| Peer::Unix { uid, pid: Some(7) };
    let bearer = |token: &Token| format!("Bearer {}", token.reveal());
    let name = |asked: std::result::Result<Identity, u16>| asked.map(|identity| identity.name.into_owned());
    let mine = nix::unistd::geteuid().as_raw();
    assert_eq!(trial.asks(&unix(mine), &[]).unwrap().scopes, Scope::ALL);
    assert_eq!(trial.asks(&unix(0), &[]).unwrap().scopes, Scope::ALL);
    assert_eq!(trial.asks(&unix(4_000_000_001), &[]).unwrap().scopes, [Scope::Read]);
    assert_eq!(trial.asks(&unix(4_000_000_002), &[]), Err(403));
    let right = bearer(&token);
    for peer in [tcp(&[]), tcp(&["box"]), unix(mine), unix(4_000_000_002)] {
        assert_eq!(name(trial.asks(&peer, &[("authorization", &right)])), Ok("token:a".to_owned()));
    }
    let over = bearer(&over);
    let other = bearer(&Token::make().unwrap());
    for wrong in ["", "Basic eDp5", "Bearer", "Bearer x", &over, &other, &right[..right.len() - 1]] {
        assert_eq!(trial.asks(&tcp(&["box"]), &[("authorization", wrong)]), Err(401), "{wrong}");
        assert_eq!(trial.asks(&unix(mine), &[("authorization", wrong)]), Err(401), "{wrong}");
    }
    assert_eq!(trial.asks(&tcp(&[]), &[("authorization", &right), ("authorization", &right)]), Err(401));
    assert_eq!(trial.asks(&tcp(&["x", "box"]), &[]).unwrap().scopes, [Scope::Script]);
    assert_eq!(name(trial.asks(&tcp(&["x"]), &[])), Ok("certificate:x".to_owned()));
    assert!(trial.asks(&tcp(&["x"]), &[]).unwrap().scopes.is_empty());
    assert_eq!(trial.asks(&tcp(&[]), &[]), Ok(Identity::anonymous()));
    // A name of a certificate is no name of a token.
    assert!(trial.asks(&tcp(&["a", "token:a"]), &[]).unwrap().scopes.is_empty());
}

#[test]
fn what_is_revoked_is_refused_by_a_server_that_runs() {
    let token = Token::make().unwrap();
    let trial = trial(0.0, vec![Grant { sha256: Some(token.hash()), ..grant("token:a", &[Scope::Read]) }]);
    let bearer = format!("Bearer {}", token.reveal());
    assert!(trial.asks(&tcp(&[]), &[("authorization", &bearer)]).is_ok());
    Register::change(trial.folder.path(), |register| {
        register.grants.clear();
        Ok(())
    })
    .unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    while trial.asks(&tcp(&[]), &[("authorization", &bearer)]).is_ok() {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_register_that_breaks_lets_nobody_in() {
    let token = Token::make().unwrap();
    let trial = trial(0.0, vec![Grant { sha256: Some(token.hash()), ..grant("token:a", &[Scope::Read]) }]);
    let bearer = format!("Bearer {}", token.reveal());
    std::fs::write(trial.folder.path().join(register::FILE), "{").unwrap();
    std::thread::sleep(Duration::from_millis(250));
    assert_eq!(trial.asks(&tcp(&[]), &[("authorization", &bearer)]), Err(401));
    assert!(trial.log().iter().any(|line| line["detail"].to_string().contains(register::FILE)));
}

#[test]
fn whoever_asks_too_often_waits_and_nobody_else() {
    let token = Token::make().unwrap();
    let trial = trial(1.0, vec![Grant { sha256: Some(token.hash()), ..grant("token:a", &[Scope::Read]) }]);
    let bearer = format!("Bearer {}", token.reveal());
    let answers: Vec<_> = (0..5).map(|_| trial.asks(&tcp(&[]), &[]).map(|_| ())).collect();
    assert!(
        answers[..2].iter().all(|one| one.is_ok()) && answers[3..].iter().all(|one| *one == Err(429)),
        "{answers:?}"
    );
    assert!(trial.asks(&tcp(&[]), &[("authorization", &bearer)]).is_ok());
    let mine = Peer::Unix { uid: nix::unistd::geteuid().as_raw(), pid: None };
    assert!((0..100).all(|_| trial.asks(&mine, &[]).is_ok()));
}

#[test]
fn wrong_tokens_are_slowed_and_right_ones_are_not() {
    let token = Token::make().unwrap();
    let trial = trial(0.0, vec![Grant { sha256: Some(token.hash()), ..grant("token:a", &[Scope::Read]) }]);
    let tries: Vec<u16> =
        (0..40).map(|_| trial.asks(&tcp(&[]), &[("authorization", "Bearer x")]).unwrap_err()).collect();
    assert_eq!((tries[0], tries[39]), (401, 429), "{tries:?}");
    assert!(trial.asks(&tcp(&[]), &[("authorization", &format!("Bearer {}", token.reveal()))]).is_ok());
}

#[test]
fn the_log_tells_who_did_what_and_no_token() {
    static OPERATIONS: [Operation; 2] = [
        Operation { name: "look", method: "GET", path: "/", scope: Scope::Read, summary: "", describe: || ().into() },
        Operation {
            name: "start",
            method: "POST",
            path: "/",
            scope: Scope::Control,
            summary: "",
            describe: || ().into(),
        },
    ];
    let token = Token::make().unwrap();
    let trial = trial(0.0, vec![Grant { sha256: Some(token.hash()), ..grant("token:a", &[Scope::Read]) }]);
    let bearer = format!("Bearer {}", token.reveal());
    let identity = trial.asks(&tcp(&[]), &[("authorization", &bearer)]).unwrap();
    let took = Duration::from_micros(1_500);
    let answered = |operation, status, detail| {
        trial.access.answered(&tcp(&[]), &identity, operation, StatusCode::from_u16(status).unwrap(), took, detail);
    };
    answered(&OPERATIONS[0], 200, None);
    answered(&OPERATIONS[1], 201, None);
    answered(&OPERATIONS[0], 403, Some("no"));
    let _ = trial.asks(&tcp(&[]), &[("authorization", &bearer[..bearer.len() - 1])]);
    let _ = trial.asks(&tcp(&[]), &[("authorization", &bearer), ("origin", "https://evil.example")]);
    let log = trial.log();
    let short: Vec<_> =
        log.iter().map(|line| format!("{} {} {}", line["who"], line["operation"], line["status"])).collect();
    assert_eq!(
        short,
        [r#""token:a" "start" 201"#, r#""token:a" "look" 403"#, r#""anonymous" null 401"#, r#""anonymous" null 403"#,]
    );
    assert_eq!((log[0]["ms"].clone(), log[0]["from"].clone()), (1.5.into(), "192.0.2.1:5".into()));
    let digits = &token.reveal()["perfkit_".len()..];
    assert!(log.iter().all(|line| !line.to_string().contains(&digits[..32])));
}

#[test]
fn what_others_reach_needs_tls_and_somebody_to_let_in() {
    let trial = trial(0.0, Vec::new());
    let listens = |text: &str| trial.access.may_listen(&text.parse().unwrap()).map_err(|error| error.to_string());
    for local in ["127.0.0.1:1", "[::1]:1", "unix:/x"] {
        assert_eq!(listens(local), Ok(()));
    }
    for open in ["0.0.0.0:1", "[::]:1", "192.168.1.1:1"] {
        assert!(listens(open).unwrap_err().contains("--tls-cert"), "{open}");
    }
}

#[test]
fn one_machine_is_one_network() {
    for (a, b, same) in [
        ("10.0.0.1", "10.0.0.2", false),
        ("10.0.0.1", "::ffff:10.0.0.1", true),
        ("2001:db8::1", "2001:db8::2", true),
        ("2001:db8:0:1::1", "2001:db8::1", false),
    ] {
        assert_eq!(network(a.parse().unwrap()) == network(b.parse().unwrap()), same, "{a} {b}");
    }
}
