//! The search index, as the engine fills and asks it.
//!
//! It is no truth of its own: it follows the feed, may be behind, and may be dropped and made anew out of
//! what is stored. It answers with candidates, and whoever asks looks at the rows themselves. Every index
//! keeps the same laws.

use crate::{
    changes::Thing,
    customer::CustomerId,
    id::{ChatId, MessageId},
    store::{NamedKind, StoreError},
    time::Timestamp,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// How far the index has followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The last event of the app's log that is contained.
    pub position: u64,
    /// What that event was, to know another log by.
    pub print: String,
    /// The last change of people that is contained.
    pub people: u64,
    /// Where the reading of all that is stored stands; none once everything was read.
    pub sweep: Option<Sweep>,
    /// Chats whose entries are made anew before the log is followed any further.
    pub chats: Vec<Reread>,
    /// Whether it was ever begun.
    pub begun: bool,
}

/// A place in the reading of all that is stored: chats first, then messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// Whether the chats are read.
    pub chats_read: bool,
    /// The last row that was read.
    pub after: Option<(CustomerId, String)>,
}

/// A chat whose entries go, and come back as they are by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reread {
    /// Whose.
    pub customer: CustomerId,
    /// Which.
    pub chat: ChatId,
    /// Whether its old entries are gone.
    pub emptied: bool,
    /// Where the list of its messages goes on.
    pub after: Option<String>,
}

/// What one thing is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose it is.
    pub customer: CustomerId,
    /// What it stands for.
    pub thing: Thing,
    /// When it happened, by which entries are ordered.
    pub at: Timestamp,
    /// The chat that it stands in, for a message.
    pub chat: Option<ChatId>,
    /// Its words in order.
    pub words: Vec<String>,
    /// Its marks, in any order.
    pub marks: Vec<String>,
    /// For a person: the marks that their messages bear.
    pub bears: Vec<String>,
}

/// One change to the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Indexing {
    /// The entry, new or in the place of the one before.
    Put(Entry),
    /// The entry goes, with all its words.
    Remove(CustomerId, Thing),
    /// All entries of all customers go.
    Clear,
}

/// Where something is sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Among the words, in a row.
    Words,
    /// Among the marks.
    Marks,
}

/// One thing to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    /// Where.
    pub field: Field,
    /// In a row.
    pub tokens: Vec<String>,
    /// Whether the last may go on.
    pub begins: bool,
}

/// What is asked of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Whose entries.
    pub customer: CustomerId,
    /// Of which kind of thing.
    pub kind: NamedKind,
    /// Of each clause one needle must be found. No clauses find nothing.
    pub clauses: Vec<Vec<Needle>>,
    /// Nothing older.
    pub since: Option<Timestamp>,
    /// Nothing from then on.
    pub until: Option<Timestamp>,
    /// Only what stands behind this place.
    pub before: Option<i64>,
    /// How many at most.
    pub limit: usize,
}

/// An entry that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its place: the later, the greater. No two entries share one.
    pub place: i64,
    /// What it stands for.
    pub thing: Thing,
    /// For a person: the marks that their messages bear.
    pub bears: Vec<String>,
}

/// Finds what holds words.
#[async_trait]
pub trait Index: Send + Sync {
    /// How far it has followed.
    async fn progress(&self) -> Result<Progress, StoreError>;
    /// Changes entries and moves on, both or neither. Stale if it does not stand at `before` any more.
    async fn apply(&self, before: &Progress, after: Progress, changes: Vec<Indexing>) -> Result<(), StoreError>;
    /// Entries that hold what is sought, the latest first.
    async fn find(&self, lookup: Lookup) -> Result<Vec<Found>, StoreError>;
    /// Some of the messages of a chat that have entries.
    async fn of_chat(&self, customer: &CustomerId, chat: ChatId, limit: usize) -> Result<Vec<MessageId>, StoreError>;
}
