//! The universal data model: what the API, the feed and the page show of what is stored.
//!
//! Names are put in here and nowhere else, so that one learnt later is shown everywhere.

use crate::{
    abilities::Abilities,
    body::Body,
    chat::{ChatFacts, ChatKind, ChatState},
    connection::{self, ConnectionState},
    customer::CustomerId,
    event::{EventKind, Origin},
    facets::Attachment,
    id::{ChatId, ConnectionId, ExternalAccount, ExternalId, Integration, MessageId, ParticipantId, SyncStatusId},
    message::{self, Direction, Problem, Status},
    participant,
    store::ListedChat,
    sync_status::{self, SyncKind, SyncState},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// How many characters of a message its preview shows.
pub const PREVIEW_CHARACTERS: usize = 140;

/// A person or bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Participant {
    /// Our id; none while the platform only named them.
    pub id: Option<ParticipantId>,
    /// The platform's id.
    pub external_id: ExternalId,
    /// The name to show.
    pub name: String,
    /// The name that mentions use, if it is another one.
    pub handle: Option<String>,
    /// Mail addresses.
    pub emails: Vec<String>,
    /// A picture.
    pub avatar_url: Option<String>,
    /// A program, not a person.
    pub bot: bool,
    /// The customer themself, on this connection.
    pub me: bool,
}

/// One emoji under a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reaction {
    /// A Unicode emoji, or `:name:` for one that only the platform has.
    pub emoji: String,
    /// How many people.
    pub count: usize,
    /// Whether this connection's commands put one of them.
    pub mine: bool,
    /// Names of the first few.
    pub names: Vec<String>,
}

/// What a message says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Words {
    /// Readable text, with people and chats by name.
    pub text: String,
}

/// A change of ours under way, or one that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PendingChange {
    /// `edit` or `delete`.
    pub kind: ChangeKind,
    /// What it will say.
    pub body: Option<Words>,
    /// How far the change has come.
    pub status: Status,
    /// Why it is not done.
    pub error: Option<Problem>,
}

/// The sort of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The text is to change.
    Edit,
    /// The message is to go.
    Delete,
}

/// A message or email.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// Our id.
    pub id: MessageId,
    /// Where it stands.
    pub chat_id: ChatId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Through which connection it is seen.
    pub connection_id: ConnectionId,
    /// Where it comes from.
    pub platform: String,
    /// The platform's id; none until it has one.
    pub external_id: Option<ExternalId>,
    /// From whom to whom.
    pub direction: Direction,
    /// Who wrote it.
    pub sender: Option<Participant>,
    /// What it says. Empty once it is deleted.
    pub body: Words,
    /// Files, still at their platform.
    pub attachments: Vec<Attachment>,
    /// Who reacted.
    pub reactions: Vec<Reaction>,
    /// The platform's id of the first message of the thread that it answers in.
    pub thread_root: Option<ExternalId>,
    /// Lists go by it, not by milliseconds.
    pub position: String,
    /// When it was written, by the platform's clock.
    pub sent_at: Timestamp,
    /// When a person last changed it.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// How far it has come.
    pub status: Status,
    /// Why it is not there.
    pub error: Option<Problem>,
    /// A change of ours under way, or one that failed.
    pub pending_change: Option<PendingChange>,
    /// The message that this one turned out to be.
    pub merged_into: Option<MessageId>,
    /// Grows with every change.
    pub revision: u64,
    /// What only this platform has.
    #[schema(value_type = Object)]
    pub platform_data: serde_json::Value,
    /// When it became known here.
    pub created_at: Timestamp,
    /// When it last changed here.
    pub updated_at: Timestamp,
}

/// The newest message of a chat, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastMessage {
    /// Which.
    pub id: MessageId,
    /// Its beginning.
    pub preview: String,
    /// Who wrote it.
    pub sender_name: Option<String>,
    /// When.
    pub sent_at: Timestamp,
}

/// A channel, direct chat, group or mail thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Chat {
    /// Our id.
    pub id: ChatId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Through which connection it is seen.
    pub connection_id: ConnectionId,
    /// Where it is.
    pub platform: String,
    /// The platform's id.
    pub external_id: ExternalId,
    /// What sort it is.
    pub kind: ChatKind,
    /// The real name; for direct chats the other people's.
    pub name: String,
    /// How far it is held here.
    pub state: ChatState,
    /// The people in it, as far as they are known.
    pub participants: Vec<Participant>,
    /// Its newest message.
    pub last_message: Option<LastMessage>,
    /// What can be done in it.
    pub abilities: Abilities,
    /// Grows with every change.
    pub revision: u64,
    /// When something last happened in it.
    pub active_at: Timestamp,
    /// When it became known here.
    pub created_at: Timestamp,
    /// When it last changed here.
    pub updated_at: Timestamp,
}

