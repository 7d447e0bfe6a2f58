//! Puts a mail into a mailbox as it is, without sending it to anybody: for mails that the app has from elsewhere.
//!
//! It bears our mark, keeps its own Message-ID and time, and is found again by them.

use crate::{
    gmail::{
        client::Client,
        convert::MARK,
        problem::{self, CallError, Effect, problem},
        upload::{self, Contents, Door},
    },
    mail::{Draft, MessageId},
};
use model::connector::{Access, ConnectorError};
use serde_json::json;

/// `users.messages.insert`. The mail's time is what it says itself.
const INSERT: Door =
    Door { method: "messages.insert", path: "messages", query: &[("internalDateSource", "dateHeader")] };

/// How many pages of mails that bear the same Message-ID are looked at.
const MOST_PAGES: usize = 5;

/// A mail that is to be put in.
pub struct Wanted<'a> {
    /// The mail, with its Message-ID and its time. Its files come with `contents`.
    pub draft: Draft,
    /// The bytes of its files, in their order.
    pub contents: Contents,
    /// Gmail's names of the labels that it gets: `INBOX`, `SENT`, …
    pub labels: &'a [&'a str],
    /// The thread that it belongs to, if that is there already.
    pub thread: Option<&'a str>,
    /// The mark by which it is found again.
    pub mark: &'a str,
}

/// A mail that is in the mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inserted {
    /// Its name at Gmail.
    pub id: String,
    /// The thread that it stands in.
    pub thread: String,
}

/// Puts a mail in. Where the answer is lost, `find` says whether it is there.
pub async fn insert(access: &Access<'_>, wanted: Wanted<'_>) -> Result<Inserted, ConnectorError> {
    let Wanted { mut draft, contents, labels, thread, mark } = wanted;
    if draft.message_id.is_none() || draft.date.is_none() {
        let detail = "A mail that is put in needs a Message-ID and a time of its own.".to_owned();
        return Err(ConnectorError::Refused(problem("no_name_or_time", detail)));
    }
    draft.mark = Some((MARK.to_owned(), mark.to_owned()));
    let mut meta = json!({ "labelIds": labels });
    if let Some(thread) = thread {
        meta["threadId"] = json!(thread);
    }
    let made = upload::bring(&Client::of(access)?, &INSERT, meta, &draft, contents).await?;
    Ok(Inserted { id: made.id, thread: made.thread_id })
}

/// Looks for a mail that was put in: by its Message-ID, and by its mark, since others may bear the same id.
pub async fn find(access: &Access<'_>, id: &MessageId, mark: &str) -> Result<Option<Inserted>, ConnectorError> {
    let client = Client::of(access)?;
    let mut page = None;
    for _ in 0..MOST_PAGES {
        let listed = client.named(id.as_str(), page.as_deref()).await?;
        for named in listed.messages {
            let head = match client.head(&named.id, MARK).await {
                // Gone since, or too new to be found by itself; the next look tells.
                Err(CallError::NotFound(_)) => {
                    return Err(problem::broken("Gmail does not show the mail yet", Effect::Repeatable));
                }
                head => head?,
            };
            if head.payload.as_ref().and_then(|payload| payload.header(MARK)) == Some(mark) {
                return Ok(Some(Inserted { id: head.id, thread: head.thread_id }));
            }
        }
        page = listed.next_page_token;
        if page.is_none() {
            return Ok(None);
        }
    }
    let detail = "Too many mails bear this Message-ID to find one among them.".to_owned();
    Err(ConnectorError::Refused(problem("too_many_alike", detail)))
}
