//! The universal data model: what the API, the feed and the page show of what is stored.
//!
//! Here are the shapes; `show` fills them.

mod change;
mod found;
mod mail;
mod people;
mod show;

pub use change::{ChangeKind, PendingChange};
pub use found::{ChatHit, Hit, Sighting};
pub use mail::{Answered, Invitation, Quoted, Recipient, Recipients};
pub use people::{Participant, UserPlatform};
pub use show::{Names, chat, connection, emoji_of, message, people_of, sync_status, upload, user_platform};

use crate::{
    abilities::Abilities,
    attachment::{AttachmentId, FileState, Preview},
    chat::{ChatKind, ChatState},
    completeness::GapState,
    connection::ConnectionState,
    customer::CustomerId,
    event::{EventKind, Origin},
    id::{ChatId, ConnectionId, ExternalAccount, ExternalId, Integration, MessageId, SyncStatusId},
    message::{Direction, Problem, Status},
    sync_status::{SyncKind, SyncState},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many characters of a message its preview shows.
pub const PREVIEW_CHARACTERS: usize = 140;

/// An emoji that only this account has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Emoji {
    /// Its name, without colons.
    pub name: String,
    /// Where its picture is.
    pub picture_url: Option<String>,
    /// The Unicode emoji that it is another name of.
    pub character: Option<String>,
}

/// One emoji under a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reaction {
    /// A Unicode emoji, or `:name:` for one that only the platform has.
    pub emoji: String,
    /// What stands for `:name:`, where that is known.
    pub custom: Option<Emoji>,
    /// How many people.
    pub count: usize,
    /// Whether this connection's commands put one of them.
    pub mine: bool,
    /// Names of the first few.
    pub names: Vec<String>,
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attachment {
    /// Our id. It is the same however often the message is told.
    pub id: AttachmentId,
    /// The platform's id; none while the file waits here to be sent.
    pub external_id: Option<ExternalId>,
    /// Its name.
    pub name: String,
    /// Its media type, as whoever sent it says.
    pub media_type: String,
    /// Its size, where it is known.
    pub size_bytes: Option<u64>,
    /// Whether it can be had.
    pub state: FileState,
    /// Where a person finds it, at the platform or elsewhere.
    pub link: Option<String>,
    /// A small picture of it, at `GET /v1/attachments/{id}?preview=true`.
    pub preview: Option<Preview>,
    /// The name by which `mail_html` shows it, as `cid:…`.
    pub content_id: Option<String>,
}

