//! Keeps everything in one file, for one server.
//!
//! One thread writes and syncs, some threads read beside it. What is answered is on disk.

mod backup;
mod checks;
mod emoji;
mod erase;
mod failure;
mod followings;
mod forget;
mod index;
mod inspect;
mod intake;
mod keys;
mod leases;
mod limits;
mod lines;
mod measure;
mod migrate;
mod open;
#[cfg(test)]
mod plans;
mod put;
mod read;
mod readers;
mod restore;
mod rows;
mod store;
mod stream;
mod turns;
mod write;
mod writer;

pub use backup::Backup;
pub use index::SqliteIndex;
pub use inspect::Inspection;
pub use restore::Restored;

use failure::{Failure, Outcome};
use leases::Leases;
use limits::Limits;
use measure::Meter;
use model::{customer::CustomerId, store::StoreError};
use readers::Readers;
use rows::{find, find_document, number};
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc::Receiver},
    thread,
    time::Duration,
};
use tokio::sync::{mpsc, watch};
use writer::{QUEUE, Request, Waiting, Writer, stopped};

/// How long a dropped store waits for its last commit.
const FAREWELL: Duration = Duration::from_secs(5);

/// A store in a file.
pub struct Sqlite {
    path: PathBuf,
    /// None only while being dropped, so that the writer sees that nobody asks any more.
    writes: Option<mpsc::Sender<Request>>,
    readers: Readers,
    leases: Leases,
    limits: Limits,
    meter: Arc<Meter>,
    closed: watch::Receiver<()>,
    ended: Mutex<Receiver<()>>,
}

impl Sqlite {
    /// The version of the schema that this program writes.
    pub const fn schema_version() -> usize {
        migrate::MIGRATIONS.len()
    }

    /// Opens a file, and makes it if it is missing. Older files are upgraded after a backup beside them.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        Self::try_open(path).map_err(|failure| failure.at(path))
    }

    fn try_open(path: &Path) -> Outcome<Self> {
        let lock = open::lock(path)?;
        let db = open::writer(path)?;
        let limits = Limits::open(&db)?;
        let readers = Readers::start(path)?;
        let (writes, queue) = mpsc::channel(QUEUE);
        let (still_open, closed) = watch::channel(());
        let (still_there, ended) = std::sync::mpsc::channel();
        let meter = Arc::new(Meter::default());
        let writer = Writer { db, path: path.to_owned(), lock, meter: Arc::clone(&meter) };
        let serve = move || {
            writer.serve(queue);
            // Those who wait learn of the end by this side's end.
            drop((still_open, still_there));
        };
        let started = thread::Builder::new().name("store-writer".to_owned()).spawn(serve);
        started.map_err(|error| StoreError::Unavailable(format!("no thread could be started ({error})")))?;
        Ok(Self {
            path: path.to_owned(),
            writes: Some(writes),
            readers,
            leases: Leases::default(),
            limits,
            meter,
            closed,
            ended: Mutex::new(ended),
        })
    }

    /// Finishes what is queued and leaves the file tidy. Later writes are refused.
    pub async fn close(&self) {
        let Some(writes) = &self.writes else { return };
        if writes.send(Request::Close).await.is_ok() {
            let mut closed = self.closed.clone();
            while closed.changed().await.is_ok() {}
        }
    }

    /// Lets the file grow to so many pages and no further, as a full disk would.
    #[doc(hidden)]
    pub async fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        self.write(move |db| Ok(db.query_row(&format!("pragma max_page_count = {pages}"), [], |_| Ok(()))?)).await
    }

    /// Writes, and returns once it is synced. The change may run twice.
    async fn write<T: Send + 'static>(
        &self,
        change: impl FnMut(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, answer) = Waiting::job(change);
        let writes = self.writes.as_ref().ok_or_else(stopped)?;
        writes.send(Request::Write(job)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.look(look).await?.map_err(|failure: Failure| failure.at(&self.path))
    }

    /// One row of a customer, by what names it.
    async fn document<T: DeserializeOwned + Send + 'static>(
        &self,
        sql: &'static str,
        customer: &CustomerId,
        key: impl ToString,
    ) -> Result<Option<T>, StoreError> {
        let values = (customer.as_str().to_owned(), key.to_string());
        self.read(move |db| find_document(db, sql, values)).await
    }

    /// One number of a customer's feed; 0 before there is one.
    async fn counter(&self, sql: &'static str, customer: &CustomerId) -> Result<u64, StoreError> {
        let customer = customer.as_str().to_owned();
        self.read(move |db| Ok(find(db, sql, [customer], |row| number(row, 0))?.unwrap_or(0))).await
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.writes = None;
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Whoever opens the file next needs the lock that the writer still holds.
        let _ended = ended.recv_timeout(FAREWELL);
    }
}
