//! Reads history page by page. A page's updates and its cursor are committed together, so that a run
//! goes on where it stopped, whatever stopped it.

use crate::{
    CALL_TIMEOUT, Engine, EngineError, Offered, Turn,
    check::{Checked, not_a_member},
    read::{SET_BACK, Unread},
    take_in::News,
};
use model::{
    changes::{Changes, Write},
    chat::Chat,
    compare::Check,
    connection::Connection,
    connector::{Access, ConnectorError, Page, Reading},
    event::{EventKind, NewEvent, Origin, Subject},
    id::{Cursor, ExternalId, SyncStatusId},
    limits::Purpose,
    message::Problem,
    retry,
    standing::Standing,
    store::StoreError,
    sync_status::{Selection, SyncKind, SyncState, SyncStatus},
    time::Timestamp,
    update::Update,
};

/// How many runs one turn looks at.
const RUNS_AT_ONCE: usize = 8;

impl Engine {
    /// Reads one page of one run.
    pub async fn import_turn(&self) -> Result<Turn, EngineError> {
        let after = self.last.import.customer();
        for sync in self.store().due_syncs(self.now(), after.as_ref(), RUNS_AT_ONCE).await? {
            self.last.import.was(&sync.customer_id);
            let name = format!("sync/{}", sync.id);
            match self.alone(&name, crate::flow::importing(sync.id, self.run_if_due(&sync))).await? {
                None => continue,
                Some(Err(EngineError::Store(StoreError::Stale)) | Ok(())) => {}
                Some(Err(EngineError::Store(error))) => return Err(error.into()),
                Some(Err(error)) => {
                    tracing::error!(sync_status.id = %sync.id, %error, "Cannot go on with {}", sync.id);
                    self.wait(sync, self.now() + SET_BACK, problem("internal", "It cannot go on now.")).await?;
                }
            }
            return Ok(Turn::Worked);
        }
        Ok(Turn::Idle)
    }

    /// It may have gone on since it was listed.
    async fn run_if_due(&self, listed: &SyncStatus) -> Result<(), EngineError> {
        match self.store().sync_status(&listed.customer_id, listed.id).await? {
            Some(sync) if sync.is_open() && sync.due_at <= self.now() => self.run(sync).await,
            _ => Ok(()),
        }
    }

    async fn run(&self, sync: SyncStatus) -> Result<(), EngineError> {
        let Some(connection) = self.store().connection(&sync.customer_id, sync.connection_id).await? else {
            return Ok(());
        };
        if sync.kind == SyncKind::Directions {
            return self.sort_page(sync, &connection).await; // It asks nobody but the store.
        }
        if !connection.is_open() {
            let due_at = self.now() + retry::LONGEST_WAIT;
            let why = connection.reason.unwrap_or_else(|| connection.standing.reason().to_owned());
            return self.wait(sync, due_at, problem("connection_closed", &why)).await;
        }
        let chat = match sync.chat_id {
            Some(id) => self.store().chat(&sync.customer_id, id).await?,
            None => None,
        };
        let current = chat.as_ref().is_none_or(|chat| chat.generation == sync.generation && chat.is_imported());
        if !current || chat.is_none() && sync.chat_id.is_some() {
            return self
                .end(sync, SyncState::Cancelled, Some(problem("chat_deleted", "The chat was deleted here.")))
                .await;
        }
        let Some(reading) = reading(&sync, chat.as_ref()) else { return self.reread_page(sync, &connection).await };
        let offered = self.offered(&connection.integration)?;
        let logins = match self.open_logins(&connection).await {
            Err(EngineError::LoginLost) => return self.need_login(&connection).await,
            Err(EngineError::Busy(after)) => {
                let due_at = self.now() + after;
                return self.wait(sync, due_at, problem("login_refreshing", "The login is being refreshed.")).await;
            }
            logins => logins?,
        };
        let wire = self.wire(offered, &connection, purpose(sync.kind));
        let access = self.access(offered, &connection, &logins, &wire, self.now() + CALL_TIMEOUT);
        if let (SyncKind::Reconcile, Some(chat)) = (sync.kind, &chat) {
            let held = self.store().completeness(&chat.customer_id, &[chat.id]).await?.pop();
            let since = held.and_then(|held| held.since).filter(|since| *since > Timestamp::default());
            let check = sync.check.clone().unwrap_or_else(|| Check::new(since, None, self.now()));
            return match self.check_page(offered, &access, chat, &check).await {
                Ok(checked) => self.take_checked(&connection, sync, chat, checked).await,
                Err(Unread::Platform(error)) => self.break_off(&access, sync, error, wire.refused().as_ref()).await,
                Err(Unread::Failed(error)) => Err(error),
            };
        }
        let asked_at = self.now();
        match self.page(offered, &access, &sync, &reading, chat.as_ref()).await {
            Ok(page) => {
                let sync = self.measured(&wire, sync, chat.as_ref(), &page, asked_at).await?;
                self.take_page(offered, &access, sync, chat.as_ref(), page, asked_at).await
            }
            Err(error) => self.break_off(&access, sync, error, wire.refused().as_ref()).await,
        }
    }

