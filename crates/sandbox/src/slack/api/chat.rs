//! `chat.postMessage`, `chat.update`, `chat.delete` and `chat.getPermalink`.

use serde_json::{Value, json};

use super::{Call, Refused};
use crate::slack::acts::{Edit, Posting, checked_ts};
use crate::slack::people;
use crate::slack::render;
use crate::slack::state::Later;
use crate::slack::text::{self, Rules};
use crate::slack::world::ChannelKind;

/// The longest text of an edit.
const UPDATE_TEXT_MAX: usize = 4_000;
const BLOCKS_MAX: usize = 50;
const ATTACHMENTS_MAX: usize = 100;

pub fn post_message(call: &mut Call<'_>) -> Result<Value, Refused> {
    let id = target(call)?;
    let channel = call.visible(&id).ok_or("channel_not_found")?;
    if channel.is_archived {
        return Err("is_archived".into());
    }
    let public = channel.kind == ChannelKind::Public && call.token.scopes.contains("chat:write.public");
    if !call.is_member(channel) && !public {
        return Err("not_in_channel".into());
    }
    let username = call.arguments.text("username");
    if username.is_some() {
        call.need("chat:write.customize")?;
    }
    let thread_ts = call.arguments.text("thread_ts");
    let posting = Posting {
        user: call.token.user.clone(),
        bot_id: Some(call.token.bot_id.clone()),
        text: self::text(call, call.arguments.text("parse").as_deref() != Some("none")),
        blocks: blocks(call)?.filter(|blocks| !blocks.is_empty()),
        attachments: attachments(call)?.unwrap_or_default(),
        thread_ts: thread_ts.map(|ts| checked_ts(&ts).ok_or("invalid_thread_ts")).transpose()?,
        broadcast: call.arguments.flag("reply_broadcast") == Some(true),
        subtype: username.as_ref().map(|_| "bot_message".to_owned()),
        metadata: metadata(call)?.flatten(),
        username,
        unfurl: call.arguments.flag("unfurl_links") == Some(true),
        files: Vec::new(),
    };
    let thread = posting.thread_ts.clone();
    let ts = call.state.post_anywhere(call.now_micros, &id, posting)?;
    if call.state.config.people {
        let pause = people::REPLY_AFTER_MICROS + call.state.below(people::REPLY_AFTER_MICROS);
        let later = Later::Reply { channel: id.clone(), ts: ts.clone(), thread };
        call.state.schedule_in(call.now_micros, pause, later);
    }
    let message = shown(call, &id, &ts)?;
    Ok(json!({ "channel": id, "ts": ts, "message": message }))
}

/// The channel that a post goes to: by id, by name, or the chat with a person.
fn target(call: &mut Call<'_>) -> Result<String, Refused> {
    let given = call.arguments.text("channel").ok_or("channel_not_found")?;
    let world = &call.state.world;
    if world.workspaces_of(&call.token.team).any(|team| team.users.contains_key(&given)) {
        let both = [given, call.token.user.clone()];
        return Ok(call.state.open_chat(call.now_micros, &both)?.0);
    }
    let name = given.trim_start_matches('#');
    let channels = world.workspaces_of(&call.token.team).flat_map(|team| team.channels.values());
    let named = channels.into_iter().find(|channel| !channel.name.is_empty() && channel.name == name);
    Ok(match named {
        Some(channel) if world.channel(&given).is_none() => channel.id.clone(),
        _ => given,
    })
}

fn text(call: &Call<'_>, link_urls: bool) -> String {
    let given = call.arguments.text("text").or_else(|| call.arguments.text("markdown_text")).unwrap_or_default();
    let link_names =
        call.arguments.flag("link_names") == Some(true) || call.arguments.text("parse").as_deref() == Some("full");
    call.state.read_text(&call.token.user, &given, Rules { escaped: true, link_urls, link_names })
}

pub fn blocks(call: &Call<'_>) -> Result<Option<Vec<Value>>, Refused> {
    let mut blocks = call.arguments.list("blocks", "invalid_blocks_format")?;
    for (index, block) in blocks.iter_mut().flatten().enumerate() {
        if !block["type"].is_string() || (block["type"] == "rich_text" && !text::is_rich_text(block)) {
            return Err("invalid_blocks".into());
        }
        if !block["block_id"].is_string() {
            block["block_id"] = json!(call.state.new_id("", &format!("block {index}"), 5));
        }
    }
    if blocks.as_ref().is_some_and(|blocks| blocks.len() > BLOCKS_MAX) {
        return Err("invalid_blocks".into());
    }
    Ok(blocks)
}

