//! Turns Slack's messages, people and channels into updates.
//!
//! Pure: nothing here calls Slack. One message must read the same from an event, a history and an
//! answer, whatever Slack has hung on it since: so link previews, counters of threads, and fields that
//! only some of these have, are left out.

use crate::slack::{
    blocks, emoji, file,
    id::{self, Ts},
    text, wire,
};
use model::{
    body::{Body, Builder},
    chat::{ChatFacts, ChatKind},
    connector::ConnectorError,
    facets::{Content, ReactionSet, Version},
    id::ExternalId,
    participant::PersonFacts,
    time::Timestamp,
    update::{RemoteMessage, Update},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The `event_type` of the metadata on what we send.
pub const MARK_EVENT: &str = "bothways_message";
/// The most that is kept of what cannot be shown, in bytes of JSON for each kind of it.
const MOST_PLATFORM_DATA_BYTES: usize = 16 * 1024;

/// What Slack writes about a chat, not what somebody wrote in it.
const SYSTEM: &[&str] = &[
    "assistant_app_thread",
    "bot_add",
    "bot_remove",
    "channel_archive",
    "channel_convert_to_private",
    "channel_convert_to_public",
    "channel_join",
    "channel_leave",
    "channel_name",
    "channel_posting_permissions",
    "channel_purpose",
    "channel_topic",
    "channel_unarchive",
    "document_mention",
    "ekm_access_denied",
    "group_archive",
    "group_join",
    "group_leave",
    "group_name",
    "group_purpose",
    "group_topic",
    "group_unarchive",
    "huddle_thread",
    "pinned_item",
    "reminder_add",
    "sh_room_created",
    "unpinned_item",
];

/// How a message was told, which says as of when it is so.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    /// It was just written.
    Posted,
    /// Something about it changed, at this time by Slack's own order.
    Changed(i64),
    /// It stood there at this time, by Slack's clock less a margin.
    Seen(i64),
    /// Slack answered our edit. Its `edited` is a lower bound of the time of the edit, and nothing
    /// higher is certain: a slow answer must not win over a newer edit.
    Edited(i64),
}

/// Why a message cannot be told: it lacks what no message lacks.
pub fn unreadable(what: &str) -> ConnectorError {
    ConnectorError::Unreadable(what.to_owned())
}

/// The `ts` of a message.
pub fn ts_of(text: Option<&str>, what: &str) -> Result<Ts, ConnectorError> {
    text.and_then(Ts::parse).ok_or_else(|| unreadable(&format!("{what} lacks a readable ts")))
}

/// As of when a message's content is so.
fn version(message: &wire::Message, ts: &Ts, told: Told) -> Version {
    // The time of an edit has whole seconds, so it can seem earlier than the message itself.
    let edited = edited_ts(message).map(|edited| edited.micros().max(ts.micros() + 1));
    let own = edited.unwrap_or(ts.micros());
    Version(match told {
        Told::Posted => own,
        Told::Edited(seen) => edited.unwrap_or(seen.max(ts.micros() + 1)),
        Told::Changed(at) | Told::Seen(at) => at.max(own),
    })
}

fn edited_ts(message: &wire::Message) -> Option<Ts> {
    message.edited.as_ref()?.ts.as_deref().and_then(Ts::parse)
}

/// Whether a message is only the place where one was.
pub fn is_tombstone(message: &wire::Message) -> bool {
    message.subtype.as_deref() == Some("tombstone")
}

/// What a message says: its bot, and itself, or that it is gone.
pub fn message(channel: &str, message: &wire::Message, told: Told) -> Result<Vec<Update>, ConnectorError> {
    let ts = ts_of(message.ts.as_deref(), "a message")?;
    if is_tombstone(message) {
        return Ok(vec![deleted(channel, &ts, version(message, &ts, told))]);
    }
    let mut updates = Vec::new();
    if let Some(profile) = &message.bot_profile {
        updates.extend(bot(profile, Version(profile.updated.saturating_mul(1_000_000))));
    }
    updates.push(Update::Message(RemoteMessage {
        chat: id::chat(channel),
        id: id::message(channel, &ts),
        position: ts.position(),
        version: version(message, &ts, told),
        mark: mark(message),
        content: content(channel, message, &ts),
    }));
    Ok(updates)
}

/// That a message is gone.
pub fn deleted(channel: &str, ts: &Ts, version: Version) -> Update {
    let version = version.max(Version(ts.micros()));
    Update::Deleted { chat: id::chat(channel), message: id::message(channel, ts), version }
}

