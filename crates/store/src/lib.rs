//! The stores: SQLite for one server, memory for tests and the simulation.
//!
//! All pass one list of laws, which stands in `contract`. Nothing outside this crate knows a database.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test stops where it fails"))]

mod admission;
#[cfg(test)]
mod agreement;
#[cfg(test)]
mod contract;
pub mod memory;
mod order;
pub mod sqlite;
mod turns;

#[cfg(test)]
mod tests {
    use crate::contract::{Opened, store_contract};
    use crate::{memory::Memory, sqlite::Sqlite};

    store_contract!(memory: Opened { store: Memory::new(), _folder: None });

    store_contract!(sqlite: {
        let folder = tempfile::tempdir().unwrap();
        Opened { store: Sqlite::open(folder.path().join("store.db")).unwrap(), _folder: Some(folder) }
    });
}