    async fn page(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        sync: &SyncStatus,
        reading: &Reading,
        chat: Option<&Chat>,
    ) -> Result<Page, ConnectorError> {
        // A login that several customers share may see more than this customer's person may.
        let mut asked = Vec::new();
        if let Some(chat) = chat.filter(|chat| sync.cursor.is_none() || !self.is_surely_member(chat)) {
            let reading = Reading::Membership(chat.external_id.clone());
            asked = offered.connector.pull(access, &reading, None).await?.updates;
            if !asked.iter().any(|update| matches!(update, Update::Member { member: true, .. })) {
                return Err(ConnectorError::Refused(not_a_member()));
            }
        }
        let mut page = offered.connector.pull(access, reading, sync.cursor.as_ref()).await?;
        page.updates.extend(asked);
        if let Some(chat) = chat.filter(|_| sync.cursor.is_none()) {
            let mark = self.read_mark(offered, access, chat, &page).await?;
            page.updates.extend(mark);
        }
        Ok(page)
    }

    /// Takes in what one page of a comparison found.
    async fn take_checked(
        &self,
        connection: &Connection,
        sync: SyncStatus,
        chat: &Chat,
        checked: Checked,
    ) -> Result<(), EngineError> {
        let now = self.now();
        let next = SyncStatus {
            done: checked.next.checked,
            state: if checked.done { SyncState::Completed } else { SyncState::Running },
            finished_at: checked.done.then_some(now),
            started_at: sync.started_at.or(Some(now)),
            check: Some(checked.next),
            failures: 0,
            error: None,
            due_at: now,
            revision: sync.revision + 1,
            ..sync
        };
        let mut events = vec![self.sync_event(&next)];
        let expected = Write::Expect { chat_id: chat.id, generation: chat.generation };
        let mut with = vec![expected];
        if let Some(check) = next.check.as_ref().filter(|_| checked.done) {
            let from = check.from.unwrap_or_default();
            if let Some((write, told)) = self.imported(chat, from, (Some(from), check.begun_at), None).await? {
                with.push(write);
                events.extend(told);
            }
        }
        with.push(Write::SyncStatus(next));
        let news = News::new(connection, checked.updates, Origin::Reconciliation);
        self.take_in(&News { with, events, asked_at: Some(checked.asked_at), ..news }).await
    }

