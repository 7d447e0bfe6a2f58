//! What Slack's events are about, and what they say.

use crate::slack::{
    chats,
    client::Client,
    convert::{self, Told, ts_of, unreadable},
    download, emoji, file, id, pictures, wire,
};
use model::{
    connector::{Access, ConnectorError},
    facets::Version,
    id::ExternalAccount,
    intake::{Part, RawRequest},
    update::Update,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// As of when a snapshot of reactions inside a change was taken, before the change at the earliest.
const SNAPSHOT_MARGIN_MICROS: i64 = 2_000_000;

/// Events that become no update, and why. An event that stands nowhere is left alone too: Slack adds
/// new ones without notice.
pub const LEFT_ALONE: &[(&str, &str)] = &[
    ("app_home_opened", "is about the app's own page, not about a chat"),
    ("app_mention", "repeats a message that is told by itself"),
    ("app_rate_limited", "says that events were lost; reconciliation finds what they told"),
    ("channel_history_changed", "names no message; reconciliation finds what changed"),
    ("email_domain_changed", "is about the workspace's addresses"),
    ("file_change", "names no message; a message tells of its files itself"),
    ("file_created", "names no message; a message tells of its files itself"),
    ("file_deleted", "a message tells of its files itself"),
    ("file_public", "names no message; a message tells of its files itself"),
    ("file_shared", "a message tells of its files itself"),
    ("file_unshared", "a message tells of its files itself"),
    ("goodbye", "is about the wire"),
    ("grid_migration_finished", "is about the organization; calls tell what no longer works"),
    ("grid_migration_started", "is about the organization; calls tell what no longer works"),
    ("group_close", "somebody hid a chat from their own list"),
    ("group_history_changed", "names no message; reconciliation finds what changed"),
    ("group_open", "somebody opened a chat in their own list"),
    ("im_close", "somebody hid a chat from their own list"),
    ("im_history_changed", "names no message; reconciliation finds what changed"),
    ("im_open", "somebody opened a chat in their own list"),
    ("link_shared", "asks for a preview of a link; the message is told by itself"),
    ("message_replied", "counts a reply that is told by itself"),
    ("pin_added", "pins are not kept"),
    ("pin_removed", "pins are not kept"),
    ("subteam_created", "user groups are shown by name only"),
    ("subteam_members_changed", "user groups are shown by name only"),
    ("subteam_self_added", "user groups are shown by name only"),
    ("subteam_self_removed", "user groups are shown by name only"),
    ("subteam_updated", "user groups are shown by name only"),
    ("team_access_granted", "names no workspace that is connected yet"),
    ("team_access_revoked", "names no login; calls tell what no longer works"),
    ("team_domain_change", "is about the workspace's address"),
    ("team_rename", "is about the workspace's name"),
];

/// What an event is about, which is also how it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    Message,
    Reaction,
    /// Somebody came into a chat (true) or went.
    Member(bool),
    /// The person of the login may have lost a chat.
    Left,
    /// A chat changed; the event has only a part of it.
    Chat,
    /// A chat was deleted for good.
    ChatGone,
    ChatMoved,
    Person,
    /// The workspace's own emoji changed.
    Emoji,
    TokensRevoked,
    Uninstalled,
}

fn topic(kind: &str) -> Option<Topic> {
    Some(match kind {
        "message" => Topic::Message,
        "reaction_added" | "reaction_removed" => Topic::Reaction,
        "member_joined_channel" => Topic::Member(true),
        "member_left_channel" => Topic::Member(false),
        "channel_left" | "group_left" => Topic::Left,
        "channel_created" | "channel_rename" | "channel_archive" | "channel_unarchive" | "channel_shared"
        | "channel_unshared" | "group_rename" | "group_archive" | "group_unarchive" | "im_created" => Topic::Chat,
        "channel_deleted" | "group_deleted" => Topic::ChatGone,
        "channel_id_changed" => Topic::ChatMoved,
        "user_change" | "team_join" | "user_profile_changed" | "user_status_changed" | "user_huddle_changed" => {
            Topic::Person
        }
        "emoji_changed" => Topic::Emoji,
        "tokens_revoked" => Topic::TokensRevoked,
        "app_uninstalled" => Topic::Uninstalled,
        _ => return None,
    })
}

