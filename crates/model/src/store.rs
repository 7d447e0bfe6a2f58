//! What is kept, and how the engine and the API reach it.
//!
//! Every store passes the same list of laws (`store::contract`). A commit is on disk before it is
//! answered, and no reader sees it half. Rows of a customer are found only with the customer's id.

use crate::{
    changes::{Aside, Changes, Remembered, Thing},
    chat::{Chat, ChatState},
    checks::Checks,
    command::Command,
    connection::{Connection, Login},
    customer::CustomerId,
    emoji::Emoji,
    erasure::Erasures,
    event::Event,
    following::Followings,
    id::{
        ChatId, CommandId, ConnectionId, ExternalAccount, ExternalId, IntakeId, Integration, LoginId, MessageId,
        SyncStatusId, UploadId,
    },
    intake::{Intake, PartId, QueuedPart, UnclaimedPart},
    limits::{Ask, Bucket, BucketName, Permit},
    message::Message,
    participant::Participant,
    retention::KeptSince,
    stream::Stream,
    sync_status::SyncStatus,
    time::Timestamp,
    upload::{Held, Upload},
    user_platform::UserPlatform,
};
use async_trait::async_trait;

pub use crate::keys::{ApiKey, Keys, Ticket};

/// Why a store did not do what it was asked, sorted by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else was faster: read again, and decide anew.
    #[error("decided on stale knowledge")]
    Stale,
    /// Nothing was written; it may work later (a full disk, a locked file).
    #[error("the store cannot write now: {0}")]
    Unavailable(String),
    /// The file is damaged, newer than this program, or in use by another server. A person must act.
    #[error("{0}")]
    Broken(String),
}

/// What a commit appended to the feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The events, with their numbers.
    pub events: Vec<Event>,
}

/// A page of a list. `next` continues it; none when it is the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins, as an opaque text.
    pub next: Option<String>,
}

/// Which page of a list is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paging {
    /// What the page before gave as `next`. A text that no page gave is an empty list's.
    pub after: Option<String>,
    /// How many items at the most.
    pub limit: usize,
}

/// Which chats are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatFilter {
    /// Of this connection only.
    pub connection: Option<ConnectionId>,
    /// In this state only.
    pub state: Option<ChatState>,
    /// Only those of which it is known how far they are read, and that have something unread.
    pub unread: bool,
}

/// A chat with what is needed to draw it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedChat {
    /// The chat.
    pub chat: Chat,
    /// When something last happened in it.
    pub active_at: Timestamp,
    /// Its newest message that can be seen and is not deleted.
    pub last_message: Option<Message>,
    /// How many incoming messages that can be read stand after the read mark, counted up to
    /// [`UNREAD_COUNTED`]; none while there is no mark.
    pub unread_count: Option<u32>,
}

/// How far unread messages are counted: so many means as many or more.
pub const UNREAD_COUNTED: u32 = 100;

/// Where a part of work waits: it is done by one holder at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    /// Whose it is.
    pub customer_id: CustomerId,
    /// For which connection.
    pub connection_id: ConnectionId,
    /// In which chat, by the platform's name. None for what concerns no chat.
    pub chat: Option<ExternalId>,
}

/// What a store has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How often it synced to disk.
    pub syncs: u64,
    /// How many writes these synced.
    pub writes: u64,
    /// How long the syncing took altogether.
    pub sync_micros: u64,
}

/// How much waits. Counted up to a limit, since whoever counts wants to know whether it is much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Requests whose parts are not queued yet.
    pub intakes: u64,
    /// Parts that wait to be read.
    pub parts: u64,
    /// Parts that could not be read.
    pub parked: u64,
    /// Commands that are open.
    pub commands: u64,
    /// Runs that are open.
    pub runs: u64,
}

