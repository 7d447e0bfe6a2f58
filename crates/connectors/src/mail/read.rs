//! Bytes to a mail.

use super::{
    address::{self, Mailbox},
    automatic::{self, Automatic, List},
    bounce::{self, Bounce, Receipt},
    bounds::{Bound, LONGEST_TEXT_BYTES, cut_bytes},
    calendar::Invitation,
    content::{self, Attachment, Role},
    date,
    fields::Fields,
    fold::{self, Folded},
    html::{self, Html},
    ids::{self, MessageId},
    reaction::{self, Reaction},
    subject,
    tree::{self, Node, PartPath},
};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{borrow::Cow, collections::BTreeSet};

/// What is asked of a reading.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Names of fields whose values are wanted besides, as a mark of our own.
    pub fields: &'a [&'a str],
}

/// A mail, read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Who wrote it: the first of `From` that has an address; else `Sender`.
    pub from: Option<Mailbox>,
    /// What `From` says, in words, for where nobody could be made out.
    pub from_text: String,
    /// Who sent it, if that is somebody else.
    pub sender: Option<Mailbox>,
    /// Where its author wants answers.
    pub reply_to: Vec<Mailbox>,
    /// To whom it is written.
    pub to: Vec<Mailbox>,
    /// Who else is to read it.
    pub cc: Vec<Mailbox>,
    /// Who reads it without the others' knowing; only its author's own copy says so.
    pub bcc: Vec<Mailbox>,
    /// The addresses by which it came here, as the servers on its way say.
    pub delivered_to: Vec<Mailbox>,
    /// What it is about, as it was written.
    pub subject: String,
    /// Its name among mails. May be missing, and others may bear the same.
    pub message_id: Option<MessageId>,
    /// The mails that it answers.
    pub in_reply_to: Vec<MessageId>,
    /// The mails before it, oldest first.
    pub references: Vec<MessageId>,
    /// The time that it claims to be from. See `settled`.
    pub date: Option<Timestamp>,
    /// What it says. Always there, if anything is said at all.
    pub text: Folded,
    /// The same in HTML, cleaned, if it has any.
    pub html: Option<Html>,
    /// What else it brings.
    pub attachments: Vec<Attachment>,
    /// The meeting that it is about.
    pub invitation: Option<Invitation>,
    /// It bears a signature of its bytes, which nobody here has checked.
    pub is_signed: bool,
    /// Only its reader's own program can read it.
    pub is_encrypted: bool,
    /// Why it is no person's own word to its reader.
    pub automatic: Option<Automatic>,
    /// The list that it came through.
    pub list: Option<List>,
    /// What became of another mail, if it tells that.
    pub bounce: Option<Bounce>,
    /// That another mail was seen, if it tells that.
    pub receipt: Option<Receipt>,
    /// The emoji that it puts under another mail, if it does nothing else.
    pub reaction: Option<Reaction>,
    /// The fields that were asked for, in their order, with their names as they were asked for.
    pub fields: Vec<(String, String)>,
    /// What of it was not read.
    pub cut: BTreeSet<Bound>,
}

impl Mail {
    /// What it is about, without marks of replies.
    pub fn base_subject(&self) -> &str {
        subject::base(&self.subject)
    }

    /// Tells mails apart that bear the same Message-ID or none. The same mail has the same one, whatever servers on
    /// its way have added.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let from = self.from.as_ref().map(|from| from.address.key()).unwrap_or_default();
        let date = self.date.map(|date| date.to_string()).unwrap_or_default();
        for part in [&from, &date, &self.subject, &self.text.new, &self.text.quoted] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        for attachment in &self.attachments {
            hash.update(attachment.size_bytes.to_be_bytes());
            hash.update(&attachment.name);
        }
        hex::encode(hash.finalize())
    }
}

/// Reads a mail. There is no mail that cannot be read.
pub fn read(raw: &[u8], wanted: &Wanted<'_>) -> Mail {
    let raw = with_line_breaks(raw);
    let mut cut = BTreeSet::new();
    let root = tree::read(&raw, &mut cut);
    of(&root, wanted, cut)
}

