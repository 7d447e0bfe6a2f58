//! Reads what is queued: one connection and chat at a time, no more than its person may see.

use crate::{CALL_TIMEOUT, Engine, EngineError, FLOW, Offered, Turn, names::MOVE_AGAIN_AFTER, take_in::News};
use model::{
    changes::{Changes, Write},
    chat::{Chat, ChatKind, ChatState},
    connection::Connection,
    connector::{Access, ConnectorError, Reading},
    customer::CustomerId,
    event::Origin,
    id::ExternalId,
    intake::{Part, PartState, QueuedPart},
    limits::Purpose,
    retry,
    standing::Ground,
    store::{Lane, StoreError},
    time::Timestamp,
    update::{RemoteMessage, Update},
};
use std::{collections::BTreeMap, time::Duration};
use tracing::{Instrument, debug_span};

/// How many lanes one turn looks at.
const LANES_AT_ONCE: usize = 16;
/// How many parts of one lane are decided together.
const PARTS_AT_ONCE: usize = 50;
/// How long it is believed that somebody is in a chat without asking again.
pub const MEMBERSHIP_TRUSTED_FOR: Duration = Duration::from_secs(10 * 60);
/// How long what fails for a reason of our own waits, so that it holds up nobody else.
pub(crate) const SET_BACK: Duration = Duration::from_secs(60);
/// How often a part is tried before it is parked.
const MOST_READS: u32 = 12;

impl Engine {
    /// Reads what is queued for one connection and chat, and takes it in.
    pub async fn read_turn(&self) -> Result<Turn, EngineError> {
        let after = self.last.read.customer();
        for lane in self.store().part_lanes(self.now(), after.as_ref(), LANES_AT_ONCE).await? {
            self.last.read.was(&lane.customer_id);
            let chat = lane.chat.as_ref().map_or("", ExternalId::as_str);
            let name = format!("parts/{}/{chat}", lane.connection_id);
            let (customer_id, connection_id) = (&lane.customer_id, lane.connection_id);
            let reading = debug_span!(target: FLOW, "read", %customer_id, %connection_id);
            match self.alone(&name, self.read_lane(&lane).instrument(reading)).await? {
                None => continue,
                // Somebody was faster; what is still queued is read again.
                Some(Err(EngineError::Store(StoreError::Stale)) | Ok(())) => {}
                Some(Err(EngineError::Store(error))) => return Err(error.into()),
                Some(Err(error)) => {
                    tracing::error!(connection.id = %lane.connection_id, %error, "Cannot read for {}", lane.connection_id);
                    let parts = self.store().parts(&lane, self.now(), PARTS_AT_ONCE).await?;
                    self.put_off(&lane.customer_id, parts, self.now() + SET_BACK).await?;
                }
            }
            return Ok(Turn::Worked);
        }
        Ok(Turn::Idle)
    }

    async fn read_lane(&self, lane: &Lane) -> Result<(), EngineError> {
        let parts = self.store().parts(lane, self.now(), PARTS_AT_ONCE).await?;
        let connection = self.store().connection(&lane.customer_id, lane.connection_id).await?;
        let connection = match connection {
            Some(connection) if connection.takes_news() => connection,
            other => return self.lay_by(lane, &parts, other.as_ref()).await,
        };
        let offered = self.offered(&connection.integration)?;
        let logins = match self.open_logins(&connection).await {
            Ok(logins) => logins,
            Err(EngineError::LoginLost) => {
                self.need_login(&connection).await?;
                Vec::new() // What needs no call is still read.
            }
            Err(EngineError::Busy(after)) => return self.put_off(&lane.customer_id, parts, self.now() + after).await,
            Err(error) => return Err(error),
        };
        let wire = self.wire(offered, &connection, Purpose::News);
        let access = self.access(offered, &connection, &logins, &wire, self.now() + CALL_TIMEOUT);
        match self.gate(offered, &access, lane).await {
            Ok(gate) => {
                let gate = self.import_whole(&connection, gate).await?;
                self.read_parts(offered, &access, parts, gate).await
            }
            Err(Delay::Until(until)) => self.put_off(&lane.customer_id, parts, until).await,
            Err(Delay::Failed(error)) => Err(error),
        }
    }

