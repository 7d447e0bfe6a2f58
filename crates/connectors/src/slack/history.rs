//! Reads a chat's history with its threads, and single messages.

use crate::slack::{
    client::{Answer, Client},
    convert::{self, Told},
    download,
    id::{self, Ts},
    problem::CallError,
    span::Span,
    wire,
};
use model::{
    compare::Stretch,
    connector::{ConnectorError, Page},
    facets::{ReactionSet, Version},
    id::{Cursor, ExternalId},
    message::Problem,
    time::Timestamp,
    update::Update,
};
use serde::{Deserialize, Serialize};

/// For how many messages of a page all reactions are asked for where Slack cut them short.
const MOST_REACTION_CALLS: usize = 10;

/// What is read: a part of the main line with the threads that begin in it, or of one thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Part {
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Up to, and without, this time.
    pub to: Option<Timestamp>,
}

impl Part {
    fn span(self) -> Span {
        Span { oldest: self.from, latest: self.to.map(|to| Timestamp::from_micros(to.micros() - 1)) }
    }

    fn begin(self) -> i64 {
        self.from.map_or(0, Timestamp::micros)
    }

    fn end(self) -> i64 {
        self.to.map_or(END_OF_TIME, Timestamp::micros)
    }
}

/// Later than any `ts`.
const END_OF_TIME: i64 = i64::MAX;

/// Where we are: Slack's place in the main line, and the threads of its last page that are still unread.
///
/// Slack's history holds no replies, so each page's threads are read before the next page.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Place {
    /// The next page of the main line; none at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    main: Option<String>,
    /// The threads to read, by the `ts` of their first message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    threads: Vec<String>,
    /// The next page of the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thread: Option<String>,
    /// The oldest message of the main line that was listed, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reached: Option<i64>,
    /// The newest reply of the first thread that was listed, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replied: Option<i64>,
}

/// Writes a cursor of ours.
pub fn cursor(place: &impl Serialize) -> Cursor {
    Cursor(serde_json::to_string(place).expect("texts and numbers always serialise"))
}

/// Reads a cursor of ours. One from elsewhere is no place that we know.
pub fn place<T: for<'de> Deserialize<'de> + Default>(cursor: Option<&Cursor>) -> Result<T, ConnectorError> {
    let Some(cursor) = cursor else { return Ok(T::default()) };
    serde_json::from_str(cursor.as_str()).map_err(|_| ConnectorError::CursorLost)
}

/// Reads the page of a chat's history that follows `cursor`.
pub async fn pull(
    client: &Client<'_>,
    chat: &ExternalId,
    part: Part,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let channel = id::channel(chat)?;
    let place: Place = place(cursor)?;
    match place.threads.first().map(|thread| Ts::parse(thread).ok_or(ConnectorError::CursorLost)) {
        // A thread that begins in a part is read to its end: its replies are in the part, or after it.
        Some(thread) => thread_page(client, channel, &thread?, Part { to: part.to, ..Part::default() }, place).await,
        None => main_page(client, channel, part, place).await,
    }
    .map(|(page, place)| Page { since: since(&place, part), next: next(place), ..page })
}

/// Reads the page of one thread that follows `cursor`.
pub async fn replies(
    client: &Client<'_>,
    chat: &ExternalId,
    thread: &ExternalId,
    part: Part,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let channel = id::channel(chat)?;
    let (_, root) = id::place(thread)?;
    let mut place: Place = place(cursor)?;
    place.threads = vec![root.0.clone()];
    let (page, place) = thread_page(client, channel, &root, part, place).await?;
    Ok(Page { since: part.from.filter(|_| place.threads.is_empty()), next: next(place), ..page })
}

