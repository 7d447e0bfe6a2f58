//! The memory store's writes: each one changes a state, the same way however often it is applied.

use super::state::{ChatRow, IntakeRow, LeaseRow, State, guard};
use crate::admission::Admitted;
use model::{
    changes::{Changes, Naming, Write},
    command::Progress,
    customer::CustomerId,
    emoji::Emoji,
    event::Event,
    id::{ChatId, ConnectionId, ExternalId, IntakeId, uuid_v7},
    intake::{Intake, PartState, QueuedPart},
    limits::BucketName,
    retention::KeptSince,
    store::{Committed, NamedKind, StoreError, Ticket},
    sync_status::SyncStatus,
    time::Timestamp,
};

impl State {
    /// Applies a commit. What it wrote before it failed is for the caller to take back.
    pub(super) fn commit(&mut self, changes: &Changes) -> Result<Committed, StoreError> {
        let admitted = Admitted::check(changes)?;
        if changes.customer.as_ref().is_some_and(|customer| self.erasures.has(customer)) {
            return Err(StoreError::Stale);
        }
        for write in &changes.writes {
            self.write(&admitted, write)?;
        }
        if changes.events.is_empty() {
            return Ok(Committed::default());
        }
        let customer = admitted.customer()?;
        let mut feed = self.feeds.get(customer).copied().unwrap_or_default();
        let mut position = self.last_position();
        let mut events = Vec::with_capacity(changes.events.len());
        for event in &changes.events {
            feed.last_seq += 1;
            position += 1;
            let event = Event { seq: feed.last_seq, position, customer_id: customer.clone(), event: event.clone() };
            self.event_of_seq.put((customer.clone(), event.seq), position);
            self.events.put(position, event.clone());
            events.push(event);
        }
        self.feeds.put(customer.clone(), feed);
        self.last_position.put((), position);
        Ok(Committed { events })
    }

    fn write(&mut self, admitted: &Admitted<'_>, write: &Write) -> Result<(), StoreError> {
        match write {
            Write::Connection(row) => return self.put_connection(row),
            Write::Login(row) => return self.put_login(row),
            Write::UserPlatform(row) => return self.put_user_platform(row),
            Write::Chat(row) => return self.put_chat(row),
            Write::Participant(row) => return self.put_participant(row),
            Write::Message(row) => return self.put_message(row),
            Write::Command(row) => return self.put_command(row),
            Write::SyncStatus(row) => return self.put_sync_status(row),
            Write::Completeness(row) => return self.put_completeness(row),
            Write::CheckAll { connection_id, at, lost } => {
                self.check_all(admitted.customer()?, *connection_id, *at, *lost)
            }
            Write::Following(row) => return self.put_following(row),
            Write::FollowSoon { connection_id, at } => self.follow_soon(admitted.customer()?, *connection_id, *at),
            Write::CheckSoon { connection_id, at } => self.check_soon(admitted.customer()?, *connection_id, *at),
            Write::Upload(row) => {
                let key = (row.customer_id.clone(), row.id);
                guard(self.uploads.get(&key).map(|held| held.revision), row.revision)?;
                self.uploads.put(key, row.clone());
            }
            Write::RemoveUpload { id, revision } => {
                let key = (admitted.customer()?.clone(), *id);
                if self.uploads.get(&key).is_none_or(|held| held.revision != *revision) {
                    return Err(StoreError::Stale);
                }
                self.uploads.remove(&key);
            }
            Write::Name(naming) => return self.name(admitted.customer()?, naming),
            Write::Rename(naming) => self.names.put(name_key(admitted.customer()?, naming), naming.thing),
            Write::QueuePart(part) => {
                if !self.parts.has(&part_key(part)) {
                    self.parts.put(part_key(part), part.clone());
                }
            }
            Write::UpdatePart(part) => {
                if self.parts.has(&part_key(part)) {
                    self.parts.put(part_key(part), part.clone());
                }
            }
            Write::RemovePart { connection_id, intake_id, number } => {
                self.parts.remove(&(admitted.customer()?.clone(), *intake_id, *number, *connection_id));
            }
            Write::Routed(id) => self.routed(*id),
            Write::Unclaimed(part) => {
                let key = (part.intake_id, part.number);
                if !self.unclaimed.has(&key) {
                    self.unclaimed.put(key, part.clone());
                }
            }
            Write::SetAside(aside) => {
                let key = (admitted.customer()?.clone(), aside.chat_id, aside.external_id.clone());
                if self.asides.get(&key).is_none_or(|held| held.version <= aside.version) {
                    self.asides.put(key, aside.clone());
                }
            }
            Write::TakeUp { chat_id, external_id, version } => {
                let key = (admitted.customer()?.clone(), *chat_id, external_id.clone());
                if self.asides.get(&key).is_some_and(|held| held.version <= *version) {
                    self.asides.remove(&key);
                }
            }
            Write::Active { chat_id, at } => self.active(admitted.customer()?, *chat_id, *at),
            Write::EmptyChat(chat) => self.empty_chat(admitted.customer()?, *chat),
            Write::Quiet(chat) => {
                if !self.open_commands_of(admitted.customer()?, *chat).is_empty() {
                    return Err(StoreError::Stale);
                }
            }
            Write::Remember(answer) => {
                let key = (admitted.customer()?.clone(), answer.key.clone());
                if self.remembered.has(&key) {
                    return Err(StoreError::Stale);
                }
                self.remembered.put(key, answer.clone());
            }
            Write::Emoji(row) => self.put_emoji(row),
            Write::EmojiListed { connection_id, version } => {
                let before = self.emoji.rows().filter(|row| {
                    row.connection_id == *connection_id && row.version < *version && row.picture.is_some()
                });
                let customer = admitted.customer()?;
                let before: Vec<_> = before.filter(|row| row.customer_id == *customer).cloned().collect();
                for row in before {
                    self.put_emoji(&Emoji { picture: None, version: *version, ..row });
                }
            }
            Write::Identity { connection_id, identity } => {
                let key = (admitted.customer()?.clone(), *connection_id);
                if self.connections.get(&key).map(|held| held.identity) != Some(*identity) {
                    return Err(StoreError::Stale);
                }
            }
            Write::Expect { chat_id, generation } => {
                let held = self.chat(admitted.customer()?, *chat_id).map(|chat| chat.generation);
                if held != Some(*generation) {
                    return Err(StoreError::Stale);
                }
            }
        }
        Ok(())
    }

