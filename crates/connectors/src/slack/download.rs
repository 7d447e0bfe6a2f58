//! Fetches files from Slack, piece by piece.
//!
//! Slack's answers mislead: a token that is wrong, a scope that is missing, or a file that is not ready
//! gets 200 with the page for signing in. Whatever is not plainly the file is asked about with
//! `files.info`, which gives clear errors.

use crate::slack::{
    client::Client,
    file::{self, Source},
    problem::{self, CallError},
    transfer::Fetched,
    wire,
};
use model::{
    attachment::{Attachment, FileState, Rendition},
    connector::{Access, ConnectorError, OpenFile},
    http::Incoming,
    message::Problem,
};
use std::time::Duration;

/// How long after it was made a file may not be ready.
const READY_WITHIN: Duration = Duration::from_secs(5 * 60);
/// How many files of a page are completed.
const MOST_COMPLETIONS: usize = 10;
/// When to ask again for a file that is not ready.
const NOT_READY_WAIT: Duration = Duration::from_secs(5);

/// Begins to fetch a file.
pub async fn open(
    access: &Access<'_>,
    file: &Attachment,
    rendition: Rendition,
    range: Option<&str>,
) -> Result<OpenFile, ConnectorError> {
    let client = Client::reading(access)?;
    let known = Source::of(file);
    if let Some(address) = known.address(rendition)
        && let Some(open) = fetch(&client, address, file, rendition, range).await?
    {
        return Ok(open);
    }
    let (fresh, created) = look_up(&client, file).await?;
    let address = address_of(&fresh, rendition)?;
    let tried = known.address(rendition) == Some(&address);
    let open = if tried { None } else { fetch(&client, &address, &fresh, rendition, range).await? };
    let age = access.clock.now().micros() / 1_000_000 - created;
    let is_young = u64::try_from(age).map_or(true, |seconds| Duration::from_secs(seconds) < READY_WITHIN);
    match open {
        Some(open) => Ok(open),
        None if is_young => Err(ConnectorError::Busy { after: NOT_READY_WAIT }),
        None => Err(refused(
            "slack.file_withheld",
            "Slack shows its sign-in page in place of this file. The app may lack the scope files:read, or the file \
             is not for this login. Connect again, or open it in Slack.",
        )),
    }
}

/// Puts the whole of what Slack says in the place of files that messages only name, as in channels that
/// are shared between companies. What cannot be had stays as it is.
pub async fn complete(client: &Client<'_>, messages: &mut [wire::Message]) -> Result<(), ConnectorError> {
    let files = messages.iter_mut().flat_map(|message| &mut message.files).filter(|file| file::is_only_named(file));
    for file in files.take(MOST_COMPLETIONS) {
        match client.files_info(&file.id).await {
            Ok(answer) => *file = answer.field("file")?,
            Err(CallError::Declined { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Asks for one file, which also completes what a message only named. Says when it was made, in seconds.
async fn look_up(client: &Client<'_>, file: &Attachment) -> Result<(Attachment, i64), ConnectorError> {
    let answer = client.files_info(file.external_id.as_str()).await?;
    let found: wire::File = answer.field("file")?;
    Ok((file::attachment(&found), found.created))
}

fn address_of(file: &Attachment, rendition: Rendition) -> Result<String, ConnectorError> {
    match file.state {
        FileState::Gone => {
            Err(refused("slack.file_deleted", "The file was deleted, or the workspace's plan hides it."))
        }
        FileState::Elsewhere => {
            Err(refused("slack.file_elsewhere", "The file does not stand at Slack but elsewhere. Open its link."))
        }
        FileState::Processing => Err(ConnectorError::Busy { after: NOT_READY_WAIT }),
        FileState::Unknown => Err(refused(
            "slack.file_withheld",
            "Slack does not say where this file is. It may belong to another company that does not share it.",
        )),
        FileState::Available => match Source::of(file).address(rendition) {
            Some(address) => Ok(address.to_owned()),
            None => Err(refused("no_preview", "The platform has no small picture of this file.")),
        },
    }
}

/// The file, or nothing where something else came in its place.
async fn fetch(
    client: &Client<'_>,
    address: &str,
    file: &Attachment,
    rendition: Rendition,
    range: Option<&str>,
) -> Result<Option<OpenFile>, ConnectorError> {
    let answer = match client.fetch(address, range).await? {
        Fetched::Answer(answer) => answer,
        Fetched::Nothing => return Ok(None),
    };
    match answer.status {
        200 | 206 if !is_page(&answer, file, rendition) => Ok(Some(opened(answer))),
        416 => Err(refused("range_not_satisfiable", "The file has no such part.")),
        429 | 500.. => Err(ConnectorError::Busy { after: problem::SHORT_WAIT }),
        _ => Ok(None),
    }
}

fn opened(answer: Incoming) -> OpenFile {
    let media_type = answer.header("content-type").map(str::to_owned);
    OpenFile {
        size_bytes: length(&answer),
        media_type,
        content_range: answer.header("content-range").filter(|_| answer.status == 206).map(str::to_owned),
        chunks: answer.chunks,
    }
}

fn length(answer: &Incoming) -> Option<u64> {
    answer.header("content-length")?.trim().parse().ok()
}

/// Whether a page came in place of the file. A file may be a page itself; then it has the file's size.
fn is_page(answer: &Incoming, file: &Attachment, rendition: Rendition) -> bool {
    let html = |kind: &str| kind.trim_start().to_ascii_lowercase().starts_with("text/html");
    if !answer.header("content-type").is_some_and(html) {
        return false;
    }
    let sizes = length(answer).zip(file.size_bytes);
    let whole = answer.status == 206 || sizes.is_some_and(|(came, wanted)| came == wanted);
    !(rendition == Rendition::Whole && html(&file.media_type) && whole)
}

fn refused(code: &str, detail: &str) -> ConnectorError {
    ConnectorError::Refused(Problem { code: code.to_owned(), detail: detail.to_owned() })
}
