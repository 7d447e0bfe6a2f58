//! Organizations of several workspaces, channels that workspaces share, and what an installation reaches.

use serde_json::{Value, json};

use super::Slack;
use super::acts::Refusal;
use super::change::Change;
use super::events::{Audience, News, news};
use super::world::{Channel, ChannelKind, User, Workspace, World, ts};

/// Several workspaces of one company (Enterprise Grid).
#[derive(Debug, Clone, Default)]
pub struct Organization {
    pub id: String,
    pub name: String,
    pub domain: String,
    /// The bot of the app, once it was installed for all workspaces.
    pub app_bot: Option<String>,
}

impl Channel {
    /// The workspaces that see it: its own, and those that it is shared with.
    pub fn teams(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.team).chain(&self.shared_with)
    }

    pub fn is_in(&self, team: &str) -> bool {
        self.teams().any(|one| one == team)
    }
}

impl World {
    /// The workspaces of an installation: one, or all of an organization.
    pub fn workspaces_of<'a>(&'a self, installation: &str) -> impl Iterator<Item = &'a Workspace> {
        let is_of =
            move |team: &&Workspace| team.id == installation || team.organization.as_deref() == Some(installation);
        self.workspaces.values().filter(is_of)
    }

    pub fn organization_of(&self, team: &str) -> Option<&Organization> {
        self.organizations.get(self.workspaces.get(team)?.organization.as_ref()?)
    }

    pub fn reaches(&self, installation: &str, channel: &Channel) -> bool {
        self.workspaces_of(installation).any(|team| channel.is_in(&team.id))
    }

    /// The channels that a workspace sees, by id.
    pub fn channels_of(&self, team: &str) -> Vec<&Channel> {
        let all = self.workspaces.values().flat_map(|held| held.channels.values());
        let mut found: Vec<_> = all.filter(|channel| channel.is_in(team)).collect();
        found.sort_by(|one, other| one.id.cmp(&other.id));
        found
    }

    /// Whether another company is in a channel as well (Slack Connect).
    pub fn is_ext_shared(&self, channel: &Channel) -> bool {
        let company = |team: &str| self.organization_of(team).map_or(team.to_owned(), |held| held.id.clone());
        channel.shared_with.iter().any(|team| company(team) != company(&channel.team))
    }

    /// A person whom an installation may look up: its own, and whoever is in a channel with it.
    pub fn known_to(&self, installation: &str, user: &str) -> Option<&User> {
        let own = self.workspaces_of(installation).find_map(|team| team.users.get(user));
        own.or_else(|| {
            let shared = self.workspaces.values().flat_map(|team| team.channels.values());
            let mut shared = shared.filter(|channel| !channel.shared_with.is_empty());
            let meets = shared.any(|channel| channel.members.contains(user) && self.reaches(installation, channel));
            if meets { self.user(user) } else { None }
        })
    }

    pub(super) fn apply_to_sharing(&mut self, change: &Change) {
        let Change::Shared { channel, at_micros, team, shared } = change else { return };
        let people = self.workspaces.get(team).map(|team| team.users.clone()).unwrap_or_default();
        self.touch(channel, *at_micros, |channel| {
            if *shared {
                channel.shared_with.insert(team.clone());
            } else {
                channel.shared_with.remove(team);
                channel.members.retain(|member| !people.contains_key(member));
            }
        });
    }
}

/// What is told when a channel is shared with another workspace, or with it no more: to those who see it at
/// home, and for a public one to those of the other workspace as well.
pub fn told(world: &World, change: &Change) -> Vec<News> {
    let Change::Shared { channel, at_micros, team, shared } = change else { return Vec::new() };
    let Some(channel) = world.channel(channel) else { return Vec::new() };
    let (name, mut event) = if *shared {
        ("channel_shared", json!({ "connected_team_id": team }))
    } else {
        let more = json!({ "previously_connected_team_id": team, "is_ext_shared": world.is_ext_shared(channel) });
        ("channel_unshared", more)
    };
    event["type"] = json!(name);
    event["channel"] = json!(channel.id);
    event["event_ts"] = json!(ts(*at_micros));
    let scope = format!("{}:read", channel.kind.scope_name());
    let of = |team: &str, audience: Audience, event: Value| {
        news(name, Some(scope.clone()), team, audience, *at_micros, event)
    };
    if channel.kind != ChannelKind::Public {
        let audience = Audience::Members { channel: channel.id.clone(), and: None };
        return vec![of(&channel.team, audience, event)];
    }
    let mut other = event.clone();
    other[if *shared { "connected_team_id" } else { "previously_connected_team_id" }] = json!(channel.team);
    vec![of(&channel.team, Audience::Workspace, event), of(team, Audience::Workspace, other)]
}

impl Slack {
    /// An admin connects another company's workspace to a channel; its people are invited afterwards.
    pub fn act_share_channel(&self, user: &str, channel: &str, team: &str) -> Result<(), Refusal> {
        self.act(|state, now| {
            let found = state.open_to(channel, user)?;
            if matches!(found.kind, ChannelKind::Direct | ChannelKind::Group) || found.is_general {
                return Err("method_not_supported_for_channel_type");
            }
            if !state.world.workspaces.contains_key(team) {
                return Err("team_not_found");
            }
            if found.is_in(team) {
                return Err("already_in_channel");
            }
            let (channel, at_micros, team) = (channel.to_owned(), state.moment(now, channel), team.to_owned());
            state.change(now, Change::Shared { channel, at_micros, team, shared: true });
            Ok(())
        })
    }

    /// The workspace is disconnected again: its people are in the channel no more. The copy of the history that
    /// Slack leaves them is not emulated.
    pub fn act_unshare_channel(&self, channel: &str, team: &str) -> Result<(), Refusal> {
        self.act(|state, now| {
            if !state.channel(channel)?.shared_with.contains(team) {
                return Err("team_not_found");
            }
            let (channel, at_micros, team) = (channel.to_owned(), state.moment(now, channel), team.to_owned());
            state.change(now, Change::Shared { channel, at_micros, team, shared: false });
            Ok(())
        })
    }
}
