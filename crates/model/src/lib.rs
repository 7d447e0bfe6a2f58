//! What a message is, what may happen to it, and what Bothways needs of the world.
//!
//! Pure: nothing here does IO, reads a clock or knows a runtime. The engine brings time, randomness
//! and stored rows; the decisions here say what changes.

pub mod abilities;
pub mod accept;
pub mod admission;
pub mod attachment;
pub mod authorization;
pub mod body;
pub mod changes;
pub mod chat;
pub mod checks;
pub mod command;
pub mod compare;
pub mod completeness;
pub mod connection;
pub mod connector;
pub mod customer;
pub mod decide;
pub mod emoji;
pub mod erasure;
pub mod estimate;
pub mod event;
pub mod facets;
pub mod files;
pub mod finding;
pub mod following;
pub mod http;
pub mod id;
pub mod index;
pub mod intake;
pub mod invitation;
pub mod keys;
pub mod label;
pub mod letter;
pub mod limits;
pub mod message;
pub mod participant;
pub mod proof;
pub mod retention;
pub mod retry;
pub mod search;
pub mod setting;
pub mod sockets;
pub mod standing;
pub mod store;
pub mod stream;
pub mod sync_status;
pub mod time;
pub mod update;
pub mod upload;
pub mod user_platform;
pub mod view;
pub mod world;
