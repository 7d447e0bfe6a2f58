//! The threads that read, beside the one that writes. Each look sees one state of the file.

use super::{failure::Outcome, open, writer::stopped};
use model::store::StoreError;
use rusqlite::Connection;
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
};
use tokio::sync::{mpsc, oneshot};

/// How many reads may wait; the next caller waits until there is room.
const QUEUE: usize = 1_024;
/// How many threads read.
const THREADS: usize = 4;

type Look = Box<dyn FnOnce(&Connection) + Send>;

/// Where reads are asked for.
pub(super) struct Readers {
    queue: mpsc::Sender<Look>,
}

impl Readers {
    /// Starts the threads. They end when this is dropped.
    pub(super) fn start(path: &Path) -> Outcome<Self> {
        let (queue, looks) = mpsc::channel::<Look>(QUEUE);
        let looks = Arc::new(Mutex::new(looks));
        for _ in 0..THREADS {
            let db = open::reader(path)?;
            let looks = Arc::clone(&looks);
            let serve = move || {
                while let Some(look) = next(&looks) {
                    look(&db);
                }
            };
            let started = thread::Builder::new().name("store-reader".to_owned()).spawn(serve);
            started.map_err(|error| StoreError::Unavailable(format!("no thread could be started ({error})")))?;
        }
        Ok(Self { queue })
    }

    /// Reads, and returns what was found.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<Outcome<T>, StoreError> {
        let (caller, answer) = oneshot::channel();
        let look = Box::new(move |db: &Connection| drop(caller.send(in_one_state(db, look))));
        self.queue.send(look).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())
    }
}

/// Waits for the next read. The lock is held while waiting, so the threads take turns.
fn next(looks: &Mutex<mpsc::Receiver<Look>>) -> Option<Look> {
    looks.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}

/// Several statements see the same commit.
fn in_one_state<T>(db: &Connection, look: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
    db.prepare_cached("begin deferred")?.execute([])?;
    let found = look(db);
    if !db.is_autocommit() {
        db.prepare_cached("rollback")?.execute([])?;
    }
    found
}
