//! Logins: opened for a call, refreshed well before they end, and lost.
//!
//! A login is shared by all connections that stand on it. What a call meets concerns the login that it
//! used, as it was then: whoever still holds older tokens never loses the newer ones.

use crate::{CALL_TIMEOUT, Engine, EngineError, Turn, place};
use model::{
    changes::{Changes, Write},
    connection::{Connection, Login},
    connector::{Access, ConnectorError, OpenLogin, Page, Reading, Refreshed},
    id::{Cursor, ExternalAccount, Integration},
    limits::Purpose,
    retry,
    standing::Ground,
    store::StoreError,
    time::Timestamp,
};
use std::time::Duration;

/// How many logins one turn looks at.
const LOGINS_AT_ONCE: usize = 16;
/// How long one holder may refresh a login: little more than the call, since a refresh whose answer was
/// lost must be repeated while the platform still takes the old token.
const REFRESH_LEASE: Duration = Duration::from_secs(40);
/// How long work waits for a token that somebody is refreshing.
const REFRESH_TAKES: Duration = Duration::from_secs(1);

impl Engine {
    /// The logins of a connection with their tokens in the clear. Those that have ended are refreshed first.
    pub(crate) async fn open_logins(&self, connection: &Connection) -> Result<Vec<OpenLogin>, EngineError> {
        let logins = self.store().logins(&connection.logins).await?;
        if logins.iter().any(|login| login.lost) || logins.len() < connection.logins.len() {
            return Err(EngineError::LoginLost);
        }
        let mut open = Vec::new();
        for login in logins {
            let login = if login.is_expired(self.now()) { self.refreshed(&login).await? } else { login };
            open.push(self.open_login(login)?);
        }
        Ok(open)
    }

    pub(crate) fn open_login(&self, login: Login) -> Result<OpenLogin, EngineError> {
        match self.parts.vault.open(&place(&login), &login.secret) {
            Ok(secret) => Ok(OpenLogin { login, secret }),
            Err(error) => {
                tracing::error!(login.id = %login.id, %error, "Cannot open login {}", login.id);
                Err(EngineError::LoginLost)
            }
        }
    }

    /// Refreshes one login that is due, well before its tokens end.
    pub async fn refresh_turn(&self) -> Result<Turn, EngineError> {
        for login in self.store().due_logins(self.now(), LOGINS_AT_ONCE).await? {
            match self.refreshed(&login).await {
                Err(EngineError::Busy(_)) => continue, // Somebody else has it, or it waits by now.
                Err(EngineError::Store(error)) => return Err(error.into()),
                Err(EngineError::LoginLost) | Ok(_) => return Ok(Turn::Worked),
                Err(error) => {
                    tracing::warn!(login.id = %login.id, %error, "Cannot refresh login {}", login.id);
                    self.refresh_later(login, retry::LONGEST_WAIT).await?;
                    return Ok(Turn::Worked);
                }
            }
        }
        Ok(Turn::Idle)
    }

    /// The login with fresh tokens. One holder at a time asks for them; the others wait.
    async fn refreshed(&self, login: &Login) -> Result<Login, EngineError> {
        let name = format!("login/{}", login.id);
        let done = self.alone_for(&name, REFRESH_LEASE, self.refresh(login)).await?;
        done.unwrap_or(Err(EngineError::Busy(REFRESH_TAKES)))
    }

    async fn refresh(&self, listed: &Login) -> Result<Login, EngineError> {
        let Some(login) = self.store().logins(&[listed.id]).await?.pop() else { return Err(EngineError::LoginLost) };
        if login.lost {
            return Err(EngineError::LoginLost);
        }
        let waits = login.refresh_at.filter(|refresh_at| *refresh_at > self.now());
        match waits {
            Some(_) if !login.is_expired(self.now()) => return Ok(login), // Somebody was faster.
            Some(refresh_at) => return Err(EngineError::Busy(refresh_at.since(self.now()))),
            None => {}
        }
        let offered = self.offered(&login.integration)?;
        let open = self.open_login(login.clone())?;
        let wire = self.wire_for(offered, &open.login.integration, None, Purpose::Asked);
        match offered.connector.refresh(&self.threshold(offered, &wire), &open).await {
            Ok(refreshed) => self.keep_refreshed(login, refreshed).await,
            Err(ConnectorError::LoginLost { .. }) => {
                tracing::warn!(login.id = %login.id, "The platform refreshes login {} no more", login.id);
                self.lose(login).await?;
                Err(EngineError::LoginLost)
            }
            Err(error) => {
                tracing::info!(login.id = %login.id, %error, "Login {} was not refreshed; trying again", login.id);
                let due_at = match error {
                    ConnectorError::Busy { after } => retry::after_busy(self.now(), after, self.chance()),
                    _ => retry::next_try(self.now(), login.failures + 1, self.chance()),
                };
                let wait = due_at.since(self.now());
                if login.is_expired(self.now()) && matches!(error, ConnectorError::Refused(_)) {
                    for connection in self.store().standing_on(login.id).await? {
                        self.meet_ground(&connection, Ground::NotRefreshed).await?;
                    }
                }
                self.refresh_later(login, wait).await?;
                Err(EngineError::Busy(wait))
            }
        }
    }

