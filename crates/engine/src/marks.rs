//! Read marks: how far the customer has read, here and at the platform. They never go backwards, but where the
//! platform lets messages be unread again.
//!
//! A mark is set here at once. The platform is told a moment later, so that many marks are one call.
//! Telling it again does no harm, so it needs no proof: it is told until it says that it knows.

use crate::{CALL_TIMEOUT, Engine, EngineError, MOST_DECISIONS, Offered, Turn, take_in::News};
use model::{
    changes::{Changes, Write},
    chat::{Chat, ReadMark},
    compare::Stretch,
    connector::{Access, ConnectorError, Page, Reading},
    customer::CustomerId,
    event::{EventKind, NewEvent, Origin, Subject},
    id::{ChatId, MessageId},
    limits::Purpose,
    message::Message,
    retry,
    store::{Paging, StoreError},
    time::Timestamp,
    update::{Said, Update},
};
use std::time::Duration;

/// How long further marks of a chat are waited for.
const MARK_AFTER: Duration = Duration::from_secs(2);
/// How many chats one turn looks at.
const CHATS_AT_ONCE: usize = 16;
/// Among how many of the newest messages the newest one at the platform is looked for.
const NEWEST_LOOKED_AT: usize = 50;

/// Among how many messages the one before another is looked for.
const MOST_BEFORE: usize = 2_000;

/// Which way a mark is moved.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    On,
    Back,
}

impl Engine {
    /// Sets how far the customer has read: up to a message, or to the newest one.
    pub async fn mark_read(
        &self,
        customer: &CustomerId,
        id: ChatId,
        up_to: Option<MessageId>,
        origin: Origin,
    ) -> Result<(), EngineError> {
        self.set_mark(customer, id, up_to, Way::On, origin).await
    }

    /// Takes back that the customer has read a message, and what stands after it.
    pub async fn mark_unread(
        &self,
        customer: &CustomerId,
        id: ChatId,
        from: MessageId,
        origin: Origin,
    ) -> Result<(), EngineError> {
        self.set_mark(customer, id, Some(from), Way::Back, origin).await
    }

    async fn set_mark(
        &self,
        customer: &CustomerId,
        id: ChatId,
        message: Option<MessageId>,
        way: Way,
        origin: Origin,
    ) -> Result<(), EngineError> {
        for _ in 0..MOST_DECISIONS {
            let chat = self.store().chat(customer, id).await?.ok_or(EngineError::NotFound)?;
            if !chat.is_imported() {
                return Err(EngineError::refused("chat_not_imported", "The chat is not imported. Import it first."));
            }
            let connection = self.own_connection(customer, chat.connection_id).await?;
            let mark = match (way, message) {
                (Way::Back, Some(from)) => Some(self.mark_before(&chat, from).await?),
                (Way::On | Way::Back, up_to) => self.mark_of(&chat, up_to).await?,
            };
            if way == Way::Back && !connection.abilities.mark_unread {
                let detail = "This platform cannot call messages unread again.";
                return Err(EngineError::refused("not_possible", detail));
            }
            let Some(mark) = mark else { return Ok(()) };
            let stands = match way {
                Way::On => chat.read.as_ref() >= Some(&mark),
                Way::Back => chat.read.as_ref() <= Some(&mark),
            };
            if stands {
                return Ok(());
            }
            let soon = self.now() + MARK_AFTER;
            let differs = way == Way::Back || chat.read_there.as_ref() < Some(&mark);
            let tells = connection.abilities.mark_read && differs;
            let mark_due_at = if tells { chat.mark_due_at.or(Some(soon)) } else { chat.mark_due_at };
            let (revision, updated_at) = (chat.revision + 1, self.now());
            let read = Chat { read: Some(mark), mark_due_at, revision, updated_at, ..chat };
            let mut changes = Changes::of(customer);
            changes.events.push(self.read_event(&read, origin));
            changes.writes.push(Write::Chat(read));
            match self.commit(changes).await {
                Err(StoreError::Stale) => {}
                marked => return Ok(marked.map(drop)?),
            }
        }
        Err(EngineError::Busy(Duration::from_secs(1)))
    }

