//! From Gmail's messages to updates. Pure.
//!
//! A message's history id is the platform's own order of all that can change about it: its labels. So what is seen
//! without the label of trash is a restoration, if it was there before. Where the customer chose to see the trash, lying
//! there says nothing of whether it exists.

use crate::{
    gmail::{oauth::key, problem, wire},
    mail::{self, Mail, Mailbox, MessageId, Own, Sameness},
};
use model::{
    attachment::{Attachment, FileState},
    body::Body,
    chat::{ChatFacts, ChatKind, ReadMark},
    facets::{Content, Version},
    id::ExternalId,
    invitation::{Answered, Invitation},
    letter::{Correspondent, Letter, Quoted},
    participant::PersonFacts,
    time::Timestamp,
    update::{RemoteMessage, Said, Update},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The header that bears our mark.
pub const MARK: &str = "X-Bothways-Mark";
/// Labels that a message's direction and the chat's read mark say.
const SAID_ELSEWHERE: &[&str] = &["UNREAD", "SENT"];
/// Of how many people it is told that a mail did not reach them.
const MOST_FAILURES: usize = 10;
/// How many people of a thread, and of a mail, are named.
const MOST_PEOPLE: usize = 50;
/// What others call somebody counts until they write themselves, which bears the time of their mail: the newest is
/// right. It is the same for all mails, so that one more of them changes nothing.
const HEARSAY: Version = Version(1);
/// What is asked of a mail's reading.
pub const WANTED: mail::Wanted<'static> = mail::Wanted { fields: &[MARK] };

/// A message's place: by time, and among those of one millisecond by id.
pub fn position(message: &wire::Message) -> String {
    format!("{}:{}", moment(message.internal_date), message.id)
}

/// The beginning of all places at and after a time.
pub fn bound(at: Timestamp) -> String {
    moment(at.millis())
}

fn moment(millis: i64) -> String {
    format!("{:020}", millis.max(0))
}

/// Whether it is no message: a draft, or a chat of Google's.
pub fn is_left_out(message: &wire::Message) -> bool {
    message.is("DRAFT") || message.is("CHAT")
}

/// Whether it lies in the trash, or was taken for spam.
pub fn is_put_away(message: &wire::Message) -> bool {
    message.is("TRASH") || message.is("SPAM")
}

/// Which mails are messages here, as the customer chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Those in the trash, and those taken for spam, as well.
    pub trash_and_spam: bool,
}

impl Sight {
    /// Whether it is out of sight, and so is deleted.
    pub fn is_away(self, message: &wire::Message) -> bool {
        is_put_away(message) && !self.trash_and_spam
    }

    /// Whether it is a message that its owner sees.
    pub fn is_seen(self, message: &wire::Message) -> bool {
        !is_left_out(message) && !self.is_away(message)
    }
}

/// A message that is out of sight, or gone for good.
pub fn deleted(chat: &ExternalId, id: &str, history_id: i64) -> Update {
    Update::Deleted { chat: chat.clone(), message: ExternalId::from(id), version: Version(history_id) }
}

/// What a mail that was seen says. One that was put away is only not hidden for that: it may have been deleted from here,
/// which puts it into the trash, too.
pub fn message(chat: &ExternalId, shown: &wire::Message, mail: &Mail, own: &Own) -> Vec<Update> {
    let (id, version) = (ExternalId::from(shown.id.as_str()), Version(shown.history_id));
    let content = Content {
        sender: mail.from.as_ref().map(person_id),
        body: Body::plain(&mail.text.new),
        sent_at: Timestamp::from_millis(shown.internal_date),
        edited_at: None,
        thread_root: None,
        broadcast: false,
        system: false,
        attachments: mail.attachments.iter().map(|file| attachment(&shown.id, file)).collect(),
        letter: Some(Box::new(Letter { sent: sent(shown, mail, own), ..letter(mail) })),
        platform_data: Value::Null,
    };
    let mark = mail.fields.iter().find(|(name, _)| name == MARK).map(|(_, value)| value.clone());
    let remote = RemoteMessage { chat: chat.clone(), id, position: position(shown), content, version, mark };
    let author = mail.from.as_ref().and_then(|from| person(from, Version(shown.internal_date)));
    let readers = [&mail.to, &mail.cc, &mail.bcc].into_iter().flatten();
    let named = readers.filter(|reader| reader.name.as_ref().is_some_and(|name| !name.contains('@')));
    let readers = named.take(MOST_PEOPLE).filter_map(|reader| person(reader, HEARSAY));
    let there = Update::Restored { chat: chat.clone(), message: remote.id.clone(), version };
    let there = (!is_put_away(shown)).then_some(there);
    author.into_iter().chain(readers).chain(there).chain([Update::Message(remote)]).collect()
}

