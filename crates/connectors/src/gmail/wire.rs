//! Gmail's JSON, as much of it as is of use. Every field may be missing.

use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// Numbers of 64 bits come as texts, and at some places as numbers.
fn number<'de, D: Deserializer<'de>>(source: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Number(i64),
    }
    match Written::deserialize(source)? {
        Written::Text(text) => text.parse().map_err(D::Error::custom),
        Written::Number(number) => Ok(number),
    }
}

/// `users.getProfile`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The mailbox's address.
    pub email_address: String,
    /// As of when everything in the mailbox is so.
    #[serde(deserialize_with = "number")]
    pub history_id: i64,
}

/// An address that the mailbox may write as.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SendAs {
    pub send_as_email: String,
    pub display_name: String,
    pub is_primary: bool,
    /// None for the mailbox's own address.
    pub verification_status: Option<String>,
}

/// All of them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Aliases {
    pub send_as: Vec<SendAs>,
}

/// A message, in any format.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Message {
    pub id: String,
    pub thread_id: String,
    pub label_ids: Vec<String>,
    /// The last change of the message: of its labels, since its words never change.
    #[serde(deserialize_with = "number")]
    pub history_id: i64,
    /// When it was written, in milliseconds since 1970.
    #[serde(deserialize_with = "number")]
    pub internal_date: i64,
    pub size_estimate: u64,
    /// The mail itself, in the format of that name.
    pub raw: Option<String>,
    /// The tree of its parts, in the format `full`.
    pub payload: Option<Payload>,
}

/// A part of a message.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Payload {
    pub part_id: String,
    pub mime_type: String,
    pub filename: String,
    pub headers: Vec<Header>,
    pub body: PartBody,
    pub parts: Vec<Payload>,
}

/// A header, decoded.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Header {
    pub name: String,
    pub value: String,
}

/// What a part holds, or the name under which it is fetched. That name changes with every answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PartBody {
    pub attachment_id: Option<String>,
    pub size: u64,
    pub data: Option<String>,
}

/// A thread with its messages, oldest first, drafts and trashed ones included.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Thread {
    pub id: String,
    #[serde(deserialize_with = "number")]
    pub history_id: i64,
    pub messages: Vec<Message>,
}

/// A page of threads, the last active first.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Threads {
    pub threads: Vec<Named>,
    pub next_page_token: Option<String>,
}

/// A page of messages, the newest first.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Messages {
    pub messages: Vec<Named>,
    pub next_page_token: Option<String>,
}

/// Something that is named by its id alone.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Named {
    pub id: String,
}

/// `users.labels.list`, which Gmail answers whole.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Labels {
    pub labels: Vec<Label>,
}

/// A label, of Gmail's own or of the mailbox's owner.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Label {
    pub id: String,
    pub name: String,
}

/// What the token endpoint answers.
#[derive(Debug, Deserialize)]
pub struct Tokens {
    pub access_token: String,
    #[serde(default)]
    pub refresh_token: Option<String>,
    #[serde(default)]
    pub expires_in: Option<u64>,
    #[serde(default)]
    pub scope: Option<String>,
}

/// A page of the history, oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct History {
    pub history: Vec<Record>,
    pub next_page_token: Option<String>,
    /// How far the history goes by now.
    #[serde(deserialize_with = "number")]
    pub history_id: i64,
}

/// A record of the history. Many say nothing.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Record {
    #[serde(deserialize_with = "number")]
    pub id: i64,
    pub messages_added: Vec<Entry>,
    pub messages_deleted: Vec<Entry>,
    pub labels_added: Vec<Entry>,
    pub labels_removed: Vec<Entry>,
}

/// What a record says of a message, whose labels are as they were then.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Entry {
    pub message: Message,
    /// The labels that came or went.
    pub label_ids: Vec<String>,
}

/// `users.watch`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Watched {
    /// Until when, in milliseconds since 1970.
    #[serde(deserialize_with = "number")]
    pub expiration: i64,
}

impl Record {
    /// The messages that it says anything of.
    pub fn changed(&self) -> impl Iterator<Item = &Message> {
        let all = [&self.messages_added, &self.messages_deleted, &self.labels_added, &self.labels_removed];
        all.into_iter().flatten().map(|entry| &entry.message)
    }
}

impl Message {
    /// Whether it bears a label.
    pub fn is(&self, label: &str) -> bool {
        self.label_ids.iter().any(|held| held == label)
    }
}

impl Payload {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| header.value.as_str())
    }
}
