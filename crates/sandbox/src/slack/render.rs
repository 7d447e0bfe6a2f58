//! How people, bots, channels and messages look in Slack's JSON.

use serde_json::{Value, json};

use super::config::Config;
use super::files;
use super::text;
use super::world::{Bot, Channel, ChannelKind, Message, Token, User, World};

/// How many of a thread's writers are listed; their true number is `reply_users_count`.
const REPLY_USERS_SHOWN: usize = 5;

pub fn user(user: &User, config: &Config, with_email: bool) -> Value {
    let image = format!("{}{}.svg", config.avatar_base, user.id);
    let mut profile = json!({
        "title": "", "phone": "", "skype": "", "real_name": user.real_name,
        "real_name_normalized": user.real_name, "display_name": user.display_name,
        "display_name_normalized": user.display_name, "status_text": "", "status_emoji": "",
        "status_expiration": 0, "status_text_canonical": "", "avatar_hash": format!("g{}", user.id.to_lowercase()),
        "team": user.team, "image_24": image, "image_32": image, "image_48": image, "image_72": image,
        "image_192": image, "image_512": image,
    });
    if let Some(bot) = &user.bot_id {
        profile["bot_id"] = json!(bot);
        profile["api_app_id"] = json!(config.app.app_id);
        profile["always_active"] = json!(true);
    } else if let Some(email) = user.email.as_ref().filter(|_| with_email) {
        profile["email"] = json!(email);
    }
    let mut shown = json!({
        "id": user.id, "team_id": user.team, "name": user.name, "deleted": user.deleted, "color": "9f69e7",
        "real_name": user.real_name, "tz": user.timezone, "tz_label": user.timezone, "tz_offset": 0,
        "profile": profile, "is_admin": user.is_admin, "is_owner": false, "is_primary_owner": false,
        "is_restricted": false, "is_ultra_restricted": false, "is_bot": user.bot_id.is_some(),
        "is_app_user": false, "updated": user.updated_secs, "is_email_confirmed": user.email.is_some(),
        "who_can_share_contact_card": "EVERYONE",
    });
    if user.deleted {
        for gone in ["tz", "tz_label", "tz_offset", "is_admin", "is_owner", "real_name"] {
            shown.as_object_mut().map(|fields| fields.remove(gone));
        }
    }
    shown
}

pub fn bot(bot: &Bot, config: &Config) -> Value {
    json!({
        "id": bot.id, "deleted": false, "name": bot.name, "updated": bot.updated_secs, "app_id": bot.app_id,
        "user_id": bot.user, "icons": icons(bot, config),
    })
}

fn icons(bot: &Bot, config: &Config) -> Value {
    let image = format!("{}{}.svg", config.avatar_base, bot.user);
    json!({ "image_36": image, "image_48": image, "image_72": image })
}

/// A channel as `token`'s owner sees it.
pub fn channel(world: &World, channel: &Channel, token: &Token, num_members: bool) -> Value {
    let mut general = channel_head(channel);
    // Each side sees the channel as one of its own workspace.
    if let Some(team) = world.workspaces_of(&token.team).find(|team| channel.is_in(&team.id)) {
        general["context_team_id"] = json!(team.id);
    }
    let is_ext_shared = world.is_ext_shared(channel);
    general["is_ext_shared"] = json!(is_ext_shared);
    general["is_org_shared"] = json!(!channel.shared_with.is_empty() && !is_ext_shared);
    let is_member = channel.members.contains(&token.user);
    let mut shown = match channel.kind {
        ChannelKind::Direct => {
            let other = channel.members.iter().find(|user| **user != token.user).unwrap_or(&token.user);
            json!({
                "id": channel.id, "created": channel.created_secs, "updated": channel.updated_millis,
                "is_archived": channel.is_archived, "is_im": true, "is_org_shared": false, "user": other,
                "is_user_deleted": false, "priority": 0, "context_team_id": channel.team,
            })
        }
        ChannelKind::Public | ChannelKind::Private | ChannelKind::Group => {
            let mut shown = general;
            shown["is_member"] = json!(is_member);
            shown["topic"] = json!({ "value": channel.topic, "creator": "", "last_set": 0 });
            shown["purpose"] = json!({
                "value": channel.purpose, "creator": channel.creator, "last_set": channel.created_secs,
            });
            shown["previous_names"] = json!(channel.previous_names);
            shown["unlinked"] = json!(0);
            shown
        }
    };
    if num_members && channel.kind != ChannelKind::Direct {
        shown["num_members"] = json!(channel.members.len());
    }
    shown
}

/// What every kind of named channel has, in answers and in events.
pub fn channel_head(channel: &Channel) -> Value {
    json!({
        "id": channel.id, "name": channel.name, "name_normalized": channel.name,
        "is_channel": channel.kind == ChannelKind::Public, "is_group": channel.kind == ChannelKind::Private,
        "is_im": false, "is_mpim": channel.kind == ChannelKind::Group,
        "is_private": channel.kind != ChannelKind::Public, "is_archived": channel.is_archived,
        "is_general": channel.is_general, "is_shared": !channel.shared_with.is_empty(), "is_ext_shared": false, "is_org_shared": false,
        "is_pending_ext_shared": false, "pending_shared": [], "created": channel.created_secs,
        "updated": channel.updated_millis, "creator": channel.creator, "context_team_id": channel.team,
        "shared_team_ids": channel.teams().collect::<Vec<_>>(), "conversation_host_id": channel.team,
    })
}

