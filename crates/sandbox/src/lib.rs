//! Emulators of the platforms and of the people in them, written from public documentation only.
//!
//! They share no code with the rest of Bothways, so that an emulator can disagree with a connector
//! that is wrong. Time and randomness come from outside; nothing here sleeps or spawns, except when
//! an emulator is run on a port.

pub mod answers;
pub mod clock;
pub mod faults;
pub mod gmail;
pub mod serve;
pub mod slack;

pub mod calendar;
mod dice;
mod journal;
mod port;
