//! What each mailbox and we hold, compared when all has settled.

use crate::{
    looks,
    world::{Party, World},
};
use model::{
    chat::{Chat, ChatState},
    id::ExternalId,
    letter::Correspondent,
    message::{Direction, Message, Status},
};
use sandbox::gmail::{MailboxSnapshot, MessageSnapshot};
use std::collections::{BTreeMap, BTreeSet};

/// What stands above what a mail quotes.
const QUOTED: &str = "\n\nOn ";
/// What stands above what a mail hands on.
const FORWARDED: &str = "\n---------- Forwarded message ---------";

/// Whether a mail is to be seen: neither a draft nor put away.
pub fn is_shown(mail: &MessageSnapshot) -> bool {
    !["DRAFT", "TRASH", "SPAM"].iter().any(|label| mail.labels.contains(*label))
}

/// Which mails of a mailbox are messages here, as its owner chose.
struct Sight {
    trash_and_spam: bool,
    /// What was deleted before it was chosen, or from here, stays so while it is put away.
    deleted: BTreeSet<String>,
}

impl Sight {
    /// Whether it is in sight, deleted here or not.
    fn is_seen(&self, mail: &MessageSnapshot) -> bool {
        is_shown(mail) || self.trash_and_spam && !mail.labels.contains("DRAFT")
    }

    fn is_here(&self, mail: &MessageSnapshot) -> bool {
        self.is_seen(mail) && (is_shown(mail) || !self.deleted.contains(&mail.id))
    }
}

/// What a mail says by itself, without what it quotes at its end. What it hands on is its own.
pub fn said(mail: &MessageSnapshot) -> String {
    let above = mail.text.split_once(FORWARDED).filter(|(above, _)| !above.contains(QUOTED));
    if above.is_some() {
        return mail.text.clone();
    }
    let new = mail.text.split_once(QUOTED).map_or(mail.text.as_str(), |(new, _)| new);
    let mut lines: Vec<_> = new.lines().collect();
    while lines.len() > 1 && lines.last().is_some_and(|line| line.trim().is_empty() || line.starts_with('>')) {
        lines.pop();
    }
    lines.join("\n")
}

/// All that is written in a mail, whether it is said or quoted.
fn written(text: &str) -> Vec<&str> {
    let is_line_above = |line: &&str| line.starts_with("On ") && line.ends_with(" wrote:");
    text.lines()
        .filter(|line| !is_line_above(line))
        .flat_map(str::split_whitespace)
        .filter(|word| *word != ">")
        .collect()
}

impl World {
    /// All that was imported from mailboxes is as it stands there.
    pub fn compare_mail(&mut self) -> Result<(), String> {
        for party in self.mail.iter().flat_map(|mail| mail.parties.clone()).collect::<Vec<_>>() {
            self.compare_search(&party)?;
            self.compare_new_threads(&party)?;
            let held = self.gmail().and_then(|gmail| gmail.mailbox(&party.user));
            let held = held.ok_or_else(|| format!("{} has no mailbox", party.user))?;
            for chat in self.memory.all_chats() {
                if chat.connection_id == party.connection && chat.is_imported() {
                    match self.reason_to_exclude(&party, &chat) {
                        Some(reason) => *self.report.excluded.entry(reason).or_default() += 1,
                        None => self.compare_thread(&party, &chat, &held)?,
                    }
                }
            }
        }
        Ok(())
    }

    fn sight(&self, party: &Party) -> Sight {
        let connections = self.memory.all_connections();
        let rows = self.memory.all_messages().into_iter();
        let deleted = rows.filter(|row| row.connection_id == party.connection && row.facets.is_deleted());
        Sight {
            trash_and_spam: connections.iter().any(|one| one.id == party.connection && one.include_trash_and_spam),
            deleted: deleted.filter_map(|row| row.external_id).map(|id| id.0).collect(),
        }
    }

    /// What each mail of a thread says by itself, by its id.
    pub fn mails_there(&self, party: &Party, thread: &str) -> Vec<(String, String)> {
        let Some(held) = self.gmail().and_then(|gmail| gmail.mailbox(&party.user)) else { return Vec::new() };
        let sight = self.sight(party);
        let here = held.thread(thread).into_iter().filter(|mail| sight.is_here(mail));
        here.map(|mail| (mail.id.clone(), said(mail))).collect()
    }

    /// Whatever thread anything came into since the mailbox is connected is here, unless it was deleted here.
    fn compare_new_threads(&mut self, party: &Party) -> Result<(), String> {
        let Some(held) = self.gmail().and_then(|gmail| gmail.mailbox(&party.user)) else { return Ok(()) };
        let connected = self.mail.as_ref().map_or(0, |mail| mail.connected_millis);
        let new = held.messages.iter().filter(|mail| is_shown(mail) && mail.internal_millis > connected);
        let new: BTreeSet<_> = new.map(|mail| mail.thread.clone()).collect();
        for thread in &new {
            let here = |chat: &&Chat| chat.connection_id == party.connection && chat.external_id.as_str() == thread;
            let state = self.memory.all_chats().iter().find(here).map(|chat| chat.state);
            if !matches!(state, Some(ChatState::Imported | ChatState::Deleted)) {
                return Err(format!("{} has {thread}, which is new in {}, as {state:?}", party.customer, party.user));
            }
        }
        self.count("new threads", new.len());
        Ok(())
    }

