//! What the file survives: killed servers, power cuts, full disks, damage, and strangers.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod backup;
mod killed;
mod limits;
mod power_cut;
mod rows;
mod trouble;
mod upgrade;
