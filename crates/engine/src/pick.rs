//! What a person or the app asks of chats: to import, compare and delete them, to stop and retry runs.

use crate::{CALL_TIMEOUT, Engine, EngineError, take_in::News};
use model::{
    changes::{Changes, Write},
    chat::{Chat, ChatKind, ChatState},
    completeness::Completeness,
    connection::Connection,
    connector::{Page, Reading},
    customer::CustomerId,
    event::{EventKind, NewEvent, Origin, Subject},
    id::{ChatId, ConnectionId, Cursor, ExternalId, SyncStatusId},
    label::Label,
    limits::Purpose,
    store::StoreError,
    sync_status::{Selection, SyncKind, SyncState, SyncStatus},
    time::Timestamp,
    update::Update,
};
use std::collections::BTreeSet;

/// How many pages of chats are read to find those that were picked.
const MOST_PAGES_LISTED: usize = 20;

impl Engine {
    /// Imports chats that a person or the app picked.
    pub async fn import_chats(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        chats: &[ExternalId],
        since: Option<Timestamp>,
    ) -> Result<Vec<SyncStatus>, EngineError> {
        let connection = self.importable(customer, connection).await?;
        if chats.len() > 1 {
            self.make_listed_known(&connection, chats).await?;
        }
        let mut runs = Vec::new();
        for external_id in chats {
            self.make_known(&connection, external_id).await?;
            runs.push(self.begin_import(&connection, external_id, since).await?);
        }
        Ok(runs)
    }

    /// Imports every chat that the customer's person is in, of those that are wanted.
    pub async fn import_all(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        selection: Selection,
    ) -> Result<SyncStatus, EngineError> {
        let connection = self.importable(customer, connection).await?;
        self.check_searched(&connection, &selection)?;
        let sync = self.new_sync(&connection, None, SyncKind::Import, selection.since);
        self.begin(SyncStatus { selection, ..sync }, Vec::new(), Vec::new()).await
    }

    /// Refuses to pass over what was asked for: whoever picks some does not want all.
    pub(crate) fn check_searched(&self, connection: &Connection, selection: &Selection) -> Result<(), EngineError> {
        if !selection.needs_search() || self.offered(&connection.integration)?.connector.describe().searches {
            return Ok(());
        }
        let detail = "The chats of this platform cannot be searched, and have no labels.";
        Err(EngineError::refused("not_possible", detail))
    }

    async fn importable(&self, customer: &CustomerId, id: ConnectionId) -> Result<Connection, EngineError> {
        let connection = self.own_connection(customer, id).await?;
        if connection.is_open() {
            return Ok(connection);
        }
        let detail =
            connection.reason.unwrap_or_else(|| "The connection is closed. Connect again, then import.".to_owned());
        Err(EngineError::refused("connection_closed", detail))
    }

