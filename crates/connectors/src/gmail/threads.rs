//! Reads threads: which there are, and what stands in one.

use crate::gmail::{
    client::Client,
    convert, large,
    problem::{CallError, SHORT_WAIT},
    wire,
};
use model::{
    compare::Stretch,
    connector::{ConnectorError, Page},
    facets::Version,
    id::{Cursor, ExternalId},
    sync_status::Selection,
    time::Timestamp,
    update::Update,
};
use serde::{Deserialize, Serialize};

/// How many mails a page has, each of which is fetched by itself.
const MAILS_A_PAGE: usize = 10;
/// What is asked of the messages of a thread to know what the thread is like.
pub const HEADERS: &[&str] = &["Subject", "From", "To", "Cc", "Message-ID"];

/// Where we are in a thread: before which place. The newest comes first.
#[derive(Serialize, Deserialize)]
struct Place {
    before: String,
}

/// Which part of a thread is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Part {
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Up to, and without, this time.
    pub to: Option<Timestamp>,
}

/// Reads a page of the mailbox's threads.
pub async fn pull(client: &Client<'_>, wanted: &Selection, cursor: Option<&Cursor>) -> Result<Page, ConnectorError> {
    let listed = client.threads(wanted, cursor.map(Cursor::as_str)).await?;
    let ids: Vec<_> = listed.threads.iter().map(|named| named.id.as_str()).collect();
    let threads = client.threads_of(&ids, HEADERS).await?;
    let updates = threads.iter().filter_map(|thread| convert::thread(thread, client.sight())).collect();
    Ok(Page { updates, next: listed.next_page_token.map(Cursor), ..Page::default() })
}

/// Reads what one thread is like.
pub async fn one(client: &Client<'_>, chat: &ExternalId) -> Result<Page, ConnectorError> {
    let thread = client.thread(chat.as_str(), HEADERS).await?;
    let sight = client.sight();
    let updates = convert::thread(&thread, sight).into_iter().chain(convert::read(&thread, sight)).collect();
    Ok(Page { updates, ..Page::default() })
}

/// Reads the page of a thread that follows `cursor`. Gmail lists a thread whole, so each page vouches for what it spans.
pub async fn history(
    client: &Client<'_>,
    chat: &ExternalId,
    part: Part,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let end = part.to.map_or_else(|| "~".to_owned(), convert::bound);
    let before = match cursor {
        None => end,
        Some(cursor) => serde_json::from_str::<Place>(cursor.as_str()).map_err(|_| ConnectorError::CursorLost)?.before,
    };
    let begin = part.from.map_or_else(String::new, convert::bound);
    let thread = match client.thread(chat.as_str(), HEADERS).await {
        Err(CallError::NotFound(_)) => wire::Thread::default(),
        thread => thread?,
    };
    let read = convert::read(&thread, client.sight());
    let mut left: Vec<_> = thread.messages.iter().filter(|one| !convert::is_left_out(one)).collect();
    left.sort_by_key(|one| std::cmp::Reverse(convert::position(one)));
    left.retain(|one| (begin.as_str()..before.as_str()).contains(&convert::position(one).as_str()));
    let total = left.len();
    let more = total > MAILS_A_PAGE;
    left.truncate(MAILS_A_PAGE);
    let mut updates = Vec::new();
    for shown in &left {
        updates.extend(mail(client, chat, shown, Some(&thread)).await?);
    }
    if cursor.is_none() {
        updates.extend(read);
    }
    let reached = left.last().filter(|_| more).map_or(begin, |one| convert::position(one));
    let since = match more {
        true => oldest(&updates),
        false => Some(part.from.unwrap_or_default()),
    };
    let next = more.then(|| serde_json::to_string(&Place { before: reached.clone() }));
    let next = next.transpose().map_err(|error| ConnectorError::Unreadable(error.to_string()))?.map(Cursor);
    let whole = vec![Stretch { thread: None, from: reached, before }];
    Ok(Page { updates, whole, next, since, ..Page::default() })
}

