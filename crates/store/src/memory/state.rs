//! The tables of the memory store, and what one row's write means for its indexes.

use super::table::Table;
use model::{
    changes::{Aside, Remembered, Thing},
    chat::Chat,
    command::Command,
    completeness::{Completeness, Heartbeat},
    connection::{Connection, Login},
    customer::CustomerId,
    emoji::Emoji,
    erasure::Erasure,
    event::Event,
    following::Following,
    id::{
        ChatId, CommandId, ConnectionId, ExternalAccount, ExternalId, IntakeId, Integration, LoginId, MessageId,
        ParticipantId, SyncStatusId, UploadId, UserPlatformId,
    },
    intake::{Intake, QueuedPart, UnclaimedPart},
    limits::BucketName,
    message::Message,
    participant::Participant,
    store::{ApiKey, NamedKind, StoreError, Ticket},
    sync_status::SyncStatus,
    time::Timestamp,
    upload::Upload,
    user_platform::UserPlatform,
};

/// A raw request, and whether its parts are queued.
pub(super) struct IntakeRow {
    pub(super) intake: Intake,
    pub(super) routed: bool,
}

/// A chat, and when something last happened in it.
pub(super) struct ChatRow {
    pub(super) chat: Chat,
    pub(super) active_at: Timestamp,
}

/// Who holds a lease, and until when.
pub(super) struct LeaseRow {
    pub(super) holder: String,
    pub(super) until: Timestamp,
}

/// A message's place in its chat, or an end of the chat: there is no greatest text to stand for it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edge {
    Oldest,
    At(String, MessageId),
    Newest,
}

/// How far a customer's feed goes.
#[derive(Clone, Copy, Default)]
pub(super) struct FeedRow {
    pub(super) last_seq: u64,
    pub(super) forgotten_seq: u64,
}

macro_rules! state {
    ($($table:ident: $key:ty => $row:ty,)*) => {
        /// Everything that is stored.
        #[derive(Default, Clone)]
        pub(super) struct State {
            $(pub(super) $table: Table<$key, $row>,)*
        }

        impl State {
            /// Lets stand what was written. Whether there was anything.
            pub(super) fn keep(&mut self) -> bool {
                let mut written = false;
                $(written |= self.$table.keep();)*
                written
            }

            /// Takes back what was written since the last `keep`.
            pub(super) fn take_back(&mut self) {
                $(self.$table.take_back();)*
            }
        }
    };
}

state! {
    intakes: IntakeId => IntakeRow,
    unrouted: IntakeId => (),
    parts: (CustomerId, IntakeId, u32, ConnectionId) => QueuedPart,
    unclaimed: (IntakeId, u32) => UnclaimedPart,
    leases: String => LeaseRow,
    pauses: BucketName => Timestamp,
    connections: (CustomerId, ConnectionId) => Connection,
    connection_of_account: (CustomerId, Integration, ExternalAccount) => ConnectionId,
    logins: LoginId => Login,
    login_of_account: (Integration, ExternalAccount) => LoginId,
    user_platforms: (CustomerId, UserPlatformId) => UserPlatform,
    participants: (CustomerId, ParticipantId) => Participant,
    emoji: (CustomerId, ConnectionId, String) => Emoji,
    people_changed: u64 => (CustomerId, ParticipantId),
    change_of_person: (CustomerId, ParticipantId) => u64,
    names: (CustomerId, ConnectionId, NamedKind, ExternalId) => Thing,
    chats: (CustomerId, ChatId) => ChatRow,
    messages: (CustomerId, MessageId) => Message,
    message_of_external: (CustomerId, ConnectionId, ExternalId) => MessageId,
    messages_of_chat: (CustomerId, ChatId, Edge) => (),
    asides: (CustomerId, ChatId, ExternalId) => Aside,
    commands: (CustomerId, CommandId) => Command,
    command_of_number: (CustomerId, u64) => CommandId,
    commands_of_message: (CustomerId, MessageId, u64) => CommandId,
    open_commands: (CustomerId, ChatId, u64) => CommandId,
    remembered: (CustomerId, String) => Remembered,
    sync_statuses: (CustomerId, SyncStatusId) => SyncStatus,
    completeness: (CustomerId, ChatId) => Completeness,
    followings: (CustomerId, ConnectionId) => Following,
    heartbeat: () => Heartbeat,
    erasures: CustomerId => Erasure,
    uploads: (CustomerId, UploadId) => Upload,
    feeds: CustomerId => FeedRow,
    events: u64 => Event,
    event_of_seq: (CustomerId, u64) => u64,
    last_position: () => u64,
    api_keys: String => ApiKey,
    tickets: (String, String) => Ticket,
}

/// Lets a row be written only over the revision before it.
pub(super) fn guard(held: Option<u64>, revision: u64) -> Result<(), StoreError> {
    if held.unwrap_or(0).checked_add(1) == Some(revision) { Ok(()) } else { Err(StoreError::Stale) }
}

/// Moves an entry of a unique index. Stale if another thing has the new key.
fn claim<K: Ord + Clone, V: PartialEq>(
    index: &mut Table<K, V>,
    held: Option<K>,
    wanted: Option<K>,
    owner: V,
) -> Result<(), StoreError> {
    if let Some(held) = held.filter(|held| Some(held) != wanted.as_ref()) {
        index.remove(&held);
    }
    let Some(wanted) = wanted else { return Ok(()) };
    match index.get(&wanted) {
        Some(other) if *other == owner => Ok(()),
        Some(_) => Err(StoreError::Stale),
        None => {
            index.put(wanted, owner);
            Ok(())
        }
    }
}

