//! The one way in which the world changes. Every value in a change is final (no clock, no chance),
//! so that applying the same changes gives the same world.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config::WorldSize;
use super::pictures::EmojiChange;
use super::rotation::Rotation;
use super::seed;
use super::shelf::{react, unreact};
use super::world::{Bot, Channel, ChannelKind, Code, Edited, File, Message, Pending, Token, User, World, parse_ts};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The beginning: a world made from a seed, with its history before `at_micros`.
    Seeded {
        seed: u64,
        size: WorldSize,
        at_micros: i64,
    },
    Posted {
        channel: String,
        message: Message,
    },
    /// New content. `edited` is `None` where Slack does not call it an edit.
    Edited {
        channel: String,
        ts: String,
        at_micros: i64,
        text: String,
        blocks: Option<Vec<Value>>,
        attachments: Vec<Value>,
        metadata: Option<Value>,
        edited: Option<Edited>,
    },
    /// A preview of a link appeared.
    Unfurled {
        channel: String,
        ts: String,
        at_micros: i64,
        attachments: Vec<Value>,
    },
    Deleted {
        channel: String,
        ts: String,
        at_micros: i64,
    },
    Reacted {
        channel: String,
        ts: String,
        at_micros: i64,
        user: String,
        name: String,
    },
    Unreacted {
        channel: String,
        ts: String,
        at_micros: i64,
        user: String,
        name: String,
    },
    ChannelMade {
        channel: Box<Channel>,
    },
    Joined {
        channel: String,
        at_micros: i64,
        user: String,
        inviter: Option<String>,
    },
    Left {
        channel: String,
        at_micros: i64,
        user: String,
    },
    Renamed {
        channel: String,
        at_micros: i64,
        user: String,
        name: String,
    },
    Archived {
        channel: String,
        at_micros: i64,
        user: String,
        archived: bool,
    },
    TopicSet {
        channel: String,
        at_micros: i64,
        topic: String,
    },
    /// Somebody has read so far, or wants to have read no further.
    Marked {
        channel: String,
        user: String,
        micros: i64,
    },
    PurposeSet {
        channel: String,
        at_micros: i64,
        purpose: String,
    },
    MadePrivate {
        channel: String,
        at_micros: i64,
    },
    ChannelDeleted {
        channel: String,
        at_micros: i64,
        user: String,
    },
    ChannelIdChanged {
        old: String,
        new: String,
        at_micros: i64,
    },
    /// Another workspace sees the channel from now on, or no more.
    Shared {
        channel: String,
        at_micros: i64,
        team: String,
        shared: bool,
    },
    /// A file that is new, or whose upload goes on.
    FileMade {
        file: File,
    },
    /// A file stands in a message.
    FileShared {
        file: String,
        channel: String,
        ts: String,
        at_micros: i64,
        user: String,
    },
    /// A file is handed out from now on.
    FileReady {
        file: String,
    },
    /// A file is gone. `at` has a time for each channel that it stood in.
    FileDeleted {
        file: String,
        at: BTreeMap<String, i64>,
    },
    /// A workspace's own emoji are others by now.
    EmojiChanged {
        team: String,
        at_micros: i64,
        change: EmojiChange,
    },
    /// A person who is new, or not as before.
    Person {
        user: User,
    },
    /// The app's own bot came into a workspace.
    AppBot {
        bot: Bot,
        user: User,
    },
    TokenGiven {
        token: Token,
    },
    TokensRevoked {
        tokens: Vec<String>,
        uninstalled: bool,
    },
    /// The app's tokens end from now on.
    RotationOn {
        rotation: Rotation,
    },
    /// Access tokens that were replaced too often. Nobody is told.
    TokensEnded {
        tokens: Vec<String>,
    },
    /// Access tokens whose time is over.
    TokensExpired {
        tokens: Vec<String>,
        at_micros: i64,
    },
    RefreshUsed {
        refresh: String,
        at_micros: i64,
    },
    CodeGiven {
        code: Code,
    },
    CodeUsed {
        code: String,
    },
    EventsUrl {
        url: Option<String>,
    },
    SocketMode {
        on: bool,
    },
    Queued {
        event: Pending,
    },
    Postponed {
        id: u64,
        due_micros: i64,
        attempt: u32,
        reason: Option<String>,
    },
    Settled {
        id: u64,
    },
}

