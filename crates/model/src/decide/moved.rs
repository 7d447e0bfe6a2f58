//! Chats that get another id at their platform.
//!
//! The row takes the new id, and keeps the old one as a name. Its messages stay named under the first id
//! that it had (`Chat::named_under`), and whatever is told under any of its ids is put under that one
//! before it is decided on. So a move writes a row or two, however large the chat is.

use super::work::{Row, Work};
use crate::{
    changes::{Naming, Thing, Write},
    chat::{Chat, ChatState},
    facets::Version,
    id::{ChatId, ExternalId},
};

impl Work<'_> {
    /// The chat bears another id by now. The new id may have been heard of first, and have a row.
    pub(super) fn take_move(&mut self, from: &ExternalId, into: &ExternalId, version: Version) {
        let other = self.known.other_chat.take();
        match (self.chat.take(), other) {
            (None, None) => {}
            // Only the new id is known: what is still told under the old one leads to it.
            (None, Some(held)) => {
                self.beside.push(self.leads(Write::Name, from.clone(), held.id));
                let mut kept = Row::held(held);
                kept.after.aliases.insert(from.clone(), version);
                self.chat = Some(kept);
            }
            (Some(mut row), None) => {
                if !row.after.is_called(into) {
                    self.beside.push(self.leads(Write::Name, into.clone(), row.after.id));
                    call(&mut row.after, from, into, version);
                }
                self.chat = Some(row);
            }
            (Some(row), Some(other)) => self.join(row, Row::held(other), from, version),
        }
    }

    /// Both ids have a row. One stands for both: the one that is imported, or else the older one.
    fn join(&mut self, row: Row<Chat>, other: Row<Chat>, from: &ExternalId, version: Version) {
        let keeps_old = row.after.is_imported() || !other.after.is_imported();
        let (mut kept, gone) = if keeps_old { (row, other) } else { (other, row) };
        for name in gone.after.aliases.keys().chain([&gone.after.external_id]) {
            self.beside.push(self.leads(Write::Rename, name.clone(), kept.after.id));
        }
        kept.after.aliases.extend(gone.after.aliases.clone());
        kept.after.aliases.insert(gone.after.external_id.clone(), version);
        kept.after.member = kept.after.member.max(gone.after.member);
        // Its message bears a name of the row that goes; the place is the same in both.
        kept.after.read = kept.after.read.take().max(gone.after.read.clone());
        if keeps_old && kept.after.external_id == *from {
            // The other may bear a newer id by now, if this move was told late.
            call(&mut kept.after, from, &gone.after.external_id, version);
            kept.after.aliases.remove(&gone.after.external_id);
        }
        if gone.after.is_imported() {
            // What it held is at the platform, under the id that the other has by now, and is read again.
            // What was accepted and has not left yet is nowhere else, and must be done first.
            self.beside.push(Write::Quiet(gone.after.id));
            self.beside.push(Write::EmptyChat(gone.after.id));
            self.chat_merged_from = Some((gone.after.id, gone.after.revision + 1));
        }
        let mut gone = gone.after;
        gone.state = ChatState::Deleted;
        gone.generation += 1;
        gone.revision += 1;
        gone.updated_at = self.context.now;
        self.beside.push(Write::Chat(gone));
        self.chat = Some(kept);
    }

    fn leads(&self, write: fn(Naming) -> Write, external_id: ExternalId, chat: ChatId) -> Write {
        write(Naming { connection_id: self.known.connection.id, external_id, thing: Thing::Chat(chat) })
    }
}

/// A chat that no longer bears the old id had the new one in between, and bears a newer one by now: the move
/// was told late.
fn call(chat: &mut Chat, from: &ExternalId, into: &ExternalId, version: Version) {
    if chat.external_id != *from {
        chat.aliases.insert(into.clone(), version);
        return;
    }
    let old = std::mem::replace(&mut chat.external_id, into.clone());
    chat.begun_here = false;
    chat.named_under.get_or_insert_with(|| old.clone());
    chat.aliases.insert(old, version);
}