fn content(channel: &str, message: &wire::Message, ts: &Ts) -> Content {
    let subtype = message.subtype.as_deref();
    let known = subtype.is_some_and(|subtype| SYSTEM.contains(&subtype));
    let sender = sender(message);
    // A kind that nobody has heard of, by nobody, is most likely Slack's own.
    let system = known || (subtype.is_some_and(|subtype| !is_ordinary(subtype)) && sender.is_none());
    let mut body = body(message);
    if body.is_empty() && system {
        body = Body::plain(subtype.unwrap_or("notice").replace('_', " "));
    }
    let thread = message.thread_ts.as_deref().and_then(Ts::parse).filter(|thread| thread != ts);
    Content {
        sender,
        body,
        sent_at: ts.time(),
        edited_at: edited_ts(message).map(|edited| edited.time()),
        broadcast: thread.is_some() && subtype == Some("thread_broadcast"),
        thread_root: thread.map(|thread| id::message(channel, &thread)),
        system,
        attachments: message.files.iter().filter(|file| !file.id.is_empty()).map(file::attachment).collect(),
        letter: None,
        platform_data: platform_data(message),
    }
}

fn is_ordinary(subtype: &str) -> bool {
    matches!(subtype, "bot_message" | "file_share" | "me_message" | "thread_broadcast")
}

/// Whether a record is not meant to be seen, and nothing that we know.
pub fn is_hidden_record(message: &wire::Message) -> bool {
    let known = |subtype: &str| is_ordinary(subtype) || SYSTEM.contains(&subtype) || subtype == "tombstone";
    message.hidden && !message.subtype.as_deref().is_some_and(known)
}

/// Who wrote it. A bot is named by the user that it appears as, where Slack tells.
fn sender(message: &wire::Message) -> Option<ExternalId> {
    let as_user = message.bot_profile.as_ref().and_then(|profile| profile.user_id.as_ref());
    message.user.as_ref().or(as_user).or(message.bot_id.as_ref()).map(|id| id::person(id))
}

/// The text, from whichever of Slack's sources has it.
pub fn body(message: &wire::Message) -> Body {
    let written = message.attachments.iter().filter(|attachment| !blocks::is_preview(attachment));
    let mut builder = Builder::default();
    builder.body(&blocks::read(&message.blocks).unwrap_or_else(|| text::parse(&message.text)));
    for said in written.map(blocks::read_attachment) {
        builder.new_line();
        builder.body(&said);
    }
    builder.finish()
}

/// Our mark. Slack shows it to many, so it counts only once its MAC was checked.
pub fn mark(message: &wire::Message) -> Option<String> {
    let metadata = message.metadata.as_ref().filter(|metadata| metadata.event_type == MARK_EVENT);
    let hung = metadata.and_then(|metadata| metadata.event_payload["mark"].as_str());
    hung.or_else(|| message.blocks.iter().find_map(blocks::mark_of)).map(str::to_owned)
}

/// What only Slack has. Other apps' metadata and `bot_profile` are left out: only some of the ways in
/// which Slack tells of a message have them, and nothing a reader sees depends on them.
fn platform_data(message: &wire::Message) -> Value {
    let mut data = Map::new();
    let mut keep = |name: &str, value: Value| {
        let bytes = value.to_string().len();
        if bytes > MOST_PLATFORM_DATA_BYTES {
            data.insert(format!("{name}_left_out_bytes"), json!(bytes));
        } else {
            data.insert(name.to_owned(), value);
        }
    };
    match message.subtype.as_deref() {
        None | Some("bot_message" | "file_share" | "thread_broadcast") => {}
        Some("me_message") => keep("me", json!(true)),
        Some(subtype) => keep("subtype", json!(subtype)),
    }
    if let Some(bot) = &message.bot_id {
        keep("bot_id", json!(bot));
    }
    if let Some(name) = &message.username {
        keep("username", json!(name));
    }
    if !blocks::is_text_only(&message.blocks) {
        keep("blocks", json!(message.blocks));
    }
    let written: Vec<_> = message.attachments.iter().filter(|attachment| !blocks::is_preview(attachment)).collect();
    if !written.is_empty() {
        keep("attachments", json!(written));
    }
    let files: Map<String, Value> = message
        .files
        .iter()
        .map(|file| (file.id.clone(), json!({ "mode": file.mode, "permalink": file.permalink })))
        .collect();
    if !files.is_empty() {
        keep("files", Value::Object(files));
    }
    if data.is_empty() { Value::Null } else { Value::Object(data) }
}

