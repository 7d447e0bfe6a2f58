//! The workspace's own emoji: people change them, and in the end every customer knows what there is.

use crate::world::{Party, World};
use model::{
    connection::Connection,
    emoji::Picture,
    sync_status::{SyncKind, SyncState, SyncStatus},
};
use std::collections::BTreeMap;

/// Somebody adds an emoji or another name of one, renames one, or removes one with its other names.
pub fn change_emoji(world: &mut World) -> Option<String> {
    if !world.chance.one_in(4) {
        return None;
    }
    let people = world.slack.users();
    let user = world.chance.pick(&people)?;
    let held: Vec<_> = world.slack.emoji(&user.team).into_keys().collect();
    let one = world.chance.pick(&held).cloned().unwrap_or_default();
    let name = format!("own-{}", world.chance.below(12));
    let done = match world.chance.below(5) {
        0 | 1 => world.slack.act_add_emoji(&user.id, &name, &format!("https://emoji.invalid/{name}.png")),
        2 => world.slack.act_add_emoji(&user.id, &name, &format!("alias:{one}")),
        3 => world.slack.act_rename_emoji(&user.id, &one, &name),
        _ => world.slack.act_remove_emoji(&user.id, &one),
    };
    done.ok()?;
    Some(format!("{} changes {one} or {name}", user.id))
}

impl World {
    /// Whether each connection listed the emoji since all faults ended, by itself and in its own time.
    pub fn are_emoji_listed(&self) -> bool {
        let runs = self.memory.all_sync_statuses();
        let listed = |own: &Connection| {
            let since = |run: &&SyncStatus| run.created_at >= self.recovered_at && run.connection_id == own.id;
            let done = |run: &SyncStatus| run.kind == SyncKind::Emoji && run.state == SyncState::Completed;
            runs.iter().filter(since).any(done)
        };
        self.memory.all_connections().iter().all(listed)
    }

    /// P9: what a customer knows of the emoji is what there is, though news of them were lost.
    pub fn compare_emoji(&mut self, party: &Party) -> Result<(), String> {
        let Some(user) = self.slack.users().into_iter().find(|one| one.id == party.user) else { return Ok(()) };
        let there = self.slack.emoji(&user.team);
        let held = self.memory.all_emoji().into_iter().filter(|one| one.connection_id == party.connection);
        let here: BTreeMap<_, _> = held.filter_map(|one| Some((one.name, as_slack_says(one.picture?)))).collect();
        if here != there {
            return Err(format!("P9: {} knows the emoji {here:?}, there are {there:?}", party.customer));
        }
        self.count("emoji", there.len());
        Ok(())
    }
}

fn as_slack_says(picture: Picture) -> String {
    match picture {
        Picture::Address(address) => address,
        Picture::Alias(name) => format!("alias:{name}"),
        Picture::Character(character) => format!("a name of {character}"), // Nobody makes such a name here.
    }
}