/// Keeps raw requests, and the parts of them that wait.
#[async_trait]
pub trait Intakes: Send + Sync {
    /// Takes in a raw request, and returns once it is synced to disk.
    async fn append(&self, intake: Intake) -> Result<(), StoreError>;
    /// Requests whose parts are not queued yet, oldest first.
    async fn unrouted(&self, limit: usize) -> Result<Vec<Intake>, StoreError>;
    /// These requests, those that are still kept.
    async fn intakes(&self, ids: &[IntakeId]) -> Result<Vec<Intake>, StoreError>;
    /// Parts of this account that are kept for whoever appears, oldest first, after the part `after`.
    async fn unclaimed(
        &self,
        integration: &Integration,
        account: &ExternalAccount,
        after: Option<(IntakeId, u32)>,
        limit: usize,
    ) -> Result<Vec<UnclaimedPart>, StoreError>;
    /// Connections of all customers that know a chat under this name.
    async fn sharers(&self, integration: &Integration, chat: &ExternalId) -> Result<Vec<Connection>, StoreError>;
    /// Lanes that have parts waiting and due, in turns of the customers as `due_syncs` has them.
    async fn part_lanes(
        &self,
        now: Timestamp,
        after: Option<&CustomerId>,
        limit: usize,
    ) -> Result<Vec<Lane>, StoreError>;
    /// The parts of a lane that wait and are due, in the order in which they came in.
    async fn parts(&self, lane: &Lane, now: Timestamp, limit: usize) -> Result<Vec<QueuedPart>, StoreError>;
    /// One part, waiting or parked.
    async fn part(&self, customer: &CustomerId, id: PartId) -> Result<Option<QueuedPart>, StoreError>;
    /// Parts that could not be read, newest first.
    async fn parked(&self, customer: &CustomerId, paging: &Paging) -> Result<Slice<QueuedPart>, StoreError>;
    /// Routed requests that came at `since` or later, in the order in which they came; those behind `after`,
    /// if it is given.
    async fn routed(&self, since: Timestamp, after: Option<IntakeId>, limit: usize) -> Result<Vec<Intake>, StoreError>;
}

/// Keeps everything.
#[async_trait]
pub trait Store: Intakes + Keys + Checks + Followings + Stream + Erasures {
    /// Writes changes whole or not at all, and returns once they are synced to disk.
    async fn commit(&self, changes: Changes) -> Result<Committed, StoreError>;

    // What has ended.
    /// Forgets what is kept no longer, and unclaimed parts, remembered answers and tickets that ended before
    /// `now`; at most `limit` of each.
    async fn forget(&self, kept: KeptSince, now: Timestamp, limit: usize) -> Result<usize, StoreError>;

    // Leases: one holder at a time does a piece of work.
    /// Takes or renews a lease. False while somebody else holds it.
    async fn lease(&self, name: &str, holder: &str, now: Timestamp, until: Timestamp) -> Result<bool, StoreError>;
    /// Gives a lease back, if `holder` still has it.
    async fn release(&self, name: &str, holder: &str) -> Result<(), StoreError>;

    /// Whether a call may leave. What is granted is counted at once, and need not survive a crash.
    async fn permit(&self, ask: &Ask) -> Result<Permit, StoreError>;
    /// Keeps that a platform wants no call of a bucket until a time. It is on disk when this returns.
    async fn pause(&self, bucket: &BucketName, now: Timestamp, until: Timestamp) -> Result<(), StoreError>;
    /// One bucket, if anything is known of it.
    async fn bucket(&self, name: &BucketName) -> Result<Option<Bucket>, StoreError>;