    async fn take_page(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        sync: SyncStatus,
        chat: Option<&Chat>,
        page: Page,
        asked_at: Timestamp,
    ) -> Result<(), EngineError> {
        let connection = access.connection;
        let (mut with, mut events, mut next) = (Vec::new(), Vec::new(), sync.clone());
        // Of a line's many chats the newest are enough to begin with: others become known as they are picked.
        let goes_on = |_: &Cursor| sync.kind != SyncKind::Chats || !offered.follows();
        let page = Page { next: page.next.filter(goes_on), ..page };
        let counted = |update: &&Update| match sync.kind {
            SyncKind::Import if chat.is_some() => matches!(update, Update::Message(_)),
            SyncKind::People => matches!(update, Update::Person { .. }),
            SyncKind::Emoji => matches!(update, Update::Emoji { .. }),
            SyncKind::Import | SyncKind::Reconcile | SyncKind::Chats | SyncKind::Reread | SyncKind::Directions => {
                matches!(update, Update::Chat { .. })
            }
        };
        next.done += page.updates.iter().filter(counted).count() as u64;
        next.total = page.total.or(sync.total);
        next.state = if page.next.is_some() { SyncState::Running } else { SyncState::Completed };
        (next.started_at, next.cursor) = (sync.started_at.or(Some(asked_at)), page.next.clone());
        next.finished_at = page.next.is_none().then(|| self.now());
        (next.failures, next.error, next.due_at) = (0, None, self.now());
        next.revision += 1;
        if next.state == SyncState::Completed {
            self.follow_up(connection, &next, &mut with, &mut events);
        }
        let ended = next.state == SyncState::Completed && next.kind == SyncKind::Import;
        events.push(self.sync_event(&next));
        let listed = (page.since, next.started_at.unwrap_or(asked_at));
        with.push(Write::SyncStatus(next));
        if let Some(chat) = chat {
            let wanted = sync.since.unwrap_or_default();
            if let Some((write, told)) = self.imported(chat, wanted, listed, page.hidden).await? {
                with.push(write);
                events.extend(told);
            }
            with.push(Write::Expect { chat_id: chat.id, generation: chat.generation });
        }
        let mut updates = page.updates;
        if sync.kind != SyncKind::People {
            self.look_up_people(&*offered.connector, access, &mut updates).await?;
        }
        let listed: Vec<_> = updates.iter().filter_map(listed_chat).cloned().collect();
        let news = News {
            with,
            events,
            asked_at: Some(asked_at),
            lists_own_chats: chat.is_none(),
            begins_import: sync.kind == SyncKind::Import && sync.cursor.is_none(),
            ..News::new(connection, updates, Origin::Import)
        };
        if sync.kind == SyncKind::Import && chat.is_none() {
            // The chats of the page are imported before the cursor moves on; a repeat finds them imported.
            let listed = self.listed(connection, &listed, &news).await?;
            for external_id in listed {
                self.begin_import(connection, &external_id, sync.since).await?;
            }
        }
        self.take_in(&news).await?;
        self.ease(connection).await?;
        if ended { self.show_import(connection).await } else { Ok(()) }
    }

    /// Makes the listed chats known, and names those that are to be imported.
    async fn listed(
        &self,
        connection: &Connection,
        listed: &[ExternalId],
        news: &News<'_>,
    ) -> Result<Vec<ExternalId>, EngineError> {
        let asked_at = news.asked_at;
        let news = News::new(connection, news.updates.clone(), Origin::Import);
        let known = News { lists_own_chats: true, asked_at, ..news };
        self.take_in(&known).await?;
        let chats = self.store().chats_named(&connection.customer_id, connection.id, listed).await?;
        let member = |chat: &Chat| chat.member.is_some_and(|member| member.member);
        let wanted = |chat: &&Chat| !chat.is_imported() && member(chat);
        Ok(chats.iter().filter(wanted).map(|chat| chat.external_id.clone()).collect())
    }

