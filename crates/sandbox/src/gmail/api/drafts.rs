//! `users.drafts`. A draft keeps its id; its message is another one after each change.

use serde_json::{Value, json};

use super::Call;
use super::errors::Refused;
use super::messages::{Listing, brought, check_recipients, joined, named};
use super::methods::Given;
use super::pages::{Place, number};
use super::render::{self, Format};

pub fn list(call: &mut Call<'_>) -> Given {
    let listing = Listing::read(call, "drafts")?;
    let mailbox = call.held()?;
    let found = mailbox.drafts.iter().filter_map(|(id, message)| {
        let message = mailbox.messages.get(message).filter(|message| listing.holds(mailbox, message))?;
        let place = Place { millis: message.internal_millis, id: number(&message.id) };
        Some((place, json!({ "id": id, "message": { "id": message.id, "threadId": message.thread } })))
    });
    let (page, mut answer) = listing.page(call, found.collect())?;
    if !page.is_empty() {
        answer["drafts"] = json!(page);
    }
    Ok(Some(answer))
}

pub fn get(call: &mut Call<'_>) -> Given {
    let format = Format::read(call.request.one("format"))?;
    let id = call.named(0);
    let message = message_of(call, &id)?;
    let message = call.message(&message)?.clone();
    let shown = render::message(call.state, call.now_micros, &message, format, &[]);
    Ok(Some(json!({ "id": id, "message": shown })))
}

/// The message of a draft.
fn message_of(call: &Call<'_>, draft: &str) -> Result<String, Refused> {
    call.held()?.drafts.get(draft).cloned().ok_or_else(Refused::not_found)
}

pub fn create(call: &mut Call<'_>) -> Given {
    put(call, None)
}

pub fn update(call: &mut Call<'_>) -> Given {
    let id = call.named(0);
    message_of(call, &id)?;
    put(call, Some(id))
}

fn put(call: &mut Call<'_>, draft: Option<String>) -> Given {
    let message = message_in(call);
    let raw = brought(call, &message)?;
    let thread = joined(call, &message, &raw)?;
    let mailbox = call.mailbox.clone();
    let id = call.state.put_draft(call.now_micros, &mailbox, draft.as_deref(), raw, thread);
    let message = message_of(call, &id)?;
    Ok(Some(json!({ "id": id, "message": named(call, &message)? })))
}

fn message_in(call: &Call<'_>) -> Value {
    call.request.body["message"].clone()
}

/// Sends a draft, with other words if the call brings some. It is gone, and a new message stands in its thread.
pub fn send(call: &mut Call<'_>) -> Given {
    let draft = call.request.body["id"].as_str().map(str::to_owned);
    let brings = call.request.media.is_some() || message_in(call)["raw"].is_string();
    let held = draft.as_deref().map(|draft| message_of(call, draft)).transpose()?;
    let raw = match &held {
        Some(message) if !brings => call.message(message)?.raw.0.to_vec(),
        _ => brought(call, &message_in(call))?,
    };
    check_recipients(&raw)?;
    let own_thread = held.as_ref().and_then(|message| Some(call.message(message).ok()?.thread.clone()));
    let thread = match own_thread {
        Some(thread) => Some(thread),
        None => joined(call, &message_in(call), &raw)?,
    };
    let mailbox = call.mailbox.clone();
    if let Some(message) = held {
        call.state.purge(call.now_micros, &mailbox, &[message]);
    }
    let id = call.state.send(call.now_micros, &mailbox, &raw, thread, true);
    Ok(Some(named(call, &id)?))
}

pub fn delete(call: &mut Call<'_>) -> Given {
    let message = message_of(call, &call.named(0))?;
    let mailbox = call.mailbox.clone();
    call.state.purge(call.now_micros, &mailbox, &[message]);
    Ok(None)
}
