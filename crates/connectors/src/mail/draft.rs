//! A mail that is to be sent, and who gets it when it answers another one.
//!
//! Pure. Nothing is refused here: that is for `write`.

use super::{
    address::Mailbox,
    content::{Attachment, Role},
    ids::{MessageId, bounded},
    own::Own,
    read::Mail,
    subject,
};
use model::{body::Body, time::Timestamp};

/// How many ids are written into References: the first, and the last ones.
pub const MOST_WRITTEN_REFERENCES: usize = 20;

/// A mail that is to be sent.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Who writes it. Some platforms put that in by themselves.
    pub from: Option<Mailbox>,
    /// To whom.
    pub to: Vec<Mailbox>,
    /// Who else is to read it.
    pub cc: Vec<Mailbox>,
    /// Who reads it without the others' knowing. It is written; whoever sends it takes it out.
    pub bcc: Vec<Mailbox>,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: Body,
    /// The mail that it hands on, below what it says.
    pub forwarded: Option<Forwarded>,
    /// The files that go with it. Their bytes come from elsewhere.
    pub files: Vec<Enclosure>,
    /// Its name among mails. Some platforms give it another one.
    pub message_id: Option<MessageId>,
    /// The mail that it answers.
    pub in_reply_to: Option<MessageId>,
    /// The mails before it, oldest first.
    pub references: Vec<MessageId>,
    /// When it was written.
    pub date: Option<Timestamp>,
    /// A field by which its sender knows it again: a name that begins with `X-`, and a value.
    pub mark: Option<(String, String)>,
    /// No person wrote it, so no program should answer it.
    pub is_automatic: bool,
}

/// A file that goes with a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enclosure {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// How many bytes it is.
    pub size_bytes: u64,
    /// The name by which the HTML calls it, if it is a picture in it.
    pub content_id: Option<String>,
}

/// A mail that is handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// Its head, as people see it: names of fields, and what they say.
    pub head: Vec<(&'static str, String)>,
    /// What it says.
    pub text: String,
    /// The same in HTML, cleaned.
    pub html: Option<String>,
}

impl Draft {
    /// An answer to who wrote a mail.
    pub fn reply(mail: &Mail, own: &Own) -> Self {
        Self { to: answered(mail, own), ..Self::answer(mail) }
    }

    /// An answer to all who have a mail.
    pub fn reply_to_all(mail: &Mail, own: &Own) -> Self {
        let mut to = answered(mail, own);
        if let Some(post) = mail.list.as_ref().and_then(|list| list.post.as_ref())
            && !to.iter().any(|mailbox| mailbox.address == *post)
        {
            let named = mail.to.iter().chain(&mail.cc).chain(&mail.reply_to).find(|mailbox| mailbox.address == *post);
            to.push(named.cloned().unwrap_or_else(|| Mailbox { name: None, address: post.clone() }));
        }
        let mut others = own.others(mail.to.iter().chain(&mail.cc));
        others.retain(|other| !to.iter().any(|mailbox| mailbox.address == other.address));
        if is_own(mail, own) {
            // An answer to one's own mail goes on to whom that went, as it did.
            others.retain(|other| !mail.to.contains(other));
        }
        Self { to, cc: others, ..Self::answer(mail) }
    }

    /// A mail that hands another one on. Whom to is still to be said.
    pub fn forward(mail: &Mail) -> Self {
        let subject = if subject::is_forward(&mail.subject) {
            mail.subject.clone()
        } else {
            format!("Fwd: {}", mail.subject).trim_end().to_owned()
        };
        let files = mail.handed_on().map(|attachment| Enclosure {
            name: attachment.name.clone(),
            media_type: attachment.media_type.clone(),
            size_bytes: attachment.size_bytes,
            content_id: attachment.content_id.clone().filter(|_| attachment.role == Role::Inline),
        });
        Self {
            subject,
            references: references(mail),
            forwarded: Some(Forwarded::of(mail)),
            files: files.collect(),
            ..Self::default()
        }
    }

    fn answer(mail: &Mail) -> Self {
        let in_reply_to = mail.message_id.clone().filter(MessageId::can_be_written);
        Self { subject: answering(&mail.subject), in_reply_to, references: references(mail), ..Self::default() }
    }

    /// All who get it.
    pub fn recipients(&self) -> impl Iterator<Item = &Mailbox> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }
}

impl Forwarded {
    /// What is handed on of a mail.
    pub fn of(mail: &Mail) -> Self {
        let mut head = vec![("From", mail.from_text.clone())];
        if let Some(date) = mail.date {
            head.push(("Date", date.to_string()));
        }
        head.push(("Subject", mail.subject.clone()));
        for (name, mailboxes) in [("To", &mail.to), ("Cc", &mail.cc)] {
            let said: Vec<_> = mailboxes.iter().map(Mailbox::to_string).collect();
            if !said.is_empty() {
                head.push((name, said.join(", ")));
            }
        }
        let html = mail.html.as_ref().map(|html| html.folded.whole());
        Self { head, text: mail.text.whole(), html }
    }
}

impl Mail {
    /// The files that go along when it is handed on: all but what proves or reports something of it alone.
    pub fn handed_on(&self) -> impl Iterator<Item = &Attachment> {
        self.attachments.iter().filter(|one| !matches!(one.role, Role::Signature | Role::Report))
    }
}

fn is_own(mail: &Mail, own: &Own) -> bool {
    mail.from.as_ref().is_some_and(|from| own.has(&from.address))
}

/// Whom an answer goes to.
fn answered(mail: &Mail, own: &Own) -> Vec<Mailbox> {
    if is_own(mail, own) {
        let others = own.others(&mail.to);
        // Who writes to nobody but themselves gets the answer as well.
        return if others.is_empty() { mail.to.clone() } else { others };
    }
    let is_list = |mailbox: &Mailbox| {
        mail.list
            .as_ref()
            .is_some_and(|list| list.post.as_ref() == Some(&mailbox.address) || list.id == mailbox.address.key())
    };
    // Where a list wants all answers for itself, an answer to the author still goes to the author.
    let wanted: Vec<_> = mail.reply_to.iter().filter(|mailbox| !is_list(mailbox)).cloned().collect();
    let author = mail.from.clone().filter(|from| !is_list(from));
    match (wanted.is_empty(), author) {
        (false, _) => wanted,
        (true, Some(author)) => vec![author],
        (true, None) if !mail.reply_to.is_empty() => mail.reply_to.clone(),
        (true, None) => mail.from.iter().cloned().collect(),
    }
}

/// The subject of an answer. One that is marked as such stays as it is, since platforms thread by it.
fn answering(subject: &str) -> String {
    if subject::is_reply(subject) { subject.to_owned() } else { format!("Re: {subject}").trim_end().to_owned() }
}

/// The mails before an answer: those before the mail that it answers, and that mail.
fn references(mail: &Mail) -> Vec<MessageId> {
    let mut ids = mail.references.clone();
    if ids.is_empty() && mail.in_reply_to.len() == 1 {
        ids = mail.in_reply_to.clone();
    }
    ids.retain(|id| Some(id) != mail.message_id.as_ref());
    ids.extend(mail.message_id.clone());
    ids.retain(MessageId::can_be_written);
    bounded(ids, MOST_WRITTEN_REFERENCES)
}
