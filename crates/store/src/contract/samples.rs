//! Rows for the laws: small, whole, and told apart by a number.

use bytes::Bytes;
use model::{
    abilities::{Abilities, History},
    body::Body,
    changes::{Aside, Changes, Naming, Remembered, Thing, Write},
    chat::{Chat, ChatState},
    command::{Action, Command, Progress},
    connection::{Connection, ConnectionState, Login, Sealed},
    customer::CustomerId,
    emoji::{Emoji, Picture},
    event::{EventKind, NewEvent, Origin, Subject},
    facets::{Content, Facet, Facets, Reactions, Version},
    id::{
        ChatId, CommandId, ConnectionId, ExternalAccount, ExternalId, IntakeId, Integration, LoginId, MessageId,
        ParticipantId, SyncStatusId, UploadId, UserPlatformId, uuid_v7,
    },
    intake::{Intake, PartState, QueuedPart, RawRequest, UnclaimedPart},
    message::{Direction, Message, Status},
    participant::{Participant, PersonFacts},
    retention::KeptSince,
    store::{Paging, Ticket},
    sync_status::{SyncKind, SyncState, SyncStatus},
    time::Timestamp,
    update::Update,
    upload::{Upload, UploadState},
    user_platform::UserPlatform,
};
use serde_json::json;
use std::collections::BTreeMap;

macro_rules! numbered {
    ($($function:ident: $id:ident,)*) => {$(
        pub(crate) fn $function(number: i64) -> $id {
            $id::from(uuid_v7(Timestamp::from_millis(number), [0; 10]))
        }
    )*};
}

numbered! {
    chat_id: ChatId,
    command_id: CommandId,
    connection_id: ConnectionId,
    intake_id: IntakeId,
    login_id: LoginId,
    message_id: MessageId,
    participant_id: ParticipantId,
    sync_id: SyncStatusId,
    upload_id: UploadId,
    user_platform_id: UserPlatformId,
}

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(crate) fn ada() -> CustomerId {
    CustomerId::new("ada").unwrap()
}

pub(crate) fn bob() -> CustomerId {
    CustomerId::new("bob").unwrap()
}

pub(crate) fn slack() -> Integration {
    Integration::from("slack")
}

pub(crate) fn ext(text: &str) -> ExternalId {
    ExternalId::from(text)
}

pub(crate) fn account(text: &str) -> ExternalAccount {
    ExternalAccount::from(text)
}

pub(crate) fn first(limit: usize) -> Paging {
    Paging { after: None, limit }
}

/// A commit of rows.
pub(crate) fn rows(customer: &CustomerId, writes: impl IntoIterator<Item = Write>) -> Changes {
    Changes { writes: writes.into_iter().collect(), ..Changes::of(customer) }
}

/// A commit of events alone, so many.
pub(crate) fn told(customer: &CustomerId, count: usize, millis: i64) -> Changes {
    Changes { events: vec![event(1, millis); count], ..Changes::of(customer) }
}

pub(crate) fn connection(customer: &CustomerId, number: i64) -> Connection {
    let abilities = Abilities {
        files: true,
        largest_file_bytes: 1,
        most_files: 1,
        send: true,
        reply: true,
        broadcast: true,
        edit: true,
        delete: true,
        react: true,
        mark_read: true,
        mail: false,
        mark_unread: false,
        read_back: true,
        longest_text: 4_000,
        longest_edit: 4_000,
        history: History::Pages,
        news: Vec::new(),
    };
    Connection {
        id: connection_id(number),
        customer_id: customer.clone(),
        integration: slack(),
        revision: 1,
        account: account(&format!("T{number}")),
        account_name: "Team".to_owned(),
        listens_to: vec![account(&format!("T{number}"))],
        logins: vec![login_id(number)],
        state: ConnectionState::Active,
        reason: None,
        person: vec![ext("U1")],
        linked: Vec::new(),
        identity: 0,
        senders: Vec::new(),
        scopes: Vec::new(),
        abilities,
        standing: Default::default(),
        import_new_chats: false,
        include_trash_and_spam: false,
        created_at: at(number),
        updated_at: at(number),
    }
}

