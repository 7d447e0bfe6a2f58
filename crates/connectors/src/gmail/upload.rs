//! Brings mails to Gmail: small ones in JSON, all others as they are, with their files passed on piece by piece.

use crate::{
    gmail::{
        client::{API, Client, host},
        draft::unwritten,
        files::{self, Held, Source},
        problem::{self, CallError, Effect, problem},
        transfer::held,
        wire,
    },
    mail::{self, Draft, Enclosure, FileLines, Mail, Stretch},
};
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE};
use bytes::Bytes;
use model::{
    body::Naming,
    connector::{Access, ConnectorError},
    files::FilesError,
    http::{BrokenOff, Chunks, Method, Outgoing},
    id::ExternalId,
    message::Problem,
    upload::SentFile,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{cmp::Reverse, collections::VecDeque};

/// How many bytes the files of one mail may have together: what Gmail sends.
pub const MOST_FILE_BYTES: u64 = 25 << 20;
/// The largest mail that is taken, with its files in base64.
const LARGEST_MAIL_BYTES: u64 = 36_700_160;
/// The largest mail that goes in JSON, whose body has a bound of 5 MB.
const LARGEST_IN_JSON_BYTES: u64 = 3 << 20;
/// How many files of a mail that is handed on are fetched at once while it goes out: the largest ones. Gmail answers
/// few calls of one mailbox at a time. The others wait in memory, which `MOST_FILE_BYTES` bounds.
const MOST_STREAMS: usize = 4;
/// The largest piece that is passed on.
const PIECE_BYTES: usize = 64 << 10;

/// Mail names nobody by an id.
struct NoNames;

impl Naming for NoNames {
    fn person(&self, _: &ExternalId) -> Option<String> {
        None
    }

    fn chat(&self, _: &ExternalId) -> Option<String> {
        None
    }
}

/// What a mail is brought to.
pub struct Door {
    /// The method, for its price.
    pub method: &'static str,
    /// Its path and its query.
    pub path: &'static str,
    pub query: &'static [(&'static str, &'static str)],
}

/// `users.messages.send`.
pub const SEND: Door = Door { method: "messages.send", path: "messages/send", query: &[] };

/// The bytes of a mail's files, in their order.
pub type Contents = Vec<Box<dyn Chunks>>;

/// Takes the files of a mail that is handed on into a draft of it, whose bytes are on their way from then on.
pub async fn hand_on(
    client: &Client<'_>,
    id: &str,
    original: &Mail,
    draft: &mut Draft,
    contents: &mut Contents,
) -> Result<(), ConnectorError> {
    let whole: Vec<_> = original.handed_on().collect();
    fits(whole.iter().map(|file| file.size_bytes))?;
    let mut by_size: Vec<usize> = (0..whole.len()).collect();
    by_size.sort_by_key(|place| Reverse(whole[*place].size_bytes));
    for (place, file) in whole.iter().enumerate() {
        let source = Source { message: id.to_owned(), part: file.path.clone() };
        let wanted = files::Wanted { source, media_type: &file.media_type, size_bytes: Some(file.size_bytes) };
        let mut opened = files::fetch(client, &wanted).await?;
        let streams = by_size.iter().take(MOST_STREAMS).any(|one| *one == place);
        let (size, chunks): (u64, Box<dyn Chunks>) = match opened.size_bytes.filter(|_| streams) {
            Some(size) => (size, opened.chunks),
            None => {
                let bytes = held(&mut *opened.chunks, MOST_FILE_BYTES).await;
                let bytes = bytes.map_err(|error| problem::broken(&error.0, Effect::Repeatable))?;
                (bytes.len() as u64, Box::new(Held(Some(bytes.into()))))
            }
        };
        draft.files[place].size_bytes = size;
        contents.push(chunks);
    }
    Ok(())
}

/// Takes uploaded files into a draft.
pub async fn enclose(
    access: &Access<'_>,
    sent: &[SentFile],
    draft: &mut Draft,
    contents: &mut Contents,
) -> Result<(), ConnectorError> {
    let before = draft.files.iter().map(|file| file.size_bytes);
    fits(before.chain(sent.iter().map(|file| file.size_bytes)))?;
    for file in sent {
        contents.push(access.files.open(file.upload).await.map_err(|error| match error {
            FilesError::NotFound => ConnectorError::Refused(Problem {
                code: "upload_gone".to_owned(),
                detail: "The uploaded file is no longer kept here. Upload it again.".to_owned(),
            }),
            FilesError::TooLarge(_) | FilesError::BrokenOff | FilesError::Unavailable(_) => {
                problem::broken("the upload cannot be read now", Effect::Repeatable)
            }
        })?);
        draft.files.push(Enclosure {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size_bytes: file.size_bytes,
            content_id: None,
        });
    }
    Ok(())
}

fn fits(sizes: impl Iterator<Item = u64>) -> Result<(), ConnectorError> {
    if sizes.fold(0_u64, u64::saturating_add) <= MOST_FILE_BYTES {
        return Ok(());
    }
    let most = MOST_FILE_BYTES >> 20;
    Err(refused("files_too_large", format!("Gmail sends files of {most} MB in one mail, all together.")))
}

/// Brings a mail there. Whoever loses the answer must look before doing it again.
pub async fn bring(
    client: &Client<'_>,
    door: &Door,
    meta: Value,
    draft: &Draft,
    contents: Contents,
) -> Result<wire::Message, ConnectorError> {
    let written = mail::write(draft, &NoNames).map_err(|why| unwritten(&why))?;
    if written.size_bytes > LARGEST_MAIL_BYTES {
        return Err(refused("too_large", "The mail is larger than Gmail takes.".to_owned()));
    }
    if draft.files.is_empty() && written.size_bytes <= LARGEST_IN_JSON_BYTES && door.query.is_empty() {
        let mut wish = meta;
        wish["raw"] = json!(URL_SAFE.encode(written.whole(&[])));
        return named(client.post(door.method, door.path, &wish, Effect::Once).await?, door);
    }
    let boundary = boundary(&written.stretches);
    let begin = format!(
        "--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{meta}\r\n--{boundary}\r\n\
         Content-Type: message/rfc822\r\n\r\n"
    );
    let end = format!("\r\n--{boundary}--\r\n");
    let size_bytes = begin.len() as u64 + written.size_bytes + end.len() as u64;
    let mut contents: Vec<_> = contents.into_iter().map(Some).collect();
    let middle = written.stretches.into_iter().map(|stretch| match stretch {
        Stretch::Bytes(bytes) => Piece::Bytes(bytes.into()),
        Stretch::File(number) => Piece::File {
            chunks: contents.get_mut(number).and_then(Option::take).unwrap_or_else(|| Box::new(Held(None))),
            left: draft.files.get(number).map_or(0, |file| file.size_bytes),
            lines: FileLines::default(),
        },
    });
    let pieces = [Piece::Bytes(begin.into())].into_iter().chain(middle).chain([Piece::Bytes(end.into())]).collect();
    let body = Outgoing { size_bytes, chunks: Box::new(Letter { pieces }) };
    named(client.upload(door, &format!("multipart/related; boundary=\"{boundary}\""), body).await?, door)
}

/// What Gmail took must have a name. Without one, only a look can tell what became of it.
fn named(made: wire::Message, door: &Door) -> Result<wire::Message, ConnectorError> {
    if made.id.is_empty() || made.thread_id.is_empty() {
        return Err(ConnectorError::Unreadable(format!("Gmail's answer to {} names no mail", door.method)));
    }
    Ok(made)
}

impl Client<'_> {
    /// A method that takes a mail as it is.
    async fn upload(&self, door: &Door, media_type: &str, body: Outgoing) -> Result<wire::Message, CallError> {
        let query = [("uploadType", "multipart")].into_iter().chain(door.query.iter().copied()).collect::<Vec<_>>();
        let query = serde_urlencoded::to_string(query)
            .map_err(|error| ConnectorError::Unreadable(format!("the arguments are no query: {error}")))?;
        let url = format!("{}/upload/gmail/v1/users/me/{}?{query}", host(self.settings, API), door.path);
        let mut transfer = self.transfer(door.method, Method::Post, url, LONGEST_ANSWER_BYTES);
        transfer.headers.push(("content-type".to_owned(), media_type.to_owned()));
        transfer.body = Some(body);
        let mut answer = self.begun(transfer, Effect::Once).await?;
        let answer = held(&mut *answer.chunks, LONGEST_ANSWER_BYTES).await;
        let answer = answer.map_err(|error| problem::broken(&error.0, Effect::Once))?;
        serde_json::from_slice(&answer).map_err(|error| {
            let what = format!("Gmail's answer to {} has another shape: {error}", door.method);
            ConnectorError::Unreadable(what).into()
        })
    }
}

