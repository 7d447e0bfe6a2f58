//! `users.labels`.

use serde_json::{Value, json};

use super::super::change::Change;
use super::super::mailbox::{Label, Mailbox, SYSTEM};
use super::Call;
use super::errors::Refused;
use super::methods::Given;

pub fn list(call: &mut Call<'_>) -> Given {
    let mailbox = call.held()?;
    let system = SYSTEM.iter().filter_map(|id| shown(mailbox, id));
    let own = mailbox.labels.keys().filter_map(|id| shown(mailbox, id));
    let labels: Vec<Value> = system.chain(own).collect();
    Ok(Some(json!({ "labels": labels })))
}

/// With its counts, which only this method tells.
pub fn get(call: &mut Call<'_>) -> Given {
    let id = call.named(0);
    let mailbox = call.held()?;
    let mut label = shown(mailbox, &id).ok_or_else(Refused::not_found)?;
    let messages = || mailbox.messages.values().filter(|message| message.has(&id));
    let threads = |unread: bool| {
        let found = messages().filter(|message| !unread || message.has("UNREAD"));
        found.map(|message| &message.thread).collect::<std::collections::BTreeSet<_>>().len()
    };
    label["messagesTotal"] = json!(messages().count());
    label["messagesUnread"] = json!(messages().filter(|message| message.has("UNREAD")).count());
    label["threadsTotal"] = json!(threads(false));
    label["threadsUnread"] = json!(threads(true));
    Ok(Some(label))
}

fn shown(mailbox: &Mailbox, id: &str) -> Option<Value> {
    if SYSTEM.contains(&id) {
        return Some(json!({ "id": id, "name": id, "type": "system" }));
    }
    let label = mailbox.labels.get(id)?;
    let mut shown = json!({
        "id": label.id, "name": label.name, "type": "user", "labelListVisibility": label.label_list_visibility,
        "messageListVisibility": label.message_list_visibility,
    });
    if let Some((text, background)) = &label.color {
        shown["color"] = json!({ "textColor": text, "backgroundColor": background });
    }
    Some(shown)
}

pub fn create(call: &mut Call<'_>) -> Given {
    let name = new_name(call, None)?.ok_or_else(|| Refused::invalid("Missing label name"))?;
    let mailbox = call.mailbox.clone();
    let id = call.state.make_label(&mailbox, &name);
    change(call, id)
}

pub fn update(call: &mut Call<'_>) -> Given {
    let id = call.named(0);
    if SYSTEM.contains(&id.as_str()) {
        return Err(Refused::invalid("Invalid update request"));
    }
    if !call.held()?.labels.contains_key(&id) {
        return Err(Refused::not_found());
    }
    new_name(call, Some(&id))?;
    change(call, id)
}

/// The name that is wanted, unless another label has it.
fn new_name(call: &Call<'_>, own: Option<&str>) -> Result<Option<String>, Refused> {
    let Some(name) = call.request.body["name"].as_str().map(str::trim) else { return Ok(None) };
    let is_taken = SYSTEM.iter().any(|id| id.eq_ignore_ascii_case(name))
        || call.held()?.labels.values().any(|label| label.name.eq_ignore_ascii_case(name) && own != Some(&label.id));
    if name.is_empty() {
        return Err(Refused::invalid("Invalid label name"));
    }
    if is_taken {
        return Err(Refused::conflict("Label name exists or conflicts"));
    }
    Ok(Some(name.to_owned()))
}

/// Writes into a label what the call says of it.
fn change(call: &mut Call<'_>, id: String) -> Given {
    let body = call.request.body.clone();
    let mut label: Label = call.held()?.labels.get(&id).cloned().ok_or_else(Refused::not_found)?;
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    if let Some(name) = text("name") {
        label.name = name.trim().to_owned();
    }
    if let Some(visibility) = text("labelListVisibility") {
        label.label_list_visibility = visibility;
    }
    if let Some(visibility) = text("messageListVisibility") {
        label.message_list_visibility = visibility;
    }
    let color = &body["color"];
    if let Some((letters, background)) = color["textColor"].as_str().zip(color["backgroundColor"].as_str()) {
        label.color = Some((letters.to_owned(), background.to_owned()));
    }
    let mailbox = call.mailbox.clone();
    call.state.record(Change::LabelPut { mailbox, label });
    Ok(shown(call.held()?, &id))
}

pub fn delete(call: &mut Call<'_>) -> Given {
    let (id, mailbox) = (call.named(0), call.mailbox.clone());
    if SYSTEM.contains(&id.as_str()) {
        return Err(Refused::invalid("Invalid delete request"));
    }
    if !call.held()?.labels.contains_key(&id) {
        return Err(Refused::not_found());
    }
    call.state.record(Change::LabelGone { mailbox, id });
    Ok(None)
}