impl State {
    pub(super) fn put_connection(&mut self, row: &Connection) -> Result<(), StoreError> {
        let key = (row.customer_id.clone(), row.id);
        let held = self.connections.get(&key);
        guard(held.map(|held| held.revision), row.revision)?;
        let place = |row: &Connection| (row.customer_id.clone(), row.integration.clone(), row.account.clone());
        claim(&mut self.connection_of_account, held.map(place), Some(place(row)), row.id)?;
        self.connections.put(key, row.clone());
        Ok(())
    }

    pub(super) fn put_login(&mut self, row: &Login) -> Result<(), StoreError> {
        let held = self.logins.get(&row.id);
        guard(held.map(|held| held.revision), row.revision)?;
        let place = |row: &Login| (row.integration.clone(), row.account.clone());
        claim(&mut self.login_of_account, held.map(place), Some(place(row)), row.id)?;
        self.logins.put(row.id, row.clone());
        Ok(())
    }

    pub(super) fn put_user_platform(&mut self, row: &UserPlatform) -> Result<(), StoreError> {
        let key = (row.customer_id.clone(), row.id);
        guard(self.user_platforms.get(&key).map(|held| held.revision), row.revision)?;
        self.user_platforms.put(key, row.clone());
        Ok(())
    }

    pub(super) fn put_participant(&mut self, row: &Participant) -> Result<(), StoreError> {
        let key = (row.customer_id.clone(), row.id);
        guard(self.participants.get(&key).map(|held| held.revision), row.revision)?;
        let last = self.people_changed.iter().next_back().map_or(0, |(number, _)| *number);
        if let Some(before) = self.change_of_person.get(&key).copied() {
            self.people_changed.remove(&before);
        }
        self.people_changed.put(last + 1, key.clone());
        self.change_of_person.put(key.clone(), last + 1);
        self.participants.put(key, row.clone());
        Ok(())
    }

    pub(super) fn put_chat(&mut self, row: &Chat) -> Result<(), StoreError> {
        let key = (row.customer_id.clone(), row.id);
        let held = self.chats.get(&key);
        guard(held.map(|held| held.chat.revision), row.revision)?;
        let active_at = held.map_or(Timestamp::default(), |held| held.active_at);
        self.chats.put(key, ChatRow { chat: row.clone(), active_at });
        Ok(())
    }

    pub(super) fn put_message(&mut self, row: &Message) -> Result<(), StoreError> {
        let key = (row.customer_id.clone(), row.id);
        let held = self.messages.get(&key);
        guard(held.map(|held| held.revision), row.revision)?;
        let external = held.and_then(external_key);
        if let Some(place) = held.map(chat_key) {
            self.messages_of_chat.remove(&place);
        }
        claim(&mut self.message_of_external, external, external_key(row), row.id)?;
        self.messages_of_chat.put(chat_key(row), ());
        self.messages.put(key, row.clone());
        Ok(())
    }

    pub(super) fn remove_message(&mut self, row: &Message) {
        self.messages_of_chat.remove(&chat_key(row));
        if let Some(external) = external_key(row) {
            self.message_of_external.remove(&external);
        }
        self.messages.remove(&(row.customer_id.clone(), row.id));
    }

    pub(super) fn put_command(&mut self, row: &Command) -> Result<(), StoreError> {
        let key = (row.customer_id.clone(), row.id);
        let held = self.commands.get(&key).cloned();
        guard(held.as_ref().map(|held| held.revision), row.revision)?;
        if let Some(held) = &held {
            self.remove_command(held);
        }
        let number = (row.customer_id.clone(), row.number);
        claim(&mut self.command_of_number, None, Some(number), row.id)?;
        self.commands_of_message.put((row.customer_id.clone(), row.message_id, row.number), row.id);
        if row.is_open() {
            self.open_commands.put((row.customer_id.clone(), row.chat_id, row.number), row.id);
        }
        self.commands.put(key, row.clone());
        Ok(())
    }

    pub(super) fn remove_command(&mut self, row: &Command) {
        self.command_of_number.remove(&(row.customer_id.clone(), row.number));
        self.commands_of_message.remove(&(row.customer_id.clone(), row.message_id, row.number));
        self.open_commands.remove(&(row.customer_id.clone(), row.chat_id, row.number));
        self.commands.remove(&(row.customer_id.clone(), row.id));
    }

    pub(super) fn put_sync_status(&mut self, row: &SyncStatus) -> Result<(), StoreError> {
        let key = (row.customer_id.clone(), row.id);
        guard(self.sync_statuses.get(&key).map(|held| held.revision), row.revision)?;
        self.sync_statuses.put(key, row.clone());
        Ok(())
    }
}

fn external_key(row: &Message) -> Option<(CustomerId, ConnectionId, ExternalId)> {
    // An empty name is none, as it is in a table whose columns are never null.
    let named = row.external_id.as_ref().filter(|id| !id.as_str().is_empty());
    named.map(|id| (row.customer_id.clone(), row.connection_id, id.clone()))
}

fn chat_key(row: &Message) -> (CustomerId, ChatId, Edge) {
    (row.customer_id.clone(), row.chat_id, Edge::At(row.position.clone(), row.id))
}
