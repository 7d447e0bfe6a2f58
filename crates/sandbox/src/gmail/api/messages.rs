//! `users.messages`: listing, reading, sending, putting in, and changing single messages.

use serde_json::{Value, json};

use super::super::head::Head;
use super::super::mailbox::{Mailbox, Message};
use super::super::mime::{self, addresses, find};
use super::super::post::{MOST_RECIPIENTS, Place};
use super::Call;
use super::errors::Refused;
use super::methods::Given;
use super::pages::{self, number};
use super::render::{self, Format};
use super::search::Query;

const PAGE: usize = 100;
const PAGE_MOST: usize = 500;
/// How many messages one call may change.
const BATCH_MOST: usize = 1_000;
const LABELS_MOST: usize = 100;
/// The estimate of a listing that goes on.
const ESTIMATE: usize = 201;

/// What a listing is to hold, and the words that name it in its page tokens.
pub struct Listing {
    pub query: Query,
    pub labels: Vec<String>,
    pub is_everywhere: bool,
    pub name: String,
    pub size: usize,
}

impl Listing {
    pub fn read(call: &Call<'_>, what: &str) -> Result<Listing, Refused> {
        let request = &call.request;
        let words = request.one("q").unwrap_or_default();
        if !words.is_empty() && call.sees_only_metadata() {
            return Err(Refused::forbidden("Metadata scope does not support 'q' parameter"));
        }
        let labels = request.all("labelIds");
        let everywhere = request.flag("includeSpamTrash")?;
        let name = format!("{what}:{}:{words}:{labels:?}:{everywhere}", call.mailbox);
        let size = request.page_size(PAGE, PAGE_MOST)?;
        let query = Query::read(words, call.now_micros);
        let is_named = |label: &str| labels.iter().any(|one| one == label);
        let is_everywhere = everywhere || query.is_everywhere() || is_named("TRASH") || is_named("SPAM");
        Ok(Listing { query, labels, is_everywhere, name, size })
    }

    pub fn holds(&self, mailbox: &Mailbox, message: &Message) -> bool {
        let is_away = message.has("TRASH") || message.has("SPAM");
        (self.is_everywhere || !is_away)
            && self.labels.iter().all(|label| message.has(label))
            && self.query.matches(mailbox, message)
    }

    /// The page of what was found, newest first, and the token of the next one.
    pub fn page<T>(&self, call: &Call<'_>, mut found: Vec<(pages::Place, T)>) -> Result<(Vec<T>, Value), Refused> {
        found.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
        let total = found.len();
        if let Some(token) = call.request.one("pageToken").filter(|token| !token.is_empty()) {
            let after = pages::read(&self.name, token)?;
            found.retain(|(place, _)| *place < after);
        }
        let goes_on = found.len() > self.size;
        found.truncate(self.size);
        let mut answer = json!({ "resultSizeEstimate": total.min(ESTIMATE) });
        if let Some((last, _)) = found.last().filter(|_| goes_on) {
            answer["nextPageToken"] = json!(pages::token(&self.name, *last));
        }
        Ok((found.into_iter().map(|(_, item)| item).collect(), answer))
    }
}

pub fn list(call: &mut Call<'_>) -> Given {
    let listing = Listing::read(call, "messages")?;
    let mailbox = call.held()?;
    let found = mailbox.messages.values().filter(|message| listing.holds(mailbox, message)).map(|message| {
        let place = pages::Place { millis: message.internal_millis, id: number(&message.id) };
        (place, json!({ "id": message.id, "threadId": message.thread }))
    });
    let (page, mut answer) = listing.page(call, found.collect())?;
    if !page.is_empty() {
        answer["messages"] = json!(page);
    }
    Ok(Some(answer))
}

pub fn get(call: &mut Call<'_>) -> Given {
    let format = readable_format(call)?;
    let message = call.message(&call.named(0))?.clone();
    let headers = call.request.all("metadataHeaders");
    Ok(Some(render::message(call.state, call.now_micros, &message, format, &headers)))
}

