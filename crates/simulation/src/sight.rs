//! Chats that nobody can find again, since the news of their move were lost and nothing tells them apart.

use crate::{slack::theirs, world::World};
use model::{chat::Chat, id::ExternalId, message::Message};

/// What the first id of a chat begins with that was begun here.
const BEGUN: &str = "new:";

impl World {
    /// It got another id while nobody could hear of it, and there is nothing to recognise it by: nothing was
    /// known that is still there.
    pub fn is_out_of_sight(&self, chat: &Chat) -> bool {
        let id = chat.external_id.as_str();
        let by_now = self.seen.by_now(id);
        if by_now == id {
            return false;
        }
        let there = self.slack.channel(by_now).map(|channel| theirs(&channel, chat.named_under().as_str()));
        let is_there = |row: &Message| {
            let written = row.facets.content.as_ref().is_some_and(|content| !content.value.system);
            let lives = |name: &ExternalId| there.as_ref().is_some_and(|there| there.contains_key(name.as_str()));
            row.chat_id == chat.id && row.external_id.as_ref().is_some_and(lives) && !row.facets.is_deleted() && written
        };
        !self.memory.all_messages().iter().any(is_there)
    }

    /// Why nobody can tell what became of a send.
    pub fn why_uncertain(&self, row: &Message) -> Option<&'static str> {
        if self.sender_was_away(row) {
            Some("the sender was away")
        } else if self.was_out_of_sight(row) {
            Some("nothing told of a move")
        } else {
            None
        }
    }

    /// Whoever is not in a chat any more cannot look what became of a send.
    fn sender_was_away(&self, row: &Message) -> bool {
        let party = self.parties.iter().find(|party| party.connection == row.connection_id);
        let chat = self.memory.all_chats().into_iter().find(|chat| chat.id == row.chat_id);
        party.zip(chat).is_some_and(|(party, chat)| self.seen.ever_left(&party.user, chat.external_id.as_str()))
    }

    /// Its chat moved, and may have been found again only when it was too late.
    fn was_out_of_sight(&self, row: &Message) -> bool {
        let has_moved = |chat: &Chat| chat.named_under.as_ref().is_some_and(|id| !id.as_str().starts_with(BEGUN));
        let moved = |chat: &Chat| has_moved(chat) || self.is_out_of_sight(chat);
        self.memory.all_chats().iter().any(|chat| chat.id == row.chat_id && moved(chat))
    }
}
