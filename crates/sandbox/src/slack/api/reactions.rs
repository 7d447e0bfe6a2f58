//! `reactions.add`, `reactions.remove` and `reactions.get`.

use serde_json::{Value, json};

use super::{Call, Refused};
use crate::slack::render;
use crate::slack::world::parse_ts;

/// The message that a reaction is about, if the token's owner may react there.
fn item(call: &Call<'_>) -> Result<(String, String), Refused> {
    if !call.arguments.given("channel") || !call.arguments.given("timestamp") {
        return Err("no_item_specified".into());
    }
    let channel = call.channel()?;
    let ts = call.arguments.text("timestamp").filter(|ts| parse_ts(ts).is_some()).ok_or("bad_timestamp")?;
    Ok((channel.id.clone(), ts))
}

pub fn add(call: &mut Call<'_>) -> Result<Value, Refused> {
    let (channel, ts) = item(call)?;
    let name = call.arguments.text("name").ok_or("invalid_name")?;
    let user = call.token.user.clone();
    call.state.react(call.now_micros, &channel, &ts, &user, &name)?;
    Ok(json!({}))
}

pub fn remove(call: &mut Call<'_>) -> Result<Value, Refused> {
    let (channel, ts) = item(call)?;
    let name = call.arguments.text("name").ok_or("invalid_name")?;
    let user = call.token.user.clone();
    call.state.unreact(call.now_micros, &channel, &ts, &user, &name)?;
    Ok(json!({}))
}

pub fn get(call: &mut Call<'_>) -> Result<Value, Refused> {
    let (channel, ts) = item(call)?;
    let channel = call.visible(&channel).filter(|channel| call.is_member(channel)).ok_or("channel_not_found")?;
    let message = channel.messages.get(&ts).ok_or("message_not_found")?;
    let shown = render::message(&call.state.world, &call.state.config, channel, message);
    Ok(json!({ "type": "message", "channel": channel.id, "message": shown }))
}