impl World {
    /// Applies one change. What does not fit the world (an unknown channel) changes nothing.
    pub fn apply(&mut self, change: &Change) {
        self.serial += 1;
        match change {
            Change::Seeded { seed, size, at_micros } => seed::fill(self, *seed, size, *at_micros),
            Change::Person { user } => {
                for team in self.workspaces.values_mut() {
                    // In an organization, one person may be in several workspaces.
                    if team.id == user.team || team.users.contains_key(&user.id) {
                        team.users.insert(user.id.clone(), user.clone());
                    }
                }
            }
            Change::AppBot { bot, user } => {
                if let Some(organization) = self.organizations.get_mut(&bot.team) {
                    organization.app_bot = Some(bot.id.clone());
                }
                for team in self.workspaces.values_mut() {
                    if team.id == bot.team {
                        team.app_bot = Some(bot.id.clone());
                    } else if team.organization.as_ref() != Some(&bot.team) {
                        continue;
                    }
                    team.users.insert(user.id.clone(), user.clone());
                    team.bots.insert(bot.id.clone(), bot.clone());
                }
            }
            Change::TokenGiven { .. }
            | Change::TokensRevoked { .. }
            | Change::RotationOn { .. }
            | Change::TokensEnded { .. }
            | Change::TokensExpired { .. }
            | Change::RefreshUsed { .. } => self.apply_to_tokens(change),
            Change::CodeGiven { code } => {
                self.codes.insert(code.code.clone(), code.clone());
            }
            Change::CodeUsed { code } => {
                if let Some(code) = self.codes.get_mut(code) {
                    code.used = true;
                }
            }
            Change::EmojiChanged { team, change, .. } => self.apply_to_emoji(team, change),
            Change::EventsUrl { url } => self.events_url.clone_from(url),
            Change::SocketMode { on } => self.socket_mode = *on,
            Change::Queued { event } => {
                self.pending.insert(event.id, event.clone());
            }
            Change::Postponed { id, due_micros, attempt, reason } => {
                if let Some(event) = self.pending.get_mut(id) {
                    event.due_micros = *due_micros;
                    event.attempt = *attempt;
                    event.retry_reason.clone_from(reason);
                    event.taken = false;
                }
            }
            Change::Settled { id } => {
                self.pending.remove(id);
            }
            Change::FileMade { .. }
            | Change::FileShared { .. }
            | Change::FileReady { .. }
            | Change::FileDeleted { .. } => {
                self.apply_to_files(change);
            }
            Change::ChannelMade { .. } | Change::ChannelIdChanged { .. } => self.apply_to_channels(change),
            Change::Marked { channel, user, micros } => {
                if let Some(channel) = self.channel_mut(channel) {
                    channel.read.insert(user.clone(), *micros);
                }
            }
            Change::Shared { .. } => self.apply_to_sharing(change),
            Change::TopicSet { .. } | Change::PurposeSet { .. } => self.apply_to_channels(change),
            Change::MadePrivate { .. } | Change::ChannelDeleted { .. } => self.apply_to_channels(change),
            Change::Joined { .. } | Change::Left { .. } | Change::Renamed { .. } | Change::Archived { .. } => {
                self.apply_to_channels(change);
            }
            Change::Posted { .. } | Change::Edited { .. } | Change::Unfurled { .. } => self.apply_to_messages(change),
            Change::Deleted { .. } | Change::Reacted { .. } | Change::Unreacted { .. } => {
                self.apply_to_messages(change);
            }
        }
    }

