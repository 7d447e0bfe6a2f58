//! What platforms tell: admitted, routed to those whom it concerns, read, and taken in.

use crate::{Engine, EngineError, LEASE, Offered, Turn, take_in::News};
use bytes::Bytes;
use model::{
    changes::{Changes, Write},
    chat::{Chat, ChatState},
    connection::{Connection, ConnectionState},
    connector::{Access, Admission, ConnectorError, Reading, Refusal, Trust},
    customer::CustomerId,
    event::Origin,
    id::{ExternalAccount, ExternalId, IntakeId, Integration},
    intake::{Intake, Part, PartState, QueuedPart, RawRequest, UnclaimedPart},
    retry,
    store::Lane,
    time::Timestamp,
    update::Update,
};
use std::{collections::BTreeMap, time::Duration};

/// How many requests one turn routes.
const ROUTED_AT_ONCE: usize = 200;
/// How many lanes one turn looks at.
const LANES_AT_ONCE: usize = 16;
/// How many parts of one lane are decided together.
const PARTS_AT_ONCE: usize = 50;
/// How long a part that no connection claims is kept.
pub const UNCLAIMED_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// How long it is believed that somebody is in a chat without asking again.
pub const MEMBERSHIP_TRUSTED_FOR: Duration = Duration::from_secs(10 * 60);
/// How often a part is tried before it is parked.
const MOST_READS: u32 = 12;
/// Headers whose name holds one of these are never kept.
const SECRET_HEADERS: &[&str] = &["authorization", "cookie", "signature", "token"];

/// What became of a platform's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It is on disk.
    Kept,
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

impl Engine {
    /// Checks a platform's request, and keeps it. Once this returns `Kept`, it is on disk.
    pub async fn admit(&self, integration: &Integration, mut request: RawRequest) -> Result<Admitted, EngineError> {
        let offered = self.offered(integration)?;
        let trust = Trust { settings: &offered.settings, now: self.now() };
        match offered.connector.admit(&request, &trust) {
            Admission::Refuse(refusal) => Ok(Admitted::Refused(refusal)),
            Admission::Answer { content_type, body } => Ok(Admitted::Answer { content_type, body }),
            Admission::Keep => {
                request.headers.retain(|(name, _)| !SECRET_HEADERS.iter().any(|secret| name.contains(secret)));
                let id = IntakeId::from(self.uuid());
                self.store().append(Intake { id, integration: integration.clone(), request }).await?;
                self.parts.announcer.work();
                Ok(Admitted::Kept)
            }
        }
    }

    /// Queues the parts of new requests for every connection that they concern.
    pub async fn route_turn(&self) -> Result<Turn, EngineError> {
        let intakes = self.store().unrouted(ROUTED_AT_ONCE).await?;
        if intakes.is_empty() || !self.lease("route").await? {
            return Ok(Turn::Idle);
        }
        let mut queued: BTreeMap<CustomerId, Vec<Write>> = BTreeMap::new();
        let mut rest = Vec::new();
        let mut listeners: BTreeMap<(Integration, ExternalAccount), Vec<Connection>> = BTreeMap::new();
        for intake in &intakes {
            for part in self.parts_of(intake) {
                let key = (intake.integration.clone(), part.account.clone());
                if !listeners.contains_key(&key) {
                    let found = self.store().listeners(&key.0, &key.1).await?;
                    let found = found.into_iter().filter(|one| one.state != ConnectionState::Disconnected);
                    listeners.insert(key.clone(), found.collect());
                }
                let concerned = &listeners[&key];
                for connection in concerned {
                    let writes = queued.entry(connection.customer_id.clone()).or_default();
                    writes.push(Write::QueuePart(queued_part(connection, intake.id, &part, self.now())));
                }
                if concerned.is_empty() {
                    rest.push(Write::Unclaimed(UnclaimedPart {
                        integration: intake.integration.clone(),
                        account: part.account,
                        intake_id: intake.id,
                        number: part.number,
                        chat: part.chat,
                        until: self.now() + UNCLAIMED_FOR,
                    }));
                }
            }
            rest.push(Write::Routed(intake.id));
        }
        // A crash in between routes again: a part that is queued already stays as it is.
        for (customer, writes) in queued {
            self.commit(Changes { writes, ..Changes::of(&customer) }).await?;
        }
        self.commit(Changes::of_nobody(rest)).await?;
        self.release("route").await?;
        Ok(Turn::Worked)
    }

    /// The parts of a request. One whose form is not understood is one part of no account, which waits
    /// with the unclaimed ones for a connector that understands it.
    fn parts_of(&self, intake: &Intake) -> Vec<Part> {
        let routed = match self.parts.integrations.get(&intake.integration) {
            Some(offered) => offered.connector.route(&intake.request),
            None => Ok(Vec::new()),
        };
        routed.unwrap_or_else(|error| {
            tracing::warn!(intake.id = %intake.id, %error, "Cannot route request {}", intake.id);
            let (account, payload) = (ExternalAccount::from(""), intake.request.body.clone());
            vec![Part { number: 0, account, chat: None, payload }]
        })
    }

