//! What the app or a person wants done on a platform, while it waits in the outbox.

use crate::{
    abilities::Abilities,
    body::Body,
    customer::CustomerId,
    event::Origin,
    id::{ChatId, CommandId, ConnectionId, ExternalId, MessageId},
    letter::{Envelope, Manner},
    message::Problem,
    retry,
    time::{Timestamp, exact},
    upload::SentFile,
};
use serde::{Deserialize, Serialize};

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Write a message.
    Send {
        /// What it says.
        body: Body,
        /// The thread to answer in.
        thread_root: Option<ExternalId>,
        /// Whether the answer is to stand in the chat's main line as well.
        #[serde(default)]
        broadcast: bool,
        /// Files that go with it.
        #[serde(default)]
        files: Vec<SentFile>,
        /// What is written on it, where it is a mail.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        envelope: Option<Box<Envelope>>,
    },
    /// Change what a message says.
    Edit {
        /// What it is to say.
        body: Body,
    },
    /// Delete a message.
    Delete,
    /// React to a message, or take a reaction back.
    React {
        /// A Unicode emoji, or `:name:`.
        emoji: String,
        /// Whether the reaction is to be there.
        present: bool,
    },
}

/// How far a command has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Progress {
    /// Waits for its turn, or for the time to try again.
    Waiting,
    /// A call is under way, or was when the server stopped. Its outcome is unknown until it is told.
    Attempting(Attempt),
    /// The platform did it.
    Done,
    /// The platform refused, or it took too long.
    Failed {
        /// Why.
        error: Problem,
    },
    /// Nobody can tell whether the platform did it.
    Uncertain {
        /// The attempt that nothing is known of.
        attempt: Attempt,
    },
}

/// One call to a platform, committed before it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which one, counted from 1.
    pub number: u32,
    /// When it was committed.
    #[serde(with = "exact")]
    pub started_at: Timestamp,
    /// No call of it leaves after this.
    #[serde(with = "exact")]
    pub deadline: Timestamp,
    /// How often it was looked into, in vain.
    pub looks: u32,
    /// Its store was put back to an earlier time: later steps may have been taken that nobody remembers.
    #[serde(default)]
    pub put_back: bool,
    /// What was looked at and is something else, by the newest mark, while there is more to look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looked_at: Vec<ExternalId>,
}

impl Attempt {
    /// One that nobody looked into yet.
    pub fn new(number: u32, started_at: Timestamp, deadline: Timestamp) -> Self {
        Self { number, started_at, deadline, looks: 0, put_back: false, looked_at: Vec::new() }
    }
}

/// A command in the outbox, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Our id. Commands of one chat are performed in the order of their ids.
    pub id: CommandId,
    /// Who wants it.
    pub customer_id: CustomerId,
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// In which chat.
    pub chat_id: ChatId,
    /// The chat's generation when it was accepted.
    pub generation: u64,
    /// The message that it is about.
    pub message_id: MessageId,
    /// Raised by one with every write.
    pub revision: u64,
    /// Its place among the commands of the customer, in the order of acceptance.
    pub number: u64,
    /// What is wanted.
    pub action: Action,
    /// By the app, or by a person on the page.
    pub origin: Origin,
    /// How far it has come.
    pub progress: Progress,
    /// What the steps done so far left for the next one.
    pub steps: serde_json::Value,
    /// How many calls were tried.
    pub attempts: u32,
    /// When to look at it next.
    #[serde(with = "exact")]
    pub due_at: Timestamp,
    /// When it was accepted.
    #[serde(with = "exact")]
    pub accepted_at: Timestamp,
}

impl Command {
    /// Whether something is still to be done.
    pub fn is_open(&self) -> bool {
        match self.progress {
            Progress::Waiting | Progress::Attempting(_) => true,
            Progress::Done | Progress::Failed { .. } | Progress::Uncertain { .. } => false,
        }
    }
}

