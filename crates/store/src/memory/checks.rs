//! What comparisons use of the memory store.

use super::{
    Memory,
    state::{State, guard},
};
use async_trait::async_trait;
use model::{
    checks::Checks,
    compare::Stretch,
    completeness::{Completeness, Heartbeat, Measured},
    customer::CustomerId,
    id::{ChatId, ConnectionId, ExternalId},
    message::Message,
    store::StoreError,
    time::Timestamp,
};
use std::{cmp::Reverse, collections::BTreeSet, time::Duration};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Checks for Memory {
    async fn messages_in(
        &self,
        customer: &CustomerId,
        chat: ChatId,
        stretches: &[Stretch],
        limit: usize,
    ) -> Answer<Vec<Message>> {
        Ok(self.read(|state| {
            let rows = state.living_messages(customer, chat);
            let rows = rows.filter(|row| stretches.iter().any(|stretch| stretch.holds(row)));
            rows.take(limit).cloned().collect()
        }))
    }

    async fn threads_in(
        &self,
        customer: &CustomerId,
        chat: ChatId,
        from: &str,
        limit: usize,
    ) -> Answer<Vec<ExternalId>> {
        Ok(self.read(|state| {
            let replies = state.living_messages(customer, chat).filter(|row| *row.position >= *from);
            let threads: BTreeSet<_> = replies.filter_map(|row| row.facets.thread().cloned()).collect();
            threads.into_iter().take(limit).collect()
        }))
    }

    async fn completeness(&self, customer: &CustomerId, chats: &[ChatId]) -> Answer<Vec<Completeness>> {
        Ok(self.read(|state| {
            let rows = chats.iter().filter_map(|chat| state.completeness.get(&(customer.clone(), *chat)));
            rows.cloned().collect()
        }))
    }

    async fn due_checks(&self, now: Timestamp, limit: usize) -> Answer<Vec<Completeness>> {
        Ok(self.read(|state| {
            let mut due: Vec<_> = state.completeness.rows().filter(|row| row.due_at <= now).cloned().collect();
            due.sort_by_key(|row| (row.due_at, row.customer_id.clone(), row.chat_id));
            due.truncate(limit);
            due
        }))
    }

    async fn behind(&self, until: Timestamp, now: Timestamp, limit: usize) -> Answer<Vec<Completeness>> {
        Ok(self.read(|state| {
            let is_behind = |row: &&Completeness| row.until.is_some_and(|held| held < until) && row.not_before <= now;
            let mut rows: Vec<_> = state.completeness.rows().filter(is_behind).cloned().collect();
            rows.sort_by_key(|row| Reverse((row.active_at, row.customer_id.clone(), row.chat_id)));
            rows.truncate(limit);
            rows
        }))
    }

    async fn measured(&self, customer: &CustomerId, connection: ConnectionId) -> Answer<Measured> {
        Ok(self.read(|state| {
            let of_it = |row: &&Completeness| row.customer_id == *customer && row.connection_id == connection;
            state.completeness.rows().filter(of_it).fold(Measured::default(), |sum, row| Measured {
                checked: sum.checked + row.checked,
                missed: sum.missed + row.missed,
            })
        }))
    }

    async fn heartbeat(&self) -> Answer<Heartbeat> {
        Ok(self.read(|state| state.heartbeat.get(&()).copied().unwrap_or_default()))
    }

    async fn beat(&self, now: Timestamp, outage: Duration) -> Answer<Heartbeat> {
        self.write(move |state| {
            let beat = state.heartbeat.get(&()).copied().unwrap_or_default().beat(now, outage);
            state.heartbeat.put((), beat);
            Ok(beat)
        })
        .await
    }
}

impl State {
    /// The first revision replaces what an earlier import left.
    pub(super) fn put_completeness(&mut self, row: &Completeness) -> Result<(), StoreError> {
        let key = (row.customer_id.clone(), row.chat_id);
        if row.revision > 1 {
            guard(self.completeness.get(&key).map(|held| held.revision), row.revision)?;
        }
        self.completeness.put(key, row.clone());
        Ok(())
    }

    pub(super) fn check_all(&mut self, customer: &CustomerId, connection: ConnectionId, at: Timestamp, lost: bool) {
        let of_it = |row: &&Completeness| row.customer_id == *customer && row.connection_id == connection;
        let rows: Vec<_> = self.completeness.rows().filter(of_it).cloned().collect();
        for row in rows {
            let all = Completeness {
                due_at: row.due_at.min(at),
                not_before: Timestamp::default(),
                whole_at: Timestamp::default(),
                check: None,
                asleep: row.asleep || lost,
                revision: row.revision + 1,
                ..row
            };
            self.completeness.put((all.customer_id.clone(), all.chat_id), all);
        }
    }

    pub(super) fn check_soon(&mut self, customer: &CustomerId, connection: ConnectionId, at: Timestamp) {
        let later =
            |row: &&Completeness| row.customer_id == *customer && row.connection_id == connection && row.due_at > at;
        let rows: Vec<_> = self.completeness.rows().filter(later).cloned().collect();
        for row in rows {
            let soon = Completeness { due_at: at, not_before: Timestamp::default(), revision: row.revision + 1, ..row };
            self.completeness.put((soon.customer_id.clone(), soon.chat_id), soon);
        }
    }
}
