//! What people and apps do with channels: making, joining, leaving, renaming, archiving them.
//!
//! The errors are Slack's own strings.

use serde_json::{Value, json};

use super::acts::Refusal;
use super::change::Change;
use super::state::State;
use super::world::{Channel, ChannelKind, Message, parse_ts, ts};

impl State {
    pub fn join(&mut self, now_micros: i64, channel: &str, user: &str, inviter: Option<&str>) -> Result<(), Refusal> {
        let found = self.channel(channel)?;
        if found.is_archived {
            return Err("is_archived");
        }
        if matches!(found.kind, ChannelKind::Direct | ChannelKind::Group) {
            return Err("method_not_supported_for_channel_type");
        }
        if found.kind == ChannelKind::Private && inviter.is_none() {
            return Err("channel_not_found");
        }
        if found.members.contains(user) {
            return Err("already_in_channel");
        }
        let own = self.world.workspaces.values().filter(|team| team.users.contains_key(user));
        if !own.into_iter().any(|team| found.is_in(&team.id)) {
            return Err("user_team_not_in_channel");
        }
        let at_micros = self.moment(now_micros, channel);
        self.change(
            now_micros,
            Change::Joined {
                channel: channel.to_owned(),
                at_micros,
                user: user.to_owned(),
                inviter: inviter.map(str::to_owned),
            },
        );
        let extra = inviter.map_or(json!({}), |inviter| json!({ "inviter": inviter }));
        self.notice(now_micros, channel, user, "join", format!("<@{user}> has joined the channel"), extra);
        Ok(())
    }

    pub fn leave(&mut self, now_micros: i64, channel: &str, user: &str) -> Result<(), Refusal> {
        let found = self.channel(channel)?;
        if !found.members.contains(user) {
            return Err("not_in_channel");
        }
        if found.is_general {
            return Err("cant_leave_general");
        }
        let at_micros = self.moment(now_micros, channel);
        self.notice(now_micros, channel, user, "leave", format!("<@{user}> has left the channel"), json!({}));
        let at_micros = at_micros.max(self.moment(now_micros, channel));
        let (channel, user) = (channel.to_owned(), user.to_owned());
        self.change(now_micros, Change::Left { channel, at_micros, user });
        Ok(())
    }

    pub fn rename(&mut self, now_micros: i64, channel: &str, user: &str, name: &str) -> Result<(), Refusal> {
        let found = self.open_to(channel, user)?;
        let old = found.name.clone();
        let taken = self.world.workspaces[&found.team].channels.values().any(|other| other.name == name);
        if name.is_empty() || name.len() > 80 || name.contains([' ', '#', '@']) {
            return Err("invalid_name");
        }
        if taken {
            return Err("name_taken");
        }
        let at_micros = self.moment(now_micros, channel);
        self.change(
            now_micros,
            Change::Renamed { channel: channel.to_owned(), at_micros, user: user.to_owned(), name: name.to_owned() },
        );
        let text = format!("has renamed the channel from \"{old}\" to \"{name}\"");
        self.notice(now_micros, channel, user, "name", text, json!({ "name": name, "old_name": old }));
        Ok(())
    }

    /// Sets what is talked about, or what the channel is for. A notice in the channel tells of it, and
    /// no event of its own.
    pub fn describe(
        &mut self,
        now_micros: i64,
        channel: &str,
        user: &str,
        words: &str,
        purpose: bool,
    ) -> Result<(), Refusal> {
        self.open_to(channel, user)?;
        let at_micros = self.moment(now_micros, channel);
        let id = channel.to_owned();
        let (change, kind, text, extra) = if purpose {
            let change = Change::PurposeSet { channel: id, at_micros, purpose: words.to_owned() };
            (change, "purpose", format!("set the channel description: {words}"), json!({ "purpose": words }))
        } else {
            let change = Change::TopicSet { channel: id, at_micros, topic: words.to_owned() };
            (change, "topic", format!("set the channel topic: {words}"), json!({ "topic": words }))
        };
        self.change(now_micros, change);
        self.notice(now_micros, channel, user, kind, text, extra);
        Ok(())
    }

    /// A public channel becomes a private one; it keeps its id.
    pub fn make_private(&mut self, now_micros: i64, channel: &str, user: &str) -> Result<(), Refusal> {
        if self.open_to(channel, user)?.kind != ChannelKind::Public {
            return Err("method_not_supported_for_channel_type");
        }
        let at_micros = self.moment(now_micros, channel);
        self.change(now_micros, Change::MadePrivate { channel: channel.to_owned(), at_micros });
        let message = Message {
            ts: ts(self.moment(now_micros, channel)),
            user: user.to_owned(),
            subtype: Some("channel_convert_to_private".to_owned()),
            text: "made this channel *private*.".to_owned(),
            ..Message::default()
        };
        self.change(now_micros, Change::Posted { channel: channel.to_owned(), message });
        Ok(())
    }

