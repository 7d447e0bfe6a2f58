//! What platforms tell: admitted, routed to those whom it concerns, read, and taken in.

use crate::{Engine, EngineError, FLOW, Loop, Turn, kept::queued_part};
use bytes::Bytes;
use futures_util::future::try_join_all;
use model::{
    changes::{Changes, Write},
    connection::Connection,
    connector::{Admission, Refusal},
    customer::CustomerId,
    id::{ConnectionId, ExternalAccount, IntakeId, Integration},
    intake::{Intake, Part, RawRequest, UnclaimedPart},
    standing::KEPT_FOR,
};
use std::collections::{BTreeMap, BTreeSet};
use tracing::{Instrument, debug_span};

/// How many requests one turn routes.
const ROUTED_AT_ONCE: usize = 200;
/// Headers whose name holds one of these are never kept.
const SECRET_HEADERS: &[&str] = &["authorization", "cookie", "signature", "token"];

/// What became of a platform's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It is on disk.
    Kept,
    /// What it tells of is sure to be read soon.
    Hinted,
    /// Answer this; nothing was kept.
    Answer {
        /// The media type of the answer.
        content_type: &'static str,
        /// The answer.
        body: Bytes,
    },
    /// It is not the platform's, or not meant for us.
    Refused(Refusal),
}

/// At which integration, for which account, and for which one connection if it is for one alone.
type Told = (Integration, ExternalAccount, Option<ConnectionId>);

/// Who hears of an account.
struct Audience {
    listening: Vec<Connection>,
    /// Somebody who does not listen now may come and claim it.
    kept: bool,
}

impl Engine {
    /// Checks a platform's request, and keeps it. Once this returns `Kept`, it is on disk.
    pub async fn admit(&self, integration: &Integration, request: RawRequest) -> Result<Admitted, EngineError> {
        let offered = self.offered(integration)?;
        match self.judge(offered, integration, &request).await? {
            Admission::Refuse(refusal) => Ok(Admitted::Refused(refusal)),
            // The keys are as new as can be.
            Admission::NeedsKeys => Ok(Admitted::Refused(Refusal::Untrusted)),
            Admission::Hint(account) => {
                self.take_hint(integration, &account).await?;
                Ok(Admitted::Hinted)
            }
            Admission::Answer { content_type, body } => Ok(Admitted::Answer { content_type, body }),
            Admission::Keep => {
                self.keep(integration, None, request).await?;
                Ok(Admitted::Kept)
            }
        }
    }

    /// Keeps a request that is known to be the platform's, unless too much waits. Once this returns, it is on
    /// disk.
    pub(crate) async fn keep(
        &self,
        integration: &Integration,
        connection_id: Option<ConnectionId>,
        mut request: RawRequest,
    ) -> Result<(), EngineError> {
        request.headers.retain(|(name, _)| !SECRET_HEADERS.iter().any(|secret| name.contains(secret)));
        self.check_intake().await?;
        let id = IntakeId::from(self.uuid());
        let keep = debug_span!(target: FLOW, "keep", intake_id = %id, %integration);
        let intake = Intake { id, integration: integration.clone(), connection_id, request };
        self.store().append(intake).instrument(keep).await?;
        self.parts.announcer.work(&BTreeSet::from([Loop::Route]));
        Ok(())
    }

    /// Queues the parts of new requests for every connection that they concern.
    pub async fn route_turn(&self) -> Result<Turn, EngineError> {
        let intakes = self.store().unrouted(ROUTED_AT_ONCE).await?;
        if intakes.is_empty() {
            return Ok(Turn::Idle);
        }
        Ok(match self.alone("route", self.route(&intakes)).await? {
            Some(routed) => routed.map(|()| Turn::Worked)?,
            None => Turn::Idle,
        })
    }

