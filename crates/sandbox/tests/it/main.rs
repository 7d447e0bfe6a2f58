//! The emulators as their callers meet them: through the router, without a socket, and on a port.

#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

mod slack_calls;
mod slack_events;
mod slack_faults;
mod slack_files;
mod slack_port;
mod slack_reach;
mod slack_rotation;
mod slack_sdk;
mod slack_sockets;
mod slack_world;
mod world;
