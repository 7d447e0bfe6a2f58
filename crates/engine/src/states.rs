//! What a connection is doing: its facts change here, and all that must follow from them happens.

use crate::{Engine, EngineError, MOST_DECISIONS, Turn};
use model::{
    changes::{Changes, Write},
    connection::{Connection, ConnectionState, Login},
    connector::ConnectorError,
    customer::CustomerId,
    event::{EventKind, NewEvent, Origin, Subject},
    id::ConnectionId,
    standing::{Ground, KEY_LOOK, LONG_WAIT, Need, Standing},
    store::{Paging, StoreError},
    sync_status::SyncKind,
};
use std::time::Duration;

/// How many connections one turn looks at.
const CONNECTIONS_AT_ONCE: usize = 16;
/// How often it is looked whether a login came back that somebody else brought back.
const LOGIN_LOOK: Duration = Duration::from_secs(10 * 60);
/// How often it is looked whether imports still run.
const IMPORT_LOOK: Duration = Duration::from_secs(60);
/// How many runs are looked at to see whether one still imports.
const RUNS_LOOKED_AT: usize = 200;
const MOST_PAGES_OF_RUNS: usize = 5;

impl Engine {
    /// Looks after connections whose time has come: trouble that is over, imports that ended, keys that are
    /// there again. One that cannot be looked after holds up no other.
    pub async fn look_after_turn(&self) -> Result<Turn, EngineError> {
        let mut turn = Turn::Idle;
        for due in self.store().due_connections(self.now(), CONNECTIONS_AT_ONCE).await? {
            match self.look_after(&due).await {
                Ok(()) | Err(EngineError::Store(StoreError::Stale)) => turn = Turn::Worked,
                Err(EngineError::Store(error)) => return Err(error.into()),
                Err(error) => tracing::error!(connection.id = %due.id, %error, "Cannot look after {}", due.id),
            }
        }
        Ok(turn)
    }

    pub(crate) async fn look_after(&self, due: &Connection) -> Result<(), EngineError> {
        let need = self.login_need(due).await?;
        let importing = due.standing().importing && self.is_importing(due).await?;
        let now = self.now();
        let lists_emoji = due.is_open() && due.standing.emoji_at.is_some_and(|at| at <= now);
        if lists_emoji {
            // Before the next time is set: a crash in between lists them twice.
            self.begin(self.new_sync(due, None, SyncKind::Emoji, None), Vec::new(), Vec::new()).await?;
        }
        let changed = self.change_standing(due, |held| {
            let mut next = Standing { importing, ..held.looked_at(now) };
            if lists_emoji || next.emoji_at.is_none() && !next.ended {
                next.emoji_at = Some(now + self.parts.pace.emoji_every);
            }
            if matches!(held.need, Some(Need::Lost | Need::Sealed)) {
                next.need = need;
            }
            let looks = [need.map(|need| now + look_after_need(need)), importing.then(|| now + IMPORT_LOOK)];
            next.check_at = looks.into_iter().flatten().chain(next.check_at).min();
            Some(next)
        });
        let changed = changed.await?;
        if changed.is_open() && !due.is_open() {
            self.take_up_again(&changed).await?;
        }
        Ok(())
    }

    /// Why its logins cannot be used, if they cannot.
    async fn login_need(&self, connection: &Connection) -> Result<Option<Need>, EngineError> {
        let logins = self.store().logins(&connection.logins).await?;
        let lost = logins.len() < connection.logins.len() || logins.iter().any(|login| login.lost);
        let sealed = |login: Login| self.open_login(login).is_err();
        Ok(if lost { Some(Need::Lost) } else { logins.into_iter().any(sealed).then_some(Need::Sealed) })
    }

    /// One of its logins cannot be used. Nothing if that was mended meanwhile.
    pub(crate) async fn need_login(&self, connection: &Connection) -> Result<(), EngineError> {
        let mut held = connection.clone();
        for _ in 0..MOST_DECISIONS {
            let Some(need) = self.login_need(&held).await? else { return Ok(()) };
            let before = held.standing();
            if before.ended || before.need == Some(need) {
                return Ok(());
            }
            let check_at = Some(self.now() + look_after_need(need));
            let standing = Standing { need: Some(need), check_at, ..before };
            match self.put_connection(&held, held.with(standing, self.now())).await {
                Err(EngineError::Store(StoreError::Stale)) => {}
                put => return put.map(drop),
            }
            held = self.own_connection(&connection.customer_id, connection.id).await?;
        }
        Err(StoreError::Stale.into())
    }

    /// None of its logins may do what is needed.
    pub(crate) async fn need_other_login(&self, connection: &Connection) -> Result<(), EngineError> {
        if connection.logins.is_empty() {
            return Ok(());
        }
        let unable =
            |held: &Standing| held.is_listening().then(|| Standing { need: Some(Need::Unable), ..held.clone() });
        self.change_standing(connection, unable).await.map(drop)
    }

    /// Pauses a connection, or lets it go on. What came meanwhile is taken up.
    pub async fn set_paused(
        &self,
        customer: &CustomerId,
        id: ConnectionId,
        on: bool,
    ) -> Result<Connection, EngineError> {
        let held = self.own_connection(customer, id).await?;
        if held.state == ConnectionState::Disconnected {
            let detail = "The connection is ended. Connect again; then it can be paused.";
            return Err(EngineError::refused("connection_closed", detail));
        }
        let pause =
            |held: &Standing| (!held.ended && held.paused != on).then(|| Standing { paused: on, ..held.clone() });
        let changed = self.change_standing(&held, pause).await?;
        if changed.takes_news() {
            self.take_up_again(&changed).await?;
        }
        Ok(changed)
    }

