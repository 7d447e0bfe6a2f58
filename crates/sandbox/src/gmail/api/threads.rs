//! `users.threads`.

use serde_json::json;

use super::Call;
use super::errors::Refused;
use super::messages::{Listing, changes, readable_format};
use super::methods::Given;
use super::pages::{Place, number};
use super::render::{self, Format};

pub fn list(call: &mut Call<'_>) -> Given {
    let listing = Listing::read(call, "threads")?;
    let mailbox = call.held()?;
    let found = mailbox.threads.iter().filter_map(|(id, thread)| {
        let mut messages = mailbox.in_thread(id);
        if !messages.any(|message| listing.holds(mailbox, message)) {
            return None;
        }
        let newest = mailbox.in_thread(id).next_back()?;
        let shown = json!({ "id": id, "snippet": newest.head.snippet, "historyId": thread.history_id.to_string() });
        Some((Place { millis: newest.internal_millis, id: number(id) }, shown))
    });
    let (page, mut answer) = listing.page(call, found.collect())?;
    if !page.is_empty() {
        answer["threads"] = json!(page);
    }
    Ok(Some(answer))
}

/// All of a thread, oldest first: drafts and what is in the trash too.
pub fn get(call: &mut Call<'_>) -> Given {
    let format = readable_format(call)?;
    if format == Format::Raw {
        return Err(Refused::invalid("Invalid value for format: raw is not supported for threads"));
    }
    let (id, headers) = (call.named(0), call.request.all("metadataHeaders"));
    let ids = call.thread(&id)?;
    let mut messages = Vec::new();
    for one in ids {
        let message = call.message(&one)?.clone();
        messages.push(render::message(call.state, call.now_micros, &message, format, &headers));
    }
    let history = call.held()?.threads.get(&id).map_or(0, |thread| thread.history_id);
    Ok(Some(json!({ "id": id, "historyId": history.to_string(), "messages": messages })))
}

pub fn modify(call: &mut Call<'_>) -> Given {
    let (id, mailbox) = (call.named(0), call.mailbox.clone());
    let ids = call.thread(&id)?;
    let (add, remove) = changes(call)?;
    call.state.relabel(call.now_micros, &mailbox, &ids, &add, &remove);
    brief(call, &id)
}

pub fn trash(call: &mut Call<'_>) -> Given {
    let (id, mailbox) = (call.named(0), call.mailbox.clone());
    let ids = call.thread(&id)?;
    call.state.trash(call.now_micros, &mailbox, &ids);
    brief(call, &id)
}

pub fn untrash(call: &mut Call<'_>) -> Given {
    let (id, mailbox) = (call.named(0), call.mailbox.clone());
    let ids = call.thread(&id)?;
    call.state.untrash(call.now_micros, &mailbox, &ids);
    brief(call, &id)
}

fn brief(call: &Call<'_>, id: &str) -> Given {
    let messages = call.held()?.in_thread(id);
    let messages: Vec<_> = messages.map(|one| render::named(&one.id, &one.thread, &one.labels)).collect();
    Ok(Some(json!({ "id": id, "messages": messages })))
}

pub fn delete(call: &mut Call<'_>) -> Given {
    let (id, mailbox) = (call.named(0), call.mailbox.clone());
    let ids = call.thread(&id)?;
    call.state.purge(call.now_micros, &mailbox, &ids);
    Ok(None)
}