/// A customer's link to a platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Connection {
    /// Our id.
    pub id: ConnectionId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// At which integration.
    pub integration: Integration,
    /// Where.
    pub platform: String,
    /// The account that was authorized.
    pub external_account: ExternalAccount,
    /// What people call it.
    pub account_name: String,
    /// What it is doing.
    pub state: ConnectionState,
    /// Why, and what a person can do.
    pub reason: Option<String>,
    /// What was granted.
    pub scopes: Vec<String>,
    /// What can be done through it.
    pub abilities: Abilities,
    /// New chats are imported by themselves.
    pub import_new_chats: bool,
    /// Grows with every change.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// How far a run of import has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SyncStatus {
    /// Our id.
    pub id: SyncStatusId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// Which chat; none for all of the connection.
    pub chat_id: Option<ChatId>,
    /// What is run.
    pub kind: SyncKind,
    /// How far it has come.
    pub state: SyncState,
    /// Messages (or chats) read so far.
    pub done: u64,
    /// How many there are, where that is known.
    pub total: Option<u64>,
    /// When it goes on, while it waits.
    pub waiting_until: Option<Timestamp>,
    /// What went wrong last.
    pub error: Option<Problem>,
    /// Grows with every change.
    pub revision: u64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the first page was asked for.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// An event with its object as it is by now. None once the object is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its number in the customer's feed.
    pub seq: u64,
    /// Its place in the app's log, over all customers.
    pub position: u64,
    /// Whose feed.
    pub customer_id: CustomerId,
    /// What happened.
    pub kind: EventKind,
    /// The id of the object.
    pub object_id: String,
    /// The object's revision after it.
    pub revision: u64,
    /// What brought it about.
    pub origin: Origin,
    /// The connection that it came through.
    pub connection_id: Option<ConnectionId>,
    /// The chat that it happened in.
    pub chat_id: Option<ChatId>,
    /// For a merge: the id that is no longer used.
    pub from: Option<String>,
    /// For a merge: the id that stands for both.
    pub into: Option<String>,
    /// When it was committed.
    pub at: Timestamp,
    /// The whole object, as it is by now.
    #[schema(value_type = Option<Object>)]
    pub object: Option<serde_json::Value>,
}

/// The names by which things are shown, as known by now.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Where all this is.
    pub platform: String,
    /// People by external id.
    pub people: BTreeMap<ExternalId, participant::Participant>,
    /// Chats by external id.
    pub chats: BTreeMap<ExternalId, String>,
    /// The customer's own ids.
    pub me: BTreeSet<ExternalId>,
    /// The ids that this connection's commands appear under.
    pub senders: BTreeSet<ExternalId>,
}

impl Names {
    /// A person's name, if it is known.
    pub fn person(&self, id: &ExternalId) -> Option<String> {
        self.people.get(id).and_then(participant::Participant::name).map(str::to_owned)
    }

    fn words(&self, body: &Body) -> Words {
        Words { text: body.text(|id| self.person(id), |id| self.chats.get(id).cloned()) }
    }

    /// A person as they are shown.
    pub fn participant(&self, id: &ExternalId) -> Participant {
        let held = self.people.get(id);
        let facts = held.and_then(|held| held.facts.as_ref()).map(|facts| facts.value.clone()).unwrap_or_default();
        Participant {
            id: held.map(|held| held.id),
            external_id: id.clone(),
            name: if facts.name.is_empty() { id.0.clone() } else { facts.name },
            handle: facts.handle,
            emails: facts.emails,
            avatar_url: facts.avatar_url,
            bot: facts.bot,
            me: self.me.contains(id),
        }
    }

    /// The name of a chat: its own, or the other people's.
    pub fn chat(&self, external_id: &ExternalId, facts: Option<&ChatFacts>) -> String {
        let Some(facts) = facts else { return external_id.0.clone() };
        if let Some(name) = facts.name.as_ref().filter(|name| !name.is_empty()) {
            return name.clone();
        }
        let others: Vec<_> = facts.people.iter().filter(|id| !self.me.contains(id)).collect();
        let shown = if others.is_empty() { facts.people.iter().collect() } else { others };
        let names: Vec<_> = shown.into_iter().map(|id| self.participant(id).name).collect();
        if names.is_empty() { external_id.0.clone() } else { names.join(", ") }
    }
}

/// The external ids of the people that showing a message needs.
pub fn people_of(message: &message::Message) -> BTreeSet<ExternalId> {
    let mut ids = BTreeSet::new();
    if let Some(content) = &message.facets.content {
        ids.extend(content.value.sender.clone());
        ids.extend(content.value.body.people().cloned());
    }
    for actors in message.facets.reactions.now().values() {
        ids.extend(actors.iter().take(NAMES_SHOWN).cloned());
    }
    ids
}

/// How many names a reaction shows.
pub const NAMES_SHOWN: usize = 12;