    /// P3: what is read there is read here: a thread up to its first mail that is not.
    fn compare_thread_read(&mut self, chat: &Chat, theirs: &[&MessageSnapshot]) -> Result<(), String> {
        let read = theirs.iter().take_while(|mail| !mail.labels.contains("UNREAD")).last();
        let there = read.map(|mail| mail.id.as_str()).unwrap_or_default();
        let here = chat.read.as_ref().map(|mark| mark.message.as_str()).unwrap_or_default();
        if !theirs.is_empty() && here != there {
            return Err(format!(
                "P3: {} of {} is read up to {here:?} here, {there:?} there",
                chat.external_id, chat.customer_id
            ));
        }
        self.count("threads read", 1);
        Ok(())
    }

    /// P3: a mailbox and we hold the same mails of a thread, with the same words, people and places.
    fn compare_thread(&mut self, party: &Party, chat: &Chat, held: &MailboxSnapshot) -> Result<(), String> {
        let thread = chat.external_id.as_str();
        let mut ours: BTreeMap<String, Message> = BTreeMap::new();
        for row in self.memory.all_messages().into_iter().filter(|row| row.chat_id == chat.id && row.is_shown()) {
            match &row.external_id {
                Some(name) if !row.facets.is_deleted() => drop(ours.insert(name.as_str().to_owned(), row)),
                None if row.status == Status::Pending => return Err(format!("{} is still pending", row.id)),
                Some(_) | None => {}
            }
        }
        let mut order: Vec<_> = ours.values().map(|row| (row.position.clone(), row.external_id.clone())).collect();
        order.sort();
        let sight = self.sight(party);
        let theirs: Vec<_> = held.thread(thread).into_iter().filter(|mail| sight.is_here(mail)).collect();
        let there: Vec<_> = theirs.iter().map(|mail| Some(ExternalId::from(mail.id.as_str()))).collect();
        for their in &theirs {
            let what = format!("{} of {thread} in {} ({:?})", their.id, party.user, their.text);
            let our = ours.remove(&their.id).ok_or_else(|| format!("P3: {} lacks {what}", party.customer))?;
            compare_mail(their, &our, held).map_err(|why| format!("P3: {what} stands here otherwise: {why}"))?;
        }
        if let Some((name, row)) = ours.first_key_value() {
            return Err(format!("P3: {} has {name} of {thread}, and {} has not: {row:?}", party.customer, party.user));
        }
        if order.into_iter().map(|(_, name)| name).collect::<Vec<_>>() != there {
            return Err(format!("P3: the mails of {thread} stand here in another order than in {}", party.user));
        }
        let seen: Vec<_> = held.thread(thread).into_iter().filter(|mail| sight.is_seen(mail)).collect();
        self.compare_thread_read(chat, &seen)?;
        self.count("threads", 1);
        self.count("mails", theirs.len());
        Ok(())
    }
}

/// Words in their order, however lines are broken.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn compare_mail(their: &MessageSnapshot, our: &Message, held: &MailboxSnapshot) -> Result<(), String> {
    let Some(content) = our.facets.shown() else { return Err("it says nothing".to_owned()) };
    let here: Vec<_> = looks::ours(&content.body).into_iter().map(|said| said.words).collect();
    let here = here.join("\n");
    if words(&here) != words(&said(their)) {
        return Err(format!("it says {here:?}"));
    }
    let from = their.from.clone().unwrap_or_default();
    let sender = content.sender.as_ref().map(|sender| sender.as_str().to_owned());
    if sender.as_deref() != Some(from.to_lowercase().as_str()) {
        return Err(format!("it is from {sender:?}, there from {from}"));
    }
    let is_own = from == held.address || held.aliases.contains(&from);
    let wanted = if is_own { Direction::Outgoing } else { Direction::Incoming };
    if our.direction != wanted {
        return Err(format!("it is {:?}, not {wanted:?}", our.direction));
    }
    let Some(letter) = &content.letter else { return Err("it has nothing of a mail".to_owned()) };
    let quoted = letter.quoted.as_ref().map_or("", |quoted| quoted.text.as_str());
    let whole = format!("{here}\n{quoted}");
    if written(&whole) != written(&their.text) {
        return Err(format!("it says {here:?} and quotes {quoted:?}"));
    }
    if letter.subject != their.subject {
        return Err(format!("it is about {:?}, there about {:?}", letter.subject, their.subject));
    }
    for (list, there, here) in
        [("to", &their.to, &letter.to), ("cc", &their.cc, &letter.cc), ("bcc", &their.bcc, &letter.bcc)]
    {
        let there: Vec<_> = there.iter().map(|address| address.to_lowercase()).collect();
        let here: Vec<_> = here.iter().map(|one: &Correspondent| one.id.as_str().to_owned()).collect();
        if there != here {
            return Err(format!("{list} is {here:?}, there {there:?}"));
        }
    }
    if content.sent_at.millis() != their.internal_millis {
        return Err(format!("it is of {:?}, there of {}", content.sent_at, their.internal_millis));
    }
    let there: Vec<_> = their.files.iter().map(|file| (file.name.clone(), Some(file.size as u64))).collect();
    let here: Vec<_> = content.attachments.iter().map(|file| (file.name.clone(), file.size_bytes)).collect();
    if there != here {
        return Err(format!("it has the files {here:?}, there {there:?}"));
    }
    Ok(())
}
