//! One person's mailbox: messages, threads, labels, drafts, and the history of all that.
//!
//! Every change of a message makes a record, numbered by who changes it: this file draws no numbers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::head::Head;
use super::mime::addresses;

/// The labels that are there by themselves.
pub const SYSTEM: &[&str] = &[
    "INBOX",
    "SENT",
    "DRAFT",
    "SPAM",
    "TRASH",
    "UNREAD",
    "STARRED",
    "IMPORTANT",
    "CHAT",
    "CATEGORY_PERSONAL",
    "CATEGORY_SOCIAL",
    "CATEGORY_PROMOTIONS",
    "CATEGORY_UPDATES",
    "CATEGORY_FORUMS",
];

#[derive(Debug, Clone, Default)]
pub struct Mailbox {
    pub address: String,
    pub name: String,
    /// Google's id of the person.
    pub sub: String,
    pub aliases: Vec<Alias>,
    pub labels: BTreeMap<String, Label>,
    pub messages: BTreeMap<String, Message>,
    pub threads: BTreeMap<String, Thread>,
    /// The thread of every `Message-ID` that was ever here, also of what was deleted since.
    pub known: BTreeMap<String, String>,
    /// The message of each draft.
    pub drafts: BTreeMap<String, String>,
    pub history_id: u64,
    pub records: VecDeque<Record>,
    /// The newest record that is no longer kept.
    pub forgotten: u64,
    pub watch: Option<Watch>,
}

/// Another address that a person may write from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    pub address: String,
    pub name: String,
    pub accepted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub id: String,
    pub name: String,
    pub label_list_visibility: String,
    pub message_list_visibility: String,
    #[serde(default)]
    pub color: Option<(String, String)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Message {
    pub id: String,
    pub thread: String,
    pub labels: Vec<String>,
    pub raw: Raw,
    pub internal_millis: i64,
    pub arrived_micros: i64,
    /// Since when it is in the trash or is spam.
    #[serde(default)]
    pub away_micros: Option<i64>,
    pub history_id: u64,
    /// What its bytes say, read once.
    #[serde(skip)]
    pub head: Head,
}

#[derive(Debug, Clone, Default)]
pub struct Thread {
    /// By time and id, so the oldest comes first.
    pub messages: BTreeSet<(i64, String)>,
    pub history_id: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub id: u64,
    pub at_micros: i64,
    pub entries: Vec<Entry>,
}

/// What became of one message in a record, with its labels as they were then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub message: String,
    pub thread: String,
    pub labels: Vec<String>,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Added,
    Deleted,
    LabelsAdded(Vec<String>),
    LabelsRemoved(Vec<String>),
    /// Nothing that is told.
    Touched,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    pub topic: String,
    pub labels: Vec<String>,
    pub excludes: bool,
    pub expires_micros: i64,
}

/// A mail's bytes; in the journal as base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw(pub Arc<[u8]>);

impl fmt::Debug for Raw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} bytes", self.0.len())
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        STANDARD.encode(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        Ok(Raw(bytes.into()))
    }
}

impl Message {
    pub fn has(&self, label: &str) -> bool {
        self.labels.iter().any(|held| held == label)
    }

    fn entry(&self, what: What) -> Entry {
        Entry { message: self.id.clone(), thread: self.thread.clone(), labels: self.labels.clone(), what }
    }
}

impl Mailbox {
    pub fn answers_to(&self, key: &str) -> bool {
        addresses::key(&self.address) == key || self.aliases.iter().any(|alias| addresses::key(&alias.address) == key)
    }

    pub fn knows_label(&self, id: &str) -> bool {
        SYSTEM.contains(&id) || self.labels.contains_key(id)
    }

    /// The messages of a thread, oldest first.
    pub fn in_thread(&self, thread: &str) -> impl DoubleEndedIterator<Item = &Message> {
        let messages = self.threads.get(thread).into_iter().flat_map(|thread| &thread.messages);
        messages.filter_map(|(_, id)| self.messages.get(id))
    }

    pub fn draft_of(&self, message: &str) -> Option<&str> {
        self.drafts.iter().find(|(_, held)| *held == message).map(|(draft, _)| draft.as_str())
    }