async fn main_page(
    client: &Client<'_>,
    channel: &str,
    part: Part,
    place: Place,
) -> Result<(Page, Place), ConnectorError> {
    let answer = client.conversations_history(channel, part.span(), place.main.as_deref()).await?;
    let mut messages: Vec<wire::Message> = answer.list("messages");
    download::complete(client, &mut messages).await?;
    let named = || messages.iter().filter_map(|message| Some((message, Ts::parse(message.ts.as_deref()?)?)));
    let threads = named().filter(|(message, _)| message.reply_count > 0).map(|(_, ts)| ts.0).collect();
    let before = place.reached.unwrap_or(part.end());
    let oldest = named().map(|(_, ts)| ts.micros()).min().unwrap_or(before);
    let hidden = answer.value["is_limited"].as_bool() == Some(true);
    let more = answer.next_cursor();
    let reached = if more.is_some() || hidden { oldest } else { part.begin() };
    // A place of an earlier version does not tell what its last page listed.
    let whole = match place.main.is_some() && place.reached.is_none() {
        true => Vec::new(),
        false => {
            let alone = named().filter(|(message, _)| message.reply_count == 0 && !is_reply(message));
            let alone = alone.map(|(_, ts)| stretch(channel, Some(&ts), ts.micros(), part.end()));
            alone.chain([stretch(channel, None, reached, before)]).collect()
        }
    };
    let updates = sightings(client, channel, &answer, &messages).await?;
    let hidden = hidden.then(|| hidden_by_plan("The workspace's plan hides older messages."));
    let next = Place { main: more, threads, reached: Some(reached), ..Place::default() };
    Ok((Page { updates, whole, hidden, ..Page::default() }, next))
}

fn is_reply(message: &wire::Message) -> bool {
    message.thread_ts.is_some() && message.thread_ts != message.ts
}

async fn thread_page(
    client: &Client<'_>,
    channel: &str,
    thread: &Ts,
    part: Part,
    place: Place,
) -> Result<(Page, Place), ConnectorError> {
    let later = |place: Place| Place { threads: place.threads[1..].to_vec(), thread: None, replied: None, ..place };
    let from = place.replied.map_or(part.begin(), |replied| replied + 1);
    let whole = |before| vec![stretch(channel, Some(thread), from, before)];
    let answer = match client.conversations_replies(channel, thread, part.span(), place.thread.as_deref()).await {
        Ok(answer) => answer,
        // Deleted in the meantime, with all that was in it.
        Err(error) if error.is(GONE) => {
            return Ok((Page { whole: whole(part.end()), ..Page::default() }, later(place)));
        }
        Err(error) => return Err(error.into()),
    };
    let mut messages: Vec<wire::Message> = answer.list("messages");
    download::complete(client, &mut messages).await?;
    let updates = sightings(client, channel, &answer, &messages).await?;
    let Some(more) = answer.next_cursor() else {
        return Ok((Page { updates, whole: whole(part.end()), ..Page::default() }, later(place)));
    };
    let listed = messages.iter().filter_map(|message| Ts::parse(message.ts.as_deref()?)).filter(|ts| ts != thread);
    let newest = listed.map(|ts| ts.micros()).max().or(place.replied);
    let whole = newest.map(|newest| whole(newest + 1)).unwrap_or_default();
    Ok((Page { updates, whole, ..Page::default() }, Place { thread: Some(more), replied: newest, ..place }))
}

fn stretch(channel: &str, thread: Option<&Ts>, from: i64, before: i64) -> Stretch {
    let thread = thread.map(|thread| id::message(channel, thread));
    Stretch { thread, from: id::position(from), before: id::position(before) }
}

/// Since when all was listed: not before the threads of the last page were.
fn since(place: &Place, part: Part) -> Option<Timestamp> {
    let reached = place.reached.filter(|_| place.threads.is_empty())?;
    Some(Timestamp::from_micros(reached.max(part.begin()))).filter(|since| since.micros() < END_OF_TIME)
}

fn next(place: Place) -> Option<Cursor> {
    (place.main.is_some() || !place.threads.is_empty()).then(|| cursor(&place))
}

async fn sightings(
    client: &Client<'_>,
    channel: &str,
    answer: &Answer,
    messages: &[wire::Message],
) -> Result<Vec<Update>, ConnectorError> {
    let mut updates = Vec::new();
    let mut calls = MOST_REACTION_CALLS;
    for message in messages {
        // A message without a readable ts cannot be named, and must not keep all others away.
        let Ok(told) = sighting(client, channel, message, answer.seen, &mut calls).await? else { continue };
        updates.extend(told);
    }
    Ok(updates)
}

type Sighting = Result<Vec<Update>, ConnectorError>;

