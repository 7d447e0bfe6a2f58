//! Slack's JSON as Slack writes it.
//!
//! Slack leaves fields out, sends `null`, `{}` or `[]` in their place, and adds new ones without
//! notice. So all but what a thing cannot be without is read leniently: what has an unexpected shape
//! counts as missing, and never makes its message unreadable.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// Reads a field; one of another shape counts as missing.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// Reads a nested object; anything else counts as missing. A list would pass for an object without fields.
fn object<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(deserializer: D) -> Result<T, D::Error> {
    let value = Some(Value::deserialize(deserializer)?).filter(Value::is_object);
    Ok(value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}

/// Reads a list, without the items of another shape.
fn items<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let Value::Array(items) = Value::deserialize(deserializer)? else { return Ok(Vec::new()) };
    Ok(items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect())
}

/// Reads a text; an empty one counts as missing.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    })
}

/// What an HTTP request of the Events API holds.
#[derive(Debug, Deserialize)]
pub struct Envelope {
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub kind: String,
    #[serde(default, deserialize_with = "text")]
    pub challenge: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub team_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub context_team_id: Option<String>,
    /// People of other workspaces are in the channel.
    #[serde(default, deserialize_with = "lenient")]
    pub is_ext_shared_channel: bool,
    #[serde(default, deserialize_with = "text")]
    pub enterprise_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub event_time: i64,
    #[serde(default, deserialize_with = "items")]
    pub authorizations: Vec<Authorization>,
    #[serde(default)]
    pub event: Value,
}

impl Envelope {
    /// Reads a request's body. None if it is no JSON object.
    pub fn read(body: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(body).ok()?;
        value.is_object().then(|| serde_json::from_value(value).ok())?
    }
}

/// One of the installations that an event is for.
#[derive(Debug, Deserialize)]
pub struct Authorization {
    #[serde(default, deserialize_with = "text")]
    pub enterprise_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub team_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub is_enterprise_install: bool,
}

/// A message, in an event, a history or an answer.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Message {
    #[serde(default, deserialize_with = "text")]
    pub ts: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub subtype: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub user: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub username: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub bot_id: Option<String>,
    #[serde(default, deserialize_with = "object")]
    pub bot_profile: Option<Bot>,
    #[serde(default, deserialize_with = "lenient")]
    pub text: String,
    #[serde(default, deserialize_with = "items")]
    pub blocks: Vec<Value>,
    #[serde(default, deserialize_with = "items")]
    pub attachments: Vec<Value>,
    #[serde(default, deserialize_with = "items")]
    pub files: Vec<File>,
    #[serde(default, deserialize_with = "object")]
    pub edited: Option<Edited>,
    #[serde(default, deserialize_with = "text")]
    pub thread_ts: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub reply_count: u64,
    /// None where the field is missing, which means none in a history and nothing in an event.
    #[serde(default, deserialize_with = "lenient")]
    pub reactions: Option<Vec<Reaction>>,
    #[serde(default, deserialize_with = "object")]
    pub metadata: Option<Metadata>,
    #[serde(default, deserialize_with = "lenient")]
    pub hidden: bool,
}

/// That a person changed a message. Without a `ts` it says nothing.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Edited {
    #[serde(default, deserialize_with = "text")]
    pub ts: Option<String>,
}

/// What an app hung on a message.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Metadata {
    #[serde(default, deserialize_with = "lenient")]
    pub event_type: String,
    #[serde(default)]
    pub event_payload: Value,
}

/// One emoji under a message. `users` may be cut short, `count` is right.
#[derive(Clone, Debug, Deserialize)]
pub struct Reaction {
    pub name: String,
    #[serde(default, deserialize_with = "items")]
    pub users: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub count: u64,
}

/// A file of a message.
#[derive(Clone, Debug, Deserialize)]
pub struct File {
    pub id: String,
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub title: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub mimetype: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub size: Option<u64>,
    #[serde(default, deserialize_with = "text")]
    pub mode: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub permalink: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub is_external: bool,
    /// `check_file_info` where the file is only named.
    #[serde(default, deserialize_with = "text")]
    pub file_access: Option<String>,
    /// For an external file, the address of the other service.
    #[serde(default, deserialize_with = "text")]
    pub url_private: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub url_private_download: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub thumb_360: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub thumb_360_w: Option<u32>,
    #[serde(default, deserialize_with = "lenient")]
    pub thumb_360_h: Option<u32>,
    /// In seconds.
    #[serde(default, deserialize_with = "lenient")]
    pub created: i64,
    /// Where it stands: by sort of channel, channel, and place. Only `files.info` says.
    #[serde(default)]
    pub shares: Value,
}

