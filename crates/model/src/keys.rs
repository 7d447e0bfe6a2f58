//! The server's own keys and tickets, as they are kept.

use crate::{store::StoreError, time::Timestamp};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// An API key: a hash of it, never the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// What names it in lists.
    pub id: String,
    /// What a person called it.
    pub name: String,
    /// The SHA-256 of the key, in hex.
    pub hash: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Something that is good once, or until a time: a sign-in address, a connect page, a session, a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// What it is for.
    pub kind: String,
    /// The SHA-256 of what the holder shows, in hex. Unique with the kind.
    pub hash: String,
    /// What it stands for.
    pub document: serde_json::Value,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Keeps the server's own keys and tickets.
#[async_trait]
pub trait Keys: Send + Sync {
    /// Keeps an API key.
    async fn put_api_key(&self, key: ApiKey) -> Result<(), StoreError>;
    /// All API keys, oldest first.
    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError>;
    /// Drops an API key. False if there was none.
    async fn remove_api_key(&self, id: &str) -> Result<bool, StoreError>;
    /// Keeps a ticket.
    async fn put_ticket(&self, ticket: Ticket) -> Result<(), StoreError>;
    /// A ticket that has not ended.
    async fn ticket(&self, kind: &str, hash: &str, now: Timestamp) -> Result<Option<Ticket>, StoreError>;
    /// Takes a ticket away, so that it is good only once. Two takers never both get it.
    async fn take_ticket(&self, kind: &str, hash: &str, now: Timestamp) -> Result<Option<Ticket>, StoreError>;
}