    /// Reads what is queued for one connection and chat, and takes it in.
    pub async fn read_turn(&self) -> Result<Turn, EngineError> {
        for lane in self.store().part_lanes(self.now(), LANES_AT_ONCE).await? {
            let chat = lane.chat.as_ref().map_or("", ExternalId::as_str);
            let name = format!("parts/{}/{chat}", lane.connection_id);
            if !self.lease(&name).await? {
                continue;
            }
            let read = self.read_lane(&lane).await;
            self.release(&name).await?;
            return read.map(|()| Turn::Worked);
        }
        Ok(Turn::Idle)
    }

    async fn read_lane(&self, lane: &Lane) -> Result<(), EngineError> {
        let parts = self.store().parts(lane, self.now(), PARTS_AT_ONCE).await?;
        let connection = self.store().connection(&lane.customer_id, lane.connection_id).await?;
        let open = connection.filter(|connection| connection.state != ConnectionState::Disconnected);
        let Some(connection) = open else {
            let writes = parts.iter().map(remove).collect();
            return Ok(self.commit(Changes { writes, ..Changes::of(&lane.customer_id) }).await.map(drop)?);
        };
        let offered = self.offered(&connection.integration)?;
        let logins = match self.open_logins(&connection).await {
            Ok(logins) => logins,
            Err(EngineError::LoginLost) => Vec::new(), // What needs no call is still read.
            Err(error) => return Err(error),
        };
        let access = self.access(offered, &connection, &logins, self.now() + LEASE / 2);
        match self.gate(offered, &access, lane).await {
            Ok(gate) => self.read_parts(offered, &access, parts, gate).await,
            Err(Delay::Until(until)) => self.put_off(&lane.customer_id, parts, until).await,
            Err(Delay::Failed(error)) => Err(error),
        }
    }

    /// What the connection may hear of the chat. What is not known is asked for, and fails closed.
    async fn gate(&self, offered: &Offered, access: &Access<'_>, lane: &Lane) -> Result<Gate, Delay> {
        let Some(external_id) = &lane.chat else { return Ok(Gate::Open(Vec::new())) };
        let connection = access.connection;
        let named = std::slice::from_ref(external_id);
        let chats = self.store().chats_named(&connection.customer_id, connection.id, named).await;
        let chat = chats.map_err(EngineError::from)?.pop();
        let state = chat.as_ref().map_or(ChatState::Available, |chat| chat.state);
        let new = state == ChatState::Available && connection.import_new_chats;
        if state != ChatState::Imported && !new {
            // Of a chat that is known but not imported, the decision keeps a name and a time, no content.
            let known = chat.and_then(|chat| chat.member).is_some_and(|member| member.member);
            return Ok(if known { Gate::Open(Vec::new()) } else { Gate::Membership });
        }
        if chat.as_ref().is_some_and(|chat| self.is_surely_member(chat)) && !new {
            return Ok(Gate::Open(Vec::new()));
        }
        let mut updates = self.ask(offered, access, &Reading::Membership(external_id.clone())).await?;
        let member = updates.iter().any(|update| matches!(update, Update::Member { member: true, .. }));
        if !member {
            let news = News::new(connection, updates, Origin::Live);
            self.take_in(&news).await?;
            return Ok(Gate::Membership);
        }
        if new {
            updates.extend(self.ask(offered, access, &Reading::Chat(external_id.clone())).await?);
            return Ok(Gate::New(updates));
        }
        Ok(Gate::Open(updates))
    }

    /// Whether the person of the connection is in the chat, as far as that was heard not long ago.
    pub(crate) fn is_surely_member(&self, chat: &Chat) -> bool {
        let recent = |heard_at| self.now().since(heard_at) <= MEMBERSHIP_TRUSTED_FOR;
        chat.member.is_some_and(|member| member.member && recent(member.heard_at))
    }

    async fn ask(&self, offered: &Offered, access: &Access<'_>, reading: &Reading) -> Result<Vec<Update>, Delay> {
        match offered.connector.pull(access, reading, None).await {
            Ok(page) => Ok(page.updates),
            Err(ConnectorError::Busy { after }) => {
                Err(Delay::Until(retry::after_busy(self.now(), after, self.chance())))
            }
            Err(ConnectorError::LoginLost) => {
                self.lose_logins(access.connection).await?;
                Err(Delay::Until(self.now() + retry::LONGEST_WAIT))
            }
            Err(ConnectorError::Refused(_)) => Ok(Vec::new()),
            Err(_) => Err(Delay::Until(retry::next_try(self.now(), 2, self.chance()))),
        }
    }

