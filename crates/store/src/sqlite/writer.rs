//! The one thread that writes. It takes all writes that wait and commits them together: they share
//! the wait for the disk, not their fate.

use super::{
    failure::{Failure, Outcome},
    measure::Meter,
    open::Lock,
};
use model::store::StoreError;
use rusqlite::Connection;
use std::{path::PathBuf, sync::Arc, time::Instant};
use tokio::sync::{mpsc, oneshot};

/// How many writes may wait; the next caller waits until there is room.
pub(super) const QUEUE: usize = 1_024;
/// How many writes share one commit.
const LARGEST_BATCH: usize = 256;

/// What the writer is asked.
pub(super) enum Request {
    /// To write.
    Write(Box<dyn Job>),
    /// To finish what is queued, and stop.
    Close,
}

/// A write that waits. It may run twice, if the first commit failed for another's sake.
pub(super) trait Job: Send {
    /// Writes, within a transaction.
    fn run(&mut self, db: &Connection) -> Outcome<()>;
    /// Tells the caller.
    fn answer(self: Box<Self>, fate: Result<(), StoreError>);
}

/// A write, what it answers, and to whom.
pub(super) struct Waiting<T, F> {
    change: F,
    found: Option<T>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Waiting<T, F>
where
    T: Send + 'static,
    F: FnMut(&Connection) -> Outcome<T> + Send + 'static,
{
    /// A write, and where its answer arrives.
    pub(super) fn job(change: F) -> (Box<dyn Job>, oneshot::Receiver<Result<T, StoreError>>) {
        let (caller, answer) = oneshot::channel();
        (Box::new(Self { change, found: None, caller }), answer)
    }
}

impl<T, F> Job for Waiting<T, F>
where
    T: Send,
    F: FnMut(&Connection) -> Outcome<T> + Send,
{
    fn run(&mut self, db: &Connection) -> Outcome<()> {
        self.found = Some((self.change)(db)?);
        Ok(())
    }

    fn answer(self: Box<Self>, fate: Result<(), StoreError>) {
        let Self { found, caller, .. } = *self;
        let answer = fate.and_then(|()| found.ok_or_else(stopped));
        // A caller that went away does not need the answer; what it asked for is written.
        drop(caller.send(answer));
    }
}

/// What a caller hears when the writer is gone.
pub(super) fn stopped() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

/// The writer's own.
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    pub(super) lock: Lock,
    pub(super) meter: Arc<Meter>,
}

impl Writer {
    /// Writes until nobody can ask any more, then leaves the file tidy.
    pub(super) fn serve(self, mut queue: mpsc::Receiver<Request>) {
        let mut batch = Vec::with_capacity(LARGEST_BATCH);
        while let Some(first) = queue.blocking_recv() {
            let mut next = Some(first);
            while let Some(request) = next.take() {
                match request {
                    Request::Write(job) => batch.push(job),
                    Request::Close => queue.close(),
                }
                if batch.len() < LARGEST_BATCH {
                    next = queue.try_recv().ok();
                }
            }
            self.settle(std::mem::take(&mut batch));
        }
        self.leave();
    }

    /// Writes a batch, and tells each caller what became of it.
    fn settle(&self, mut jobs: Vec<Box<dyn Job>>) {
        if let Err(failure) = self.run("begin immediate") {
            let error = self.told(failure);
            return jobs.into_iter().for_each(|job| job.answer(Err(again(&error))));
        }
        match self.attempt(&mut jobs) {
            Ok(fates) => jobs.into_iter().zip(fates).for_each(|(job, fate)| job.answer(fate)),
            // One of them may be what does not fit: each is tried alone, so that the others do.
            Err(_) if jobs.len() > 1 => jobs.into_iter().for_each(|job| self.settle(vec![job])),
            Err(failure) => {
                let error = self.told(failure);
                jobs.into_iter().for_each(|job| job.answer(Err(again(&error))));
            }
        }
    }

    /// All jobs in the transaction that was begun, one savepoint for each.
    fn attempt(&self, jobs: &mut [Box<dyn Job>]) -> Outcome<Vec<Result<(), StoreError>>> {
        let fates = self.within(jobs);
        let finished = match &fates {
            Ok(fates) if fates.iter().any(Result::is_ok) => self.sync(fates.len()),
            _ => Ok(()),
        };
        // SQLite ends a transaction by itself in some failures, not in all.
        if !self.db.is_autocommit() {
            self.run("rollback")?;
        }
        finished?;
        fates
    }

    fn within(&self, jobs: &mut [Box<dyn Job>]) -> Outcome<Vec<Result<(), StoreError>>> {
        let mut fates = Vec::with_capacity(jobs.len());
        for job in jobs {
            self.run("savepoint job")?;
            let fate = job.run(&self.db);
            if let Err(failure) = fate {
                if self.db.is_autocommit() {
                    return Err(failure);
                }
                self.run("rollback to job")?;
                fates.push(Err(failure.at(&self.path)));
            } else {
                fates.push(Ok(()));
            }
            self.run("release job")?;
        }
        Ok(fates)
    }

    fn sync(&self, writes: usize) -> Outcome<()> {
        let began = Instant::now();
        self.run("commit")?;
        self.meter.synced(writes, began.elapsed());
        Ok(())
    }

    fn told(&self, failure: Failure) -> StoreError {
        let error = failure.at(&self.path);
        tracing::error!(%error, "A write failed: {error}");
        error
    }

    fn run(&self, statement: &str) -> Outcome<()> {
        self.db.prepare_cached(statement)?.execute([])?;
        Ok(())
    }

    /// Writes the log back into the file, so that the file alone is everything.
    fn leave(self) {
        let Self { db, lock, .. } = self;
        if let Err(error) = db.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())) {
            tracing::warn!(%error, "The write-ahead log stays beside the file; nothing is lost");
        }
        drop(db);
        drop(lock);
    }
}

/// The same error for one more caller.
fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Stale => StoreError::Stale,
        StoreError::Unavailable(sentence) => StoreError::Unavailable(sentence.clone()),
        StoreError::Broken(sentence) => StoreError::Broken(sentence.clone()),
    }
}
