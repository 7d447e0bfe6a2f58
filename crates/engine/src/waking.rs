//! Which loops may find work after a commit. Out of the rows alone.
//!
//! A hint, which may be lost: every loop looks at the store by itself now and then, and no correctness
//! stands on being woken. It is here so that a message that comes in wakes those whom it concerns, and not
//! each loop of the server for each of its commits.

use model::changes::{Changes, Write};
use std::collections::BTreeSet;

/// A loop of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loop {
    /// Routes requests.
    Route,
    /// Reads on lines of news.
    Follow,
    /// Reads parts.
    Read,
    /// Goes on with runs.
    Import,
    /// Performs commands.
    Outbound,
    /// Follows the feed for the search.
    Index,
    /// Brings read marks.
    Marks,
    /// Takes up what was set aside.
    Upkeep,
    /// Leaves states of connections whose time has come.
    LookAfter,
    /// Compares chats.
    Reconcile,
    /// Refreshes logins.
    Refresh,
    /// Erases customers.
    Erase,
    /// Wakes the others when something becomes due.
    Alarm,
}

impl Loop {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Route,
        Self::Follow,
        Self::Read,
        Self::Import,
        Self::Outbound,
        Self::Index,
        Self::Marks,
        Self::Upkeep,
        Self::LookAfter,
        Self::Reconcile,
        Self::Refresh,
        Self::Erase,
        Self::Alarm,
    ];

    /// Those who may find work after these changes.
    pub(crate) fn woken(changes: &Changes) -> BTreeSet<Self> {
        let mut woken: BTreeSet<_> = changes.writes.iter().flat_map(after).copied().collect();
        if !changes.events.is_empty() {
            woken.insert(Self::Index);
        }
        woken
    }
}

/// Whoever may be due now, and the alarm where a row may be due later.
fn after(write: &Write) -> &'static [Loop] {
    match write {
        // What waits for a login or for a person's return is of every kind.
        Write::Connection(_) | Write::Login(_) => &Loop::ALL,
        Write::Chat(_) => &[Loop::Marks, Loop::Alarm],
        Write::Participant(_) => &[Loop::Index],
        Write::Command(_) => &[Loop::Outbound, Loop::Upkeep, Loop::Alarm],
        Write::SyncStatus(_) => &[Loop::Import, Loop::LookAfter, Loop::Alarm],
        Write::Completeness(_) | Write::CheckSoon { .. } | Write::CheckAll { .. } => &[Loop::Reconcile, Loop::Alarm],
        Write::Following(_) | Write::FollowSoon { .. } => &[Loop::Follow, Loop::Alarm],
        Write::QueuePart(_) => &[Loop::Read],
        Write::UpdatePart(_) => &[Loop::Read, Loop::Alarm],
        Write::SetAside(_) => &[Loop::Upkeep, Loop::Alarm],
        Write::UserPlatform(_)
        | Write::Identity { .. }
        | Write::Emoji(_)
        | Write::EmojiListed { .. }
        | Write::Upload(_)
        | Write::RemoveUpload { .. }
        | Write::Message(_)
        | Write::Name(_)
        | Write::Rename(_)
        | Write::RemovePart { .. }
        | Write::Routed(_)
        | Write::Unclaimed(_)
        | Write::TakeUp { .. }
        | Write::Active { .. }
        | Write::EmptyChat(_)
        | Write::Remember(_)
        | Write::Quiet(_)
        | Write::Expect { .. } => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        id::{ConnectionId, IntakeId},
        intake::{PartState, QueuedPart},
        time::Timestamp,
    };

    fn of(writes: Vec<Write>) -> Vec<Loop> {
        Loop::woken(&Changes::of_nobody(writes)).into_iter().collect()
    }

    #[test]
    fn a_commit_wakes_those_whom_it_concerns_and_nobody_else() {
        let id = uuid::Uuid::nil();
        let part = QueuedPart {
            intake_id: IntakeId::from(id),
            number: 0,
            customer_id: model::customer::CustomerId::new("ana").unwrap(),
            connection_id: ConnectionId::from(id),
            chat: None,
            state: PartState::Waiting,
            attempts: 0,
            due_at: Timestamp::default(),
        };
        assert_eq!(of(vec![Write::Routed(IntakeId::from(id))]), []);
        assert_eq!(of(vec![Write::QueuePart(part.clone()), Write::QueuePart(part.clone())]), [Loop::Read]);
        assert_eq!(of(vec![Write::UpdatePart(part)]), [Loop::Read, Loop::Alarm]);
    }
}
