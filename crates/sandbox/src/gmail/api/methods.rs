//! Every method that this emulator has, with its place, its parameters, its scopes and what it costs.
//!
//! The discovery document has all of that; a test compares them.

use axum::http::Method as Verb;
use serde_json::Value;

use super::errors::Refused;
use super::{Call, drafts, history, labels, messages, settings, threads};

/// What a method gives: JSON, or nothing at all (204).
pub type Given = Result<Option<Value>, Refused>;

#[derive(Debug)]
pub struct Method {
    /// As the discovery document names it, without `gmail.users.`.
    pub id: &'static str,
    pub verb: &'static str,
    /// Below `/gmail/v1/users/{userId}/`. What stands in braces is anything.
    pub path: &'static str,
    pub query: &'static [&'static str],
    /// The fields that its JSON may have.
    pub body: &'static [&'static str],
    /// Any one of these is enough; without `https://www.googleapis.com/auth/`.
    pub scopes: &'static [&'static str],
    /// New and old units.
    pub units: (u64, u64),
    /// The largest mail that can be uploaded to it.
    pub media: Option<u64>,
    pub run: fn(&mut Call<'_>) -> Given,
}

pub const MAIL: &str = "https://mail.google.com/";
const READ: &[&str] = &[MAIL, "gmail.metadata", "gmail.modify", "gmail.readonly"];
const PROFILE: &[&str] = &[MAIL, "gmail.compose", "gmail.metadata", "gmail.modify", "gmail.readonly"];
// Scopes of add-ons stand here because the discovery document has them.
const GET: &[&str] = &[
    MAIL,
    "gmail.addons.current.message.action",
    "gmail.addons.current.message.metadata",
    "gmail.addons.current.message.readonly",
    "gmail.metadata",
    "gmail.modify",
    "gmail.readonly",
];
const ATTACHMENT: &[&str] = &[
    MAIL,
    "gmail.addons.current.message.action",
    "gmail.addons.current.message.readonly",
    "gmail.modify",
    "gmail.readonly",
];
const CHANGE: &[&str] = &[MAIL, "gmail.modify"];
const DELETE: &[&str] = &[MAIL];
const INSERT: &[&str] = &[MAIL, "gmail.insert", "gmail.modify"];
const SEND: &[&str] = &[MAIL, "gmail.addons.current.action.compose", "gmail.compose", "gmail.modify", "gmail.send"];
const COMPOSE: &[&str] = &[MAIL, "gmail.addons.current.action.compose", "gmail.compose", "gmail.modify"];
const READ_DRAFTS: &[&str] = &[MAIL, "gmail.compose", "gmail.modify", "gmail.readonly"];
const LABEL: &[&str] = &[MAIL, "gmail.labels", "gmail.modify"];
const READ_LABELS: &[&str] = &[MAIL, "gmail.labels", "gmail.metadata", "gmail.modify", "gmail.readonly"];
const SETTINGS: &[&str] = &[MAIL, "gmail.modify", "gmail.readonly", "gmail.settings.basic"];

const MESSAGE: &[&str] = &[
    "classificationLabelValues",
    "historyId",
    "id",
    "internalDate",
    "labelIds",
    "payload",
    "raw",
    "sizeEstimate",
    "snippet",
    "threadId",
];
const MODIFY: &[&str] = &["addClassificationLabels", "addLabelIds", "removeClassificationLabelIds", "removeLabelIds"];
const BATCH_MODIFY: &[&str] =
    &["addClassificationLabels", "addLabelIds", "ids", "removeClassificationLabelIds", "removeLabelIds"];
const LABEL_FIELDS: &[&str] = &[
    "color",
    "id",
    "labelListVisibility",
    "messageListVisibility",
    "messagesTotal",
    "messagesUnread",
    "name",
    "threadsTotal",
    "threadsUnread",
    "type",
];
const DRAFT: &[&str] = &["id", "message"];
const LIST: &[&str] = &["includeSpamTrash", "labelIds", "maxResults", "pageToken", "q"];
const SEND_MOST_BYTES: u64 = 36_700_160;
const INSERT_MOST_BYTES: u64 = 157_286_400;

type Run = fn(&mut Call<'_>) -> Given;

const fn method(
    id: &'static str,
    verb: &'static str,
    path: &'static str,
    scopes: &'static [&'static str],
    units: (u64, u64),
    run: Run,
) -> Method {
    Method { id, verb, path, query: &[], body: &[], scopes, units, media: None, run }
}