    fn name(&mut self, customer: &CustomerId, naming: &Naming) -> Result<(), StoreError> {
        let key = name_key(customer, naming);
        match self.names.get(&key) {
            Some(held) if *held == naming.thing => Ok(()),
            Some(_) => Err(StoreError::Stale),
            None => {
                self.names.put(key, naming.thing);
                Ok(())
            }
        }
    }

    fn put_emoji(&mut self, row: &Emoji) {
        let key = (row.customer_id.clone(), row.connection_id, row.name.clone());
        if self.emoji.get(&key).is_none_or(|held| row.is_later_than(held)) {
            self.emoji.put(key, row.clone());
        }
    }

    fn routed(&mut self, id: IntakeId) {
        if let Some(intake) = self.intakes.get(&id).filter(|row| !row.routed).map(|row| row.intake.clone()) {
            self.unrouted.remove(&id);
            self.intakes.put(id, IntakeRow { intake, routed: true });
        }
    }

    fn active(&mut self, customer: &CustomerId, chat: ChatId, at: Timestamp) {
        let key = (customer.clone(), chat);
        if let Some(row) = self.chats.get(&key).filter(|row| row.active_at < at) {
            let chat = row.chat.clone();
            self.chats.put(key, ChatRow { chat, active_at: at });
        }
    }

    fn empty_chat(&mut self, customer: &CustomerId, chat: ChatId) {
        self.completeness.remove(&(customer.clone(), chat));
        for id in self.message_ids(customer, chat) {
            if let Some(message) = self.messages.get(&(customer.clone(), id)).cloned() {
                self.remove_message(&message);
            }
            let names: Vec<_> = self.names_of(customer, id);
            for name in names {
                self.names.remove(&name);
            }
        }
        for command in self.commands_of(customer, chat) {
            self.remove_command(&command);
        }
        for external_id in self.aside_ids(customer, chat) {
            self.asides.remove(&(customer.clone(), chat, external_id));
        }
    }

    pub(super) fn append(&mut self, intake: &Intake) {
        if !self.intakes.has(&intake.id) {
            self.unrouted.put(intake.id, ());
            self.intakes.put(intake.id, IntakeRow { intake: intake.clone(), routed: false });
        }
    }

    pub(super) fn lease(&mut self, name: &str, holder: &str, now: Timestamp, until: Timestamp) -> bool {
        let name = name.to_owned();
        let free = self.leases.get(&name).is_none_or(|held| held.holder == holder || held.until <= now);
        if free {
            self.leases.put(name, LeaseRow { holder: holder.to_owned(), until });
        }
        free
    }

    pub(super) fn release(&mut self, name: &str, holder: &str) {
        let name = name.to_owned();
        if self.leases.get(&name).is_some_and(|held| held.holder == holder) {
            self.leases.remove(&name);
        }
    }

    pub(super) fn keep_pause(&mut self, name: &BucketName, now: Timestamp, until: Timestamp) {
        let over: Vec<_> =
            self.pauses.iter().filter(|(_, until)| **until <= now).map(|(name, _)| name.clone()).collect();
        over.iter().for_each(|name| self.pauses.remove(name));
        let until = self.pauses.get(name).copied().map_or(until, |held| held.max(until));
        self.pauses.put(name.clone(), until);
    }

