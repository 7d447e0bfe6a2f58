//! What a person or a test decides about an emulated Slack before it starts.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::api::limits::REDUCED_PAGE;
pub use super::rotation::Rotation;

/// Everything that is decided before the start. The default is a small quiet world without faults.
#[derive(Debug, Clone)]
pub struct Config {
    /// The same seed gives the same world, the same ids and the same chaos.
    pub seed: u64,
    pub world: WorldSize,
    pub app: App,
    /// A folder in which all that happens is kept as `slack.jsonl`, and read again at the start.
    pub journal: Option<PathBuf>,
    pub event_chaos: EventChaos,
    pub call_chaos: CallChaos,
    /// Which of the documented limits are enforced, with 429 and `Retry-After`.
    pub rate_limits: RateLimits,
    /// Whether the events that a call causes are always delivered before its answer.
    pub events_before_answer: bool,
    /// Whether people write now and then, and answer what they are asked.
    pub people: bool,
    /// How long after a person's message with a link its preview appears; `None` is never.
    pub unfurl_after: Option<Duration>,
    /// Whether a reply also tells the changed counters of its thread's first message.
    pub thread_counter_events: bool,
    /// The largest page of history and replies.
    pub history_page_max: usize,
    /// How long a cursor may be used; `None` is forever.
    pub cursor_life: Option<Duration>,
    /// What the addresses of avatars begin with. The router serves `/avatars/`.
    pub avatar_base: String,
    /// What the addresses of files begin with. The router serves `/files-pri/`, `/files-tmb/` and `/upload/`.
    pub files_base: String,
    /// What the addresses of sockets begin with. The router serves `/link/`.
    pub socket_base: String,
    /// How long after its completion an upload appears in its channel.
    pub share_after: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            seed: 1,
            world: WorldSize::default(),
            app: App::default(),
            journal: None,
            event_chaos: EventChaos::default(),
            call_chaos: CallChaos::default(),
            rate_limits: RateLimits::Off,
            events_before_answer: false,
            people: false,
            unfurl_after: Some(Duration::from_millis(800)),
            thread_counter_events: false,
            history_page_max: 999,
            cursor_life: None,
            avatar_base: "https://avatars.slack-edge.invalid/avatars/".into(),
            files_base: "https://files.slack.invalid/".into(),
            socket_base: "wss://wss-primary.slack.invalid".into(),
            share_after: Duration::from_millis(300),
        }
    }
}

/// Which limits are enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimits {
    Off,
    /// The published tiers, as for an app that a workspace built for itself.
    Tiers,
    /// The tiers, and history at one call a minute with 15 messages, as for an app that is sold outside
    /// the Marketplace.
    OutsideMarketplace,
}

impl Config {
    /// The largest page of history and replies that the app gets.
    pub fn history_page(&self) -> usize {
        match self.rate_limits {
            RateLimits::Off | RateLimits::Tiers => self.history_page_max,
            RateLimits::OutsideMarketplace => self.history_page_max.min(REDUCED_PAGE),
        }
    }
}

/// How large the world is that the seed makes. Counts are per workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldSize {
    pub workspaces: usize,
    /// Whether the workspaces are those of one organization.
    #[serde(default)]
    pub organization: bool,
    pub people: usize,
    /// Bots of other apps, which post in public channels.
    pub bots: usize,
    pub public_channels: usize,
    pub private_channels: usize,
    pub direct_chats: usize,
    pub group_chats: usize,
    /// Messages of the main timeline, for each public and private channel.
    pub messages_per_channel: usize,
    /// Messages of the main timeline, for each direct and group chat.
    pub messages_per_chat: usize,
    /// Threads for each channel; the replies come on top of the messages.
    pub threads_per_channel: usize,
    pub replies_per_thread: usize,
    /// How many days before the start the history begins.
    pub days: u32,
}