/// The longest answer that says how a mail is called.
const LONGEST_ANSWER_BYTES: u64 = 64 << 10;

/// A boundary that stands nowhere in the mail: it is a hash of it. Files are base64, in which none can stand.
fn boundary(stretches: &[Stretch]) -> String {
    let mut hash = Sha256::new();
    for stretch in stretches {
        match stretch {
            Stretch::Bytes(bytes) => hash.update(bytes),
            Stretch::File(number) => hash.update(number.to_be_bytes()),
        }
    }
    format!("=_up_{}", &hex::encode(hash.finalize())[..32])
}

/// A mail on its way.
struct Letter {
    pieces: VecDeque<Piece>,
}

enum Piece {
    Bytes(Bytes),
    /// A file, of which so many bytes are still to come.
    File {
        chunks: Box<dyn Chunks>,
        left: u64,
        lines: FileLines,
    },
}

#[async_trait]
impl Chunks for Letter {
    async fn next(&mut self) -> Result<Option<Bytes>, BrokenOff> {
        loop {
            match self.pieces.front_mut() {
                None => return Ok(None),
                Some(Piece::Bytes(bytes)) if bytes.is_empty() => {}
                Some(Piece::Bytes(bytes)) => return Ok(Some(bytes.split_to(bytes.len().min(PIECE_BYTES)))),
                Some(Piece::File { chunks, left, lines }) => {
                    let mut out = Vec::new();
                    let came = chunks.next().await?;
                    let is_over = came.is_none();
                    match came {
                        Some(bytes) => {
                            let shorter = || BrokenOff("the file is longer than was said".to_owned());
                            *left = left.checked_sub(bytes.len() as u64).ok_or_else(shorter)?;
                            lines.push(&bytes, &mut out);
                        }
                        None if *left > 0 => return Err(BrokenOff("the file is shorter than was said".to_owned())),
                        None => std::mem::take(lines).finish(&mut out),
                    }
                    if is_over {
                        self.pieces.pop_front();
                    }
                    if !out.is_empty() {
                        return Ok(Some(out.into()));
                    }
                    continue;
                }
            }
            self.pieces.pop_front();
        }
    }
}

fn refused(code: &str, detail: String) -> ConnectorError {
    ConnectorError::Refused(problem(code, detail))
}
