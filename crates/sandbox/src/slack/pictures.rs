//! A workspace's own emoji: people add, rename and remove them, and the app is told.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Slack;
use super::acts::Refusal;
use super::change::Change;
use super::emoji;
use super::events::{Audience, News, news};
use super::state::State;
use super::world::{World, ts};

/// Aliases of a workspace's emoji begin with this.
const ALIAS: &str = "alias:";

/// What becomes of a workspace's own emoji.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmojiChange {
    /// `value` is an address, or `alias:name`.
    Added {
        name: String,
        value: String,
    },
    Removed {
        names: Vec<String>,
    },
    Renamed {
        old: String,
        new: String,
    },
}

impl World {
    pub(super) fn apply_to_emoji(&mut self, team: &str, change: &EmojiChange) {
        let Some(team) = self.workspaces.get_mut(team) else { return };
        match change {
            EmojiChange::Added { name, value } => {
                team.emoji.insert(name.clone(), value.clone());
            }
            EmojiChange::Removed { names } => team.emoji.retain(|name, _| !names.contains(name)),
            EmojiChange::Renamed { old, new } => {
                if let Some(value) = team.emoji.remove(old) {
                    team.emoji.insert(new.clone(), value);
                }
            }
        }
    }
}

/// What is told of a change that was just applied.
pub fn told(world: &World, team: &str, at_micros: i64, change: &EmojiChange) -> Vec<News> {
    let value = |name: &str| world.workspaces.get(team).and_then(|team| team.emoji.get(name)).cloned();
    let mut event = match change {
        EmojiChange::Added { name, value } => json!({ "subtype": "add", "name": name, "value": value }),
        EmojiChange::Removed { names } => json!({ "subtype": "remove", "names": names }),
        EmojiChange::Renamed { old, new } => {
            json!({ "subtype": "rename", "old_name": old, "new_name": new, "value": value(new) })
        }
    };
    event["type"] = json!("emoji_changed");
    event["event_ts"] = json!(ts(at_micros));
    vec![news("emoji_changed", Some("emoji:read".into()), team, Audience::Workspace, at_micros, event)]
}

impl State {
    fn change_emoji(&mut self, now_micros: i64, user: &str, change: EmojiChange) -> Result<(), Refusal> {
        let team = self.world.workspace_of(user).ok_or("user_not_found")?;
        let has = |name: &str| team.emoji.contains_key(name);
        let is_free = |name: &str| !has(name) && emoji::canonical(name).is_none();
        match &change {
            EmojiChange::Added { name, .. } if !is_free(name) => return Err("error_name_taken"),
            EmojiChange::Added { value, .. } => {
                let leads_nowhere = |name: &str| !has(name) && emoji::canonical(name).is_none();
                if value.strip_prefix(ALIAS).is_some_and(leads_nowhere) {
                    return Err("emoji_not_found");
                }
            }
            EmojiChange::Removed { names } if !names.iter().all(|name| has(name)) => return Err("emoji_not_found"),
            EmojiChange::Renamed { old, .. } if !has(old) => return Err("emoji_not_found"),
            EmojiChange::Renamed { new, .. } if !is_free(new) => return Err("error_name_taken"),
            EmojiChange::Removed { .. } | EmojiChange::Renamed { .. } => {}
        }
        let team = team.id.clone();
        self.change(now_micros, Change::EmojiChanged { team, at_micros: now_micros, change });
        Ok(())
    }
}

impl Slack {
    /// Somebody adds an emoji of the workspace's own, or another name (`alias:name`) of one.
    pub fn act_add_emoji(&self, user: &str, name: &str, value: &str) -> Result<(), Refusal> {
        let change = EmojiChange::Added { name: name.to_owned(), value: value.to_owned() };
        self.act(|state, now| state.change_emoji(now, user, change))
    }

    /// Removes one. Its other names go with it.
    pub fn act_remove_emoji(&self, user: &str, name: &str) -> Result<(), Refusal> {
        self.act(|state, now| {
            let team = state.world.workspace_of(user).ok_or("user_not_found")?;
            let leads_here = |value: &String| value.strip_prefix(ALIAS) == Some(name);
            let aliases = team.emoji.iter().filter(|(_, value)| leads_here(value)).map(|(alias, _)| alias.clone());
            let names = std::iter::once(name.to_owned()).chain(aliases).collect();
            state.change_emoji(now, user, EmojiChange::Removed { names })
        })
    }

    pub fn act_rename_emoji(&self, user: &str, old: &str, new: &str) -> Result<(), Refusal> {
        let change = EmojiChange::Renamed { old: old.to_owned(), new: new.to_owned() };
        self.act(|state, now| state.change_emoji(now, user, change))
    }

    /// A workspace's own emoji, by name.
    pub fn emoji(&self, team: &str) -> std::collections::BTreeMap<String, String> {
        self.lock().world.workspaces.get(team).map(|team| team.emoji.clone()).unwrap_or_default()
    }
}
