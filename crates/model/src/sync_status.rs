//! How far an import, export or reconciliation has come, and what went wrong.

use crate::{
    compare::Check,
    customer::CustomerId,
    id::{ChatId, ConnectionId, Cursor, SyncStatusId},
    message::Problem,
    time::{Timestamp, exact, exact_if_any},
};
use serde::{Deserialize, Serialize};

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncKind {
    /// A chat's history; with no chat, every chat of the connection.
    Import,
    /// What is stored is compared with the platform.
    Reconcile,
    /// The people of a connection are learnt.
    People,
    /// The chats of a connection are learnt by name.
    Chats,
    /// The emoji that only this account has are learnt.
    Emoji,
    /// Raw requests that are still kept are read again.
    Reread,
    /// Whose the stored messages are is looked at anew, since it was stated who the customer is.
    Directions,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// Waits for its turn.
    Queued,
    /// Pages are being read.
    Running,
    /// Waits for the time in `waiting_until`.
    Waiting,
    /// All was read.
    Completed,
    /// It gave up; it can be retried.
    Failed,
    /// Somebody stopped it; what was read stays.
    Cancelled,
}

/// A run, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncStatus {
    /// Our id.
    pub id: SyncStatusId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// Which chat; none for all of the connection.
    pub chat_id: Option<ChatId>,
    /// The chat's generation that it works for.
    pub generation: u64,
    /// Raised by one with every write.
    pub revision: u64,
    /// What is run.
    pub kind: SyncKind,
    /// How far it has come.
    pub state: SyncState,
    /// Messages (or chats) read so far.
    pub done: u64,
    /// How many there are, where that is known.
    pub total: Option<u64>,
    /// Nothing older is read.
    #[serde(with = "exact_if_any")]
    pub since: Option<Timestamp>,
    /// Which chats are read, for a run that reads many.
    #[serde(default)]
    pub selection: Selection,
    /// The page that comes next.
    pub cursor: Option<Cursor>,
    /// The comparison under way, for a run that compares a chat.
    #[serde(default)]
    pub check: Option<Check>,
    /// How many pages were read so far.
    #[serde(default)]
    pub pages: u64,
    /// When the newest message was written that it read.
    #[serde(default, with = "exact_if_any")]
    pub newest: Option<Timestamp>,
    /// Nothing newer is left to read, so far.
    #[serde(default, with = "exact_if_any")]
    pub reached: Option<Timestamp>,
    /// When it should end, as far as that can be told.
    #[serde(default, with = "exact_if_any")]
    pub expected_end: Option<Timestamp>,
    /// How often in a row it broke off.
    pub failures: u32,
    /// When to look at it next.
    #[serde(with = "exact")]
    pub due_at: Timestamp,
    /// What went wrong last.
    pub error: Option<Problem>,
    /// When it was asked for.
    #[serde(with = "exact")]
    pub created_at: Timestamp,
    /// When the first page was asked for.
    #[serde(with = "exact_if_any")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(with = "exact_if_any")]
    pub finished_at: Option<Timestamp>,
}

/// Which of a platform's chats are wanted: those to which all of this applies. Platforms that cannot search list
/// all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// In the platform's own words for its search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// The platform's id of a label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Something happened in it since then.
    #[serde(skip_serializing_if = "Option::is_none", with = "exact_if_any")]
    pub since: Option<Timestamp>,
}

impl Selection {
    /// Whether it can be had of a platform only that searches.
    pub fn needs_search(&self) -> bool {
        self.search.is_some() || self.label.is_some()
    }
}

impl SyncStatus {
    /// Whether there is something left to read.
    pub fn is_open(&self) -> bool {
        match self.state {
            SyncState::Queued | SyncState::Running | SyncState::Waiting => true,
            SyncState::Completed | SyncState::Failed | SyncState::Cancelled => false,
        }
    }
}
