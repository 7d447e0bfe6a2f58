//! The server's own keys and tickets.

use super::Memory;
use async_trait::async_trait;
use model::{
    store::{ApiKey, Keys, StoreError, Ticket},
    time::Timestamp,
};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Keys for Memory {
    async fn put_api_key(&self, key: ApiKey) -> Answer<()> {
        self.write(move |state| {
            state.api_keys.put(key.id.clone(), key.clone());
            Ok(())
        })
        .await
    }

    async fn api_keys(&self) -> Answer<Vec<ApiKey>> {
        let mut keys: Vec<_> = self.read(|state| state.api_keys.rows().cloned().collect());
        keys.sort_by_key(|key| key.created_at);
        Ok(keys)
    }

    async fn remove_api_key(&self, id: &str) -> Answer<bool> {
        let id = id.to_owned();
        self.write(move |state| {
            let held = state.api_keys.has(&id);
            state.api_keys.remove(&id);
            Ok(held)
        })
        .await
    }

    async fn put_ticket(&self, ticket: Ticket) -> Answer<()> {
        self.write(move |state| {
            state.tickets.put((ticket.kind.clone(), ticket.hash.clone()), ticket.clone());
            Ok(())
        })
        .await
    }

    async fn ticket(&self, kind: &str, hash: &str, now: Timestamp) -> Answer<Option<Ticket>> {
        let key = (kind.to_owned(), hash.to_owned());
        Ok(self.read(|state| state.tickets.get(&key).filter(|ticket| ticket.expires_at > now).cloned()))
    }

    async fn take_ticket(&self, kind: &str, hash: &str, now: Timestamp) -> Answer<Option<Ticket>> {
        let (kind, hash) = (kind.to_owned(), hash.to_owned());
        self.write(move |state| Ok(state.take_ticket(&kind, &hash, now))).await
    }
}
