//! Compares chats with their platform in the background, and fills the gaps of their history.
//!
//! Each turn does one page of one chat. Chats that may have missed something because every server was down,
//! or their connection was closed, come first, the most recently active first.

use crate::{
    CALL_TIMEOUT, Engine, EngineError, Offered, Turn,
    check::Checked,
    flow,
    read::{SET_BACK, Unread},
    sockets::Heard,
    take_in::News,
};
use model::{
    changes::{Changes, Write},
    chat::Chat,
    completeness::{Completeness, Gap, GapState, Heartbeat},
    connection::Connection,
    connector::{Access, ConnectorError},
    event::{EventKind, NewEvent, Origin, Subject},
    limits::Purpose,
    message::Problem,
    retry,
    store::StoreError,
    time::Timestamp,
    update::newest,
};
use std::time::Duration;

/// How many chats one turn looks at.
const CHATS_AT_ONCE: usize = 8;
/// How often in a row a comparison may break off before its chat rests as long as a silent one.
const MOST_FAILURES: u32 = 10;
/// How often a chat of a closed connection is looked at, if nothing wakes it before.
const ASLEEP_LOOK: Duration = Duration::from_secs(60 * 60);
/// How many times the heart beats within what would be an outage.
const BEATS: u32 = 5;

impl Engine {
    /// Compares one page of one chat with its platform.
    pub async fn reconcile_turn(&self) -> Result<Turn, EngineError> {
        let heartbeat = self.beat().await?;
        for row in self.next_checks(&heartbeat).await? {
            let name = format!("check/{}", row.chat_id);
            match self.alone(&name, self.check_if_due(&row, &heartbeat)).await? {
                None => continue,
                Some(Err(EngineError::Store(StoreError::Stale)) | Ok(())) => {}
                Some(Err(EngineError::Store(error))) => return Err(error.into()),
                Some(Err(error)) => {
                    tracing::error!(chat.id = %row.chat_id, %error, "Cannot compare {}", row.chat_id);
                    self.put_off_check(row, self.now() + SET_BACK).await?;
                }
            }
            return Ok(Turn::Worked);
        }
        Ok(Turn::Idle)
    }

    /// Says that a server is up, and hears what is told. Whoever did not for long finds it out by the silence
    /// before: it is an outage, whether the server was down or no socket was open.
    async fn beat(&self) -> Result<Heartbeat, EngineError> {
        let (heartbeat, outage) = (self.store().heartbeat().await?, self.parts.pace.outage);
        let rests = match self.listen() {
            Heard::Well => self.now().since(heartbeat.alive_at) < outage / BEATS,
            Heard::Nothing => true,
            // What was told meanwhile is sought now, and from then on news are asked for.
            Heard::NothingForLong => false,
        };
        if rests {
            return Ok(heartbeat);
        }
        Ok(self.store().beat(self.now(), outage).await?)
    }

    async fn next_checks(&self, heartbeat: &Heartbeat) -> Result<Vec<Completeness>, EngineError> {
        let now = self.now();
        // Later on each chat was due by itself.
        if now.since(heartbeat.down_until) <= self.parts.pace.longest {
            let behind = self.store().behind(heartbeat.down_until, now, CHATS_AT_ONCE).await?;
            if !behind.is_empty() {
                return Ok(behind);
            }
        }
        Ok(self.store().due_checks(now, CHATS_AT_ONCE).await?)
    }

    /// It may have gone on since it was listed.
    async fn check_if_due(&self, listed: &Completeness, heartbeat: &Heartbeat) -> Result<(), EngineError> {
        let (customer, id) = (&listed.customer_id, listed.chat_id);
        let Some(row) = self.store().completeness(customer, &[id]).await?.pop() else { return Ok(()) };
        let behind = row.until.is_some_and(|until| until < heartbeat.down_until);
        if row.not_before > self.now() || row.due_at > self.now() && !behind {
            return Ok(());
        }
        let chat = self.store().chat(customer, id).await?.filter(Chat::is_imported);
        let connection = self.store().connection(customer, row.connection_id).await?;
        let (Some(chat), Some(connection)) = (chat, connection.filter(Connection::is_open)) else {
            // It is woken when the connection is open again, which may be just now.
            return self.put_off_check(Completeness { asleep: true, ..row }, self.now() + ASLEEP_LOOK).await;
        };
        match silence(&row, heartbeat, self.now()) {
            Some(gap) if !row.is_behind() => self.found_gap(&chat, row, gap).await,
            _ => flow::comparing(chat.id, self.check_chat(&connection, &chat, row)).await,
        }
    }

