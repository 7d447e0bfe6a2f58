//! Lines of news: read on from where they were read last, kept like what a platform tells by itself.
//!
//! A page is kept first, and then the place moves on: a crash in between keeps it twice, which changes nothing.
//! Hints that there is something new only make a line due. However many come, it is read once.

use crate::{
    CALL_TIMEOUT, Engine, EngineError, MOST_DECISIONS, Offered, Turn,
    read::{SET_BACK, Unread},
};
use model::{
    changes::{Changes, Write},
    completeness::OVERLAP,
    connection::Connection,
    connector::{Access, ConnectorError},
    following::{Followed, Following, WATCH_EVERY},
    id::{ExternalAccount, Integration},
    intake::RawRequest,
    limits::Purpose,
    retry,
    store::StoreError,
    sync_status::{SyncKind, SyncStatus},
    time::Timestamp,
};
use std::time::Duration;

/// How many lines one turn looks at.
const LINES_AT_ONCE: usize = 16;
/// How often the line of a closed connection is looked at, if nothing wakes it before.
const ASLEEP_LOOK: Duration = Duration::from_secs(60 * 60);
/// How long after a refusal the platform is asked again to tell of news.
const WATCH_AGAIN: Duration = Duration::from_secs(10 * 60);

impl Engine {
    /// There is something new in the line of an account. It is sure to be read when this returns.
    pub(crate) async fn take_hint(
        &self,
        integration: &Integration,
        account: &ExternalAccount,
    ) -> Result<(), EngineError> {
        for connection in self.store().listeners(integration, account).await? {
            if connection.takes_news() {
                let mut changes = Changes::of(&connection.customer_id);
                changes.writes.push(Write::FollowSoon { connection_id: connection.id, at: self.now() });
                self.commit(changes).await?;
            }
        }
        Ok(())
    }

    /// Reads one page of one line.
    pub async fn follow_turn(&self) -> Result<Turn, EngineError> {
        for row in self.store().due_followings(self.now(), LINES_AT_ONCE).await? {
            let name = format!("follow/{}", row.connection_id);
            match self.alone(&name, self.follow_if_due(&row)).await? {
                None => continue,
                Some(Err(EngineError::Store(StoreError::Stale)) | Ok(())) => {}
                Some(Err(EngineError::Store(error))) => return Err(error.into()),
                Some(Err(error)) => {
                    tracing::error!(connection.id = %row.connection_id, %error, "Cannot follow {}", row.connection_id);
                    self.put_following(&row, |held| Following { due_at: self.now() + SET_BACK, ..held }).await?;
                }
            }
            return Ok(Turn::Worked);
        }
        Ok(Turn::Idle)
    }

    /// It may have been read since it was listed.
    async fn follow_if_due(&self, listed: &Following) -> Result<(), EngineError> {
        let (customer, id) = (&listed.customer_id, listed.connection_id);
        let Some(row) = self.store().following(customer, id).await?.filter(|row| row.due_at <= self.now()) else {
            return Ok(());
        };
        let later = |rest: Duration| move |held: Following| Following { due_at: self.now() + rest, ..held };
        let connection = self.store().connection(customer, id).await?.filter(Connection::takes_news);
        let Some(connection) = connection else {
            // It is woken when the connection is open again.
            return self.put_following(&row, later(ASLEEP_LOOK)).await;
        };
        let offered = self.offered(&connection.integration)?;
        let logins = match self.open_logins(&connection).await {
            Err(EngineError::LoginLost) => {
                self.need_login(&connection).await?;
                return self.put_following(&row, later(ASLEEP_LOOK)).await;
            }
            Err(EngineError::Busy(after)) => return self.put_following(&row, later(after)).await,
            logins => logins?,
        };
        let wire = self.wire(offered, &connection, Purpose::News);
        let access = self.access(offered, &connection, &logins, &wire, self.now() + CALL_TIMEOUT);
        let row = self.watch_if_due(offered, &access, row).await?;
        match self.read_line(offered, &access, &row).await {
            Ok(()) => self.ease(&connection).await,
            Err(Unread::Platform(error)) => self.break_off_line(&access, &row, error).await,
            Err(Unread::Failed(error)) => Err(error),
        }
    }

    /// Keeps a page, and then moves on.
    async fn read_line(&self, offered: &Offered, access: &Access<'_>, row: &Following) -> Result<(), Unread> {
        let asked_at = self.now();
        let followed = offered.connector.follow(access, row.cursor.as_ref()).await?;
        if let Some(body) = followed.news.clone() {
            let request = RawRequest { headers: Vec::new(), body, received_at: asked_at };
            let connection = access.connection;
            match self.keep(&connection.integration, Some(connection.id), request).await {
                // What waits already is read first.
                Err(EngineError::Full(_)) => return Err(ConnectorError::Busy { after: SET_BACK }.into()),
                kept => kept?,
            }
        }
        Ok(self.moved_on(access.connection, row, &followed, asked_at).await?)
    }

