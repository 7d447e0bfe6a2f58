//! Reads a chat's history with its threads, and single messages.

use crate::slack::{
    client::{Answer, Client, find_message},
    convert::{self, Told},
    id::{self, Ts},
    problem::CallError,
    wire,
};
use model::{
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
    since: Option<Timestamp>,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let channel = id::channel(chat)?;
    let place: Place = place(cursor)?;
    match place.threads.first().map(|thread| Ts::parse(thread).ok_or(ConnectorError::CursorLost)) {
        Some(thread) => thread_page(client, channel, &thread?, place).await,
        None => main_page(client, channel, since, place).await,
    }
}

async fn main_page(
    client: &Client<'_>,
    channel: &str,
    since: Option<Timestamp>,
    place: Place,
) -> Result<Page, ConnectorError> {
    let oldest = since.map(id::ts_text);
    let answer = client.conversations_history(channel, oldest, place.main.as_deref()).await?;
    let messages: Vec<wire::Message> = answer.list("messages");
    let threads = messages.iter().filter(|message| message.reply_count > 0);
    let threads: Vec<String> = threads.filter_map(|message| Ts::parse(message.ts.as_deref()?)).map(|ts| ts.0).collect();
    let next = Place { main: answer.next_cursor(), threads, thread: None };
    page(client, channel, &answer, &messages, next).await
}

async fn thread_page(client: &Client<'_>, channel: &str, thread: &Ts, place: Place) -> Result<Page, ConnectorError> {
    let later = |place: &Place| Place { main: place.main.clone(), threads: place.threads[1..].to_vec(), thread: None };
    let answer = match client.conversations_replies(channel, thread, None, place.thread.as_deref()).await {
        Ok(answer) => answer,
        // Deleted in the meantime, with all that was in it.
        Err(error) if error.is(&["thread_not_found", "message_not_found"]) => {
            return Ok(Page { next: next(later(&place)), ..Page::default() });
        }
        Err(error) => return Err(error.into()),
    };
    let messages: Vec<wire::Message> = answer.list("messages");
    let next = match answer.next_cursor() {
        Some(cursor) => Place { thread: Some(cursor), ..place },
        None => later(&place),
    };
    page(client, channel, &answer, &messages, next).await
}

fn next(place: Place) -> Option<Cursor> {
    (place.main.is_some() || !place.threads.is_empty()).then(|| cursor(&place))
}

async fn page(
    client: &Client<'_>,
    channel: &str,
    answer: &Answer,
    messages: &[wire::Message],
    place: Place,
) -> Result<Page, ConnectorError> {
    let mut updates = Vec::new();
    let mut calls = MOST_REACTION_CALLS;
    for message in messages {
        // A message without a readable ts cannot be named, and must not keep all others away.
        let Ok(told) = sighting(client, channel, message, answer.seen, &mut calls).await? else { continue };
        updates.extend(told);
    }
    Ok(Page { updates, next: next(place), total: None })
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
        Err(CallError::Declined { error, seen, .. }) if is_gone(&error) => match limited {
            true => Err(too_old()),
            false => Ok(Found { message: None, seen }),
        },
        Err(error) => Err(error.into()),
    }
}

fn is_gone(error: &str) -> bool {
    matches!(error, "thread_not_found" | "message_not_found")
}

/// A free plan hides what is old, which must not be taken for deleted.
fn too_old() -> ConnectorError {
    ConnectorError::Refused(Problem {
        code: "slack.history_limited".to_owned(),
        detail: "The workspace's plan hides older messages, so this one cannot be looked up.".to_owned(),
    })
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
