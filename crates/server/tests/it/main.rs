//! The whole: the real server and the emulated Slack, through HTTP, on ports of this computer.

mod access;
mod bad_input;
mod connecting;
mod feed;
mod house;
mod kill;
mod openapi;
mod processes;
mod secrets;
mod whole_way;
