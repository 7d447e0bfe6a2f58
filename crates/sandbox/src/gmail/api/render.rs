//! Messages as the API shows them.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::mailbox::Message;
use super::super::mime::{self, Header, Part, words};
use super::super::state::{State, micros};
use super::errors::Refused;

/// A text that is larger stands in the answer by an attachment's id only.
const INLINE_TEXT_MOST_BYTES: usize = 128 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Minimal,
    Metadata,
    Full,
    Raw,
}

impl Format {
    pub fn read(word: Option<&str>) -> Result<Format, Refused> {
        match word.unwrap_or("full").to_ascii_lowercase().as_str() {
            "full" | "" => Ok(Format::Full),
            "minimal" => Ok(Format::Minimal),
            "metadata" => Ok(Format::Metadata),
            "raw" => Ok(Format::Raw),
            other => Err(Refused::invalid(format!(
                "Invalid value at 'format' (type.googleapis.com/caribou.api.proto.MessageFormat), \"{other}\""
            ))),
        }
    }
}

/// A message in a format. `headers` are those that are wanted of its metadata; none means all.
pub fn message(state: &mut State, now_micros: i64, message: &Message, format: Format, headers: &[String]) -> Value {
    let mut shown = brief(message);
    match format {
        Format::Minimal => {
            if is_odd(&message.id) {
                shown["payload"] = json!({ "partId": "" });
            }
        }
        Format::Metadata => {
            let mail = mime::read(&message.raw.0);
            let wanted = |header: &&Header| {
                headers.is_empty() || headers.iter().any(|name| name.eq_ignore_ascii_case(&header.name))
            };
            let found: Vec<Value> = mail.headers.iter().filter(wanted).map(header).collect();
            shown["payload"] = json!({ "partId": "", "mimeType": mail.kind, "headers": found });
        }
        Format::Full => {
            let mail = mime::read(&message.raw.0);
            shown["payload"] = part(state, now_micros, message, &mail);
        }
        Format::Raw => shown["raw"] = json!(base64url(&message.raw.0, is_odd(&message.id))),
    }
    shown
}

/// What stands in every format.
pub fn brief(message: &Message) -> Value {
    let mut shown = json!({
        "id": message.id,
        "threadId": message.thread,
        "snippet": message.head.snippet,
        "sizeEstimate": message.raw.0.len(),
        "historyId": message.history_id.to_string(),
        "internalDate": message.internal_millis.to_string(),
    });
    if !message.labels.is_empty() {
        shown["labelIds"] = json!(message.labels);
    }
    shown
}

/// Its ids, and its labels if it has any.
pub fn named(id: &str, thread: &str, labels: &[String]) -> Value {
    let mut shown = json!({ "id": id, "threadId": thread });
    if !labels.is_empty() {
        shown["labelIds"] = json!(labels);
    }
    shown
}

fn header(header: &Header) -> Value {
    json!({ "name": header.name, "value": words::decode(&header.value) })
}

fn part(state: &mut State, now_micros: i64, message: &Message, read: &Part) -> Value {
    let headers: Vec<Value> = read.headers.iter().map(header).collect();
    let mut shown = json!({
        "partId": read.id, "mimeType": read.kind, "filename": read.filename, "headers": headers,
        "body": { "size": 0 },
    });
    if !read.parts.is_empty() {
        let parts: Vec<Value> = read.parts.iter().map(|inner| part(state, now_micros, message, inner)).collect();
        shown["parts"] = json!(parts);
    }
    let is_text = read.kind.starts_with("text/") && !read.is_attachment() && read.body.len() <= INLINE_TEXT_MOST_BYTES;
    if read.kind.starts_with("multipart/") {
        return shown;
    }
    shown["body"]["size"] = json!(read.body.len());
    if is_text && !read.body.is_empty() {
        shown["body"]["data"] = json!(base64url(&read.body, is_odd(&message.id)));
    } else if !is_text && !read.body.is_empty() {
        shown["body"]["attachmentId"] = json!(attachment_id(state, now_micros, &message.id, &read.id));
    }
    shown
}

/// An id that is another one at every look, and good for a while.
fn attachment_id(state: &mut State, now_micros: i64, message: &str, part: &str) -> String {
    let text = format!("{now_micros}:{}:{message}:{part}", state.next_given());
    let sum = hex::encode(&Sha256::digest(format!("{}:{text}", state.world.seed))[..12]);
    format!("ANGjdJ{}", URL_SAFE_NO_PAD.encode(format!("{text}:{sum}")))
}

/// The part that an attachment's id stands for.
pub fn attachment_part(state: &State, now_micros: i64, message: &str, id: &str) -> Result<String, Refused> {
    let wrong = || Refused::invalid("Invalid attachment token");
    let bytes = id.strip_prefix("ANGjdJ").and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok()).ok_or_else(wrong)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    let (text, sum) = text.rsplit_once(':').ok_or_else(wrong)?;
    let fields: Vec<&str> = text.split(':').collect();
    let [given_micros, _, of, part] = fields[..] else { return Err(wrong()) };
    let is_ours = hex::encode(&Sha256::digest(format!("{}:{text}", state.world.seed))[..12]) == sum;
    let given_micros: i64 = given_micros.parse().map_err(|_| wrong())?;
    if !is_ours || of != message || now_micros - given_micros > micros(state.config.attachment_id_life) {
        return Err(wrong());
    }
    Ok(part.to_owned())
}

/// Base64 for addresses; Gmail pads some of it and some not.
pub fn base64url(bytes: &[u8], is_padded: bool) -> String {
    if is_padded { URL_SAFE.encode(bytes) } else { URL_SAFE_NO_PAD.encode(bytes) }
}

fn is_odd(id: &str) -> bool {
    super::pages::number(id) % 2 == 1
}
