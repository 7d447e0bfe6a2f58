//! Counts what a commit did, for whoever measures. Out of the rows alone, so that nothing is counted that is
//! not on disk, and a turn that was dropped is not counted either.
//!
//! Names no customer, and nothing of any message.

use model::{
    changes::{Changes, Write},
    command::{Action, Progress},
    intake::PartState,
    sync_status::{SyncKind, SyncState},
};
use std::collections::BTreeMap;

/// What commands are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Errands {
    /// New messages.
    Send,
    /// Changes of what messages say.
    Edit,
    /// Deletions.
    Delete,
    /// Reactions.
    React,
}

/// What became of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Accepted, or waits to be tried again.
    Waiting,
    /// A call is under way.
    Attempting,
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Nobody can tell.
    Uncertain,
}

impl Step {
    /// Its name for whoever measures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Attempting => "attempting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
        }
    }
}

/// What a commit did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many events it appended.
    pub events: u64,
    /// How many parts it queued.
    pub parts_queued: u64,
    /// How many parts it took in, or found to be of no use.
    pub parts_read: u64,
    /// How many parts it put off.
    pub parts_put_off: u64,
    /// How many parts it parked.
    pub parts_parked: u64,
    /// How many commands came to which step.
    pub commands: BTreeMap<(Errands, Step), u64>,
    /// How many runs ended, and how.
    pub runs: Vec<(SyncKind, SyncState)>,
}

impl Tally {
    /// What these changes do, once they are committed.
    pub fn of(changes: &Changes) -> Self {
        let mut tally = Self { events: changes.events.len() as u64, ..Self::default() };
        for write in &changes.writes {
            match write {
                Write::QueuePart(_) => tally.parts_queued += 1,
                Write::RemovePart { .. } => tally.parts_read += 1,
                Write::UpdatePart(part) => match part.state {
                    PartState::Waiting => tally.parts_put_off += 1,
                    PartState::Parked { .. } => tally.parts_parked += 1,
                },
                Write::Command(command) => {
                    let step = step(&command.progress);
                    *tally.commands.entry((errand(&command.action), step)).or_default() += 1;
                }
                Write::SyncStatus(sync) if !sync.is_open() => tally.runs.push((sync.kind, sync.state)),
                _ => {}
            }
        }
        tally
    }
}

fn errand(action: &Action) -> Errands {
    match action {
        Action::Send { .. } => Errands::Send,
        Action::Edit { .. } => Errands::Edit,
        Action::Delete => Errands::Delete,
        Action::React { .. } => Errands::React,
    }
}

pub(crate) fn step(progress: &Progress) -> Step {
    match progress {
        Progress::Waiting => Step::Waiting,
        Progress::Attempting(_) => Step::Attempting,
        Progress::Done => Step::Done,
        Progress::Failed { .. } => Step::Failed,
        Progress::Uncertain { .. } => Step::Uncertain,
    }
}
