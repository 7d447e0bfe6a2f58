//! Spans by which whoever looks on follows one message through all flows, and one request to what it became.
//!
//! They name ids only, never words, names or tokens. A span that bears `message_id`, `into_id` or `intake_id`
//! is about those; one that bears none is about whatever the spans around and below it name. Since the ids
//! are durable, so is the connection between turns that are minutes and crashes apart.

use crate::tally::step;
use model::{
    changes::{Changes, Write},
    command::Command,
    decide::Known,
    event::Subject,
    id::{ChatId, ExternalId, IntakeId, MessageId, SyncStatusId},
    store::{Committed, StoreError},
    update::Update,
};
use std::collections::{BTreeMap, BTreeSet};
use tracing::{
    Instrument, Level, Span, debug_span,
    field::{Empty, display},
    span_enabled,
};

/// The target of these spans. Nothing else has it.
pub const FLOW: &str = "bothways::flow";

fn is_followed() -> bool {
    span_enabled!(target: FLOW, Level::DEBUG)
}

/// A page of an import.
pub(crate) async fn importing<T>(sync_id: SyncStatusId, work: impl Future<Output = T>) -> T {
    work.instrument(debug_span!(target: FLOW, "import", %sync_id)).await
}

/// A page of a comparison.
pub(crate) async fn comparing<T>(chat_id: ChatId, work: impl Future<Output = T>) -> T {
    work.instrument(debug_span!(target: FLOW, "compare", %chat_id)).await
}

/// Which messages a batch of news is about, by what is known before it is decided.
#[derive(Default)]
pub(crate) struct About {
    messages: BTreeSet<(MessageId, Option<IntakeId>)>,
}

impl About {
    pub fn of(known: &Known, updates: &[Update], told_by: &BTreeMap<ExternalId, IntakeId>) -> Self {
        if !is_followed() {
            return Self::default();
        }
        let about = |update: &Update| {
            let name = update.message()?;
            let marked = match update {
                Update::Message(told) => told.mark.as_ref().and_then(|mark| known.marks.get(mark)),
                _ => None,
            };
            let id = known.names.get(name).or(marked)?;
            Some((*id, told_by.get(name).copied()))
        };
        Self { messages: updates.iter().filter_map(about).collect() }
    }

    /// Says of each message that it was decided on, those that came to be by it included.
    pub fn decided(mut self, told_by: &BTreeMap<ExternalId, IntakeId>, writes: &[Write]) {
        if !is_followed() {
            return;
        }
        for write in writes {
            let Write::Message(message) = write else { continue };
            let intake_id = message.external_id.as_ref().and_then(|name| told_by.get(name)).copied();
            if !self.messages.iter().any(|(id, _)| *id == message.id) {
                self.messages.insert((message.id, intake_id));
            }
        }
        for (message_id, intake_id) in self.messages {
            let span = debug_span!(target: FLOW, "decide", %message_id, intake_id = Empty);
            if let Some(intake_id) = intake_id {
                span.record("intake_id", display(intake_id));
            }
        }
    }
}

/// What a commit writes of a message.
#[derive(Default)]
struct Written<'a> {
    /// Which message it turned out to be.
    into: Option<MessageId>,
    /// What is wanted of it, as far as that is by now.
    command: Option<&'a Command>,
}

/// A commit, as each message that it writes sees it.
pub(crate) struct Committing(Vec<Span>);

impl Committing {
    pub fn of(changes: &Changes) -> Self {
        if !is_followed() {
            return Self(Vec::new());
        }
        let mut messages: BTreeMap<MessageId, Written<'_>> = BTreeMap::new();
        for write in &changes.writes {
            match write {
                Write::Message(message) => messages.entry(message.id).or_default().into = message.merged_into,
                Write::Command(command) => messages.entry(command.message_id).or_default().command = Some(command),
                _ => {}
            }
        }
        let span = |(message_id, written): (MessageId, Written<'_>)| {
            let span = debug_span!(
                target: FLOW, "commit", %message_id, into_id = Empty, command_id = Empty, progress = Empty, error = Empty
            );
            if let Some(into) = written.into {
                span.record("into_id", display(into));
            }
            if let Some(command) = written.command {
                span.record("command_id", display(command.id)).record("progress", step(&command.progress).name());
            }
            span
        };
        Self(messages.into_iter().map(span).collect())
    }

    /// Ends it, and says which events it appended.
    pub fn ended(self, committed: &Result<Committed, StoreError>) {
        match committed {
            Ok(committed) => {
                drop(self);
                for event in committed.events.iter().filter(|_| is_followed()) {
                    if let Subject::Message(message_id) = event.event.subject {
                        let (kind, seq) = (event.event.kind.name(), event.seq);
                        drop(debug_span!(target: FLOW, "event", %message_id, kind, seq));
                    }
                }
            }
            Err(error) => {
                let why = if matches!(error, StoreError::Stale) { "stale" } else { "not committed" };
                for span in self.0 {
                    span.record("error", why);
                }
            }
        }
    }
}
