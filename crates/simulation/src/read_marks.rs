//! How far chats are read, compared on both sides.

use crate::world::{Party, World};
use model::chat::Chat;

impl World {
    /// P3: what was read here is read there, where the person's own token can say so.
    pub fn compare_read(&mut self, party: &Party, chat: &Chat) -> Result<(), String> {
        let connections = self.memory.all_connections();
        let own = connections.iter().find(|connection| connection.id == party.connection);
        let Some(mark) = chat.read.as_ref().filter(|_| own.is_some_and(|own| own.abilities.mark_read)) else {
            return Ok(());
        };
        let Some(channel) = self.slack.channels().into_iter().find(|one| one.id == chat.external_id.as_str()) else {
            return Ok(());
        };
        let there = channel.read.get(&party.user).cloned().unwrap_or_default();
        let here = mark.message.as_str().split_once(':').map_or("", |(_, ts)| ts);
        // A mark of ours may land after the person read further there, and Slack then sets theirs back.
        if self.slack.is_set_back(&channel.id, &party.user) {
            self.count("marks set back", 1);
            return Ok(());
        }
        if chat.read_there.as_ref() == Some(mark) && here > there.as_str() {
            return Err(format!("P3: {} read {} up to {here} here, {there} there", party.customer, channel.id));
        }
        self.count("read marks", 1);
        Ok(())
    }
}
