//! Does what the app wants, and proves it. Sending is the one call that must not be made twice, so each mail bears a
//! mark in a header of its own; Gmail gives it another Message-ID and Date.

use crate::{
    gmail::{
        client::Client,
        convert::{self, MARK},
        large,
        problem::{CallError, Effect, problem},
        threads, wire,
    },
    mail::{self, Draft},
};
use base64::{Engine, engine::general_purpose::URL_SAFE};
use model::{
    body::{Body, Naming},
    command::{Action, Attempt},
    connector::{Access, ConnectorError, Outcome, Proof, Step},
    http::HttpError,
    id::ExternalId,
};
use serde_json::json;

/// By how much a mail's own time may lie before the attempt: Google's clock is not ours.
const CLOCKS_DIFFER_MILLIS: i64 = 5 * 60 * 1_000;

/// Mail names nobody by an id.
struct NoNames;

impl Naming for NoNames {
    fn person(&self, _: &ExternalId) -> Option<String> {
        None
    }

    fn chat(&self, _: &ExternalId) -> Option<String> {
        None
    }
}

/// Does one step of a command.
pub async fn perform(access: &Access<'_>, step: &Step<'_>) -> Result<Outcome, ConnectorError> {
    let client = Client::of(access)?;
    match step.action {
        Action::Send { body, .. } => answer(&client, step, body).await,
        Action::Delete => {
            let id = step.message.ok_or_else(|| refused("no_message", "The mail has no name at Gmail."))?;
            let path = format!("messages/{id}/trash", id = id.as_str());
            match client.post::<wire::Message>("messages.trash", &path, &json!({}), Effect::Repeatable).await {
                Ok(_) | Err(CallError::NotFound(_)) => {}
                Err(error) => return Err(error.into()),
            }
            Ok(Outcome::Done(threads::message(&client, step.chat, id.as_str()).await?))
        }
        Action::Edit { .. } => Err(refused("no_edit", "A mail that was sent cannot be changed by anyone.")),
        Action::React { .. } => Err(refused("no_reaction", "Reactions by mail are not sent.")),
    }
}

/// Answers the newest mail of a thread, to all who take part in it.
async fn answer(client: &Client<'_>, step: &Step<'_>, body: &Body) -> Result<Outcome, ConnectorError> {
    let thread = client.thread(step.chat.as_str(), &[]).await?;
    let seen = thread.messages.iter().filter(|one| !convert::is_left_out(one) && !convert::is_away(one));
    let newest = seen.max_by_key(|one| convert::position(one));
    let newest = newest.ok_or_else(|| refused("thread_is_empty", "No mail is left in this thread to answer."))?;
    let (_, mail) = large::read(client, newest).await?;
    let mark = Some((MARK.to_owned(), step.mark.to_owned()));
    let draft = Draft { body: body.clone(), mark, ..Draft::reply_to_all(&mail, client.own()) };
    let written = mail::write(&draft, &NoNames).map_err(|why| refused("not_written", &why.to_string()))?;
    let bytes = written.whole(&[]);
    let wish = json!({ "raw": URL_SAFE.encode(bytes), "threadId": step.chat.as_str() });
    let sent: wire::Message = client.post("messages.send", "messages/send", &wish, Effect::Once).await?;
    Ok(Outcome::Done(threads::message(client, step.chat, &sent.id).await.map_err(|error| left(&error))?))
}

/// The mail has left, whatever hinders its reading: it is proven later, and never sent again.
fn left(error: &ConnectorError) -> ConnectorError {
    ConnectorError::Unknown(HttpError::Broken(format!("it was sent, and cannot be read back now: {error}")))
}

/// Finds out what became of an attempt.
pub async fn prove(access: &Access<'_>, step: &Step<'_>, attempt: &Attempt) -> Result<Proof, ConnectorError> {
    let client = Client::of(access)?;
    match step.action {
        Action::Send { .. } => {
            let since = attempt.started_at.millis() - CLOCKS_DIFFER_MILLIS;
            let thread = client.thread(step.chat.as_str(), &[]).await?;
            for one in thread.messages.iter().filter(|one| one.is("SENT") && one.internal_date >= since) {
                let head = client.message(&one.id, "metadata").await?;
                if head.payload.as_ref().and_then(|payload| payload.header(MARK)) == Some(step.mark) {
                    return Ok(Proof::Happened(threads::message(&client, step.chat, &one.id).await?));
                }
            }
            Ok(Proof::NotThere)
        }
        Action::Delete => {
            let Some(id) = step.message else { return Ok(Proof::NotThere) };
            let seen = threads::message(&client, step.chat, id.as_str()).await?;
            let is_gone = seen.iter().any(|update| matches!(update, model::update::Update::Deleted { .. }));
            Ok(if is_gone { Proof::Happened(seen) } else { Proof::NotThere })
        }
        Action::Edit { .. } | Action::React { .. } => Ok(Proof::NotThere),
    }
}

fn refused(code: &str, detail: &str) -> ConnectorError {
    ConnectorError::Refused(problem(code, detail.to_owned()))
}
