//! Does what the app asked for, and finds out whether it was done.

use crate::slack::{
    blocks,
    client::{Answer, Client},
    convert::{self, MARK_EVENT, Told},
    emoji, fallback, history,
    id::{self, Ts},
    login,
    problem::{self, CallError},
    span::Span,
    upload::{self, Parcel},
    wire,
};
use model::{
    body::{Body, Nameless},
    command::{Action, Attempt},
    connector::{Access, ConnectorError, Outcome, Proof, Step},
    facets::Version,
    http::HttpError,
    id::ExternalId,
    message::Problem,
    update::Update,
};
use serde_json::{Value, json};
use std::time::Duration;

/// How far our clock may be ahead of Slack's when a sent message is looked for.
const CLOCK_SKEW: Duration = Duration::from_secs(60);
/// How long after its deadline a message of ours is still looked for: much longer than it may take to appear.
const LATEST_LANDING: Duration = Duration::from_secs(15 * 60);
/// How much earlier than our attempt an edit of ours may seem to be.
const EDIT_MARGIN: Duration = Duration::from_secs(2);
/// How many pages are searched for a sent message before we say that we cannot tell.
const MOST_PAGES_TO_SEARCH: usize = 20;

type Arguments = Vec<(&'static str, String)>;

/// Does a command. All of them take a single step, but for those with files.
pub async fn perform(access: &Access<'_>, step: &Step<'_>) -> Result<Outcome, ConnectorError> {
    let client = Client::writing(access)?;
    let updates = match step.action {
        Action::Send { body, thread_root, files, .. } if !files.is_empty() => {
            let parcel = Parcel { body, thread_root: thread_root.as_ref(), files };
            return upload::perform(access, step, &parcel).await;
        }
        Action::Send { body, thread_root, broadcast, .. } => {
            send(&client, step, body, thread_root.as_ref().map(|root| (root, *broadcast))).await
        }
        Action::Edit { body } => edit(&client, step, body).await,
        Action::Delete => delete(&client, step).await,
        Action::React { emoji, present } => react(&client, step, emoji, *present).await,
    };
    Ok(Outcome::Done(updates?))
}

async fn send(
    client: &Client<'_>,
    step: &Step<'_>,
    body: &Body,
    thread: Option<(&ExternalId, bool)>,
) -> Result<Vec<Update>, ConnectorError> {
    let metadata = json!({ "event_type": MARK_EVENT, "event_payload": { "mark": step.mark } });
    let mut arguments = words(body, step.mark);
    arguments.push(("channel", id::channel(step.chat)?.to_owned()));
    arguments.push(("metadata", metadata.to_string()));
    if let Some((root, broadcast)) = thread {
        arguments.push(("thread_ts", id::place(root)?.1.0));
        if broadcast {
            arguments.push(("reply_broadcast", "true".to_owned()));
        }
    }
    let answer = client.chat_post_message(arguments).await?;
    posted(&answer).map_err(took_effect)
}

fn posted(answer: &Answer) -> Result<Vec<Update>, ConnectorError> {
    let message = wire::Message { ts: Some(answer.field("ts")?), ..answer.field("message")? };
    convert::message(&answer.field::<String>("channel")?, &message, Told::Posted)
}

/// Slack did it, and what it says of it cannot be read: looking is safe, asking again is not.
fn took_effect(error: ConnectorError) -> ConnectorError {
    match error {
        ConnectorError::Unreadable(why) => ConnectorError::Unknown(HttpError::Broken(why)),
        other => other,
    }
}

async fn edit(client: &Client<'_>, step: &Step<'_>, body: &Body) -> Result<Vec<Update>, ConnectorError> {
    let (channel, ts) = target(step)?;
    let mut arguments = words(body, step.mark);
    arguments.push(("channel", channel.to_owned()));
    arguments.push(("ts", ts.0.clone()));
    // An edit names all that is to stand, or what stood before would.
    arguments.push(("attachments", "[]".to_owned()));
    let answer = client.chat_update(arguments).await?;
    edited(channel, ts, &answer).map_err(took_effect)
}

fn edited(channel: &str, ts: Ts, answer: &Answer) -> Result<Vec<Update>, ConnectorError> {
    // The answer's message has no ts of its own.
    let message = wire::Message { ts: Some(ts.0), ..answer.field("message")? };
    convert::message(channel, &message, Told::Edited(answer.seen))
}

/// The block that says it, with our mark, and the text that stands for it in notices. Whether metadata
/// may be hung on a person's message is nowhere stated, so the block bears the mark as well.
fn words(body: &Body, mark: &str) -> Arguments {
    let blocks = Value::Array(vec![blocks::marked(body, mark)]);
    // Names are linked by id alone, never by what they look like.
    vec![("text", fallback::write(body)), ("blocks", blocks.to_string()), ("link_names", "false".to_owned())]
}

async fn delete(client: &Client<'_>, step: &Step<'_>) -> Result<Vec<Update>, ConnectorError> {
    let (channel, ts) = target(step)?;
    let seen = match client.chat_delete(channel, &ts).await {
        Ok(answer) => answer.seen,
        Err(CallError::Declined { error, seen, .. }) if error == "message_not_found" => seen,
        Err(error) => return Err(error.into()),
    };
    Ok(vec![convert::deleted(channel, &ts, Version(seen))])
}

async fn react(
    client: &Client<'_>,
    step: &Step<'_>,
    emoji: &str,
    present: bool,
) -> Result<Vec<Update>, ConnectorError> {
    let (channel, ts) = target(step)?;
    let name = emoji::name(emoji).ok_or_else(|| problem::refused("invalid_name", None))?;
    let done = match present {
        true => client.reactions_add(channel, &ts, &name).await,
        false => client.reactions_remove(channel, &ts, &name).await,
    };
    let already = if present { "already_reacted" } else { "no_reaction" };
    let seen = match done {
        Ok(answer) => answer.seen,
        Err(CallError::Declined { error, seen, .. }) if error == already => seen,
        Err(error) => return Err(error.into()),
    };
    Ok(vec![Update::Reacted {
        chat: id::chat(channel),
        message: id::message(channel, &ts),
        actor: id::person(&client.facts.user_id),
        emoji: emoji::shown(&name),
        present,
        version: Version(seen.max(ts.micros())),
    }])
}

/// The message that a command is about.
fn target<'a>(step: &Step<'a>) -> Result<(&'a str, Ts), ConnectorError> {
    let message = step.message.ok_or_else(|| {
        ConnectorError::Refused(Problem {
            code: "slack.no_message".to_owned(),
            detail: "The message has no name at Slack yet, so it cannot be changed.".to_owned(),
        })
    })?;
    id::place(message)
}

