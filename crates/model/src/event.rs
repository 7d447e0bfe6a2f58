//! What we tell the app and the page, numbered by `seq` in the customer's feed.

use crate::{
    customer::CustomerId,
    id::{ChatId, ConnectionId, MessageId, SyncStatusId, UserPlatformId},
    time::{Timestamp, exact},
};
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub enum EventKind {
    /// A message is there.
    #[serde(rename = "message.created")]
    MessageCreated,
    /// A message changed: its text, status or place.
    #[serde(rename = "message.updated")]
    MessageUpdated,
    /// A message is gone.
    #[serde(rename = "message.deleted")]
    MessageDeleted,
    /// Two messages turned out to be one.
    #[serde(rename = "message.merged")]
    MessageMerged,
    /// A chat is there.
    #[serde(rename = "chat.created")]
    ChatCreated,
    /// A chat changed.
    #[serde(rename = "chat.updated")]
    ChatUpdated,
    /// The customer has read further in a chat, here or there.
    #[serde(rename = "chat.read")]
    ChatRead,
    /// A chat was deleted here.
    #[serde(rename = "chat.deleted")]
    ChatDeleted,
    /// Two chats turned out to be one.
    #[serde(rename = "chat.merged")]
    ChatMerged,
    /// Somebody reacted.
    #[serde(rename = "reaction.added")]
    ReactionAdded,
    /// Somebody took a reaction back.
    #[serde(rename = "reaction.removed")]
    ReactionRemoved,
    /// A connection changed.
    #[serde(rename = "connection.updated")]
    ConnectionUpdated,
    /// An import has come further.
    #[serde(rename = "sync_status.updated")]
    SyncStatusUpdated,
    /// A part of a chat's history is not known whole.
    #[serde(rename = "gap.found")]
    GapFound,
    /// It is by now.
    #[serde(rename = "gap.filled")]
    GapFilled,
    /// Who the customer is on a platform changed.
    #[serde(rename = "user_platform.updated")]
    UserPlatformUpdated,
}

impl EventKind {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::MessageCreated => "message.created",
            Self::MessageUpdated => "message.updated",
            Self::MessageDeleted => "message.deleted",
            Self::MessageMerged => "message.merged",
            Self::ChatCreated => "chat.created",
            Self::ChatUpdated => "chat.updated",
            Self::ChatRead => "chat.read",
            Self::ChatDeleted => "chat.deleted",
            Self::ChatMerged => "chat.merged",
            Self::ReactionAdded => "reaction.added",
            Self::ReactionRemoved => "reaction.removed",
            Self::ConnectionUpdated => "connection.updated",
            Self::SyncStatusUpdated => "sync_status.updated",
            Self::GapFound => "gap.found",
            Self::GapFilled => "gap.filled",
            Self::UserPlatformUpdated => "user_platform.updated",
        }
    }
}

/// What brought it about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The platform told of it as it happened.
    Live,
    /// History was read.
    Import,
    /// What is stored was compared with the platform.
    Reconciliation,
    /// The app asked for it.
    App,
    /// A person on the page asked for it.
    Page,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Subject {
    /// A message.
    Message(MessageId),
    /// A chat.
    Chat(ChatId),
    /// A connection.
    Connection(ConnectionId),
    /// A run of import.
    SyncStatus(SyncStatusId),
    /// Who the customer is.
    UserPlatform(UserPlatformId),
}

/// An event that a commit is about to append.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEvent {
    /// What happened.
    pub kind: EventKind,
    /// To what.
    pub subject: Subject,
    /// The subject's revision after it.
    pub revision: u64,
    /// The connection that it came through.
    pub connection_id: Option<ConnectionId>,
    /// The chat that it happened in.
    pub chat_id: Option<ChatId>,
    /// What brought it about.
    pub origin: Origin,
    /// For a merge: what is no longer there, as text.
    pub merged_from: Option<String>,
    /// When it was committed.
    #[serde(with = "exact")]
    pub at: Timestamp,
}

/// An event in the feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its number in the customer's feed, gapless and in commit order.
    pub seq: u64,
    /// Its place in the app's log, over all customers.
    pub position: u64,
    /// Whose feed.
    pub customer_id: CustomerId,
    /// What happened.
    #[serde(flatten)]
    pub event: NewEvent,
}
