//! Finds chats again whose id changed while nobody heard of it.
//!
//! A platform that is asked under the old id answers as if the chat were gone. Under the new id it was made
//! at the same time, and holds the same messages.

use crate::{Engine, EngineError, Offered, read::Unread, take_in::News};
use model::{
    chat::{Chat, ChatFacts},
    connector::{Access, ConnectorError, Reading},
    event::Origin,
    facets::Version,
    id::ExternalId,
    message::Message,
    store::Paging,
    sync_status::Selection,
    update::Update,
};

/// How many pages of chats are listed to find one.
const MOST_PAGES: usize = 50;
/// How many pages of the newest messages are read for some to recognise a chat by. What waits to be sent, or
/// failed, may stand before all of them.
const MOST_NEWEST: usize = 10;
/// How many messages a page has.
const PAGE: usize = 100;
/// How many messages are asked for.
const MOST_PROBES: usize = 4;

impl Engine {
    /// Whether a chat that the platform no longer shows under its id is there under another. It is called so
    /// by then.
    pub(crate) async fn follow_move(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        chat: &Chat,
    ) -> Result<bool, Unread> {
        if chat.begun_here {
            return Ok(false);
        }
        let here = Reading::Chat(chat.external_id.clone());
        match offered.connector.pull(access, &here, None).await {
            Err(ConnectorError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(false),
        }
        let Some((into, version)) = self.seek(offered, access, chat).await? else { return Ok(false) };
        let moved = vec![Update::ChatMoved { from: chat.external_id.clone(), into, version }];
        if self.must_wait(access.connection, &moved).await? {
            return Ok(false);
        }
        self.take_in(&News::new(access.connection, moved, Origin::Reconciliation)).await?;
        Ok(true)
    }

    async fn seek(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        chat: &Chat,
    ) -> Result<Option<(ExternalId, Version)>, Unread> {
        let facts = chat.facts.as_ref().map(|facts| &facts.value);
        // Without the time of its making nothing tells it from others.
        let Some(facts) = facts.filter(|facts| facts.made_at.is_some()) else { return Ok(None) };
        let known = self.newest(chat).await?;
        let (mut alike, mut cursor) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let page = offered.connector.pull(access, &Reading::Chats(Selection::default()), cursor.as_ref()).await?;
            for update in &page.updates {
                let Update::Chat { chat: name, facts: listed, version } = update else { continue };
                if chat.is_called(name) || listed.made_at != facts.made_at {
                    continue;
                }
                let before = self.known_before(name, chat).await?;
                // Both ids were there at once, so it is another chat. One that moved itself had another id then.
                if before.iter().any(|other| other.named_under.is_none()) {
                    continue;
                }
                if self.holds(offered, access, name, &known).await? {
                    return Ok(Some((name.clone(), *version)));
                }
                if known.is_empty() && before.is_empty() && looks_like(listed, facts) {
                    alike.push((name.clone(), *version));
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        // Of several that look alike, none can be told to be it.
        Ok(alike.pop().filter(|_| alike.is_empty()))
    }

    /// What people wrote in it, the newest first. Whoever joins many chats does so in all at the same moment.
    async fn newest(&self, chat: &Chat) -> Result<Vec<Message>, EngineError> {
        let (mut newest, mut after) = (Vec::new(), None);
        for _ in 0..MOST_NEWEST {
            let paging = Paging { after, limit: PAGE };
            let page = self.store().messages_of(&chat.customer_id, chat.id, &paging).await?;
            newest.extend(page.items.into_iter().filter(is_telling));
            after = page.next;
            if newest.len() >= MOST_PROBES || after.is_none() {
                break;
            }
        }
        newest.truncate(MOST_PROBES);
        Ok(newest)
    }

    /// Whether a chat holds one of these messages. Two chats may be made at the same time; the same message is
    /// written at the same moment in one only.
    async fn holds(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        name: &ExternalId,
        known: &[Message],
    ) -> Result<bool, ConnectorError> {
        for message in known {
            let Some(held) = &message.external_id else { continue };
            let named = offered.connector.named_in(held, name);
            let reading = Reading::Message { chat: name.clone(), message: named };
            let there = match offered.connector.pull(access, &reading, None).await {
                Ok(page) => page.updates,
                Err(ConnectorError::Refused(_) | ConnectorError::Unreadable(_)) => continue,
                Err(error) => return Err(error),
            };
            if there.iter().any(|update| is_same(update, message)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is called so and was known before this chat was.
    async fn known_before(&self, name: &ExternalId, chat: &Chat) -> Result<Vec<Chat>, EngineError> {
        let names = std::slice::from_ref(name);
        let mut others = self.store().chats_named(&chat.customer_id, chat.connection_id, names).await?;
        others.retain(|other| other.created_at <= chat.created_at);
        Ok(others)
    }
}

/// Where no message is known: the same sort of chat, with the same name or people.
fn looks_like(listed: &ChatFacts, facts: &ChatFacts) -> bool {
    let both = (listed.kind, &listed.name, &listed.people) == (facts.kind, &facts.name, &facts.people);
    both && listed.name.as_ref().map_or(listed.people.len(), String::len) > 0
}

/// It stands at the platform, and a person wrote it.
fn is_telling(message: &Message) -> bool {
    let written = message.facets.content.as_ref().is_some_and(|content| !content.value.system);
    message.external_id.is_some() && !message.facets.is_deleted() && written
}

fn is_same(update: &Update, held: &Message) -> bool {
    let Update::Message(there) = update else { return false };
    held.facets.content.as_ref().is_some_and(|content| {
        content.value.sent_at == there.content.sent_at && content.value.sender == there.content.sender
    })
}
