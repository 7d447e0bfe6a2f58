//! Finds out what became of a mail whose answer was lost: by its mark, in its thread, and among all that was sent since.
//!
//! Gmail may have put it elsewhere than it was sent to, and a new thread has no name before its first mail.

use crate::gmail::{
    client::Client,
    convert::MARK,
    problem::{self, CallError, Effect},
    send::{Sent, is_new, told},
    threads, wire,
};
use model::{
    command::{Action, Attempt},
    connector::{Access, ConnectorError, Proof, Step},
    id::ExternalId,
};
use std::collections::BTreeSet;

/// By how much a mail's own time may lie before the attempt: Google's clock is not ours.
const CLOCKS_DIFFER_MILLIS: i64 = 5 * 60 * 1_000;
/// How many of the mails that were sent since are looked at, beside those of the thread.
const MOST_LOOKED_AT: usize = 200;

/// Finds out what became of an attempt.
pub async fn prove(access: &Access<'_>, step: &Step<'_>, attempt: &Attempt) -> Result<Proof, ConnectorError> {
    let client = Client::of(access)?;
    match step.action {
        Action::Send { .. } => {
            if let Some(sent) = Sent::of(step) {
                return happened(&client, step, &sent).await;
            }
            let since = attempt.started_at.millis() - CLOCKS_DIFFER_MILLIS;
            let mut search = Search { client: &client, step, since, looked_at: attempt.looked_at.clone() };
            match search.run().await {
                Err(ConnectorError::Busy { after }) if search.looked_at.len() > attempt.looked_at.len() => {
                    Ok(Proof::Unfinished { looked_at: search.looked_at, after })
                }
                proof => proof,
            }
        }
        Action::Delete => {
            let Some(id) = step.message else { return Ok(Proof::NotThere) };
            let deleted = threads::deletion(&client, step.chat, id.as_str()).await?;
            Ok(deleted.map_or(Proof::NotThere, |deleted| Proof::Happened(vec![deleted])))
        }
        Action::Edit { .. } | Action::React { .. } => Ok(Proof::NotThere),
    }
}

/// Looks for a mail among what was sent since then.
struct Search<'a> {
    client: &'a Client<'a>,
    step: &'a Step<'a>,
    since: i64,
    /// What was looked at beside the thread, and is something else.
    looked_at: Vec<ExternalId>,
}

/// What a mail is seen to be.
enum Look {
    /// The one that is sought.
    Ours(Box<wire::Message>),
    /// One from before it was sent.
    Before,
    /// Some other.
    Another,
}

impl Search<'_> {
    async fn run(&mut self) -> Result<Proof, ConnectorError> {
        let (client, step) = (self.client, self.step);
        let mut known: BTreeSet<_> = self.looked_at.iter().map(|id| id.0.clone()).collect();
        if !is_new(step.chat) {
            let thread = match client.thread(step.chat.as_str(), &[MARK]).await {
                Err(CallError::NotFound(_)) => wire::Thread::default(),
                thread => thread?,
            };
            for one in thread.messages {
                if mark_of(&one) == Some(step.mark) {
                    return happened(client, step, &sent(&one)).await;
                }
                known.insert(one.id);
            }
        }
        let mut page = None;
        loop {
            let listed = client.sent(page.as_deref()).await?;
            for named in listed.messages {
                if !known.insert(named.id.clone()) {
                    continue;
                }
                if self.looked_at.len() == MOST_LOOKED_AT {
                    return Ok(Proof::CannotTell);
                }
                match self.look(&named.id).await? {
                    Look::Ours(found) => return happened(client, step, &sent(&found)).await,
                    // The newest come first.
                    Look::Before => return Ok(Proof::NotThere),
                    Look::Another => self.looked_at.push(ExternalId(named.id)),
                }
            }
            page = listed.next_page_token;
            if page.is_none() {
                return Ok(Proof::NotThere);
            }
        }
    }

    async fn look(&self, id: &str) -> Result<Look, ConnectorError> {
        let head = match self.client.head(id, MARK).await {
            // It was listed a moment ago. It is gone since, or too new to be found by itself; the next look tells.
            Err(CallError::NotFound(_)) => {
                return Err(problem::broken("Gmail does not show the mail yet", Effect::Repeatable));
            }
            head => head?,
        };
        if mark_of(&head) == Some(self.step.mark) {
            return Ok(Look::Ours(Box::new(head)));
        }
        Ok(if head.internal_date < self.since { Look::Before } else { Look::Another })
    }
}

fn mark_of(message: &wire::Message) -> Option<&str> {
    message.payload.as_ref()?.header(MARK)
}

fn sent(found: &wire::Message) -> Sent {
    Sent { id: found.id.clone(), thread: found.thread_id.clone() }
}

async fn happened(client: &Client<'_>, step: &Step<'_>, sent: &Sent) -> Result<Proof, ConnectorError> {
    Ok(Proof::Happened(told(client, step.chat, sent).await?))
}
