//! A channel, direct chat, group or mail thread.

use crate::{
    customer::CustomerId,
    facets::{Facet, Version},
    id::{ChatId, ConnectionId, ExternalId},
    time::{Timestamp, exact, exact_if_any},
};
use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, collections::BTreeMap};

/// What sort of chat it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatKind {
    /// Two people.
    Direct,
    /// Some people, without a name of its own.
    Group,
    /// A named place.
    Channel,
    /// A mail thread.
    EmailThread,
}

/// How far we hold a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatState {
    /// Known by name and time only; its messages are let pass.
    Available,
    /// Imported: its messages are kept.
    Imported,
    /// Deleted here. It stays so until somebody imports it again.
    Deleted,
}

/// What a platform says of a chat itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatFacts {
    /// What sort it is.
    pub kind: ChatKind,
    /// Its own name, if it has one. Direct chats and groups are named after the other people.
    pub name: Option<String>,
    /// The people in a direct chat or a group. Those of a channel are many, and come and go: none.
    pub people: Vec<ExternalId>,
    /// Nothing can be written any more.
    pub archived: bool,
    /// When it was made there, where the platform tells. It stays, whatever else of it changes.
    #[serde(default, with = "exact_if_any")]
    pub made_at: Option<Timestamp>,
    /// What only this platform has.
    pub platform_data: serde_json::Value,
}

/// A chat of one connection, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// Our id.
    pub id: ChatId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Through which connection it is seen.
    pub connection_id: ConnectionId,
    /// Raised by one with every write; a write decided on an older one is refused.
    pub revision: u64,
    /// The platform's id.
    pub external_id: ExternalId,
    /// How far we hold it.
    pub state: ChatState,
    /// Raised by import and by deletion. Work that was begun in an older one is discarded.
    pub generation: u64,
    /// What the platform says of it.
    pub facts: Option<Facet<ChatFacts>>,
    /// Whether the person of the connection is in it, each as of a version. Asked for while unknown.
    pub member: Option<Membership>,
    /// As of when the reading of its history began. Of an unknown message, older news may have been
    /// overtaken by a deletion that was told before anybody listened: they are looked up.
    pub imported_as_of: Option<Version>,
    /// The platform's id that its messages are named under, where that is no longer its own: the first it
    /// had. So a chat that gets another id keeps the names of all its messages.
    #[serde(default)]
    pub named_under: Option<ExternalId>,
    /// How far the customer has read, here or there. None while nobody said. It only grows, but where its
    /// platform lets messages be unread again.
    #[serde(default)]
    pub read: Option<ReadMark>,
    /// How far the platform is known to call it read.
    #[serde(default)]
    pub read_there: Option<ReadMark>,
    /// As of when it last said so, where its word is versioned.
    #[serde(default)]
    pub read_as_of: Option<Version>,
    /// When the platform is told how far it is read; none while it need not be.
    #[serde(default, with = "exact_if_any")]
    pub mark_due_at: Option<Timestamp>,
    /// Other names that the platform has for it.
    pub aliases: BTreeMap<ExternalId, Version>,
    /// It was begun here, and the platform has nothing of it yet. Its id is ours until then, and nobody there can be
    /// asked about it.
    #[serde(default)]
    pub begun_here: bool,
    /// As of when the platform deleted it, which nothing lifts. What was read of it stays here.
    #[serde(default)]
    pub gone: Option<Version>,
    /// When it became known here.
    #[serde(with = "exact")]
    pub created_at: Timestamp,
    /// When it last changed here.
    #[serde(with = "exact")]
    pub updated_at: Timestamp,
}

/// How far a chat is read: up to a message, and by its place. The later place is the greater mark, whatever
/// name the message bears: it may have another one since its chat moved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReadMark {
    /// The message's place among those of its chat.
    pub position: String,
    /// The message.
    pub message: ExternalId,
}

impl ReadMark {
    /// Before all messages: none is read.
    pub fn nothing() -> Self {
        Self { position: "-".to_owned(), message: ExternalId(String::new()) }
    }
}

impl Ord for ReadMark {
    fn cmp(&self, other: &Self) -> Ordering {
        self.position.cmp(&other.position)
    }
}

impl PartialOrd for ReadMark {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ReadMark {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ReadMark {}

/// Whether the person of a connection is in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Membership {
    /// When it was so, by the platform's clock.
    pub version: Version,
    /// Whether they are.
    pub member: bool,
    /// When we last asked, by our clock; never, where only news told it.
    #[serde(with = "exact")]
    pub asked_at: Timestamp,
}

impl Chat {
    /// Whether its messages are kept.
    pub fn is_imported(&self) -> bool {
        self.state == ChatState::Imported
    }

    /// Whether it is kept in step with its platform: its messages are kept, and the platform has it.
    pub fn is_followed(&self) -> bool {
        self.is_imported() && !self.begun_here
    }

    /// The platform's id that its messages are named under, whatever its own is by now.
    pub fn named_under(&self) -> &ExternalId {
        self.named_under.as_ref().unwrap_or(&self.external_id)
    }

    /// Whether this is one of its names, former ones included.
    pub fn is_called(&self, name: &ExternalId) -> bool {
        self.external_id == *name || self.aliases.contains_key(name)
    }

    /// Whether nothing can be written in it any more: it was archived, or the platform deleted it.
    pub fn is_archived(&self) -> bool {
        self.gone.is_some() || self.facts.as_ref().is_some_and(|facts| facts.value.archived)
    }
}
