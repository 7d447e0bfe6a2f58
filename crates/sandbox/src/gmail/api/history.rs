//! `users.history.list`: the records after a number, oldest first.

use serde_json::{Value, json};

use super::super::mailbox::{Entry, Record, What};
use super::errors::Refused;
use super::methods::Given;
use super::pages::{self, Place};
use super::{Call, render};

const PAGE: usize = 100;
const PAGE_MOST: usize = 500;

pub fn list(call: &mut Call<'_>) -> Given {
    let start = call.request.one("startHistoryId").unwrap_or_default();
    if start.is_empty() {
        return Err(Refused::invalid("Missing or invalid start history id"));
    }
    let start: u64 = start
        .parse()
        .map_err(|_| Refused::invalid(format!("Invalid value at 'start_history_id' (TYPE_UINT64), \"{start}\"")))?;
    let types = call.request.all("historyTypes");
    for word in &types {
        if !matches!(word.as_str(), "messageAdded" | "messageDeleted" | "labelAdded" | "labelRemoved") {
            return Err(Refused::invalid(format!("Invalid value at 'history_types', \"{word}\"")));
        }
    }
    let label = call.request.one("labelId").map(str::to_owned);
    let size = call.request.page_size(PAGE, PAGE_MOST)?;
    let listing = format!("history:{}:{start}:{types:?}:{label:?}", call.mailbox);
    let token = call.request.one("pageToken").filter(|token| !token.is_empty());
    let after = token.map(|token| pages::read(&listing, token)).transpose()?.map_or(start, |place| place.id);
    let mailbox = call.held()?;
    // What is too old is gone, and what has never been is no place to begin either.
    if start < mailbox.forgotten || start > mailbox.history_id {
        return Err(Refused::not_found());
    }
    let mut records: Vec<&Record> = mailbox.records.iter().filter(|record| record.id > after).take(size + 1).collect();
    let goes_on = records.len() > size;
    records.truncate(size);
    let mut answer = json!({ "historyId": mailbox.history_id.to_string() });
    if let Some(last) = records.last().filter(|_| goes_on) {
        answer["nextPageToken"] = json!(pages::token(&listing, Place { millis: 0, id: last.id }));
    }
    // The page was cut before: it may turn out empty, and still go on.
    let shown = records.into_iter().filter_map(|record| shown(record, &types, label.as_deref()));
    let shown: Vec<Value> = shown.collect();
    if !shown.is_empty() {
        answer["history"] = json!(shown);
    }
    Ok(Some(answer))
}

/// A record as far as it is asked for; none if nothing of it is.
fn shown(record: &Record, types: &[String], label: Option<&str>) -> Option<Value> {
    let is_wanted = |entry: &&Entry| {
        let kind = match entry.what {
            What::Added => Some("messageAdded"),
            What::Deleted => Some("messageDeleted"),
            What::LabelsAdded(_) => Some("labelAdded"),
            What::LabelsRemoved(_) => Some("labelRemoved"),
            What::Touched => None,
        };
        let of_type = types.is_empty() || kind.is_some_and(|kind| types.iter().any(|word| word == kind));
        let named = |label: &str| match &entry.what {
            What::LabelsRemoved(gone) => gone.iter().chain(&entry.labels).any(|one| one == label),
            _ => entry.labels.iter().any(|one| one == label),
        };
        of_type && label.is_none_or(named)
    };
    let entries: Vec<&Entry> = record.entries.iter().filter(is_wanted).collect();
    if entries.is_empty() {
        return None;
    }
    let mut messages: Vec<Value> = Vec::new();
    let mut answer = json!({ "id": record.id.to_string() });
    for entry in entries {
        let short = json!({ "id": entry.message, "threadId": entry.thread });
        if !messages.contains(&short) {
            messages.push(short);
        }
        let message = render::named(&entry.message, &entry.thread, &entry.labels);
        let (list, item) = match &entry.what {
            What::Added => ("messagesAdded", json!({ "message": message })),
            What::Deleted => ("messagesDeleted", json!({ "message": message })),
            What::LabelsAdded(labels) => ("labelsAdded", json!({ "message": message, "labelIds": labels })),
            What::LabelsRemoved(labels) => ("labelsRemoved", json!({ "message": message, "labelIds": labels })),
            What::Touched => continue,
        };
        match answer[list].as_array_mut() {
            Some(items) => items.push(item),
            None => answer[list] = json!([item]),
        }
    }
    answer["messages"] = json!(messages);
    Some(answer)
}