/// What a message says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Words {
    /// Readable text, with people and chats by name.
    pub text: String,
    /// The same in Markdown; none where it is the text as it stands. What Markdown has no word for is a
    /// link of its own scheme, as `[@Ana](person:U1)`.
    #[serde(default)]
    pub markdown: Option<String>,
    /// The same in HTML, safe to show; none where nothing in it has a look, a link or a mention.
    #[serde(default)]
    pub html: Option<String>,
    /// What stands for each `:name:` in it, where that is known.
    #[serde(default)]
    pub emoji: Vec<Emoji>,
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
    /// Whether this connection may change it, as far as its abilities go: you wrote it, and as somebody for whom
    /// it can speak.
    pub changeable: bool,
    /// Who wrote it.
    pub sender: Option<Participant>,
    /// To whom it is written; none but for mail.
    pub recipients: Option<Recipients>,
    /// What it is about; none but for mail.
    pub subject: Option<String>,
    /// What it says. Empty once it is deleted.
    pub body: Words,
    /// What it says as the mail's own HTML, cleaned: no scripts, handlers, or styles that reach outside. Show it in a
    /// sandboxed frame and nowhere else. `cid:` addresses name pictures among its attachments. A picture that is
    /// elsewhere has no `src`, but its address in `data-remote-src`, which starts with `https://` or `http://`: nothing is
    /// fetched until you move it into `src`.
    pub mail_html: Option<String>,
    /// The history that it quotes; none but for mail. What is new in it is in `body` and `mail_html` alone.
    pub quoted: Option<Quoted>,
    /// The mail's HTML, new or quoted, has pictures that are elsewhere, with their addresses in `data-remote-src`. To
    /// fetch one tells its owner who reads the mail, so show them only to whoever asks for them.
    pub remote_images: bool,
    /// The mailing list that it came through.
    pub list: Option<String>,
    /// A program sent it by itself: an answer in somebody's absence, a notice, a bulk mail.
    pub automatic: bool,
    /// The meeting that it is about; none but for mail.
    pub invitation: Option<Invitation>,
    /// Files, still at their platform. `GET /v1/attachments/{id}` streams one.
    pub attachments: Vec<Attachment>,
    /// Who reacted.
    pub reactions: Vec<Reaction>,
    /// The platform's id of the first message of the thread that it answers in.
    pub thread_root: Option<ExternalId>,
    /// Our id of that message, once it is known here.
    pub thread_root_id: Option<MessageId>,
    /// It answers in a thread, and stands in the chat's main line as well.
    pub broadcast: bool,
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
    /// Nothing can be written in it any more: it was archived, or the platform deleted it.
    pub archived: bool,
    /// The customer is in it, as far as is known. Who is not gets no news of it.
    pub member: bool,
    /// The people in a direct chat, a group or a mail thread; none of a channel, whose people
    /// `GET /v1/connections/{id}/people` finds.
    pub participants: Vec<Participant>,
    /// Its newest message.
    pub last_message: Option<LastMessage>,
    /// How many messages of others the customer has not read. 100 means 100 or more. None while it is not
    /// known how far they have read.
    pub unread_count: Option<u32>,
    /// The position of the last message that the customer has read, here or at the platform.
    pub last_read: Option<String>,
    /// What can be done in it.
    pub abilities: Abilities,
    /// How much of its history is known whole. None where it is not imported, or not at the platform yet.
    pub completeness: Option<Completeness>,
    /// What only this platform has, such as a topic.
    #[schema(value_type = Object)]
    pub platform_data: serde_json::Value,
    /// Grows with every change.
    pub revision: u64,
    /// When something last happened in it.
    pub active_at: Timestamp,
    /// When it became known here.
    pub created_at: Timestamp,
    /// When it last changed here.
    pub updated_at: Timestamp,
}

/// How much of a chat's history is known whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Completeness {
    /// Since when, but for the gaps; 1970 where all that was ever written is. None before anything is.
    pub complete_since: Option<Timestamp>,
    /// When it was last compared with the platform.
    pub checked_at: Option<Timestamp>,
    /// Parts that are not.
    pub gaps: Vec<Gap>,
    /// Grows with every comparison, also where the chat's own revision does not.
    pub revision: u64,
}

/// A part of a chat's history that is not known whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gap {
    /// From this time on.
    pub from: Timestamp,
    /// Up to this time.
    pub to: Timestamp,
    /// What can be done about it.
    pub state: GapState,
    /// Why it is there.
    pub reason: Problem,
}

/// A customer's link to a platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
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
    /// A person paused it: news and commands wait.
    pub paused: bool,
    /// The share of messages that the platform should have told and did not, of all that were compared.
    /// None before any were.
    pub miss_rate: Option<f64>,
    /// New chats are imported by themselves.
    pub import_new_chats: bool,
    /// Of mail: what lies in the trash or was taken for spam is imported as well, and is not deleted by lying there.
    pub include_trash_and_spam: bool,
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
    /// The chat's name.
    pub chat_name: Option<String>,
    /// What is run.
    pub kind: SyncKind,
    /// How far it has come.
    pub state: SyncState,
    /// Messages (or chats) read so far.
    pub done: u64,
    /// How many there are, where that is known.
    pub total: Option<u64>,
    /// When it should end: an estimate, by what was read so far and what the platform's limits allow. None
    /// where nothing can be told.
    pub expected_end: Option<Timestamp>,
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