    /// What the connection may hear of the chat. What is not known is asked for, and fails closed.
    async fn gate(&self, offered: &Offered, access: &Access<'_>, lane: &Lane) -> Result<Gate, Delay> {
        let asked_at = self.now();
        let gate = |passes, chat| Gate { passes, chat, asked: Vec::new(), asked_at };
        let Some(external_id) = &lane.chat else { return Ok(gate(Passes::All, None)) };
        let connection = access.connection;
        let named = std::slice::from_ref(external_id);
        let chats = self.store().chats_named(&connection.customer_id, connection.id, named).await;
        let chat = chats.map_err(EngineError::from)?.pop();
        let state = chat.as_ref().map_or(ChatState::Available, |chat| chat.state);
        let new = state == ChatState::Available && connection.import_new_chats;
        if state != ChatState::Imported && !new {
            // Of a chat that is known but not imported, the decision keeps a name and a time, no content.
            let known = chat.as_ref().and_then(|chat| chat.member).is_some_and(|member| member.member);
            return Ok(gate(if known { Passes::All } else { Passes::Membership }, chat));
        }
        if !new && chat.as_ref().is_some_and(|chat| self.is_surely_member(chat)) {
            return Ok(gate(Passes::All, chat));
        }
        // Nobody can be asked about a name that the chat no longer has.
        let now = chat.as_ref().map_or(external_id, |chat| &chat.external_id);
        let mut asked = self.ask(offered, access, &Reading::Membership(now.clone())).await?;
        if !asked.iter().any(|update| matches!(update, Update::Member { member: true, .. })) {
            return Ok(Gate { asked, ..gate(Passes::Membership, chat) });
        }
        if new {
            asked.extend(self.ask(offered, access, &Reading::Chat(now.clone())).await?);
            return Ok(Gate { asked, ..gate(Passes::AllAsNew, chat) });
        }
        Ok(Gate { asked, ..gate(Passes::All, chat) })
    }

    /// What is new of a mail thread may be an answer to much that was never heard of: the thread is imported whole,
    /// and what is told of it now is read like that of any other chat. Other chats begin with what is new.
    async fn import_whole(&self, connection: &Connection, gate: Gate) -> Result<Gate, EngineError> {
        let thread = gate.asked.iter().find_map(|update| match update {
            Update::Chat { chat, facts, .. } if facts.kind == ChatKind::EmailThread => Some(chat.clone()),
            _ => None,
        });
        let Some(thread) = thread.filter(|_| gate.passes == Passes::AllAsNew) else { return Ok(gate) };
        let news = News::new(connection, gate.asked.clone(), Origin::Live);
        self.take_in(&News { asked_at: Some(gate.asked_at), ..news }).await?;
        self.begin_import(connection, &thread, None).await?;
        let named = std::slice::from_ref(&thread);
        let chat = self.store().chats_named(&connection.customer_id, connection.id, named).await?.pop();
        Ok(Gate { passes: Passes::All, chat, ..gate })
    }

    /// Whether the person of the connection is in the chat, as far as that was heard not long ago.
    pub(crate) fn is_surely_member(&self, chat: &Chat) -> bool {
        let recent = |asked_at| self.now().since(asked_at) <= MEMBERSHIP_TRUSTED_FOR;
        // Nobody at the platform could say who is in a chat that is not there yet.
        chat.begun_here || chat.member.is_some_and(|member| member.member && recent(member.asked_at))
    }

