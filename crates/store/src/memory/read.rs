//! The memory store's reads of one state.

use super::state::{ChatRow, Edge, State};
use crate::{
    order::{self, Place, Start},
    turns::turns_of,
};
use model::{
    changes::Thing,
    chat::Chat,
    command::Command,
    connection::{Connection, Login},
    customer::CustomerId,
    event::Event,
    id::{ChatId, ConnectionId, ExternalId, IntakeId, MessageId, ParticipantId, SyncStatusId},
    intake::{Intake, PartId, PartState, QueuedPart},
    message::{Direction, Message},
    participant::Participant,
    store::{Backlog, ChatFilter, Lane, ListedChat, NamedKind, Paging, Slice, UNREAD_COUNTED},
    sync_status::SyncStatus,
    time::Timestamp,
    upload::{Held, Upload},
};
use std::cmp::Reverse;

impl State {
    pub(super) fn last_position(&self) -> u64 {
        self.last_position.get(&()).copied().unwrap_or(0)
    }

    pub(super) fn chat(&self, customer: &CustomerId, id: ChatId) -> Option<&Chat> {
        self.chats.get(&(customer.clone(), id)).map(|row| &row.chat)
    }

    pub(super) fn message(&self, customer: &CustomerId, id: MessageId) -> Option<&Message> {
        self.messages.get(&(customer.clone(), id))
    }

    /// The messages of a chat that stand before `end`, in the order of their places, shown or not.
    fn places(&self, customer: &CustomerId, chat: ChatId, end: Edge) -> impl DoubleEndedIterator<Item = MessageId> {
        let range = (customer.clone(), chat, Edge::Oldest)..(customer.clone(), chat, end);
        self.messages_of_chat.range(range).filter_map(|((_, _, place), _)| match place {
            Edge::At(_, id) => Some(*id),
            Edge::Oldest | Edge::Newest => None,
        })
    }

    pub(super) fn message_ids(&self, customer: &CustomerId, chat: ChatId) -> Vec<MessageId> {
        self.places(customer, chat, Edge::Newest).collect()
    }

    /// The messages of a chat that can be seen and are not deleted, in the order of their places.
    pub(super) fn living_messages(&self, customer: &CustomerId, chat: ChatId) -> impl Iterator<Item = &Message> {
        let owner = customer.clone();
        let rows = self.places(customer, chat, Edge::Newest);
        let rows = rows.filter_map(move |id| self.messages.get(&(owner.clone(), id)));
        rows.filter(|row| row.is_shown() && !row.facets.is_deleted())
    }

