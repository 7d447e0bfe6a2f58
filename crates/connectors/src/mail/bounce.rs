//! Mails in which a server tells what became of another mail: bounces, delays, and notices that somebody has read it.

use super::{
    address::Address,
    bounds::{LONGEST_DIAGNOSTIC, LONGEST_TEXT_BYTES, MOST_FAILURES, cut_letters},
    charset,
    fields::Fields,
    ids::{self, MessageId},
    tree::Node,
};
use serde::{Deserialize, Serialize};

/// How much of a notice's free text is searched for a status, in characters.
const LONGEST_SEARCHED: usize = 20_000;

/// What became of a mail for one of its recipients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It will not arrive.
    Failed,
    /// It has not arrived yet; it is tried again.
    Delayed,
    /// It has arrived, or was handed on.
    Delivered,
}

/// What a server tells of one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fate {
    /// Who should have got it, if it says.
    pub recipient: Option<Address>,
    /// What became of it.
    pub action: Action,
    /// The status by the standard: `5.1.1`.
    pub status: Option<String>,
    /// The words of the server that refused it.
    pub diagnostic: Option<String>,
}

/// A mail that tells what became of another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounce {
    /// For each recipient that it tells of.
    pub fates: Vec<Fate>,
    /// The mail that it tells of.
    pub original: Option<MessageId>,
}

/// A notice that somebody has seen a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The mail that was seen.
    pub original: Option<MessageId>,
}

/// The parts of a report.
fn leaves<'a, 'b>(root: &'b Node<'a>) -> Vec<&'b Node<'a>> {
    if root.parts.is_empty() { vec![root] } else { root.parts.iter().flat_map(leaves).collect() }
}

/// Reads a bounce, if the mail is one. `text` is what it says to people.
pub fn read(root: &Node<'_>, text: &str) -> Option<Bounce> {
    let leaves = leaves(root);
    let report = leaves
        .iter()
        .find(|leaf| leaf.kind.is("message", "delivery-status") || leaf.kind.is("message", "global-delivery-status"));
    let named = failed(&root.fields);
    let is_told = root.kind.parameter("report-type").is_some_and(|kind| kind.eq_ignore_ascii_case("delivery-status"));
    let fates = match report {
        Some(report) => fates(&report.encoding.decode_first(report.body, LONGEST_TEXT_BYTES)),
        None if !named.is_empty() => named.into_iter().map(|recipient| from_text(Some(recipient), text)).collect(),
        // qmail, Exchange and others tell it in prose.
        None if is_told || is_from_daemon(&root.fields) && status_in(text).is_some() => vec![from_text(None, text)],
        None => return None,
    };
    Some(Bounce { fates, original: original(&leaves, &root.fields) })
}

/// Reads a notice that a mail was seen, if this is one.
pub fn receipt(root: &Node<'_>) -> Option<Receipt> {
    let leaves = leaves(root);
    let part = leaves.iter().find(|leaf| leaf.kind.is("message", "disposition-notification"))?;
    let body = part.bytes();
    let (fields, _) = Fields::read(&body);
    let original = fields.value("Original-Message-ID").and_then(|id| MessageId::all(&id).into_iter().next());
    Some(Receipt { original: original.or_else(|| self::original(&leaves, &root.fields)) })
}

/// Gmail's own word for whom it could not reach.
fn failed(fields: &Fields<'_>) -> Vec<Address> {
    let value = fields.value("X-Failed-Recipients").unwrap_or_default();
    value.split(',').filter_map(Address::parse).take(MOST_FAILURES).collect()
}

fn is_from_daemon(fields: &Fields<'_>) -> bool {
    let sender = fields.value("From").unwrap_or_default().to_lowercase();
    let returns_nowhere = fields.value("Return-Path").is_some_and(|path| path == "<>");
    returns_nowhere || ["mailer-daemon@", "postmaster@", "mailerdaemon@"].iter().any(|daemon| sender.contains(daemon))
}

