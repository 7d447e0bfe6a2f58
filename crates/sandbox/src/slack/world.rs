//! What there is in the emulated Slack: workspaces, people, channels, messages, tokens, and the
//! events that wait for delivery.
//!
//! Plain data and questions to it. It changes only through `World::apply`, so a journal can replay it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reach::Organization;
use super::rotation::Rotation;

#[derive(Debug, Clone, Default)]
pub struct World {
    /// How many changes were applied; ids are made from it, so none is given twice.
    pub serial: u64,
    pub seed: u64,
    pub workspaces: BTreeMap<String, Workspace>,
    pub organizations: BTreeMap<String, Organization>,
    pub tokens: BTreeMap<String, Token>,
    /// How tokens end; none while they do not.
    pub rotation: Option<Rotation>,
    pub refreshes: BTreeMap<String, Refresh>,
    pub codes: BTreeMap<String, Code>,
    pub events_url: Option<String>,
    /// Events come through sockets, and not to that address.
    pub socket_mode: bool,
    pub files: BTreeMap<String, File>,
    pub pending: BTreeMap<u64, Pending>,
}

#[derive(Debug, Clone, Default)]
pub struct Workspace {
    pub id: String,
    pub name: String,
    pub domain: String,
    /// Whose workspace it is, where a company has several.
    pub organization: Option<String>,
    pub users: BTreeMap<String, User>,
    pub bots: BTreeMap<String, Bot>,
    pub channels: BTreeMap<String, Channel>,
    /// Custom emoji: name to address, or to `alias:name`.
    pub emoji: BTreeMap<String, String>,
    /// The bot of the app, once it was installed here.
    pub app_bot: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    pub id: String,
    pub team: String,
    pub name: String,
    pub real_name: String,
    pub display_name: String,
    pub email: Option<String>,
    pub timezone: String,
    pub deleted: bool,
    pub is_admin: bool,
    pub bot_id: Option<String>,
    pub updated_secs: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bot {
    pub id: String,
    pub team: String,
    pub app_id: String,
    pub user: String,
    pub name: String,
    pub updated_secs: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    Public,
    Private,
    Direct,
    Group,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Channel {
    pub id: String,
    pub team: String,
    pub kind: ChannelKind,
    pub name: String,
    pub creator: String,
    pub created_secs: i64,
    pub updated_millis: i64,
    pub is_archived: bool,
    pub is_general: bool,
    pub topic: String,
    pub purpose: String,
    pub previous_names: Vec<String>,
    pub members: BTreeSet<String>,
    /// The other workspaces that see it.
    #[serde(default)]
    pub shared_with: BTreeSet<String>,
    #[serde(default)]
    pub messages: BTreeMap<String, Message>,
    /// The replies of each thread, by the `ts` of its first message.
    #[serde(default)]
    pub threads: BTreeMap<String, BTreeSet<String>>,
    #[serde(default)]
    pub deleted: Vec<String>,
    /// How far each person has read, as microseconds.
    #[serde(default)]
    pub read: BTreeMap<String, i64>,
    /// The last `ts` that was given out here, also for events, as microseconds.
    #[serde(default)]
    pub last_micros: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub ts: String,
    /// Who wrote it, also where Slack does not show it.
    pub user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtype: Option<String>,
    pub text: String,
    /// `None`: made from the text whenever somebody looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Vec<Value>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_ts: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Edited>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_msg_id: Option<String>,
    /// Another name that the app asked to be shown under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Further fields of a system message, such as `inviter` or `old_name`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Value>,
    /// The files of a message, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileMode {
    Hosted,
    /// It stands at another service.
    External,
}

/// A file without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    pub id: String,
    pub team: String,
    pub user: String,
    pub name: String,
    pub title: String,
    pub mimetype: String,
    pub filetype: String,
    pub size: u64,
    /// SHA-256 of the bytes, in hex.
    pub digest: String,
    pub created_secs: i64,
    pub mode: FileMode,
    pub external_url: Option<String>,
    /// Messages only name it; `files.info` tells the rest.
    pub stub: bool,
    /// Whether it is handed out already.
    pub ready: bool,
    /// Whether its bytes have come.
    pub uploaded: bool,
    /// Whether the upload was completed, so that the file is there for others.
    pub completed: bool,
    pub deleted: bool,
    /// Channel to the `ts` of each message that it stands in.
    pub shares: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    pub user: String,
    pub ts: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    pub name: String,
    pub users: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub token: String,
    /// The workspace, or the organization, that the app was installed in.
    pub team: String,
    /// The bot user for a bot token, the person for a person's token.
    pub user: String,
    pub bot_id: String,
    pub is_bot: bool,
    pub scopes: BTreeSet<String>,
    pub revoked: bool,
    /// When it ends by itself, where tokens rotate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_micros: Option<i64>,
    /// What its successor is made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<String>,
}

/// A refresh token, and the access token that it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refresh {
    pub token: String,
    /// When it was first used.
    pub used_micros: Option<i64>,
    pub revoked: bool,
}

