//! `conversations.list`, `users.conversations`, `.info`, `.members`, `.open` and `.join`.

use serde_json::{Value, json};

use super::{Call, Refused};
use crate::slack::render;
use crate::slack::world::{Channel, ChannelKind, parse_ts, ts};

/// A group chat has this many people besides the one who opens it.
const OTHERS_MAX: usize = 8;

const KINDS: [ChannelKind; 4] = [ChannelKind::Public, ChannelKind::Private, ChannelKind::Direct, ChannelKind::Group];

pub fn list(call: &mut Call<'_>) -> Result<Value, Refused> {
    let wanted = kinds(call)?;
    let team = call.workspace()?;
    let mut visible = call.state.world.channels_of(&team.id);
    visible.retain(|channel| call.sees(channel));
    page_of(call, "channels", visible, &wanted, true)
}

pub fn of_user(call: &mut Call<'_>) -> Result<Value, Refused> {
    let wanted = kinds(call)?;
    let user = call.arguments.text("user").unwrap_or_else(|| call.token.user.clone());
    let team = call.workspace()?;
    if !team.users.contains_key(&user) {
        return Err("user_not_found".into());
    }
    let mut channels = call.state.world.channels_of(&team.id);
    channels.retain(|channel| channel.members.contains(&user) && call.sees(channel));
    page_of(call, "memberships", channels, &wanted, false)
}

/// Cuts the page first and sorts out afterwards, as Slack does: a page may be short, even empty.
fn page_of(
    call: &Call<'_>,
    list: &str,
    channels: Vec<&Channel>,
    wanted: &[ChannelKind],
    num_members: bool,
) -> Result<Value, Refused> {
    let limit = call.limit(None, 999)?;
    let (page, metadata) = call.page(list, channels, limit, |channel| channel.id.clone())?;
    let no_archived = call.arguments.flag("exclude_archived") == Some(true);
    let shown: Vec<Value> = page
        .into_iter()
        .filter(|channel| wanted.contains(&channel.kind) && !(no_archived && channel.is_archived))
        .map(|channel| render::channel(&call.state.world, channel, &call.token, num_members))
        .collect();
    Ok(json!({ "channels": shown, "response_metadata": metadata }))
}

/// The kinds that were asked for, each of which needs its own scope.
fn kinds(call: &Call<'_>) -> Result<Vec<ChannelKind>, Refused> {
    let names = call.arguments.words("types").unwrap_or_else(|| vec!["public_channel".into()]);
    let mut kinds = Vec::new();
    for name in names {
        let kind = KINDS.into_iter().find(|kind| kind.type_name() == name).ok_or("invalid_types")?;
        call.need(&format!("{}:read", kind.scope_name()))?;
        kinds.push(kind);
    }
    Ok(kinds)
}

pub fn info(call: &mut Call<'_>) -> Result<Value, Refused> {
    let channel = call.channel()?;
    call.need(&format!("{}:read", channel.kind.scope_name()))?;
    let num_members = call.arguments.flag("include_num_members") == Some(true);
    let mut shown = render::channel(&call.state.world, channel, &call.token, num_members);
    if call.is_member(channel) && (channel.kind == ChannelKind::Direct || !call.token.is_bot) {
        let read = channel.read.get(&call.token.user).copied();
        shown["last_read"] = json!(read.map_or_else(|| "0000000000.000000".to_owned(), ts));
    }
    Ok(json!({ "channel": shown }))
}

pub fn mark(call: &mut Call<'_>) -> Result<Value, Refused> {
    let channel = call.channel()?;
    call.need(&format!("{}:write", channel.kind.scope_name()))?;
    let (id, user, given) = (channel.id.clone(), call.token.user.clone(), call.argument("ts")?);
    let before = channel.read.get(&user).copied();
    call.state.mark(call.now_micros, &id, &user, &given)?;
    if parse_ts(&given) < before {
        call.state.set_back.insert((id, user));
    }
    Ok(json!({}))
}

pub fn members(call: &mut Call<'_>) -> Result<Value, Refused> {
    let channel = call.channel()?;
    call.need(&format!("{}:read", channel.kind.scope_name()))?;
    let members: Vec<String> = channel.members.iter().cloned().collect();
    let limit = call.limit(None, 999)?;
    let (members, metadata) = call.page(&format!("members-{}", channel.id), members, limit, Clone::clone)?;
    Ok(json!({ "members": members, "response_metadata": metadata }))
}

pub fn open(call: &mut Call<'_>) -> Result<Value, Refused> {
    let whole = call.arguments.flag("return_im") == Some(true);
    let (id, known) = match (call.arguments.text("channel"), call.arguments.words("users")) {
        (Some(id), _) => {
            let channel = call.visible(&id).filter(|channel| call.is_member(channel)).ok_or("channel_not_found")?;
            if matches!(channel.kind, ChannelKind::Public | ChannelKind::Private) {
                return Err("method_not_supported_for_channel_type".into());
            }
            (id, true)
        }
        (None, None) => return Err("users_list_not_supplied".into()),
        (None, Some(users)) if users.is_empty() => return Err("users_list_not_supplied".into()),
        (None, Some(mut users)) => {
            users.retain(|user| users_but_self(call, user));
            if users.len() > OTHERS_MAX {
                return Err("too_many_users".into());
            }
            call.need(if users.len() > 1 { "mpim:write" } else { "im:write" })?;
            for user in &users {
                let user = call.state.world.known_to(&call.token.team, user).ok_or("user_not_found")?;
                if user.deleted {
                    return Err("user_disabled".into());
                }
            }
            users.push(call.token.user.clone());
            call.state.open_chat(call.now_micros, &users)?
        }
    };
    let channel = call.visible(&id).ok_or("channel_not_found")?;
    let shown =
        if whole { render::channel(&call.state.world, channel, &call.token, false) } else { json!({ "id": id }) };
    let mut answer = json!({ "channel": shown });
    if known {
        answer["no_op"] = json!(true);
        answer["already_open"] = json!(true);
    }
    Ok(answer)
}

/// Oneself in the list is no other person; alone it means the chat with oneself.
fn users_but_self(call: &Call<'_>, user: &str) -> bool {
    user != call.token.user
}

pub fn join(call: &mut Call<'_>) -> Result<Value, Refused> {
    call.need(if call.token.is_bot { "channels:join" } else { "channels:write" })?;
    let id = call.channel()?.id.clone();
    let user = call.token.user.clone();
    let already = match call.state.join(call.now_micros, &id, &user, None) {
        Ok(()) => false,
        Err("already_in_channel") => true,
        Err(error) => return Err(error.into()),
    };
    let channel = call.channel()?;
    let mut answer = json!({ "channel": render::channel(&call.state.world, channel, &call.token, false) });
    if already {
        answer["warning"] = json!("already_in_channel");
        answer["response_metadata"] = json!({ "warnings": ["already_in_channel"] });
    }
    Ok(answer)
}
