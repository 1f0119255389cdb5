//! Where an agent is: how that is typed, told and remembered.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

use http::Uri;
use serde::{Deserialize, Serialize};

/// The port of an agent, where none is typed.
pub const PORT: u16 = 7788;

/// Where an agent is: `http://HOST[:PORT]`, `https://HOST[:PORT]` or `unix:PATH`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Url {
    /// What to connect to.
    pub place: Place,
}

/// What to connect to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A port of a host.
    Tcp {
        /// Its name or address; one of version 6 without brackets.
        host: String,
        /// The port.
        port: u16,
        /// Whether by TLS.
        secure: bool,
    },
    /// A socket in the file system.
    Unix(PathBuf),
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Url, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err("unix: needs a path after it".to_owned()),
                path => Ok(Url { place: Place::Unix(path.into()) }),
            };
        }
        let wrong =
            || format!("`{text}` is no place of an agent; give http://HOST:PORT, https://HOST:PORT or unix:PATH");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?;
        if uri.path_and_query().is_some_and(|rest| rest.as_str() != "/") {
            return Err(format!("`{text}`: an agent is named by host and port alone, without a path"));
        }
        if authority.as_str().contains('@') {
            return Err(format!("`{text}`: who asks is told by a token, and not in the address"));
        }
        let host = match authority.host().strip_prefix('[') {
            Some(rest) => rest.trim_end_matches(']').parse::<Ipv6Addr>().map_err(|_| wrong())?.to_string(),
            None => authority.host().to_owned(),
        };
        // A colon with nothing after it, or with what is no port.
        let after = authority.as_str().rsplit_once(']').map_or(authority.as_str(), |(_, after)| after);
        let is_name = |one: char| one.is_ascii_alphanumeric() || ".-_:".contains(one);
        if host.is_empty() || !host.chars().all(is_name) || (after.contains(':') && authority.port_u16().is_none()) {
            return Err(wrong());
        }
        Ok(Url { place: Place::Tcp { host, port: authority.port_u16().unwrap_or(PORT), secure } })
    }
}

impl TryFrom<String> for Url {
    type Error = String;

    fn try_from(text: String) -> Result<Url, String> {
        text.parse()
    }
}

impl From<Url> for String {
    fn from(url: Url) -> String {
        url.to_string()
    }
}

impl fmt::Display for Url {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp { secure, .. } => write!(out, "http{}://{}", if *secure { "s" } else { "" }, self.host()),
            Place::Unix(path) => write!(out, "unix:{}", path.display()),
        }
    }
}

impl Url {
    /// What the Host header says.
    pub fn host(&self) -> String {
        match &self.place {
            Place::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Place::Tcp { host, port, .. } => format!("{host}:{port}"),
            Place::Unix(_) => "localhost".to_owned(),
        }
    }

    /// Whether nobody on the way can read what is sent: it is encrypted, or does not leave this machine.
    pub fn is_private(&self) -> bool {
        match &self.place {
            Place::Tcp { secure: true, .. } | Place::Unix(_) => true,
            Place::Tcp { host, .. } => host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_are_read_and_told_alike() {
        for text in ["http://127.0.0.1:7788", "https://box.example:1", "http://[::1]:80", "unix:/run/x.sock"] {
            assert_eq!(text.parse::<Url>().unwrap().to_string(), text);
        }
        assert_eq!("https://box".parse::<Url>().unwrap().to_string(), "https://box:7788");
        assert_eq!("http://box:5/".parse::<Url>().unwrap().to_string(), "http://box:5");
        for text in
            ["", "box", "box:7788", "ftp://box", "http://", "http://box:", "http://box:99999", "http://box/v1", "unix:"]
        {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
        assert!("http://me:word@box".parse::<Url>().unwrap_err().contains("token"));
    }

    #[test]
    fn what_leaves_the_machine_unencrypted_is_not_private() {
        for (text, private) in [
            ("http://127.0.0.9:1", true),
            ("http://[::1]", true),
            ("http://localhost", true),
            ("https://box", true),
            ("unix:x", true),
            ("http://box", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(text.parse::<Url>().unwrap().is_private(), private, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_told_so_that_it_is_read_again(text in "(https?://|unix:)?[a-z0-9.:\\[\\]/@%-]{0,24}") {
            if let Ok(url) = text.parse::<Url>() {
                prop_assert_eq!(url.to_string().parse::<Url>(), Ok(url));
            }
        }
    }
}
