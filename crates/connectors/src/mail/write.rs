//! A draft to bytes, with places for its files, whose bytes come from elsewhere and are never held here.
//!
//! Pure: no clock, no chance. The same draft is the same bytes.

use super::{
    address::Mailbox,
    bounds::{LONGEST_NAME, LONGEST_SUBJECT},
    draft::{Draft, Enclosure, Forwarded},
    ids::MessageId,
    words,
};
use mail_builder::{
    headers::{
        Header, HeaderType, address::Address as Written, content_type::ContentType, date::Date,
        message_id::MessageId as Ids, raw::Raw, text::Text,
    },
    mime::MimePart,
};
use model::body::{Naming, html};
use sha2::{Digest, Sha256};

/// How many people one mail may be sent to.
pub const MOST_RECIPIENTS: usize = 2_000;
/// How many files may go with one mail.
pub const MOST_FILES: usize = 100;
/// The longest value of a mark, in bytes.
pub const LONGEST_MARK_BYTES: usize = 500;
/// How many bytes of a file make one line.
const LINE_BYTES: usize = 57;

/// Why a draft cannot be sent as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It goes to nobody.
    #[error("it goes to nobody")]
    NoRecipient,
    /// There are more recipients or files than one mail may have.
    #[error("{what}: {most} at most")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// Something is longer than it may be.
    #[error("{what} is too long: {most} at most")]
    TooLong {
        /// What.
        what: &'static str,
        /// How long it may be.
        most: usize,
    },
    /// A line break or another control character stands where only a line may stand.
    #[error("{what} holds a line break or another control character")]
    Control {
        /// In what.
        what: &'static str,
    },
    /// Mail servers do not take such an address.
    #[error("{address:?} is no address that mail can be sent to")]
    Address {
        /// Which.
        address: String,
    },
    /// Something can never stand in a mail.
    #[error("{what} cannot be written")]
    Malformed {
        /// What.
        what: &'static str,
    },
}

/// A piece of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stretch {
    /// As it stands.
    Bytes(Vec<u8>),
    /// Here stands the file of this number, in lines of base64.
    File(usize),
}

/// A mail, written but for the bytes of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its pieces, in order.
    pub stretches: Vec<Stretch>,
    /// How many bytes it is, with its files.
    pub size_bytes: u64,
}

impl Outgoing {
    /// The mail in one piece, for files that are small enough to be held.
    pub fn whole(&self, files: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.size_bytes).unwrap_or_default());
        for stretch in &self.stretches {
            match stretch {
                Stretch::Bytes(own) => bytes.extend_from_slice(own),
                Stretch::File(number) => {
                    let mut lines = FileLines::default();
                    lines.push(files.get(*number).copied().unwrap_or_default(), &mut bytes);
                    lines.finish(&mut bytes);
                }
            }
        }
        bytes
    }
}

/// Makes lines of base64 out of a file, whose bytes may come in pieces of any length.
#[derive(Debug, Default)]
pub struct FileLines {
    left: Vec<u8>,
}

impl FileLines {
    /// Takes the next bytes, and adds the lines that are whole.
    pub fn push(&mut self, mut bytes: &[u8], lines: &mut Vec<u8>) {
        if !self.left.is_empty() {
            let (first, rest) = bytes.split_at(bytes.len().min(LINE_BYTES - self.left.len()));
            self.left.extend_from_slice(first);
            bytes = rest;
            if self.left.len() < LINE_BYTES {
                return;
            }
            line(&std::mem::take(&mut self.left), lines);
        }
        let mut whole = bytes.chunks_exact(LINE_BYTES);
        whole.by_ref().for_each(|bytes| line(bytes, lines));
        self.left.extend_from_slice(whole.remainder());
    }

    /// Adds the last line.
    pub fn finish(self, lines: &mut Vec<u8>) {
        if !self.left.is_empty() {
            line(&self.left, lines);
        }
    }

    /// How many bytes the lines of a file are.
    pub fn len_of(file_bytes: u64) -> u64 {
        file_bytes
            .div_ceil(3)
            .saturating_mul(4)
            .saturating_add(file_bytes.div_ceil(LINE_BYTES as u64).saturating_mul(2))
    }
}