fn attachments(call: &Call<'_>) -> Result<Option<Vec<Value>>, Refused> {
    let mut attachments = call.arguments.list("attachments", "invalid_attachments")?;
    if attachments.as_ref().is_some_and(|attachments| attachments.len() > ATTACHMENTS_MAX) {
        return Err("too_many_attachments".into());
    }
    for (index, attachment) in attachments.iter_mut().flatten().enumerate() {
        if !attachment.is_object() {
            return Err("invalid_attachments".into());
        }
        attachment["id"] = json!(index + 1);
    }
    Ok(attachments)
}

/// `None`: not given. `Some(None)`: an empty object, which takes the metadata away.
fn metadata(call: &Call<'_>) -> Result<Option<Option<Value>>, Refused> {
    let Some(metadata) = call.arguments.json("metadata").map_err(|_| "invalid_metadata_format")? else {
        return Ok(None);
    };
    match metadata.as_object() {
        Some(fields) if fields.is_empty() => Ok(Some(None)),
        Some(fields) if fields.get("event_type").is_some_and(Value::is_string) => {
            let payload = fields.get("event_payload").cloned().unwrap_or_else(|| json!({}));
            Ok(Some(Some(json!({ "event_type": fields["event_type"], "event_payload": payload }))))
        }
        _ => Err("invalid_metadata_format".into()),
    }
}

fn shown(call: &Call<'_>, channel: &str, ts: &str) -> Result<Value, Refused> {
    let channel = call.state.channel(channel)?;
    let message = channel.messages.get(ts).ok_or("message_not_found")?;
    Ok(render::message(&call.state.world, &call.state.config, channel, message))
}

/// The message of the call, in a channel that the token's owner sees.
fn addressed(call: &Call<'_>) -> Result<(String, String), Refused> {
    let channel = call.channel()?;
    let ts = call.argument("ts")?;
    if !channel.messages.contains_key(&ts) {
        return Err("message_not_found".into());
    }
    Ok((channel.id.clone(), ts))
}

pub fn update(call: &mut Call<'_>) -> Result<Value, Refused> {
    let (channel, ts) = addressed(call)?;
    let message = call.state.world.message(&channel, &ts).ok_or("message_not_found")?.clone();
    let blocks = blocks(call)?;
    let attachments = attachments(call)?;
    let has_text = call.arguments.text("text").or_else(|| call.arguments.text("markdown_text")).is_some();
    let given = blocks.iter().flatten().next().is_some() || attachments.iter().flatten().next().is_some();
    if !has_text && !given {
        return Err("no_text".into());
    }
    let text = if has_text {
        self::text(call, call.arguments.text("parse").as_deref() != Some("none"))
    } else {
        message.text.clone()
    };
    if text.chars().count() > UPDATE_TEXT_MAX {
        return Err("msg_too_long".into());
    }
    let is_bot = call.token.is_bot;
    if is_bot && message.bot_id.as_deref() != Some(&call.token.bot_id) {
        return Err("cant_update_message".into());
    }
    let editor = if is_bot { call.token.bot_id.clone() } else { call.token.user.clone() };
    let edit = Edit {
        // Blocks that are not sent along are gone; Slack makes new ones from the text.
        blocks: if has_text || blocks.is_some() {
            blocks.filter(|blocks| !blocks.is_empty())
        } else {
            message.blocks.clone()
        },
        attachments: attachments.unwrap_or_else(|| message.attachments.clone()),
        metadata: metadata(call)?.unwrap_or_else(|| message.metadata.clone()),
        editor: has_text.then_some(editor),
        text,
    };
    let user = call.token.user.clone();
    call.state.edit(call.now_micros, &channel, &ts, &user, edit)?;
    let mut message = shown(call, &channel, &ts)?;
    let text = message["text"].clone();
    if let Some(fields) = message.as_object_mut() {
        fields.remove("ts");
    }
    Ok(json!({ "channel": channel, "ts": ts, "text": text, "message": message }))
}

pub fn delete(call: &mut Call<'_>) -> Result<Value, Refused> {
    let (channel, ts) = addressed(call)?;
    let user = call.token.user.clone();
    call.state.delete(call.now_micros, &channel, &ts, &user)?;
    Ok(json!({ "channel": channel, "ts": ts }))
}

pub fn permalink(call: &mut Call<'_>) -> Result<Value, Refused> {
    let channel = call.channel()?;
    let ts = call.argument("message_ts")?;
    let message = channel.messages.get(&ts).ok_or("message_not_found")?;
    let world = &call.state.world;
    let domain = world.workspaces_of(&call.token.team).next().map_or("", |team| team.domain.as_str());
    let mut permalink = format!("https://{domain}.slack.com/archives/{}/p{}", channel.id, ts.replace('.', ""));
    if let Some(thread) = message.thread_ts.as_ref().filter(|thread| **thread != ts) {
        permalink.push_str(&format!("?thread_ts={thread}&cid={}", channel.id));
    }
    Ok(json!({ "channel": channel.id, "permalink": permalink }))
}