impl Command {
    /// An open command as it is after its store was put back to an earlier time: an attempt that nobody
    /// knows the outcome of, since it may have been performed in the time that was lost. So it is looked
    /// for before anything is sent. Where nothing is `provable`, the first look makes it uncertain.
    #[must_use]
    pub fn put_back(self, now: Timestamp, provable: bool) -> Self {
        let begun_at = match &self.progress {
            Progress::Attempting(attempt) => attempt.started_at,
            Progress::Waiting => self.accepted_at,
            Progress::Done | Progress::Failed { .. } | Progress::Uncertain { .. } => return self,
        };
        let (deadline, looks) = match provable {
            true => (now, 0),
            false => (now - retry::UNCERTAIN_AFTER, retry::LOOKS_BEFORE_UNCERTAIN),
        };
        let started_at = begun_at.min(deadline);
        let attempts = self.attempts.max(1);
        let attempt = Attempt { looks, put_back: true, ..Attempt::new(attempts, started_at, deadline) };
        Self { progress: Progress::Attempting(attempt), attempts, due_at: now, revision: self.revision + 1, ..self }
    }

    /// How many bytes go out with it beside its words, at most. What a mail brings that is handed on, only the platform
    /// knows for certain.
    pub fn file_bytes(&self, abilities: &Abilities) -> u64 {
        match &self.action {
            Action::Send { files, envelope, .. } => {
                let hands_on = envelope.as_ref().is_some_and(|envelope| envelope.manner == Manner::Forward);
                let handed_on = if hands_on { abilities.largest_file_bytes } else { 0 };
                files.iter().map(|file| file.size_bytes).sum::<u64>().saturating_add(handed_on)
            }
            Action::Edit { .. } | Action::Delete | Action::React { .. } => 0,
        }
    }

    /// Whether a step of it was taken already.
    pub fn has_begun(&self) -> bool {
        matches!(self.progress, Progress::Attempting(_)) || !self.steps.is_null()
    }

    /// Whether it writes a new message.
    pub fn is_send(&self) -> bool {
        matches!(self.action, Action::Send { .. })
    }

    /// What a reader is told while nobody can tell whether it was done.
    pub fn uncertain(&self) -> Problem {
        Problem {
            code: "uncertain".to_owned(),
            detail: "The platform did not answer, and what became of it cannot be found out. Look there, then say \
                     whether to try again."
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::uuid_v7;
    use std::time::Duration;

    fn command(progress: Progress) -> Command {
        let at = Timestamp::from_millis(1_000_000);
        Command {
            id: uuid_v7(at, [0; 10]).into(),
            customer_id: CustomerId::new("ana").unwrap(),
            connection_id: uuid_v7(at, [1; 10]).into(),
            chat_id: uuid_v7(at, [2; 10]).into(),
            generation: 1,
            message_id: uuid_v7(at, [3; 10]).into(),
            revision: 1,
            number: 1,
            action: Action::Delete,
            origin: Origin::App,
            progress,
            steps: serde_json::Value::Null,
            attempts: 0,
            due_at: at,
            accepted_at: at,
        }
    }

    #[test]
    fn a_command_that_was_put_back_is_an_attempt_since_it_was_accepted() {
        let now = Timestamp::from_millis(2_000_000);
        let back = command(Progress::Waiting).put_back(now, true);
        let Progress::Attempting(attempt) = &back.progress else { panic!("{:?}", back.progress) };
        assert_eq!((attempt.started_at, attempt.deadline, attempt.looks), (back.accepted_at, now, 0));
        assert!(attempt.put_back);
        assert_eq!((back.due_at, back.revision, back.attempts), (now, 2, 1));
    }

    #[test]
    fn an_attempt_that_was_put_back_keeps_its_beginning() {
        let (began, now) = (Timestamp::from_millis(1_500_000), Timestamp::from_millis(2_000_000));
        let deadline = began + Duration::from_secs(30);
        let attempt = Attempt { looks: 2, ..Attempt::new(3, began, deadline) };
        let back = command(Progress::Attempting(attempt)).put_back(now, true);
        let Progress::Attempting(attempt) = &back.progress else { panic!("{:?}", back.progress) };
        assert_eq!((attempt.started_at, attempt.deadline, attempt.looks), (began, now, 0));
    }

    #[test]
    fn what_is_closed_stays_as_it_is() {
        let done = command(Progress::Done);
        assert_eq!(done.clone().put_back(Timestamp::from_millis(2_000_000), true), done);
    }
}