    /// Puts a new message in.
    pub fn file(&mut self, mut message: Message, at_micros: i64) {
        message.head = Head::of(&message.raw.0);
        let history_id = message.history_id;
        if let Some(id) = &message.head.message_id {
            self.known.insert(id.clone(), message.thread.clone());
        }
        let thread = self.threads.entry(message.thread.clone()).or_default();
        thread.messages.insert((message.internal_millis, message.id.clone()));
        let entries = vec![message.entry(What::Added)];
        self.messages.insert(message.id.clone(), message);
        self.note(history_id, at_micros, entries);
    }

    /// Changes labels: a record for those that come, one for those that go, each for all messages.
    /// Where nothing changes there is a record that tells nothing.
    pub fn relabel(&mut self, ids: &[String], add: &[String], remove: &[String], history: &[u64], at_micros: i64) {
        let mut numbers = history.iter().copied();
        let mut records = Vec::new();
        let mut entries = Vec::new();
        for id in ids {
            let Some(message) = self.messages.get_mut(id) else { continue };
            let new: Vec<String> = add.iter().filter(|label| !message.has(label)).cloned().collect();
            if !new.is_empty() {
                message.labels.extend(new.iter().cloned());
                entries.push(message.entry(What::LabelsAdded(new)));
            }
        }
        records.push(std::mem::take(&mut entries));
        for id in ids {
            let Some(message) = self.messages.get_mut(id) else { continue };
            let gone: Vec<String> = remove.iter().filter(|label| message.has(label)).cloned().collect();
            if !gone.is_empty() {
                message.labels.retain(|label| !gone.contains(label));
                entries.push(message.entry(What::LabelsRemoved(gone)));
            }
        }
        for id in ids {
            self.note_away(id, at_micros);
        }
        records.push(entries);
        records.retain(|entries| !entries.is_empty());
        if records.is_empty() {
            let touched = ids.iter().filter_map(|id| self.messages.get(id)).map(|message| message.entry(What::Touched));
            records.push(touched.collect());
        }
        for entries in records {
            if let Some(number) = numbers.next() {
                self.note(number, at_micros, entries);
            }
        }
    }

    fn note_away(&mut self, id: &str, at_micros: i64) {
        if let Some(message) = self.messages.get_mut(id) {
            let is_away = message.has("TRASH") || message.has("SPAM");
            message.away_micros = is_away.then(|| message.away_micros.unwrap_or(at_micros));
        }
    }

    /// How many records `relabel` would make.
    pub fn relabel_records(&self, ids: &[String], add: &[String], remove: &[String]) -> usize {
        let messages = || ids.iter().filter_map(|id| self.messages.get(id));
        let adds = messages().any(|message| add.iter().any(|label| !message.has(label)));
        let stays = |label: &String, message: &Message| message.has(label) || add.contains(label);
        let removes = messages().any(|message| remove.iter().any(|label| stays(label, message)));
        (usize::from(adds) + usize::from(removes)).max(1)
    }

    /// Deletes for good.
    pub fn purge(&mut self, ids: &[String], history_id: u64, at_micros: i64) {
        let mut entries = Vec::new();
        for id in ids {
            let Some(message) = self.messages.remove(id) else { continue };
            self.drafts.retain(|_, held| held != id);
            entries.push(message.entry(What::Deleted));
            if let Some(thread) = self.threads.get_mut(&message.thread) {
                thread.messages.remove(&(message.internal_millis, message.id));
            }
        }
        self.note(history_id, at_micros, entries);
        self.threads.retain(|_, thread| !thread.messages.is_empty());
    }

    /// A label is gone, and with it its place on messages, which no record tells.
    pub fn forget_label(&mut self, id: &str) {
        self.labels.remove(id);
        for message in self.messages.values_mut() {
            message.labels.retain(|label| label != id);
        }
    }

    pub fn forget_history(&mut self, up_to: u64) {
        self.records.retain(|record| record.id > up_to);
        self.forgotten = self.forgotten.max(up_to);
    }

    fn note(&mut self, id: u64, at_micros: i64, entries: Vec<Entry>) {
        self.history_id = self.history_id.max(id);
        for entry in &entries {
            if let Some(message) = self.messages.get_mut(&entry.message) {
                message.history_id = id;
            }
            if let Some(thread) = self.threads.get_mut(&entry.thread) {
                thread.history_id = id;
            }
        }
        self.records.push_back(Record { id, at_micros, entries });
    }
}
