//! Reads one mail: its own bytes, or, where those are too many to be held, its head and its words without its files.
//!
//! Gmail gives heads with their encoded words decoded, after which nobody can tell a comma in a name from one between
//! two people. So a large mail's own head is read out of the beginning of its bytes; the rest of those is not fetched.

use crate::{
    gmail::{
        client::{Client, decoded},
        convert::WANTED,
        files::LARGEST_HELD_MAIL_BYTES,
        problem::{self, CallError, Effect},
        wire::{Header, Message, Payload},
    },
    mail::{self, DEEPEST_PART, LONGEST_HTML_BYTES, LONGEST_TEXT_BYTES, Mail, Outline},
};
use model::{
    connector::ConnectorError,
    http::{BrokenOff, Chunks},
};

/// The longest head that is read.
const LONGEST_HEAD_BYTES: usize = 1 << 20;
/// How many parts that hold words are fetched by themselves.
const MOST_FETCHED: usize = 10;
/// How much of a part is fetched. What is longer is cut when it is read, and is seen to be longer.
const LONGEST_PART_BYTES: usize =
    if LONGEST_TEXT_BYTES > LONGEST_HTML_BYTES { LONGEST_TEXT_BYTES * 4 } else { LONGEST_HTML_BYTES * 4 };

/// Reads a mail of which the ids, labels and size are known.
pub async fn read(client: &Client<'_>, shown: &Message) -> Result<(Message, Mail), CallError> {
    if shown.size_estimate > LARGEST_HELD_MAIL_BYTES {
        return in_parts(client, &shown.id).await;
    }
    let whole = client.message(&shown.id, "raw").await?;
    let raw = decoded(whole.raw.as_deref().unwrap_or_default())?;
    let mail = mail::read(&raw, &WANTED);
    Ok((whole, mail))
}

/// Reads a mail without its files.
pub async fn in_parts(client: &Client<'_>, id: &str) -> Result<(Message, Mail), CallError> {
    let shown = client.parts(id, &mask()).await?;
    let mut outline = outline(client, &shown).await?;
    outline.head = head(client, id).await?;
    let mail = mail::read_outline(&outline, &WANTED);
    Ok((shown, mail))
}

/// What is asked of a large mail: all but the files.
fn mask() -> String {
    let part = "partId,mimeType,filename,headers,body";
    let tree = (0..=DEEPEST_PART).fold(part.to_owned(), |below, _| format!("{part},parts({below})"));
    format!("id,threadId,labelIds,historyId,internalDate,sizeEstimate,payload({tree})")
}

/// The head of a mail, as it stands.
async fn head(client: &Client<'_>, id: &str) -> Result<Vec<u8>, CallError> {
    let mut raw = client.raw(id).await?;
    let mut head = Vec::new();
    while let Some(piece) = raw.next().await.map_err(broken)? {
        let seen = head.len().saturating_sub(3);
        head.extend_from_slice(&piece);
        let ends = |mark: &[u8]| head[seen..].windows(mark.len()).position(|window| window == mark);
        if let Some(end) = ends(b"\r\n\r\n").map(|at| at + 4).into_iter().chain(ends(b"\n\n").map(|at| at + 2)).min() {
            head.truncate(seen + end);
            break;
        }
        if head.len() > LONGEST_HEAD_BYTES {
            head.truncate(LONGEST_HEAD_BYTES);
            break;
        }
    }
    Ok(head)
}

/// A mail's parts, with the bytes of those that hold words.
async fn outline(client: &Client<'_>, shown: &Message) -> Result<Outline, CallError> {
    let Some(payload) = &shown.payload else { return Ok(Outline::default()) };
    let mut outline = planted(payload)?;
    let mut long = Vec::new();
    collect(payload, &mut Vec::new(), &mut long);
    for (place, id) in long.into_iter().take(MOST_FETCHED) {
        let mut text = client.attachment(&shown.id, &id).await?;
        let mut bytes = Vec::new();
        while bytes.len() < LONGEST_PART_BYTES
            && let Some(piece) = text.next().await.map_err(broken)?
        {
            bytes.extend_from_slice(&piece);
        }
        let part = place.iter().try_fold(&mut outline, |part, number| part.parts.get_mut(*number));
        if let Some(part) = part {
            part.bytes = bytes;
        }
    }
    Ok(outline)
}

fn planted(part: &Payload) -> Result<Outline, ConnectorError> {
    // A mail within the mail is one part, whose name may be what it is about.
    let inner = part.parts.first().filter(|_| is(part, "message/"));
    let bytes = match (&part.body.data, inner) {
        (Some(data), _) if holds_words(part) || is(part, "message/") => decoded(data)?,
        (_, Some(inner)) => written(&inner.headers),
        (_, None) => Vec::new(),
    };
    let inside = if is(part, "multipart/") { part.parts.as_slice() } else { &[] };
    let parts = inside.iter().map(planted).collect::<Result<_, _>>()?;
    Ok(Outline { head: written(&part.headers), bytes, size_bytes: part.body.size, parts })
}

/// Where the parts stand that hold words and must be fetched by themselves, and under which names.
fn collect(part: &Payload, place: &mut Vec<usize>, long: &mut Vec<(Vec<usize>, String)>) {
    if let Some(id) = part.body.attachment_id.as_ref().filter(|_| part.body.data.is_none() && holds_words(part)) {
        long.push((place.clone(), id.clone()));
    }
    let inside = if is(part, "multipart/") { part.parts.as_slice() } else { &[] };
    for (number, inner) in inside.iter().enumerate() {
        place.push(number);
        collect(inner, place, long);
        place.pop();
    }
}

/// Whether a part may be what the mail says, or what it says of a meeting.
fn holds_words(part: &Payload) -> bool {
    let is_file = part.headers.iter().any(|header| {
        let value = header.value.trim_start();
        header.name.eq_ignore_ascii_case("Content-Disposition")
            && value.get(..10).is_some_and(|shown| shown.eq_ignore_ascii_case("attachment"))
    });
    is(part, "text/calendar") || (is(part, "text/plain") || is(part, "text/html")) && !is_file
}

fn is(part: &Payload, begins: &str) -> bool {
    part.mime_type.get(..begins.len()).is_some_and(|kind| kind.eq_ignore_ascii_case(begins))
}

/// A head as it may stand in a mail.
fn written(headers: &[Header]) -> Vec<u8> {
    let line = |text: &str| text.replace(['\r', '\n', '\0'], " ");
    let lines = headers.iter().map(|header| format!("{}: {}\r\n", line(&header.name), line(&header.value)));
    (lines.collect::<String>() + "\r\n").into_bytes()
}

fn broken(error: BrokenOff) -> ConnectorError {
    problem::broken(&error.0, Effect::Repeatable)
}
