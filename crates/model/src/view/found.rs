//! What the timeline and the search show.

use super::{Chat, Message};
use crate::{id::ConnectionId, search::Piece};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A message among those of all chats. One that several connections see is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sighting {
    /// The message.
    pub message: Message,
    /// The name of its chat.
    pub chat_name: String,
    /// The connections that it is seen through.
    pub connection_ids: Vec<ConnectionId>,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hit {
    /// The message, and where it stands.
    #[serde(flatten)]
    pub sighting: Sighting,
    /// The part of its text that shows why; its beginning, where it was found by its sender or its files.
    pub snippet: Vec<Piece>,
}

/// A chat that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChatHit {
    /// The chat.
    pub chat: Chat,
    /// Its name, with what was sought. Nothing of it, where a person in it was found.
    pub name: Vec<Piece>,
}