fn attachment(message: &str, file: &mail::Attachment) -> Attachment {
    Attachment {
        external_id: ExternalId(format!("{message}:{}", file.path)),
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        size_bytes: Some(file.size_bytes),
        state: FileState::Available,
        link: None,
        preview: None,
        content_id: file.content_id.clone(),
        source: json!({ "message": message, "part": file.path.to_string() }),
    }
}

/// Whether the mailbox's owner sent a mail, as far as Gmail knows. Whoever else writes their address into one did
/// not; what they may have written elsewhere, Gmail cannot say.
fn sent(shown: &wire::Message, mail: &Mail, own: &Own) -> Option<bool> {
    match shown.is("SENT") {
        true => Some(true),
        false => (own.wrote(mail) >= Sameness::SameMailbox).then_some(false),
    }
}

fn letter(mail: &Mail) -> Letter {
    let html = mail.html.as_ref();
    let quoted = html.map(|html| html.folded.quoted.clone()).filter(|quoted| !quoted.is_empty());
    let is_quoting = quoted.is_some() || !mail.text.quoted.is_empty();
    Letter {
        subject: mail.subject.clone(),
        to: correspondents(&mail.to),
        cc: correspondents(&mail.cc),
        bcc: correspondents(&mail.bcc),
        reply_to: correspondents(&mail.reply_to),
        html: html.map(|html| html.folded.new.clone()).filter(|html| !html.is_empty()),
        quoted: is_quoting.then(|| Quoted { text: mail.text.quoted.clone(), html: quoted }),
        remote_images: html.is_some_and(|html| html.hides_remote_images),
        sent: None,
        message_id: mail.message_id.as_ref().map(|id| id.as_str().to_owned()),
        references: mail.references.iter().map(|id| id.as_str().to_owned()).collect(),
        list: mail.list.as_ref().map(|list| list.id.clone()),
        automatic: mail.automatic.is_some(),
        invitation: mail.invitation.as_ref().map(|held| Box::new(invitation(held))),
        envelope: None,
    }
}

fn invitation(held: &mail::Invitation) -> Invitation {
    let answer = held.answer.as_ref();
    Invitation {
        method: held.method,
        summary: held.summary.clone(),
        starts_at: held.starts_at.clone(),
        ends_at: held.ends_at.clone(),
        repeats: held.repeats,
        location: held.location.clone(),
        organizer: held.organizer.as_ref().map(correspondent),
        answer: answer.map(|(by, attendance)| Answered { by: correspondent(by), attendance: *attendance }),
    }
}

fn correspondents(people: &[Mailbox]) -> Vec<Correspondent> {
    people.iter().map(correspondent).collect()
}

fn correspondent(one: &Mailbox) -> Correspondent {
    Correspondent { id: person_id(one), name: one.name.clone() }
}

fn person_id(mailbox: &Mailbox) -> ExternalId {
    ExternalId::from(mailbox.address.key().as_str())
}

/// What a mail calls somebody.
fn person(mailbox: &Mailbox, version: Version) -> Option<Update> {
    let name = mailbox.name.clone()?;
    let facts = PersonFacts { name, emails: vec![mailbox.address.key()], ..PersonFacts::default() };
    Some(Update::Person { ids: vec![person_id(mailbox)], facts, version })
}

/// Somebody of whom nothing is known but their address.
pub fn stranger(person: &ExternalId) -> Update {
    let facts = PersonFacts { name: person.0.clone(), emails: vec![person.0.clone()], ..PersonFacts::default() };
    Update::Person { ids: vec![person.clone()], facts, version: Version(0) }
}

