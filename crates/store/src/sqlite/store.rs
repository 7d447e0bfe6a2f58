//! `impl Store for Sqlite`: each call is one write or one read of the file.

use super::{
    Sqlite, emoji, forget, limits, measure, read,
    rows::{find, find_document, int, list_documents, number, thing},
    turns, write,
};
use crate::order;
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
    store::{Backlog, ChatFilter, Committed, Figures, ListedChat, NamedKind, Paging, Slice, Store, StoreError},
    sync_status::SyncStatus,
    time::Timestamp,
    upload::{Held, Upload},
    user_platform::UserPlatform,
};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Store for Sqlite {
    async fn commit(&self, changes: Changes) -> Answer<Committed> {
        self.write(move |db| write::commit(db, &changes)).await
    }

    async fn forget(&self, kept: KeptSince, now: Timestamp, limit: usize) -> Answer<usize> {
        self.write(move |db| forget::forget(db, kept, now, limit)).await
    }

    async fn lease(&self, name: &str, holder: &str, now: Timestamp, until: Timestamp) -> Answer<bool> {
        Ok(self.leases.take(name, holder, now, until))
    }

    async fn release(&self, name: &str, holder: &str) -> Answer<()> {
        self.leases.release(name, holder);
        Ok(())
    }

    async fn permit(&self, ask: &Ask) -> Answer<Permit> {
        Ok(self.limits.ask(ask))
    }

    async fn pause(&self, bucket: &BucketName, now: Timestamp, until: Timestamp) -> Answer<()> {
        self.limits.pause(bucket.clone(), until);
        let name = bucket.clone();
        self.write(move |db| limits::keep_pause(db, &name, now, until)).await
    }

    async fn bucket(&self, name: &BucketName) -> Answer<Option<Bucket>> {
        Ok(self.limits.bucket(name))
    }

    async fn connection(&self, customer: &CustomerId, id: ConnectionId) -> Answer<Option<Connection>> {
        self.document("select document from connections where customer_id = ?1 and id = ?2", customer, id).await
    }

    async fn connections(&self, customer: &CustomerId) -> Answer<Vec<Connection>> {
        let customer = customer.as_str().to_owned();
        self.read(move |db| {
            let sql = "select document from connections where customer_id = ?1 order by created_at, id";
            list_documents(db, sql, [customer])
        })
        .await
    }

    async fn due_connections(&self, now: Timestamp, limit: usize) -> Answer<Vec<Connection>> {
        self.read(move |db| {
            let sql = "select document from connections where due_at <= ?1 and due_at < 9223372036854775807
                       order by due_at, customer_id, id limit ?2";
            list_documents(db, sql, (now.micros(), int(limit)))
        })
        .await
    }

    async fn listeners(&self, integration: &Integration, account: &ExternalAccount) -> Answer<Vec<Connection>> {
        let values = (integration.0.clone(), account.0.clone());
        self.read(move |db| {
            let sql = "select document from listeners join connections
                       on connections.customer_id = listeners.customer_id and connections.id = connection_id
                       where listeners.integration = ?1 and listeners.account = ?2
                       order by listeners.customer_id, connection_id";
            list_documents(db, sql, values)
        })
        .await
    }

    async fn proven(&self, integration: &Integration, person: &ExternalId) -> Answer<Vec<Connection>> {
        let values = (integration.0.clone(), person.0.clone());
        self.read(move |db| {
            let sql = "select document from persons join connections
                       on connections.customer_id = persons.customer_id and connections.id = connection_id
                       where persons.integration = ?1 and external_id = ?2
                       order by persons.customer_id, connection_id";
            list_documents(db, sql, values)
        })
        .await
    }

    async fn standing_on(&self, login: LoginId) -> Answer<Vec<Connection>> {
        self.read(move |db| {
            let sql = "select document from standings join connections
                       on connections.customer_id = standings.customer_id and connections.id = connection_id
                       where login_id = ?1 order by standings.customer_id, connection_id";
            list_documents(db, sql, [login.to_string()])
        })
        .await
    }

    async fn logins(&self, ids: &[LoginId]) -> Answer<Vec<Login>> {
        let ids = order::once(ids.iter().copied());
        self.read(move |db| {
            let sql = "select document from logins where id = ?1";
            ids.iter().filter_map(|id| find_document(db, sql, [id.to_string()]).transpose()).collect()
        })
        .await
    }

    async fn login_of(&self, integration: &Integration, account: &ExternalAccount) -> Answer<Option<Login>> {
        let values = (integration.0.clone(), account.0.clone());
        self.read(move |db| {
            find_document(db, "select document from logins where integration = ?1 and account = ?2", values)
        })
        .await
    }

    async fn due_logins(&self, now: Timestamp, limit: usize) -> Answer<Vec<Login>> {
        self.read(move |db| {
            let sql = "select document from logins where due_at <= ?1 and due_at < 9223372036854775807
                       order by due_at, id limit ?2";
            list_documents(db, sql, (now.micros(), int(limit)))
        })
        .await
    }

    async fn user_platforms(&self, customer: &CustomerId) -> Answer<Vec<UserPlatform>> {
        let customer = customer.as_str().to_owned();
        self.read(move |db| {
            let sql = "select document from user_platforms where customer_id = ?1 order by connection_id, id";
            list_documents(db, sql, [customer])
        })
        .await
    }

    async fn emoji_named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        names: &[String],
    ) -> Answer<Vec<Emoji>> {
        let (customer, names) = (customer.clone(), names.to_vec());
        self.read(move |db| emoji::named(db, &customer, connection, &names)).await
    }

    async fn participants_named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        ids: &[ExternalId],
    ) -> Answer<Vec<Participant>> {
        let (customer, ids) = (customer.clone(), ids.to_vec());
        self.read(move |db| read::named(db, &customer, connection, NamedKind::Participant, &ids)).await
    }

    async fn people(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        text: &str,
        paging: &Paging,
    ) -> Answer<Slice<Participant>> {
        let (customer, text, paging) = (customer.clone(), text.to_owned(), paging.clone());
        self.read(move |db| read::people(db, &customer, connection, &text, &paging)).await
    }

    async fn named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        kind: NamedKind,
        id: &ExternalId,
    ) -> Answer<Option<Thing>> {
        let (customer, id) = (customer.clone(), id.clone());
        self.read(move |db| thing(db, &customer, &connection.to_string(), kind, &id)).await
    }

    async fn chat(&self, customer: &CustomerId, id: ChatId) -> Answer<Option<Chat>> {
        self.document("select document from chats where customer_id = ?1 and id = ?2", customer, id).await
    }

    async fn chats_named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        ids: &[ExternalId],
    ) -> Answer<Vec<Chat>> {
        let (customer, ids) = (customer.clone(), ids.to_vec());
        self.read(move |db| read::named(db, &customer, connection, NamedKind::Chat, &ids)).await
    }

    async fn chats(&self, customer: &CustomerId, filter: &ChatFilter, paging: &Paging) -> Answer<Slice<ListedChat>> {
        let (customer, filter, paging) = (customer.clone(), filter.clone(), paging.clone());
        self.read(move |db| read::chats(db, &customer, &filter, &paging)).await
    }

    async fn listed_chat(&self, customer: &CustomerId, id: ChatId) -> Answer<Option<ListedChat>> {
        let customer = customer.clone();
        self.read(move |db| read::listed_chat(db, &customer, id)).await
    }

    async fn message(&self, customer: &CustomerId, id: MessageId) -> Answer<Option<Message>> {
        self.document("select document from messages where customer_id = ?1 and id = ?2", customer, id).await
    }

    async fn messages(&self, customer: &CustomerId, ids: &[MessageId]) -> Answer<Vec<Message>> {
        let (customer, ids) = (customer.as_str().to_owned(), order::once(ids.iter().copied()));
        self.read(move |db| {
            let sql = "select document from messages where customer_id = ?1 and id = ?2";
            ids.iter().filter_map(|id| find_document(db, sql, (&customer, id.to_string())).transpose()).collect()
        })
        .await
    }

    async fn messages_named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        ids: &[ExternalId],
    ) -> Answer<Vec<Message>> {
        let (customer, ids) = (customer.clone(), ids.to_vec());
        self.read(move |db| read::named(db, &customer, connection, NamedKind::Message, &ids)).await
    }

    async fn messages_of(&self, customer: &CustomerId, chat: ChatId, paging: &Paging) -> Answer<Slice<Message>> {
        let (customer, paging) = (customer.clone(), paging.clone());
        self.read(move |db| read::messages_of(db, &customer, chat, &paging)).await
    }

    async fn asides(&self, customer: &CustomerId, chat: ChatId) -> Answer<Vec<Aside>> {
        let values = (customer.as_str().to_owned(), chat.to_string());
        self.read(move |db| {
            let sql = "select document from asides where customer_id = ?1 and chat_id = ?2 order by external_id";
            list_documents(db, sql, values)
        })
        .await
    }

    async fn due_asides(&self, now: Timestamp, limit: usize) -> Answer<Vec<(CustomerId, ChatId)>> {
        self.read(move |db| read::due_asides(db, now, limit)).await
    }

    async fn due_marks(&self, now: Timestamp, limit: usize) -> Answer<Vec<(CustomerId, ChatId)>> {
        self.read(move |db| read::due_marks(db, now, limit)).await
    }

    async fn due_chats(
        &self,
        now: Timestamp,
        after: Option<&CustomerId>,
        limit: usize,
    ) -> Answer<Vec<(CustomerId, ChatId)>> {
        let after = after.map_or_else(String::new, |after| after.as_str().to_owned());
        self.read(move |db| turns::due_chats(db, now, &after, limit)).await
    }

    async fn open_commands(&self, customer: &CustomerId, chat: ChatId) -> Answer<Vec<Command>> {
        let values = (customer.as_str().to_owned(), chat.to_string());
        self.read(move |db| {
            let sql =
                "select document from commands where customer_id = ?1 and chat_id = ?2 and open = 1 order by number";
            list_documents(db, sql, values)
        })
        .await
    }

    async fn command(&self, customer: &CustomerId, id: CommandId) -> Answer<Option<Command>> {
        self.document("select document from commands where customer_id = ?1 and id = ?2", customer, id).await
    }

    async fn last_command(&self, customer: &CustomerId, message: MessageId) -> Answer<Option<Command>> {
        let sql = "select document from commands where customer_id = ?1 and message_id = ?2
                   order by number desc limit 1";
        self.document(sql, customer, message).await
    }

    async fn open_command_count(&self, customer: &CustomerId, limit: usize) -> Answer<usize> {
        let customer = customer.as_str().to_owned();
        self.read(move |db| measure::open_command_count(db, &customer, limit)).await
    }

    async fn next_command_number(&self, customer: &CustomerId) -> Answer<u64> {
        let customer = customer.as_str().to_owned();
        self.read(move |db| {
            let sql = "select number from commands where customer_id = ?1 order by number desc limit 1";
            Ok(find(db, sql, [customer], |row| number(row, 0))?.map_or(1, |last| last.saturating_add(1)))
        })
        .await
    }

    async fn remembered(&self, customer: &CustomerId, key: &str) -> Answer<Option<Remembered>> {
        self.document("select document from remembered where customer_id = ?1 and key = ?2", customer, key).await
    }

    async fn upload(&self, customer: &CustomerId, id: UploadId) -> Answer<Option<Upload>> {
        self.document("select document from uploads where customer_id = ?1 and id = ?2", customer, id).await
    }

    async fn uploads_of(&self, customer: &CustomerId, limit: usize) -> Answer<Vec<Upload>> {
        let customer = customer.clone();
        self.read(move |db| {
            let sql = "select document from uploads where customer_id = ?1 order by id limit ?2";
            list_documents(db, sql, (customer.as_str(), int(limit)))
        })
        .await
    }

    async fn uploads_held(&self, customer: &CustomerId) -> Answer<Held> {
        let customer = customer.clone();
        self.read(move |db| read::uploads_held(db, &customer)).await
    }

    async fn due_uploads(&self, now: Timestamp, limit: usize) -> Answer<Vec<Upload>> {
        self.read(move |db| {
            let sql = "select document from uploads where due_at <= ?1 order by due_at, customer_id, id limit ?2";
            list_documents(db, sql, (now.micros(), int(limit)))
        })
        .await
    }

    async fn due_syncs(&self, now: Timestamp, after: Option<&CustomerId>, limit: usize) -> Answer<Vec<SyncStatus>> {
        let after = after.map_or_else(String::new, |after| after.as_str().to_owned());
        self.read(move |db| turns::due_syncs(db, now, &after, limit)).await
    }

    async fn sync_status(&self, customer: &CustomerId, id: SyncStatusId) -> Answer<Option<SyncStatus>> {
        self.document("select document from sync_statuses where customer_id = ?1 and id = ?2", customer, id).await
    }

    async fn sync_statuses(
        &self,
        customer: &CustomerId,
        connection: Option<ConnectionId>,
        paging: &Paging,
    ) -> Answer<Slice<SyncStatus>> {
        let (customer, paging) = (customer.clone(), paging.clone());
        self.read(move |db| read::sync_statuses(db, &customer, connection, &paging)).await
    }

    async fn events(&self, customer: &CustomerId, after: u64, limit: usize) -> Answer<Vec<Event>> {
        let customer = customer.clone();
        self.read(move |db| read::events(db, &customer, after, limit)).await
    }

    async fn log(&self, after: u64, limit: usize) -> Answer<Vec<Event>> {
        self.read(move |db| read::log(db, after, limit)).await
    }

    async fn last_seq(&self, customer: &CustomerId) -> Answer<u64> {
        self.counter("select last_seq from feeds where customer_id = ?1", customer).await
    }

    async fn forgotten_seq(&self, customer: &CustomerId) -> Answer<u64> {
        self.counter("select forgotten_seq from feeds where customer_id = ?1", customer).await
    }

    async fn last_position(&self) -> Answer<u64> {
        self.read(|db| Ok(find(db, "select last_position from log", [], |row| number(row, 0))?.unwrap_or(0))).await
    }

    async fn forget_events(&self, before: Timestamp, limit: usize) -> Answer<usize> {
        self.write(move |db| forget::forget_events(db, before, limit)).await
    }

    async fn next_due(&self) -> Answer<Option<Timestamp>> {
        self.read(read::next_due).await
    }

    async fn backlog(&self, limit: usize) -> Answer<Backlog> {
        self.read(move |db| measure::backlog(db, limit)).await
    }

    fn figures(&self) -> Figures {
        self.meter.figures()
    }
}
