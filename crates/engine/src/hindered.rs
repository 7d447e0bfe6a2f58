//! What becomes of a run whose page could not be had: it waits, begins anew, or ends.

use crate::{Engine, EngineError, import::problem};
use model::{
    changes::{Changes, Write},
    connection::Connection,
    connector::{Access, ConnectorError},
    limits::Quota,
    message::Problem,
    retry,
    sync_status::{SyncState, SyncStatus},
    time::Timestamp,
};

/// How often in a row a run may break off before it fails.
const MOST_FAILURES: u32 = 10;

impl Engine {
    /// Puts a run off, or ends it, by why its page could not be had.
    pub(crate) async fn break_off(
        &self,
        access: &Access<'_>,
        sync: SyncStatus,
        error: ConnectorError,
        full: Option<&Quota>,
    ) -> Result<(), EngineError> {
        let connection = access.connection;
        let failures = sync.failures + 1;
        let text = error.to_string();
        // A run that keeps to the platform's limits waits as it should: that is no trouble.
        if full.is_none() || !matches!(error, ConnectorError::Busy { .. }) {
            self.meet(connection, &error).await?;
        }
        match error {
            ConnectorError::Busy { after } => {
                let due_at = retry::after_busy(self.now(), after, self.chance());
                let busy = problem("platform_busy", "The platform did not answer. It is asked again.");
                let reason = full.map_or(busy, |full| self.limit_reached(connection, full));
                self.wait(sync, due_at, reason).await
            }
            ConnectorError::LoginLost { .. } => {
                let due_at = self.login_refused(access, &error).await?;
                self.wait(sync, due_at, problem("login_lost", "The login is lost. Connect again.")).await
            }
            ConnectorError::TokenExpired { .. } => {
                let due_at = self.login_refused(access, &error).await?;
                self.wait(sync, due_at, problem("login_refreshing", "The login is being refreshed.")).await
            }
            ConnectorError::Refused(problem) => self.end(sync, SyncState::Failed, Some(problem)).await,
            ConnectorError::CursorLost if failures < MOST_FAILURES => {
                // What was read already is told again, which changes nothing.
                let again = SyncStatus {
                    cursor: None,
                    check: None,
                    done: 0,
                    pages: 0,
                    newest: None,
                    reached: None,
                    failures,
                    ..sync
                };
                self.wait(again, self.now(), problem("cursor_lost", "The platform lost the place; reading again."))
                    .await
            }
            _ if failures >= MOST_FAILURES => {
                let detail = format!("It broke off {failures} times in a row ({text}). Retry it later.");
                self.end(sync, SyncState::Failed, Some(problem("platform_unreachable", &detail))).await
            }
            _ => {
                let due_at = retry::next_try(self.now(), failures, self.chance());
                let waiting = SyncStatus { failures, ..sync };
                self.wait(waiting, due_at, problem("platform_unreachable", "The platform did not answer.")).await
            }
        }
    }

    fn limit_reached(&self, connection: &Connection, full: &Quota) -> Problem {
        let offered = self.parts.integrations.get(&connection.integration);
        let name = offered.map_or(connection.integration.as_str(), |offered| offered.connector.describe().name);
        let detail = format!("{name} allows {} of {}.", full.rule, full.method);
        problem("limit_reached", &detail)
    }

    /// Whoever still waits for the same is not told of again.
    pub(crate) async fn wait(&self, sync: SyncStatus, due_at: Timestamp, error: Problem) -> Result<(), EngineError> {
        let told = sync.state == SyncState::Waiting && sync.error.as_ref() == Some(&error);
        let revision = sync.revision + 1;
        let waiting = SyncStatus { state: SyncState::Waiting, due_at, error: Some(error), revision, ..sync };
        let mut changes = Changes::of(&waiting.customer_id);
        changes.events.extend((!told).then(|| self.sync_event(&waiting)));
        changes.writes.push(Write::SyncStatus(waiting));
        Ok(self.commit(changes).await.map(drop)?)
    }
}