    /// The mark that stands for a message. One that is not at the platform yet stands for what is before it.
    async fn mark_of(&self, chat: &Chat, up_to: Option<MessageId>) -> Result<Option<ReadMark>, EngineError> {
        if let Some(id) = up_to {
            let message = self.living_message(&chat.customer_id, id).await?;
            if message.chat_id != chat.id {
                return Err(EngineError::NotFound);
            }
            if let Some(name) = message.external_id {
                return Ok(Some(ReadMark { position: message.position, message: name }));
            }
        }
        let newest = Paging { after: None, limit: NEWEST_LOOKED_AT };
        let newest = self.store().messages_of(&chat.customer_id, chat.id, &newest).await?;
        let there =
            newest.items.into_iter().filter(|row| row.external_id.is_some()).max_by_key(|row| row.position.clone());
        Ok(there.and_then(|row| Some(ReadMark { position: row.position, message: row.external_id? })))
    }

    /// The mark that stands just before a message.
    async fn mark_before(&self, chat: &Chat, id: MessageId) -> Result<ReadMark, EngineError> {
        let message = self.living_message(&chat.customer_id, id).await?;
        if message.chat_id != chat.id {
            return Err(EngineError::NotFound);
        }
        let main = Stretch { thread: None, from: String::new(), before: message.position };
        let before = self.store().messages_in(&chat.customer_id, chat.id, &[main], MOST_BEFORE).await?;
        let mark = |row: Message| Some(ReadMark { position: row.position, message: row.external_id? });
        Ok(before.into_iter().filter_map(mark).max().unwrap_or_else(ReadMark::nothing))
    }

    /// How far the chat is read there. Where the platform does not say, what was written before the import
    /// counts as read.
    pub(crate) async fn read_mark(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        chat: &Chat,
        page: &Page,
    ) -> Result<Option<Update>, ConnectorError> {
        if page.updates.iter().any(|update| matches!(update, Update::Read { .. })) {
            return Ok(None); // The page says it.
        }
        let reading = Reading::ReadMark(chat.external_id.clone());
        let told = match offered.connector.pull(access, &reading, None).await {
            Err(ConnectorError::Refused(_)) => None,
            told => told?.updates.pop(),
        };
        if told.is_some() || chat.read.is_some() {
            return Ok(told);
        }
        let messages = page.updates.iter().filter_map(|update| match update {
            Update::Message(told) => Some(ReadMark { position: told.position.clone(), message: told.id.clone() }),
            _ => None,
        });
        Ok(messages.max().map(|mark| Update::Read { chat: chat.external_id.clone(), mark, said: Said::Nobody }))
    }

    /// Tells a platform how far one chat is read.
    pub async fn marks_turn(&self) -> Result<Turn, EngineError> {
        for (customer, chat) in self.store().due_marks(self.now(), CHATS_AT_ONCE).await? {
            let name = format!("mark/{chat}");
            match self.alone(&name, self.bring_mark(&customer, chat)).await? {
                None => continue,
                Some(Err(EngineError::Store(StoreError::Stale)) | Ok(())) => {}
                Some(Err(error)) => return Err(error),
            }
            return Ok(Turn::Worked);
        }
        Ok(Turn::Idle)
    }

