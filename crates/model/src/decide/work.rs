//! The working copy of a decision: rows as they were and as they will be, and the way from one to
//! the other as writes and events.

use super::{Context, Known, Settled};
use crate::{
    changes::{Aside, Changes, Naming, Thing, Write},
    chat::{Chat, ChatFacts, ChatState, Membership, ReadMark},
    command::Progress,
    completeness::Completeness,
    emoji::Emoji,
    event::{EventKind, NewEvent, Subject},
    facets::{Facet, Version},
    id::{ChatId, ExternalId, MessageId, ParticipantId},
    message::{Message, Problem, Status},
    participant::Participant,
    time::Timestamp,
    update::{Said, Update},
};
use std::collections::{BTreeMap, BTreeSet};

/// A row before (none if it is new) and after.
#[derive(Debug)]
pub(super) struct Row<T> {
    pub before: Option<T>,
    pub after: T,
}

impl<T: Clone + PartialEq> Row<T> {
    fn is_changed(&self) -> bool {
        self.before.as_ref() != Some(&self.after)
    }

    pub(super) fn held(row: T) -> Self {
        Self { before: Some(row.clone()), after: row }
    }

    pub(super) fn new(row: T) -> Self {
        Self { before: None, after: row }
    }
}

pub(super) struct Work<'a> {
    pub known: Known,
    pub context: &'a Context<'a>,
    pub chat: Option<Row<Chat>>,
    pub messages: BTreeMap<MessageId, Row<Message>>,
    pub names: BTreeMap<ExternalId, MessageId>,
    pub people: BTreeMap<ParticipantId, Row<Participant>>,
    pub asides: BTreeMap<ExternalId, Aside>,
    pub active_at: Option<Timestamp>,
    /// Writes that no row shows: names in the ledger, merges.
    pub beside: Vec<Write>,
    pub merged: Vec<(MessageId, MessageId)>,
    settled: Option<Settled>,
    /// The chat that became one with this one, and its revision.
    pub chat_merged_from: Option<(ChatId, u64)>,
}

impl<'a> Work<'a> {
    pub fn new(mut known: Known, context: &'a Context<'a>) -> Self {
        Self {
            chat: known.chat.take().map(Row::held),
            messages: known.messages.drain(..).map(|row| (row.id, Row::held(row))).collect(),
            names: std::mem::take(&mut known.names),
            people: known.participants.drain(..).map(|row| (row.id, Row::held(row))).collect(),
            asides: BTreeMap::new(),
            active_at: None,
            beside: Vec::new(),
            merged: Vec::new(),
            settled: None,
            chat_merged_from: None,
            known,
            context,
        }
    }

    /// Takes in one update. `bind` is the message whose send was answered with it.
    pub fn take(&mut self, update: &Update, bind: Option<MessageId>) {
        match update {
            Update::Chat { chat, facts, version } => self.take_chat(chat, facts, *version),
            Update::ChatGone { version, .. } => self.take_gone(*version),
            Update::Read { mark, said, .. } => self.take_read(mark, *said),
            Update::Person { ids, facts, version } => self.take_person(ids, facts, *version),
            Update::Member { chat, person, member, version } => self.take_member(chat, person, *member, *version),
            Update::ChatMoved { from, into, version } => self.take_move(from, into, *version),
            Update::Emoji { name, picture, version } => self.beside.push(Write::Emoji(Emoji {
                customer_id: self.known.connection.customer_id.clone(),
                connection_id: self.known.connection.id,
                name: name.clone(),
                picture: picture.clone(),
                version: *version,
            })),
            Update::EmojiListed { version } => {
                let connection_id = self.known.connection.id;
                self.beside.push(Write::EmojiListed { connection_id, version: *version });
            }
            Update::LoginLost { .. } => {} // About a login, which is no customer's row: the engine's.
            Update::Message(_)
            | Update::Restored { .. }
            | Update::Undelivered { .. }
            | Update::Deleted { .. }
            | Update::Reacted { .. }
            | Update::Reactions { .. } => {
                if self.chat.as_ref().is_some_and(|chat| chat.after.is_imported()) {
                    self.take_message(update, bind);
                } else {
                    self.notice(update);
                }
            }
        }
    }

    /// A chat that nobody imported keeps a time, no content.
    fn notice(&mut self, update: &Update) {
        if let Update::Message(message) = update {
            self.active_at = self.active_at.max(Some(message.content.sent_at));
        }
    }

