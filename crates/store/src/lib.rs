//! The stores: SQLite for one server, memory for tests and the simulation.
//!
//! All pass one list of laws, which stands in `contract`. Nothing outside this crate knows a database.

mod admission;
pub mod memory;
mod order;
pub mod sqlite;