    async fn bring_mark(&self, customer: &CustomerId, id: ChatId) -> Result<(), EngineError> {
        let Some(chat) = self.store().chat(customer, id).await? else { return Ok(()) };
        if chat.mark_due_at.is_none_or(|due| due > self.now()) {
            return Ok(());
        }
        let connection = self.own_connection(customer, chat.connection_id).await?;
        let Some(mark) = chat.read.clone().filter(|_| chat.is_imported()) else {
            return self.put_mark(chat, None).await;
        };
        let later = self.now() + retry::LONGEST_WAIT;
        if !connection.is_open() {
            return self.put_mark(chat, Some(later)).await;
        }
        let logins = match self.open_logins(&connection).await {
            Err(EngineError::LoginLost) => {
                self.need_login(&connection).await?;
                return self.put_mark(chat, Some(later)).await;
            }
            Err(EngineError::Busy(after)) => return self.put_mark(chat, Some(self.now() + after)).await,
            logins => logins?,
        };
        let offered = self.offered(&connection.integration)?;
        // Nobody waits for it as for a message.
        let wire = self.wire(offered, &connection, Purpose::News);
        let access = self.access(offered, &connection, &logins, &wire, self.now() + CALL_TIMEOUT);
        let there = ReadMark { message: self.name_there(&connection, &chat, &mark.message)?, ..mark.clone() };
        let back = chat.read_there.as_ref() > Some(&mark);
        match offered.connector.mark_read(&access, &chat.external_id, &there, back).await {
            Ok(told) => {
                self.take_in(&News::new(&connection, told, Origin::Live)).await?;
                self.mark_told(customer, id, &mark).await
            }
            Err(ConnectorError::Busy { after }) => {
                let due_at = retry::after_busy(self.now(), after, self.chance());
                self.put_mark(chat, Some(due_at)).await
            }
            Err(error @ (ConnectorError::LoginLost { .. } | ConnectorError::TokenExpired { .. })) => {
                let due_at = self.login_refused(&access, &error).await?;
                self.put_mark(chat, Some(due_at)).await
            }
            Err(ConnectorError::Unknown(_)) => {
                // It may still land, and set back what the person read there meanwhile. So it is told again once
                // it no longer can.
                let due_at = access.deadline + offered.connector.describe().settles_after;
                self.put_mark(chat, Some(due_at)).await
            }
            Err(error @ (ConnectorError::Refused(_) | ConnectorError::CursorLost | ConnectorError::Unreadable(_))) => {
                // It stays read here. The next mark is told again.
                tracing::info!(chat.id = %id, %error, "The platform does not take the read mark of {id}");
                self.put_mark(chat, None).await
            }
        }
    }

    fn read_event(&self, chat: &Chat, origin: Origin) -> NewEvent {
        NewEvent {
            kind: EventKind::ChatRead,
            subject: Subject::Chat(chat.id),
            revision: chat.revision,
            connection_id: Some(chat.connection_id),
            chat_id: Some(chat.id),
            origin,
            merged_from: None,
            at: self.now(),
        }
    }

    /// The platform was told of a mark. One that was set meanwhile is still to be told. From here on the platform's
    /// word stands, where it says as of when: also what it said while ours was to be told.
    async fn mark_told(&self, customer: &CustomerId, id: ChatId, mark: &ReadMark) -> Result<(), EngineError> {
        let held = self.store().chat(customer, id).await?;
        let told = |chat: &Chat| chat.mark_due_at.is_some() && chat.read.as_ref() == Some(mark);
        let Some(chat) = held.filter(told) else { return Ok(()) };
        let there = chat.read_there.clone().filter(|there| chat.read_as_of.is_some() && there != mark);
        let Some(read) = there else { return self.put_mark(chat, None).await };
        let chat = Chat { read: Some(read), mark_due_at: None, revision: chat.revision + 1, ..chat };
        let mut changes = Changes::of(customer);
        changes.events.push(self.read_event(&chat, Origin::Live));
        changes.writes.push(Write::Chat(chat));
        Ok(self.commit(changes).await.map(drop)?)
    }

    async fn put_mark(&self, chat: Chat, mark_due_at: Option<Timestamp>) -> Result<(), EngineError> {
        let mut changes = Changes::of(&chat.customer_id);
        let revision = chat.revision + 1;
        changes.writes.push(Write::Chat(Chat { mark_due_at, revision, ..chat }));
        Ok(self.commit(changes).await.map(drop)?)
    }
}