/// A message, with the counters of its thread if it has one.
pub fn message(world: &World, config: &Config, channel: &Channel, message: &Message) -> Value {
    let team = world.user(&message.user).map_or(&channel.team, |user| &user.team);
    let mut shown = bare_message(world, config, team, message);
    if world.is_ext_shared(channel) {
        shown["user_team"] = json!(team);
        shown["source_team"] = json!(team);
    }
    if message.thread_ts.as_deref() == Some(&message.ts) {
        let mut writers: Vec<&str> = Vec::new();
        for reply in channel.replies(&message.ts) {
            if !writers.contains(&reply.user.as_str()) {
                writers.push(&reply.user);
            }
        }
        let count = channel.replies(&message.ts).count();
        if let Some(last) = channel.replies(&message.ts).next_back() {
            shown["latest_reply"] = json!(last.ts);
        }
        shown["reply_count"] = json!(count);
        shown["reply_users_count"] = json!(writers.len());
        writers.truncate(REPLY_USERS_SHOWN);
        shown["reply_users"] = json!(writers);
        shown["is_locked"] = json!(false);
        shown["subscribed"] = json!(false);
    } else if let Some(parent) = message.thread_ts.as_ref().and_then(|thread| channel.messages.get(thread)) {
        shown["parent_user_id"] = json!(parent.user);
        if message.subtype.as_deref() == Some("thread_broadcast") {
            shown["root"] = self::message(world, config, channel, parent);
        }
    }
    if !message.reactions.is_empty() {
        let reactions = message
            .reactions
            .iter()
            .map(|reaction| json!({ "name": reaction.name, "users": reaction.users, "count": reaction.users.len() }));
        shown["reactions"] = reactions.collect();
    }
    shown
}

fn bare_message(world: &World, config: &Config, team: &str, message: &Message) -> Value {
    let mut shown = json!({ "type": "message", "ts": message.ts, "text": message.text });
    if message.username.is_none() {
        shown["user"] = json!(message.user);
    }
    if let Some(subtype) = &message.subtype {
        shown["subtype"] = json!(subtype);
    }
    if message.subtype.as_deref() == Some("tombstone") {
        shown["hidden"] = json!(true);
    } else if !is_notice(message) {
        shown["team"] = json!(team);
        let blocks = blocks(message);
        if !blocks.is_empty() {
            shown["blocks"] = Value::Array(blocks);
        }
    }
    if let Some(id) = &message.client_msg_id {
        shown["client_msg_id"] = json!(id);
    }
    if let Some(name) = &message.username {
        shown["username"] = json!(name);
    }
    if let Some(bot) = message.bot_id.as_ref().and_then(|id| world.bot(id)) {
        shown["bot_id"] = json!(bot.id);
        shown["app_id"] = json!(bot.app_id);
        if message.username.is_none() {
            shown["bot_profile"] = json!({
                "id": bot.id, "deleted": false, "name": bot.name, "updated": bot.updated_secs,
                "app_id": bot.app_id, "user_id": bot.user, "icons": icons(bot, config), "team_id": team,
            });
        }
    }
    if !message.attachments.is_empty() {
        shown["attachments"] = json!(message.attachments);
    }
    if let Some(thread) = &message.thread_ts {
        shown["thread_ts"] = json!(thread);
    }
    if let Some(edited) = &message.edited {
        shown["edited"] = json!(edited);
    }
    if let Some(metadata) = &message.metadata {
        shown["metadata"] = metadata.clone();
    }
    if !message.files.is_empty() {
        let known = message.files.iter().filter_map(|id| world.files.get(id));
        shown["files"] = known.map(|file| files::render(world, config, file, true)).collect();
        shown["upload"] = json!(true);
        shown["display_as_bot"] = json!(false);
    }
    for (name, value) in &message.extra {
        shown[name] = value.clone();
    }
    shown
}

/// Whether a message is Slack's own notice of what happened in the channel.
fn is_notice(message: &Message) -> bool {
    message.subtype.as_deref().is_some_and(|subtype| subtype.starts_with("channel_") || subtype.starts_with("group_"))
}

/// The blocks that a message has: those it was posted with, or those that Slack makes of its text.
pub fn blocks(message: &Message) -> Vec<Value> {
    message.blocks.clone().unwrap_or_else(|| generated_blocks(message))
}

fn generated_blocks(message: &Message) -> Vec<Value> {
    if message.text.is_empty() {
        return Vec::new();
    }
    let id: String = message.ts.bytes().rev().take(5).map(|digit| char::from(b'a' + digit % 26)).collect();
    vec![text::rich_text(&message.text, &id, message.bot_id.is_none())]
}