/// The format that is asked for, if the token lets the app see as much.
pub fn readable_format(call: &Call<'_>) -> Result<Format, Refused> {
    let format = Format::read(call.request.one("format"))?;
    if call.sees_only_metadata() && matches!(format, Format::Full | Format::Raw) {
        let name = if format == Format::Full { "FULL" } else { "RAW" };
        return Err(Refused::forbidden(format!("Metadata scope doesn't allow format {name}")));
    }
    Ok(format)
}

pub fn attachment(call: &mut Call<'_>) -> Given {
    let (id, token) = (call.named(0), call.named(1));
    let message = call.message(&id)?;
    let part = render::attachment_part(call.state, call.now_micros, &id, &token)?;
    let mail = mime::read(&message.raw.0);
    let part = mail.find(&part).ok_or_else(Refused::not_found)?;
    Ok(Some(json!({ "size": part.body.len(), "data": render::base64url(&part.body, true) })))
}

/// The mail that a call brings, uploaded or in its JSON.
pub fn brought(call: &Call<'_>, message: &Value) -> Result<Vec<u8>, Refused> {
    if let Some(media) = &call.request.media {
        return Ok(media.clone());
    }
    let raw = message["raw"].as_str().unwrap_or_default();
    let is_base64 = raw.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+/=\r\n".contains(&byte));
    if !is_base64 {
        return Err(Refused::invalid("Invalid value at 'message.raw' (TYPE_BYTES), Base64 decoding failed"));
    }
    let bytes = mime::base64_lenient(raw.as_bytes());
    if bytes.is_empty() {
        let words = "'raw' RFC822 payload message string or uploading message via /upload/* URL required";
        return Err(Refused::invalid(words));
    }
    Ok(bytes)
}

pub fn send(call: &mut Call<'_>) -> Given {
    let message = call.request.body.clone();
    let raw = brought(call, &message)?;
    check_recipients(&raw)?;
    let thread = joined(call, &message, &raw)?;
    let mailbox = call.mailbox.clone();
    let id = call.state.send(call.now_micros, &mailbox, &raw, thread, true);
    Ok(Some(named(call, &id)?))
}

pub fn named(call: &Call<'_>, id: &str) -> Result<Value, Refused> {
    let sent = call.message(id)?;
    Ok(render::named(&sent.id, &sent.thread, &sent.labels))
}

pub fn check_recipients(raw: &[u8]) -> Result<(), Refused> {
    let (headers, _) = mime::headers(raw);
    let mut count = 0;
    for name in ["To", "Cc", "Bcc"] {
        let Some(value) = find(&headers, name).filter(|value| !value.trim().is_empty()) else { continue };
        let people = addresses::read(value);
        // A group without members names nobody, and is not wrong.
        if people.is_empty() && !value.contains(':') {
            return Err(Refused::invalid(format!("Invalid {name} header")));
        }
        count += people.len();
    }
    match count {
        0 => Err(Refused::invalid("Recipient address required")),
        _ if count > MOST_RECIPIENTS => Err(Refused::invalid("Too many recipients")),
        _ => Ok(()),
    }
}

/// The thread that a mail is to stand in. One that is about something else, or finds no room, begins a new one.
pub fn joined(call: &Call<'_>, message: &Value, raw: &[u8]) -> Result<Option<String>, Refused> {
    let Some(thread) = message["threadId"].as_str().filter(|thread| !thread.is_empty()) else { return Ok(None) };
    call.thread(thread)?;
    let most = call.state.config.thread_most;
    Ok(call.held()?.takes(thread, &Head::of(raw), most).then(|| thread.to_owned()))
}

pub fn insert(call: &mut Call<'_>) -> Given {
    put_in(call, "receivedTime")
}

pub fn import(call: &mut Call<'_>) -> Given {
    put_in(call, "dateHeader")
}

