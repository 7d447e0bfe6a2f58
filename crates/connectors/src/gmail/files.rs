//! Fetches files of mails, piece by piece.
//!
//! Gmail's own name of a file changes with every answer, so a file is known by where it stands in its mail. Gmail
//! counts parts from 0, we count from 1, and it opens mails within mails, which we do not. Where the two trees do not
//! agree, the mail's own bytes are read, if they can be held.

use crate::{
    gmail::{
        client::{Client, decoded},
        problem::{self, CallError, Effect, problem},
        transfer::held,
        wire::{Message, Payload},
    },
    mail::{self, PartPath},
};
use async_trait::async_trait;
use bytes::Bytes;
use model::{
    attachment::{Attachment, Rendition},
    connector::{Access, ConnectorError, OpenFile},
    http::{BrokenOff, Chunks},
    message::Problem,
};
use serde::{Deserialize, Serialize};

/// The largest mail whose own bytes are held at once. In base64 it stays below the longest answer that is read.
pub const LARGEST_HELD_MAIL_BYTES: u64 = 16 << 20;

/// Where a file stands, as its message keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Source {
    /// The mail.
    pub message: String,
    /// The part of it.
    pub part: PartPath,
}

/// Begins to fetch a file. Gmail gives no part of one, so all of it comes.
pub async fn open(access: &Access<'_>, file: &Attachment, rendition: Rendition) -> Result<OpenFile, ConnectorError> {
    match rendition {
        Rendition::Whole => {}
        Rendition::Preview => {
            let detail = "The platform has no small picture of this file.".to_owned();
            return Err(ConnectorError::Refused(Problem { code: "no_preview".to_owned(), detail }));
        }
    }
    let source: Source = serde_json::from_value(file.source.clone())
        .map_err(|_| refused("no_source", "It is not known where in its mail this file stands."))?;
    let wanted = Wanted { source, media_type: &file.media_type, size_bytes: file.size_bytes };
    fetch(&Client::of(access)?, &wanted).await
}

/// A file that is asked for.
pub struct Wanted<'a> {
    /// Where it stands.
    pub source: Source,
    /// Its media type, as its mail says.
    pub media_type: &'a str,
    /// Its size, as its mail has it.
    pub size_bytes: Option<u64>,
}

/// Begins to fetch a part of a mail.
pub async fn fetch(client: &Client<'_>, wanted: &Wanted<'_>) -> Result<OpenFile, ConnectorError> {
    let Source { message, part } = &wanted.source;
    let shown = client.parts(message, &mask(part)).await.map_err(gone)?;
    let found = shown.payload.as_ref().and_then(|payload| at(payload, part));
    let alike = found.filter(|found| found.mime_type.eq_ignore_ascii_case(wanted.media_type));
    let is_same = alike.is_some_and(|found| Some(found.body.size) == wanted.size_bytes && !is_mail(found));
    if !is_same && let Some(open) = out_of_mail(client, &shown, wanted).await? {
        return Ok(open);
    }
    let Some(found) = alike else {
        return Err(refused(
            "part_not_given",
            "Gmail shows this mail in other parts than it has, and it is too large to be read as a whole. Open it in \
             Gmail.",
        ));
    };
    let size_bytes = Some(found.body.size).filter(|_| is_same);
    let chunks: Box<dyn Chunks> = match (&found.body.data, &found.body.attachment_id) {
        (Some(data), _) => Box::new(Held(Some(decoded(data)?.into()))),
        (None, Some(id)) => Box::new(client.attachment(message, id).await.map_err(gone)?.of_size(size_bytes)),
        (None, None) if found.body.size == 0 => Box::new(Held(None)),
        (None, None) => return Err(refused("part_gone", "Gmail does not hand out this file of the mail.")),
    };
    Ok(OpenFile { size_bytes, media_type: None, content_range: None, chunks })
}

/// The file out of the mail's own bytes; nothing where those are too many to be held.
async fn out_of_mail(
    client: &Client<'_>,
    shown: &Message,
    wanted: &Wanted<'_>,
) -> Result<Option<OpenFile>, ConnectorError> {
    if shown.size_estimate > LARGEST_HELD_MAIL_BYTES {
        return Ok(None);
    }
    let mut raw = client.raw(&wanted.source.message).await.map_err(gone)?;
    // An estimate may be wrong by a little.
    let raw = held(&mut raw, LARGEST_HELD_MAIL_BYTES * 2).await.map_err(broken)?;
    let part = mail::part(&raw, &wanted.source.part);
    let part = part.ok_or_else(|| refused("part_gone", "The mail has no such file."))?;
    let size_bytes = Some(part.bytes.len() as u64);
    let chunks = Box::new(Held(Some(part.bytes.into())));
    Ok(Some(OpenFile { size_bytes, media_type: None, content_range: None, chunks }))
}

/// The part at a path of ours.
pub fn at<'p>(root: &'p Payload, path: &PartPath) -> Option<&'p Payload> {
    if !is_open(root) {
        return (path.0 == [1]).then_some(root);
    }
    let mut part = root;
    let mut id = String::new();
    for number in &path.0 {
        let dot = if id.is_empty() { "" } else { "." };
        id = format!("{id}{dot}{}", number.checked_sub(1)?);
        part = part.parts.iter().find(|part| part.part_id == id).filter(|_| is_open(part))?;
    }
    Some(part)
}

/// Whether a part is made of others. A mail within the mail is one part to us.
fn is_open(part: &Payload) -> bool {
    let is_multipart = part.mime_type.get(..10).is_some_and(|top| top.eq_ignore_ascii_case("multipart/"));
    is_multipart && !part.parts.is_empty()
}

/// Whether it is a mail, of which Gmail may give the words in place of the bytes.
fn is_mail(part: &Payload) -> bool {
    part.mime_type.get(..8).is_some_and(|top| top.eq_ignore_ascii_case("message/"))
}

/// What is asked of a mail: nothing deeper than the part, and no words but beside it.
fn mask(path: &PartPath) -> String {
    let lowest = "partId,mimeType,body".to_owned();
    let depth = path.0.len();
    let tree = (1..=depth).rev().fold(lowest, |below, level| match level {
        1 => format!("partId,mimeType,body,parts({below})"),
        _ => format!("partId,mimeType,parts({below})"),
    });
    format!("id,sizeEstimate,payload({tree})")
}

/// Bytes that are all here already.
pub struct Held(pub Option<Bytes>);

#[async_trait]
impl Chunks for Held {
    async fn next(&mut self) -> Result<Option<Bytes>, BrokenOff> {
        Ok(self.0.take().filter(|bytes| !bytes.is_empty()))
    }
}

fn gone(error: CallError) -> ConnectorError {
    match error {
        CallError::NotFound(_) => refused("mail_gone", "The mail of this file is no longer in the mailbox."),
        CallError::Other(error) => error,
    }
}

fn broken(error: BrokenOff) -> ConnectorError {
    problem::broken(&error.0, Effect::Repeatable)
}

fn refused(code: &str, detail: &str) -> ConnectorError {
    ConnectorError::Refused(problem(code, detail.to_owned()))
}