    async fn put_off(
        &self,
        customer: &CustomerId,
        parts: Vec<QueuedPart>,
        until: Timestamp,
    ) -> Result<(), EngineError> {
        let later = |part| Write::UpdatePart(QueuedPart { due_at: until, ..part });
        let writes = parts.into_iter().map(later).collect();
        Ok(self.commit(Changes { writes, ..Changes::of(customer) }).await.map(drop)?)
    }

    async fn read_parts(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        parts: Vec<QueuedPart>,
        gate: Gate,
    ) -> Result<(), EngineError> {
        let ids: Vec<_> = parts.iter().map(|part| part.intake_id).collect();
        let intakes: BTreeMap<_, _> =
            self.store().intakes(&ids).await?.into_iter().map(|intake| (intake.id, intake)).collect();
        let (mut updates, mut with) = (Vec::new(), Vec::new());
        for part in parts {
            let raw = intakes.get(&part.intake_id).map(|intake| self.parts_of(intake)).unwrap_or_default();
            let Some(raw) = raw.into_iter().find(|raw| raw.number == part.number) else {
                with.push(remove(&part)); // The raw request is no longer kept, or the connector leaves it alone by now.
                continue;
            };
            match offered.connector.read(access, &raw).await {
                Ok(read) => {
                    updates.extend(read);
                    with.push(remove(&part));
                }
                Err(error) => with.push(self.unread(access.connection, part, error).await?),
            }
        }
        let (asked, import_new_chat) = match gate {
            Gate::Membership => {
                updates.retain(|update| matches!(update, Update::Member { .. } | Update::LoginLost { .. }));
                (Vec::new(), false)
            }
            Gate::Open(asked) => (asked, false),
            Gate::New(asked) => (asked, true),
        };
        for update in &updates {
            if let Update::LoginLost { account } = update {
                self.lose_login(&access.connection.integration, account).await?;
            }
        }
        let mut updates = [asked, updates].concat();
        self.look_up_people(&*offered.connector, access, &mut updates).await?;
        let news = News { with, import_new_chat, ..News::new(access.connection, updates, Origin::Live) };
        self.take_in(&news).await
    }

    /// A part that could not be read is tried again where that may help, and parked where it does not.
    async fn unread(
        &self,
        connection: &Connection,
        part: QueuedPart,
        error: ConnectorError,
    ) -> Result<Write, EngineError> {
        let attempts = part.attempts + 1;
        let due_at = match &error {
            ConnectorError::Busy { after } => Some(retry::after_busy(self.now(), *after, self.chance())),
            ConnectorError::Unknown(_) => Some(retry::next_try(self.now(), attempts, self.chance())),
            ConnectorError::LoginLost => {
                self.lose_logins(connection).await?;
                Some(self.now() + retry::LONGEST_WAIT)
            }
            ConnectorError::Refused(_) | ConnectorError::CursorLost | ConnectorError::Unreadable(_) => None,
        };
        Ok(Write::UpdatePart(match due_at.filter(|_| attempts < MOST_READS) {
            Some(due_at) => QueuedPart { attempts, due_at, ..part },
            None => {
                tracing::warn!(intake.id = %part.intake_id, %error, "Parked part {} of {}", part.number, part.intake_id);
                QueuedPart { attempts, state: PartState::Parked { error: error.to_string() }, ..part }
            }
        }))
    }

    pub(crate) async fn lease(&self, name: &str) -> Result<bool, EngineError> {
        let now = self.now();
        Ok(self.store().lease(name, &self.parts.holder, now, now + LEASE).await?)
    }

    pub(crate) async fn release(&self, name: &str) -> Result<(), EngineError> {
        Ok(self.store().release(name, &self.parts.holder).await?)
    }
}

/// What a connection may hear of a chat.
enum Gate {
    /// Everything, and what was asked on the way.
    Open(Vec<Update>),
    /// Everything; and the chat, which is new, is imported by it.
    New(Vec<Update>),
    /// Only whether its person is in the chat.
    Membership,
}

/// Why a lane is not read now.
enum Delay {
    Until(Timestamp),
    Failed(EngineError),
}

impl From<EngineError> for Delay {
    fn from(error: EngineError) -> Self {
        Self::Failed(error)
    }
}

pub(crate) fn queued_part(connection: &Connection, intake_id: IntakeId, part: &Part, now: Timestamp) -> QueuedPart {
    QueuedPart {
        customer_id: connection.customer_id.clone(),
        connection_id: connection.id,
        intake_id,
        number: part.number,
        chat: part.chat.clone(),
        state: PartState::Waiting,
        attempts: 0,
        due_at: now,
    }
}

fn remove(part: &QueuedPart) -> Write {
    Write::RemovePart { connection_id: part.connection_id, intake_id: part.intake_id, number: part.number }
}
