//! Tells a service manager how the server does, where one listens (systemd's `Type=notify`).

use std::{io, os::unix::net::UnixDatagram};

/// Names the socket on which the manager listens.
const SOCKET: &str = "NOTIFY_SOCKET";

/// The server answers.
pub fn ready() {
    tell("READY=1");
}

/// The server finishes what is in hand.
pub fn stopping() {
    tell("STOPPING=1");
}

fn tell(state: &str) {
    // Nobody depends on it but the manager, which has a time limit of its own.
    if let Err(error) = try_tell(state) {
        tracing::warn!(%error, "The service manager could not be told {state}");
    }
}

fn try_tell(state: &str) -> io::Result<()> {
    let Some(name) = std::env::var_os(SOCKET) else { return Ok(()) };
    let socket = UnixDatagram::unbound()?;
    #[cfg(target_os = "linux")]
    if let Some(name) = name.to_str().and_then(|name| name.strip_prefix('@')) {
        use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};
        return socket.send_to_addr(state.as_bytes(), &SocketAddr::from_abstract_name(name)?).map(drop);
    }
    socket.send_to(state.as_bytes(), name).map(drop)
}
