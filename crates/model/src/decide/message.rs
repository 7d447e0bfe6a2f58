//! Messages: telling facets, recognising what we sent, and folding two rows into one.

use super::{
    ASIDE_FOR, MOST_ASIDES,
    work::{Row, Work},
};
use crate::{
    changes::{Aside, Naming, Thing, Write},
    facets::{Content, Facet, Facets, Presence, Version},
    id::{ExternalId, MessageId},
    message::{Direction, Message, Status},
    update::{RemoteMessage, Update},
};
use std::collections::BTreeSet;

impl Work<'_> {
    /// Takes in news of a message in a chat that is imported.
    pub(super) fn take_message(&mut self, update: &Update, bind: Option<MessageId>) {
        let Some(external_id) = update.message().cloned() else { return };
        if let Update::Message(told) = update {
            if let Some(pending) = bind.or_else(|| self.recognise(told)) {
                self.bind(pending, &external_id);
            } else if self.may_be_ours(told) {
                self.set_aside(external_id, update, told.version);
                return;
            }
            self.active_at = self.active_at.max(Some(told.content.sent_at));
        }
        let id = self.names.get(&external_id).copied().unwrap_or_else(|| self.new_message(&external_id));
        let Some(row) = self.messages.get_mut(&id) else { return };
        let facets = &mut row.after.facets;
        match update {
            Update::Message(told) => self.tell(id, told),
            Update::Restored { version, .. } => facets.tell_restored(*version),
            Update::Deleted { version, .. } => facets.tell_deleted(*version),
            Update::Undelivered { failure, version, .. } => {
                Facet::tell(&mut facets.undelivered, Facet::new(*version, failure.clone()));
            }
            Update::Reacted { actor, emoji, present, version, .. } => {
                facets.reactions.tell(emoji, actor, Presence { version: *version, present: *present });
            }
            Update::Reactions { set, version, .. } => facets.reactions.see(*version, set.clone()),
            Update::Chat { .. }
            | Update::ChatGone { .. }
            | Update::Read { .. }
            | Update::Person { .. }
            | Update::Emoji { .. }
            | Update::EmojiListed { .. }
            | Update::Member { .. }
            | Update::ChatMoved { .. }
            | Update::LoginLost { .. } => {}
        }
    }

    fn tell(&mut self, id: MessageId, told: &RemoteMessage) {
        let direction = self.direction(told);
        let Some(row) = self.messages.get_mut(&id) else { return };
        let message = &mut row.after;
        if !message.facets.is_known() {
            message.direction = direction;
        }
        message.position.clone_from(&told.position);
        message.facets.tell_content(Facet::new(told.version, told.content.clone()));
    }

    fn direction(&self, told: &RemoteMessage) -> Direction {
        direction_of(&told.content, &self.known.own)
    }

    /// Whether one of the identities that our commands appear under wrote it.
    fn is_own(&self, told: &RemoteMessage) -> bool {
        told.content.is_by(|sender| self.known.connection.senders.contains(sender))
    }

    /// The message of ours whose mark or file it bears. Either counts only from our own identity, in the chat
    /// that it was made for, and only as long as its message has no other id: a file may be shared again.
    fn recognise(&self, told: &RemoteMessage) -> Option<MessageId> {
        let marked = told.mark.as_ref().and_then(|mark| self.known.marks.get(mark));
        let mut files = told.content.attachments.iter();
        let id = *marked.or_else(|| files.find_map(|file| self.known.files.get(&file.external_id)))?;
        let message = &self.messages.get(&id)?.after;
        let chat = self.chat.as_ref()?.after.id;
        let free = message.external_id.as_ref().is_none_or(|held| *held == told.id);
        (self.is_own(told) && message.chat_id == chat && free && message.merged_into.is_none()).then_some(id)
    }

    /// Whether it may be a send of ours whose answer has not come: own, unknown, without any mark, while a
    /// call is under way.
    fn may_be_ours(&self, told: &RemoteMessage) -> bool {
        !self.context.no_asides
            && told.mark.is_none()
            && !self.names.contains_key(&told.id)
            && self.is_own(told)
            && self.known.asides + self.asides.len() < MOST_ASIDES
            && self.known.open.iter().any(|command| command.is_send() && command.has_begun())
    }

    fn set_aside(&mut self, external_id: ExternalId, update: &Update, version: Version) {
        let Some(chat) = &self.chat else { return };
        let until = self.context.now + ASIDE_FOR;
        let (chat_id, update) = (chat.after.id, update.clone());
        let aside = Aside { chat_id, external_id: external_id.clone(), update, version, until };
        if self.asides.get(&external_id).is_none_or(|held| held.version <= version) {
            self.asides.insert(external_id, aside);
        }
    }

    /// Gives a message of ours the platform's id. If the id has a row already, the two become one.
    fn bind(&mut self, pending: MessageId, external_id: &ExternalId) {
        let held = self.names.get(external_id).copied();
        if let Some(row) = self.messages.get_mut(&pending)
            && held.is_none_or(|held| held == pending)
        {
            if row.after.external_id.as_ref().is_some_and(|bound| bound != external_id) {
                return; // It has another id: what came now is a message of its own.
            }
            row.after.external_id = Some(external_id.clone());
            if held.is_none() {
                self.name(external_id, pending, Write::Name);
            }
        } else if let Some(held) = held {
            self.fold(pending, held, external_id);
        }
        let kept = self.names.get(external_id).copied().unwrap_or(pending);
        if let Some(row) = self.messages.get_mut(&kept) {
            row.after.direction = Direction::Outgoing;
            (row.after.status, row.after.error) = (Status::Sent, None);
        }
    }

    /// Two rows are one message. The one that readers know stays; of two that they know, the one that
    /// already has the id.
    fn fold(&mut self, pending: MessageId, held: MessageId, external_id: &ExternalId) {
        let held_is_shown = self.messages.get(&held).is_some_and(|row| row.after.is_shown());
        let (from, into) = if held_is_shown { (pending, held) } else { (held, pending) };
        let Some(gone) = self.messages.get_mut(&from) else { return };
        gone.after.merged_into = Some(into);
        gone.after.external_id = None;
        let facets = std::mem::take(&mut gone.after.facets);
        let pending_change = gone.after.pending_change.take();
        let Some(kept) = self.messages.get_mut(&into) else { return };
        kept.after.facets.join(facets);
        kept.after.external_id = Some(external_id.clone());
        kept.after.pending_change = kept.after.pending_change.take().or(pending_change);
        self.merged.push((from, into));
        if into == pending {
            self.name(external_id, into, Write::Rename);
        }
    }

    fn name(&mut self, external_id: &ExternalId, id: MessageId, write: fn(Naming) -> Write) {
        self.names.insert(external_id.clone(), id);
        self.beside.push(write(Naming {
            connection_id: self.known.connection.id,
            external_id: external_id.clone(),
            thing: Thing::Message(id),
        }));
    }

    /// A row for an id that was never heard of. It is shown once somebody says what it says.
    fn new_message(&mut self, external_id: &ExternalId) -> MessageId {
        let id = MessageId::from((self.context.ids)());
        let connection = &self.known.connection;
        let now = self.context.now;
        if let Some(chat) = &self.chat {
            let row = Message {
                id,
                customer_id: connection.customer_id.clone(),
                connection_id: connection.id,
                chat_id: chat.after.id,
                revision: 0,
                external_id: Some(external_id.clone()),
                position: String::new(),
                direction: Direction::Incoming,
                facets: Facets::default(),
                status: Status::Sent,
                error: None,
                pending_change: None,
                merged_into: None,
                created_at: now,
                updated_at: now,
            };
            self.messages.insert(id, Row::new(row));
            self.name(external_id, id, Write::Name);
        }
        id
    }
}

/// From whom to whom a message is that no command of ours wrote.
pub fn direction_of(content: &Content, own: &BTreeSet<ExternalId>) -> Direction {
    if content.system {
        Direction::System
    } else if content.is_by(|sender| own.contains(sender)) {
        Direction::Outgoing
    } else {
        Direction::Incoming
    }
}
