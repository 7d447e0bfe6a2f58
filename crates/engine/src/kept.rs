//! What waits while nobody can do it: news for whoever comes to listen, and work for a connection that comes
//! back.

use crate::{Engine, EngineError};
use model::{
    changes::{Changes, Write},
    chat::Chat,
    command::{Command, Progress},
    connection::Connection,
    id::{ExternalAccount, ExternalId},
    intake::{Part, PartState, QueuedPart, UnclaimedPart},
    standing::KEPT_FOR,
    store::{ChatFilter, Lane, Paging, StoreError},
    sync_status::SyncStatus,
    time::Timestamp,
};
use std::{collections::BTreeMap, time::Duration};

/// How many parts a connection takes up at once.
const CLAIMED_AT_ONCE: usize = 500;
/// How many chats, runs or parts are looked at in one page.
const HASTENED_AT_ONCE: usize = 200;
/// Servers' clocks may differ by so much.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);
/// After everything that waits.
const ANY_TIME: Timestamp = Timestamp::from_micros(i64::MAX);

impl Engine {
    /// Queues what came while nobody listened for this connection; for a new one, all that is still kept.
    pub(crate) async fn claim_parts(&self, connection: &Connection) -> Result<(), EngineError> {
        let silent_from = connection.standing().last_silence().map(|silence| silence.from);
        for account in &connection.listens_to {
            self.claim_parts_of(connection, account, silent_from).await?;
        }
        Ok(())
    }

    async fn claim_parts_of(
        &self,
        connection: &Connection,
        account: &ExternalAccount,
        silent_from: Option<Timestamp>,
    ) -> Result<(), EngineError> {
        let mut after = None;
        loop {
            let parts = self.store().unclaimed(&connection.integration, account, after, CLAIMED_AT_ONCE).await?;
            let Some(last) = parts.last() else { return Ok(()) };
            after = Some((last.intake_id, last.number));
            let mut changes = Changes::of(&connection.customer_id);
            let now = self.now();
            // It had read what came before.
            let missed = |part: &UnclaimedPart| {
                part.until >= now && silent_from.is_none_or(|from| part.until + CLOCKS_DIFFER >= from + KEPT_FOR)
            };
            for part in parts.into_iter().filter(missed) {
                let intake = part.intake_id;
                let (shared, payload) = (None, Default::default());
                let raw = Part { number: part.number, account: part.account, chat: part.chat, shared, payload };
                changes.writes.push(Write::QueuePart(queued_part(connection, intake, &raw, now)));
            }
            if !changes.is_empty() {
                self.commit(changes).await?;
            }
        }
    }

    /// Keeps queued parts of a connection that does not listen by now, for when it comes back.
    pub(crate) async fn lay_by(
        &self,
        lane: &Lane,
        parts: &[QueuedPart],
        connection: Option<&Connection>,
    ) -> Result<(), EngineError> {
        let now = self.now();
        let mut changes = Changes::of(&lane.customer_id);
        if let Some(connection) = connection.filter(|connection| connection.is_awaited(now)) {
            let ids: Vec<_> = parts.iter().map(|part| part.intake_id).collect();
            let intakes: BTreeMap<_, _> =
                self.store().intakes(&ids).await?.into_iter().map(|intake| (intake.id, intake)).collect();
            for part in parts {
                let raw = intakes.get(&part.intake_id).map(|intake| self.parts_of(intake)).unwrap_or_default();
                let raw = raw.into_iter().find(|raw| raw.number == part.number);
                changes.writes.extend(raw.map(|raw| {
                    Write::Unclaimed(UnclaimedPart {
                        integration: connection.integration.clone(),
                        account: raw.account,
                        intake_id: part.intake_id,
                        number: part.number,
                        chat: raw.chat,
                        until: now + KEPT_FOR,
                    })
                }));
            }
        }
        let removed = |part: &QueuedPart| Write::RemovePart {
            connection_id: part.connection_id,
            intake_id: part.intake_id,
            number: part.number,
        };
        changes.writes.extend(parts.iter().map(removed));
        self.commit(changes).await?;
        // Whoever came back in the meantime found nothing to claim.
        match self.store().connection(&lane.customer_id, lane.connection_id).await? {
            Some(back) if back.takes_news() => self.claim_parts(&back).await,
            _ => Ok(()),
        }
    }

    /// Makes due what waits for a connection that is back. What is not hastened is due in some minutes anyway.
    pub(crate) async fn hasten(&self, connection: &Connection) -> Result<(), EngineError> {
        self.hasten_runs(connection).await?;
        self.hasten_parts(connection, None).await?;
        let filter = ChatFilter { connection: Some(connection.id), ..ChatFilter::default() };
        let mut paging = Paging { after: None, limit: HASTENED_AT_ONCE };
        loop {
            let page = self.store().chats(&connection.customer_id, &filter, &paging).await?;
            for listed in page.items {
                self.hasten_parts(connection, Some(&listed.chat.external_id)).await?;
                self.hasten_command(&listed.chat).await?;
            }
            match page.next {
                Some(next) => paging.after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn hasten_runs(&self, connection: &Connection) -> Result<(), EngineError> {
        let mut paging = Paging { after: None, limit: HASTENED_AT_ONCE };
        loop {
            let page = self.store().sync_statuses(&connection.customer_id, Some(connection.id), &paging).await?;
            for run in page.items.into_iter().filter(|run| run.is_open() && run.due_at > self.now()) {
                unless_stale(self.put_sync(SyncStatus { due_at: self.now(), ..run }).await)?;
            }
            match page.next {
                Some(next) => paging.after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn hasten_parts(&self, connection: &Connection, chat: Option<&ExternalId>) -> Result<(), EngineError> {
        let customer_id = connection.customer_id.clone();
        let lane = Lane { customer_id, connection_id: connection.id, chat: chat.cloned() };
        let now = self.now();
        let parts = self.store().parts(&lane, ANY_TIME, HASTENED_AT_ONCE).await?;
        let late = parts.into_iter().filter(|part| part.due_at > now);
        let writes: Vec<_> = late.map(|part| Write::UpdatePart(QueuedPart { due_at: now, ..part })).collect();
        if !writes.is_empty() {
            self.commit(Changes { writes, ..Changes::of(&lane.customer_id) }).await?;
        }
        Ok(())
    }

    async fn hasten_command(&self, chat: &Chat) -> Result<(), EngineError> {
        let first = self.store().open_commands(&chat.customer_id, chat.id).await?.into_iter().next();
        let waits = |command: &Command| command.progress == Progress::Waiting && command.due_at > self.now();
        match first.filter(waits) {
            Some(command) => unless_stale(self.put_off_command(&command, self.now()).await),
            None => Ok(()),
        }
    }
}

/// Who was faster saw that it is due.
fn unless_stale<T>(done: Result<T, EngineError>) -> Result<(), EngineError> {
    match done {
        Ok(_) | Err(EngineError::Store(StoreError::Stale)) => Ok(()),
        Err(error) => Err(error),
    }
}

pub(crate) fn queued_part(
    connection: &Connection,
    intake_id: model::id::IntakeId,
    part: &Part,
    now: Timestamp,
) -> QueuedPart {
    QueuedPart {
        customer_id: connection.customer_id.clone(),
        connection_id: connection.id,
        intake_id,
        number: part.number,
        chat: part.chat.clone(),
        state: PartState::Waiting,
        attempts: 0,
        due_at: now,
    }
}
