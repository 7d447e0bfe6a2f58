//! `users.list`, `users.info`, `bots.info`, `team.info` and `emoji.list`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Call, Refused};
use crate::slack::render;
use crate::slack::world::{User, ts};

/// Above this many people Slack does not answer without a limit.
const WITHOUT_LIMIT_MAX: usize = 1_000;

pub fn list(call: &mut Call<'_>) -> Result<Value, Refused> {
    let team = call.workspace()?;
    if !call.arguments.given("limit") && team.users.len() > WITHOUT_LIMIT_MAX {
        return Err("limit_required".into());
    }
    let users: Vec<&User> = team.users.values().collect();
    let limit = call.limit(Some(WITHOUT_LIMIT_MAX), WITHOUT_LIMIT_MAX)?;
    let (users, metadata) = call.page("user", users, limit, |user| user.id.clone())?;
    let emails = call.token.scopes.contains("users:read.email");
    let members: Vec<Value> = users.into_iter().map(|user| render::user(user, &call.state.config, emails)).collect();
    Ok(json!({
        "members": members, "cache_ts": call.now_micros / 1_000_000, "response_metadata": metadata,
    }))
}

pub fn info(call: &mut Call<'_>) -> Result<Value, Refused> {
    let id = call.arguments.text("user").ok_or("user_not_found")?;
    let world = &call.state.world;
    let user = world.known_to(&call.token.team, &id).ok_or("user_not_found")?;
    // Of people of other companies no address is shown.
    let own = world.workspaces_of(&call.token.team).any(|team| team.users.contains_key(&id));
    let emails = own && call.token.scopes.contains("users:read.email");
    Ok(json!({ "user": render::user(user, &call.state.config, emails) }))
}

pub fn bots_info(call: &mut Call<'_>) -> Result<Value, Refused> {
    let Some(id) = call.arguments.text("bot") else { return Ok(json!({})) };
    let world = &call.state.world;
    let bot = world.bot(&id).filter(|bot| world.known_to(&call.token.team, &bot.user).is_some());
    let bot = bot.ok_or("bot_not_found")?;
    Ok(json!({ "bot": render::bot(bot, &call.state.config) }))
}

pub fn team_info(call: &mut Call<'_>) -> Result<Value, Refused> {
    let asked = call.arguments.text("team");
    let mut own = call.state.world.workspaces_of(&call.token.team);
    let team = own.find(|team| asked.as_ref().is_none_or(|asked| *asked == team.id)).ok_or("team_not_found")?;
    let icon = format!("{}{}.svg", call.state.config.avatar_base, team.id);
    Ok(json!({ "team": {
        "id": team.id, "name": team.name, "domain": team.domain, "email_domain": "",
        "url": format!("https://{}.slack.com/", team.domain), "is_verified": false,
        "icon": { "image_34": icon, "image_68": icon, "image_132": icon, "image_default": true },
    } }))
}

pub fn emoji_list(call: &mut Call<'_>) -> Result<Value, Refused> {
    // An organization's emoji are those of all its workspaces.
    let own = call.state.world.workspaces_of(&call.token.team);
    let emoji: BTreeMap<_, _> = own.flat_map(|team| &team.emoji).collect();
    Ok(json!({ "emoji": emoji, "cache_ts": ts(call.now_micros) }))
}
