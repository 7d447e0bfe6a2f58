//! The emulators as their callers meet them: through the router, without a socket, and on a port.

#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

mod gmail_calls;
mod gmail_conformity;
mod gmail_faults;
mod gmail_history;
mod gmail_mail;
mod gmail_oauth;
mod gmail_port;
mod gmail_push;
mod gmail_sdk;
mod mailboxes;
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
