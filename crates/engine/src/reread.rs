//! Reads again what was kept: a part that could not be read, or all that came since a time.
//!
//! A mended connector so takes in what it did not understand before, without asking the platform. Reading twice
//! changes nothing, since repeats are known by what they say.

use crate::{Engine, EngineError, kept::queued_part};
use model::{
    changes::{Changes, Write},
    connection::{Connection, ConnectionState},
    customer::CustomerId,
    id::{ConnectionId, Cursor, IntakeId},
    intake::{Intake, Part, PartId, PartState, QueuedPart},
    sync_status::{SyncKind, SyncState, SyncStatus},
    time::Timestamp,
};

/// How many raw requests one turn queues again. Each may be as large as a request's body may be.
const REREAD_AT_ONCE: usize = 16;

impl Engine {
    /// Lets a part that was parked be read again.
    pub async fn replay(&self, customer: &CustomerId, id: PartId) -> Result<QueuedPart, EngineError> {
        let part = self.store().part(customer, id).await?.ok_or(EngineError::NotFound)?;
        if part.state == PartState::Waiting {
            return Ok(part);
        }
        let part = self.afresh(part);
        let writes = vec![Write::UpdatePart(part.clone())];
        self.commit(Changes { writes, ..Changes::of(customer) }).await?;
        Ok(part)
    }

    /// Reads again what came since a time and is still kept, for one connection or for all of a customer's.
    /// What came before a connection was made is not for it.
    pub async fn reread(
        &self,
        customer: &CustomerId,
        connection: Option<ConnectionId>,
        since: Timestamp,
    ) -> Result<Vec<SyncStatus>, EngineError> {
        let mut connections = match connection {
            Some(id) => vec![self.own_connection(customer, id).await?],
            None => self.store().connections(customer).await?,
        };
        connections.retain(|connection| connection.state != ConnectionState::Disconnected);
        let mut runs = Vec::new();
        for connection in connections {
            let since = since.max(connection.created_at);
            let run = self.new_sync(&connection, None, SyncKind::Reread, Some(since));
            runs.push(self.begin(run, Vec::new(), Vec::new()).await?);
        }
        Ok(runs)
    }

    /// Queues the next few requests of a run again. The parts and the run's place go in one commit.
    pub(crate) async fn reread_page(&self, run: SyncStatus, connection: &Connection) -> Result<(), EngineError> {
        let after = run.cursor.as_ref().and_then(|cursor| cursor.as_str().parse::<IntakeId>().ok());
        let found = self.store().routed(run.since.unwrap_or_default(), after, REREAD_AT_ONCE).await?;
        let mut changes = Changes::of(&run.customer_id);
        let is_for = |intake: &&Intake| {
            intake.integration == connection.integration && intake.connection_id.is_none_or(|id| id == connection.id)
        };
        for intake in found.iter().filter(is_for) {
            for part in self.parts_for(intake, connection).await? {
                // It is queued if it was read, and waits again if it was parked.
                let part = queued_part(connection, intake.id, &part, self.now());
                changes.writes.push(Write::QueuePart(part.clone()));
                changes.writes.push(Write::UpdatePart(part));
            }
        }
        let mut next = SyncStatus { revision: run.revision + 1, error: None, due_at: self.now(), ..run };
        next.started_at = next.started_at.or_else(|| Some(self.now()));
        next.done += found.len() as u64;
        next.state = SyncState::Running;
        if let Some(last) = found.last() {
            next.cursor = Some(Cursor(last.id.to_string()));
        }
        if found.len() < REREAD_AT_ONCE {
            (next.state, next.finished_at) = (SyncState::Completed, Some(self.now()));
        }
        changes.events.push(self.sync_event(&next));
        changes.writes.push(Write::SyncStatus(next));
        Ok(self.commit(changes).await.map(drop)?)
    }

    /// The parts of a request that are for a connection.
    async fn parts_for(&self, intake: &Intake, connection: &Connection) -> Result<Vec<Part>, EngineError> {
        let mut parts = self.parts_of(intake);
        let shared = parts.first().and_then(|part| part.shared.clone());
        let hears = |part: &Part| connection.listens_to.contains(&part.account);
        match shared {
            Some(chat) if !parts.iter().any(hears) => {
                let named = std::slice::from_ref(&chat);
                let known = self.store().chats_named(&connection.customer_id, connection.id, named).await?;
                parts.truncate(if known.is_empty() { 0 } else { 1 });
            }
            _ => parts.retain(hears),
        }
        Ok(parts)
    }

    fn afresh(&self, part: QueuedPart) -> QueuedPart {
        QueuedPart { state: PartState::Waiting, attempts: 0, due_at: self.now(), ..part }
    }
}