/// All reactions to a message, and whether Slack named everybody.
pub fn reactions(shown: &[wire::Reaction]) -> (ReactionSet, bool) {
    let mut set = ReactionSet::new();
    let mut whole = true;
    for reaction in shown {
        let actors: BTreeSet<ExternalId> = reaction.users.iter().map(|user| id::person(user)).collect();
        whole &= u64::try_from(actors.len()).is_ok_and(|named| named >= reaction.count);
        if !actors.is_empty() {
            set.entry(emoji::shown(&reaction.name)).or_default().extend(actors);
        }
    }
    (set, whole)
}

/// The reactions as updates: one whole set, or what is known of a set that was cut short.
pub fn reaction_updates(channel: &str, ts: &Ts, set: ReactionSet, whole: bool, seen: i64) -> Vec<Update> {
    let (chat, message) = (id::chat(channel), id::message(channel, ts));
    let version = Version(seen.max(ts.micros()));
    if whole {
        return vec![Update::Reactions { chat, message, set, version }];
    }
    let each = set.into_iter().flat_map(|(emoji, actors)| actors.into_iter().map(move |actor| (emoji.clone(), actor)));
    each.map(|(emoji, actor)| Update::Reacted {
        chat: chat.clone(),
        message: message.clone(),
        actor,
        emoji,
        present: true,
        version,
    })
    .collect()
}

/// A person, with the bot that they may be.
pub fn person(user: &wire::User, version: Version) -> Update {
    let profile = &user.profile;
    let names = [&profile.display_name, &profile.real_name, &user.real_name, &user.name];
    let name = names.into_iter().flatten().next().cloned().unwrap_or_else(|| user.id.clone());
    let mut ids = vec![id::person(&user.id)];
    ids.extend(profile.bot_id.as_deref().map(id::person));
    let facts = PersonFacts {
        handle: user.name.clone().filter(|handle| *handle != name),
        name,
        emails: profile.email.iter().cloned().collect(),
        avatar_url: profile.image_72.clone(),
        // Slackbot calls itself no bot.
        bot: user.is_bot || profile.bot_id.is_some() || user.id == "USLACKBOT",
        gone: user.deleted,
    };
    Update::Person { ids, facts, version }
}

/// A bot. A message repeats its bot as of the bot's last change, so that it never wins over a look-up.
pub fn bot(bot: &wire::Bot, version: Version) -> Option<Update> {
    let ids: Vec<_> = bot.user_id.iter().chain(&bot.id).map(|id| id::person(id)).collect();
    let facts = PersonFacts {
        name: bot.name.clone()?,
        handle: None,
        emails: Vec::new(),
        avatar_url: bot.icons.image_72.clone(),
        bot: true,
        gone: bot.deleted,
    };
    (!ids.is_empty()).then_some(Update::Person { ids, facts, version })
}

/// A chat. `people` are those that Slack named; `own` is whose token asked, who is in every direct chat.
pub fn chat(channel: &wire::Channel, people: BTreeSet<String>, own: Option<&str>, version: Version) -> Update {
    let kind = match (channel.is_im, channel.is_mpim) {
        (true, _) => ChatKind::Direct,
        (false, true) => ChatKind::Group,
        (false, false) => ChatKind::Channel,
    };
    let mut people = people;
    if channel.is_im {
        people.extend(channel.user.iter().cloned().chain(own.map(str::to_owned)));
    }
    let mut data = Map::new();
    if kind == ChatKind::Channel {
        data.insert("private".to_owned(), json!(channel.is_private));
    }
    if channel.is_ext_shared {
        data.insert("shared_with_others".to_owned(), json!(true));
    }
    for (name, topic) in [("topic", &channel.topic), ("purpose", &channel.purpose)] {
        if let Some(words) = &topic.value {
            data.insert(name.to_owned(), json!(text::unescape(words)));
        }
    }
    let facts = ChatFacts {
        kind,
        name: channel.name.clone().filter(|_| kind == ChatKind::Channel),
        people: people.iter().map(|person| id::person(person)).collect(),
        archived: channel.is_archived,
        made_at: channel.created.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1_000))),
        platform_data: if data.is_empty() { Value::Null } else { Value::Object(data) },
    };
    Update::Chat { chat: id::chat(&channel.id), facts, version }
}
