//! What there is, as plain values that a test can compare.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::mailbox::{Mailbox, Message};
use super::mime;
use super::world::World;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// By address.
    pub mailboxes: BTreeMap<String, MailboxSnapshot>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MailboxSnapshot {
    pub address: String,
    pub name: String,
    pub sub: String,
    pub aliases: Vec<String>,
    pub history_id: u64,
    /// When its watch ends, if it has one.
    pub watched_until_micros: Option<i64>,
    /// Own labels: id to name.
    pub labels: BTreeMap<String, String>,
    /// The oldest first.
    pub messages: Vec<MessageSnapshot>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MessageSnapshot {
    pub id: String,
    pub thread: String,
    pub labels: BTreeSet<String>,
    pub internal_millis: i64,
    pub message_id: Option<String>,
    pub subject: String,
    /// The first address in `From`, and the name beside it.
    pub from: Option<String>,
    pub from_name: Option<String>,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub bcc: Vec<String>,
    /// What a person reads, out of its HTML if there is nothing else.
    pub text: String,
    pub html: Option<String>,
    pub references: Vec<String>,
    /// Headers that begin with `X-`, the last of each name.
    pub extra: BTreeMap<String, String>,
    pub files: Vec<FileSnapshot>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FileSnapshot {
    pub name: String,
    pub kind: String,
    pub size: usize,
    /// SHA-256 of the bytes, in hex.
    pub digest: String,
}

pub fn take(world: &World) -> Snapshot {
    Snapshot { mailboxes: world.mailboxes.iter().map(|(address, held)| (address.clone(), mailbox(held))).collect() }
}

pub fn mailbox(mailbox: &Mailbox) -> MailboxSnapshot {
    let mut messages: Vec<MessageSnapshot> = mailbox.messages.values().map(message).collect();
    messages.sort_by(|one, other| (one.internal_millis, &one.id).cmp(&(other.internal_millis, &other.id)));
    MailboxSnapshot {
        address: mailbox.address.clone(),
        name: mailbox.name.clone(),
        sub: mailbox.sub.clone(),
        aliases: mailbox.aliases.iter().map(|alias| alias.address.clone()).collect(),
        history_id: mailbox.history_id,
        watched_until_micros: mailbox.watch.as_ref().map(|watch| watch.expires_micros),
        labels: mailbox.labels.values().map(|label| (label.id.clone(), label.name.clone())).collect(),
        messages,
    }
}

fn message(message: &Message) -> MessageSnapshot {
    let head = &message.head;
    let mail = mime::read(&message.raw.0);
    let addresses = |list: &[mime::addresses::Address]| list.iter().map(|person| person.address.clone()).collect();
    let files = mail.all().into_iter().filter(|part| part.is_attachment() && !part.body.is_empty());
    let html = mail.all().into_iter().find(|part| part.kind == "text/html" && !part.is_attachment());
    let extra = mail.headers.iter().filter(|header| header.name.to_ascii_lowercase().starts_with("x-"));
    MessageSnapshot {
        id: message.id.clone(),
        thread: message.thread.clone(),
        labels: message.labels.iter().cloned().collect(),
        internal_millis: message.internal_millis,
        message_id: head.message_id.clone(),
        subject: head.subject.clone(),
        from: head.from.first().map(|person| person.address.clone()),
        from_name: head.from.first().map(|person| person.name.clone()),
        to: addresses(&head.to),
        cc: addresses(&head.cc),
        bcc: addresses(&head.bcc),
        text: mime::text::words(&mail).replace("\r\n", "\n").trim_end().to_owned(),
        html: html.map(|part| mime::text_of(&part.body)),
        references: head.references.clone(),
        extra: extra.map(|header| (header.name.to_ascii_lowercase(), header.value.clone())).collect(),
        files: files
            .map(|part| FileSnapshot {
                name: part.filename.clone(),
                kind: part.kind.clone(),
                size: part.body.len(),
                digest: hex::encode(Sha256::digest(&part.body)),
            })
            .collect(),
    }
}

impl MailboxSnapshot {
    pub fn message(&self, id: &str) -> Option<&MessageSnapshot> {
        self.messages.iter().find(|message| message.id == id)
    }

    /// The messages of a thread, the oldest first.
    pub fn thread(&self, id: &str) -> Vec<&MessageSnapshot> {
        self.messages.iter().filter(|message| message.thread == id).collect()
    }

    /// The messages about something.
    pub fn about(&self, subject: &str) -> Vec<&MessageSnapshot> {
        let bare = super::head::bare_subject(subject);
        self.messages.iter().filter(|message| super::head::bare_subject(&message.subject) == bare).collect()
    }
}