/// The parts of a request: one, unless it is left alone.
pub fn route(request: &RawRequest) -> Result<Vec<Part>, ConnectorError> {
    let envelope = wire::Envelope::read(&request.body).ok_or_else(|| unreadable("the body is no JSON object"))?;
    if envelope.kind != "event_callback" {
        return Ok(Vec::new());
    }
    let kind = envelope.event["type"].as_str().ok_or_else(|| unreadable("an event lacks its type"))?;
    let Some(topic) = topic(kind) else { return Ok(Vec::new()) };
    let account = account(&envelope).ok_or_else(|| unreadable("an event names no workspace"))?;
    let chat = match topic {
        // Whoever comes into a chat was no member before, so these must not be held back from them.
        // And nobody can be asked any more who is in the chat that an id stood for before.
        Topic::Member(_) | Topic::Left | Topic::ChatMoved => None,
        _ => channel(&envelope.event).map(id::chat),
    };
    let shared = channel(&envelope.event).filter(|_| envelope.is_ext_shared_channel).map(id::chat);
    let others = others(&envelope).into_iter().filter(|other| *other != account);
    let accounts = std::iter::once(account.clone()).chain(others);
    let part = |(number, account)| {
        let (chat, shared) = (chat.clone(), shared.clone());
        Part { number, account, chat, shared, payload: request.body.clone() }
    };
    Ok((0..).zip(accounts).map(part).collect())
}

/// The other workspaces that news of a shared channel name. Slack tells each event once, for one of the
/// installations that may hear of it.
fn others(envelope: &wire::Envelope) -> BTreeSet<ExternalAccount> {
    if !envelope.is_ext_shared_channel {
        return BTreeSet::new();
    }
    let event = &envelope.event;
    let inner = [&event["team"], &event["user_team"], &event["source_team"], &event["message"]["team"]];
    let entitled = envelope.authorizations.iter().filter(|entitled| !entitled.is_enterprise_install);
    let named = [envelope.team_id.as_deref(), envelope.context_team_id.as_deref()];
    let named = named.into_iter().chain(inner.map(Value::as_str)).chain(entitled.map(|one| one.team_id.as_deref()));
    named.flatten().filter(|team| !team.is_empty()).map(id::workspace).collect()
}

/// The installation that an event is for. In a shared channel the outer team may be another company's.
fn account(envelope: &wire::Envelope) -> Option<ExternalAccount> {
    let entitled = envelope.authorizations.first();
    let organization = entitled.filter(|entitled| entitled.is_enterprise_install);
    let team = organization
        .and_then(|entitled| entitled.enterprise_id.as_deref())
        .or_else(|| entitled.and_then(|entitled| entitled.team_id.as_deref()))
        .or(envelope.team_id.as_deref())
        .or(envelope.enterprise_id.as_deref());
    team.map(id::workspace)
}

/// The channel of an event, wherever its kind puts it.
fn channel(event: &Value) -> Option<&str> {
    let places = [&event["channel"], &event["channel"]["id"], &event["item"]["channel"], &event["old_channel_id"]];
    places.into_iter().filter_map(Value::as_str).find(|channel| !channel.is_empty())
}

/// Turns a part into updates.
pub async fn read(access: &Access<'_>, part: &Part) -> Result<Vec<Update>, ConnectorError> {
    let envelope = wire::Envelope::read(&part.payload).ok_or_else(|| unreadable("the body is no JSON object"))?;
    let event = &envelope.event;
    let Some(topic) = event["type"].as_str().and_then(topic) else { return Ok(Vec::new()) };
    match topic {
        Topic::Message => message(access, event).await,
        Topic::Reaction => reaction(event),
        Topic::Member(member) => membership(access, event, member, time(&envelope)?),
        Topic::Left => {
            let channel = channel(event).ok_or_else(|| unreadable("the event names no channel"))?;
            chats::membership(access, &id::chat(channel)).await
        }
        Topic::Chat => chat(access, event, time(&envelope)?).await,
        Topic::ChatGone => gone(event, time(&envelope)?),
        Topic::ChatMoved => moved(event, time(&envelope)?),
        Topic::Person => person(event, time(&envelope)?),
        Topic::Emoji => pictures::changed(access, event, time(&envelope)?).await,
        Topic::TokensRevoked => Ok(tokens_revoked(&part.account, event)),
        Topic::Uninstalled => Ok(uninstalled(access, &part.account)),
    }
}