/// When the oldest of the mails that are told was written.
fn oldest(updates: &[Update]) -> Option<Timestamp> {
    let sent = updates.iter().filter_map(|update| match update {
        Update::Message(message) => Some(message.content.sent_at),
        _ => None,
    });
    sent.min()
}

/// Looks one mail up. What is not there is called deleted, as of what the mailbox is by now.
pub async fn message(client: &Client<'_>, chat: &ExternalId, id: &str) -> Result<Vec<Update>, ConnectorError> {
    let seen = client.profile().await?.history_id;
    match client.message(id, "minimal").await {
        Ok(shown) if convert::is_left_out(&shown) => Ok(Vec::new()),
        Ok(shown) => match mail(client, chat, &shown, None).await? {
            nothing if nothing.is_empty() => Err(too_new()),
            updates => Ok(updates),
        },
        Err(CallError::NotFound(_)) if is_listed(client, chat, id).await? => Err(too_new()),
        Err(CallError::NotFound(_)) => Ok(vec![convert::deleted(chat, id, seen)]),
        Err(error) => Err(error.into()),
    }
}

/// Looks up whether a mail is deleted that was to be deleted from here: it is, as soon as it lies in the trash, whatever
/// the customer sees of that.
pub async fn deletion(client: &Client<'_>, chat: &ExternalId, id: &str) -> Result<Option<Update>, ConnectorError> {
    let seen = client.profile().await?.history_id;
    match client.message(id, "minimal").await {
        Ok(shown) => Ok(shown.is("TRASH").then(|| convert::deleted(chat, id, shown.history_id))),
        Err(CallError::NotFound(_)) if is_listed(client, chat, id).await? => Err(too_new()),
        Err(CallError::NotFound(_)) => Ok(Some(convert::deleted(chat, id, seen))),
        Err(error) => Err(error.into()),
    }
}

/// Whether the thread has a mail that was not found by itself: one that has only just come may not be found yet.
async fn is_listed(client: &Client<'_>, chat: &ExternalId, id: &str) -> Result<bool, ConnectorError> {
    match client.thread(chat.as_str(), &[]).await {
        Ok(thread) => Ok(thread.messages.iter().any(|one| one.id == id)),
        Err(CallError::NotFound(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// It is there, and cannot be read yet.
fn too_new() -> ConnectorError {
    ConnectorError::Busy { after: SHORT_WAIT }
}

/// What a mail says, whose labels are known. One that went away meanwhile says nothing.
pub async fn mail(
    client: &Client<'_>,
    chat: &ExternalId,
    shown: &wire::Message,
    thread: Option<&wire::Thread>,
) -> Result<Vec<Update>, ConnectorError> {
    if client.sight().is_away(shown) {
        return Ok(vec![convert::deleted(chat, &shown.id, shown.history_id)]);
    }
    let (whole, mail) = match large::read(client, shown).await {
        Err(CallError::NotFound(_)) => return Ok(Vec::new()),
        read => read?,
    };
    if client.sight().is_away(&whole) {
        return Ok(vec![convert::deleted(chat, &whole.id, whole.history_id)]);
    }
    let Some(about) = convert::about(&mail) else {
        return Ok(convert::message(chat, &whole, &mail, client.own()));
    };
    // It is about another mail of the thread, which is called by its name among mails.
    let held = match thread {
        Some(thread) => convert::named(thread, about),
        None => convert::named(&client.thread(chat.as_str(), HEADERS).await?, about),
    };
    let mut updates = match held.as_ref().and_then(|held| convert::reaction(chat, held, &whole, &mail)) {
        Some(reaction) => return Ok(reaction),
        None => convert::message(chat, &whole, &mail, client.own()),
    };
    updates.extend(held.and_then(|held| convert::undelivered(chat, held, &whole, &mail)));
    Ok(updates)
}

/// A mailbox's threads are its owner's.
pub fn membership(chat: &ExternalId, person: &ExternalId) -> Update {
    Update::Member { chat: chat.clone(), person: person.clone(), member: true, version: Version(0) }
}