fn fates(report: &[u8]) -> Vec<Fate> {
    let mut fates = Vec::new();
    let mut rest = report;
    while !rest.is_empty() && fates.len() < MOST_FAILURES {
        let (fields, at) = Fields::read(rest);
        // An empty line more, or a line that is no field.
        rest = &rest[at.max(1)..];
        if let Some(fate) = fate(&fields) {
            fates.push(fate);
        }
    }
    fates
}

fn fate(fields: &Fields<'_>) -> Option<Fate> {
    let typed = |name: &str| {
        fields.text(name).map(|value| value.split_once(';').map_or(value.clone(), |(_, rest)| rest.trim().to_owned()))
    };
    let named = typed("Final-Recipient").or_else(|| typed("Original-Recipient"));
    let original = typed("Original-Recipient").or_else(|| named.clone());
    let action = fields.value("Action").map(|action| action.to_ascii_lowercase());
    if named.is_none() && action.is_none() {
        return None;
    }
    let status = fields.value("Status").and_then(|status| status_in(&status));
    let action = match action.as_deref().unwrap_or_default().split_whitespace().next() {
        Some("delayed") => Action::Delayed,
        Some("delivered" | "relayed" | "expanded") => Action::Delivered,
        _ if status.as_deref().is_some_and(|status| status.starts_with('2')) => Action::Delivered,
        _ => Action::Failed,
    };
    let mut diagnostic = typed("Diagnostic-Code");
    if let Some(text) = &mut diagnostic {
        cut_letters(text, LONGEST_DIAGNOSTIC);
    }
    let recipient = original.as_deref().and_then(Address::parse).or_else(|| named.as_deref().and_then(Address::parse));
    Some(Fate { recipient, action, status, diagnostic })
}

fn from_text(recipient: Option<Address>, text: &str) -> Fate {
    let status = status_in(text);
    let is_delay = status.as_deref().is_some_and(|status| status.starts_with('4'));
    let line = text.lines().find(|line| status.as_deref().is_some_and(|status| line.contains(status)));
    let mut diagnostic = line.map(|line| line.trim().to_owned());
    if let Some(text) = &mut diagnostic {
        cut_letters(text, LONGEST_DIAGNOSTIC);
    }
    Fate { recipient, action: if is_delay { Action::Delayed } else { Action::Failed }, status, diagnostic }
}

/// The first `5.1.1` of a text.
fn status_in(text: &str) -> Option<String> {
    let searched = &text[..text.floor_char_boundary(LONGEST_SEARCHED)];
    let words = searched.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    words.map(|word| word.trim_matches('.')).find(|word| is_status(word)).map(str::to_owned)
}

fn is_status(word: &str) -> bool {
    let parts: Vec<_> = word.split('.').collect();
    let is_class = matches!(parts.first(), Some(&("2" | "4" | "5")));
    parts.len() == 3 && is_class && parts[1..].iter().all(|part| (1..=3).contains(&part.len()))
}

/// The mail that is told of: named by what is sent back of it, or by what the notice answers.
fn original(leaves: &[&Node<'_>], fields: &Fields<'_>) -> Option<MessageId> {
    let is_sent_back = |leaf: &&&Node<'_>| {
        leaf.kind.is("message", "rfc822")
            || leaf.kind.is("message", "global")
            || leaf.kind.is("text", "rfc822-headers")
            || leaf.kind.is("message", "global-headers")
    };
    let sent_back = leaves.iter().find(is_sent_back).and_then(|leaf| {
        let bytes = leaf.encoding.decode_first(leaf.body, LONGEST_TEXT_BYTES);
        let bytes = charset::unlabelled(&bytes);
        let (fields, _) = Fields::read(bytes.as_bytes());
        ids::all(&fields, "Message-ID").into_iter().next()
    });
    sent_back.or_else(|| ids::all(fields, "In-Reply-To").into_iter().next())
}