/// What a message that was seen says, with all its reactions. The inner error is that of the message.
async fn sighting(
    client: &Client<'_>,
    channel: &str,
    message: &wire::Message,
    seen: i64,
    calls: &mut usize,
) -> Result<Sighting, ConnectorError> {
    let told = convert::message(channel, message, Told::Seen(seen));
    let (Ok(mut updates), Some(ts)) = (told, message.ts.as_deref().and_then(Ts::parse)) else {
        return Ok(Err(convert::unreadable("a message lacks a readable ts")));
    };
    if convert::is_tombstone(message) {
        return Ok(Ok(updates));
    }
    let shown = message.reactions.as_deref().unwrap_or_default();
    let (mut set, mut whole) = convert::reactions(shown);
    let mut seen = seen;
    if !whole && *calls > 0 {
        *calls -= 1;
        if let Some(all) = all_reactions(client, channel, &ts).await? {
            (set, whole, seen) = all;
        }
    }
    updates.extend(convert::reaction_updates(channel, &ts, set, whole, seen));
    Ok(Ok(updates))
}

/// All reactions to a message, whether they are whole, and as of when. None if it is gone.
pub async fn all_reactions(
    client: &Client<'_>,
    channel: &str,
    ts: &Ts,
) -> Result<Option<(ReactionSet, bool, i64)>, ConnectorError> {
    let answer = match client.reactions_get(channel, ts).await {
        Ok(answer) => answer,
        // Without the scope for it, what the history shows has to do.
        Err(error) if error.is(&["message_not_found", "missing_scope"]) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let message: wire::Message = answer.field("message")?;
    let (set, whole) = convert::reactions(message.reactions.as_deref().unwrap_or_default());
    Ok(Some((set, whole, answer.seen)))
}

/// A message that was looked up.
pub struct Found {
    /// The message; none if it is not there.
    pub message: Option<wire::Message>,
    /// As of when.
    pub seen: i64,
}

/// Looks one message up, in the main line and, since a name does not tell where it stands, in threads.
pub async fn look_up(client: &Client<'_>, channel: &str, ts: &Ts) -> Result<Found, ConnectorError> {
    let mut found = find(client, channel, ts).await?;
    if let Some(message) = &mut found.message {
        download::complete(client, std::slice::from_mut(message)).await?;
    }
    Ok(found)
}

async fn find(client: &Client<'_>, channel: &str, ts: &Ts) -> Result<Found, ConnectorError> {
    let answer = client.message_in_history(channel, ts).await?;
    if let Some(message) = find_message(&answer, ts) {
        return Ok(Found { message: Some(message), seen: answer.seen });
    }
    let limited = answer.value["is_limited"].as_bool().unwrap_or(false);
    match client.message_in_thread(channel, ts).await {
        Ok(answer) => match find_message(&answer, ts) {
            None if limited => Err(too_old()),
            message => Ok(Found { message, seen: answer.seen }),
        },
        Err(CallError::Declined { error, seen, .. }) if GONE.contains(&error.as_str()) => match limited {
            true => Err(too_old()),
            false => Ok(Found { message: None, seen }),
        },
        Err(error) => Err(error.into()),
    }
}

const GONE: &[&str] = &["thread_not_found", "message_not_found"];

/// A free plan hides what is old, which must not be taken for deleted.
fn too_old() -> ConnectorError {
    let detail = "The workspace's plan hides older messages, so this one cannot be looked up.";
    ConnectorError::Refused(hidden_by_plan(detail))
}

fn hidden_by_plan(detail: &str) -> Problem {
    Problem { code: "slack.history_limited".to_owned(), detail: detail.to_owned() }
}

/// What a look-up says: the message with its reactions, or that it is gone.
pub async fn updates(
    client: &Client<'_>,
    channel: &str,
    ts: &Ts,
    found: &Found,
) -> Result<Vec<Update>, ConnectorError> {
    match &found.message {
        None => Ok(vec![convert::deleted(channel, ts, Version(found.seen))]),
        Some(message) => sighting(client, channel, message, found.seen, &mut 1).await?,
    }
}

/// Looks one message up, and says what it says.
pub async fn one(client: &Client<'_>, message: &ExternalId) -> Result<Page, ConnectorError> {
    let (channel, ts) = id::place(message)?;
    let found = look_up(client, channel, &ts).await?;
    Ok(Page { updates: updates(client, channel, &ts, &found).await?, ..Page::default() })
}

/// A message in a list of them.
fn find_message(answer: &Answer, ts: &Ts) -> Option<wire::Message> {
    let messages: Vec<wire::Message> = answer.list("messages");
    messages.into_iter().find(|message| message.ts.as_deref() == Some(ts.0.as_str()))
}
