//! Writes mail as a mail program does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::addresses::Address;
use super::words::encode;

/// The longest line of base64.
const LINE: usize = 76;

/// A mail before it is bytes.
#[derive(Debug, Clone, Default)]
pub struct Letter {
    pub from: Option<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub bcc: Vec<Address>,
    pub subject: String,
    pub date: String,
    pub message_id: String,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    pub text: String,
    pub html: Option<String>,
    /// What a mail program reads that knows of reactions.
    pub reaction: Option<String>,
    pub files: Vec<File>,
    /// Further headers, as they are.
    pub more: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub struct File {
    pub name: String,
    pub kind: String,
    pub bytes: Vec<u8>,
}

impl Letter {
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = String::from("MIME-Version: 1.0\r\n");
        let mut line = |name: &str, value: &str| {
            if !value.is_empty() {
                out.push_str(&format!("{name}: {value}\r\n"));
            }
        };
        for (name, value) in &self.more {
            line(name, value);
        }
        line("Date", &self.date);
        line("Message-ID", &self.message_id);
        line("In-Reply-To", self.in_reply_to.as_deref().unwrap_or_default());
        line("References", &self.references.join("\r\n "));
        line("Subject", &encode(&self.subject));
        line("From", &self.from.as_ref().map(Address::written).unwrap_or_default());
        line("To", &list(&self.to));
        line("Cc", &list(&self.cc));
        line("Bcc", &list(&self.bcc));
        out.push_str(&self.content());
        out.into_bytes()
    }

    /// The headers and bytes of what the mail says.
    fn content(&self) -> String {
        let text = part("text/plain; charset=\"UTF-8\"", &self.text);
        let mut forms = vec![text];
        forms.extend(self.reaction.iter().map(|reaction| part("text/vnd.google.email-reaction+json", reaction)));
        forms.extend(self.html.iter().map(|html| part("text/html; charset=\"UTF-8\"", html)));
        let said = match forms.pop() {
            Some(only) if forms.is_empty() => only,
            last => {
                forms.extend(last);
                several("alternative", &self.message_id, &forms)
            }
        };
        if self.files.is_empty() {
            return said;
        }
        let mut parts = vec![said];
        parts.extend(self.files.iter().enumerate().map(|(index, file)| attached(index, file)));
        several("mixed", &self.message_id, &parts)
    }
}

fn list(people: &[Address]) -> String {
    people.iter().map(Address::written).collect::<Vec<_>>().join(",\r\n ")
}

fn part(kind: &str, text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    let is_short = text.lines().all(|line| line.len() < 900);
    if text.is_ascii() && is_short {
        return format!("Content-Type: {kind}\r\n\r\n{text}\r\n");
    }
    format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", wrapped(text.as_bytes()))
}

fn attached(index: usize, file: &File) -> String {
    let name = encode(&file.name).replace("\r\n ", " ").replace('"', "'");
    format!(
        "Content-Type: {}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\nX-Attachment-Id: f_m{index:05}\r\n\r\n{}",
        file.kind,
        wrapped(&file.bytes)
    )
}

fn several(kind: &str, seed: &str, parts: &[String]) -> String {
    let letters: String = seed.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    let boundary = format!("000000000000{letters}{}", &kind[..1]);
    let inner: String = parts.iter().map(|part| format!("--{boundary}\r\n{part}\r\n")).collect();
    format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n{inner}--{boundary}--\r\n")
}

fn wrapped(bytes: &[u8]) -> String {
    let letters = STANDARD.encode(bytes);
    let mut out = String::with_capacity(letters.len() + letters.len() / LINE * 2 + 2);
    let mut at = 0;
    while at < letters.len() {
        let end = (at + LINE).min(letters.len());
        out.push_str(&letters[at..end]);
        out.push_str("\r\n");
        at = end;
    }
    out
}