    /// Learns of many chats by listing them: asked for one by one, they would need more calls than a platform
    /// allows. What no list shows is asked for by itself.
    async fn make_listed_known(&self, connection: &Connection, picked: &[ExternalId]) -> Result<(), EngineError> {
        let known = self.store().chats_named(&connection.customer_id, connection.id, picked).await?;
        let is_known = |id: &&ExternalId| known.iter().any(|chat| chat.is_called(id) && is_member(chat));
        let mut left: BTreeSet<_> = picked.iter().filter(|id| !is_known(id)).collect();
        let mut cursor = None;
        for _ in 0..MOST_PAGES_LISTED {
            if left.is_empty() {
                break;
            }
            let asked_at = Some(self.now());
            let page = self.ask_now(connection, &Reading::Chats(Selection::default()), cursor.as_ref()).await?.0;
            let wanted = |update: &Update| update.chat().is_some_and(|chat| picked.contains(chat));
            let updates: Vec<_> = page.updates.into_iter().filter(wanted).collect();
            left.retain(|id| !updates.iter().any(|update| update.chat() == Some(id)));
            let news = News::new(connection, updates, Origin::Import);
            self.take_in(&News { lists_own_chats: true, asked_at, ..news }).await?;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Learns of a chat that was picked before anybody listed it. Only whose person is in it may.
    async fn make_known(&self, connection: &Connection, external_id: &ExternalId) -> Result<(), EngineError> {
        let named = std::slice::from_ref(external_id);
        let known = self.store().chats_named(&connection.customer_id, connection.id, named).await?.pop();
        if known.as_ref().is_some_and(is_member) {
            return Ok(()); // The run itself asks again.
        }
        let asked = Reading::Membership(external_id.clone());
        let mut updates = self.ask_now(connection, &asked, None).await?.0.updates;
        if !updates.iter().any(|update| matches!(update, Update::Member { member: true, .. })) {
            return Err(EngineError::refused(
                "not_a_member",
                format!("There is no chat {external_id} that you are in."),
            ));
        }
        updates.extend(self.ask_now(connection, &Reading::Chat(external_id.clone()), None).await?.0.updates);
        self.take_in(&News::new(connection, updates, Origin::Import)).await
    }

    /// A chat that is not imported gets a new generation; one that is, only one more run.
    pub(crate) async fn begin_import(
        &self,
        connection: &Connection,
        external_id: &ExternalId,
        since: Option<Timestamp>,
    ) -> Result<SyncStatus, EngineError> {
        loop {
            let named = std::slice::from_ref(external_id);
            let chat = self.store().chats_named(&connection.customer_id, connection.id, named).await?.pop();
            let mut chat = chat.ok_or(EngineError::NotFound)?;
            check_is_there(&chat)?;
            // A mail thread comes whole: an answer says little without what it answers.
            let is_thread = chat.facts.as_ref().is_some_and(|facts| facts.value.kind == ChatKind::EmailThread);
            let since = since.filter(|_| !is_thread);
            let (mut writes, mut events) = (Vec::new(), Vec::new());
            if !chat.is_imported() {
                chat.state = ChatState::Imported;
                chat.imported_as_of = None;
                chat.generation += 1;
                chat.revision += 1;
                chat.updated_at = self.now();
                events.push(self.chat_event(&chat, EventKind::ChatCreated));
                writes.push(Write::Chat(chat.clone()));
                let wanted = since.unwrap_or_default();
                writes.push(Write::Completeness(Completeness::new(&chat, wanted, self.now())));
            }
            let sync = self.new_sync(connection, Some(&chat), SyncKind::Import, since);
            match self.begin(sync, writes, events).await {
                Err(EngineError::Store(StoreError::Stale)) => {}
                begun => return begun,
            }
        }
    }

    /// Begins a run. What it is about must be there still: whoever comes late must leave nothing of a customer who
    /// was erased meanwhile.
    pub(crate) async fn begin(
        &self,
        sync: SyncStatus,
        mut writes: Vec<Write>,
        mut events: Vec<NewEvent>,
    ) -> Result<SyncStatus, EngineError> {
        match sync.chat_id {
            Some(chat_id) if writes.is_empty() => writes.push(Write::Expect { chat_id, generation: sync.generation }),
            Some(_) => {} // Its chat is written with it.
            None => {
                let Connection { id, identity, .. } =
                    self.own_connection(&sync.customer_id, sync.connection_id).await?;
                writes.push(Write::Identity { connection_id: id, identity });
            }
        }
        events.push(self.sync_event(&sync));
        writes.push(Write::SyncStatus(sync.clone()));
        self.commit(Changes { customer: Some(sync.customer_id.clone()), writes, events }).await?;
        if sync.kind == SyncKind::Import {
            let connection = self.own_connection(&sync.customer_id, sync.connection_id).await?;
            self.show_import(&connection).await?;
        }
        Ok(sync)
    }

    /// Compares what is stored of a chat with the platform.
    pub async fn sync_chat(&self, customer: &CustomerId, id: ChatId) -> Result<SyncStatus, EngineError> {
        let chat = self.store().chat(customer, id).await?.ok_or(EngineError::NotFound)?;
        if !chat.is_imported() {
            return Err(EngineError::refused("chat_not_imported", "The chat is not imported. Import it first."));
        }
        check_is_there(&chat)?;
        let connection = self.importable(customer, chat.connection_id).await?;
        self.begin(self.new_sync(&connection, Some(&chat), SyncKind::Reconcile, None), Vec::new(), Vec::new()).await
    }

    /// Stops a run. What it read stays.
    pub async fn cancel_sync(&self, customer: &CustomerId, id: SyncStatusId) -> Result<SyncStatus, EngineError> {
        loop {
            let sync = self.store().sync_status(customer, id).await?.ok_or(EngineError::NotFound)?;
            if !sync.is_open() {
                return Ok(sync);
            }
            let finished_at = Some(self.now());
            match self.put_sync(SyncStatus { state: SyncState::Cancelled, finished_at, ..sync }).await {
                Err(EngineError::Store(StoreError::Stale)) => {}
                ended => return ended,
            }
        }
    }

    /// Lets a run that failed or was stopped go on where it was.
    pub async fn retry_sync(&self, customer: &CustomerId, id: SyncStatusId) -> Result<SyncStatus, EngineError> {
        let sync = self.store().sync_status(customer, id).await?.ok_or(EngineError::NotFound)?;
        if sync.is_open() || sync.state == SyncState::Completed {
            return Ok(sync);
        }
        if let Some(chat) = sync.chat_id {
            let chat = self.store().chat(customer, chat).await?;
            if chat.is_none_or(|chat| chat.generation != sync.generation) {
                return Err(EngineError::refused("chat_deleted", "The chat was deleted since. Import it again."));
            }
        }
        let (state, due_at) = (SyncState::Queued, self.now());
        self.put_sync(SyncStatus { state, due_at, failures: 0, error: None, finished_at: None, ..sync }).await
    }

    /// Deletes a chat here, with its messages. It stays deleted until somebody imports it again.
    pub async fn delete_chat(&self, customer: &CustomerId, id: ChatId) -> Result<(), EngineError> {
        loop {
            let mut chat = self.store().chat(customer, id).await?.ok_or(EngineError::NotFound)?;
            if chat.state != ChatState::Imported {
                return if chat.state == ChatState::Deleted { Ok(()) } else { Err(EngineError::NotFound) };
            }
            chat.state = ChatState::Deleted;
            chat.generation += 1;
            chat.revision += 1;
            chat.updated_at = self.now();
            let mut changes = Changes::of(customer);
            changes.events.push(self.chat_event(&chat, EventKind::ChatDeleted));
            changes.writes.push(Write::Chat(chat));
            changes.writes.push(Write::EmptyChat(id));
            match self.commit(changes).await {
                Err(StoreError::Stale) => {}
                deleted => return Ok(deleted.map(drop)?),
            }
        }
    }

    /// The labels by which chats of a connection can be chosen.
    pub async fn labels(&self, customer: &CustomerId, id: ConnectionId) -> Result<Vec<Label>, EngineError> {
        let connection = self.own_connection(customer, id).await?;
        let offered = self.offered(&connection.integration)?;
        if !offered.connector.describe().searches {
            return Ok(Vec::new());
        }
        let mut again = true;
        loop {
            let logins = self.open_logins(&connection).await?;
            let wire = self.wire(offered, &connection, Purpose::Asked);
            let access = self.access(offered, &connection, &logins, &wire, self.now() + CALL_TIMEOUT);
            match offered.connector.labels(&access).await {
                Ok(labels) => return Ok(labels),
                Err(error) => again = self.may_ask_again(&access, error, again).await?,
            }
        }
    }

    fn chat_event(&self, chat: &Chat, kind: EventKind) -> NewEvent {
        NewEvent {
            kind,
            subject: Subject::Chat(chat.id),
            revision: chat.revision,
            connection_id: Some(chat.connection_id),
            chat_id: Some(chat.id),
            origin: Origin::Import,
            merged_from: None,
            at: self.now(),
        }
    }

    /// The platform's chats, page by page, as they can be imported.
    pub(crate) async fn list_chats(
        &self,
        connection: &Connection,
        selection: Selection,
        cursor: Option<&Cursor>,
    ) -> Result<Page, EngineError> {
        let offered = self.offered(&connection.integration)?;
        let (mut page, logins) = self.ask_now(connection, &Reading::Chats(selection), cursor).await?;
        let wire = self.wire(offered, connection, Purpose::Asked);
        let access = self.access(offered, connection, &logins, &wire, self.now() + CALL_TIMEOUT);
        self.look_up_people(&*offered.connector, &access, &mut page.updates).await?;
        let people = page.updates.iter().filter(|update| matches!(update, Update::Person { .. })).cloned().collect();
        self.take_in(&News::new(connection, people, Origin::Import)).await?;
        Ok(page)
    }
}

/// Refuses to read a chat that was begun here and that the platform does not have yet.
fn check_is_there(chat: &Chat) -> Result<(), EngineError> {
    let detail = "Nothing of this chat was sent yet, so there is nothing to read.";
    if chat.begun_here { Err(EngineError::refused("chat_not_sent", detail)) } else { Ok(()) }
}

fn is_member(chat: &Chat) -> bool {
    chat.member.is_some_and(|member| member.member)
}
