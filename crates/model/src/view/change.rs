//! What of a message is about to change.

use super::Words;
use crate::message::{Problem, Status};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A change of ours under way, or one that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PendingChange {
    /// `edit` or `delete`.
    pub kind: ChangeKind,
    /// What it will say.
    pub body: Option<Words>,
    /// How far the change has come.
    pub status: Status,
    /// Why it is not done.
    pub error: Option<Problem>,
}

/// The sort of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The text is to change.
    Edit,
    /// The message is to go.
    Delete,
}
