//! What is new in a mailbox: its history, read on from a number, and what each thread of it says by now.
//!
//! A record says what changed, not what is: labels in it are as they were then. So a part names a thread and its
//! mails, and the thread is asked. What the asking shows bears its own history id, so order and repeats do not matter.

use crate::gmail::{
    client::Client,
    convert,
    problem::{CallError, Effect, broken},
    threads, wire,
};
use bytes::Bytes;
use model::{
    connector::{ConnectorError, Followed},
    id::{Cursor, ExternalAccount, ExternalId},
    intake::{Part, RawRequest},
    time::Timestamp,
    update::Update,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// How long a mail may be told of and not be found yet.
const APPEARS_WITHIN: Duration = Duration::from_secs(20);

/// Where we are in the history: after which record, and on which page of what follows it.
#[derive(Serialize, Deserialize)]
struct Place {
    after: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<String>,
}

impl Place {
    fn of(cursor: &Cursor) -> Result<Self, ConnectorError> {
        serde_json::from_str(cursor.as_str()).map_err(|_| ConnectorError::CursorLost)
    }
}

/// A page of the history, as it is kept until it is read.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Whose it is.
    account: ExternalAccount,
    /// When it was asked for, in milliseconds.
    asked_at: i64,
    /// What Gmail answered.
    page: wire::History,
}

/// What changed of one thread.
#[derive(Serialize, Deserialize)]
struct Changed {
    thread: String,
    asked_at: i64,
    mails: BTreeMap<String, Change>,
}

/// What happened to a mail, as far as it decides what must be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Change {
    /// It came, or came back: its words are needed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    came: bool,
    /// The record by which it was deleted for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<i64>,
}

/// The cursor that begins after this number.
pub fn cursor(history_id: i64) -> Cursor {
    place(&Place { after: history_id, page: None })
}

fn place(place: &Place) -> Cursor {
    Cursor(serde_json::to_string(place).expect("a number and a text always serialise"))
}

/// Reads the page of the history that follows a cursor; without one, says where it ends.
pub async fn follow(client: &Client<'_>, held: Option<&Cursor>) -> Result<Followed, ConnectorError> {
    let Some(held) = held else {
        let end = client.profile().await?.history_id;
        return Ok(Followed { news: None, next: cursor(end), more: false });
    };
    let at = Place::of(held)?;
    let asked_at = client.now().millis();
    let page = match client.history(at.after, at.page.as_deref()).await {
        // What is too old is not found.
        Err(CallError::NotFound(_)) => return Err(ConnectorError::CursorLost),
        // A page is known for a while; what follows a number, for a week.
        Err(CallError::Other(ConnectorError::Refused(_))) if at.page.is_some() => {
            return Ok(Followed { news: None, next: cursor(at.after), more: true });
        }
        page => page?,
    };
    let more = page.next_page_token.is_some();
    let next = match &page.next_page_token {
        Some(token) => place(&Place { after: at.after, page: Some(token.clone()) }),
        // It never goes back, whatever Gmail says.
        None => cursor(page.history_id.max(at.after)),
    };
    let is_empty = page.history.iter().all(|record| record.changed().next().is_none());
    let kept = Kept { account: client.account().clone(), asked_at, page };
    let news = (!is_empty).then(|| serde_json::to_vec(&kept)).transpose();
    let news = news.map_err(|error| ConnectorError::Unreadable(error.to_string()))?.map(Bytes::from);
    Ok(Followed { news, next, more })
}

/// The parts of a kept page: one for each thread, in the order of their first change.
pub fn route(request: &RawRequest) -> Result<Vec<Part>, ConnectorError> {
    let kept: Kept = serde_json::from_slice(&request.body)
        .map_err(|error| ConnectorError::Unreadable(format!("this is no page of a mailbox's history: {error}")))?;
    let mut threads: Vec<Changed> = Vec::new();
    for record in &kept.page.history {
        for (named, change) in changes(record) {
            let known = threads.iter_mut().find(|changed| changed.thread == named.thread_id);
            let changed = match known {
                Some(changed) => changed,
                None => {
                    let (thread, asked_at, mails) = (named.thread_id.clone(), kept.asked_at, BTreeMap::new());
                    threads.push(Changed { thread, asked_at, mails });
                    threads.last_mut().expect("one was pushed just now")
                }
            };
            let held = changed.mails.entry(named.id.clone()).or_default();
            *held = Change { came: held.came || change.came, gone: held.gone.max(change.gone) };
        }
    }
    let part = |(number, changed): (usize, Changed)| {
        let payload = serde_json::to_vec(&changed).map_err(|error| ConnectorError::Unreadable(error.to_string()))?;
        let chat = Some(ExternalId(changed.thread));
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Part { number, account: kept.account.clone(), chat, shared: None, payload: payload.into() })
    };
    threads.into_iter().enumerate().map(part).collect()
}

/// What a record says of each mail. Drafts, which have another id with each keystroke, are nobody's news.
fn changes(record: &wire::Record) -> Vec<(&wire::Message, Change)> {
    let returns = |labels: &[String]| labels.iter().any(|label| label == "TRASH" || label == "SPAM");
    let is_sent = |labels: &[String]| labels.iter().any(|label| label == "SENT");
    let added = record.messages_added.iter().map(|one| (&one.message, Change { came: true, gone: None }));
    let labelled = record.labels_added.iter();
    let labelled = labelled.map(|one| (&one.message, Change { came: is_sent(&one.label_ids), gone: None }));
    let unlabelled = record.labels_removed.iter();
    let unlabelled = unlabelled.map(|one| (&one.message, Change { came: returns(&one.label_ids), gone: None }));
    let gone = Change { came: false, gone: Some(record.id) };
    let deleted = record.messages_deleted.iter().map(|one| (&one.message, gone));
    let all = added.chain(labelled).chain(unlabelled).chain(deleted);
    all.filter(|(message, _)| !convert::is_left_out(message)).collect()
}

/// What a part means, by what its thread shows now.
pub async fn read(client: &Client<'_>, part: &Part) -> Result<Vec<Update>, ConnectorError> {
    let changed: Changed = serde_json::from_slice(&part.payload)
        .map_err(|error| ConnectorError::Unreadable(format!("this is no part of a mailbox's history: {error}")))?;
    let chat = ExternalId::from(changed.thread.as_str());
    let thread = match client.thread(&changed.thread, threads::HEADERS).await {
        Err(CallError::NotFound(_)) => wire::Thread::default(),
        thread => thread?,
    };
    let is_new = client.now().since(Timestamp::from_millis(changed.asked_at)) < APPEARS_WITHIN;
    let mut updates: Vec<_> = convert::thread(&thread, client.sight()).into_iter().collect();
    for (id, change) in &changed.mails {
        let shown = thread.messages.iter().find(|one| one.id == *id);
        match (shown, change) {
            (Some(shown), _) if convert::is_left_out(shown) => {}
            (Some(shown), change) if change.came || client.sight().is_away(shown) => {
                updates.extend(threads::mail(client, &chat, shown, Some(&thread)).await?);
            }
            (Some(_), _) => {} // Its labels changed, which the thread says.
            (None, Change { gone: Some(record), .. }) => updates.push(convert::deleted(&chat, id, *record)),
            // Told of, and not to be seen yet.
            (None, Change { came: true, .. }) if is_new => {
                return Err(broken("a mail that was told of is not there yet", Effect::Repeatable));
            }
            // It went in the meantime, which a later record tells.
            (None, _) => {}
        }
    }
    updates.extend(convert::read(&thread, client.sight()));
    Ok(updates)
}