impl Default for WorldSize {
    fn default() -> WorldSize {
        WorldSize {
            workspaces: 1,
            organization: false,
            people: 8,
            bots: 2,
            public_channels: 4,
            private_channels: 2,
            direct_chats: 4,
            group_chats: 2,
            messages_per_channel: 40,
            messages_per_chat: 12,
            threads_per_channel: 3,
            replies_per_thread: 4,
            days: 60,
        }
    }
}

/// The one app that is registered at this Slack, as its settings pages would show it.
#[derive(Debug, Clone)]
pub struct App {
    pub app_id: String,
    pub name: String,
    pub client_id: String,
    pub client_secret: String,
    pub signing_secret: String,
    /// The token of the app itself, with which it opens sockets.
    pub app_token: String,
    /// Whether events come through sockets, and none go to an address.
    pub socket_mode: bool,
    /// Where a person may be sent after allowing: these addresses and those below them.
    /// An empty list lets any address pass, which Slack itself would not.
    pub redirect_urls: Vec<String>,
    /// Where events go. Without it nothing is delivered.
    pub events_url: Option<String>,
    pub bot_events: Vec<String>,
    pub user_events: Vec<String>,
    /// Whether tokens end, and how. Without it they live until they are revoked.
    pub rotation: Option<Rotation>,
}

impl Default for App {
    fn default() -> App {
        App {
            app_id: "A0SANDBOX1".into(),
            name: "Bothways".into(),
            client_id: "1000000000001.2000000000002".into(),
            client_secret: "5a6e0c1d9b8f47e2a3c4d5e6f7081920".into(),
            signing_secret: "8f742231b10e8888abcd99yyyzzz85a5".into(),
            app_token: "xapp-1-A0SANDBOX1-3000000000003-6e1b5f0a4c7d".into(),
            socket_mode: false,
            redirect_urls: Vec::new(),
            events_url: None,
            bot_events: ALL_EVENTS.iter().map(|name| (*name).to_owned()).collect(),
            user_events: ALL_EVENTS.iter().map(|name| (*name).to_owned()).collect(),
            rotation: None,
        }
    }
}

/// Every event that this emulator knows how to send.
pub const ALL_EVENTS: &[&str] = &[
    "app_uninstalled",
    "channel_archive",
    "channel_created",
    "channel_deleted",
    "channel_id_changed",
    "channel_left",
    "channel_rename",
    "channel_shared",
    "channel_unarchive",
    "channel_unshared",
    "emoji_changed",
    "file_change",
    "file_created",
    "file_deleted",
    "file_shared",
    "group_archive",
    "group_deleted",
    "group_left",
    "group_rename",
    "group_unarchive",
    "im_created",
    "member_joined_channel",
    "member_left_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
    "reaction_removed",
    "team_join",
    "tokens_revoked",
    "user_change",
];

/// How often events go wrong by themselves: probabilities between 0 and 1.
#[derive(Debug, Clone, Default)]
pub struct EventChaos {
    /// Told twice under the same event id.
    pub duplicate_same: f64,
    /// Told twice under two event ids.
    pub duplicate_new: f64,
    pub late: f64,
    /// How late a late or repeated event may be.
    pub delay_max_micros: i64,
    /// Told after the event that follows it.
    pub reorder: f64,
    /// Never told.
    pub drop: f64,
    /// Told before the call that caused it is answered.
    pub before_answer: f64,
}

/// How often calls go wrong by themselves: probabilities between 0 and 1.
#[derive(Debug, Clone, Default)]
pub struct CallChaos {
    /// The call takes effect; its answer is lost.
    pub answer_lost: f64,
    /// The answer is lost and the call takes effect later.
    pub answer_lost_late: f64,
    pub late_max_micros: i64,
    /// The call is lost before it takes effect.
    pub call_lost: f64,
    pub rate_limited: f64,
    pub retry_after_secs: u64,
    pub server_error: f64,
    /// All tokens end just before the call, where tokens rotate.
    pub tokens_expired: f64,
}
