//! What Slack tells about a change: the inner events, and who may see each of them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::change::Change;
use super::config::Config;
use super::pictures;
use super::reach;
use super::render;
use super::world::{Channel, ChannelKind, Message, World, ts};

/// One inner event, before it is known whether anybody is to hear of it.
pub struct News {
    /// Its name in the lists of subscriptions: `message.channels`, `reaction_added`.
    pub name: String,
    /// The scope that a token needs to hear of it.
    pub scope: Option<String>,
    pub team: String,
    pub audience: Audience,
    pub at_micros: i64,
    pub event: Value,
}

pub enum Audience {
    /// The members of a channel, and somebody who has just left it.
    Members {
        channel: String,
        and: Option<String>,
    },
    Workspace,
    One(String),
    /// The app itself, even when all its tokens are gone.
    App {
        user: String,
    },
}

/// What has to be remembered of the world before a change, to tell of it afterwards.
#[derive(Default)]
pub struct Before {
    message: Option<Value>,
    /// The first message of the thread, where it goes together with its last reply.
    tombstone: Option<String>,
    known_user: bool,
    /// Who could see a channel is known only while it is there.
    deleted_channel: Option<News>,
    /// The messages that a file stands in, by channel.
    with_file: Vec<(String, Value)>,
}

pub fn before(world: &World, config: &Config, change: &Change) -> Before {
    match change {
        Change::Edited { channel, ts, .. }
        | Change::Unfurled { channel, ts, .. }
        | Change::Deleted { channel, ts, .. } => {
            let Some(channel) = world.channel(channel) else { return Before::default() };
            let Some(message) = channel.messages.get(ts) else { return Before::default() };
            let thread = message.thread_ts.as_ref().filter(|thread| *thread != ts);
            let parent = thread.and_then(|thread| channel.messages.get(thread));
            let tombstone = parent
                .filter(|parent| parent.subtype.as_deref() == Some("tombstone"))
                .filter(|parent| channel.replies(&parent.ts).count() == 1)
                .map(|parent| parent.ts.clone());
            Before { message: Some(render::message(world, config, channel, message)), tombstone, ..Before::default() }
        }
        Change::ChannelDeleted { channel, at_micros, user } => {
            let told = about(world, channel, |channel| vec![channel_deleted(world, channel, user, *at_micros)]);
            Before { deleted_channel: told.into_iter().next(), ..Before::default() }
        }
        Change::FileDeleted { file, .. } => {
            Before { with_file: messages_with(world, config, file), ..Before::default() }
        }
        Change::Person { user } => Before { known_user: world.user(&user.id).is_some(), ..Before::default() },
        _ => Before::default(),
    }
}

/// The events that tell of a change which was just applied.
pub fn after(world: &World, config: &Config, change: &Change, before: Before) -> Vec<News> {
    match change {
        Change::Posted { channel, message } => about(world, channel, |channel| posted(world, config, channel, message)),
        Change::Edited { channel, ts, at_micros, .. } | Change::Unfurled { channel, ts, at_micros, .. } => {
            about(world, channel, |channel| {
                let Some(message) = channel.messages.get(ts) else { return Vec::new() };
                let now = render::message(world, config, channel, message);
                vec![changed(channel, *at_micros, now, before.message.unwrap_or_else(|| json!([])))]
            })
        }
        Change::Deleted { channel, ts, at_micros } => {
            about(world, channel, |channel| deleted(world, config, channel, ts, *at_micros, before))
        }
        Change::Reacted { channel, ts, at_micros, user, name } => {
            about(world, channel, |channel| reaction("reaction_added", channel, ts, *at_micros, user, name))
        }
        Change::Unreacted { channel, ts, at_micros, user, name } => {
            about(world, channel, |channel| reaction("reaction_removed", channel, ts, *at_micros, user, name))
        }
        Change::ChannelMade { .. }
        | Change::Joined { .. }
        | Change::Left { .. }
        | Change::Renamed { .. }
        | Change::Archived { .. }
        | Change::ChannelIdChanged { .. } => channel_news(world, change),
        Change::Shared { .. } => reach::told(world, change),
        Change::ChannelDeleted { .. } => before.deleted_channel.into_iter().collect(),
        Change::FileMade { .. } | Change::FileShared { .. } | Change::FileReady { .. } | Change::FileDeleted { .. } => {
            file_news(world, config, change, before)
        }
        Change::Person { user } => {
            let kind = if before.known_user { "user_change" } else { "team_join" };
            let at_micros = user.updated_secs * 1_000_000;
            let event = json!({
                "type": kind, "user": render::user(user, config, true), "cache_ts": user.updated_secs,
                "event_ts": ts(at_micros),
            });
            vec![news(kind, Some("users:read".into()), &user.team, Audience::Workspace, at_micros, event)]
        }
        Change::EmojiChanged { team, at_micros, change } => pictures::told(world, team, *at_micros, change),
        Change::TokensRevoked { tokens, uninstalled } => revoked(world, tokens, *uninstalled),
        _ => Vec::new(),
    }
}