    fn new_chat(&mut self, external_id: &ExternalId) -> &mut Row<Chat> {
        let (connection, now) = (&self.known.connection, self.context.now);
        self.chat.get_or_insert_with(|| {
            let id = ChatId::from((self.context.ids)());
            self.beside.push(Write::Name(Naming {
                connection_id: connection.id,
                external_id: external_id.clone(),
                thing: Thing::Chat(id),
            }));
            let state = if self.context.import_new_chat { ChatState::Imported } else { ChatState::Available };
            Row::new(Chat {
                id,
                customer_id: connection.customer_id.clone(),
                connection_id: connection.id,
                revision: 0,
                external_id: external_id.clone(),
                state,
                generation: u64::from(state == ChatState::Imported),
                facts: None,
                member: None,
                imported_as_of: None,
                named_under: None,
                read: None,
                read_there: None,
                read_as_of: None,
                mark_due_at: None,
                aliases: BTreeMap::new(),
                begun_here: false,
                gone: None,
                created_at: now,
                updated_at: now,
            })
        })
    }

    fn take_chat(&mut self, chat: &ExternalId, facts: &ChatFacts, version: Version) {
        let asked_at = self.context.asked_at.unwrap_or_default();
        let lists_own_chats = self.context.lists_own_chats;
        let row = self.new_chat(chat);
        Facet::tell(&mut row.after.facts, Facet::new(version, facts.clone()));
        if lists_own_chats {
            row.after.member = row.after.member.max(Some(Membership { version, member: true, asked_at }));
        }
    }

    /// That a chat is gone is no reason to know it.
    fn take_gone(&mut self, version: Version) {
        if let Some(row) = &mut self.chat {
            row.after.gone = row.after.gone.max(Some(version));
        }
    }

    /// Where marks only grow, the greater one stands, whichever side set it. Where the platform says as of when,
    /// its latest word stands, unless it is still to be told what was set here.
    fn take_read(&mut self, mark: &ReadMark, said: Said) {
        // Where nothing can be told of what is read here, nothing that is said there takes it back.
        let is_told = self.known.connection.abilities.mark_read;
        let Some(chat) = self.chat.as_mut().map(|row| &mut row.after) else { return };
        if let Said::AsOf(version) = said {
            if !is_told {
                chat.read = chat.read.take().max(Some(mark.clone()));
            }
            // What is in sight may be chosen otherwise, which changes nothing at the platform.
            if chat.read_as_of <= Some(version) {
                (chat.read_as_of, chat.read_there) = (Some(version), Some(mark.clone()));
                if is_told && chat.mark_due_at.is_none() {
                    chat.read = Some(mark.clone());
                }
            }
            return;
        }
        chat.read = chat.read.take().max(Some(mark.clone()));
        if said == Said::There {
            chat.read_there = chat.read_there.take().max(Some(mark.clone()));
        }
        if chat.read_there >= chat.read {
            chat.mark_due_at = None;
        }
    }

    fn take_member(&mut self, chat: &ExternalId, person: &ExternalId, member: bool, version: Version) {
        let asked_at = self.context.asked_at.unwrap_or_default();
        let begins_import = self.context.begins_import;
        // That somebody is not in a chat is no reason to keep the chat's name.
        if self.known.connection.person.contains(person) && (member || self.chat.is_some()) {
            let row = self.new_chat(chat);
            row.after.member = row.after.member.max(Some(Membership { version, member, asked_at }));
            if begins_import {
                row.after.imported_as_of = Some(version);
            }
        }
    }

    /// Closes a command in the same commit that takes in its answer.
    pub fn settle(&mut self, settled: Settled) {
        let message = self.messages.get_mut(&settled.command.message_id).map(|row| &mut row.after);
        if let Some(message) = message {
            if settled.command.is_send() {
                match &settled.progress {
                    // Somebody else's evidence stands: what the platform has, has not failed.
                    Progress::Failed { error } if message.external_id.is_none() => {
                        (message.status, message.error) = (Status::Failed, Some(error.clone()));
                    }
                    Progress::Uncertain { .. } if message.external_id.is_none() => {
                        (message.status, message.error) = (Status::Uncertain, Some(settled.command.uncertain()));
                    }
                    // It was done, and stands in another chat: what is here is not to wait for it.
                    Progress::Done if message.external_id.is_none() && message.merged_into.is_none() => {
                        let detail = "It was sent, and the platform put it into another chat.".to_owned();
                        message.error = Some(Problem { code: "sent_elsewhere".to_owned(), detail });
                        message.status = Status::Sent;
                    }
                    _ => {}
                }
            } else if let Some(change) = &mut message.pending_change
                && change.command == settled.command.id
            {
                match &settled.progress {
                    Progress::Done => message.pending_change = None,
                    Progress::Failed { error } => (change.status, change.error) = (Status::Failed, Some(error.clone())),
                    Progress::Uncertain { .. } => {
                        (change.status, change.error) = (Status::Uncertain, Some(settled.command.uncertain()));
                    }
                    Progress::Waiting | Progress::Attempting(_) => {}
                }
            }
        }
        self.settled = Some(settled);
    }