impl File {
    /// The `ts` of the first message that it stands in, in a channel.
    pub fn shared_in(&self, channel: &str) -> Option<String> {
        let sorts = self.shares.as_object()?.values();
        let places = sorts.filter_map(|sort| sort[channel].as_array()).flatten();
        places.filter_map(|place| place["ts"].as_str()).min().map(str::to_owned)
    }
}

/// What an event of the type `message` holds beside the message itself.
#[derive(Debug, Deserialize)]
pub struct MessageNews {
    #[serde(default, deserialize_with = "text")]
    pub channel: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub ts: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub event_ts: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub deleted_ts: Option<String>,
    #[serde(default, deserialize_with = "object")]
    pub message: Option<Message>,
    #[serde(default, deserialize_with = "object")]
    pub previous_message: Option<Message>,
}

/// `reaction_added` and `reaction_removed`.
#[derive(Debug, Deserialize)]
pub struct ReactionNews {
    #[serde(default, deserialize_with = "text")]
    pub user: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub reaction: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub event_ts: Option<String>,
    pub item: ReactionItem,
}

/// What was reacted to.
#[derive(Debug, Deserialize)]
pub struct ReactionItem {
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub kind: String,
    #[serde(default, deserialize_with = "text")]
    pub channel: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub ts: Option<String>,
}

/// A channel, group or direct chat.
#[derive(Clone, Debug, Deserialize)]
pub struct Channel {
    pub id: String,
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub is_im: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub is_mpim: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub is_private: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub is_archived: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub is_ext_shared: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub is_member: Option<bool>,
    /// In seconds.
    #[serde(default, deserialize_with = "lenient")]
    pub created: Option<i64>,
    /// How far the one who asks has read, where Slack says it.
    #[serde(default, deserialize_with = "text")]
    pub last_read: Option<String>,
    /// The other one of a direct chat.
    #[serde(default, deserialize_with = "text")]
    pub user: Option<String>,
    #[serde(default, deserialize_with = "object")]
    pub topic: Topic,
    #[serde(default, deserialize_with = "object")]
    pub purpose: Topic,
}

/// A channel's topic or purpose.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Topic {
    #[serde(default, deserialize_with = "text")]
    pub value: Option<String>,
}

/// A person, or the user that a bot appears as.
#[derive(Clone, Debug, Deserialize)]
pub struct User {
    pub id: String,
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub real_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub deleted: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub is_bot: bool,
    #[serde(default, deserialize_with = "object")]
    pub profile: Profile,
}

/// What people see of a person.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Profile {
    #[serde(default, deserialize_with = "text")]
    pub display_name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub real_name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub email: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub image_72: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub bot_id: Option<String>,
}

/// A bot, of `bots.info` or on a message.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Bot {
    #[serde(default, deserialize_with = "text")]
    pub id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub user_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub deleted: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub updated: i64,
    #[serde(default, deserialize_with = "object")]
    pub icons: Icons,
}

/// A bot's pictures.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Icons {
    #[serde(default, deserialize_with = "text")]
    pub image_72: Option<String>,
}

/// `auth.test`.
#[derive(Debug, Deserialize)]
pub struct AuthTest {
    #[serde(default, deserialize_with = "text")]
    pub team_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub team: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub enterprise_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub is_enterprise_install: bool,
    pub user_id: String,
    #[serde(default, deserialize_with = "text")]
    pub user: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub bot_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub app_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub url: Option<String>,
}

/// A workspace in a list of them.
#[derive(Debug, Deserialize)]
pub struct Team {
    pub id: String,
}

/// `oauth.v2.access`, whose top level is the bot's part.
#[derive(Debug, Deserialize)]
pub struct OAuthAccess {
    #[serde(default, deserialize_with = "object")]
    pub authed_user: AuthedUser,
    #[serde(default, deserialize_with = "text")]
    pub access_token: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub refresh_token: Option<String>,
    /// In how many seconds the token ends, where the app rotates its tokens.
    #[serde(default, deserialize_with = "lenient")]
    pub expires_in: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub scope: String,
    #[serde(default, deserialize_with = "text")]
    pub app_id: Option<String>,
}

/// The person's part of an installation.
#[derive(Debug, Default, Deserialize)]
pub struct AuthedUser {
    #[serde(default, deserialize_with = "text")]
    pub id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub access_token: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub refresh_token: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub expires_in: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub scope: String,
}