fn messages_with(world: &World, config: &Config, file: &str) -> Vec<(String, Value)> {
    let places = world.files.get(file).into_iter().flat_map(|file| &file.shares);
    let places = places.flat_map(|(channel, all)| all.iter().map(move |ts| (channel, ts)));
    let shown = |(id, ts): (&String, &String)| {
        let channel = world.channel(id)?;
        Some((id.clone(), render::message(world, config, channel, channel.messages.get(ts)?)))
    };
    places.filter_map(shown).collect()
}

/// What is told of files beside their messages. It names no more than the file.
fn file_news(world: &World, config: &Config, change: &Change, before: Before) -> Vec<News> {
    let scope = || Some("files:read".to_owned());
    let of = |name: &str, file: &str, audience: Audience, at_micros: i64, more: Value| {
        let team = world.files.get(file).map_or("", |file| file.team.as_str());
        let mut event = json!({ "type": name, "file_id": file, "file": { "id": file }, "event_ts": ts(at_micros) });
        for (name, value) in more.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        news(name, scope(), team, audience, at_micros, event)
    };
    match change {
        Change::FileMade { file } if file.completed => {
            let at_micros = file.created_secs * 1_000_000;
            let audience = Audience::One(file.user.clone());
            vec![of("file_created", &file.id, audience, at_micros, json!({ "user_id": file.user }))]
        }
        Change::FileShared { file, channel, at_micros, user, .. } => {
            let audience = Audience::Members { channel: channel.clone(), and: None };
            vec![of("file_shared", file, audience, *at_micros, json!({ "user_id": user, "channel_id": channel }))]
        }
        Change::FileReady { file } => {
            let Some(held) = world.files.get(file) else { return Vec::new() };
            let channels = held.shares.keys();
            let audience = |channel: &String| Audience::Members { channel: channel.clone(), and: None };
            let at_micros = held.created_secs * 1_000_000;
            channels.map(|channel| of("file_change", file, audience(channel), at_micros, json!({}))).collect()
        }
        Change::FileDeleted { file, at } => {
            let mut all = Vec::new();
            for (id, at_micros) in at {
                let audience = Audience::Members { channel: id.clone(), and: None };
                all.push(of("file_deleted", file, audience, *at_micros, json!({})));
            }
            let now = messages_with(world, config, file);
            for ((id, now), (_, previous)) in now.into_iter().zip(before.with_file) {
                let at_micros = at.get(&id).copied().unwrap_or_default();
                all.extend(about(world, &id, |channel| vec![changed(channel, at_micros, now, previous)]));
            }
            all
        }
        _ => Vec::new(),
    }
}

fn about(world: &World, channel: &str, tell: impl FnOnce(&Channel) -> Vec<News>) -> Vec<News> {
    world.channel(channel).map(tell).unwrap_or_default()
}

pub fn news(name: &str, scope: Option<String>, team: &str, audience: Audience, at_micros: i64, event: Value) -> News {
    News { name: name.to_owned(), scope, team: team.to_owned(), audience, at_micros, event }
}

/// A `message` event about a channel, seen by its members.
fn message_news(channel: &Channel, at_micros: i64, mut event: Value) -> News {
    event["channel"] = json!(channel.id);
    event["channel_type"] = json!(channel.kind.event_name());
    event["event_ts"] = json!(ts(at_micros));
    let kind = channel.kind.scope_name();
    let audience = Audience::Members { channel: channel.id.clone(), and: None };
    news(&format!("message.{kind}"), Some(format!("{kind}:history")), &channel.team, audience, at_micros, event)
}