    /// What there is to write, and to announce.
    pub fn finish(mut self) -> Changes {
        let mut changes = Changes::of(&self.known.connection.customer_id);
        self.finish_chat(&mut changes);
        self.finish_people(&mut changes);
        self.finish_messages(&mut changes);
        changes.writes.append(&mut self.beside);
        let chat_id = self.chat.as_ref().map(|chat| chat.after.id);
        for (_, aside) in std::mem::take(&mut self.asides) {
            changes.writes.push(Write::SetAside(aside));
        }
        if let (Some(chat_id), Some(at)) = (chat_id, self.active_at) {
            changes.writes.push(Write::Active { chat_id, at });
        }
        if let Some(settled) = self.settled.take() {
            let mut command = settled.command;
            command.progress = settled.progress;
            command.revision += 1;
            changes.writes.push(Write::Command(command));
        }
        changes
    }

    pub(super) fn event(&self, kind: EventKind, subject: Subject, revision: u64) -> NewEvent {
        NewEvent {
            kind,
            subject,
            revision,
            connection_id: Some(self.known.connection.id),
            chat_id: self.chat.as_ref().map(|chat| chat.after.id),
            origin: self.context.origin,
            merged_from: None,
            at: self.context.now,
        }
    }

    fn finish_chat(&mut self, changes: &mut Changes) {
        let Some(row) = &mut self.chat else { return };
        let heard = |chat: &Chat| chat.member.map(|member| (member.version, member.member));
        let facts = |chat: &Chat| chat.facts.as_ref().map(|facts| facts.value.clone());
        let before = row.before.as_ref();
        if before == Some(&row.after) {
            return;
        }
        row.after.revision += 1;
        row.after.updated_at = self.context.now;
        let was_imported = before.is_some_and(Chat::is_imported);
        let changed = before.is_some_and(|before| {
            facts(before) != facts(&row.after)
                || before.external_id != row.after.external_id
                || before.is_archived() != row.after.is_archived()
                || heard(before).map(|heard| heard.1) != heard(&row.after).map(|heard| heard.1)
        });
        let read = was_imported && before.is_some_and(|before| before.read != row.after.read);
        let (id, revision, imported) = (row.after.id, row.after.revision, row.after.is_imported());

        changes.writes.push(Write::Chat(row.after.clone()));
        if row.after.is_followed() && !before.is_some_and(Chat::is_followed) {
            // Others may have written in a thread that was begun here, before its id was known.
            let known = match before.is_some_and(|before| before.begun_here) {
                true => Completeness::new(&row.after, Timestamp::default(), self.context.now),
                false => Completeness::from_now_on(&row.after, self.context.now),
            };
            changes.writes.push(Write::Completeness(known));
        }
        if read && imported {
            changes.events.push(self.event(EventKind::ChatRead, Subject::Chat(id), revision));
        }
        let kind = match (was_imported, imported) {
            (false, true) => Some(EventKind::ChatCreated),
            (true, true) if changed => Some(EventKind::ChatUpdated),
            _ => None,
        };
        if let Some((from, last)) = self.chat_merged_from {
            let merged_from = Some(from.to_string());
            let gone = self.event(EventKind::ChatDeleted, Subject::Chat(from), last);
            changes.events.push(NewEvent { chat_id: Some(from), ..gone });
            changes
                .events
                .push(NewEvent { merged_from, ..self.event(EventKind::ChatMerged, Subject::Chat(id), revision) });
        } else if let Some(kind) = kind {
            changes.events.push(self.event(kind, Subject::Chat(id), revision));
        }
    }

    fn finish_people(&mut self, changes: &mut Changes) {
        for row in self.people.values_mut() {
            if row.is_changed() {
                row.after.revision += 1;
                changes.writes.push(Write::Participant(row.after.clone()));
            }
        }
    }

    fn finish_messages(&mut self, changes: &mut Changes) {
        let gone: BTreeSet<MessageId> = self.merged.iter().map(|(from, _)| *from).collect();
        let mut rows = std::mem::take(&mut self.messages);
        for row in rows.values_mut().filter(|row| row.is_changed()) {
            row.after.revision += 1;
            row.after.updated_at = self.context.now;
        }
        // A row that gives its external id away goes first, so that the id is free for the other.
        let changed = rows.values().filter(|row| row.is_changed());
        let (first, last): (Vec<_>, Vec<_>) = changed.partition(|row| gone.contains(&row.after.id));
        if let (Some(chat), false) = (&self.chat, first.is_empty() && last.is_empty()) {
            let (chat_id, generation) = (chat.after.id, chat.after.generation);
            changes.writes.push(Write::Expect { chat_id, generation });
        }
        for row in first.into_iter().chain(last) {
            changes.writes.push(Write::Message(row.after.clone()));
            self.announce_message(row, changes);
        }
        for (from, into) in &self.merged {
            let shown = rows.get(from).and_then(|row| row.before.as_ref()).is_some_and(Message::is_shown);
            if let (true, Some(kept)) = (shown, rows.get(into)) {
                let event = self.event(EventKind::MessageMerged, Subject::Message(*into), kept.after.revision);
                changes.events.push(NewEvent { merged_from: Some(from.to_string()), ..event });
            }
        }
    }
}
