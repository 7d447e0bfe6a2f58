//! What there is, as plain values that a test can compare.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::render;
use super::world::{Channel, ChannelKind, File, Message, World, ts};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    pub workspaces: BTreeMap<String, WorkspaceSnapshot>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkspaceSnapshot {
    pub id: String,
    pub name: String,
    pub channels: BTreeMap<String, ChannelSnapshot>,
    /// Files that were taken and stand in no message, or not yet.
    pub unshared: Vec<FileSnapshot>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelSnapshot {
    pub id: String,
    pub team: String,
    pub kind: ChannelKind,
    pub name: String,
    pub is_archived: bool,
    pub members: BTreeSet<String>,
    /// How far each person has read.
    pub read: BTreeMap<String, String>,
    /// Replies included, ordered by `ts`.
    pub messages: Vec<MessageSnapshot>,
    /// The `ts` of each deleted message, in the order of deletion.
    pub deleted: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MessageSnapshot {
    pub ts: String,
    /// Who wrote it, also where Slack does not say it.
    pub user: String,
    pub bot_id: Option<String>,
    pub subtype: Option<String>,
    pub text: String,
    /// As the API shows them.
    pub blocks: Vec<Value>,
    /// The `ts` of the last edit.
    pub edited: Option<String>,
    pub thread_ts: Option<String>,
    /// Emoji to the users who reacted with it.
    pub reactions: BTreeMap<String, BTreeSet<String>>,
    pub metadata: Option<Value>,
    /// The files that stand in it and are not deleted.
    pub files: Vec<FileSnapshot>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FileSnapshot {
    pub id: String,
    pub name: String,
    pub size: u64,
    /// SHA-256 of the bytes, in hex.
    pub digest: String,
}

impl FileSnapshot {
    fn of(file: &File) -> Self {
        Self { id: file.id.clone(), name: file.name.clone(), size: file.size, digest: file.digest.clone() }
    }
}

/// A person or bot of a workspace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UserSnapshot {
    pub id: String,
    pub team: String,
    pub name: String,
    pub real_name: String,
    pub display_name: String,
    pub email: Option<String>,
    pub is_bot: bool,
    pub deleted: bool,
}

pub fn take(world: &World) -> Snapshot {
    snapshot(world, channel)
}

/// Everything but the messages.
pub fn outline(world: &World) -> Snapshot {
    snapshot(world, head)
}

fn snapshot(world: &World, shown: impl Fn(&World, &Channel) -> ChannelSnapshot) -> Snapshot {
    let workspaces = world.workspaces.values().map(|team| {
        let channels = team.channels.values().map(|found| (found.id.clone(), shown(world, found))).collect();
        let files = world.files.values().filter(|file| file.team == team.id && file.completed && !file.deleted);
        let unshared = files.filter(|file| file.shares.is_empty()).map(FileSnapshot::of).collect();
        (team.id.clone(), WorkspaceSnapshot { id: team.id.clone(), name: team.name.clone(), channels, unshared })
    });
    Snapshot { workspaces: workspaces.collect() }
}

pub fn users(world: &World) -> Vec<UserSnapshot> {
    let users = world.workspaces.values().flat_map(|team| team.users.values());
    users
        .map(|user| UserSnapshot {
            id: user.id.clone(),
            team: user.team.clone(),
            name: user.name.clone(),
            real_name: user.real_name.clone(),
            display_name: user.display_name.clone(),
            email: user.email.clone(),
            is_bot: user.bot_id.is_some(),
            deleted: user.deleted,
        })
        .collect()
}

pub fn channel(world: &World, channel: &Channel) -> ChannelSnapshot {
    ChannelSnapshot {
        messages: channel.messages.values().map(|held| message(world, held)).collect(),
        deleted: channel.deleted.clone(),
        ..head(world, channel)
    }
}

fn head(_: &World, channel: &Channel) -> ChannelSnapshot {
    ChannelSnapshot {
        id: channel.id.clone(),
        team: channel.team.clone(),
        kind: channel.kind,
        name: channel.name.clone(),
        is_archived: channel.is_archived,
        members: channel.members.clone(),
        read: channel.read.iter().map(|(user, micros)| (user.clone(), ts(*micros))).collect(),
        messages: Vec::new(),
        deleted: Vec::new(),
    }
}

fn message(world: &World, message: &Message) -> MessageSnapshot {
    MessageSnapshot {
        ts: message.ts.clone(),
        user: message.user.clone(),
        bot_id: message.bot_id.clone(),
        subtype: message.subtype.clone(),
        text: message.text.clone(),
        blocks: render::blocks(message),
        edited: message.edited.as_ref().map(|edited| edited.ts.clone()),
        thread_ts: message.thread_ts.clone(),
        reactions: message
            .reactions
            .iter()
            .map(|reaction| (reaction.name.clone(), reaction.users.iter().cloned().collect()))
            .collect(),
        metadata: message.metadata.clone(),
        files: message
            .files
            .iter()
            .filter_map(|id| world.files.get(id))
            .filter(|file| !file.deleted)
            .map(FileSnapshot::of)
            .collect(),
    }
}

impl ChannelSnapshot {
    pub fn texts(&self) -> Vec<&str> {
        self.messages.iter().map(|message| message.text.as_str()).collect()
    }

    pub fn message(&self, ts: &str) -> Option<&MessageSnapshot> {
        self.messages.iter().find(|message| message.ts == ts)
    }
}
