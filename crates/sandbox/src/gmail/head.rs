//! What a mail's bytes say about it: who, to whom, about what, in answer to what. And which thread that makes.

use std::collections::BTreeSet;

use super::mailbox::Mailbox;
use super::mime::addresses::{self, Address};
use super::mime::{self, find, text, words};
use crate::calendar::read_mail_date;

/// How long two mails without references may lie apart to be one thread.
const SAME_THREAD_MILLIS: i64 = 7 * 86_400_000;
/// How much of a text is kept to be searched.
const SEARCHED_LETTERS: usize = 10_000;

#[derive(Debug, Clone, Default)]
pub struct Head {
    /// Without its brackets.
    pub message_id: Option<String>,
    /// What it refers to, the oldest first, without brackets.
    pub references: Vec<String>,
    pub subject: String,
    /// The subject without what answering put before it.
    pub bare: String,
    pub from: Vec<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub bcc: Vec<Address>,
    pub delivered_to: Vec<String>,
    pub list: String,
    pub date_secs: Option<i64>,
    pub words: String,
    pub snippet: String,
    pub filenames: Vec<String>,
}

impl Head {
    pub fn of(raw: &[u8]) -> Head {
        let mail = mime::read(raw);
        let header = |name: &str| find(&mail.headers, name).unwrap_or_default();
        let people = |name: &str| -> Vec<Address> {
            let all = mail.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
            all.flat_map(|header| addresses::read(&header.value)).collect()
        };
        let mut references = ids(header("References"));
        references.extend(ids(header("In-Reply-To")));
        let words: String = text::words(&mail).chars().take(SEARCHED_LETTERS).collect();
        let delivered = mail.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("Delivered-To"));
        let subject = words::decode(header("Subject"));
        Head {
            message_id: ids(header("Message-ID")).into_iter().next(),
            references,
            bare: bare_subject(&subject),
            subject,
            from: people("From"),
            to: people("To"),
            cc: people("Cc"),
            bcc: people("Bcc"),
            delivered_to: delivered.map(|header| header.value.trim().to_lowercase()).collect(),
            list: words::decode(header("List-Id")),
            date_secs: read_mail_date(header("Date")),
            snippet: text::snippet(&words),
            words,
            filenames: mail
                .all()
                .iter()
                .filter(|part| part.is_attachment())
                .map(|part| part.filename.clone())
                .collect(),
        }
    }

    pub fn everybody(&self) -> impl Iterator<Item = &Address> {
        self.from.iter().chain(&self.to).chain(&self.cc)
    }

    /// Everybody that a mail goes to.
    pub fn everybody_told(&self) -> impl Iterator<Item = &Address> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }

    fn participants(&self) -> BTreeSet<String> {
        self.everybody().map(|person| addresses::key(&person.address)).collect()
    }
}

/// Everything between angle brackets; where there are none, the words.
fn ids(header: &str) -> Vec<String> {
    let bracketed: Vec<String> = header
        .split('<')
        .skip(1)
        .filter_map(|piece| piece.split_once('>'))
        .map(|(id, _)| id.split_whitespace().collect())
        .collect();
    if bracketed.is_empty() { header.split_whitespace().map(str::to_owned).collect() } else { bracketed }
}

/// A subject without what answering and forwarding put before it.
pub fn bare_subject(subject: &str) -> String {
    let mut rest = subject.trim();
    while let Some((mark, after)) = rest.split_once(':') {
        let mark = mark.trim().to_lowercase();
        let mark = mark.split('[').next().unwrap_or_default();
        if !matches!(mark, "re" | "fwd" | "fw" | "aw" | "wg" | "sv" | "vs" | "rv" | "res" | "enc" | "tr") {
            break;
        }
        rest = after.trim_start();
    }
    rest.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

impl Mailbox {
    /// The thread that a mail belongs to; none where it begins one.
    ///
    /// The subject has to be the same, apart from `Re:`. What refers to something has to refer to what is known here.
    /// What refers to nothing joins mail of the same people from the last week.
    pub fn thread_for(&self, head: &Head, at_millis: i64, most: usize) -> Option<String> {
        let fits = |thread: &String| self.takes(thread, head, most).then(|| thread.clone());
        if !head.references.is_empty() {
            return head.references.iter().rev().filter_map(|id| self.known.get(id)).find_map(fits);
        }
        let participants = head.participants();
        if head.bare.is_empty() {
            return None;
        }
        let near = self.messages.values().rev().take_while(|message| {
            // Ids rise with the time of arrival, so there is nothing newer behind one that is too old.
            message.arrived_micros / 1000 > at_millis - SAME_THREAD_MILLIS
        });
        let mut alike = near.filter(|message| {
            (message.internal_millis - at_millis).abs() < SAME_THREAD_MILLIS
                && message.head.bare == head.bare
                && message.head.participants() == participants
        });
        alike.find_map(|message| fits(&message.thread))
    }

    /// Whether a thread is there, has room, and is about the same.
    pub fn takes(&self, thread: &str, head: &Head, most: usize) -> bool {
        let count = self.threads.get(thread).map_or(0, |thread| thread.messages.len());
        (1..most).contains(&count) && self.in_thread(thread).any(|message| message.head.bare == head.bare)
    }
}
