//! What comparisons with platforms need of the store.

use crate::{
    compare::Stretch,
    completeness::{Completeness, Heartbeat, Measured},
    customer::CustomerId,
    id::{ChatId, ConnectionId, ExternalId},
    message::Message,
    store::StoreError,
    time::Timestamp,
};
use async_trait::async_trait;
use std::time::Duration;

/// The part of a store that comparisons use.
#[async_trait]
pub trait Checks: Send + Sync {
    /// The messages of these stretches of a chat that can be seen and are not deleted; at most `limit`.
    async fn messages_in(
        &self,
        customer: &CustomerId,
        chat: ChatId,
        stretches: &[Stretch],
        limit: usize,
    ) -> Result<Vec<Message>, StoreError>;
    /// Threads of a chat, by their first message, that have a reply from this position on which can be seen
    /// and is not deleted; at most `limit`.
    async fn threads_in(
        &self,
        customer: &CustomerId,
        chat: ChatId,
        from: &str,
        limit: usize,
    ) -> Result<Vec<ExternalId>, StoreError>;
    /// How whole these chats are known, those that are kept.
    async fn completeness(&self, customer: &CustomerId, chats: &[ChatId]) -> Result<Vec<Completeness>, StoreError>;
    /// Chats whose comparison is due, those that wait longest first.
    async fn due_checks(&self, now: Timestamp, limit: usize) -> Result<Vec<Completeness>, StoreError>;
    /// Chats that are not known whole until this time, the most recently active first.
    async fn behind(&self, until: Timestamp, now: Timestamp, limit: usize) -> Result<Vec<Completeness>, StoreError>;
    /// What all comparisons of a connection's chats came to.
    async fn measured(&self, customer: &CustomerId, connection: ConnectionId) -> Result<Measured, StoreError>;
    /// When any server was last up.
    async fn heartbeat(&self) -> Result<Heartbeat, StoreError>;
    /// A server is up. It was an outage if none was for so long.
    async fn beat(&self, now: Timestamp, outage: Duration) -> Result<Heartbeat, StoreError>;
}
