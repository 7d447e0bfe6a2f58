//! What a mail is to be: whom it goes to, in whose name, what it is about. Pure.
//!
//! What a person wrote on it counts; otherwise it is what an answer is by itself. Nobody's bytes are read here.

use crate::{
    gmail::{problem::problem, wire},
    mail::{self, Address, Draft, Mail, Mailbox, Own, Sameness},
};
use model::{
    body::Body,
    connector::ConnectorError,
    id::ExternalId,
    letter::{Correspondent, Envelope, Manner},
};

/// How many people Gmail sends one mail to.
const MOST_RECIPIENTS: usize = 500;

/// The draft of a mail. `about` is the mail that it answers or hands on.
pub fn draft(
    envelope: &Envelope,
    body: &Body,
    about: Option<&Mail>,
    person: &[ExternalId],
) -> Result<Draft, ConnectorError> {
    let own = Own(addresses(person));
    let mut draft = match (envelope.manner, about) {
        (Manner::ReplyAll, Some(mail)) => Draft::reply_to_all(mail, &own),
        (Manner::Reply, Some(mail)) => Draft::reply(mail, &own),
        (Manner::Forward, Some(mail)) => Draft::forward(mail),
        (Manner::New, _) | (_, None) => Draft::default(),
    };
    if let Some(subject) = &envelope.subject {
        if about.is_some_and(|mail| base(subject) != base(&mail.subject)) {
            return Err(refused(
                "subject_breaks_thread",
                "An answer keeps the subject of its thread; with another one it would stand in another thread. Begin a \
                 new thread for it.",
            ));
        }
        draft.subject.clone_from(subject);
    }
    if let Some(to) = &envelope.to {
        draft.to = mailboxes(to)?;
        draft.cc.retain(|copied| !draft.to.iter().any(|one| one.address == copied.address));
    }
    if let Some(cc) = &envelope.cc {
        draft.cc = mailboxes(cc)?;
    }
    draft.bcc = mailboxes(&envelope.bcc)?;
    let count = draft.recipients().count();
    if count > MOST_RECIPIENTS {
        let detail = format!("Gmail sends one mail to {MOST_RECIPIENTS} people at most; these are {count}.");
        return Err(ConnectorError::Refused(problem("too_many_recipients", detail)));
    }
    draft.body = body.clone();
    Ok(draft)
}

/// Why a draft cannot be written, for whoever wrote it.
pub fn unwritten(why: &mail::Refused) -> ConnectorError {
    let code = match why {
        mail::Refused::NoRecipient => "no_recipient",
        mail::Refused::Address { .. } => "bad_address",
        mail::Refused::TooMany { .. } | mail::Refused::TooLong { .. } => "too_long",
        mail::Refused::Control { .. } | mail::Refused::Malformed { .. } => "not_written",
    };
    ConnectorError::Refused(problem(code, format!("The mail cannot be sent: {why}.")))
}

/// The own address that a mail was written to or from, if it is not the mailbox's first one.
pub fn alias(mail: &Mail, person: &[ExternalId]) -> Option<Address> {
    let own = addresses(person);
    let named = mail.from.iter().chain(&mail.to).chain(&mail.cc).chain(&mail.bcc).chain(&mail.delivered_to);
    let meant = named.filter_map(|mailbox| {
        let near = |address: &&Address| mail::sameness(address, &mailbox.address) >= Sameness::SameMailbox;
        own.iter().filter(near).max_by_key(|address| mail::sameness(address, &mailbox.address))
    });
    meant.take(1).find(|address| Some(*address) != own.first()).cloned()
}

/// Whom an alias writes as, if Gmail still lets it.
pub fn writer(alias: &Address, known: &[wire::SendAs]) -> Option<Mailbox> {
    let is_it = |one: &&wire::SendAs| {
        one.verification_status.as_deref() == Some("accepted")
            && Address::parse(&one.send_as_email).is_some_and(|address| address == *alias)
    };
    let held = known.iter().find(is_it)?;
    let primary = known.iter().filter(|one| one.is_primary);
    let name = [held].into_iter().chain(primary).map(|one| one.display_name.trim()).find(|name| !name.is_empty());
    Some(Mailbox { name: name.map(str::to_owned), address: alias.clone() })
}

fn addresses(person: &[ExternalId]) -> Vec<Address> {
    person.iter().filter_map(|id| Address::parse(id.as_str())).collect()
}

fn mailboxes(people: &[Correspondent]) -> Result<Vec<Mailbox>, ConnectorError> {
    let mut read: Vec<Mailbox> = Vec::new();
    for one in people {
        let address = Address::parse(one.id.as_str()).ok_or_else(|| {
            let detail = format!("{:?} is no address that mail can be sent to.", one.id.as_str());
            ConnectorError::Refused(problem("bad_address", detail))
        })?;
        if !read.iter().any(|held| held.address == address) {
            read.push(Mailbox { name: one.name.clone(), address });
        }
    }
    Ok(read)
}

/// What Gmail threads by.
fn base(subject: &str) -> &str {
    mail::base_subject(subject).trim()
}

fn refused(code: &str, detail: &str) -> ConnectorError {
    ConnectorError::Refused(problem(code, detail.to_owned()))
}
