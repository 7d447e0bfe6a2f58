//! The one thread that writes to the index.

use super::super::{failure::Outcome, writer::stopped};
use model::store::StoreError;
use rusqlite::Connection;
use std::thread;
use tokio::sync::{mpsc, oneshot};

/// How many writes may wait. One turn at a time writes, so there are hardly any.
const QUEUE: usize = 16;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Where writes are asked for. The thread ends, and is waited for, when this is dropped.
pub(super) struct Thread {
    /// None only while being dropped.
    jobs: Option<mpsc::Sender<Job>>,
    ends: Option<thread::JoinHandle<()>>,
}

impl Thread {
    /// Starts the thread.
    pub(super) fn start(mut db: Connection) -> Outcome<Self> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let serve = move || {
            while let Some(job) = queue.blocking_recv() {
                job(&mut db);
            }
        };
        let started = thread::Builder::new().name("index-writer".to_owned()).spawn(serve);
        let ends = started.map_err(|error| StoreError::Unavailable(format!("no thread could be started ({error})")))?;
        Ok(Self { jobs: Some(jobs), ends: Some(ends) })
    }

    /// Runs a write, and returns what came of it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<Outcome<T>, StoreError> {
        let (caller, answer) = oneshot::channel();
        // A caller that went away does not need the answer; what it asked for is written.
        let job = Box::new(move |db: &mut Connection| drop(caller.send(job(db))));
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(job).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(Err(_)) = self.ends.take().map(thread::JoinHandle::join) {
            tracing::error!("The thread that writes the search index panicked");
        }
    }
}