    /// Nobody could be told for a while: that is known before anything is asked.
    async fn found_gap(&self, chat: &Chat, mut row: Completeness, gap: Gap) -> Result<(), EngineError> {
        let mut changes = Changes::of(&chat.customer_id);
        row.asleep = false;
        row.due_at = self.now();
        row.check = None;
        if row.find_gap(gap) {
            changes.events.push(self.gap_event(chat, EventKind::GapFound));
        }
        changes.writes.extend([next(row), expected(chat)]);
        Ok(self.commit(changes).await.map(drop)?)
    }

    async fn check_chat(&self, connection: &Connection, chat: &Chat, mut row: Completeness) -> Result<(), EngineError> {
        let offered = self.offered(&connection.integration)?;
        let (pace, polled) = (&self.parts.pace, offered.is_polled());
        let behind = row.is_behind();
        if row.check.is_none() {
            row.check = row.begin(pace, polled, behind, self.now());
        }
        let Some(check) = row.check.clone() else {
            // Its import has not begun.
            let rest = if polled { pace.poll } else { pace.shortest };
            return self.put_off_check(row, self.now() + rest).await;
        };
        let logins = match self.open_logins(connection).await {
            Err(EngineError::LoginLost) => return self.need_login(connection).await,
            Err(EngineError::Busy(after)) => return self.put_off_check(row, self.now() + after).await,
            logins => logins?,
        };
        let purpose = match (behind, polled) {
            (true, _) => Purpose::Gaps,
            (false, true) => Purpose::News, // Nobody else tells them.
            (false, false) => Purpose::Reconciliation,
        };
        let wire = self.wire(offered, connection, purpose);
        let access = self.access(offered, connection, &logins, &wire, self.now() + CALL_TIMEOUT);
        match self.check_page(offered, &access, chat, &check).await {
            Ok(checked) => self.take_check(connection, chat, row, checked, polled && !behind).await,
            Err(Unread::Platform(ConnectorError::Refused(reason))) => {
                match self.follow_move(offered, &access, chat).await {
                    Ok(true) => self.put_off_check(Completeness { check: None, ..row }, self.now()).await,
                    Ok(false) => self.cannot_tell(chat, row, reason).await,
                    Err(Unread::Platform(error)) => self.break_off_check(&access, row, error).await,
                    Err(Unread::Failed(error)) => Err(error),
                }
            }
            Err(Unread::Platform(error)) => self.break_off_check(&access, row, error).await,
            Err(Unread::Failed(error)) => Err(error),
        }
    }

    async fn take_check(
        &self,
        connection: &Connection,
        chat: &Chat,
        mut row: Completeness,
        checked: Checked,
        live: bool,
    ) -> Result<(), EngineError> {
        let (now, mut events) = (self.now(), Vec::new());
        let mut check = checked.next;
        if live || row.seeks_all() {
            // Nobody tells what a poll finds, nor again what was lost or left out here, so nobody missed it.
            (check.checked, check.missed) = (0, 0);
        }
        (row.due_at, row.not_before, row.failures) = (now, Timestamp::default(), 0);
        if let Some(gap) = checked.hidden.and_then(|reason| row.hidden(check.from, checked.since, reason)) {
            events.extend(row.find_gap(gap).then(|| self.gap_event(chat, EventKind::GapFound)));
        }
        if checked.done {
            let listed = self.store().listed_chat(&chat.customer_id, chat.id).await?;
            let held = listed.map_or(row.active_at, |listed| listed.active_at);
            let made_at = chat.facts.as_ref().and_then(|facts| facts.value.made_at);
            row.active_at = held.max(made_at.unwrap_or_default()).max(newest(&checked.updates).unwrap_or_default());
            let polled = self.offered(&connection.integration).is_ok_and(Offered::is_polled);
            let filled = row.finish(&check, &self.parts.pace, polled, now);
            events.extend(filled.iter().map(|_| self.gap_event(chat, EventKind::GapFilled)));
        } else {
            row.check = Some(check);
        }
        let origin = if live { Origin::Live } else { Origin::Reconciliation };
        let with = vec![next(row), expected(chat)];
        let news = News::new(connection, checked.updates, origin);
        self.take_in(&News { with, events, asked_at: Some(checked.asked_at), ..news }).await
    }

