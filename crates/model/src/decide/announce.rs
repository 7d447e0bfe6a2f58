//! What followers of the feed hear of a message that changed, and whose doing it was.

use super::work::{Row, Work};
use crate::{
    changes::Changes,
    command::{Action, Command},
    event::{EventKind, NewEvent, Origin, Subject},
    facets::ReactionSet,
    message::Message,
};

impl Work<'_> {
    pub(super) fn announce_message(&self, row: &Row<Message>, changes: &mut Changes) {
        let (before, after) = (row.before.as_ref().filter(|before| before.is_shown()), &row.after);
        if !after.is_shown() {
            return;
        }
        let deleted = after.facets.is_deleted();
        let kind = match before {
            None if deleted => Some(EventKind::MessageDeleted),
            None => Some(EventKind::MessageCreated),
            Some(before) if deleted && !before.facets.is_deleted() => Some(EventKind::MessageDeleted),
            Some(before) if !looks_the_same(before, after) => Some(EventKind::MessageUpdated),
            Some(_) => None,
        };
        let (subject, origin) = (Subject::Message(after.id), self.origin_of(row.before.as_ref(), after));
        let event = |kind| NewEvent { origin, ..self.event(kind, subject, after.revision) };
        if let Some(kind) = kind {
            changes.events.push(event(kind));
        }
        let Some(before) = before.filter(|_| !deleted) else { return };
        let (old, new) = (before.facets.reactions.now(), after.facets.reactions.now());
        if lacks(&old, &new) {
            changes.events.push(event(EventKind::ReactionAdded));
        }
        if lacks(&new, &old) {
            changes.events.push(event(EventKind::ReactionRemoved));
        }
    }

    /// The platform often tells of what a command did before it answers the command. That is still the
    /// command's doing, so that an app is not told of its own words as if they were news.
    fn origin_of(&self, before: Option<&Message>, after: &Message) -> Origin {
        let mut open = self.known.open.iter().filter(|command| command.message_id == after.id);
        open.find(|command| did(command, before, after)).map_or(self.context.origin, |command| command.origin)
    }
}

/// Whether the change is what the command wants.
fn did(command: &Command, before: Option<&Message>, after: &Message) -> bool {
    let words = |message: &Message| message.facets.shown().map(|content| content.body.clone());
    match &command.action {
        Action::Send { .. } => after.external_id.is_some() && before.is_none_or(|before| before.external_id.is_none()),
        Action::Edit { body } => words(after).as_ref() == Some(body) && before.and_then(words).as_ref() != Some(body),
        Action::Delete => after.facets.is_deleted(),
        Action::React { emoji, present } => before.is_some_and(|before| {
            let count = |message: &Message| message.facets.reactions.now().get(emoji).map_or(0, |actors| actors.len());
            count(after) > count(before) && *present || count(after) < count(before) && !*present
        }),
    }
}

fn lacks(held: &ReactionSet, wanted: &ReactionSet) -> bool {
    wanted.iter().any(|(emoji, actors)| held.get(emoji).is_none_or(|held| !actors.is_subset(held)))
}

/// Whether a reader sees no difference but in reactions, which have events of their own.
fn looks_the_same(before: &Message, after: &Message) -> bool {
    before.facets.shown() == after.facets.shown()
        && before.facets.is_deleted() == after.facets.is_deleted()
        && before.external_id == after.external_id
        && before.position == after.position
        && before.direction == after.direction
        && before.status == after.status
        && before.error == after.error
        && before.pending_change == after.pending_change
}