/// Finds out what became of an attempt.
pub async fn prove(access: &Access<'_>, step: &Step<'_>, attempt: &Attempt) -> Result<Proof, ConnectorError> {
    let proof = match step.action {
        Action::Send { body, thread_root, files, .. } if !files.is_empty() => {
            let parcel = Parcel { body, thread_root: thread_root.as_ref(), files };
            upload::prove(access, step, &parcel, attempt).await
        }
        Action::Send { thread_root, .. } => find_sent(access, step, thread_root.as_ref(), attempt, |_| false).await,
        Action::Edit { .. } | Action::Delete | Action::React { .. } => compare(access, step, attempt).await,
    };
    match proof {
        // The chat may no longer be seen; whether the command was done before is hidden with it.
        Err(ConnectorError::Refused(_)) => Ok(Proof::CannotTell),
        other => other,
    }
}

/// Searches for the mark of a message that we sent. What only resembles it proves nothing either way.
pub async fn find_sent(
    access: &Access<'_>,
    step: &Step<'_>,
    thread_root: Option<&ExternalId>,
    attempt: &Attempt,
    resembles: impl Fn(&wire::Message) -> bool,
) -> Result<Proof, ConnectorError> {
    let client = Client::reading(access)?;
    let channel = id::channel(step.chat)?;
    let mut doubtful = false;
    // What was written much later is not looked at: an app that reads slowly may have room for one page only.
    let span = Span { oldest: Some(attempt.started_at - CLOCK_SKEW), latest: Some(attempt.deadline + LATEST_LANDING) };
    let thread = thread_root.map(id::place).transpose()?.map(|(_, ts)| ts);
    let mut cursor: Option<String> = None;
    for _ in 0..MOST_PAGES_TO_SEARCH {
        let answer = match &thread {
            None => client.conversations_history(channel, span, cursor.as_deref()).await,
            Some(thread) => client.conversations_replies(channel, thread, span, cursor.as_deref()).await,
        };
        let answer = match answer {
            Err(error) if error.is(&["thread_not_found"]) => return Ok(Proof::NotThere),
            answer => answer?,
        };
        let messages: Vec<wire::Message> = answer.list("messages");
        if let Some(message) = messages.iter().find(|message| convert::mark(message).as_deref() == Some(step.mark)) {
            return Ok(Proof::Happened(convert::message(channel, message, Told::Seen(answer.seen))?));
        }
        doubtful |= messages.iter().any(&resembles);
        cursor = answer.next_cursor();
        if cursor.is_none() {
            return Ok(if doubtful { Proof::CannotTell } else { Proof::NotThere });
        }
    }
    Ok(Proof::CannotTell)
}

