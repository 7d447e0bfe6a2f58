//! Commands that come to their end without a call.

use crate::{
    Engine, EngineError,
    outbound::{Errand, problem},
};
use model::{
    body::Body,
    changes::{Changes, Write},
    command::{Action, Command, Progress},
    event::{EventKind, NewEvent, Subject},
    facets::{Facet, Version},
    message::{Message, Problem, Status},
};

impl Engine {
    /// Closes a command that needs no call: its message never left, or is as it should be.
    pub(crate) async fn settle_without_call(&self, errand: &Errand, verdict: Verdict) -> Result<(), EngineError> {
        let (progress, amended) = match verdict {
            Verdict::Done => return self.settle(errand, Vec::new(), Progress::Done).await,
            Verdict::Failed(error) => return self.settle(errand, Vec::new(), Progress::Failed { error }).await,
            Verdict::Amended(message) => (Progress::Done, message),
        };
        let mut message = *amended;
        message.pending_change = None;
        message.revision += 1;
        message.updated_at = self.now();
        let mut changes = Changes::of(&message.customer_id);
        let kind = if message.facets.is_deleted() { EventKind::MessageDeleted } else { EventKind::MessageUpdated };
        changes.events.push(NewEvent {
            kind,
            subject: Subject::Message(message.id),
            revision: message.revision,
            connection_id: Some(message.connection_id),
            chat_id: Some(message.chat_id),
            origin: errand.command.origin,
            merged_from: None,
            at: self.now(),
        });
        changes.writes.push(Write::Message(message));
        let revision = errand.command.revision + 1;
        changes.writes.push(Write::Command(Command { progress, revision, ..errand.command.clone() }));
        Ok(self.commit(changes).await.map(drop)?)
    }
}

/// What is to become of a command without a call.
pub(crate) enum Verdict {
    Done,
    Failed(Problem),
    Amended(Box<Message>),
}

/// An edit or deletion of a message that never left amends or cancels it; one of a message that is gone
/// is done, or cannot be.
pub(crate) fn verdict(errand: &Errand) -> Option<Verdict> {
    let (message, action) = (&errand.message, &errand.command.action);
    if errand.command.is_send() {
        return message.external_id.is_some().then_some(Verdict::Done);
    }
    if message.facets.is_deleted() {
        let gone = problem("message_deleted", "The message was deleted meanwhile.");
        return Some(if *action == Action::Delete { Verdict::Done } else { Verdict::Failed(gone) });
    }
    if message.external_id.is_some() {
        return None;
    }
    let failed = message.status == Status::Failed;
    Some(match action {
        Action::Edit { body } if failed => Verdict::Amended(Box::new(amended(message, body))),
        Action::Delete if failed => {
            let mut message = message.clone();
            message.facets.tell_deleted(Version(i64::MIN));
            Verdict::Amended(Box::new(message))
        }
        Action::Send { .. } | Action::Edit { .. } | Action::Delete | Action::React { .. } => {
            let detail = "The message is not known to be at the platform. Settle it first, then try again.";
            Verdict::Failed(problem("message_not_sent", detail))
        }
    })
}

fn amended(message: &Message, body: &Body) -> Message {
    let mut message = message.clone();
    if let Some(mut content) = message.facets.content.take() {
        content.value.body = body.clone();
        message.facets.content = Some(Facet::new(content.version, content.value));
    }
    message
}