fn posted(world: &World, config: &Config, channel: &Channel, message: &Message) -> Vec<News> {
    let at_micros = super::world::parse_ts(&message.ts).unwrap_or(0);
    let mut all = vec![message_news(channel, at_micros, render::message(world, config, channel, message))];
    let parent = message.thread_ts.as_ref().filter(|thread| **thread != message.ts);
    let broadcast = message.subtype.as_deref() == Some("thread_broadcast");
    if let Some(parent) = parent.and_then(|thread| channel.messages.get(thread))
        && (broadcast || config.thread_counter_events)
    {
        let now = render::message(world, config, channel, parent);
        let mut previous = now.clone();
        let count = channel.replies(&parent.ts).count();
        previous["reply_count"] = json!(count.saturating_sub(1));
        all.push(changed(channel, at_micros, now, previous));
    }
    all
}

fn changed(channel: &Channel, at_micros: i64, message: Value, previous: Value) -> News {
    let mut message = message;
    if let Some(team) = message.get("team").cloned() {
        message["source_team"] = team.clone();
        message["user_team"] = team;
    }
    message_news(
        channel,
        at_micros,
        json!({
            "type": "message", "subtype": "message_changed", "hidden": true, "ts": ts(at_micros),
            "message": message, "previous_message": previous,
        }),
    )
}

fn deleted(world: &World, config: &Config, channel: &Channel, gone: &str, at_micros: i64, before: Before) -> Vec<News> {
    let previous = before.message.unwrap_or_else(|| json!([]));
    if let Some(tombstone) = channel.messages.get(gone) {
        let now = render::message(world, config, channel, tombstone);
        return vec![changed(channel, at_micros, now, previous)];
    }
    let tell = |gone: &str, previous: Value| {
        message_news(
            channel,
            at_micros,
            json!({
                "type": "message", "subtype": "message_deleted", "hidden": true, "ts": ts(at_micros),
                "deleted_ts": gone, "previous_message": previous,
            }),
        )
    };
    let mut all = vec![tell(gone, previous)];
    all.extend(before.tombstone.map(|parent| tell(&parent, json!([]))));
    all
}

fn reaction(kind: &str, channel: &Channel, item: &str, at_micros: i64, user: &str, name: &str) -> Vec<News> {
    let mut event = json!({
        "type": kind, "user": user, "reaction": name,
        "item": { "type": "message", "channel": channel.id, "ts": item }, "event_ts": ts(at_micros),
    });
    if let Some(message) = channel.messages.get(item).filter(|message| message.username.is_none()) {
        event["item_user"] = json!(message.user);
    }
    let audience = Audience::Members { channel: channel.id.clone(), and: None };
    vec![news(kind, Some("reactions:read".into()), &channel.team, audience, at_micros, event)]
}

fn channel_news(world: &World, change: &Change) -> Vec<News> {
    match change {
        Change::ChannelMade { channel } => made(channel),
        Change::Joined { channel, at_micros, user, inviter } => about(world, channel, |channel| {
            let mut event = membership("member_joined_channel", channel, user, *at_micros);
            if let Some(inviter) = inviter {
                event["inviter"] = json!(inviter);
            }
            let audience = Audience::Members { channel: channel.id.clone(), and: None };
            vec![of_channel("member_joined_channel", channel, audience, *at_micros, event)]
        }),
        Change::Left { channel, at_micros, user } => about(world, channel, |channel| {
            let event = membership("member_left_channel", channel, user, *at_micros);
            let audience = Audience::Members { channel: channel.id.clone(), and: Some(user.clone()) };
            let own = family(channel, "left");
            let to_leaver = json!({
                "type": own, "channel": channel.id, "actor_id": user, "event_ts": ts(*at_micros),
            });
            vec![
                of_channel("member_left_channel", channel, audience, *at_micros, event),
                of_channel(&own, channel, Audience::One(user.clone()), *at_micros, to_leaver),
            ]
        }),
        Change::Renamed { channel, at_micros, .. } => about(world, channel, |channel| {
            let name = family(channel, "rename");
            let head = json!({
                "id": channel.id, "is_channel": channel.kind == ChannelKind::Public,
                "is_mpim": channel.kind == ChannelKind::Group, "name": channel.name,
                "name_normalized": channel.name, "created": channel.created_secs,
            });
            let event = json!({ "type": name, "channel": head, "event_ts": ts(*at_micros) });
            vec![of_channel(&name, channel, seers(channel), *at_micros, event)]
        }),
        Change::Archived { channel, at_micros, user, archived } => about(world, channel, |channel| {
            let name = family(channel, if *archived { "archive" } else { "unarchive" });
            let event = json!({
                "type": name, "channel": channel.id, "user": user, "is_moved": 0, "event_ts": ts(*at_micros),
            });
            vec![of_channel(&name, channel, seers(channel), *at_micros, event)]
        }),
        Change::ChannelIdChanged { old, new, at_micros } => about(world, new, |channel| {
            let event = json!({
                "type": "channel_id_changed", "old_channel_id": old, "new_channel_id": new,
                "event_ts": ts(*at_micros),
            });
            vec![of_channel("channel_id_changed", channel, seers(channel), *at_micros, event)]
        }),
        _ => Vec::new(),
    }
}