    fn apply_to_channels(&mut self, change: &Change) {
        match change {
            Change::ChannelMade { channel } => {
                if let Some(team) = self.workspaces.get_mut(&channel.team) {
                    team.channels.insert(channel.id.clone(), (**channel).clone());
                }
            }
            Change::Joined { channel, at_micros, user, .. } => self.touch(channel, *at_micros, |channel| {
                channel.members.insert(user.clone());
            }),
            Change::Left { channel, at_micros, user } => self.touch(channel, *at_micros, |channel| {
                channel.members.remove(user);
            }),
            Change::Renamed { channel, at_micros, name, .. } => self.touch(channel, *at_micros, |channel| {
                let old = std::mem::replace(&mut channel.name, name.clone());
                channel.previous_names.insert(0, old);
                channel.updated_millis = at_micros / 1000;
            }),
            Change::Archived { channel, at_micros, archived, .. } => self.touch(channel, *at_micros, |channel| {
                channel.is_archived = *archived;
                channel.updated_millis = at_micros / 1000;
            }),
            Change::TopicSet { channel, at_micros, topic } => self.touch(channel, *at_micros, |channel| {
                channel.topic.clone_from(topic);
            }),
            Change::PurposeSet { channel, at_micros, purpose } => self.touch(channel, *at_micros, |channel| {
                channel.purpose.clone_from(purpose);
            }),
            Change::MadePrivate { channel, at_micros } => self.touch(channel, *at_micros, |channel| {
                channel.kind = ChannelKind::Private;
            }),
            Change::ChannelDeleted { channel, .. } => {
                for team in self.workspaces.values_mut() {
                    team.channels.remove(channel);
                }
            }
            Change::ChannelIdChanged { old, new, .. } => {
                for team in self.workspaces.values_mut() {
                    if let Some(mut channel) = team.channels.remove(old) {
                        channel.id.clone_from(new);
                        team.channels.insert(new.clone(), channel);
                    }
                }
                self.move_files(old, new);
            }
            _ => {}
        }
    }

    fn apply_to_messages(&mut self, change: &Change) {
        match change {
            Change::Posted { channel, message } => {
                let at_micros = parse_ts(&message.ts).unwrap_or(0);
                self.touch(channel, at_micros, |channel| channel.put(message.clone()));
            }
            Change::Edited { channel, ts, at_micros, text, blocks, attachments, metadata, edited } => {
                self.touch_message(channel, ts, *at_micros, |message| {
                    message.text.clone_from(text);
                    message.blocks.clone_from(blocks);
                    message.attachments.clone_from(attachments);
                    message.metadata.clone_from(metadata);
                    if edited.is_some() {
                        message.edited.clone_from(edited);
                    }
                });
            }
            Change::Unfurled { channel, ts, at_micros, attachments } => {
                self.touch_message(channel, ts, *at_micros, |message| {
                    message.attachments.extend(attachments.iter().cloned());
                });
            }
            Change::Deleted { channel, ts, at_micros } => {
                self.touch(channel, *at_micros, |channel| channel.remove(ts));
            }
            Change::Reacted { channel, ts, at_micros, user, name } => {
                self.touch_message(channel, ts, *at_micros, |message| react(message, user, name));
            }
            Change::Unreacted { channel, ts, at_micros, user, name } => {
                self.touch_message(channel, ts, *at_micros, |message| unreact(message, user, name));
            }
            _ => {}
        }
    }

    pub(super) fn touch(&mut self, channel: &str, at_micros: i64, change: impl FnOnce(&mut Channel)) {
        if let Some(channel) = self.channel_mut(channel) {
            channel.last_micros = channel.last_micros.max(at_micros);
            change(channel);
        }
    }

    fn touch_message(&mut self, channel: &str, ts: &str, at_micros: i64, change: impl FnOnce(&mut Message)) {
        self.touch(channel, at_micros, |channel| {
            if let Some(message) = channel.messages.get_mut(ts) {
                change(message);
            }
        });
    }
}
