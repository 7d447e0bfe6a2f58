//! What a decision wants written: one transaction of one customer, or of none.

use crate::{
    chat::Chat,
    command::Command,
    completeness::Completeness,
    connection::{Connection, Login},
    customer::CustomerId,
    emoji::Emoji,
    event::NewEvent,
    facets::Version,
    following::Following,
    id::{ChatId, ConnectionId, ExternalId, IntakeId, MessageId, ParticipantId, UploadId},
    intake::{QueuedPart, UnclaimedPart},
    message::Message,
    participant::Participant,
    sync_status::SyncStatus,
    time::{Timestamp, exact},
    update::Update,
    upload::Upload,
    user_platform::UserPlatform,
};
use serde::{Deserialize, Serialize};

/// A thing that an external id can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Thing {
    /// A chat.
    Chat(ChatId),
    /// A message.
    Message(MessageId),
    /// A person or bot.
    Participant(ParticipantId),
}

/// One line of the ledger: the name that a platform has for a thing of ours. Unique on customer,
/// connection, the kind of thing and external id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// The platform's name.
    pub external_id: ExternalId,
    /// Our thing.
    pub thing: Thing,
}

/// News of an own message with an unknown id, kept until the open sends of its chat are settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    /// In which chat.
    pub chat_id: ChatId,
    /// The message's id at the platform.
    pub external_id: ExternalId,
    /// The news.
    pub update: Update,
    /// As of when they are.
    pub version: Version,
    /// How long it is waited.
    #[serde(with = "exact")]
    pub until: Timestamp,
}

/// The answer to an unsafe call, kept so that its repeat gets the same one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The caller's key. Unique for the customer.
    pub key: String,
    /// A hash of what was asked.
    pub request_hash: String,
    /// What was answered.
    pub answer: serde_json::Value,
    /// How long it is kept.
    #[serde(with = "exact")]
    pub until: Timestamp,
}

/// One row to write.
///
/// A row with a `revision` is written only over the revision before it (none for 1); otherwise the
/// whole commit is stale. The rest says at each variant what it meets.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Guarded by its revision, and unique on customer, integration and account.
    Connection(Connection),
    /// Guarded by its revision, and unique on integration and account. Of no customer.
    Login(Login),
    /// Guarded by its revision.
    UserPlatform(UserPlatform),
    /// Guarded by its revision.
    Chat(Chat),
    /// Guarded by its revision.
    Participant(Participant),
    /// An emoji; one that was told later stays as it is.
    Emoji(Emoji),
    /// Emoji of a connection that were told before this are gone.
    EmojiListed {
        /// Which connection.
        connection_id: ConnectionId,
        /// As of when all of them were listed.
        version: Version,
    },
    /// Guarded by its revision, and unique on customer, connection and external id where it has one.
    Message(Message),
    /// Guarded by its revision.
    Command(Command),
    /// Guarded by its revision.
    SyncStatus(SyncStatus),
    /// Guarded by its revision; the first one replaces what an earlier import left.
    Completeness(Completeness),
    /// The chats of a connection are to be compared at this time, whenever they were due.
    CheckSoon {
        /// Which connection.
        connection_id: ConnectionId,
        /// When.
        at: Timestamp,
    },
    /// Guarded by its revision.
    Following(Following),
    /// The line of a connection's news is to be read at this time, whenever it was due.
    FollowSoon {
        /// Which connection.
        connection_id: ConnectionId,
        /// When.
        at: Timestamp,
    },
    /// The chats of a connection are to be compared whole: what nobody tells any more is looked for, however old.
    CheckAll {
        /// Which connection.
        connection_id: ConnectionId,
        /// When.
        at: Timestamp,
        /// News were lost meanwhile, which is a gap until then.
        lost: bool,
    },
    /// Guarded by its revision.
    Upload(Upload),
    /// An upload whose bytes are gone. Stale if it is not of this revision any more.
    RemoveUpload {
        /// Which.
        id: UploadId,
        /// Its revision.
        revision: u64,
    },
    /// A new line in the ledger. Stale if the name stands for another thing already.
    Name(Naming),
    /// A line of the ledger points at another thing by now (a merge).
    Rename(Naming),
    /// A new part; one that is there already stays as it is.
    QueuePart(QueuedPart),
    /// A part's new state; nothing if it is gone.
    UpdatePart(QueuedPart),
    /// A part that was read; nothing if it is gone.
    RemovePart {
        /// For which connection.
        connection_id: ConnectionId,
        /// Out of which request.
        intake_id: IntakeId,
        /// Which piece of it.
        number: u32,
    },
    /// A raw request whose parts are all queued. Of no customer.
    Routed(IntakeId),
    /// A part that somebody may claim later; one that is there already stays as it is. Of no customer.
    Unclaimed(UnclaimedPart),
    /// News set aside. They replace news of the same message that are not later.
    SetAside(Aside),
    /// News that were taken up again; later ones, set aside meanwhile, stay.
    TakeUp {
        /// In which chat.
        chat_id: ChatId,
        /// Of which message.
        external_id: ExternalId,
        /// As of when they were.
        version: Version,
    },
    /// The chat was active at this time; an earlier time changes nothing.
    Active {
        /// Which.
        chat_id: ChatId,
        /// When.
        at: Timestamp,
    },
    /// All messages, names of messages, commands and set-aside news of a chat go, and how whole it is known.
    EmptyChat(ChatId),
    /// An answer to remember. Stale if the key has one already.
    Remember(Remembered),
    /// The chat must have no open command; otherwise the commit is stale.
    Quiet(ChatId),
    /// The connection must still have this identity, since it was decided by it whose messages are; otherwise
    /// the commit is stale.
    Identity {
        /// Which.
        connection_id: ConnectionId,
        /// Its identity.
        identity: u64,
    },
    /// The chat must still be of this generation; otherwise the commit is stale.
    Expect {
        /// Which.
        chat_id: ChatId,
        /// Its generation.
        generation: u64,
    },
}

/// A commit: written whole, or not at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Whose rows they are. None only for rows that are no customer's.
    pub customer: Option<CustomerId>,
    /// The rows.
    pub writes: Vec<Write>,
    /// What is appended to the customer's feed with them.
    pub events: Vec<NewEvent>,
}

impl Changes {
    /// Changes to a customer's rows, none so far.
    pub fn of(customer: &CustomerId) -> Self {
        Self { customer: Some(customer.clone()), ..Self::default() }
    }

    /// Changes to rows of no customer.
    pub fn of_nobody(writes: Vec<Write>) -> Self {
        Self { customer: None, writes, events: Vec::new() }
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.events.is_empty()
    }
}
