//! The store as a server has it: every call may be the last thing that it did.

use crate::{chance::Chance, executor::pause};
use async_trait::async_trait;
use model::{
    changes::{Aside, Changes, Remembered, Thing},
    chat::Chat,
    checks::Checks,
    command::Command,
    compare::Stretch,
    completeness::{Completeness, Heartbeat, Measured},
    connection::{Connection, Login},
    customer::CustomerId,
    emoji::Emoji,
    erasure::{Erasure, Erasures, Through},
    event::Event,
    following::{Following, Followings},
    id::{
        ChatId, CommandId, ConnectionId, ExternalAccount, ExternalId, IntakeId, Integration, LoginId, MessageId,
        SyncStatusId, UploadId,
    },
    intake::{Intake, PartId, QueuedPart, UnclaimedPart},
    limits::{Ask, Bucket, BucketName, Permit},
    message::Message,
    participant::Participant,
    retention::KeptSince,
    store::{
        ApiKey, Backlog, ChatFilter, Committed, Intakes, Keys, Lane, ListedChat, NamedKind, Paging, Slice, Store,
        StoreError, Ticket,
    },
    stream::Stream,
    sync_status::SyncStatus,
    time::Timestamp,
    upload::{Held, Upload},
    user_platform::UserPlatform,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use std::time::Duration;
use store::memory::Memory;

/// A store whose calls wait before and after, and which now and then has no room.
pub struct Paced {
    pub memory: Arc<Memory>,
    pub chance: Arc<Chance>,
    /// Whether the disk may be full for a moment.
    pub may_fill: Arc<AtomicBool>,
    pub filled: Arc<AtomicU64>,
    /// How many calls had no room within the platform's limits.
    pub held_off: Arc<AtomicU64>,
}

impl Paced {
    fn check_room(&self, name: &str) -> Result<(), StoreError> {
        let writes = matches!(name, "commit" | "append" | "beat");
        if writes && self.may_fill.load(Ordering::Relaxed) && self.chance.one_in(150) {
            self.filled.fetch_add(1, Ordering::Relaxed);
            return Err(StoreError::Unavailable("no room".to_owned()));
        }
        Ok(())
    }
}

macro_rules! paced {
    ($keeps:ident { $($more:tt)* } $($name:ident($($argument:ident: $kind:ty),*) -> $given:ty;)*) => {
        #[async_trait]
        impl $keeps for Paced {
            $(async fn $name(&self, $($argument: $kind),*) -> Result<$given, StoreError> {
                pause().await;
                self.check_room(stringify!($name))?;
                let given = self.memory.$name($($argument),*).await;
                pause().await;
                given
            })*

            $($more)*
        }
    };
}

paced! {
    Intakes {}
    append(intake: Intake) -> ();
    unrouted(limit: usize) -> Vec<Intake>;
    intakes(ids: &[IntakeId]) -> Vec<Intake>;
    unclaimed(integration: &Integration, account: &ExternalAccount, after: Option<(IntakeId, u32)>, limit: usize) -> Vec<UnclaimedPart>;
    sharers(integration: &Integration, chat: &ExternalId) -> Vec<Connection>;
    part_lanes(now: Timestamp, after: Option<&CustomerId>, limit: usize) -> Vec<Lane>;
    parts(lane: &Lane, now: Timestamp, limit: usize) -> Vec<QueuedPart>;
    part(customer: &CustomerId, id: PartId) -> Option<QueuedPart>;
    parked(customer: &CustomerId, paging: &Paging) -> Slice<QueuedPart>;
    routed(since: Timestamp, after: Option<IntakeId>, limit: usize) -> Vec<Intake>;
}

paced! {
    Keys {}
    put_api_key(key: ApiKey) -> ();
    api_keys() -> Vec<ApiKey>;
    remove_api_key(id: &str) -> bool;
    put_ticket(ticket: Ticket) -> ();
    ticket(kind: &str, hash: &str, now: Timestamp) -> Option<Ticket>;
    take_ticket(kind: &str, hash: &str, now: Timestamp) -> Option<Ticket>;
}

paced! {
    Store {
        async fn permit(&self, ask: &Ask) -> Result<Permit, StoreError> {
            pause().await;
            let permit = self.memory.permit(ask).await?;
            self.held_off.fetch_add(u64::from(permit != Permit::Granted), Ordering::Relaxed);
            pause().await;
            Ok(permit)
        }
    }
    commit(changes: Changes) -> Committed;
    forget(kept: KeptSince, now: Timestamp, limit: usize) -> usize;
    lease(name: &str, holder: &str, now: Timestamp, until: Timestamp) -> bool;
    release(name: &str, holder: &str) -> ();
    pause(bucket: &BucketName, now: Timestamp, until: Timestamp) -> ();
    bucket(name: &BucketName) -> Option<Bucket>;
    connection(customer: &CustomerId, id: ConnectionId) -> Option<Connection>;
    connections(customer: &CustomerId) -> Vec<Connection>;
    due_connections(now: Timestamp, limit: usize) -> Vec<Connection>;
    listeners(integration: &Integration, account: &ExternalAccount) -> Vec<Connection>;
    proven(integration: &Integration, person: &ExternalId) -> Vec<Connection>;
    standing_on(login: LoginId) -> Vec<Connection>;
    logins(ids: &[LoginId]) -> Vec<Login>;
    login_of(integration: &Integration, account: &ExternalAccount) -> Option<Login>;
    due_logins(now: Timestamp, limit: usize) -> Vec<Login>;
    user_platforms(customer: &CustomerId) -> Vec<UserPlatform>;
    participants_named(customer: &CustomerId, connection: ConnectionId, ids: &[ExternalId]) -> Vec<Participant>;
    emoji_named(customer: &CustomerId, connection: ConnectionId, names: &[String]) -> Vec<Emoji>;
    people(customer: &CustomerId, connection: ConnectionId, text: &str, paging: &Paging) -> Slice<Participant>;
    named(customer: &CustomerId, connection: ConnectionId, kind: NamedKind, id: &ExternalId) -> Option<Thing>;
    chat(customer: &CustomerId, id: ChatId) -> Option<Chat>;
    chats_named(customer: &CustomerId, connection: ConnectionId, ids: &[ExternalId]) -> Vec<Chat>;
    chats(customer: &CustomerId, filter: &ChatFilter, paging: &Paging) -> Slice<ListedChat>;
    listed_chat(customer: &CustomerId, id: ChatId) -> Option<ListedChat>;
    message(customer: &CustomerId, id: MessageId) -> Option<Message>;
    messages(customer: &CustomerId, ids: &[MessageId]) -> Vec<Message>;
    messages_named(customer: &CustomerId, connection: ConnectionId, ids: &[ExternalId]) -> Vec<Message>;
    messages_of(customer: &CustomerId, chat: ChatId, paging: &Paging) -> Slice<Message>;
    asides(customer: &CustomerId, chat: ChatId) -> Vec<Aside>;
    due_asides(now: Timestamp, limit: usize) -> Vec<(CustomerId, ChatId)>;
    due_marks(now: Timestamp, limit: usize) -> Vec<(CustomerId, ChatId)>;
    due_chats(now: Timestamp, after: Option<&CustomerId>, limit: usize) -> Vec<(CustomerId, ChatId)>;
    open_commands(customer: &CustomerId, chat: ChatId) -> Vec<Command>;
    command(customer: &CustomerId, id: CommandId) -> Option<Command>;
    last_command(customer: &CustomerId, message: MessageId) -> Option<Command>;
    open_command_count(customer: &CustomerId, limit: usize) -> usize;
    next_command_number(customer: &CustomerId) -> u64;
    remembered(customer: &CustomerId, key: &str) -> Option<Remembered>;
    upload(customer: &CustomerId, id: UploadId) -> Option<Upload>;
    uploads_of(customer: &CustomerId, limit: usize) -> Vec<Upload>;
    uploads_held(customer: &CustomerId) -> Held;
    due_uploads(now: Timestamp, limit: usize) -> Vec<Upload>;
    due_syncs(now: Timestamp, after: Option<&CustomerId>, limit: usize) -> Vec<SyncStatus>;
    sync_status(customer: &CustomerId, id: SyncStatusId) -> Option<SyncStatus>;
    sync_statuses(customer: &CustomerId, connection: Option<ConnectionId>, paging: &Paging) -> Slice<SyncStatus>;
    events(customer: &CustomerId, after: u64, limit: usize) -> Vec<Event>;
    log(after: u64, limit: usize) -> Vec<Event>;
    last_seq(customer: &CustomerId) -> u64;
    forgotten_seq(customer: &CustomerId) -> u64;
    last_position() -> u64;
    forget_events(before: Timestamp, limit: usize) -> usize;
    next_due() -> Option<Timestamp>;
    backlog(limit: usize) -> Backlog;
}

paced! { Checks {}
    messages_in(customer: &CustomerId, chat: ChatId, stretches: &[Stretch], limit: usize) -> Vec<Message>;
    threads_in(customer: &CustomerId, chat: ChatId, from: &str, limit: usize) -> Vec<ExternalId>;
    completeness(customer: &CustomerId, chats: &[ChatId]) -> Vec<Completeness>;
    due_checks(now: Timestamp, limit: usize) -> Vec<Completeness>;
    behind(until: Timestamp, now: Timestamp, limit: usize) -> Vec<Completeness>;
    measured(customer: &CustomerId, connection: ConnectionId) -> Measured;
    heartbeat() -> Heartbeat;
    beat(now: Timestamp, outage: Duration) -> Heartbeat;
}

paced! { Followings {}
    following(customer: &CustomerId, connection: ConnectionId) -> Option<Following>;
    due_followings(now: Timestamp, limit: usize) -> Vec<Following>;
}

paced! { Stream {}
    timeline(customer: &CustomerId, connections: &[ConnectionId], paging: &Paging) -> Slice<Message>;
    chats_after(after: Option<(CustomerId, ChatId)>, limit: usize) -> Vec<Chat>;
    messages_after(after: Option<(CustomerId, MessageId)>, limit: usize) -> Vec<Message>;
    people_after(after: u64, limit: usize) -> Vec<(u64, Participant)>;
}

paced! { Erasures {}
    begin_erasure(customer: &CustomerId, now: Timestamp) -> ();
    erasures(limit: usize) -> Vec<Erasure>;
    erase_rows(customer: &CustomerId, limit: usize) -> usize;
    erase_requests(customer: &CustomerId, requests: &[IntakeId], through: Through) -> ();
    end_erasure(customer: &CustomerId) -> ();
}