    // Connections, logins, people.
    /// One connection of a customer.
    async fn connection(&self, customer: &CustomerId, id: ConnectionId) -> Result<Option<Connection>, StoreError>;
    /// All connections of a customer, oldest first.
    async fn connections(&self, customer: &CustomerId) -> Result<Vec<Connection>, StoreError>;
    /// Connections of all customers that upkeep has to look at by now, those that wait longest first.
    async fn due_connections(&self, now: Timestamp, limit: usize) -> Result<Vec<Connection>, StoreError>;
    /// Connections of all customers that listen to an account.
    async fn listeners(
        &self,
        integration: &Integration,
        account: &ExternalAccount,
    ) -> Result<Vec<Connection>, StoreError>;
    /// Connections of all customers who were proven to be a person.
    async fn proven(&self, integration: &Integration, person: &ExternalId) -> Result<Vec<Connection>, StoreError>;
    /// Connections of all customers that stand on a login.
    async fn standing_on(&self, login: LoginId) -> Result<Vec<Connection>, StoreError>;
    /// These logins.
    async fn logins(&self, ids: &[LoginId]) -> Result<Vec<Login>, StoreError>;
    /// The login of an account.
    async fn login_of(&self, integration: &Integration, account: &ExternalAccount)
    -> Result<Option<Login>, StoreError>;
    /// Logins that upkeep has to look at by now, those that wait longest first.
    async fn due_logins(&self, now: Timestamp, limit: usize) -> Result<Vec<Login>, StoreError>;
    /// Who a customer is, by connection.
    async fn user_platforms(&self, customer: &CustomerId) -> Result<Vec<UserPlatform>, StoreError>;
    /// The people behind these external ids, those that are known.
    async fn participants_named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        ids: &[ExternalId],
    ) -> Result<Vec<Participant>, StoreError>;
    /// People of a connection whose name, handle or mail address contains `text` in any case, by name.
    async fn people(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        text: &str,
        paging: &Paging,
    ) -> Result<Slice<Participant>, StoreError>;

    /// The emoji of these names, without colons: those that are known, gone or not.
    async fn emoji_named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        names: &[String],
    ) -> Result<Vec<Emoji>, StoreError>;

    // Chats and messages.
    /// What the ledger has for a name, by the kind of thing that `sample` is of.
    async fn named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        kind: NamedKind,
        id: &ExternalId,
    ) -> Result<Option<Thing>, StoreError>;
    /// One chat, in any state.
    async fn chat(&self, customer: &CustomerId, id: ChatId) -> Result<Option<Chat>, StoreError>;
    /// The chats behind these external ids, those that are known, in any state.
    async fn chats_named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        ids: &[ExternalId],
    ) -> Result<Vec<Chat>, StoreError>;
    /// Chats, the most recently active first.
    async fn chats(
        &self,
        customer: &CustomerId,
        filter: &ChatFilter,
        paging: &Paging,
    ) -> Result<Slice<ListedChat>, StoreError>;
    /// One chat as a list shows it.
    async fn listed_chat(&self, customer: &CustomerId, id: ChatId) -> Result<Option<ListedChat>, StoreError>;
    /// One message, shown or not.
    async fn message(&self, customer: &CustomerId, id: MessageId) -> Result<Option<Message>, StoreError>;
    /// These messages, those that are there, shown or not.
    async fn messages(&self, customer: &CustomerId, ids: &[MessageId]) -> Result<Vec<Message>, StoreError>;
    /// The messages behind these external ids, those that are known, shown or not.
    async fn messages_named(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        ids: &[ExternalId],
    ) -> Result<Vec<Message>, StoreError>;
    /// The messages of a chat that can be seen, newest first, deleted ones included.
    async fn messages_of(
        &self,
        customer: &CustomerId,
        chat: ChatId,
        paging: &Paging,
    ) -> Result<Slice<Message>, StoreError>;
    /// News of a chat that were set aside.
    async fn asides(&self, customer: &CustomerId, chat: ChatId) -> Result<Vec<Aside>, StoreError>;
    /// Chats with news set aside until a time that has come.
    async fn due_asides(&self, now: Timestamp, limit: usize) -> Result<Vec<(CustomerId, ChatId)>, StoreError>;

    /// Chats of which the platform is to be told how far they are read, those that wait longest first.
    async fn due_marks(&self, now: Timestamp, limit: usize) -> Result<Vec<(CustomerId, ChatId)>, StoreError>;

    // The outbox.
    /// Chats whose first open command is due, in turns of the customers as `due_syncs` has them.
    async fn due_chats(
        &self,
        now: Timestamp,
        after: Option<&CustomerId>,
        limit: usize,
    ) -> Result<Vec<(CustomerId, ChatId)>, StoreError>;
    /// The open commands of a chat, in the order of acceptance.
    async fn open_commands(&self, customer: &CustomerId, chat: ChatId) -> Result<Vec<Command>, StoreError>;
    /// One command.
    async fn command(&self, customer: &CustomerId, id: CommandId) -> Result<Option<Command>, StoreError>;
    /// The last command about a message.
    async fn last_command(&self, customer: &CustomerId, message: MessageId) -> Result<Option<Command>, StoreError>;
    /// How many commands of a customer are open, counted up to `limit`.
    async fn open_command_count(&self, customer: &CustomerId, limit: usize) -> Result<usize, StoreError>;
    /// The number that the customer's next command takes.
    async fn next_command_number(&self, customer: &CustomerId) -> Result<u64, StoreError>;
    /// What was answered to an unsafe call with this key.
    async fn remembered(&self, customer: &CustomerId, key: &str) -> Result<Option<Remembered>, StoreError>;

    // Uploads that wait to be sent.
    /// One upload.
    async fn upload(&self, customer: &CustomerId, id: UploadId) -> Result<Option<Upload>, StoreError>;
    /// A customer's uploads, in whatever state.
    async fn uploads_of(&self, customer: &CustomerId, limit: usize) -> Result<Vec<Upload>, StoreError>;
    /// What a customer's uploads take up.
    async fn uploads_held(&self, customer: &CustomerId) -> Result<Held, StoreError>;
    /// Uploads that are to be looked at by now, those that wait longest first.
    async fn due_uploads(&self, now: Timestamp, limit: usize) -> Result<Vec<Upload>, StoreError>;

    // Runs of import.
    /// Open runs that are due: one of each customer, from the one after `after` on and round, then the next ones.
    async fn due_syncs(
        &self,
        now: Timestamp,
        after: Option<&CustomerId>,
        limit: usize,
    ) -> Result<Vec<SyncStatus>, StoreError>;
    /// One run.
    async fn sync_status(&self, customer: &CustomerId, id: SyncStatusId) -> Result<Option<SyncStatus>, StoreError>;
    /// Runs, newest first; of one connection, or of all.
    async fn sync_statuses(
        &self,
        customer: &CustomerId,
        connection: Option<ConnectionId>,
        paging: &Paging,
    ) -> Result<Slice<SyncStatus>, StoreError>;

    // The feed.
    /// A customer's events after `seq`, in order.
    async fn events(&self, customer: &CustomerId, after: u64, limit: usize) -> Result<Vec<Event>, StoreError>;
    /// All customers' events after a position of the app's log, in order.
    async fn log(&self, after: u64, limit: usize) -> Result<Vec<Event>, StoreError>;
    /// The number of a customer's last event; 0 before the first.
    async fn last_seq(&self, customer: &CustomerId) -> Result<u64, StoreError>;
    /// The number of a customer's oldest event that is still kept, less one.
    async fn forgotten_seq(&self, customer: &CustomerId) -> Result<u64, StoreError>;
    /// The position of the last event of all.
    async fn last_position(&self) -> Result<u64, StoreError>;
    /// Forgets events that were committed before `before`; at most `limit`.
    async fn forget_events(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// The earliest time at which something that waits is due, for a loop that has nothing to do.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// How much waits, each counted up to `limit`.
    async fn backlog(&self, limit: usize) -> Result<Backlog, StoreError>;
    /// What this store has done.
    fn figures(&self) -> Figures {
        Figures::default()
    }
}

/// The kinds of things that external ids name. The same text may name one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NamedKind {
    /// Chats.
    Chat,
    /// Messages.
    Message,
    /// People and bots.
    Participant,
}

impl Thing {
    /// Its kind.
    pub fn kind(&self) -> NamedKind {
        match self {
            Self::Chat(_) => NamedKind::Chat,
            Self::Message(_) => NamedKind::Message,
            Self::Participant(_) => NamedKind::Participant,
        }
    }
}
