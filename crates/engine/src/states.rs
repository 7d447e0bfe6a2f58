//! What a connection is doing, and what a person can do about it.

use crate::{Engine, EngineError, MOST_DECISIONS};
use model::{
    changes::{Changes, Write},
    connection::{Connection, ConnectionState},
    event::{EventKind, NewEvent, Origin, Subject},
    store::StoreError,
};

const LOST: &str = "The platform no longer accepts the login. Connect again; your chats are kept.";
const NO_LOGIN: &str = "What was granted is not enough to speak for you. Connect again; your chats are kept.";

impl Engine {
    /// One of its logins was lost: only a person can bring it back. Nothing if that was done meanwhile.
    pub(crate) async fn need_login(&self, connection: &Connection) -> Result<(), EngineError> {
        let mut held = connection.clone();
        for _ in 0..MOST_DECISIONS {
            let logins = self.store().logins(&held.logins).await?;
            let whole = logins.len() == held.logins.len() && logins.iter().all(|login| !login.lost);
            if whole || !held.is_open() {
                return Ok(());
            }
            match self.put_connection(&self.in_state(&held, ConnectionState::NeedsLogin, Some(LOST))).await {
                Err(EngineError::Store(StoreError::Stale)) => {}
                put => return put,
            }
            held = self.own_connection(&connection.customer_id, connection.id).await?;
        }
        Err(StoreError::Stale.into())
    }

    /// None of its logins may do what is needed.
    pub(crate) async fn need_other_login(&self, connection: &Connection) -> Result<(), EngineError> {
        if !connection.is_open() || connection.logins.is_empty() {
            return Ok(());
        }
        self.set_state(connection, ConnectionState::NeedsLogin, Some(NO_LOGIN)).await
    }

    pub(crate) async fn set_state(
        &self,
        connection: &Connection,
        state: ConnectionState,
        reason: Option<&str>,
    ) -> Result<(), EngineError> {
        let mut held = connection.clone();
        for _ in 0..MOST_DECISIONS {
            match self.put_connection(&self.in_state(&held, state, reason)).await {
                Err(EngineError::Store(StoreError::Stale)) => {}
                put => return put,
            }
            held = self.own_connection(&connection.customer_id, connection.id).await?;
        }
        Err(StoreError::Stale.into())
    }

    pub(crate) async fn put_connection(&self, connection: &Connection) -> Result<(), EngineError> {
        let mut changes = Changes::of(&connection.customer_id);
        changes.events.push(self.connection_event(connection));
        changes.writes.push(Write::Connection(connection.clone()));
        Ok(self.commit(changes).await.map(drop)?)
    }

    pub(crate) fn in_state(&self, held: &Connection, state: ConnectionState, reason: Option<&str>) -> Connection {
        Connection {
            state,
            reason: reason.map(str::to_owned),
            revision: held.revision + 1,
            updated_at: self.now(),
            ..held.clone()
        }
    }

    pub(crate) fn connection_event(&self, connection: &Connection) -> NewEvent {
        NewEvent {
            kind: EventKind::ConnectionUpdated,
            subject: Subject::Connection(connection.id),
            revision: connection.revision,
            connection_id: Some(connection.id),
            chat_id: None,
            origin: Origin::Live,
            merged_from: None,
            at: self.now(),
        }
    }
}
