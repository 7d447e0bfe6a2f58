//! The whole: the real server and the emulated Slack, through HTTP, on ports of this computer.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod backup;
mod bad_input;
mod browser;
mod chats;
mod composing;
mod configuration;
mod connecting;
mod doctor;
mod doors;
mod emoji;
mod erasing;
mod feed;
mod files;
mod formatting;
mod full;
mod gmail;
mod gmail_files;
mod gmail_news;
mod gmail_permissions;
mod gmail_trash;
mod house;
mod identity;
mod isolation;
mod kill;
mod logins;
mod mailhouse;
mod openapi;
mod operation;
mod parked;
mod processes;
mod reconcile;
mod retention;
mod search;
mod secrets;
mod shared;
mod sockets;
mod traces;
mod whole_way;