    /// It listens again: what was kept for it is read, and what waits is due.
    pub(crate) async fn take_up_again(&self, connection: &Connection) -> Result<(), EngineError> {
        self.claim_parts(connection).await?;
        self.hasten(connection).await
    }

    /// A call for it failed in a way that may be the beginning of trouble.
    pub(crate) async fn meet(&self, connection: &Connection, error: &ConnectorError) -> Result<(), EngineError> {
        let ground = match error {
            ConnectorError::Busy { after } if *after >= LONG_WAIT => Ground::Busy,
            ConnectorError::Busy { .. } | ConnectorError::Unknown(_) | ConnectorError::Unreadable(_) => {
                Ground::Unreachable
            }
            ConnectorError::LoginLost { .. }
            | ConnectorError::TokenExpired { .. }
            | ConnectorError::Refused(_)
            | ConnectorError::CursorLost => return Ok(()),
        };
        self.meet_ground(connection, ground).await
    }

    pub(crate) async fn meet_ground(&self, connection: &Connection, ground: Ground) -> Result<(), EngineError> {
        let now = self.now();
        self.change_standing(connection, |held| held.met(ground, now)).await.map(drop)
    }

    /// A call for it went well.
    pub(crate) async fn ease(&self, connection: &Connection) -> Result<(), EngineError> {
        let now = self.now();
        self.change_standing(connection, |held| held.eased(now)).await.map(drop)
    }

    /// Says whether history is being read for it.
    pub(crate) async fn show_import(&self, connection: &Connection) -> Result<(), EngineError> {
        for _ in 0..MOST_DECISIONS {
            // The caller's own may be from before the run began.
            let held = self.own_connection(&connection.customer_id, connection.id).await?;
            let importing = self.is_importing(&held).await?;
            let look_at = self.now() + IMPORT_LOOK;
            let change = |held: &Standing| {
                let check_at = if importing { held.check_at.or(Some(look_at)) } else { held.check_at };
                (held.importing != importing).then(|| Standing { importing, check_at, ..held.clone() })
            };
            let changed = self.change_standing(&held, change).await?;
            // A run may have begun or ended since it was looked, so what was written is looked at again.
            if changed.revision == held.revision {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn is_importing(&self, connection: &Connection) -> Result<bool, EngineError> {
        let mut paging = Paging { after: None, limit: RUNS_LOOKED_AT };
        for _ in 0..MOST_PAGES_OF_RUNS {
            let page = self.store().sync_statuses(&connection.customer_id, Some(connection.id), &paging).await?;
            if page.items.iter().any(|run| run.is_open() && run.kind == SyncKind::Import) {
                return Ok(true);
            }
            match page.next {
                Some(next) => paging.after = Some(next),
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Changes what a connection's state follows from, decided anew if somebody was faster.
    pub(crate) async fn change_standing(
        &self,
        connection: &Connection,
        change: impl Fn(&Standing) -> Option<Standing>,
    ) -> Result<Connection, EngineError> {
        let mut held = connection.clone();
        for _ in 0..MOST_DECISIONS {
            let Some(standing) = change(&held.standing()) else { return Ok(held) };
            match self.put_connection(&held, held.with(standing, self.now())).await {
                Err(EngineError::Store(StoreError::Stale)) => {}
                put => return put,
            }
            held = self.own_connection(&connection.customer_id, connection.id).await?;
        }
        Err(StoreError::Stale.into())
    }

    /// A connection that is open again may have missed something.
    pub(crate) fn look_soon(&self, connection: &Connection) -> [Write; 2] {
        let (connection_id, at) = (connection.id, self.now());
        [Write::CheckSoon { connection_id, at }, Write::FollowSoon { connection_id, at }]
    }

    /// Writes a connection over the one before. Only what a reader sees is told.
    pub(crate) async fn put_connection(
        &self,
        before: &Connection,
        next: Connection,
    ) -> Result<Connection, EngineError> {
        let mut changes = Changes::of(&next.customer_id);
        if !before.is_open() && next.is_open() {
            changes.writes.extend(self.look_soon(&next));
        }
        if before.include_trash_and_spam != next.include_trash_and_spam {
            // Nobody tells again what was left out until now, or what is to go.
            let (connection_id, at) = (next.id, self.now());
            changes.writes.push(Write::CheckAll { connection_id, at, lost: false });
        }
        let chosen = |one: &Connection| (one.import_new_chats, one.include_trash_and_spam);
        let seen = |one: &Connection| (one.state, one.reason.clone(), one.standing.paused, chosen(one));
        if seen(before) != seen(&next) {
            changes.events.push(self.connection_event(&next));
        }
        changes.writes.push(Write::Connection(next.clone()));
        self.commit(changes).await?;
        Ok(next)
    }

    pub(crate) fn connection_event(&self, connection: &Connection) -> NewEvent {
        NewEvent {
            kind: EventKind::ConnectionUpdated,
            subject: Subject::Connection(connection.id),
            revision: connection.revision,
            connection_id: Some(connection.id),
            chat_id: None,
            origin: Origin::Live,
            merged_from: None,
            at: self.now(),
        }
    }
}

fn look_after_need(need: Need) -> Duration {
    match need {
        Need::Sealed => KEY_LOOK,
        Need::Lost | Need::Unable => LOGIN_LOOK,
    }
}