/// What a person allowed and the app has not fetched yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    pub code: String,
    /// The workspace or the organization to install in.
    pub team: String,
    pub user: String,
    pub redirect_uri: Option<String>,
    pub bot_scopes: BTreeSet<String>,
    pub user_scopes: BTreeSet<String>,
    pub expires_micros: i64,
    pub used: bool,
}

/// An event that was not delivered yet, or a URL check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    pub id: u64,
    pub due_micros: i64,
    pub url: String,
    pub body: Value,
    pub attempt: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_reason: Option<String>,
    /// Handed out and not reported back yet. Forgotten by a restart, so it is tried again.
    #[serde(skip)]
    pub taken: bool,
}

impl ChannelKind {
    /// The first half of its scopes, and the last half of its message event.
    pub fn scope_name(self) -> &'static str {
        match self {
            ChannelKind::Public => "channels",
            ChannelKind::Private => "groups",
            ChannelKind::Direct => "im",
            ChannelKind::Group => "mpim",
        }
    }

    /// `channel_type` in events.
    pub fn event_name(self) -> &'static str {
        match self {
            ChannelKind::Public => "channel",
            ChannelKind::Private => "group",
            ChannelKind::Direct => "im",
            ChannelKind::Group => "mpim",
        }
    }

    /// Its name in the parameter `types`.
    pub fn type_name(self) -> &'static str {
        match self {
            ChannelKind::Public => "public_channel",
            ChannelKind::Private => "private_channel",
            ChannelKind::Direct => "im",
            ChannelKind::Group => "mpim",
        }
    }
}

impl Channel {
    /// Whether a message stands in the main timeline, and not only in a thread.
    pub fn in_timeline(message: &Message) -> bool {
        match &message.thread_ts {
            Some(thread) => *thread == message.ts || message.subtype.as_deref() == Some("thread_broadcast"),
            None => true,
        }
    }

    pub fn replies(&self, thread: &str) -> impl DoubleEndedIterator<Item = &Message> {
        let replies = self.threads.get(thread);
        replies.into_iter().flatten().filter_map(|ts| self.messages.get(ts))
    }

    /// A new `ts`, greater than all that were given in this channel.
    pub fn next_micros(&self, now_micros: i64) -> i64 {
        now_micros.max(self.last_micros + 1)
    }
}

impl World {
    pub fn workspace_of(&self, user: &str) -> Option<&Workspace> {
        self.workspaces.values().find(|team| team.users.contains_key(user))
    }

    pub fn user(&self, user: &str) -> Option<&User> {
        self.workspaces.values().find_map(|team| team.users.get(user))
    }

    pub fn channel(&self, channel: &str) -> Option<&Channel> {
        self.workspaces.values().find_map(|team| team.channels.get(channel))
    }

    pub fn channel_mut(&mut self, channel: &str) -> Option<&mut Channel> {
        self.workspaces.values_mut().find_map(|team| team.channels.get_mut(channel))
    }

    pub fn message(&self, channel: &str, ts: &str) -> Option<&Message> {
        self.channel(channel)?.messages.get(ts)
    }

    /// The app's bot of an installation.
    pub fn app_bot(&self, installation: &str) -> Option<&Bot> {
        let own = self.workspaces.get(installation).and_then(|team| team.app_bot.as_ref());
        let wide = || self.organizations.get(installation)?.app_bot.as_ref();
        self.bot(own.or_else(wide)?)
    }

    pub fn bot(&self, id: &str) -> Option<&Bot> {
        self.workspaces.values().find_map(|team| team.bots.get(id))
    }
}

/// Seconds, a dot, six digits.
pub fn ts(micros: i64) -> String {
    format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000))
}

/// Reads what Slack itself could have written as a `ts`.
pub fn parse_ts(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(seconds) || !digits(fraction) || fraction.len() > 6 || seconds.len() > 12 {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
    Some(seconds.parse::<i64>().ok()? * 1_000_000 + micros)
}