/// When an event happened. Some bear no time of their own, but their envelope has whole seconds.
fn time(envelope: &wire::Envelope) -> Result<i64, ConnectorError> {
    let own = envelope.event["event_ts"].as_str().and_then(id::Ts::parse).map(|ts| ts.micros());
    let outer = Some(envelope.event_time).filter(|seconds| *seconds > 0);
    own.or_else(|| outer.map(|seconds| seconds.saturating_mul(1_000_000)))
        .ok_or_else(|| unreadable("an event bears no time"))
}

/// Notices in a chat of what changed about it. Most of these changes have no event of their own.
const ABOUT_THE_CHAT: &[&str] = &[
    "channel_convert_to_private",
    "channel_convert_to_public",
    "channel_purpose",
    "channel_topic",
    "group_purpose",
    "group_topic",
];

async fn message(access: &Access<'_>, event: &Value) -> Result<Vec<Update>, ConnectorError> {
    let mut updates = words(access, event).await?;
    if event["subtype"].as_str().is_some_and(|subtype| ABOUT_THE_CHAT.contains(&subtype)) {
        let at = ts_of(event["ts"].as_str(), "a notice")?.micros();
        updates.extend(chat(access, event, at).await?);
    }
    Ok(updates)
}

/// What a message event says of its message.
async fn words(access: &Access<'_>, event: &Value) -> Result<Vec<Update>, ConnectorError> {
    let shape = |error| unreadable(&format!("a message event has another shape: {error}"));
    let mut outer = <wire::Message as serde::Deserialize>::deserialize(event).map_err(shape)?;
    let mut news = <wire::MessageNews as serde::Deserialize>::deserialize(event).map_err(shape)?;
    let channel = news.channel.as_deref().ok_or_else(|| unreadable("a message event names no channel"))?;
    complete(access, &mut outer).await?;
    if let Some(inner) = &mut news.message {
        complete(access, inner).await?;
    }
    match outer.subtype.as_deref() {
        Some("message_changed") => changed(channel, &news),
        Some("message_deleted") => {
            let previous = news.previous_message.as_ref().and_then(|previous| previous.ts.as_deref());
            let ts = ts_of(news.deleted_ts.as_deref().or(previous), "a deletion")?;
            Ok(vec![convert::deleted(channel, &ts, Version(happened(&news)?))])
        }
        Some("message_replied") => Ok(Vec::new()),
        // Slack is known to leave this subtype out, which leaves a shell around the parent.
        None if news.message.is_some() => Ok(Vec::new()),
        _ if convert::is_hidden_record(&outer) => Ok(Vec::new()),
        _ => convert::message(channel, &outer, Told::Posted),
    }
}

/// Files that are only named are asked for.
async fn complete(access: &Access<'_>, message: &mut wire::Message) -> Result<(), ConnectorError> {
    if !message.files.iter().any(file::is_only_named) {
        return Ok(());
    }
    download::complete(&Client::reading(access)?, std::slice::from_mut(message)).await
}

/// When a change of a message happened. The outer `ts` says the same where `event_ts` is missing.
fn happened(news: &wire::MessageNews) -> Result<i64, ConnectorError> {
    let ts = news.event_ts.as_deref().and_then(id::Ts::parse);
    ts.map_or_else(|| ts_of(news.ts.as_deref(), "a change"), Ok).map(|ts| ts.micros())
}

/// A message as it stands after a change. Many changes are no person's (previews, counters, pins): the
/// message says what it said, and nobody hears of them.
fn changed(channel: &str, news: &wire::MessageNews) -> Result<Vec<Update>, ConnectorError> {
    let mut now = news.message.clone().ok_or_else(|| unreadable("a change lacks its message"))?;
    if now.ts.is_none() {
        now.ts = news.previous_message.as_ref().and_then(|previous| previous.ts.clone());
    }
    let at = happened(news)?;
    if convert::is_hidden_record(&now) {
        return Ok(Vec::new());
    }
    let mut updates = convert::message(channel, &now, Told::Changed(at))?;
    // Without the field nothing is said of reactions, not that there are none.
    if let Some(shown) = now.reactions.as_deref().filter(|_| !convert::is_tombstone(&now)) {
        let ts = ts_of(now.ts.as_deref(), "a change")?;
        let (set, whole) = convert::reactions(shown);
        updates.extend(convert::reaction_updates(channel, &ts, set, whole, at - SNAPSHOT_MARGIN_MICROS));
    }
    Ok(updates)
}

