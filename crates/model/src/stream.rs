//! What is stored, in the order of time: for the timeline, and for whoever follows or reads everything.

use crate::{
    chat::Chat,
    customer::CustomerId,
    id::{ChatId, ConnectionId, MessageId},
    message::Message,
    participant::Participant,
    store::{Paging, Slice, StoreError},
};
use async_trait::async_trait;

/// The part of a store that lists over chats and over customers.
#[async_trait]
pub trait Stream: Send + Sync {
    /// The messages of these connections that can be seen, the latest first, deleted ones included.
    async fn timeline(
        &self,
        customer: &CustomerId,
        connections: &[ConnectionId],
        paging: &Paging,
    ) -> Result<Slice<Message>, StoreError>;
    /// Chats of all customers in any state, in the order of their ids, after this one.
    async fn chats_after(&self, after: Option<(CustomerId, ChatId)>, limit: usize) -> Result<Vec<Chat>, StoreError>;
    /// Messages of all customers, shown or not, in the order of their ids, after this one.
    async fn messages_after(
        &self,
        after: Option<(CustomerId, MessageId)>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError>;
    /// People of all customers in the order in which they last changed, each with the number of its
    /// change, after this number.
    async fn people_after(&self, after: u64, limit: usize) -> Result<Vec<(u64, Participant)>, StoreError>;
}