pub(crate) fn login(number: i64) -> Login {
    Login {
        id: login_id(number),
        integration: slack(),
        account: account(&format!("T{number}")),
        revision: 1,
        secret: Sealed("sealed".to_owned()),
        scopes: Vec::new(),
        facts: json!({ "bot": "B1" }),
        lost: false,
        expires_at: None,
        refresh_at: None,
        failures: 0,
        updated_at: at(1),
    }
}

pub(crate) fn user_platform(customer: &CustomerId, number: i64) -> UserPlatform {
    UserPlatform {
        id: user_platform_id(number),
        customer_id: customer.clone(),
        connection_id: connection_id(number),
        revision: 1,
        platform: "slack".to_owned(),
        external_user_ids: vec![ext("U1")],
        name: "Ada".to_owned(),
        emails: Vec::new(),
        stated: Default::default(),
    }
}

pub(crate) fn emoji(customer: &CustomerId, name: &str, picture: Option<Picture>, version: i64) -> Emoji {
    Emoji {
        customer_id: customer.clone(),
        connection_id: connection_id(1),
        name: name.to_owned(),
        picture,
        version: Version(version),
    }
}

pub(crate) fn person(customer: &CustomerId, number: i64, name: &str, handle: &str, email: &str) -> Participant {
    let facts = PersonFacts {
        name: name.to_owned(),
        handle: Some(handle.to_owned()).filter(|handle| !handle.is_empty()),
        emails: vec![email.to_owned()],
        ..PersonFacts::default()
    };
    Participant {
        id: participant_id(number),
        customer_id: customer.clone(),
        connection_id: connection_id(1),
        revision: 1,
        external_ids: vec![ext(&format!("U{number}"))],
        facts: Some(Facet::new(Version(1), facts)),
        asked_at: at(1),
    }
}

pub(crate) fn chat(customer: &CustomerId, number: i64) -> Chat {
    Chat {
        id: chat_id(number),
        customer_id: customer.clone(),
        connection_id: connection_id(1),
        revision: 1,
        external_id: ext(&format!("C{number}")),
        state: ChatState::Imported,
        generation: 1,
        facts: None,
        imported_as_of: None,
        member: None,
        named_under: None,
        read: None,
        read_there: None,
        read_as_of: None,
        mark_due_at: None,
        aliases: BTreeMap::new(),
        begun_here: false,
        gone: None,
        created_at: at(number),
        updated_at: at(number),
    }
}

/// A message in a chat that says its own number, at the place of that number.
pub(crate) fn message(customer: &CustomerId, chat: i64, number: i64) -> Message {
    let content = Content {
        sender: Some(ext("U1")),
        body: Body::plain(format!("message {number}")),
        sent_at: at(number),
        edited_at: None,
        thread_root: None,
        broadcast: false,
        system: false,
        attachments: Vec::new(),
        letter: None,
        platform_data: json!(null),
    };
    let facets = Facets {
        content: Some(Facet::new(Version(number), content)),
        deleted: None,
        restored: None,
        reactions: Reactions::default(),
        undelivered: None,
    };
    Message {
        id: message_id(number),
        customer_id: customer.clone(),
        connection_id: connection_id(1),
        chat_id: chat_id(chat),
        revision: 1,
        external_id: Some(ext(&format!("M{number}"))),
        position: format!("{number:08}"),
        direction: Direction::Incoming,
        facets,
        status: Status::Sent,
        error: None,
        pending_change: None,
        merged_into: None,
        created_at: at(number),
        updated_at: at(number),
    }
}

/// The message, as a reply in a thread.
pub(crate) fn reply(mut message: Message, thread: &str) -> Message {
    if let Some(content) = &mut message.facets.content {
        content.value.thread_root = Some(ext(thread));
    }
    message
}

/// The message, deleted.
pub(crate) fn deleted(mut message: Message) -> Message {
    message.facets.tell_deleted(Version(i64::MAX));
    message
}

/// A message that nobody said anything of yet.
pub(crate) fn unknown(mut message: Message) -> Message {
    message.facets = Facets::default();
    message
}

/// The row, one revision later.
pub(crate) trait Next: Clone {
    fn next(&self) -> Self;
}

macro_rules! next {
    ($($row:ident),*) => {$(
        impl Next for $row {
            fn next(&self) -> Self {
                Self { revision: self.revision + 1, ..self.clone() }
            }
        }
    )*};
}

next!(Connection, Login, UserPlatform, Participant, Chat, Message, Command, SyncStatus);