/// Reads a message, and compares it with what was wanted.
async fn compare(access: &Access<'_>, step: &Step<'_>, attempt: &Attempt) -> Result<Proof, ConnectorError> {
    let client = Client::reading(access)?;
    let actor = login::facts(&login::writing(access)?.login).user_id;
    let (channel, ts) = target(step)?;
    let found = history::look_up(&client, channel, &ts).await?;
    let updates = history::updates(&client, channel, &ts, &found).await?;
    let message = found.message.as_ref().filter(|message| !convert::is_tombstone(message));
    let happened = match (step.action, message) {
        (Action::Delete, message) => message.is_none(),
        // What is deleted can no longer be changed, and trying again says so.
        (_, None) => false,
        (Action::Edit { body }, Some(message)) => says(message, body, attempt),
        (Action::React { emoji, present }, Some(_)) => reacts(&updates, &actor, emoji) == *present,
        (Action::Send { .. }, Some(_)) => return Ok(Proof::CannotTell),
    };
    Ok(if happened { Proof::Happened(updates) } else { Proof::NotThere })
}

/// Whether a message says what was wanted, as Slack would show it. Slack moves spaces about and has its
/// own way with looks: what reads alike is ours if it was edited since we tried.
fn says(message: &wire::Message, wanted: &Body, attempt: &Attempt) -> bool {
    let packed = |body: &Body| {
        let text = body.text(&Nameless);
        let kept = |letter: &char| !letter.is_whitespace() && *letter != emoji::SHOW_AS_PICTURE;
        text.chars().filter(kept).collect::<String>()
    };
    let said = convert::body(message);
    let wanted = blocks::read(&[blocks::marked(wanted, "")]).unwrap_or_default();
    let edited = message.edited.as_ref().and_then(|edited| Ts::parse(edited.ts.as_deref()?));
    // The time of an edit has whole seconds only, and clocks differ.
    let since = attempt.started_at - EDIT_MARGIN;
    said == wanted || (edited.is_some_and(|edited| edited.time() >= since) && packed(&said) == packed(&wanted))
}

fn reacts(updates: &[Update], actor: &str, emoji: &str) -> bool {
    let wanted = emoji::name(emoji).map(|name| emoji::shown(&name));
    let is_ours = |held: &str, by: &ExternalId| Some(held) == wanted.as_deref() && by.as_str() == actor;
    updates.iter().any(|update| match update {
        Update::Reactions { set, .. } => set.iter().any(|(held, actors)| actors.iter().any(|by| is_ours(held, by))),
        Update::Reacted { actor: by, emoji: held, .. } => is_ours(held, by),
        _ => false,
    })
}
