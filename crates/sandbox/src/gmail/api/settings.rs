//! What concerns the mailbox as a whole: its profile, its addresses, who is told of it.

use serde_json::{Value, json};

use super::super::change::Change;
use super::super::mailbox::Mailbox;
use super::Call;
use super::errors::Refused;
use super::methods::Given;

pub fn profile(call: &mut Call<'_>) -> Given {
    let mailbox = call.held()?;
    Ok(Some(json!({
        "emailAddress": mailbox.address, "messagesTotal": mailbox.messages.len(),
        "threadsTotal": mailbox.threads.len(), "historyId": mailbox.history_id.to_string(),
    })))
}

pub fn watch(call: &mut Call<'_>) -> Given {
    let body = &call.request.body;
    let topic = body["topicName"].as_str().unwrap_or_default().to_owned();
    let project = call.state.config.app.project.clone();
    let own = topic.strip_prefix(&format!("projects/{project}/topics/"));
    if own.is_none_or(|name| name.is_empty() || name.contains('/')) {
        return Err(Refused::invalid(format!("Invalid topicName does not match projects/{project}/topics/*")));
    }
    if !call.state.config.app.topics.contains(&topic) {
        let words =
            format!("Error sending test message to Cloud PubSub {topic} : Resource not found (resource={topic}).");
        return Err(Refused::invalid(words));
    }
    let labels = call.request.words("labelIds")?;
    let behavior = body["labelFilterBehavior"].as_str().or(body["labelFilterAction"].as_str()).unwrap_or("include");
    let excludes = match behavior.to_ascii_lowercase().as_str() {
        "include" => false,
        "exclude" => true,
        other => return Err(Refused::invalid(format!("Invalid value at 'label_filter_behavior', \"{other}\""))),
    };
    let now_micros = call.now_micros;
    let other = call.held()?.watch.as_ref().filter(|watch| watch.expires_micros > now_micros && watch.topic != topic);
    if other.is_some() {
        let words = "Only one user push notification client allowed per developer (call /stop then try again)";
        return Err(Refused::invalid(words));
    }
    let mailbox = call.mailbox.clone();
    let expires_micros = call.state.watch(now_micros, &mailbox, &topic, labels, excludes);
    let history = call.held()?.history_id;
    Ok(Some(json!({ "historyId": history.to_string(), "expiration": (expires_micros / 1000).to_string() })))
}

pub fn stop(call: &mut Call<'_>) -> Given {
    let mailbox = call.mailbox.clone();
    call.state.record(Change::Watched { mailbox, watch: None });
    Ok(None)
}

pub fn send_as_list(call: &mut Call<'_>) -> Given {
    Ok(Some(json!({ "sendAs": addresses(call.held()?) })))
}

pub fn send_as_get(call: &mut Call<'_>) -> Given {
    let wanted = call.named(0);
    let of = |shown: &Value| shown["sendAsEmail"].as_str().is_some_and(|address| address.eq_ignore_ascii_case(&wanted));
    let found = addresses(call.held()?).into_iter().find(of);
    Ok(Some(found.ok_or_else(Refused::not_found)?))
}

/// The primary address has no verification, and no name of its own: it bears the profile's.
fn addresses(mailbox: &Mailbox) -> Vec<Value> {
    let primary = json!({
        "sendAsEmail": mailbox.address, "displayName": "", "replyToAddress": "", "signature": "", "isPrimary": true,
        "isDefault": true,
    });
    let aliases = mailbox.aliases.iter().map(|alias| {
        json!({
            "sendAsEmail": alias.address, "displayName": alias.name, "replyToAddress": "", "signature": "",
            "isDefault": false, "treatAsAlias": true,
            "verificationStatus": if alias.accepted { "accepted" } else { "pending" },
        })
    });
    std::iter::once(primary).chain(aliases).collect()
}