    async fn route(&self, intakes: &[Intake]) -> Result<(), EngineError> {
        let mut queued: BTreeMap<CustomerId, Vec<Write>> = BTreeMap::new();
        let mut rest = Vec::new();
        let mut heard: BTreeMap<Told, Audience> = BTreeMap::new();
        // They end with the commits that all of them share.
        let routing = |intake: &Intake| debug_span!(target: FLOW, "route", intake_id = %intake.id);
        let _routing: Vec<_> = intakes.iter().map(routing).collect();
        for intake in intakes {
            let parts = self.parts_of(intake);
            for connection in self.sharers(intake, &parts).await? {
                let writes = queued.entry(connection.customer_id.clone()).or_default();
                writes.push(Write::QueuePart(queued_part(&connection, intake.id, &parts[0], self.now())));
            }
            for part in parts {
                let key = (intake.integration.clone(), part.account.clone(), intake.connection_id);
                if !heard.contains_key(&key) {
                    heard.insert(key.clone(), self.audience(&key).await?);
                }
                let audience = &heard[&key];
                for connection in &audience.listening {
                    let writes = queued.entry(connection.customer_id.clone()).or_default();
                    writes.push(Write::QueuePart(queued_part(connection, intake.id, &part, self.now())));
                }
                if audience.kept {
                    rest.push(Write::Unclaimed(UnclaimedPart {
                        integration: intake.integration.clone(),
                        account: part.account,
                        intake_id: intake.id,
                        number: part.number,
                        chat: part.chat,
                        until: self.now() + KEPT_FOR,
                    }));
                }
            }
            rest.push(Write::Routed(intake.id));
        }
        // A crash in between routes again: a part that is queued already stays as it is.
        // Customers share nothing but the wait for the disk, so they wait together.
        let commits =
            queued.into_iter().map(|(customer, writes)| self.commit(Changes { writes, ..Changes::of(&customer) }));
        try_join_all(commits).await?;
        self.commit(Changes::of_nobody(rest)).await?;
        for ((integration, account, _), audience) in heard.into_iter().filter(|(_, audience)| audience.kept) {
            // Who came to listen in the meantime found nothing to claim.
            for connection in self.store().listeners(&integration, &account).await? {
                if connection.takes_news() && !audience.listening.iter().any(|known| known.id == connection.id) {
                    self.claim_parts(&connection).await?;
                }
            }
        }
        Ok(())
    }

    /// Who else hears of a request, because the chat that it is about is shared between accounts: a platform
    /// tells of it once, for one of them. Who is paused by now finds by comparison what was told meanwhile.
    pub(crate) async fn sharers(&self, intake: &Intake, parts: &[Part]) -> Result<Vec<Connection>, EngineError> {
        let Some(chat) = parts.first().and_then(|part| part.shared.as_ref()) else { return Ok(Vec::new()) };
        let mut found = self.store().sharers(&intake.integration, chat).await?;
        let hears = |connection: &Connection| parts.iter().any(|part| connection.listens_to.contains(&part.account));
        found.retain(|connection| connection.takes_news() && !hears(connection));
        Ok(found)
    }

    async fn audience(&self, (integration, account, only): &Told) -> Result<Audience, EngineError> {
        let mut found = self.store().listeners(integration, account).await?;
        found.retain(|connection| only.is_none_or(|only| connection.id == only));
        let awaited = found.iter().any(|connection| connection.is_awaited(self.now()));
        let listening: Vec<_> = found.into_iter().filter(Connection::takes_news).collect();
        Ok(Audience { kept: awaited || listening.is_empty(), listening })
    }

    /// The parts of a request. One whose form is not understood is one part of no account, which waits
    /// with the unclaimed ones for a connector that understands it.
    pub(crate) fn parts_of(&self, intake: &Intake) -> Vec<Part> {
        let routed = match self.parts.integrations.get(&intake.integration) {
            Some(offered) => offered.connector.route(&intake.request),
            None => Ok(Vec::new()),
        };
        routed.unwrap_or_else(|error| {
            tracing::warn!(intake.id = %intake.id, %error, "Cannot route request {}", intake.id);
            let (account, payload) = (ExternalAccount::from(""), intake.request.body.clone());
            vec![Part { number: 0, account, chat: None, shared: None, payload }]
        })
    }
}