fn reaction(event: &Value) -> Result<Vec<Update>, ConnectorError> {
    let news = <wire::ReactionNews as serde::Deserialize>::deserialize(event)
        .map_err(|error| unreadable(&format!("a reaction has another shape: {error}")))?;
    let missing = |what: &str| unreadable(&format!("a reaction lacks its {what}"));
    match news.item.kind.as_str() {
        "message" => {}
        "" => return Err(missing("item")),
        _ => return Ok(Vec::new()), // To a file, in old data.
    }
    let channel = news.item.channel.as_deref().ok_or_else(|| missing("channel"))?;
    let ts = ts_of(news.item.ts.as_deref(), "a reaction")?;
    Ok(vec![Update::Reacted {
        chat: id::chat(channel),
        message: id::message(channel, &ts),
        actor: id::person(news.user.as_deref().ok_or_else(|| missing("user"))?),
        emoji: emoji::shown(news.reaction.as_deref().ok_or_else(|| missing("emoji"))?),
        present: event["type"] == "reaction_added",
        version: Version(ts_of(news.event_ts.as_deref(), "a reaction")?.micros()),
    }])
}

/// Told only to the connection that it concerns: who else comes and goes in a chat that a connection
/// cannot see is none of its business.
fn membership(access: &Access<'_>, event: &Value, member: bool, at: i64) -> Result<Vec<Update>, ConnectorError> {
    let channel = channel(event).ok_or_else(|| unreadable("the event names no channel"))?;
    let user = event["user"].as_str().filter(|user| !user.is_empty());
    let person = id::person(user.ok_or_else(|| unreadable("the event names nobody"))?);
    if !access.connection.person.contains(&person) {
        return Ok(Vec::new());
    }
    Ok(vec![Update::Member { chat: id::chat(channel), person, member, version: Version(at) }])
}

/// The event has only a part of the chat, so Slack is asked. What was asked after the event is newer.
async fn chat(access: &Access<'_>, event: &Value, at: i64) -> Result<Vec<Update>, ConnectorError> {
    let channel = channel(event).ok_or_else(|| unreadable("the event names no channel"))?;
    let client = Client::reading(access)?;
    let mut facts = chats::facts(&client, channel).await?;
    if let Some(Update::Chat { version, .. }) = &mut facts {
        *version = (*version).max(Version(at));
    }
    Ok(facts.into_iter().collect())
}

fn gone(event: &Value, at: i64) -> Result<Vec<Update>, ConnectorError> {
    let channel = channel(event).ok_or_else(|| unreadable("the event names no channel"))?;
    Ok(vec![Update::ChatGone { chat: id::chat(channel), version: Version(at) }])
}

fn moved(event: &Value, at: i64) -> Result<Vec<Update>, ConnectorError> {
    let channel = |name: &str| {
        let channel = event[name].as_str().filter(|channel| !channel.is_empty());
        channel.map(id::chat).ok_or_else(|| unreadable("the event names no channel"))
    };
    let (from, into) = (channel("old_channel_id")?, channel("new_channel_id")?);
    Ok(vec![Update::ChatMoved { from, into, version: Version(at) }])
}

fn person(event: &Value, at: i64) -> Result<Vec<Update>, ConnectorError> {
    let user = <wire::User as serde::Deserialize>::deserialize(&event["user"])
        .map_err(|error| unreadable(&format!("a person has another shape: {error}")))?;
    if user.id.is_empty() {
        return Err(unreadable("a person lacks their id"));
    }
    Ok(vec![convert::person(&user, Version(at))])
}

fn tokens_revoked(account: &ExternalAccount, event: &Value) -> Vec<Update> {
    let users = |kind: &str| event["tokens"][kind].as_array().cloned().unwrap_or_default();
    let people = users("oauth").into_iter().filter_map(|user| Some(id::member(account.as_str(), user.as_str()?)));
    let bot = (!users("bot").is_empty()).then(|| account.clone());
    people.chain(bot).map(|account| Update::LoginLost { account }).collect()
}

/// The bot and all people of the workspace are logged out; each connection hears of its own logins.
fn uninstalled(access: &Access<'_>, account: &ExternalAccount) -> Vec<Update> {
    let mut accounts = vec![account.clone()];
    accounts.extend(access.logins.iter().map(|login| login.login.account.clone()).filter(|own| own != account));
    accounts.into_iter().map(|account| Update::LoginLost { account }).collect()
}