/// Shows a message.
pub fn message(held: &message::Message, names: &Names) -> Message {
    let content = held.facets.content.as_ref().map(|content| &content.value);
    let deleted = held.facets.is_deleted();
    let shown = held.facets.shown();
    Message {
        id: held.id,
        chat_id: held.chat_id,
        customer_id: held.customer_id.clone(),
        connection_id: held.connection_id,
        platform: names.platform.clone(),
        external_id: held.external_id.clone(),
        direction: held.direction,
        sender: content.and_then(|content| content.sender.as_ref()).map(|id| names.participant(id)),
        body: shown.map(|content| names.words(&content.body)).unwrap_or_default(),
        attachments: shown.map(|content| content.attachments.clone()).unwrap_or_default(),
        reactions: if deleted { Vec::new() } else { reactions(held, names) },
        thread_root: content.and_then(|content| content.thread_root.clone()),
        position: held.position.clone(),
        sent_at: content.map_or(held.created_at, |content| content.sent_at),
        edited_at: shown.and_then(|content| content.edited_at),
        deleted_at: deleted.then_some(held.updated_at),
        status: held.status,
        error: held.error.clone(),
        pending_change: held.pending_change.as_ref().map(|change| PendingChange {
            kind: if change.body.is_some() { ChangeKind::Edit } else { ChangeKind::Delete },
            body: change.body.as_ref().map(|body| names.words(body)),
            status: change.status,
            error: change.error.clone(),
        }),
        merged_into: held.merged_into,
        revision: held.revision,
        platform_data: shown.map(|content| content.platform_data.clone()).unwrap_or_default(),
        created_at: held.created_at,
        updated_at: held.updated_at,
    }
}

fn reactions(held: &message::Message, names: &Names) -> Vec<Reaction> {
    let shown = |(emoji, actors): (String, BTreeSet<ExternalId>)| Reaction {
        count: actors.len(),
        mine: actors.iter().any(|actor| names.senders.contains(actor)),
        names: actors.iter().take(NAMES_SHOWN).map(|actor| names.participant(actor).name).collect(),
        emoji,
    };
    held.facets.reactions.now().into_iter().map(shown).collect()
}

/// Shows a chat.
pub fn chat(listed: &ListedChat, names: &Names, abilities: &Abilities) -> Chat {
    let held = &listed.chat;
    let facts = held.facts.as_ref().map(|facts| &facts.value);
    let archived = facts.is_some_and(|facts| facts.archived);
    Chat {
        id: held.id,
        customer_id: held.customer_id.clone(),
        connection_id: held.connection_id,
        platform: names.platform.clone(),
        external_id: held.external_id.clone(),
        kind: facts.map_or(ChatKind::Channel, |facts| facts.kind),
        name: names.chat(&held.external_id, facts),
        state: held.state,
        participants: facts
            .map(|facts| facts.people.iter().map(|id| names.participant(id)).collect())
            .unwrap_or_default(),
        last_message: listed.last_message.as_ref().map(|last| last_message(last, names)),
        abilities: if archived { closed(abilities) } else { abilities.clone() },
        revision: held.revision,
        active_at: listed.active_at,
        created_at: held.created_at,
        updated_at: held.updated_at,
    }
}

fn closed(abilities: &Abilities) -> Abilities {
    Abilities { send: false, reply: false, edit: false, delete: false, react: false, ..abilities.clone() }
}

fn last_message(held: &message::Message, names: &Names) -> LastMessage {
    let shown = message(held, names);
    LastMessage {
        id: shown.id,
        preview: shown.body.text.chars().take(PREVIEW_CHARACTERS).collect(),
        sender_name: shown.sender.map(|sender| sender.name),
        sent_at: shown.sent_at,
    }
}

/// Shows a connection.
pub fn connection(held: &connection::Connection, platform: &str) -> Connection {
    Connection {
        id: held.id,
        customer_id: held.customer_id.clone(),
        integration: held.integration.clone(),
        platform: platform.to_owned(),
        external_account: held.account.clone(),
        account_name: held.account_name.clone(),
        state: held.state,
        reason: held.reason.clone(),
        scopes: held.scopes.clone(),
        abilities: held.abilities.clone(),
        import_new_chats: held.import_new_chats,
        revision: held.revision,
        created_at: held.created_at,
        updated_at: held.updated_at,
    }
}

/// Shows a run of import.
pub fn sync_status(held: &sync_status::SyncStatus) -> SyncStatus {
    SyncStatus {
        id: held.id,
        customer_id: held.customer_id.clone(),
        connection_id: held.connection_id,
        chat_id: held.chat_id,
        kind: held.kind,
        state: held.state,
        done: held.done,
        total: held.total,
        waiting_until: (held.state == SyncState::Waiting).then_some(held.due_at),
        error: held.error.clone(),
        revision: held.revision,
        created_at: held.created_at,
        started_at: held.started_at,
        finished_at: held.finished_at,
    }
}
