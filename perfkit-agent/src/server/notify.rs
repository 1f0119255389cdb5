//! Tells systemd how the agent does, where systemd started it and wants to know: sd_notify(3) says how.

use std::env;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Tells it. Nobody may be listening, which is no trouble.
pub fn notify(state: &str) {
    let Some(place) = env::var("NOTIFY_SOCKET").ok().filter(|place| !place.is_empty()) else { return };
    let address = match place.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(&place),
    };
    if let (Ok(address), Ok(socket)) = (address, UnixDatagram::unbound()) {
        let _ = socket.send_to_addr(state.as_bytes(), &address);
    }
}