pub static METHODS: &[Method] = &[
    method("getProfile", "GET", "profile", PROFILE, (1, 1), settings::profile),
    Method {
        body: &["labelFilterAction", "labelFilterBehavior", "labelIds", "topicName"],
        ..method("watch", "POST", "watch", READ, (100, 100), settings::watch)
    },
    method("stop", "POST", "stop", READ, (50, 50), settings::stop),
    Method { query: LIST, ..method("messages.list", "GET", "messages", READ, (5, 5), messages::list) },
    Method {
        query: &["format", "metadataHeaders"],
        ..method("messages.get", "GET", "messages/{id}", GET, (20, 5), messages::get)
    },
    method(
        "messages.attachments.get",
        "GET",
        "messages/{messageId}/attachments/{id}",
        ATTACHMENT,
        (20, 5),
        messages::attachment,
    ),
    Method {
        body: MESSAGE,
        media: Some(SEND_MOST_BYTES),
        ..method("messages.send", "POST", "messages/send", SEND, (100, 100), messages::send)
    },
    Method {
        body: MESSAGE,
        query: &["deleted", "internalDateSource"],
        media: Some(INSERT_MOST_BYTES),
        ..method("messages.insert", "POST", "messages", INSERT, (25, 25), messages::insert)
    },
    Method {
        body: MESSAGE,
        query: &["deleted", "internalDateSource", "neverMarkSpam", "processForCalendar"],
        media: Some(INSERT_MOST_BYTES),
        ..method("messages.import", "POST", "messages/import", INSERT, (25, 25), messages::import)
    },
    Method {
        body: MODIFY,
        ..method("messages.modify", "POST", "messages/{id}/modify", CHANGE, (5, 5), messages::modify)
    },
    Method {
        body: BATCH_MODIFY,
        ..method("messages.batchModify", "POST", "messages/batchModify", CHANGE, (50, 50), messages::batch_modify)
    },
    method("messages.trash", "POST", "messages/{id}/trash", CHANGE, (20, 5), messages::trash),
    method("messages.untrash", "POST", "messages/{id}/untrash", CHANGE, (5, 5), messages::untrash),
    method("messages.delete", "DELETE", "messages/{id}", DELETE, (10, 10), messages::delete),
    Method {
        body: &["ids"],
        ..method("messages.batchDelete", "POST", "messages/batchDelete", DELETE, (50, 50), messages::batch_delete)
    },
    Method { query: LIST, ..method("threads.list", "GET", "threads", READ, (10, 10), threads::list) },
    Method {
        query: &["format", "metadataHeaders"],
        ..method("threads.get", "GET", "threads/{id}", GET, (40, 10), threads::get)
    },
    Method {
        body: &["addLabelIds", "removeLabelIds"],
        ..method("threads.modify", "POST", "threads/{id}/modify", CHANGE, (10, 10), threads::modify)
    },
    method("threads.trash", "POST", "threads/{id}/trash", CHANGE, (20, 10), threads::trash),
    method("threads.untrash", "POST", "threads/{id}/untrash", CHANGE, (10, 10), threads::untrash),
    method("threads.delete", "DELETE", "threads/{id}", DELETE, (20, 20), threads::delete),
    Method {
        query: &["historyTypes", "labelId", "maxResults", "pageToken", "startHistoryId"],
        ..method("history.list", "GET", "history", READ, (2, 2), history::list)
    },
    method("labels.list", "GET", "labels", READ_LABELS, (1, 1), labels::list),
    method("labels.get", "GET", "labels/{id}", READ_LABELS, (1, 1), labels::get),
    Method { body: LABEL_FIELDS, ..method("labels.create", "POST", "labels", LABEL, (5, 5), labels::create) },
    Method { body: LABEL_FIELDS, ..method("labels.update", "PUT", "labels/{id}", LABEL, (5, 5), labels::update) },
    Method { body: LABEL_FIELDS, ..method("labels.patch", "PATCH", "labels/{id}", LABEL, (5, 5), labels::update) },
    method("labels.delete", "DELETE", "labels/{id}", LABEL, (5, 5), labels::delete),
    Method {
        query: &["includeSpamTrash", "maxResults", "pageToken", "q"],
        ..method("drafts.list", "GET", "drafts", READ_DRAFTS, (5, 5), drafts::list)
    },
    Method { query: &["format"], ..method("drafts.get", "GET", "drafts/{id}", READ_DRAFTS, (20, 5), drafts::get) },
    Method {
        body: DRAFT,
        media: Some(SEND_MOST_BYTES),
        ..method("drafts.create", "POST", "drafts", COMPOSE, (10, 10), drafts::create)
    },
    Method {
        body: DRAFT,
        media: Some(SEND_MOST_BYTES),
        ..method("drafts.update", "PUT", "drafts/{id}", COMPOSE, (15, 15), drafts::update)
    },
    method("drafts.delete", "DELETE", "drafts/{id}", COMPOSE, (10, 10), drafts::delete),
    Method {
        body: DRAFT,
        media: Some(SEND_MOST_BYTES),
        ..method("drafts.send", "POST", "drafts/send", COMPOSE, (100, 100), drafts::send)
    },
    method("settings.sendAs.list", "GET", "settings/sendAs", SETTINGS, (1, 1), settings::send_as_list),
    method("settings.sendAs.get", "GET", "settings/sendAs/{sendAsEmail}", SETTINGS, (1, 1), settings::send_as_get),
];

/// The method of a path, and what stands at its braces. Words before braces: `messages/send` is no message.
pub fn find(verb: &Verb, path: &[String]) -> Option<(&'static Method, Vec<String>)> {
    let candidates = METHODS.iter().filter(|method| method.verb == verb.as_str());
    let mut fitting: Vec<_> = candidates.filter_map(|method| Some((method, captured(method.path, path)?))).collect();
    fitting.sort_by_key(|(_, captured)| captured.len());
    fitting.into_iter().next()
}

/// Whether another verb would find something.
pub fn is_known(path: &[String]) -> bool {
    METHODS.iter().any(|method| captured(method.path, path).is_some())
}

fn captured(pattern: &str, path: &[String]) -> Option<Vec<String>> {
    let pattern: Vec<&str> = pattern.split('/').collect();
    if pattern.len() != path.len() {
        return None;
    }
    let mut captured = Vec::new();
    for (wanted, found) in pattern.iter().zip(path) {
        if wanted.starts_with('{') {
            captured.push(found.clone());
        } else if wanted != found {
            return None;
        }
    }
    Some(captured)
}
