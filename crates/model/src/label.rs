//! What an account sorts its chats by.

use serde::{Deserialize, Serialize};

/// A label, as some of all chats are chosen by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Label {
    /// The platform's id of it.
    pub id: String,
    /// Its name there.
    pub name: String,
}
