//! Whether a request is meant for this server, and was not sent by another site's page in somebody's browser.
//!
//! A browser reaches what listens on its own machine, and a page can point a name of its own there. So what names the
//! server must be no name that others can give it, and what comes from a page must come from a page of the server.

use std::net::IpAddr;

use http::StatusCode;
use http::request::Parts;
use http::uri::Authority;

use crate::server::problem::Problem;

/// Names of this server, and sites that may use it.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// Names besides `localhost` and addresses, in small letters.
    pub names: Vec<String>,
    /// Origins besides its own, such as `https://perf.example`.
    pub origins: Vec<String>,
}

impl Site {
    /// Says what is wrong with what a request says of the server and of where it comes from.
    /// `own` are names that its certificate has.
    pub fn check(&self, parts: &Parts, own: &[String], secure: bool) -> Result<(), Problem> {
        let host = one(parts, "host")?;
        let lost = |text: String| Problem::new(StatusCode::MISDIRECTED_REQUEST, text);
        let host = host.ok_or_else(|| Problem::invalid("a request needs a Host header"))?;
        let wrong = || Problem::invalid("the Host header names no host");
        let authority: Authority = host.parse().map_err(|_| wrong())?;
        // After an address in brackets there is nothing but a port.
        let after = host.rsplit_once(']').map_or("", |(_, after)| after);
        if !after.is_empty() && !after.starts_with(':') {
            return Err(wrong());
        }
        for authority in [Some(&authority), parts.uri.authority()].into_iter().flatten() {
            if !self.is_ours(authority.host(), own) {
                let name: String = authority.host().chars().take(80).collect();
                return Err(lost(format!(
                    "this agent is not called `{name}`; where it is, start it with --host {name}"
                )));
            }
        }
        self.check_origin(parts, &authority, secure)
    }

    fn check_origin(&self, parts: &Parts, host: &Authority, secure: bool) -> Result<(), Problem> {
        let stranger =
            || Problem::forbidden("pages of other sites may not use this agent; --origin lists those that may");
        let Some(origin) = one(parts, "origin")? else {
            // Browsers that send no Origin, as with pictures, tell this; other programs tell neither.
            return match one(parts, "sec-fetch-site")? {
                None | Some("same-origin" | "none") => Ok(()),
                Some(_) => Err(stranger()),
            };
        };
        if self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin)) {
            return Ok(());
        }
        let (scheme, port) = if secure { ("https", 443) } else { ("http", 80) };
        let (its_scheme, its_authority) = origin.split_once("://").ok_or_else(stranger)?;
        let its_authority: Authority = its_authority.parse().map_err(|_| stranger())?;
        let same = its_scheme.eq_ignore_ascii_case(scheme)
            && its_authority.host().eq_ignore_ascii_case(host.host())
            && its_authority.port_u16().unwrap_or(port) == host.port_u16().unwrap_or(port);
        if same { Ok(()) } else { Err(stranger()) }
    }

    /// Whether a name can only mean this server. An address can: nobody else decides what it leads to.
    fn is_ours(&self, host: &str, own: &[String]) -> bool {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        bare.parse::<IpAddr>().is_ok()
            || host.eq_ignore_ascii_case("localhost")
            || self.names.iter().chain(own).any(|name| name.eq_ignore_ascii_case(host.trim_end_matches('.')))
    }
}

/// A header's text; what stands there twice, or is no text, is refused.
fn one<'a>(parts: &'a Parts, name: &'static str) -> Result<Option<&'a str>, Problem> {
    let mut all = parts.headers.get_all(name).iter();
    let wrong = || Problem::invalid(format!("the header {name} stands there twice, or is no text"));
    let first = all.next().map(|value| value.to_str().map_err(|_| wrong())).transpose()?;
    if all.next().is_some() { Err(wrong()) } else { Ok(first) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn status(headers: &[(&str, &str)], uri: &str, secure: bool) -> u16 {
        let site = Site { names: vec!["box.example".into()], origins: vec!["https://perf.example".into()] };
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        site.check(&parts, &[], secure).map_or_else(|problem| problem.status.as_u16(), |()| 200)
    }

    #[test]
    fn names_that_others_can_give_are_not_ours() {
        for (host, expected) in [
            ("localhost", 200),
            ("LOCALHOST:1", 200),
            ("127.0.0.1:7788", 200),
            ("[::1]:7788", 200),
            ("192.168.1.5", 200),
            ("Box.Example:7788", 200),
            ("box.example.", 200),
            ("evil.example", 421),
            ("localhost.evil.example", 421),
            ("127.0.0.1.evil.example:7788", 421),
            ("[::1].evil.example", 400),
            ("", 400),
            ("a b", 400),
        ] {
            assert_eq!(status(&[("host", host)], "/", false), expected, "{host}");
        }
        assert_eq!(status(&[], "/", false), 400);
        assert_eq!(status(&[("host", "localhost"), ("host", "localhost")], "/", false), 400);
        assert_eq!(status(&[("host", "localhost")], "http://evil.example/", false), 421);
    }

    #[test]
    fn pages_of_other_sites_may_not() {
        for (origin, secure, expected) in [
            ("http://localhost:7788", false, 200),
            ("https://localhost:7788", true, 200),
            ("https://localhost:7788", false, 403),
            ("http://localhost:7788", true, 403),
            ("http://localhost:7789", false, 403),
            ("http://localhost", false, 403),
            ("https://perf.example", false, 200),
            ("https://perf.example.evil", false, 403),
            ("null", false, 403),
            ("", false, 403),
        ] {
            let headers = [("host", "localhost:7788"), ("origin", origin)];
            assert_eq!(status(&headers, "/", secure), expected, "{origin}");
        }
        assert_eq!(status(&[("host", "localhost"), ("origin", "http://localhost:80")], "/", false), 200);
        for (fetched, expected) in [("none", 200), ("same-origin", 200), ("same-site", 403), ("cross-site", 403)] {
            assert_eq!(
                status(&[("host", "localhost"), ("sec-fetch-site", fetched)], "/", false),
                expected,
                "{fetched}"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_headers_say_is_answered(host in "[ -~]{0,40}", origin in "[ -~]{0,40}") {
            let answer = status(&[("host", &host), ("origin", &origin)], "/", false);
            prop_assert!([200, 400, 403, 421].contains(&answer));
        }
    }
}
