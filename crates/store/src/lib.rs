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
mod place;
pub mod sqlite;
mod turns;

#[cfg(test)]
mod tests {
    use crate::contract::{Opened, index::index_contract, store_contract};
    use crate::{
        memory::{Memory, MemoryIndex},
        sqlite::{Sqlite, SqliteIndex},
    };

    store_contract!(memory: Opened { store: Memory::new(), _folder: None });

    store_contract!(sqlite: {
        let folder = tempfile::tempdir().unwrap();
        Opened { store: Sqlite::open(folder.path().join("store.db")).unwrap(), _folder: Some(folder) }
    });

    index_contract!(memory_index: Opened { store: MemoryIndex::new(), _folder: None });

    index_contract!(sqlite_index: {
        let folder = tempfile::tempdir().unwrap();
        Opened { store: SqliteIndex::open(folder.path().join("search.db")).unwrap(), _folder: Some(folder) }
    });
}