/// Puts a mail in as it is. Nobody else gets it.
fn put_in(call: &mut Call<'_>, usual: &str) -> Given {
    if call.request.flag("deleted")? {
        return Err(Refused::precondition("Only for mailboxes whose mail is kept in Vault"));
    }
    let message = call.request.body.clone();
    let raw = brought(call, &message)?;
    let labels = call.request.words("labelIds")?;
    check_labels(call, &labels, false)?;
    let thread = joined(call, &message, &raw)?;
    let internal_millis = match call.request.one("internalDateSource").unwrap_or(usual) {
        "receivedTime" => Some(call.now_micros.div_euclid(1_000_000) * 1000),
        "dateHeader" => None,
        other => return Err(Refused::invalid(format!("Invalid value at 'internal_date_source', \"{other}\""))),
    };
    let place = Place { labels, thread, internal_millis, draft: None };
    let mailbox = call.mailbox.clone();
    let id = call.state.file(call.now_micros, &mailbox, raw, place);
    Ok(Some(named(call, &id)?))
}

/// Labels that are there, and that an app may set.
pub fn check_labels(call: &Call<'_>, labels: &[String], is_change: bool) -> Result<(), Refused> {
    if labels.len() > LABELS_MOST {
        return Err(Refused::invalid("Too many labels"));
    }
    for label in labels {
        let is_fixed = is_change && matches!(label.as_str(), "SENT" | "DRAFT" | "CHAT");
        if is_fixed || !call.held()?.knows_label(label) {
            return Err(Refused::invalid(format!("Invalid label: {label}")));
        }
    }
    Ok(())
}

/// The labels to add and to take away.
pub fn changes(call: &Call<'_>) -> Result<(Vec<String>, Vec<String>), Refused> {
    let (add, remove) = (call.request.words("addLabelIds")?, call.request.words("removeLabelIds")?);
    check_labels(call, &add, true)?;
    check_labels(call, &remove, true)?;
    if add.is_empty() && remove.is_empty() {
        return Err(Refused::invalid("No label add or removes specified"));
    }
    if let Some(both) = add.iter().find(|label| remove.contains(label)) {
        return Err(Refused::invalid(format!("Cannot both add and remove the same label: {both}")));
    }
    Ok((add, remove))
}

pub fn modify(call: &mut Call<'_>) -> Given {
    let id = call.named(0);
    call.message(&id)?;
    let (add, remove) = changes(call)?;
    let mailbox = call.mailbox.clone();
    call.state.relabel(call.now_micros, &mailbox, std::slice::from_ref(&id), &add, &remove);
    Ok(Some(render::brief(call.message(&id)?)))
}

pub fn batch_modify(call: &mut Call<'_>) -> Given {
    let ids = several(call)?;
    let (add, remove) = changes(call)?;
    let mailbox = call.mailbox.clone();
    call.state.relabel(call.now_micros, &mailbox, &ids, &add, &remove);
    Ok(None)
}

/// The ids of a batch; those that are not there are passed over.
fn several(call: &Call<'_>) -> Result<Vec<String>, Refused> {
    let mut ids = call.request.words("ids")?;
    if ids.is_empty() {
        return Err(Refused::invalid("No message ids specified"));
    }
    if ids.len() > BATCH_MOST {
        return Err(Refused::invalid("Too many messages in request"));
    }
    let held = call.held()?;
    ids.retain(|id| held.messages.contains_key(id));
    Ok(ids)
}

pub fn trash(call: &mut Call<'_>) -> Given {
    let id = call.named(0);
    call.message(&id)?;
    let mailbox = call.mailbox.clone();
    call.state.trash(call.now_micros, &mailbox, std::slice::from_ref(&id));
    Ok(Some(named(call, &id)?))
}

pub fn untrash(call: &mut Call<'_>) -> Given {
    let id = call.named(0);
    call.message(&id)?;
    let mailbox = call.mailbox.clone();
    call.state.untrash(call.now_micros, &mailbox, std::slice::from_ref(&id));
    Ok(Some(render::brief(call.message(&id)?)))
}

pub fn delete(call: &mut Call<'_>) -> Given {
    let id = call.named(0);
    call.message(&id)?;
    let mailbox = call.mailbox.clone();
    call.state.purge(call.now_micros, &mailbox, &[id]);
    Ok(None)
}

pub fn batch_delete(call: &mut Call<'_>) -> Given {
    let ids = several(call)?;
    let mailbox = call.mailbox.clone();
    call.state.purge(call.now_micros, &mailbox, &ids);
    Ok(None)
}