pub(crate) fn name(thing: Thing, external_id: &str) -> Naming {
    Naming { connection_id: connection_id(1), external_id: ext(external_id), thing }
}

pub(crate) fn command(customer: &CustomerId, chat: i64, number: i64, due: i64) -> Command {
    Command {
        id: command_id(number),
        customer_id: customer.clone(),
        connection_id: connection_id(1),
        chat_id: chat_id(chat),
        generation: 1,
        message_id: message_id(number),
        revision: 1,
        number: number.unsigned_abs(),
        action: Action::Delete,
        origin: Origin::App,
        progress: Progress::Waiting,
        steps: json!(null),
        attempts: 0,
        due_at: at(due),
        accepted_at: at(1),
    }
}

pub(crate) fn sync(customer: &CustomerId, number: i64, state: SyncState, due: i64) -> SyncStatus {
    SyncStatus {
        id: sync_id(number),
        customer_id: customer.clone(),
        connection_id: connection_id(1),
        chat_id: None,
        generation: 1,
        revision: 1,
        kind: SyncKind::Import,
        state,
        done: 0,
        total: None,
        since: None,
        cursor: None,
        check: None,
        selection: model::sync_status::Selection::default(),
        pages: 0,
        newest: None,
        reached: None,
        expected_end: None,
        failures: 0,
        due_at: at(due),
        error: None,
        created_at: at(number),
        started_at: None,
        finished_at: None,
    }
}

pub(crate) fn upload(customer: &CustomerId, number: i64, due: i64) -> Upload {
    Upload {
        id: upload_id(number),
        customer_id: customer.clone(),
        revision: 1,
        name: format!("file {number}"),
        media_type: "text/plain".to_owned(),
        size_bytes: 100,
        state: UploadState::Ready,
        due_at: at(due),
        created_at: at(number),
    }
}

/// Raw requests are kept since then, and all else for ever.
pub(crate) fn raw(millis: i64) -> KeptSince {
    KeptSince { raw: at(millis), ..KeptSince::default() }
}

pub(crate) fn intake(number: i64) -> Intake {
    let request = RawRequest {
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Bytes::from_static(b"\x00\xff{}"),
        received_at: at(number),
    };
    Intake { id: intake_id(number), integration: slack(), connection_id: None, request }
}

pub(crate) fn part(customer: &CustomerId, intake: i64, chat: Option<&str>, due: i64) -> QueuedPart {
    QueuedPart {
        customer_id: customer.clone(),
        connection_id: connection_id(1),
        intake_id: intake_id(intake),
        number: 0,
        chat: chat.map(ext),
        state: PartState::Waiting,
        attempts: 0,
        due_at: at(due),
    }
}

pub(crate) fn parked(part: QueuedPart) -> QueuedPart {
    QueuedPart { state: PartState::Parked { error: "unreadable".to_owned() }, ..part }
}

pub(crate) fn unclaimed(intake: i64, until: i64) -> UnclaimedPart {
    UnclaimedPart {
        integration: slack(),
        account: account("T1"),
        intake_id: intake_id(intake),
        number: 0,
        chat: None,
        until: at(until),
    }
}

pub(crate) fn aside(chat: i64, message: &str, until: i64) -> Aside {
    let update = Update::Deleted { chat: ext("C1"), message: ext(message), version: Version(until) };
    Aside { chat_id: chat_id(chat), external_id: ext(message), update, version: Version(until), until: at(until) }
}

pub(crate) fn remember(key: &str, until: i64) -> Remembered {
    Remembered { key: key.to_owned(), request_hash: "hash".to_owned(), answer: json!({ "id": 1 }), until: at(until) }
}

pub(crate) fn ticket(hash: &str, expires: i64) -> Ticket {
    Ticket {
        kind: "connect".to_owned(),
        hash: hash.to_owned(),
        document: json!({ "to": "/" }),
        expires_at: at(expires),
    }
}

pub(crate) fn event(message: i64, millis: i64) -> NewEvent {
    NewEvent {
        kind: EventKind::MessageCreated,
        subject: Subject::Message(message_id(message)),
        revision: 1,
        connection_id: Some(connection_id(1)),
        chat_id: None,
        origin: Origin::Live,
        merged_from: None,
        at: at(millis),
    }
}