    /// Saves new tokens, unless somebody else saved others: theirs are as good.
    async fn keep_refreshed(&self, login: Login, refreshed: Refreshed) -> Result<Login, EngineError> {
        let secret = self.parts.vault.seal(&place(&login), &refreshed.secret);
        let expires_at = refreshed.expires_at;
        let refresh_at = self.refresh_at(expires_at);
        let (revision, updated_at) = (login.revision + 1, self.now());
        let next = Login { secret, expires_at, refresh_at, failures: 0, revision, updated_at, ..login };
        match self.commit(Changes::of_nobody(vec![Write::Login(next.clone())])).await {
            Ok(_) => Ok(next),
            Err(StoreError::Stale) => {
                self.store().logins(&[next.id]).await?.pop().filter(|held| !held.lost).ok_or(EngineError::LoginLost)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn refresh_later(&self, login: Login, wait: Duration) -> Result<(), EngineError> {
        let refresh_at = Some(self.now() + wait);
        let (revision, failures) = (login.revision + 1, login.failures.saturating_add(1));
        self.put_login(Login { refresh_at, failures, revision, ..login }).await
    }

    /// When upkeep is to refresh tokens that end then.
    pub(crate) fn refresh_at(&self, expires_at: Option<Timestamp>) -> Option<Timestamp> {
        expires_at.map(|expires_at| retry::refresh_at(self.now(), expires_at, self.chance()))
    }

    /// What a call met that says something of a login, and when its work goes on.
    pub(crate) async fn login_refused(
        &self,
        access: &Access<'_>,
        error: &ConnectorError,
    ) -> Result<Timestamp, EngineError> {
        let used = |account: &ExternalAccount| access.logins.iter().find(|open| open.login.account == *account);
        match error {
            ConnectorError::TokenExpired { account } => {
                if let Some(open) = used(account) {
                    self.expire(&open.login).await?;
                }
                Ok(self.now() + REFRESH_TAKES)
            }
            ConnectorError::LoginLost { account } => {
                match account.as_ref().and_then(used) {
                    Some(open) if open.login.refresh_at.is_some() => {
                        self.expire(&open.login).await?;
                        return Ok(self.now() + REFRESH_TAKES);
                    }
                    Some(open) => self.lose(open.login.clone()).await?,
                    None => self.need_other_login(access.connection).await?,
                }
                Ok(self.now() + retry::LONGEST_WAIT)
            }
            _ => Ok(self.now() + retry::FIRST_WAIT),
        }
    }

    /// Its tokens have ended earlier than was known: they are refreshed before anybody uses them again. A
    /// token that was refreshed too often, because answers were lost, is called revoked. So where there is
    /// something to refresh with, only that tells whether the login is lost.
    async fn expire(&self, used: &Login) -> Result<(), EngineError> {
        let (expires_at, refresh_at) = (Some(self.now()), Some(self.now()));
        self.put_login(Login { expires_at, refresh_at, revision: used.revision + 1, ..used.clone() }).await
    }

    /// The platform no longer accepts a login, as it was used. One that was renewed meanwhile stays.
    pub(crate) async fn lose(&self, login: Login) -> Result<(), EngineError> {
        let id = login.id;
        if !login.lost {
            let lost = Login { lost: true, revision: login.revision + 1, updated_at: self.now(), ..login };
            match self.commit(Changes::of_nobody(vec![Write::Login(lost)])).await {
                Ok(_) => {}
                Err(StoreError::Stale) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        for connection in self.store().standing_on(id).await? {
            self.need_login(&connection).await?;
        }
        Ok(())
    }

    /// The platform told that a login is lost. That may be old news of a login that came back since, so the
    /// platform is asked.
    pub(crate) async fn hear_of_loss(
        &self,
        integration: &Integration,
        account: &ExternalAccount,
    ) -> Result<Result<(), ConnectorError>, EngineError> {
        let Some(login) = self.store().login_of(integration, account).await? else { return Ok(Ok(())) };
        if login.lost {
            return self.lose(login).await.map(Ok);
        }
        let offered = self.offered(integration)?;
        let Ok(open) = self.open_login(login.clone()) else { return Ok(Ok(())) };
        let wire = self.wire_for(offered, integration, None, Purpose::Asked);
        match offered.connector.check(&self.threshold(offered, &wire), &open).await {
            Err(ConnectorError::LoginLost { .. }) if login.refresh_at.is_none() => self.lose(login).await.map(Ok),
            Err(ConnectorError::LoginLost { .. } | ConnectorError::TokenExpired { .. }) => {
                self.expire(&login).await.map(Ok)
            }
            answer => Ok(answer),
        }
    }

    async fn put_login(&self, login: Login) -> Result<(), EngineError> {
        match self.commit(Changes::of_nobody(vec![Write::Login(login)])).await {
            Ok(_) | Err(StoreError::Stale) => Ok(()), // Somebody else's is newer.
            Err(error) => Err(error.into()),
        }
    }

    /// Asks the platform while somebody waits for the answer: again at once where only a token had ended.
    pub(crate) async fn ask_now(
        &self,
        connection: &Connection,
        reading: &Reading,
        cursor: Option<&Cursor>,
    ) -> Result<(Page, Vec<OpenLogin>), EngineError> {
        let offered = self.offered(&connection.integration)?;
        let mut again = true;
        loop {
            let logins = self.open_logins(connection).await?;
            let wire = self.wire(offered, connection, Purpose::Asked);
            let access = self.access(offered, connection, &logins, &wire, self.now() + CALL_TIMEOUT);
            match offered.connector.pull(&access, reading, cursor).await {
                Ok(page) => return Ok((page, logins)),
                Err(error) => again = self.may_ask_again(&access, error, again).await?,
            }
        }
    }

    /// What somebody waits for was refused. It is asked for once more where only the token had ended.
    pub(crate) async fn may_ask_again(
        &self,
        access: &Access<'_>,
        error: ConnectorError,
        again: bool,
    ) -> Result<bool, EngineError> {
        let ended = matches!(error, ConnectorError::TokenExpired { .. });
        if ended || matches!(error, ConnectorError::LoginLost { .. }) {
            self.login_refused(access, &error).await?;
        }
        if ended && again { Ok(false) } else { Err(error.into()) }
    }
}
