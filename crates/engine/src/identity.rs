//! Who a customer is on a platform: it is stated here, and the messages that are stored follow it.
//!
//! What a customer states changes what they see of their own writing. It opens no chat, and it changes
//! nothing for another customer: theirs is only who was proven to be them.

use crate::{Engine, EngineError, MOST_DECISIONS};
use model::{
    changes::{Changes, Write},
    connection::Connection,
    customer::CustomerId,
    decide::direction_of,
    event::{EventKind, NewEvent, Origin, Subject},
    id::{ChatId, Cursor, ExternalId, MessageId, UserPlatformId},
    message::Message,
    store::StoreError,
    sync_status::{SyncKind, SyncState, SyncStatus},
    user_platform::{Stated, UserPlatform},
};
use std::collections::BTreeSet;

/// How many messages one turn looks at.
const MESSAGES_AT_ONCE: usize = 200;

/// What is said of a customer on a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// All the ids that they write under, the proven ones among them.
    pub ids: Vec<ExternalId>,
    /// Their name; none for what the platform says.
    pub name: Option<String>,
    /// Their mail addresses; none for what the platform says.
    pub emails: Option<Vec<String>>,
}

impl Engine {
    /// States who a customer is. Saying the same again changes nothing.
    pub async fn state_identity(
        &self,
        customer: &CustomerId,
        id: UserPlatformId,
        statement: &Statement,
        origin: Origin,
    ) -> Result<UserPlatform, EngineError> {
        for _ in 0..MOST_DECISIONS {
            let held = self.store().user_platforms(customer).await?.into_iter().find(|row| row.id == id);
            let held = held.ok_or(EngineError::NotFound)?;
            let connection = self.own_connection(customer, held.connection_id).await?;
            let Statement { ids, name, emails } = statement.clone();
            let stated = Stated::check(&connection, &ids, name, emails).map_err(EngineError::Refused)?;
            if stated == held.stated && stated.ids == connection.linked {
                return Ok(held);
            }
            self.refuse_strangers(&connection, &stated.ids).await?;
            match self.keep_identity(&connection, held, stated, origin).await {
                Err(EngineError::Store(StoreError::Stale)) => {}
                kept => return kept,
            }
        }
        Err(StoreError::Stale.into())
    }

    /// Refuses ids that nobody is known by.
    async fn refuse_strangers(&self, connection: &Connection, ids: &[ExternalId]) -> Result<(), EngineError> {
        let known = self.store().participants_named(&connection.customer_id, connection.id, ids).await?;
        let is_known = |id: &&ExternalId| known.iter().any(|person| person.external_ids.contains(id));
        match ids.iter().find(|id| !is_known(id)) {
            Some(stranger) => {
                let detail =
                    format!("Nobody is known as {stranger} on this connection. Its people are listed by name.");
                Err(EngineError::refused("unknown_person", detail))
            }
            None => Ok(()),
        }
    }

    /// In one commit with the run that looks through what is stored.
    async fn keep_identity(
        &self,
        connection: &Connection,
        held: UserPlatform,
        stated: Stated,
        origin: Origin,
    ) -> Result<UserPlatform, EngineError> {
        let mut changes = Changes::of(&held.customer_id);
        if stated.ids != connection.linked {
            let run = self.new_sync(connection, None, SyncKind::Directions, None);
            changes.events.push(self.sync_event(&run));
            changes.writes.push(Write::SyncStatus(run));
            changes.writes.push(Write::Connection(Connection {
                linked: stated.ids.clone(),
                identity: connection.identity + 1,
                revision: connection.revision + 1,
                updated_at: self.now(),
                ..connection.clone()
            }));
        }
        let user = UserPlatform { revision: held.revision + 1, stated, ..held };
        changes.events.push(self.user_platform_event(&user, origin));
        changes.writes.push(Write::UserPlatform(user.clone()));
        self.commit(changes).await?;
        Ok(user)
    }

    pub(crate) fn user_platform_event(&self, user: &UserPlatform, origin: Origin) -> NewEvent {
        NewEvent {
            kind: EventKind::UserPlatformUpdated,
            subject: Subject::UserPlatform(user.id),
            revision: user.revision,
            connection_id: Some(user.connection_id),
            chat_id: None,
            origin,
            merged_from: None,
            at: self.now(),
        }
    }