    pub fn delete_channel(&mut self, now_micros: i64, channel: &str, user: &str) -> Result<(), Refusal> {
        let found = self.channel(channel)?;
        if found.is_general {
            return Err("cant_delete_general");
        }
        let at_micros = self.moment(now_micros, channel);
        let (channel, user) = (channel.to_owned(), user.to_owned());
        self.change(now_micros, Change::ChannelDeleted { channel, at_micros, user });
        Ok(())
    }

    pub fn archive(&mut self, now_micros: i64, channel: &str, user: &str, archived: bool) -> Result<(), Refusal> {
        let found = self.channel(channel)?;
        match (found.is_archived, archived) {
            (true, true) => return Err("already_archived"),
            (false, false) => return Err("not_archived"),
            _ => {}
        }
        let at_micros = self.moment(now_micros, channel);
        let (channel, user) = (channel.to_owned(), user.to_owned());
        self.change(now_micros, Change::Archived { channel, at_micros, user, archived });
        Ok(())
    }

    /// Sets how far somebody has read. Slack lets it go backwards.
    pub fn mark(&mut self, now_micros: i64, channel: &str, user: &str, given: &str) -> Result<(), Refusal> {
        let found = self.channel(channel)?;
        if !found.members.contains(user) {
            return Err("not_in_channel");
        }
        let micros = parse_ts(given).ok_or("invalid_timestamp")?;
        let (channel, user) = (channel.to_owned(), user.to_owned());
        self.change(now_micros, Change::Marked { channel, user, micros });
        Ok(())
    }

    /// Opens the chat of these people, or finds it: its id, and whether it was there.
    pub fn open_chat(&mut self, now_micros: i64, members: &[String]) -> Result<(String, bool), Refusal> {
        let mut members: Vec<String> = members.to_vec();
        members.sort();
        members.dedup();
        let team = members.first().and_then(|user| self.world.workspace_of(user)).ok_or("user_not_found")?;
        if members.iter().any(|user| !team.users.contains_key(user)) {
            return Err("user_not_found");
        }
        let kind = if members.len() > 2 { ChannelKind::Group } else { ChannelKind::Direct };
        let same = |channel: &&Channel| channel.kind == kind && channel.members.iter().eq(members.iter());
        if let Some(channel) = team.channels.values().find(same) {
            return Ok((channel.id.clone(), true));
        }
        let names: Vec<&str> = members.iter().map(|user| team.users[user].name.as_str()).collect();
        let name = if kind == ChannelKind::Group { format!("mpdm-{}-1", names.join("--")) } else { String::new() };
        let channel = self.blank_channel(now_micros, &team.id, kind, &name, &members[0], members.iter().cloned());
        let id = channel.id.clone();
        self.change(now_micros, Change::ChannelMade { channel: Box::new(channel) });
        Ok((id, false))
    }

    pub fn create_channel(
        &mut self,
        now_micros: i64,
        user: &str,
        name: &str,
        private: bool,
    ) -> Result<String, Refusal> {
        let team = self.world.workspace_of(user).ok_or("user_not_found")?;
        if team.channels.values().any(|channel| channel.name == name) {
            return Err("name_taken");
        }
        let kind = if private { ChannelKind::Private } else { ChannelKind::Public };
        let channel = self.blank_channel(now_micros, &team.id, kind, name, user, [user.to_owned()].into_iter());
        let id = channel.id.clone();
        self.change(now_micros, Change::ChannelMade { channel: Box::new(channel) });
        Ok(id)
    }

    fn blank_channel(
        &self,
        now_micros: i64,
        team: &str,
        kind: ChannelKind,
        name: &str,
        creator: &str,
        members: impl Iterator<Item = String>,
    ) -> Channel {
        let prefix = if kind == ChannelKind::Direct { "D0" } else { "C0" };
        Channel {
            id: self.new_id(prefix, "channel", 9),
            team: team.to_owned(),
            kind,
            name: name.to_owned(),
            creator: creator.to_owned(),
            created_secs: now_micros.div_euclid(1_000_000),
            updated_millis: now_micros.div_euclid(1000),
            is_archived: false,
            is_general: false,
            topic: String::new(),
            purpose: String::new(),
            previous_names: Vec::new(),
            members: members.collect(),
            shared_with: Default::default(),
            messages: Default::default(),
            threads: Default::default(),
            deleted: Vec::new(),
            read: Default::default(),
            last_micros: 0,
        }
    }

    /// Slack's own line in a channel about what happened there.
    fn notice(&mut self, now_micros: i64, channel: &str, user: &str, kind: &str, text: String, extra: Value) {
        let Ok(found) = self.channel(channel) else { return };
        if !matches!(found.kind, ChannelKind::Public | ChannelKind::Private) {
            return;
        }
        let family = if found.kind == ChannelKind::Public { "channel" } else { "group" };
        let message = Message {
            ts: ts(found.next_micros(now_micros)),
            user: user.to_owned(),
            subtype: Some(format!("{family}_{kind}")),
            text,
            extra: serde_json::from_value(extra).unwrap_or_default(),
            ..Message::default()
        };
        self.change(now_micros, Change::Posted { channel: channel.to_owned(), message });
    }
}
