//! The program `bothways`: configuration, the API, webhooks in, sign-in, and the page's files.
//!
//! Only here do time, chance, sockets and processes come in. What a message is and what may happen to
//! it stands in `model`; the work is done by `engine`.

pub mod announcer;
pub mod api;
pub mod backup;
pub mod bounds;
pub mod checks;
pub mod cli;
pub mod config;
pub mod connect;
pub mod demo;
pub mod doctor;
mod emulators;
pub mod folder;
pub mod hooks;
pub mod html;
pub mod http;
pub mod keys;
pub mod login;
pub mod loops;
pub mod metrics;
pub mod page;
pub mod proxies;
pub mod safety;
pub mod serve;
pub mod sockets;
pub mod supervisor;
pub mod telemetry;
pub mod transfer;
pub mod vault;
pub mod websocket;
pub mod world;
