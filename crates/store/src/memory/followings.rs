//! Lines of news: how far each connection has read its own.

use super::{
    Memory,
    state::{State, guard},
};
use async_trait::async_trait;
use model::{
    customer::CustomerId,
    following::{Following, Followings},
    id::ConnectionId,
    store::StoreError,
    time::Timestamp,
};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Followings for Memory {
    async fn following(&self, customer: &CustomerId, connection: ConnectionId) -> Answer<Option<Following>> {
        Ok(self.read(|state| state.followings.get(&(customer.clone(), connection)).cloned()))
    }

    async fn due_followings(&self, now: Timestamp, limit: usize) -> Answer<Vec<Following>> {
        Ok(self.read(|state| {
            let mut due: Vec<_> = state.followings.rows().filter(|row| row.due_at <= now).cloned().collect();
            due.sort_by_key(|row| (row.due_at, row.customer_id.clone(), row.connection_id));
            due.truncate(limit);
            due
        }))
    }
}

impl State {
    pub(super) fn put_following(&mut self, row: &Following) -> Result<(), StoreError> {
        let key = (row.customer_id.clone(), row.connection_id);
        guard(self.followings.get(&key).map(|held| held.revision), row.revision)?;
        self.followings.put(key, row.clone());
        Ok(())
    }

    pub(super) fn follow_soon(&mut self, customer: &CustomerId, connection: ConnectionId, at: Timestamp) {
        let key = (customer.clone(), connection);
        let Some(row) = self.followings.get(&key).cloned() else { return };
        let soon = Following { due_at: row.due_at.min(at), told: true, revision: row.revision + 1, ..row };
        self.followings.put(key, soon);
    }
}
