//! What must be done from time to time: news set aside for too long, and what is kept for a named time.

use crate::{Engine, EngineError, Turn};
use model::{retention::KeptSince, store::StoreError};
use std::time::Duration;

/// How many chats one turn looks at.
const CHATS_AT_ONCE: usize = 16;
/// How many rows of each kind are forgotten at once.
const FORGOTTEN_AT_ONCE: usize = 1_000;

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Raw requests, so that a mended connector can read them again.
    pub raw: Duration,
    /// Events of the feed; who comes back later begins from the lists.
    pub events: Duration,
    /// Parts of requests that could not be read, from when their request came. The request is kept as long.
    pub parked: Duration,
    /// Runs of reading that ended.
    pub runs: Duration,
    /// Commands that were done, with the words that they sent.
    pub done: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
        Self { raw: days(7), events: days(30), parked: days(30), runs: days(30), done: days(30) }
    }
}

impl Engine {
    /// Takes up news that were set aside and whose time is over.
    pub async fn upkeep_turn(&self) -> Result<Turn, EngineError> {
        let due = self.store().due_asides(self.now(), CHATS_AT_ONCE).await?;
        for (customer, chat) in due {
            let Some(row) = self.store().chat(&customer, chat).await? else { continue };
            let Some(connection) = self.store().connection(&customer, row.connection_id).await? else { continue };
            match self.take_up(&connection, chat).await {
                Ok(()) | Err(EngineError::Store(StoreError::Stale)) => return Ok(Turn::Worked),
                Err(error) => return Err(error),
            }
        }
        Ok(Turn::Idle)
    }

    /// Forgets what has been kept for its time. Calls for more while there is more.
    pub async fn forget_turn(&self) -> Result<Turn, EngineError> {
        let (now, retention) = (self.now(), self.parts.retention);
        let forget = async {
            let kept = KeptSince {
                raw: now - retention.raw,
                parked: now - retention.parked,
                runs: now - retention.runs,
                done: now - retention.done,
            };
            let raw = self.store().forget(kept, now, FORGOTTEN_AT_ONCE).await?;
            let events = self.store().forget_events(now - retention.events, FORGOTTEN_AT_ONCE).await?;
            Ok(raw + events + self.forget_uploads().await?)
        };
        Ok(match self.alone("forget", forget).await?.transpose()? {
            Some(forgotten) if forgotten > 0 => Turn::Worked,
            Some(_) | None => Turn::Idle,
        })
    }
}