/// Nobody is a member of what is gone, so the members of a private channel are counted out beforehand.
fn channel_deleted(world: &World, channel: &Channel, user: &str, at_micros: i64) -> News {
    let name = family(channel, "deleted");
    let event = json!({ "type": name, "channel": channel.id, "actor_id": user, "event_ts": ts(at_micros) });
    let audience = match channel.kind {
        ChannelKind::Public => Audience::Workspace,
        _ => {
            let installed = |user: &&String| world.tokens.values().any(|token| token.user == **user && !token.revoked);
            channel.members.iter().find(installed).cloned().map_or(Audience::One(user.to_owned()), Audience::One)
        }
    };
    of_channel(&name, channel, audience, at_micros, event)
}

fn made(channel: &Channel) -> Vec<News> {
    let at_micros = channel.created_secs * 1_000_000;
    match channel.kind {
        ChannelKind::Public => {
            let event = json!({
                "type": "channel_created", "channel": render::channel_head(channel), "event_ts": ts(at_micros),
            });
            vec![of_channel("channel_created", channel, Audience::Workspace, at_micros, event)]
        }
        ChannelKind::Direct => {
            let event = json!({
                "type": "im_created", "user": channel.creator,
                "channel": { "id": channel.id, "created": channel.created_secs, "is_im": true },
            });
            let audience = Audience::Members { channel: channel.id.clone(), and: None };
            vec![of_channel("im_created", channel, audience, at_micros, event)]
        }
        ChannelKind::Private | ChannelKind::Group => Vec::new(),
    }
}

fn membership(kind: &str, channel: &Channel, user: &str, at_micros: i64) -> Value {
    let letter = if channel.kind == ChannelKind::Public { "C" } else { "G" };
    json!({
        "type": kind, "user": user, "channel": channel.id, "channel_type": letter, "team": channel.team,
        "event_ts": ts(at_micros),
    })
}

fn of_channel(name: &str, channel: &Channel, audience: Audience, at_micros: i64, event: Value) -> News {
    let scope = format!("{}:read", channel.kind.scope_name());
    news(name, Some(scope), &channel.team, audience, at_micros, event)
}

/// Slack tells of public and private channels under different names.
fn family(channel: &Channel, what: &str) -> String {
    format!("{}_{what}", if channel.kind == ChannelKind::Public { "channel" } else { "group" })
}

/// Who may know that a channel exists.
fn seers(channel: &Channel) -> Audience {
    match channel.kind {
        ChannelKind::Public => Audience::Workspace,
        _ => Audience::Members { channel: channel.id.clone(), and: None },
    }
}

fn revoked(world: &World, tokens: &[String], uninstalled: bool) -> Vec<News> {
    let tokens: Vec<_> = tokens.iter().filter_map(|token| world.tokens.get(token)).collect();
    let Some(first) = tokens.first() else { return Vec::new() };
    let users = |bots: bool| -> BTreeSet<&String> {
        tokens.iter().filter(|token| token.is_bot == bots).map(|token| &token.user).collect()
    };
    let audience = || Audience::App { user: first.user.clone() };
    let event = json!({ "type": "tokens_revoked", "tokens": { "oauth": users(false), "bot": users(true) } });
    let mut all = vec![news("tokens_revoked", None, &first.team, audience(), 0, event)];
    if uninstalled {
        all.push(news("app_uninstalled", None, &first.team, audience(), 0, json!({ "type": "app_uninstalled" })));
    }
    all
}
