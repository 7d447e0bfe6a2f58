//! What customers write on mail: threads that they begin, answers to one or to all, mails that they hand on, copies and
//! files. What leaves must be what was asked for.

use super::acts::OUTSIDE_ADDRESS;
use crate::{
    asks::What,
    files::{content, digest},
    world::{World, lock},
};
use engine::Mail;
use model::{
    id::ExternalId,
    letter::{Correspondent, Manner},
};
use sandbox::gmail::{MessageSnapshot, Sent};
use std::collections::BTreeSet;

/// A mail that a customer asks to be sent.
#[derive(Clone, Debug)]
pub struct Letter {
    /// What it says. No two say the same.
    pub text: String,
    pub files: Vec<String>,
    pub mail: Mail,
    /// Whom an answer goes to that names nobody.
    pub answers: Option<String>,
}

fn people(addresses: &[String]) -> Vec<Correspondent> {
    addresses.iter().map(|address| Correspondent { id: ExternalId(address.clone()), name: None }).collect()
}

impl World {
    fn letter(&mut self, manner: Manner, to: Option<Vec<String>>) -> Letter {
        let one_in = |world: &Self, count| world.chance.one_in(count).then(|| vec![OUTSIDE_ADDRESS.to_owned()]);
        let (cc, bcc) = (one_in(self, 3), one_in(self, 4).unwrap_or_default());
        let files = if self.chance.one_in(3) { vec![self.file_name()] } else { Vec::new() };
        let mail = Mail {
            manner,
            about: None,
            to: to.as_deref().map(people),
            cc: cc.as_deref().map(people),
            bcc: people(&bcc),
            subject: None,
        };
        Letter { text: self.word(), files, mail, answers: None }
    }

    /// What left is what was asked for: to these people, with these files, about this.
    pub fn check_letter(&mut self, sent: &Sent, there: &MessageSnapshot) -> Result<(), String> {
        let first = there.text.lines().next().unwrap_or_default();
        let Some(letter) = lock(&self.asks).letter(first) else { return Ok(()) };
        let wrong = |what: &str| Err(format!("P6: {} left with another {what}: {sent:?} {there:?}", letter.text));
        let mail = &letter.mail;
        let same = |asked: &Option<Vec<Correspondent>>, there: &[String]| {
            asked.as_ref().is_none_or(|asked| asked.iter().map(|one| one.id.as_str()).eq(there.iter()))
        };
        if !same(&mail.to, &there.to) || !same(&mail.cc, &there.cc) || !same(&Some(mail.bcc.clone()), &sent.bcc) {
            return wrong("address");
        }
        if letter
            .answers
            .as_ref()
            .is_some_and(|one| there.to != [one.clone()] || mail.cc.is_none() && !there.cc.is_empty())
        {
            return wrong("address than that of who is answered");
        }
        let addressed: BTreeSet<_> = there.to.iter().chain(&there.cc).collect();
        if sent.recipients.iter().collect::<BTreeSet<_>>() != addressed {
            return wrong("recipient");
        }
        let about = match mail.manner {
            Manner::New => mail.subject.as_deref() == Some(there.subject.as_str()),
            Manner::Forward => there.subject.starts_with("Fwd: "),
            Manner::Reply | Manner::ReplyAll => true,
        };
        if !about {
            return wrong("subject");
        }
        let has = |name: &&String| {
            let alike: Vec<_> = there.files.iter().filter(|file| file.name == **name).collect();
            alike.len() == 1 && alike[0].digest == digest(&content(name))
        };
        if !letter.files.iter().all(|name| has(&name)) {
            return wrong("file");
        }
        self.count("letters", 1);
        self.count("files by mail", letter.files.len());
        Ok(())
    }
}

/// A customer begins a thread.
pub fn begin(world: &mut World) -> Option<String> {
    let party = world.a_mail_party()?;
    let to = world.others(&party.user)?;
    let letter = world.letter(Manner::New, Some(to));
    let mail = Mail { subject: Some(format!("Begun {}", letter.text)), ..letter.mail };
    let letter = Letter { mail, ..letter };
    Some(world.ask(&party.customer, What::BeginThread { connection: party.connection, letter }))
}

/// A customer answers a certain mail, or hands it on.
pub fn write_about(world: &mut World) -> Option<String> {
    let (party, chat) = world.a_mail_chat()?;
    let about = world.a_message_of(&chat, |row| row.external_id.is_some())?;
    let manner = *world.chance.pick(&[Manner::Reply, Manner::ReplyAll, Manner::Forward])?;
    let names = manner == Manner::Forward || world.chance.one_in(3);
    let to = if names { Some(world.others(&party.user)?) } else { None };
    let letter = world.letter(manner, to);
    let sender = about.facets.shown().and_then(|content| content.sender.clone());
    let is_others = sender.as_ref().is_some_and(|sender| sender.as_str() != party.user);
    let answers = sender.filter(|_| manner == Manner::Reply && !names && is_others).map(|sender| sender.0);
    let letter = Letter { mail: Mail { about: Some(about.id), ..letter.mail }, answers, ..letter };
    Some(world.ask(&party.customer, What::SendMail { chat: chat.id, letter }))
}