    async fn break_off_check(
        &self,
        access: &Access<'_>,
        row: Completeness,
        error: ConnectorError,
    ) -> Result<(), EngineError> {
        let (now, longest) = (self.now(), self.parts.pace.longest);
        let failures = row.failures + 1;
        match error {
            ConnectorError::Busy { after } => {
                self.put_off_check(row, retry::after_busy(now, after, self.chance())).await
            }
            ConnectorError::LoginLost { .. } | ConnectorError::TokenExpired { .. } => {
                let until = self.login_refused(access, &error).await?;
                self.put_off_check(row, until).await
            }
            ConnectorError::CursorLost if failures < MOST_FAILURES => {
                self.put_off_check(Completeness { check: None, failures, ..row }, now).await
            }
            ConnectorError::CursorLost
            | ConnectorError::Refused(_)
            | ConnectorError::Unknown(_)
            | ConnectorError::Unreadable(_) => {
                let enough = failures >= MOST_FAILURES;
                let until = if enough { now + longest } else { retry::next_try(now, failures, self.chance()) };
                self.put_off_check(Completeness { failures, ..row }, until).await
            }
        }
    }

    /// The platform shows us nothing of the chat: whether anything is missing, nobody can tell.
    async fn cannot_tell(&self, chat: &Chat, mut row: Completeness, reason: Problem) -> Result<(), EngineError> {
        let now = self.now();
        let mut changes = Changes::of(&chat.customer_id);
        let from = row.until.unwrap_or(row.wanted_since);
        if row.find_gap(Gap { from, to: now, state: GapState::Unverifiable, reason }) {
            changes.events.push(self.gap_event(chat, EventKind::GapFound));
        }
        // Whoever may not see a chat may soon be in it again.
        let (pace, twice) = (&self.parts.pace, Duration::from_secs(row.pause_seconds.saturating_mul(2)));
        let pause = twice.clamp(pace.shortest.min(pace.longest), pace.longest);
        row.pause_seconds = pause.as_secs();
        (row.check, row.due_at, row.not_before) = (None, now + pause, now + pause);
        changes.writes.extend([next(row), expected(chat)]);
        Ok(self.commit(changes).await.map(drop)?)
    }

    async fn put_off_check(&self, row: Completeness, until: Timestamp) -> Result<(), EngineError> {
        let mut changes = Changes::of(&row.customer_id);
        changes.writes.push(next(Completeness { due_at: until, not_before: until, ..row }));
        Ok(self.commit(changes).await.map(drop)?)
    }

    pub(crate) fn gap_event(&self, chat: &Chat, kind: EventKind) -> NewEvent {
        NewEvent {
            kind,
            subject: Subject::Chat(chat.id),
            revision: chat.revision,
            connection_id: Some(chat.connection_id),
            chat_id: Some(chat.id),
            origin: Origin::Reconciliation,
            merged_from: None,
            at: self.now(),
        }
    }

    /// How whole a chat is known, after one more page of its import. None if that changed nothing.
    pub(crate) async fn imported(
        &self,
        chat: &Chat,
        wanted_since: Timestamp,
        listed: (Option<Timestamp>, Timestamp),
        hidden: Option<Problem>,
    ) -> Result<Option<(Write, Vec<NewEvent>)>, EngineError> {
        let held = self.store().completeness(&chat.customer_id, &[chat.id]).await?.pop();
        let new = || Completeness { revision: 0, ..Completeness::new(chat, wanted_since, self.now()) };
        let mut row = held.clone().unwrap_or_else(new);
        row.wanted_since = row.wanted_since.min(wanted_since);
        let mut events = Vec::new();
        if let (Some(since), until) = listed {
            let filled = row.extend(since, until);
            events.extend(filled.iter().map(|_| self.gap_event(chat, EventKind::GapFilled)));
        }
        if let Some(gap) = hidden.and_then(|reason| row.hidden(Some(wanted_since), listed.0, reason)) {
            events.extend(row.find_gap(gap).then(|| self.gap_event(chat, EventKind::GapFound)));
        }
        Ok((held.as_ref() != Some(&row)).then(|| (next(row), events)))
    }
}

/// The time in which nobody could be told: every server was down, or the connection was closed.
fn silence(row: &Completeness, heartbeat: &Heartbeat, now: Timestamp) -> Option<Gap> {
    let from = row.until?;
    let (to, code, detail) = if row.asleep {
        (now, "connection_was_closed", "The connection was closed for a while.")
    } else if from < heartbeat.down_until {
        (heartbeat.down_until, "server_was_down", "The server was down for a while, or heard nothing.")
    } else {
        return None;
    };
    let reason = Problem { code: code.to_owned(), detail: detail.to_owned() };
    Some(Gap { from, to, state: GapState::Fillable, reason })
}

fn next(row: Completeness) -> Write {
    Write::Completeness(Completeness { revision: row.revision + 1, ..row })
}

fn expected(chat: &Chat) -> Write {
    Write::Expect { chat_id: chat.id, generation: chat.generation }
}