    async fn ask(&self, offered: &Offered, access: &Access<'_>, reading: &Reading) -> Result<Vec<Update>, Delay> {
        match offered.connector.pull(access, reading, None).await {
            Ok(page) => {
                self.ease(access.connection).await?;
                Ok(page.updates)
            }
            Err(error @ ConnectorError::Busy { after }) => {
                self.meet(access.connection, &error).await?;
                Err(Delay::Until(retry::after_busy(self.now(), after, self.chance())))
            }
            Err(error @ (ConnectorError::LoginLost { .. } | ConnectorError::TokenExpired { .. })) => {
                Err(Delay::Until(self.login_refused(access, &error).await?))
            }
            Err(ConnectorError::Refused(_)) => Ok(Vec::new()),
            Err(error) => {
                self.meet(access.connection, &error).await?;
                Err(Delay::Until(retry::next_try(self.now(), 2, self.chance())))
            }
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
        // What passes, and what is looked up, was decided for this generation of the chat.
        let expected = |chat: &Chat| Write::Expect { chat_id: chat.id, generation: chat.generation };
        let (mut updates, mut told_by) = (Vec::new(), BTreeMap::new());
        let mut with: Vec<_> = gate.chat.iter().map(expected).collect();
        for part in parts {
            let raw = intakes.get(&part.intake_id).map(|intake| self.parts_of(intake)).unwrap_or_default();
            let Some(raw) = raw.into_iter().find(|raw| raw.number == part.number) else {
                with.push(remove(&part)); // No longer kept, or left alone by the connector by now.
                continue;
            };
            let (intake_id, number) = (part.intake_id, part.number);
            let reading = debug_span!(target: FLOW, "part", %intake_id, number);
            match self.read_part(offered, access, &raw, &gate).instrument(reading).await {
                Ok(read) if self.must_wait(access.connection, &read).await? => {
                    with.push(Write::UpdatePart(QueuedPart { due_at: self.now() + MOVE_AGAIN_AFTER, ..part }));
                }
                Ok(read) => {
                    told_by.extend(read.iter().filter_map(Update::message).map(|name| (name.clone(), intake_id)));
                    updates.extend(read);
                    with.push(remove(&part));
                }
                Err(Unread::Platform(error)) => with.push(self.unread(access, part, error).await?),
                Err(Unread::Failed(error)) => return Err(error),
            }
        }
        let new = gate.passes == Passes::AllAsNew;
        let asked_at = (!gate.asked.is_empty()).then_some(gate.asked_at);
        let mut updates = [gate.asked, updates].concat();
        self.look_up_people(&*offered.connector, access, &mut updates).await?;
        let news = News::new(access.connection, updates, Origin::Live);
        self.take_in(&News { with, told_by, asked_at, import_new_chat: new, begins_import: new, ..news }).await
    }

    /// What a part says, as far as the connection may hear it.
    async fn read_part(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        part: &Part,
        gate: &Gate,
    ) -> Result<Vec<Update>, Unread> {
        let read = offered.connector.read(access, part).await?;
        for update in &read {
            if let Update::LoginLost { account } = update {
                self.hear_of_loss(&access.connection.integration, account).await??;
            }
        }
        let mut read = self.under_our_names(access.connection, read).await?;
        if gate.passes == Passes::Membership {
            // That a chat is gone says nothing of what is in it, and nobody can be asked about it any more.
            let was_member = gate.chat.as_ref().and_then(|chat| chat.member).is_some_and(|member| member.member);
            read.retain(|update| match update {
                Update::Member { .. } | Update::LoginLost { .. } => true,
                Update::ChatGone { .. } => was_member,
                _ => false,
            });
        }
        let Some(chat) = gate.chat.as_ref().filter(|chat| chat.is_imported()) else { return Ok(read) };
        let margin = 2 * offered.connector.describe().sighting_margin;
        let mut updates = Vec::new();
        for update in read {
            match &update {
                Update::Message(told) if is_older(chat, told, margin) && !self.is_known(access, told).await? => {
                    let message = self.name_there(access.connection, chat, &told.id)?;
                    let reading = Reading::Message { chat: chat.external_id.clone(), message };
                    match offered.connector.pull(access, &reading, None).await {
                        Ok(page) => updates.extend(page.updates),
                        Err(ConnectorError::Refused(_)) => {} // Whoever may not look it up may not hear of it.
                        Err(error) => return Err(error.into()),
                    }
                }
                _ => updates.push(update),
            }
        }
        Ok(updates)
    }

    async fn is_known(&self, access: &Access<'_>, told: &RemoteMessage) -> Result<bool, Unread> {
        let connection = access.connection;
        let named = std::slice::from_ref(&told.id);
        let known = self.store().messages_named(&connection.customer_id, connection.id, named).await;
        Ok(!known.map_err(EngineError::from)?.is_empty())
    }

    /// A part that could not be read is tried again where that may help, and parked where it does not.
    async fn unread(&self, access: &Access<'_>, part: QueuedPart, error: ConnectorError) -> Result<Write, EngineError> {
        if let ConnectorError::LoginLost { .. } | ConnectorError::TokenExpired { .. } = &error {
            // It waits for its login, however long that takes.
            let due_at = self.login_refused(access, &error).await?;
            return Ok(Write::UpdatePart(QueuedPart { due_at, ..part }));
        }
        let attempts = part.attempts + 1;
        let due_at = match &error {
            // That there was no room for its call says nothing of the part, however often it happens.
            ConnectorError::Busy { after } => {
                let due_at = retry::after_busy(self.now(), *after, self.chance());
                return Ok(Write::UpdatePart(QueuedPart { due_at, ..part }));
            }
            ConnectorError::Unknown(_) => Some(retry::next_try(self.now(), attempts, self.chance())),
            ConnectorError::LoginLost { .. }
            | ConnectorError::TokenExpired { .. }
            | ConnectorError::Refused(_)
            | ConnectorError::CursorLost
            | ConnectorError::Unreadable(_) => None,
        };
        Ok(Write::UpdatePart(match due_at.filter(|_| attempts < MOST_READS) {
            Some(due_at) => {
                self.meet(access.connection, &error).await?;
                QueuedPart { attempts, due_at, ..part }
            }
            None => {
                self.meet_ground(access.connection, Ground::Parked).await?;
                tracing::warn!(intake.id = %part.intake_id, %error, "Parked part {} of {}", part.number, part.intake_id);
                QueuedPart { attempts, state: PartState::Parked { error: error.to_string() }, ..part }
            }
        }))
    }
}

/// What a connection may hear of a chat, and what was asked to know it.
struct Gate {
    passes: Passes,
    chat: Option<Chat>,
    asked: Vec<Update>,
    asked_at: Timestamp,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Passes {
    /// Everything.
    All,
    /// Everything; and the chat, which is new, is imported by it.
    AllAsNew,
    /// Only whether its person is in the chat.
    Membership,
}

/// Why something is not read now.
pub(crate) enum Unread {
    Platform(ConnectorError),
    Failed(EngineError),
}

impl From<ConnectorError> for Unread {
    fn from(error: ConnectorError) -> Self {
        Self::Platform(error)
    }
}

impl From<EngineError> for Unread {
    fn from(error: EngineError) -> Self {
        Self::Failed(error)
    }
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

/// Whether news are from before the reading of the chat's history began. What ended such a message may
/// have been told when nobody listened.
fn is_older(chat: &Chat, told: &RemoteMessage, margin: i64) -> bool {
    chat.imported_as_of.is_none_or(|as_of| told.version.0 <= as_of.0.saturating_add(margin))
}

fn remove(part: &QueuedPart) -> Write {
    Write::RemovePart { connection_id: part.connection_id, intake_id: part.intake_id, number: part.number }
}