    /// Once the people are known the chats are learnt, and once these are, the connection is active.
    fn follow_up(&self, connection: &Connection, sync: &SyncStatus, with: &mut Vec<Write>, events: &mut Vec<NewEvent>) {
        match sync.kind {
            SyncKind::People => {
                let chats = self.new_sync(connection, None, SyncKind::Chats, None);
                events.push(self.sync_event(&chats));
                with.push(Write::SyncStatus(chats));
            }
            SyncKind::Chats if connection.standing().learning => {
                let active = connection.with(Standing { learning: false, ..connection.standing() }, self.now());
                events.push(self.connection_event(&active));
                with.push(Write::Connection(active));
            }
            SyncKind::Chats
            | SyncKind::Emoji
            | SyncKind::Import
            | SyncKind::Reconcile
            | SyncKind::Reread
            | SyncKind::Directions => {}
        }
    }

    pub(crate) async fn end(
        &self,
        sync: SyncStatus,
        state: SyncState,
        error: Option<Problem>,
    ) -> Result<(), EngineError> {
        let finished_at = Some(self.now());
        self.put_sync(SyncStatus { state, error, finished_at, ..sync }).await.map(drop)
    }

    pub(crate) async fn put_sync(&self, sync: SyncStatus) -> Result<SyncStatus, EngineError> {
        let sync = SyncStatus { revision: sync.revision + 1, ..sync };
        let mut changes = Changes::of(&sync.customer_id);
        changes.events.push(self.sync_event(&sync));
        changes.writes.push(Write::SyncStatus(sync.clone()));
        self.commit(changes).await?;
        Ok(sync)
    }

    pub(crate) fn new_sync(
        &self,
        connection: &Connection,
        chat: Option<&Chat>,
        kind: SyncKind,
        since: Option<Timestamp>,
    ) -> SyncStatus {
        SyncStatus {
            id: SyncStatusId::from(self.uuid()),
            customer_id: connection.customer_id.clone(),
            connection_id: connection.id,
            chat_id: chat.map(|chat| chat.id),
            generation: chat.map_or(0, |chat| chat.generation),
            revision: 1,
            kind,
            state: SyncState::Queued,
            done: 0,
            total: None,
            since,
            selection: Selection::default(),
            cursor: None,
            check: None,
            pages: 0,
            newest: None,
            reached: None,
            expected_end: None,
            failures: 0,
            due_at: self.now(),
            error: None,
            created_at: self.now(),
            started_at: None,
            finished_at: None,
        }
    }

    pub(crate) fn sync_event(&self, sync: &SyncStatus) -> NewEvent {
        NewEvent {
            kind: EventKind::SyncStatusUpdated,
            subject: Subject::SyncStatus(sync.id),
            revision: sync.revision,
            connection_id: Some(sync.connection_id),
            chat_id: sync.chat_id,
            origin: Origin::Import,
            merged_from: None,
            at: self.now(),
        }
    }
}

/// What a run asks the platform for; none where it asks nothing.
fn reading(sync: &SyncStatus, chat: Option<&Chat>) -> Option<Reading> {
    match (sync.kind, chat) {
        (SyncKind::Reread | SyncKind::Directions, _) => None,
        (SyncKind::People, _) => Some(Reading::People),
        (SyncKind::Emoji, _) => Some(Reading::Emoji),
        (SyncKind::Import, Some(chat)) => Some(Reading::History { chat: chat.external_id.clone(), since: sync.since }),
        (SyncKind::Import | SyncKind::Reconcile | SyncKind::Chats, _) => {
            Some(Reading::Chats(Selection { since: sync.since, ..sync.selection.clone() }))
        }
    }
}

/// How urgent a run's calls are.
fn purpose(kind: SyncKind) -> Purpose {
    match kind {
        SyncKind::Import | SyncKind::People | SyncKind::Chats | SyncKind::Emoji => Purpose::Import,
        SyncKind::Reconcile | SyncKind::Reread | SyncKind::Directions => Purpose::Reconciliation,
    }
}

fn listed_chat(update: &Update) -> Option<&ExternalId> {
    match update {
        Update::Chat { chat, .. } => Some(chat),
        _ => None,
    }
}

pub(crate) fn problem(code: &str, detail: &str) -> Problem {
    Problem { code: code.to_owned(), detail: detail.to_owned() }
}