    pub(super) fn take_ticket(&mut self, kind: &str, hash: &str, now: Timestamp) -> Option<Ticket> {
        let key = (kind.to_owned(), hash.to_owned());
        let ticket = self.tickets.get(&key).filter(|ticket| ticket.expires_at > now).cloned()?;
        self.tickets.remove(&key);
        Some(ticket)
    }

    pub(super) fn forget(&mut self, kept: KeptSince, now: Timestamp, limit: usize) -> usize {
        let ended = |until: Timestamp| until < now;
        let unclaimed: Vec<_> = earliest(self.unclaimed.iter(), limit, |part| part.until, ended);
        unclaimed.iter().for_each(|key| self.unclaimed.remove(key));
        let remembered: Vec<_> = earliest(self.remembered.iter(), limit, |answer| answer.until, ended);
        remembered.iter().for_each(|key| self.remembered.remove(key));
        let tickets: Vec<_> = earliest(self.tickets.iter(), limit, |ticket| ticket.expires_at, ended);
        tickets.iter().for_each(|key| self.tickets.remove(key));

        let others = self.forget_parked(kept.parked, limit) + self.forget_closed(kept, limit);
        let wanted = self.intakes.iter().filter(|(id, row)| row.routed && !self.refers_to(**id));
        let intakes: Vec<_> = earliest(wanted, limit, |row| row.intake.request.received_at, |at| at < kept.raw);
        intakes.iter().for_each(|id| self.intakes.remove(id));
        unclaimed.len() + remembered.len() + tickets.len() + others + intakes.len()
    }

    /// Parts that could not be read. Ids of requests begin with the time at which they came.
    fn forget_parked(&mut self, before: Timestamp, limit: usize) -> usize {
        let before = IntakeId::from(uuid_v7(before, [0; 10]));
        let parked = self.parts.iter().filter(|(_, part)| part.state != PartState::Waiting);
        let old = parked.filter(|(_, part)| part.intake_id < before);
        let mut old: Vec<_> = old.map(|(key, part)| ((part.intake_id, part.number), key.clone())).collect();
        old.sort();
        old.truncate(limit);
        old.iter().for_each(|(_, key)| self.parts.remove(key));
        old.len()
    }

    /// Runs that ended, and commands that were done.
    fn forget_closed(&mut self, kept: KeptSince, limit: usize) -> usize {
        let finished = |run: &SyncStatus| run.finished_at.unwrap_or_default();
        let closed = self.sync_statuses.iter().filter(|(_, run)| !run.is_open() && run.finished_at.is_some());
        let runs: Vec<_> = earliest(closed, limit, finished, |at| at < kept.runs);
        runs.iter().for_each(|key| self.sync_statuses.remove(key));
        let done = self.commands.iter().filter(|(_, command)| command.progress == Progress::Done);
        let done: Vec<_> = earliest(done, limit, |command| command.accepted_at, |at| at < kept.done);
        for key in &done {
            if let Some(command) = self.commands.get(key).cloned() {
                self.remove_command(&command);
            }
        }
        runs.len() + done.len()
    }

    pub(super) fn forget_events(&mut self, before: Timestamp, limit: usize) -> usize {
        // Only the log's beginning goes, so that what is kept has no gap even where clocks disagree.
        let old = self.events.iter().take(limit).take_while(|(_, event)| event.event.at < before);
        let old: Vec<_> = old.map(|(position, event)| (*position, event.customer_id.clone(), event.seq)).collect();
        for (position, customer, seq) in &old {
            self.events.remove(position);
            self.event_of_seq.remove(&(customer.clone(), *seq));
            let mut feed = self.feeds.get(customer).copied().unwrap_or_default();
            feed.forgotten_seq = feed.forgotten_seq.max(*seq);
            self.feeds.put(customer.clone(), feed);
        }
        old.len()
    }
}

fn name_key(customer: &CustomerId, naming: &Naming) -> (CustomerId, ConnectionId, NamedKind, ExternalId) {
    (customer.clone(), naming.connection_id, naming.thing.kind(), naming.external_id.clone())
}

fn part_key(part: &QueuedPart) -> (CustomerId, IntakeId, u32, ConnectionId) {
    (part.customer_id.clone(), part.intake_id, part.number, part.connection_id)
}

/// The keys of the rows that ended first.
fn earliest<'a, K: Ord + Clone + 'a, V: 'a>(
    rows: impl Iterator<Item = (&'a K, &'a V)>,
    limit: usize,
    end: impl Fn(&V) -> Timestamp,
    ended: impl Fn(Timestamp) -> bool,
) -> Vec<K> {
    let mut keys: Vec<_> = rows.map(|(key, row)| (end(row), key)).filter(|(at, _)| ended(*at)).collect();
    keys.sort();
    keys.into_iter().take(limit).map(|(_, key)| key.clone()).collect()
}
