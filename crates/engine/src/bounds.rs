//! How much may wait here. Who comes when it is full is told to come again, before anything is kept: what was
//! answered with yes is never dropped.

use crate::{Backlogged, Engine, EngineError};
use model::time::Timestamp;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many requests of platforms, or parts of them, wait to be routed and read.
    pub intake: usize,
    /// How many commands of one customer are open.
    pub outbox: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { intake: 200_000, outbox: 10_000 }
    }
}

/// How long a count of what waits is believed.
const COUNT_TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How many requests may come before it is counted again.
const COUNT_EVERY: usize = 1_000;

/// How much waited when it was last counted, and how much came since.
#[derive(Default)]
pub(crate) struct Gauge(Mutex<Level>);

#[derive(Clone, Copy, Default)]
struct Level {
    counted_at: Timestamp,
    waiting: usize,
    since: usize,
}

impl Gauge {
    fn level(&self) -> MutexGuard<'_, Level> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Refuses what comes while too much waits to be read. Each server counts now and then only, so the bound
    /// may be passed by what came in between.
    pub(crate) async fn check_intake(&self) -> Result<(), EngineError> {
        let (now, most) = (self.now(), self.parts.bounds.intake);
        let held = {
            let mut level = self.gauge.level();
            level.since += 1;
            *level
        };
        let stale = now.since(held.counted_at) >= COUNT_TRUSTED_FOR || held.counted_at > now;
        let waiting = if stale || held.since >= COUNT_EVERY.min(most) {
            let backlog = self.store().backlog(most).await?;
            let waiting = usize::try_from(backlog.intakes + backlog.parts).unwrap_or(most);
            *self.gauge.level() = Level { counted_at: now, waiting, since: 0 };
            waiting
        } else {
            held.waiting
        };
        if waiting >= most { Err(EngineError::Full(Backlogged::Intake)) } else { Ok(()) }
    }
}