fn line(bytes: &[u8], lines: &mut Vec<u8>) {
    use base64::{Engine, engine::general_purpose::STANDARD};
    lines.extend_from_slice(STANDARD.encode(bytes).as_bytes());
    lines.extend_from_slice(b"\r\n");
}

/// Writes a draft. Mentions bear the names known by now.
pub fn write(draft: &Draft, names: &impl Naming) -> Result<Outgoing, Refused> {
    check(draft)?;
    let (text, html) = said(draft, names);
    let boundary = boundary(draft, &text, &html);
    let mut bytes = Vec::new();
    head(draft, &mut bytes);
    let alternative = ContentType::new("multipart/alternative").attribute("boundary", format!("{boundary}a"));
    let parts = vec![MimePart::new("text/plain", text), MimePart::new("text/html", html)];
    let words = MimePart::new(alternative, parts);
    if draft.files.is_empty() {
        words.write_part(&mut bytes);
        let size_bytes = bytes.len() as u64;
        return Ok(Outgoing { stretches: vec![Stretch::Bytes(bytes)], size_bytes });
    }
    let mixed = ContentType::new("multipart/mixed").attribute("boundary", &boundary);
    field("Content-Type", mixed.into(), &mut bytes);
    bytes.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
    words.write_part(&mut bytes);
    let mut stretches = Vec::new();
    for (number, file) in draft.files.iter().enumerate() {
        bytes.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
        file_head(file, &mut bytes);
        stretches.extend([Stretch::Bytes(std::mem::take(&mut bytes)), Stretch::File(number)]);
    }
    stretches.push(Stretch::Bytes(format!("--{boundary}--\r\n").into_bytes()));
    let size_bytes = stretches.iter().map(|stretch| match stretch {
        Stretch::Bytes(bytes) => bytes.len() as u64,
        Stretch::File(number) => FileLines::len_of(draft.files[*number].size_bytes),
    });
    Ok(Outgoing { size_bytes: size_bytes.fold(0, u64::saturating_add), stretches })
}

fn head(draft: &Draft, out: &mut Vec<u8>) {
    for (name, mailboxes) in
        [("From", draft.from.as_slice()), ("To", &draft.to), ("Cc", &draft.cc), ("Bcc", &draft.bcc)]
    {
        if !mailboxes.is_empty() {
            field(name, Written::new_list(mailboxes.iter().map(written).collect()).into(), out);
        }
    }
    let subject = draft.subject.trim();
    // Words that look as if they were encoded already.
    let subject =
        if subject.contains("=?") { Raw::new(words::encoded(subject)).into() } else { Text::new(subject).into() };
    field("Subject", subject, out);
    if let Some(date) = draft.date {
        field("Date", Date::new(date.millis().div_euclid(1_000)).into(), out);
    }
    for (name, ids) in [
        ("Message-ID", draft.message_id.as_slice()),
        ("In-Reply-To", draft.in_reply_to.as_slice()),
        ("References", &draft.references),
    ] {
        if !ids.is_empty() {
            field(name, Ids::new_list(ids.iter().map(MessageId::as_str)).into(), out);
        }
    }
    if let Some((name, value)) = &draft.mark {
        field(name, Raw::new(value).into(), out);
    }
    if draft.is_automatic {
        field("Auto-Submitted", Raw::new("auto-generated").into(), out);
    }
    field("MIME-Version", Raw::new("1.0").into(), out);
}

fn field(name: &str, value: HeaderType<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    value.write_header(out, name.len() + 2);
}

fn written(mailbox: &Mailbox) -> Written<'_> {
    // The same in a name: quotes around it keep no reader from decoding it.
    let name = mailbox.name.as_ref().map(|name| name.replace("=?", "= ?")).filter(|name| !name.trim().is_empty());
    Written::new_address(name, mailbox.address.as_str())
}

fn file_head(file: &Enclosure, out: &mut Vec<u8>) {
    // A mail within a mail must not be in base64, and a file always is.
    let is_mail = file.media_type.starts_with("message/");
    let kind = if is_mail { "application/octet-stream" } else { file.media_type.as_str() };
    let kind = ContentType::new(kind).attribute("name", &file.name);
    field("Content-Type", kind.into(), out);
    let shown = if file.content_id.is_some() { "inline" } else { "attachment" };
    field("Content-Disposition", ContentType::new(shown).attribute("filename", &file.name).into(), out);
    if let Some(id) = &file.content_id {
        field("Content-ID", Ids::new(id).into(), out);
    }
    field("Content-Transfer-Encoding", Raw::new("base64").into(), out);
    out.extend_from_slice(b"\r\n");
}