/// What a thread is like, out of the headers of its messages. None if none of them is to be seen.
pub fn thread(thread: &wire::Thread, sight: Sight) -> Option<Update> {
    let seen: Vec<_> = thread.messages.iter().filter(|one| sight.is_seen(one)).collect();
    let header = |one: &wire::Message, name: &str| {
        one.payload.as_ref().and_then(|payload| payload.header(name)).unwrap_or_default().to_owned()
    };
    let subject = header(seen.first()?, "Subject");
    let name = mail::base_subject(&subject).trim().to_owned();
    let mut people = BTreeSet::new();
    for one in &seen {
        let all = ["From", "To", "Cc"].map(|name| header(one, name));
        people.extend(all.iter().flat_map(|value| mail::mailboxes(value)).map(|mailbox| key(mailbox.address.as_str())));
    }
    let labels = seen.iter().flat_map(|one| &one.label_ids).filter(|label| !SAID_ELSEWHERE.contains(&label.as_str()));
    let labels: BTreeSet<_> = labels.collect();
    Some(Update::Chat {
        chat: ExternalId::from(thread.id.as_str()),
        facts: ChatFacts {
            kind: ChatKind::EmailThread,
            name: Some(name).filter(|name| !name.is_empty()),
            people: people.iter().take(MOST_PEOPLE).map(|address| ExternalId::from(address.as_str())).collect(),
            archived: false,
            made_at: None,
            platform_data: json!({ "labels": labels }),
        },
        version: Version(thread.history_id),
    })
}

/// How far a thread is read: up to its first unread mail. None if none of its mails is to be seen.
pub fn read(thread: &wire::Thread, sight: Sight) -> Option<Update> {
    let mut seen: Vec<_> = thread.messages.iter().filter(|one| sight.is_seen(one)).collect();
    seen.sort_by_key(|one| position(one));
    let newest = seen.last()?;
    let read = seen.iter().take_while(|one| !one.is("UNREAD")).last();
    let mark = read.map_or_else(ReadMark::nothing, |one| ReadMark {
        position: position(one),
        message: ExternalId::from(one.id.as_str()),
    });
    // A thread's own id may be older than those of its mails, and newer.
    let version = seen.iter().map(|one| one.history_id).chain([thread.history_id]).max().unwrap_or(newest.history_id);
    Some(Update::Read { chat: ExternalId::from(thread.id.as_str()), mark, said: Said::AsOf(Version(version)) })
}

/// The mail that a mail is about: the one that it puts an emoji under, or that did not arrive.
pub fn about(mail: &Mail) -> Option<&MessageId> {
    let bounced = mail.bounce.as_ref().and_then(|bounce| bounce.original.as_ref());
    mail.reaction.as_ref().map(|reaction| &reaction.to).or(bounced)
}

/// The id of the thread's mail of that name.
pub fn named(thread: &wire::Thread, name: &MessageId) -> Option<ExternalId> {
    let wanted = format!("<{}>", name.as_str());
    let header = |one: &wire::Message| one.payload.as_ref()?.header("Message-ID").map(|held| held.trim().to_owned());
    let found =
        thread.messages.iter().find(|one| header(one).is_some_and(|held| held == wanted || held == name.as_str()));
    found.map(|one| ExternalId::from(one.id.as_str()))
}

/// An emoji under another mail, if that is all that a mail is.
pub fn reaction(chat: &ExternalId, under: &ExternalId, shown: &wire::Message, mail: &Mail) -> Option<Vec<Update>> {
    let (reaction, from) = (mail.reaction.as_ref()?, mail.from.as_ref()?);
    let reacted = Update::Reacted {
        chat: chat.clone(),
        message: under.clone(),
        actor: person_id(from),
        emoji: reaction.emoji.clone(),
        present: true,
        version: Version(shown.history_id),
    };
    Some(person(from, Version(shown.internal_date)).into_iter().chain([reacted]).collect())
}

/// That another mail did not arrive, if a mail tells so.
pub fn undelivered(chat: &ExternalId, of: ExternalId, shown: &wire::Message, mail: &Mail) -> Option<Update> {
    let failed = mail.bounce.iter().flat_map(|bounce| &bounce.fates).filter(|fate| fate.action == mail::Action::Failed);
    let words = failed.map(|fate| {
        let who = fate.recipient.as_ref().map_or("somebody", |recipient| recipient.as_str());
        let why = fate.diagnostic.as_deref().or(fate.status.as_deref()).unwrap_or("no reason was given");
        format!("It did not arrive at {who}: {why}.")
    });
    let words: Vec<_> = words.take(MOST_FAILURES).collect();
    let failure = problem::problem("not_delivered", words.join(" "));
    let version = Version(shown.history_id);
    (!words.is_empty()).then(|| Update::Undelivered { chat: chat.clone(), message: of, failure, version })
}
