//! What a customer chooses of a connection: what is imported through it.

use crate::{Engine, EngineError, MOST_DECISIONS};
use model::{connection::Connection, customer::CustomerId, id::ConnectionId, store::StoreError};

/// What is chosen; none leaves it as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// New chats are imported by themselves.
    pub import_new_chats: Option<bool>,
    /// What lies in the trash, or was taken for spam, is imported as well.
    pub include_trash_and_spam: Option<bool>,
}

impl Engine {
    /// Changes what is imported through a connection.
    pub async fn choose(
        &self,
        customer: &CustomerId,
        id: ConnectionId,
        choices: Choices,
    ) -> Result<Connection, EngineError> {
        for _ in 0..MOST_DECISIONS {
            let held = self.own_connection(customer, id).await?;
            let changed = Connection {
                import_new_chats: choices.import_new_chats.unwrap_or(held.import_new_chats),
                include_trash_and_spam: choices.include_trash_and_spam.unwrap_or(held.include_trash_and_spam),
                revision: held.revision + 1,
                updated_at: self.now(),
                ..held.clone()
            };
            if changed.include_trash_and_spam && !self.offered(&held.integration)?.connector.describe().abilities.mail {
                let detail = "This platform has no trash and no spam to be imported.";
                return Err(EngineError::refused("not_possible", detail));
            }
            match self.put_connection(&held, changed).await {
                Ok(changed) => return Ok(changed),
                Err(EngineError::Store(StoreError::Stale)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Stale.into())
    }
}
