//! Sends files: an address for each, the bytes of each, and then one message with all of them.
//!
//! What each step leaves is stored before the next begins. Slack puts no mark of ours on such a message, so
//! it is known by its files' ids. It appears a while after the last call, and only then has a name.

use crate::slack::{
    blocks,
    client::Client,
    history,
    id::{self, Ts},
    problem::{self, CallError},
    send, wire,
};
use model::{
    body::Body,
    command::Attempt,
    connector::{Access, ConnectorError, Outcome, Proof, Step},
    files::FilesError,
    http::{HttpError, Outgoing},
    id::ExternalId,
    message::Problem,
    time::Timestamp,
    update::Update,
    upload::SentFile,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// How long after its completion an upload is looked for, before nobody can tell what becomes of it.
const APPEARS_WITHIN: Duration = Duration::from_secs(60);
/// How long to wait between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often one file begins anew where Slack did not take its bytes.
const MOST_BEGINNINGS: u32 = 5;

/// What the steps so far left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// The files that have begun, in their order.
    #[serde(default)]
    files: Vec<Begun>,
    /// When Slack said that it has them all, in microseconds.
    #[serde(default)]
    completed_at: Option<i64>,
}

/// A file that Slack has given an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    id: String,
    /// Where its bytes go; none once they are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// How often it began.
    beginnings: u32,
}

impl Progress {
    fn of(step: &Step<'_>) -> Self {
        serde_json::from_value(step.progress.clone()).unwrap_or_default()
    }

    fn next(self, made: Option<&str>) -> Outcome {
        Outcome::Next { left: json!(self), files: made.into_iter().map(ExternalId::from).collect() }
    }
}

/// A message with files.
pub struct Parcel<'a> {
    pub body: &'a Body,
    pub thread_root: Option<&'a ExternalId>,
    pub files: &'a [SentFile],
}

/// Does the next step.
pub async fn perform(access: &Access<'_>, step: &Step<'_>, parcel: &Parcel<'_>) -> Result<Outcome, ConnectorError> {
    let client = Client::writing(access)?;
    let mut progress = Progress::of(step);
    if let Some(completed_at) = progress.completed_at {
        return appeared(access, &client, step, &progress, Timestamp::from_micros(completed_at)).await;
    }
    if let Some(place) = progress.files.iter().position(|file| file.url.is_some()) {
        let file = parcel.files.get(place).ok_or_else(|| refused("slack.upload_failed", "There is no such file."))?;
        match bring(access, &client, file, &progress.files[place]).await? {
            true => progress.files[place].url = None,
            false => {
                let beginnings = progress.files[place].beginnings + 1;
                let begun = begin(&client, file, beginnings).await?;
                progress.files[place] = begun.clone();
                return Ok(progress.next(Some(&begun.id)));
            }
        }
        return Ok(progress.next(None));
    }
    if let Some(file) = parcel.files.get(progress.files.len()) {
        let begun = begin(&client, file, 1).await?;
        progress.files.push(begun.clone());
        return Ok(progress.next(Some(&begun.id)));
    }
    complete(access, &client, step, parcel, progress).await
}

/// Asks for an address. A lost answer leaves an address that nobody uses.
async fn begin(client: &Client<'_>, file: &SentFile, beginnings: u32) -> Result<Begun, ConnectorError> {
    if beginnings > MOST_BEGINNINGS {
        return Err(refused("slack.upload_failed", "Slack did not take the file. Try again later."));
    }
    let answer = client.files_get_upload_url(&file.name, file.size_bytes).await?;
    Ok(Begun { id: answer.field("file_id")?, url: Some(answer.field("upload_url")?), beginnings })
}

/// Brings the bytes. They may arrive more than once: nobody sees them before the upload is completed.
/// False where the address is no longer good.
async fn bring(
    access: &Access<'_>,
    client: &Client<'_>,
    file: &SentFile,
    begun: &Begun,
) -> Result<bool, ConnectorError> {
    let chunks = access.files.open(file.upload).await.map_err(|error| match error {
        FilesError::NotFound => refused("upload_gone", "The uploaded file is no longer kept here. Upload it again."),
        FilesError::TooLarge(_) | FilesError::BrokenOff | FilesError::Unavailable(_) => {
            ConnectorError::Busy { after: problem::SHORT_WAIT }
        }
    })?;
    let url = begun.url.as_deref().unwrap_or_default();
    let body = Outgoing { size_bytes: file.size_bytes, chunks };
    match client.upload(url, body).await? {
        200..=299 => Ok(true),
        429 | 500.. => Err(ConnectorError::Busy { after: problem::SHORT_WAIT }),
        413 => Err(refused("slack.file_too_large", "The file is too large for this workspace.")),
        _ => Ok(false),
    }
}

