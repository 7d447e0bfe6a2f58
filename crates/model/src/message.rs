//! One message or email in a chat.

use crate::{
    body::Body,
    customer::CustomerId,
    facets::Facets,
    id::{ChatId, CommandId, ConnectionId, ExternalId, MessageId},
    time::{Timestamp, exact},
};
use serde::{Deserialize, Serialize};

/// From whom to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From others.
    Incoming,
    /// From this customer: by a command, or by an identity that is theirs alone.
    Outgoing,
    /// From the platform, about the chat.
    System,
}

/// How far a message has come. It never goes backwards, but for a retry, which is a new attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits in the outbox.
    Pending,
    /// The platform refused it, or it took too long.
    Failed,
    /// Nobody can tell whether the platform has it.
    Uncertain,
    /// The platform has it.
    Sent,
}

/// What went wrong, for programs by `code` and for people in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// Stable.
    pub code: String,
    /// What happened and what can be done.
    pub detail: String,
}

/// A change of ours that the platform has not confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingChange {
    /// The command that brings it.
    pub command: CommandId,
    /// What it will say; none for a deletion.
    pub body: Option<Body>,
    /// How far the change has come.
    pub status: Status,
    /// Why it is not done.
    pub error: Option<Problem>,
}

/// A message, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Our id.
    pub id: MessageId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Through which connection it is seen.
    pub connection_id: ConnectionId,
    /// Where it stands.
    pub chat_id: ChatId,
    /// Raised by one with every write; a write decided on an older one is refused.
    pub revision: u64,
    /// The platform's id; none until it has one.
    pub external_id: Option<ExternalId>,
    /// The connector's sortable key. One that has no place yet sorts after all that have.
    pub position: String,
    /// From whom to whom.
    pub direction: Direction,
    /// All that the platform told of it, and what we wrote while it told nothing.
    pub facets: Facets,
    /// How far it has come.
    pub status: Status,
    /// Why it is not there.
    pub error: Option<Problem>,
    /// A change of ours under way.
    pub pending_change: Option<PendingChange>,
    /// The message that this one turned out to be.
    pub merged_into: Option<MessageId>,
    /// When it became known here.
    #[serde(with = "exact")]
    pub created_at: Timestamp,
    /// When it last changed here.
    #[serde(with = "exact")]
    pub updated_at: Timestamp,
}

impl Message {
    /// Whether a reader may see it: something was said, and it is not another name of another one.
    pub fn is_shown(&self) -> bool {
        self.facets.is_known() && self.merged_into.is_none()
    }

    /// When it was written, by the platform's clock; when it became known, while nobody said it.
    pub fn sent_at(&self) -> Timestamp {
        self.facets.content.as_ref().map_or(self.created_at, |content| content.value.sent_at)
    }

    /// The position of a message that has no place at its platform yet: after all that have.
    pub fn pending_position(accepted_at: Timestamp) -> String {
        format!("~{:020}", accepted_at.micros().max(0))
    }
}
