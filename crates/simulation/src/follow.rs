//! An app that follows the feed, and reads the messages that it names.

use crate::world::{Party, World, lock};
use model::{
    event::{EventKind, Subject},
    facets::{Content, ReactionSet},
    id::{ChatId, ExternalId, MessageId},
    message::{Direction, Message, PendingChange, Problem, Status},
};
use std::collections::BTreeMap;

/// What the app holds.
#[derive(Default)]
pub struct Follower {
    held: BTreeMap<MessageId, View>,
    position: u64,
    at_step: u64,
}

/// What a reader sees of a message. What is deleted has no reactions to them.
#[derive(Debug, PartialEq)]
struct View {
    chat: ChatId,
    name: Option<ExternalId>,
    content: Option<Content>,
    deleted: bool,
    direction: Direction,
    status: Status,
    error: Option<Problem>,
    change: Option<PendingChange>,
    reactions: ReactionSet,
}

impl World {
    /// The app reads the messages that new events name, once `steps` have gone by. It reads nothing that
    /// a power failure could take back.
    pub fn follow(&mut self, steps: u64) {
        if self.memory.unsynced() > 0 || self.executor.steps < self.seen.follower.at_step + steps {
            return;
        }
        let follower = &mut self.seen.follower;
        follower.at_step = self.executor.steps;
        let rows: BTreeMap<_, _> = self.memory.all_messages().into_iter().map(|row| (row.id, row)).collect();
        let from = follower.position;
        for event in self.memory.synced_events().into_iter().filter(|event| event.position > from) {
            follower.position = event.position;
            match (event.event.subject, event.event.kind) {
                (Subject::Message(id), _) => {
                    let row = rows.get(&id).filter(|row| row.is_shown());
                    row.map(|row| follower.held.insert(id, view(row)));
                    if event.event.kind == EventKind::MessageMerged {
                        // Slack shows our mark on all that is ours, so nobody may ever see it doubled.
                        lock(&self.wrong).push(format!("P5: what {} sent was shown as two: {id}", event.customer_id));
                    }
                }
                (Subject::Chat(chat), EventKind::ChatDeleted) => follower.held.retain(|_, held| held.chat != chat),
                _ => {}
            }
        }
    }

    /// Nothing that a reader sees changes without an event.
    pub fn compare_follower(&mut self, party: &Party) -> Result<(), String> {
        let rows = self.memory.all_messages().into_iter();
        for row in rows.filter(|row| row.customer_id == party.customer && row.is_shown()) {
            let (held, shown) = (self.seen.follower.held.get(&row.id), view(&row));
            if held != Some(&shown) {
                return Err(format!("the feed of {} leaves an app with {held:?} of {shown:?}", party.customer));
            }
            self.count("followed", 1);
        }
        Ok(())
    }
}

fn view(row: &Message) -> View {
    View {
        chat: row.chat_id,
        name: row.external_id.clone(),
        content: row.facets.shown().cloned(),
        deleted: row.facets.is_deleted(),
        direction: row.direction,
        status: row.status,
        error: row.error.clone(),
        change: row.pending_change.clone(),
        reactions: if row.facets.is_deleted() { ReactionSet::default() } else { row.facets.reactions.now() },
    }
}