/// What the parts of a mail say.
pub(super) fn of(root: &Node<'_>, wanted: &Wanted<'_>, mut cut: BTreeSet<Bound>) -> Mail {
    let mut mail = head(&root.fields, wanted, &mut cut);
    let content = content::gather(root, &mut cut);
    let is_forward = subject::is_forward(&mail.subject);
    let rich = content.html().map(|html| html::read(&html, is_forward, &mut cut));
    mail.text = match (content.plain(), &rich) {
        (Some(mut plain), _) => {
            if cut_bytes(&mut plain, LONGEST_TEXT_BYTES) {
                cut.insert(Bound::Text);
            }
            fold::text(plain.trim_matches('\n').trim_end(), is_forward)
        }
        (None, Some(rich)) => rich.text.clone(),
        (None, None) => Folded::default(),
    };
    mail.html = rich.map(|rich| rich.html).filter(|html| !html.folded.is_empty());
    mail.attachments = content.attachments;
    settle_inline(&mut mail);
    mail.invitation = content.invitation;
    mail.is_signed = content.is_signed;
    mail.is_encrypted = content.is_encrypted;
    mail.bounce = bounce::read(root, &mail.text.whole());
    mail.receipt = bounce::receipt(root);
    mail.reaction = reaction::read(root, &mail.in_reply_to);
    mail.cut = cut;
    mail
}

fn head(fields: &Fields<'_>, wanted: &Wanted<'_>, cut: &mut BTreeSet<Bound>) -> Mail {
    let mut mailboxes = |name: &str| {
        let (found, is_cut) = address::all(fields, name);
        if is_cut {
            cut.insert(Bound::Addresses);
        }
        found
    };
    let from = mailboxes("From").into_iter().next();
    let sender = mailboxes("Sender").into_iter().next();
    let delivered = ["Delivered-To", "X-Original-To", "Envelope-To"].map(&mut mailboxes);
    let mut mail = Mail {
        reply_to: mailboxes("Reply-To"),
        to: mailboxes("To"),
        cc: mailboxes("Cc"),
        bcc: mailboxes("Bcc"),
        delivered_to: delivered.into_iter().flatten().collect(),
        from_text: subject::kept(&fields.text("From").unwrap_or_default()),
        subject: subject::kept(&fields.text("Subject").unwrap_or_default()),
        message_id: ids::all(fields, "Message-ID").into_iter().next(),
        in_reply_to: ids::all(fields, "In-Reply-To"),
        references: ids::all(fields, "References"),
        date: fields.value("Date").and_then(|value| date::parse(&value)),
        automatic: automatic::automatic(fields),
        list: automatic::list(fields),
        ..Mail::default()
    };
    for name in wanted.fields {
        mail.fields.extend(fields.text(name).map(|value| ((*name).to_owned(), value)));
    }
    mail.sender = sender.clone().filter(|sender| from.as_ref().is_none_or(|from| from.address != sender.address));
    mail.from = from.or(sender);
    mail
}

/// A picture is inline if the HTML shows it, whatever its head says; the HTML's list names those that are there.
fn settle_inline(mail: &mut Mail) {
    let Some(html) = &mut mail.html else { return };
    for attachment in &mut mail.attachments {
        let is_shown = attachment.content_id.as_ref().is_some_and(|id| html.inline.contains(id));
        if is_shown && attachment.role == Role::File {
            attachment.role = Role::Inline;
        }
    }
    html.inline.retain(|id| mail.attachments.iter().any(|attachment| attachment.content_id.as_ref() == Some(id)));
}

/// The bytes of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartBytes {
    /// Its media type, as the mail says.
    pub media_type: String,
    /// Its bytes, as they were before they were made fit for the way.
    pub bytes: Vec<u8>,
}

/// The part at a path; none if there is no such part.
pub fn part(raw: &[u8], path: &PartPath) -> Option<PartBytes> {
    let raw = with_line_breaks(raw);
    let root = tree::read(&raw, &mut BTreeSet::new());
    let node: &Node<'_> = root.at(path)?;
    Some(PartBytes { media_type: node.kind.media_type(), bytes: node.bytes().into_owned() })
}

/// A mail whose lines end in `\r` alone, as very old programs wrote them, gets line breaks.
fn with_line_breaks(raw: &[u8]) -> Cow<'_, [u8]> {
    if raw.contains(&b'\n') || !raw.contains(&b'\r') {
        return raw.into();
    }
    raw.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect::<Vec<_>>().into()
}
