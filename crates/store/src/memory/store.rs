//! `impl Store for Memory`: each call is one write or one read of the state.

use super::{Memory, held};
use async_trait::async_trait;
use model::{
    changes::{Aside, Changes, Remembered, Thing},
    chat::Chat,
    command::Command,
    connection::{Connection, Login},
    customer::CustomerId,
    emoji::Emoji,
    event::Event,
    id::{
        ChatId, CommandId, ConnectionId, ExternalAccount, ExternalId, Integration, LoginId, MessageId, SyncStatusId,
        UploadId,
    },
    limits::{Ask, Bucket, BucketName, Permit},
    message::Message,
    participant::Participant,
    retention::KeptSince,
    store::{Backlog, ChatFilter, Committed, ListedChat, NamedKind, Paging, Slice, Store, StoreError},
    sync_status::SyncStatus,
    time::Timestamp,
    upload::{Held, Upload},
    user_platform::UserPlatform,
};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Store for Memory {
    async fn commit(&self, changes: Changes) -> Answer<Committed> {
        self.write(move |state| state.commit(&changes)).await
    }

    async fn forget(&self, kept: KeptSince, now: Timestamp, limit: usize) -> Answer<usize> {
        self.write(move |state| Ok(state.forget(kept, now, limit))).await
    }

    async fn lease(&self, name: &str, holder: &str, now: Timestamp, until: Timestamp) -> Answer<bool> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.write(move |state| Ok(state.lease(&name, &holder, now, until))).await
    }

    async fn release(&self, name: &str, holder: &str) -> Answer<()> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.write(move |state| {
            state.release(&name, &holder);
            Ok(())
        })
        .await
    }

    async fn permit(&self, ask: &Ask) -> Answer<Permit> {
        Ok(held(&self.buckets).ask(ask))
    }

    async fn pause(&self, bucket: &BucketName, now: Timestamp, until: Timestamp) -> Answer<()> {
        held(&self.buckets).pause(bucket.clone(), until);
        let name = bucket.clone();
        self.write(move |state| {
            state.keep_pause(&name, now, until);
            Ok(())
        })
        .await
    }

    async fn bucket(&self, name: &BucketName) -> Answer<Option<Bucket>> {
        Ok(held(&self.buckets).bucket(name).cloned())
    }

    async fn connection(&self, customer: &CustomerId, id: ConnectionId) -> Answer<Option<Connection>> {
        Ok(self.read(|state| state.connections.get(&(customer.clone(), id)).cloned()))
    }

    async fn connections(&self, customer: &CustomerId) -> Answer<Vec<Connection>> {
        Ok(self.read(|state| state.connections_of(customer)))
    }

    async fn due_connections(&self, now: Timestamp, limit: usize) -> Answer<Vec<Connection>> {
        Ok(self.read(|state| {
            let due = |row: &Connection| row.standing.check_at.filter(|check_at| *check_at <= now);
            let mut rows: Vec<_> = state.connections.rows().filter(|row| due(row).is_some()).cloned().collect();
            rows.sort_by_key(|row| (due(row), row.customer_id.clone(), row.id));
            rows.truncate(limit);
            rows
        }))
    }

    async fn listeners(&self, integration: &Integration, account: &ExternalAccount) -> Answer<Vec<Connection>> {
        Ok(self.read(|state| {
            let rows = state.connections.rows().filter(|row| row.integration == *integration);
            rows.filter(|row| row.listens_to.contains(account)).cloned().collect()
        }))
    }

    async fn proven(&self, integration: &Integration, person: &ExternalId) -> Answer<Vec<Connection>> {
        Ok(self.read(|state| {
            let rows = state.connections.rows().filter(|row| row.integration == *integration);
            rows.filter(|row| row.person.contains(person)).cloned().collect()
        }))
    }

    async fn standing_on(&self, login: LoginId) -> Answer<Vec<Connection>> {
        Ok(self.read(|state| state.connections.rows().filter(|row| row.logins.contains(&login)).cloned().collect()))
    }

    async fn logins(&self, ids: &[LoginId]) -> Answer<Vec<Login>> {
        let ids = crate::order::once(ids.iter().copied());
        Ok(self.read(|state| ids.iter().filter_map(|id| state.logins.get(id).cloned()).collect()))
    }

    async fn login_of(&self, integration: &Integration, account: &ExternalAccount) -> Answer<Option<Login>> {
        let place = (integration.clone(), account.clone());
        Ok(self.read(|state| state.login_of_account.get(&place).and_then(|id| state.logins.get(id)).cloned()))
    }

    async fn due_logins(&self, now: Timestamp, limit: usize) -> Answer<Vec<Login>> {
        Ok(self.read(|state| {
            let due = |row: &Login| row.due_at().filter(|due_at| *due_at <= now).map(|due_at| (due_at, row.id));
            let mut rows: Vec<_> = state.logins.rows().filter(|row| due(row).is_some()).cloned().collect();
            rows.sort_by_key(due);
            rows.truncate(limit);
            rows
        }))
    }

    async fn user_platforms(&self, customer: &CustomerId) -> Answer<Vec<UserPlatform>> {
        let mut rows: Vec<_> = self
            .read(|state| state.user_platforms.rows().filter(|row| row.customer_id == *customer).cloned().collect());
        rows.sort_by_key(|row| (row.connection_id, row.id));
        Ok(rows)
    }

    async fn emoji_named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        names: &[String],
    ) -> Answer<Vec<Emoji>> {
        let key = |name: &String| (customer.clone(), connection, name.clone());
        Ok(self.read(|state| names.iter().filter_map(|name| state.emoji.get(&key(name)).cloned()).collect()))
    }

    async fn participants_named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        ids: &[ExternalId],
    ) -> Answer<Vec<Participant>> {
        Ok(self.read(|state| {
            let things = state.things(customer, connection, NamedKind::Participant, ids).into_iter();
            let rows = things.filter_map(|thing| match thing {
                Thing::Participant(id) => state.participants.get(&(customer.clone(), id)),
                Thing::Chat(_) | Thing::Message(_) => None,
            });
            rows.cloned().collect()
        }))
    }

    async fn people(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        text: &str,
        paging: &Paging,
    ) -> Answer<Slice<Participant>> {
        Ok(self.read(|state| state.people(customer, connection, text, paging)))
    }

    async fn named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        kind: NamedKind,
        id: &ExternalId,
    ) -> Answer<Option<Thing>> {
        let key = (customer.clone(), connection, kind, id.clone());
        Ok(self.read(|state| state.names.get(&key).copied()))
    }

    async fn chat(&self, customer: &CustomerId, id: ChatId) -> Answer<Option<Chat>> {
        Ok(self.read(|state| state.chat(customer, id).cloned()))
    }

    async fn chats_named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        ids: &[ExternalId],
    ) -> Answer<Vec<Chat>> {
        Ok(self.read(|state| {
            let things = state.things(customer, connection, NamedKind::Chat, ids).into_iter();
            let rows = things.filter_map(|thing| match thing {
                Thing::Chat(id) => state.chat(customer, id),
                Thing::Message(_) | Thing::Participant(_) => None,
            });
            rows.cloned().collect()
        }))
    }

    async fn chats(&self, customer: &CustomerId, filter: &ChatFilter, paging: &Paging) -> Answer<Slice<ListedChat>> {
        Ok(self.read(|state| state.chats_listed(customer, filter, paging)))
    }

    async fn listed_chat(&self, customer: &CustomerId, id: ChatId) -> Answer<Option<ListedChat>> {
        Ok(self.read(|state| state.chats.get(&(customer.clone(), id)).map(|row| state.listed(row))))
    }

    async fn message(&self, customer: &CustomerId, id: MessageId) -> Answer<Option<Message>> {
        Ok(self.read(|state| state.message(customer, id).cloned()))
    }

    async fn messages(&self, customer: &CustomerId, ids: &[MessageId]) -> Answer<Vec<Message>> {
        let ids = crate::order::once(ids.iter().copied());
        Ok(self.read(|state| ids.iter().filter_map(|id| state.message(customer, *id).cloned()).collect()))
    }

    async fn messages_named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        ids: &[ExternalId],
    ) -> Answer<Vec<Message>> {
        Ok(self.read(|state| {
            let things = state.things(customer, connection, NamedKind::Message, ids).into_iter();
            let rows = things.filter_map(|thing| match thing {
                Thing::Message(id) => state.message(customer, id),
                Thing::Chat(_) | Thing::Participant(_) => None,
            });
            rows.cloned().collect()
        }))
    }

    async fn messages_of(&self, customer: &CustomerId, chat: ChatId, paging: &Paging) -> Answer<Slice<Message>> {
        Ok(self.read(|state| state.messages_listed(customer, chat, paging)))
    }

    async fn asides(&self, customer: &CustomerId, chat: ChatId) -> Answer<Vec<Aside>> {
        Ok(self.read(|state| {
            let ids = state.aside_ids(customer, chat).into_iter();
            ids.filter_map(|id| state.asides.get(&(customer.clone(), chat, id)).cloned()).collect()
        }))
    }

    async fn due_asides(&self, now: Timestamp, limit: usize) -> Answer<Vec<(CustomerId, ChatId)>> {
        Ok(self.read(|state| state.due_asides(now, limit)))
    }

    async fn due_marks(&self, now: Timestamp, limit: usize) -> Answer<Vec<(CustomerId, ChatId)>> {
        Ok(self.read(|state| state.due_marks(now, limit)))
    }

    async fn due_chats(
        &self,
        now: Timestamp,
        after: Option<&CustomerId>,
        limit: usize,
    ) -> Answer<Vec<(CustomerId, ChatId)>> {
        Ok(self.read(|state| state.due_chats(now, after, limit)))
    }

    async fn open_commands(&self, customer: &CustomerId, chat: ChatId) -> Answer<Vec<Command>> {
        Ok(self.read(|state| state.open_commands_of(customer, chat)))
    }

    async fn command(&self, customer: &CustomerId, id: CommandId) -> Answer<Option<Command>> {
        Ok(self.read(|state| state.commands.get(&(customer.clone(), id)).cloned()))
    }

    async fn last_command(&self, customer: &CustomerId, message: MessageId) -> Answer<Option<Command>> {
        Ok(self.read(|state| state.last_command(customer, message)))
    }

    async fn open_command_count(&self, customer: &CustomerId, limit: usize) -> Answer<usize> {
        Ok(self.read(|state| state.open_command_count(customer, limit)))
    }

    async fn next_command_number(&self, customer: &CustomerId) -> Answer<u64> {
        Ok(self.read(|state| state.next_command_number(customer)))
    }

    async fn remembered(&self, customer: &CustomerId, key: &str) -> Answer<Option<Remembered>> {
        let key = (customer.clone(), key.to_owned());
        Ok(self.read(|state| state.remembered.get(&key).cloned()))
    }

    async fn upload(&self, customer: &CustomerId, id: UploadId) -> Answer<Option<Upload>> {
        Ok(self.read(|state| state.uploads.get(&(customer.clone(), id)).cloned()))
    }

    async fn uploads_of(&self, customer: &CustomerId, limit: usize) -> Answer<Vec<Upload>> {
        let is_theirs = |row: &&Upload| row.customer_id == *customer;
        Ok(self.read(|state| state.uploads.rows().filter(is_theirs).take(limit).cloned().collect()))
    }

    async fn uploads_held(&self, customer: &CustomerId) -> Answer<Held> {
        Ok(self.read(|state| state.uploads_held(customer)))
    }

    async fn due_uploads(&self, now: Timestamp, limit: usize) -> Answer<Vec<Upload>> {
        Ok(self.read(|state| state.due_uploads(now, limit)))
    }

    async fn due_syncs(&self, now: Timestamp, after: Option<&CustomerId>, limit: usize) -> Answer<Vec<SyncStatus>> {
        Ok(self.read(|state| state.due_syncs(now, after, limit)))
    }

    async fn sync_status(&self, customer: &CustomerId, id: SyncStatusId) -> Answer<Option<SyncStatus>> {
        Ok(self.read(|state| state.sync_statuses.get(&(customer.clone(), id)).cloned()))
    }

    async fn sync_statuses(
        &self,
        customer: &CustomerId,
        connection: Option<ConnectionId>,
        paging: &Paging,
    ) -> Answer<Slice<SyncStatus>> {
        Ok(self.read(|state| state.syncs_listed(customer, connection, paging)))
    }

    async fn events(&self, customer: &CustomerId, after: u64, limit: usize) -> Answer<Vec<Event>> {
        Ok(self.read(|state| state.events_after(customer, after, limit)))
    }

    async fn log(&self, after: u64, limit: usize) -> Answer<Vec<Event>> {
        Ok(self.read(|state| state.log_after(after, limit)))
    }

    async fn last_seq(&self, customer: &CustomerId) -> Answer<u64> {
        Ok(self.read(|state| state.feeds.get(customer).map_or(0, |feed| feed.last_seq)))
    }

    async fn forgotten_seq(&self, customer: &CustomerId) -> Answer<u64> {
        Ok(self.read(|state| state.feeds.get(customer).map_or(0, |feed| feed.forgotten_seq)))
    }

    async fn last_position(&self) -> Answer<u64> {
        Ok(self.read(|state| state.last_position()))
    }

    async fn forget_events(&self, before: Timestamp, limit: usize) -> Answer<usize> {
        self.write(move |state| Ok(state.forget_events(before, limit))).await
    }

    async fn next_due(&self) -> Answer<Option<Timestamp>> {
        Ok(self.read(|state| state.next_due()))
    }

    async fn backlog(&self, limit: usize) -> Answer<Backlog> {
        Ok(self.read(|state| state.backlog(limit)))
    }
}
