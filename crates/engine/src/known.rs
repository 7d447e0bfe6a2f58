//! Gathers what is stored of the things that updates are about.

use crate::{Engine, EngineError};
use model::{
    changes::Thing,
    connection::Connection,
    decide::Known,
    id::{ChatId, ExternalId, MessageId},
    store::NamedKind,
    update::{RemoteMessage, Update},
};
use std::collections::{BTreeMap, BTreeSet};

impl Engine {
    /// What is known of a chat (none for news of no chat) and of what the updates say of it.
    pub(crate) async fn known(
        &self,
        connection: &Connection,
        chat: Option<&ExternalId>,
        updates: &[Update],
        messages: &[MessageId],
    ) -> Result<Known, EngineError> {
        let mut known = Known::nothing(connection.clone());
        let (store, customer) = (self.store(), &connection.customer_id);
        if let Some(chat) = chat {
            let names = [std::slice::from_ref(chat), &moved_into(updates)].concat();
            for row in store.chats_named(customer, connection.id, &names).await? {
                let is_it = row.is_called(chat);
                *(if is_it { &mut known.chat } else { &mut known.other_chat }) = Some(row);
            }
        }
        let people = named_people(updates);
        if !people.is_empty() {
            known.participants = store.participants_named(customer, connection.id, &people).await?;
        }
        if let Some(chat) = known.chat.as_ref().map(|chat| chat.id) {
            self.know_messages(&mut known, chat, updates, messages).await?;
            known.own = self.own_among(connection, &senders(updates)).await?;
        }
        Ok(known)
    }

    async fn know_messages(
        &self,
        known: &mut Known,
        chat: ChatId,
        updates: &[Update],
        messages: &[MessageId],
    ) -> Result<(), EngineError> {
        let (store, connection) = (self.store(), known.connection.clone());
        let names: BTreeSet<_> = updates.iter().filter_map(Update::message).cloned().collect();
        let names: Vec<_> = names.into_iter().collect();
        let mut rows = BTreeMap::new();
        if !names.is_empty() {
            for row in store.messages_named(&connection.customer_id, connection.id, &names).await? {
                if let Some(name) = &row.external_id {
                    known.names.insert(name.clone(), row.id);
                }
                rows.insert(row.id, row);
            }
        }
        known.open = store.open_commands(&connection.customer_id, chat).await?;
        known.marks = updates.iter().filter_map(|update| self.verified_mark(&connection, chat, update)).collect();
        known.files = self.files_of_ours(&connection, updates).await?;
        let sends = known.open.iter().filter(|command| command.is_send()).map(|command| command.message_id);
        let wanted: BTreeSet<_> = sends
            .chain(known.marks.values().copied())
            .chain(known.files.values().copied())
            .chain(messages.iter().copied())
            .collect();
        let missing: Vec<_> = wanted.into_iter().filter(|id| !rows.contains_key(id)).collect();
        if !missing.is_empty() {
            rows.extend(store.messages(&connection.customer_id, &missing).await?.into_iter().map(|row| (row.id, row)));
        }
        if known.open.iter().any(|command| command.is_send()) {
            known.asides = store.asides(&connection.customer_id, chat).await?.len();
        }
        known.messages = rows.into_values().filter(|row| row.chat_id == chat).collect();
        Ok(())
    }

    /// The files on own news that a command of ours made, by the ledger: there they are names of its message.
    async fn files_of_ours(
        &self,
        connection: &Connection,
        updates: &[Update],
    ) -> Result<BTreeMap<ExternalId, MessageId>, EngineError> {
        let mut ours = BTreeMap::new();
        for file in updates.iter().flat_map(|update| own_files(connection, update)) {
            let named = self.store().named(&connection.customer_id, connection.id, NamedKind::Message, file).await?;
            if let Some(Thing::Message(id)) = named {
                ours.insert(file.clone(), id);
            }
        }
        Ok(ours)
    }

    /// The mark that goes on what is sent, so that it is known when it comes back.
    pub(crate) fn mark(&self, connection: &Connection, chat: ChatId, message: MessageId) -> String {
        let mac = self.parts.vault.mac(&place_of_mark(connection, chat, message));
        format!("{message}.{mac}")
    }

    /// All marks that may stand on it: under the newest key, and under those before it.
    pub(crate) fn marks(&self, connection: &Connection, chat: ChatId, message: MessageId) -> Vec<String> {
        let macs = self.parts.vault.macs(&place_of_mark(connection, chat, message));
        macs.into_iter().map(|mac| format!("{message}.{mac}")).collect()
    }

    fn verified_mark(&self, connection: &Connection, chat: ChatId, update: &Update) -> Option<(String, MessageId)> {
        let Update::Message(message) = update else { return None };
        let mark = message.mark.as_ref()?;
        let id = mark.split_once('.')?.0.parse().ok()?;
        self.marks(connection, chat, id).contains(mark).then(|| (mark.clone(), id))
    }
}

/// The files of a message that one of the connection's own identities wrote.
fn own_files<'a>(connection: &'a Connection, update: &'a Update) -> impl Iterator<Item = &'a ExternalId> {
    let told = match update {
        Update::Message(told) => Some(told),
        Update::Deleted { .. }
        | Update::Restored { .. }
        | Update::Undelivered { .. }
        | Update::Reacted { .. }
        | Update::Reactions { .. }
        | Update::Read { .. }
        | Update::Chat { .. }
        | Update::ChatGone { .. }
        | Update::Person { .. }
        | Update::Emoji { .. }
        | Update::EmojiListed { .. }
        | Update::Member { .. }
        | Update::ChatMoved { .. }
        | Update::LoginLost { .. } => None,
    };
    let by_us = |told: &&RemoteMessage| told.content.is_by(|sender| connection.senders.contains(sender));
    told.filter(by_us).into_iter().flat_map(|told| &told.content.attachments).map(|file| &file.external_id)
}

fn place_of_mark(connection: &Connection, chat: ChatId, message: MessageId) -> String {
    format!("mark/{}/{chat}/{message}", connection.id)
}

/// Who wrote what is told.
fn senders(updates: &[Update]) -> BTreeSet<ExternalId> {
    let sender = |update: &Update| match update {
        Update::Message(message) => message.content.sender.clone(),
        _ => None,
    };
    updates.iter().filter_map(sender).collect()
}

fn moved_into(updates: &[Update]) -> Vec<ExternalId> {
    let into = |update: &Update| match update {
        Update::ChatMoved { into, .. } => Some(into.clone()),
        _ => None,
    };
    updates.iter().filter_map(into).collect()
}

fn named_people(updates: &[Update]) -> Vec<ExternalId> {
    let ids = |update: &Update| match update {
        Update::Person { ids, .. } => ids.clone(),
        _ => Vec::new(),
    };
    let ids: BTreeSet<_> = updates.iter().flat_map(ids).collect();
    ids.into_iter().collect()
}