    /// Looks at the next few messages that are stored, and says anew whose they are. What is told meanwhile
    /// is decided by the new identity, or is stale.
    pub(crate) async fn sort_page(&self, run: SyncStatus, connection: &Connection) -> Result<(), EngineError> {
        let customer = &connection.customer_id;
        let after = run.cursor.as_ref().and_then(|cursor| cursor.as_str().parse().ok());
        let after = after.unwrap_or_else(|| MessageId::from(uuid::Uuid::nil()));
        let mut found = self.store().messages_after(Some((customer.clone(), after)), MESSAGES_AT_ONCE).await?;
        let ended = found.len() < MESSAGES_AT_ONCE || found.iter().any(|row| row.customer_id != *customer);
        let last = found.iter().rev().find(|row| row.customer_id == *customer).map(|row| row.id);
        found.retain(|row| row.connection_id == connection.id && row.customer_id == *customer);

        let mut next = SyncStatus { revision: run.revision + 1, error: None, due_at: self.now(), ..run };
        next.started_at = next.started_at.or_else(|| Some(self.now()));
        next.done += found.len() as u64;
        next.state = if ended { SyncState::Completed } else { SyncState::Running };
        next.finished_at = ended.then(|| self.now());
        next.cursor = last.map(|last| Cursor(last.to_string())).or(next.cursor);

        let mut changes = self.turned(connection, found).await?;
        changes.writes.push(Write::Identity { connection_id: connection.id, identity: connection.identity });
        changes.events.push(self.sync_event(&next));
        changes.writes.push(Write::SyncStatus(next));
        Ok(self.commit(changes).await.map(drop)?)
    }

    /// Those messages that go the other way by now, and the chats that count them.
    async fn turned(&self, connection: &Connection, rows: Vec<Message>) -> Result<Changes, EngineError> {
        let senders: BTreeSet<_> = rows.iter().filter_map(sender).collect();
        let own = self.own_among(connection, &senders).await?;
        let mut changes = Changes::of(&connection.customer_id);
        let mut chats: BTreeSet<ChatId> = BTreeSet::new();
        for mut row in rows {
            let Some(content) = row.facets.content.as_ref().map(|content| &content.value) else { continue };
            // What is written as the app is ours where a command of ours wrote it.
            let as_app = content.sender.as_ref().is_none_or(|sender| connection.senders.contains(sender));
            let direction = direction_of(content, &own);
            if as_app || row.merged_into.is_some() || direction == row.direction {
                continue;
            }
            (row.direction, row.revision, row.updated_at) = (direction, row.revision + 1, self.now());
            chats.insert(row.chat_id);
            changes.events.push(self.sorted_event(
                connection,
                (EventKind::MessageUpdated, Subject::Message(row.id)),
                row.chat_id,
                row.revision,
            ));
            changes.writes.push(Write::Message(row));
        }
        for id in chats {
            let chat = self.store().chat(&connection.customer_id, id).await?;
            let Some(mut chat) = chat else { continue };
            (chat.revision, chat.updated_at) = (chat.revision + 1, self.now());
            let what = (EventKind::ChatUpdated, Subject::Chat(id));
            changes.events.push(self.sorted_event(connection, what, id, chat.revision));
            changes.writes.push(Write::Chat(chat));
        }
        Ok(changes)
    }

    fn sorted_event(
        &self,
        connection: &Connection,
        (kind, subject): (EventKind, Subject),
        chat: ChatId,
        revision: u64,
    ) -> NewEvent {
        NewEvent {
            kind,
            subject,
            revision,
            connection_id: Some(connection.id),
            chat_id: Some(chat),
            origin: Origin::Reconciliation,
            merged_from: None,
            at: self.now(),
        }
    }

    /// Those of these people whose writing is this customer's own: the customer's ids, but for those that
    /// another customer is proven to be.
    pub(crate) async fn own_among(
        &self,
        connection: &Connection,
        people: &BTreeSet<ExternalId>,
    ) -> Result<BTreeSet<ExternalId>, EngineError> {
        let mut own = BTreeSet::new();
        for id in connection.own_ids().filter(|id| people.contains(id)) {
            let proven = self.store().proven(&connection.integration, id).await?;
            if proven.iter().all(|other| other.customer_id == connection.customer_id) {
                own.insert(id.clone());
            }
        }
        Ok(own)
    }
}

fn sender(row: &Message) -> Option<ExternalId> {
    row.facets.content.as_ref()?.value.sender.clone()
}