/// The call that is seen: all files, in one message.
async fn complete(
    access: &Access<'_>,
    client: &Client<'_>,
    step: &Step<'_>,
    parcel: &Parcel<'_>,
    progress: Progress,
) -> Result<Outcome, ConnectorError> {
    let titled = progress.files.iter().zip(parcel.files);
    let files: Vec<_> = titled.map(|(begun, file)| json!({ "id": begun.id, "title": file.name })).collect();
    let mut arguments = vec![("files", json!(files).to_string()), ("channel_id", id::channel(step.chat)?.to_owned())];
    if !parcel.body.is_empty() {
        let blocks = serde_json::Value::Array(vec![blocks::marked(parcel.body, step.mark)]);
        arguments.push(("blocks", blocks.to_string()));
    }
    if let Some(root) = parcel.thread_root {
        arguments.push(("thread_ts", id::place(root)?.1.0));
    }
    client.files_complete_upload(arguments).await?;
    let completed_at = Some(access.clock.now().micros());
    Ok(Progress { completed_at, ..progress }.next(None))
}

/// Looks for the message. One that does not appear in time is left to whoever finds out.
async fn appeared(
    access: &Access<'_>,
    client: &Client<'_>,
    step: &Step<'_>,
    progress: &Progress,
    completed_at: Timestamp,
) -> Result<Outcome, ConnectorError> {
    match look(client, step, progress).await? {
        Look::Shown(updates) => Ok(Outcome::Done(updates)),
        Look::Hidden | Look::Nothing if access.clock.now().since(completed_at) < APPEARS_WITHIN => {
            Err(ConnectorError::Busy { after: LOOK_EVERY })
        }
        Look::Hidden | Look::Nothing => {
            Err(ConnectorError::Unknown(HttpError::Broken("the files did not appear in the chat".to_owned())))
        }
    }
}

/// Finds out what became of a step. All but the last may be done again without harm, unless steps were taken
/// that nobody remembers.
pub async fn prove(
    access: &Access<'_>,
    step: &Step<'_>,
    parcel: &Parcel<'_>,
    attempt: &Attempt,
) -> Result<Proof, ConnectorError> {
    let progress = Progress::of(step);
    let all_sent = progress.files.len() == parcel.files.len() && progress.files.iter().all(|file| file.url.is_none());
    if !all_sent && !attempt.put_back {
        return Ok(Proof::NotThere);
    }
    match look(&Client::writing(access)?, step, &progress).await? {
        Look::Shown(updates) => Ok(Proof::Happened(updates)),
        // Slack has the files, so it was told to show them; it may still do so.
        Look::Hidden => Ok(Proof::CannotTell),
        Look::Nothing if progress.completed_at.is_some() => Ok(Proof::CannotTell),
        // The files may have got other ids since.
        Look::Nothing if attempt.put_back => {
            send::find_sent(access, step, parcel.thread_root, attempt, |message| resembles(access, message, parcel))
                .await
        }
        Look::Nothing => Ok(Proof::NotThere),
    }
}

/// Whether a message of ours has such files.
fn resembles(access: &Access<'_>, message: &wire::Message, parcel: &Parcel<'_>) -> bool {
    let alike = |(held, file): (&wire::File, &SentFile)| {
        held.name.as_ref().is_none_or(|name| *name == file.name) && held.size.is_none_or(|size| size == file.size_bytes)
    };
    message.user.as_deref().is_some_and(|user| access.connection.senders.contains(&id::person(user)))
        && message.files.len() == parcel.files.len()
        && message.files.iter().zip(parcel.files).all(alike)
}

/// What is seen of files that were sent.
enum Look {
    /// They stand in the chat.
    Shown(Vec<Update>),
    /// Slack knows them, and they stand nowhere yet.
    Hidden,
    /// Slack does not know them: they were never completed.
    Nothing,
}

async fn look(client: &Client<'_>, step: &Step<'_>, progress: &Progress) -> Result<Look, ConnectorError> {
    let channel = id::channel(step.chat)?;
    let Some(first) = progress.files.first() else { return Ok(Look::Nothing) };
    let answer = match client.files_info(&first.id).await {
        Ok(answer) => answer,
        Err(CallError::Declined { error, .. }) if error == "file_not_found" => return Ok(Look::Nothing),
        Err(error) => return Err(error.into()),
    };
    let file: wire::File = answer.field("file")?;
    let Some(ts) = file.shared_in(channel).and_then(|ts| Ts::parse(&ts)) else { return Ok(Look::Hidden) };
    let found = history::look_up(client, channel, &ts).await?;
    Ok(Look::Shown(history::updates(client, channel, &ts, &found).await?))
}

fn refused(code: &str, detail: &str) -> ConnectorError {
    ConnectorError::Refused(Problem { code: code.to_owned(), detail: detail.to_owned() })
}