/// What is said, as text and as HTML.
fn said(draft: &Draft, names: &impl Naming) -> (String, String) {
    let mut text = draft.body.text(names);
    let mut html = format!("<div dir=\"auto\">{}</div>", html::write(&draft.body, names));
    if let Some(forwarded) = &draft.forwarded {
        text = format!("{text}\n\n{}", forwarded_text(forwarded)).trim_start().to_owned();
        html.push_str(&forwarded_html(forwarded));
    }
    (text.replace('\n', "\r\n") + "\r\n", html)
}

const FORWARDED: &str = "---------- Forwarded message ---------";

fn forwarded_text(forwarded: &Forwarded) -> String {
    let head: String = forwarded.head.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    format!("{FORWARDED}\n{head}\n{}", forwarded.text)
}

fn forwarded_html(forwarded: &Forwarded) -> String {
    let head = forwarded.head.iter().map(|(name, value)| format!("{name}: {}<br>", escaped(value)));
    let said = forwarded.html.clone().unwrap_or_else(|| escaped(&forwarded.text).replace('\n', "<br>"));
    format!("<br><div>{FORWARDED}<br>{}<br></div>{said}", head.collect::<String>())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A boundary that stands nowhere in what it parts: it is a hash of it.
fn boundary(draft: &Draft, text: &str, html: &str) -> String {
    let mark = draft.mark.as_ref().map(|(_, value)| value.as_str()).unwrap_or_default();
    let mut hash = Sha256::new();
    for part in [&draft.subject, text, html, mark] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    format!("=_{}", &hex::encode(hash.finalize())[..32])
}

fn check(draft: &Draft) -> Result<(), Refused> {
    let count = draft.recipients().count();
    if count == 0 {
        return Err(Refused::NoRecipient);
    }
    for (what, count, most) in [("recipients", count, MOST_RECIPIENTS), ("files", draft.files.len(), MOST_FILES)] {
        if count > most {
            return Err(Refused::TooMany { what, most });
        }
    }
    line_of("the subject", &draft.subject, LONGEST_SUBJECT)?;
    for mailbox in draft.from.iter().chain(draft.recipients()) {
        line_of("a name", mailbox.name.as_deref().unwrap_or_default(), LONGEST_NAME)?;
        if !mailbox.address.as_str().is_ascii() {
            return Err(Refused::Address { address: mailbox.address.to_string() });
        }
    }
    for file in &draft.files {
        line_of("the name of a file", &file.name, LONGEST_NAME * 2)?;
        if !is_media_type(&file.media_type) {
            return Err(Refused::Malformed { what: "the media type of a file" });
        }
        if file.content_id.as_deref().is_some_and(|id| !is_token(id)) {
            return Err(Refused::Malformed { what: "the id of a picture" });
        }
    }
    if let Some((name, value)) = &draft.mark {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_name = name.starts_with("X-") && name.len() > 2 && name.len() <= 60 && name.bytes().all(fits);
        if !is_name || !is_token(value) || value.len() > LONGEST_MARK_BYTES {
            return Err(Refused::Malformed { what: "the mark" });
        }
    }
    let ids = draft.message_id.iter().chain(&draft.in_reply_to).chain(&draft.references);
    if !ids.into_iter().all(MessageId::can_be_written) {
        return Err(Refused::Malformed { what: "a Message-ID" });
    }
    Ok(())
}

fn line_of(what: &'static str, text: &str, most: usize) -> Result<(), Refused> {
    if text.contains(char::is_control) {
        return Err(Refused::Control { what });
    }
    if text.chars().count() > most {
        return Err(Refused::TooLong { what, most });
    }
    Ok(())
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'))
}

fn is_media_type(text: &str) -> bool {
    let fits = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    text.len() <= 200 && text.split_once('/').is_some_and(|(top, sub)| fits(top) && fits(sub) && top != "multipart")
}