    pub(super) fn names_of(
        &self,
        customer: &CustomerId,
        message: MessageId,
    ) -> Vec<(CustomerId, ConnectionId, NamedKind, ExternalId)> {
        let names =
            self.names.iter().filter(|((owner, ..), thing)| owner == customer && **thing == Thing::Message(message));
        names.map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn commands_of(&self, customer: &CustomerId, chat: ChatId) -> Vec<Command> {
        let rows = self.commands.rows().filter(|row| row.customer_id == *customer && row.chat_id == chat);
        rows.cloned().collect()
    }

    pub(super) fn aside_ids(&self, customer: &CustomerId, chat: ChatId) -> Vec<ExternalId> {
        let first = (customer.clone(), chat, ExternalId(String::new()));
        let rows = self.asides.range(first..);
        rows.map(|(key, _)| key)
            .take_while(|(owner, of, _)| owner == customer && *of == chat)
            .map(|(.., external_id)| external_id.clone())
            .collect()
    }

    /// Whether a part still needs the request's bytes.
    pub(super) fn refers_to(&self, intake: IntakeId) -> bool {
        self.unclaimed.range((intake, 0)..=(intake, u32::MAX)).next().is_some()
            || self.parts.rows().any(|part| part.intake_id == intake)
    }

    pub(super) fn intakes_of(&self, ids: &[IntakeId]) -> Vec<Intake> {
        let rows = order::once(ids.iter().copied()).into_iter().filter_map(|id| self.intakes.get(&id));
        rows.map(|row| row.intake.clone()).collect()
    }

    fn waiting_parts(&self) -> impl Iterator<Item = &QueuedPart> {
        self.parts.rows().filter(|part| part.state == PartState::Waiting)
    }

    pub(super) fn backlog(&self, limit: usize) -> Backlog {
        let up_to = |count: usize| count.min(limit) as u64;
        let parked = self.parts.iter().filter(|(_, part)| part.state != PartState::Waiting).count();
        Backlog {
            intakes: up_to(self.unrouted.iter().count()),
            parts: up_to(self.waiting_parts().count()),
            parked: up_to(parked),
            commands: up_to(self.commands.iter().filter(|(_, command)| command.is_open()).count()),
            runs: up_to(self.sync_statuses.iter().filter(|(_, sync)| sync.is_open()).count()),
        }
    }

    pub(super) fn part_lanes(&self, now: Timestamp, after: Option<&CustomerId>, limit: usize) -> Vec<Lane> {
        let mut due: Vec<_> = self.waiting_parts().filter(|part| part.due_at <= now).collect();
        due.sort_by_key(|part| (part.due_at, part.intake_id, part.number, part.connection_id));
        let lanes = due.into_iter().map(|part| Lane {
            customer_id: part.customer_id.clone(),
            connection_id: part.connection_id,
            chat: part.chat.clone(),
        });
        turns_of(order::once(lanes), |lane| &lane.customer_id, after, limit)
    }

    pub(super) fn parts_of(&self, lane: &Lane, now: Timestamp, limit: usize) -> Vec<QueuedPart> {
        let rows = self.waiting_parts().filter(|part| {
            part.customer_id == lane.customer_id
                && part.connection_id == lane.connection_id
                && part.chat == lane.chat
                && part.due_at <= now
        });
        rows.take(limit).cloned().collect()
    }

    pub(super) fn part(&self, customer: &CustomerId, id: PartId) -> Option<QueuedPart> {
        self.parts.get(&(customer.clone(), id.intake_id, id.number, id.connection_id)).cloned()
    }

    pub(super) fn parked(&self, customer: &CustomerId, paging: &Paging) -> Slice<QueuedPart> {
        let before = match order::start::<u8, PartId>(paging) {
            Start::Nowhere => return order::nothing(),
            Start::First => None,
            Start::After(place) => Some(place.id),
        };
        let rows = self.parts.rows().rev().filter(|part| part.customer_id == *customer);
        let rows = rows.filter(|part| part.state != PartState::Waiting);
        let rows = rows.filter(|part| before.is_none_or(|before| part.id() < before));
        let items = rows.take(paging.limit.saturating_add(1)).cloned().collect();
        order::slice(items, paging.limit, |row: &QueuedPart| Place { key: 0_u8, id: row.id() }.text())
    }

    pub(super) fn routed_since(&self, since: Timestamp, after: Option<IntakeId>, limit: usize) -> Vec<Intake> {
        let came = |id: IntakeId| self.intakes.get(&id).map_or(id.came_at(), |row| row.intake.request.received_at);
        let after = after.map(|id| (came(id), id));
        let mut rows: Vec<_> = self.intakes.rows().filter(|row| row.routed).map(|row| &row.intake).collect();
        rows.retain(|intake| intake.request.received_at >= since);
        rows.retain(|intake| after.is_none_or(|after| (intake.request.received_at, intake.id) > after));
        rows.sort_by_key(|intake| (intake.request.received_at, intake.id));
        rows.into_iter().take(limit).cloned().collect()
    }

    pub(super) fn connections_of(&self, customer: &CustomerId) -> Vec<Connection> {
        let mut rows: Vec<_> = self.connections.rows().filter(|row| row.customer_id == *customer).cloned().collect();
        rows.sort_by_key(|row| (row.created_at, row.id));
        rows
    }

    pub(super) fn things(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        kind: NamedKind,
        ids: &[ExternalId],
    ) -> Vec<Thing> {
        let key = |id: &ExternalId| (customer.clone(), connection, kind, id.clone());
        order::once(ids.iter().filter_map(|id| self.names.get(&key(id)).copied()))
    }

    pub(super) fn people(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        text: &str,
        paging: &Paging,
    ) -> Slice<Participant> {
        let after = match order::start::<String, ParticipantId>(paging) {
            Start::Nowhere => return order::nothing(),
            Start::First => None,
            Start::After(place) => Some((place.key, place.id)),
        };
        let text = order::folded(text);
        let rows = self.participants.rows().filter(|row| {
            row.customer_id == *customer
                && row.connection_id == connection
                && order::search_lines(row).is_some_and(|lines| lines.contains(&text))
        });
        let mut rows: Vec<_> = rows.map(|row| ((order::name_key(row), row.id), row)).collect();
        rows.sort_by(|left, right| left.0.cmp(&right.0));
        let rows = rows.into_iter().filter(|(place, _)| after.as_ref().is_none_or(|after| place > after));
        let items = rows.map(|(_, row)| row.clone()).take(paging.limit.saturating_add(1)).collect();
        order::slice(items, paging.limit, |row: &Participant| Place { key: order::name_key(row), id: row.id }.text())
    }

    pub(super) fn chats_listed(
        &self,
        customer: &CustomerId,
        filter: &ChatFilter,
        paging: &Paging,
    ) -> Slice<ListedChat> {
        let after = match order::start::<i64, ChatId>(paging) {
            Start::Nowhere => return order::nothing(),
            Start::First => None,
            Start::After(place) => Some((Timestamp::from_micros(place.key), place.id)),
        };
        let rows = self.chats.rows().filter(|row| {
            row.chat.customer_id == *customer
                && filter.connection.is_none_or(|connection| connection == row.chat.connection_id)
                && filter.state.is_none_or(|state| state == row.chat.state)
                && (!filter.unread || self.unread(&row.chat).is_some_and(|count| count > 0))
                && after.is_none_or(|after| (row.active_at, row.chat.id) < after)
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_key(|row| Reverse((row.active_at, row.chat.id)));
        let rows = rows.into_iter().take(paging.limit.saturating_add(1));
        let items = rows.map(|row| self.listed(row)).collect();
        order::slice(items, paging.limit, |row: &ListedChat| {
            Place { key: row.active_at.micros(), id: row.chat.id }.text()
        })
    }

    pub(super) fn listed(&self, row: &ChatRow) -> ListedChat {
        let customer = &row.chat.customer_id;
        let newest = self.places(customer, row.chat.id, Edge::Newest).rev();
        let mut newest = newest.filter_map(|id| self.message(customer, id));
        let last_message = newest.find(|message| message.is_shown() && !message.facets.is_deleted());
        let unread_count = self.unread(&row.chat);
        let (chat, last_message) = (row.chat.clone(), last_message.cloned());
        ListedChat { chat, active_at: row.active_at, last_message, unread_count }
    }

    /// How many messages of others stand after the read mark, as far as they are counted.
    fn unread(&self, chat: &Chat) -> Option<u32> {
        let mark = chat.read.as_ref()?;
        let newest = self.places(&chat.customer_id, chat.id, Edge::Newest).rev();
        let newest = newest.filter_map(|id| self.message(&chat.customer_id, id));
        let unread = newest
            .take_while(|row| row.position > mark.position)
            .filter(|row| row.direction == Direction::Incoming && row.is_shown() && !row.facets.is_deleted());
        u32::try_from(unread.take(UNREAD_COUNTED as usize).count()).ok()
    }

    pub(super) fn due_marks(&self, now: Timestamp, limit: usize) -> Vec<(CustomerId, ChatId)> {
        let due = self.chats.rows().filter_map(|row| Some((row.chat.mark_due_at?, &row.chat)));
        let mut due: Vec<_> = due.filter(|(at, _)| *at <= now).collect();
        due.sort_by_key(|(at, chat)| (*at, &chat.customer_id, chat.id));
        due.into_iter().take(limit).map(|(_, chat)| (chat.customer_id.clone(), chat.id)).collect()
    }

    pub(super) fn messages_listed(&self, customer: &CustomerId, chat: ChatId, paging: &Paging) -> Slice<Message> {
        let end = match order::start::<String, MessageId>(paging) {
            Start::Nowhere => return order::nothing(),
            Start::First => Edge::Newest,
            Start::After(place) => Edge::At(place.key, place.id),
        };
        let places = self.places(customer, chat, end).rev();
        let shown = places.filter_map(|id| self.message(customer, id)).filter(|row| row.is_shown());
        let items = shown.take(paging.limit.saturating_add(1)).cloned().collect();
        order::slice(items, paging.limit, |row: &Message| Place { key: row.position.clone(), id: row.id }.text())
    }

    pub(super) fn due_asides(&self, now: Timestamp, limit: usize) -> Vec<(CustomerId, ChatId)> {
        let due = self.asides.iter().filter(|(_, aside)| aside.until <= now);
        let mut due: Vec<_> = due.map(|((customer, chat, _), aside)| (aside.until, customer, *chat)).collect();
        due.sort();
        let chats = due.into_iter().map(|(_, customer, chat)| (customer.clone(), chat));
        order::once(chats).into_iter().take(limit).collect()
    }

    /// The first open command of each chat. Later ones wait behind it.
    fn first_commands(&self) -> impl Iterator<Item = &Command> {
        let mut last: Option<(&CustomerId, ChatId)> = None;
        self.open_commands.iter().filter_map(move |((customer, chat, _), id)| {
            let first = last.replace((customer, *chat)) != Some((customer, *chat));
            if first { self.commands.get(&(customer.clone(), *id)) } else { None }
        })
    }

    pub(super) fn due_chats(
        &self,
        now: Timestamp,
        after: Option<&CustomerId>,
        limit: usize,
    ) -> Vec<(CustomerId, ChatId)> {
        let mut due: Vec<_> = self.first_commands().filter(|command| command.due_at <= now).collect();
        due.sort_by_key(|command| (command.due_at, command.chat_id));
        let chats = due.into_iter().map(|command| (command.customer_id.clone(), command.chat_id)).collect();
        turns_of(chats, |(customer, _)| customer, after, limit)
    }

    pub(super) fn open_commands_of(&self, customer: &CustomerId, chat: ChatId) -> Vec<Command> {
        let range = (customer.clone(), chat, 0)..=(customer.clone(), chat, u64::MAX);
        let ids = self.open_commands.range(range).map(|(_, id)| **id);
        ids.filter_map(|id| self.commands.get(&(customer.clone(), id)).cloned()).collect()
    }

    pub(super) fn last_command(&self, customer: &CustomerId, message: MessageId) -> Option<Command> {
        let range = (customer.clone(), message, 0)..=(customer.clone(), message, u64::MAX);
        let (_, id) = self.commands_of_message.range(range).next_back()?;
        self.commands.get(&(customer.clone(), **id)).cloned()
    }

    pub(super) fn open_command_count(&self, customer: &CustomerId, limit: usize) -> usize {
        self.open_commands.iter().filter(|((owner, ..), _)| owner == customer).take(limit).count()
    }

    pub(super) fn next_command_number(&self, customer: &CustomerId) -> u64 {
        let range = (customer.clone(), 0)..=(customer.clone(), u64::MAX);
        self.command_of_number.range(range).next_back().map_or(1, |((_, number), _)| number.saturating_add(1))
    }

    pub(super) fn uploads_held(&self, customer: &CustomerId) -> Held {
        let theirs = self.uploads.rows().filter(|row| row.customer_id == *customer);
        let add = |held: Held, row: &Upload| Held { uploads: held.uploads + 1, bytes: held.bytes + row.size_bytes };
        theirs.fold(Held::default(), add)
    }

    pub(super) fn due_uploads(&self, now: Timestamp, limit: usize) -> Vec<Upload> {
        let mut due: Vec<_> = self.uploads.rows().filter(|row| row.due_at <= now).collect();
        due.sort_by_key(|row| (row.due_at, row.customer_id.clone(), row.id));
        due.into_iter().take(limit).cloned().collect()
    }

    pub(super) fn due_syncs(&self, now: Timestamp, after: Option<&CustomerId>, limit: usize) -> Vec<SyncStatus> {
        let mut due: Vec<_> = self.sync_statuses.rows().filter(|row| row.is_open() && row.due_at <= now).collect();
        due.sort_by_key(|row| (row.due_at, row.id));
        turns_of(due, |row| &row.customer_id, after, limit).into_iter().cloned().collect()
    }

    pub(super) fn syncs_listed(
        &self,
        customer: &CustomerId,
        connection: Option<ConnectionId>,
        paging: &Paging,
    ) -> Slice<SyncStatus> {
        let after = match order::start::<i64, SyncStatusId>(paging) {
            Start::Nowhere => return order::nothing(),
            Start::First => None,
            Start::After(place) => Some((Timestamp::from_micros(place.key), place.id)),
        };
        let rows = self.sync_statuses.rows().filter(|row| {
            row.customer_id == *customer
                && connection.is_none_or(|connection| connection == row.connection_id)
                && after.is_none_or(|after| (row.created_at, row.id) < after)
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_key(|row| Reverse((row.created_at, row.id)));
        let items = rows.into_iter().take(paging.limit.saturating_add(1)).cloned().collect();
        order::slice(items, paging.limit, |row: &SyncStatus| Place { key: row.created_at.micros(), id: row.id }.text())
    }

    pub(super) fn events_after(&self, customer: &CustomerId, after: u64, limit: usize) -> Vec<Event> {
        let range = (customer.clone(), after)..=(customer.clone(), u64::MAX);
        let positions = self.event_of_seq.range(range).filter(|((_, seq), _)| *seq > after).take(limit);
        positions.filter_map(|(_, position)| self.events.get(position).cloned()).collect()
    }

    pub(super) fn log_after(&self, after: u64, limit: usize) -> Vec<Event> {
        let rows = self.events.range(after..).filter(|(position, _)| **position > after).take(limit);
        rows.map(|(_, event)| (**event).clone()).collect()
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let parts = self.waiting_parts().map(|part| part.due_at).min();
        let commands = self.first_commands().map(|command| command.due_at).min();
        let syncs = self.sync_statuses.rows().filter(|row| row.is_open()).map(|row| row.due_at).min();
        let asides = self.asides.rows().map(|aside| aside.until).min();
        let checks = self.completeness.rows().map(|row| row.due_at).min();
        let followings = self.followings.rows().map(|row| row.due_at).min();
        let logins = self.logins.rows().filter_map(Login::due_at).min();
        let connections = self.connections.rows().filter_map(|row| row.standing.check_at).min();
        let marks = self.chats.rows().filter_map(|row| row.chat.mark_due_at).min();
        [parts, commands, syncs, asides, checks, followings, logins, connections, marks].into_iter().flatten().min()
    }
}