    /// A hint that came meanwhile makes it due again: the page may have been read before what it tells of.
    async fn moved_on(
        &self,
        connection: &Connection,
        row: &Following,
        followed: &Followed,
        asked_at: Timestamp,
    ) -> Result<(), EngineError> {
        let poll = self.parts.pace.poll;
        for _ in 0..MOST_DECISIONS {
            let held = self.store().following(&row.customer_id, row.connection_id).await?;
            let Some(held) = held else { return Ok(()) };
            let hinted = held.revision != row.revision;
            if hinted && held.cursor != row.cursor {
                return Ok(()); // Somebody else has read on.
            }
            let mut next = held.clone().read(followed, asked_at, poll);
            next.revision = held.revision + 1;
            if hinted {
                (next.due_at, next.told) = (held.due_at, held.told);
            }
            let mut changes = Changes::of(&row.customer_id);
            changes.writes.push(Write::Following(next));
            if row.cursor.is_none() {
                let sync = self.seek_lost(connection, row);
                changes.writes.push(Write::CheckAll { connection_id: row.connection_id, at: asked_at, lost: true });
                changes.events.push(self.sync_event(&sync));
                changes.writes.push(Write::SyncStatus(sync));
            }
            match self.commit(changes).await {
                Err(StoreError::Stale) => {}
                moved => return Ok(moved.map(drop)?),
            }
        }
        Err(StoreError::Stale.into())
    }

    /// Asks the platform to tell of news, once a day. That it will not is no reason not to look.
    async fn watch_if_due(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        row: Following,
    ) -> Result<Following, EngineError> {
        let now = self.now();
        if !offered.is_watched() || row.watch_at > now {
            return Ok(row);
        }
        let (watched_until, rest) = match offered.connector.watch(access).await {
            Ok(until) => (Some(until), WATCH_EVERY),
            Err(ConnectorError::Busy { after }) => (row.watched_until, after),
            Err(error) => {
                tracing::warn!(connection.id = %row.connection_id, %error, "Cannot watch for {}", row.connection_id);
                (row.watched_until, WATCH_AGAIN)
            }
        };
        // Between two lives of a watch nobody tells.
        let ends_at = watched_until.filter(|until| *until > now);
        let watch_at = ends_at.map_or(now + rest, |until| until.min(now + rest));
        self.put_following(&row, |held| Following { watched_until, watch_at, ..held }).await?;
        let held = self.store().following(&row.customer_id, row.connection_id).await?;
        held.ok_or(EngineError::NotFound)
    }

    async fn break_off_line(
        &self,
        access: &Access<'_>,
        row: &Following,
        error: ConnectorError,
    ) -> Result<(), EngineError> {
        let (now, chance) = (self.now(), self.chance());
        match error {
            ConnectorError::Busy { after } => {
                let due_at = retry::after_busy(now, after, chance);
                self.meet(access.connection, &error).await?;
                self.put_following(row, |held| Following { due_at, ..held }).await
            }
            ConnectorError::LoginLost { .. } | ConnectorError::TokenExpired { .. } => {
                let due_at = self.login_refused(access, &error).await?;
                self.put_following(row, |held| Following { due_at, ..held }).await
            }
            // Where it is by now is asked next; what stood between is sought by comparison.
            ConnectorError::CursorLost => {
                tracing::warn!(connection.id = %row.connection_id, "The line of {} is lost", row.connection_id);
                self.put_following(row, |held| Following { cursor: None, due_at: now, ..held }).await
            }
            ConnectorError::Refused(_) | ConnectorError::Unknown(_) | ConnectorError::Unreadable(_) => {
                tracing::warn!(connection.id = %row.connection_id, %error, "Cannot follow {}", row.connection_id);
                self.meet(access.connection, &error).await?;
                self.put_following(row, |held| held.broke_off(now, chance)).await
            }
        }
    }

    /// A part of the line is lost: chats that are new since it was last read to its end are listed, and imported
    /// where that is wanted. The others are compared.
    fn seek_lost(&self, connection: &Connection, row: &Following) -> SyncStatus {
        match connection.import_new_chats {
            // The platform's clock is not ours.
            true => self.new_sync(connection, None, SyncKind::Import, Some(row.reached_at - OVERLAP)),
            false => self.new_sync(connection, None, SyncKind::Chats, None),
        }
    }

    /// Writes a line's row, unless a hint came meanwhile: then it is due, and looked at anew. Whoever put it off
    /// again would put off what the hint tells of, as that a connection is open again.
    async fn put_following(
        &self,
        row: &Following,
        change: impl FnOnce(Following) -> Following,
    ) -> Result<(), EngineError> {
        let mut changes = Changes::of(&row.customer_id);
        changes.writes.push(Write::Following(Following { revision: row.revision + 1, ..change(row.clone()) }));
        match self.commit(changes).await {
            Ok(_) | Err(StoreError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
